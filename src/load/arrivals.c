#include "load/arrivals.h"

#include "base/must.h"

#include <string.h>

enum { FRACTION_DIGITS = 9 };

/* One line, without its end. */
struct line {
    const char *at, *end;
};

/* A name and the place that it has in the caller's list. */
struct names {
    const char *const *list;
    size_t count;
    uint32_t last; /* found: the next is often the same */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "12.000000003" as nanoseconds, at most `most`. */
static bool read_time(struct line *line, int64_t most, int64_t *ns)
{
    const char *start = line->at;
    int64_t seconds = 0, fraction = 0, unit = NS_PER_S;

    while (line->at < line->end && is_digit(*line->at)) {
        seconds = seconds * 10 + (*line->at++ - '0');
        if (seconds > most / NS_PER_S) {
            return false;
        }
    }
    if (line->at == start) {
        return false;
    }
    if (line->at < line->end && *line->at == '.') {
        start = ++line->at;
        while (line->at < line->end && is_digit(*line->at) &&
               line->at - start < FRACTION_DIGITS) {
            unit /= 10;
            fraction += (*line->at++ - '0') * unit;
        }
        if (line->at == start) {
            return false;
        }
    }
    *ns = seconds * NS_PER_S + fraction;
    return *ns <= most;
}

static bool is_named(const struct names *names, uint32_t index,
                     const char *text, size_t length)
{
    const char *name = names->list[index];
    return strncmp(name, text, length) == 0 && name[length] == '\0';
}

static bool find_name(struct names *names, const struct line *line)
{
    size_t length = (size_t)(line->end - line->at);

    if (names->count == 0 || memchr(line->at, '\0', length)) {
        return false;
    }
    if (is_named(names, names->last, line->at, length)) {
        return true;
    }
    for (uint32_t i = 0; i < names->count; i++) {
        if (is_named(names, i, line->at, length)) {
            names->last = i;
            return true;
        }
    }
    return false;
}

/* What is wrong with a line, or NULL. */
static const char *read_line(struct line line, struct names *names,
                             const struct recorded_arrival *before,
                             struct duration most,
                             struct recorded_arrival *arrival)
{
    if (!read_time(&line, most.ns, &arrival->at.ns)) {
        return "it does not begin with a time in seconds of at most 720 h and "
               "nine digits after the point, such as 12.5";
    }
    if (line.at == line.end || *line.at != ' ') {
        return "no blank and no name of a request follow its time";
    }
    line.at++;
    if (!find_name(names, &line)) {
        return "no request of the profile has this name";
    }
    if (before && arrival->at.ns < before->at.ns) {
        return "its time is before that of the line above";
    }
    arrival->request = names->last;
    return NULL;
}

/* The next line from *at on; false at the end of the text. */
static bool next_line(const char **at, const char *end, struct line *line)
{
    if (*at == end) {
        return false;
    }
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    line->at = *at;
    line->end = newline ? newline : end;
    *at = newline ? newline + 1 : end;
    if (line->end > line->at && line->end[-1] == '\r') {
        line->end--;
    }
    return true;
}

static bool says_something(const struct line *line)
{
    return line->at < line->end && *line->at != '#';
}

static size_t count_lines(const char *text, const char *end)
{
    struct line line;
    size_t count = 0;

    while (next_line(&text, end, &line)) {
        count += says_something(&line);
    }
    return count;
}

bool arrivals_read(struct arrivals *arrivals, struct arena *arena,
                   const char *text, size_t length, struct duration most,
                   const char *const *names, size_t name_count,
                   struct arrivals_problem *problem)
{
    const char *end = text + length;
    size_t count = count_lines(text, end);
    struct names known = {names, name_count, 0};
    struct line line;

    *arrivals = (struct arrivals){.speed = 1};
    *problem = (struct arrivals_problem){0};
    if (count == 0 || count > ARRIVALS_MAX) {
        problem->text = count == 0 ? "there is no arrival in it"
                                   : "there are more than 10 million arrivals "
                                     "in it";
        return false;
    }
    struct recorded_arrival *items = arena_array(arena, count, sizeof(*items));
    for (size_t i = 0; next_line(&text, end, &line);) {
        problem->line++;
        if (says_something(&line)) {
            problem->text = read_line(
                line, &known, i > 0 ? &items[i - 1] : NULL, most, &items[i]);
            i++;
        }
        if (problem->text) {
            return false;
        }
    }
    arrivals->items = items;
    arrivals->count = count;
    return true;
}

struct duration arrivals_due(const struct arrivals *arrivals, size_t k)
{
    must(k < arrivals->count);
    struct duration at = arrivals->items[k].at;
    return arrivals->speed == 1
               ? at
               : duration_from_ns((double)at.ns / arrivals->speed);
}
