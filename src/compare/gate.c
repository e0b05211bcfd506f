#include "compare/gate.h"

#include "base/suggest.h"
#include "base/units.h"
#include "compare/signed_rank.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Where a parse stands, and where its complaint goes. */
struct reader {
    const char *rest;
    char *problem;
    size_t problem_size;
};

static bool complain(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool complain(struct reader *reader, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reader->problem, reader->problem_size, format, arguments);
    va_end(arguments);
    return false;
}

/* The next word, up to a blank or one of `ends`; "" at the end. */
static void take_word(struct reader *reader, const char *ends, char *word,
                      size_t size)
{
    reader->rest += strspn(reader->rest, " ");
    size_t length = strcspn(reader->rest, ends);
    snprintf(word, size, "%.*s", (int)(length < size ? length : size - 1),
             reader->rest);
    reader->rest += length;
}

static bool parse_measure(struct gate *gate, struct reader *reader)
{
    char word[SUGGEST_LENGTH_MAX + 1];
    struct suggestion suggestion;

    take_word(reader, " ", word, sizeof word);
    if (compared_find(word, strlen(word), &gate->measure)) {
        return true;
    }
    suggest_init(&suggestion, word);
    for (size_t i = 0; i < COMPARED_COUNT; i++) {
        suggest_offer(&suggestion, compared_measure((enum compared)i)->metric);
    }
    return suggestion.best
               ? complain(reader, "\"%s\" is not compared: did you mean %s?",
                          word, suggestion.best)
               : complain(reader,
                          "\"%s\" is not compared: write a measure, such as "
                          "p99 or success_rate",
                          word);
}

static bool parse_finding(struct gate *gate, struct reader *reader)
{
    char word[32];

    take_word(reader, " |", word, sizeof word);
    for (size_t i = 0; i < FINDING_COUNT; i++) {
        /* What was not measured fails without being asked for. */
        if (i != FOUND_UNMEASURED &&
            strcmp(finding_word((enum finding)i), word) == 0) {
            gate->findings[i] = true;
            return true;
        }
    }
    return complain(reader,
                    "\"%s\" is nothing that a comparison finds: write better, "
                    "worse, none, undecided or within 10%%",
                    word);
}

static bool parse_variant(struct gate *gate, struct reader *reader,
                          const char *const *names, size_t variants)
{
    reader->rest += strspn(reader->rest, " ");
    gate->variant = SIZE_MAX;
    if (!*reader->rest) {
        return true;
    }
    if (strncmp(reader->rest, "of ", 3) != 0) {
        return complain(reader, "\"%s\" is too much: write `of VARIANT`",
                        reader->rest);
    }
    for (size_t i = 0; i < variants; i++) {
        if (strcmp(names[i], reader->rest + 3) == 0) {
            gate->variant = i;
            return true;
        }
    }
    return complain(reader, "there is no variant \"%s\"", reader->rest + 3);
}

/* A share, or a count of counts. */
static bool parse_margin(struct gate *gate, struct reader *reader,
                         bool is_needed)
{
    bool is_count = compared_measure(gate->measure)->scale == SCALE_COUNT;
    const char *example = is_count ? "3" : "10%";
    const char *why;
    char word[32];
    uint64_t count = 0;

    reader->rest += strspn(reader->rest, " ");
    if (!is_needed && !isdigit((unsigned char)*reader->rest)) {
        return true;
    }
    take_word(reader, " ", word, sizeof word);
    bool ok = is_count ? units_parse_count(word, &count, &why)
                       : units_parse_ratio(word, &gate->margin, &why);
    gate->margin = is_count ? (double)count : gate->margin;
    if (!ok || !(gate->margin > 0)) {
        return complain(reader, "\"%s\" is no margin: write one such as %s",
                        word, example);
    }
    bool has_side =
        !gate->findings[FOUND_NONE] && !gate->findings[FOUND_UNDECIDED];
    return has_side ||
           complain(reader, "a margin goes with better or worse alone");
}

static bool parse_findings(struct gate *gate, struct reader *reader)
{
    reader->rest += strspn(reader->rest, " ");
    if (!parse_finding(gate, reader)) {
        return false;
    }
    while (*reader->rest == '|') {
        reader->rest++;
        if (!parse_finding(gate, reader)) {
            return false;
        }
    }
    return true;
}

/* "within 10%", or findings and perhaps a margin. */
static bool parse_finding_or_margin(struct gate *gate, struct reader *reader)
{
    reader->rest += strspn(reader->rest, " ");
    if (strncmp(reader->rest, "within ", 7) == 0) {
        reader->rest += 7;
        gate->is_within = true;
        return parse_margin(gate, reader, true);
    }
    return parse_findings(gate, reader) && parse_margin(gate, reader, false);
}

static bool begins_with_measure(const char *text)
{
    enum compared measure;
    return compared_find(text, strcspn(text, " "), &measure);
}

/* Takes the variant that a gate begins with, the longest name that fits; a
 * measure goes before one of its name. */
static bool take_variant(struct gate *gate, struct reader *reader,
                         const char *const *names, size_t variants)
{
    size_t longest = 0;

    reader->rest += strspn(reader->rest, " ");
    for (size_t i = 0; i < variants && !begins_with_measure(reader->rest);
         i++) {
        size_t length = strlen(names[i]);
        if (length > longest && strncmp(reader->rest, names[i], length) == 0 &&
            reader->rest[length] == ' ') {
            longest = length;
            gate->variant = i;
        }
    }
    reader->rest += longest;
    return longest > 0;
}

/* "better amplification 10%", of the variant before it. */
static bool parse_of_variant(struct gate *gate, struct reader *reader)
{
    if (!parse_findings(gate, reader) || !parse_measure(gate, reader) ||
        !parse_margin(gate, reader, false)) {
        return false;
    }
    reader->rest += strspn(reader->rest, " ");
    return !*reader->rest ||
           complain(reader, "\"%s\" is too much", reader->rest);
}

bool gate_parse(struct gate *gate, const char *text, bool is_demand,
                const char *const *names, size_t variants, char *problem,
                size_t problem_size)
{
    struct reader reader = {text, problem, problem_size};

    *gate = (struct gate){.is_demand = is_demand};
    if (strlen(text) >= GATE_TEXT_MAX) {
        return complain(&reader, "it is longer than %d characters",
                        GATE_TEXT_MAX - 1);
    }
    snprintf(gate->text, sizeof gate->text, "%s", text);
    if (take_variant(gate, &reader, names, variants)) {
        return parse_of_variant(gate, &reader);
    }
    return parse_measure(gate, &reader) &&
           parse_finding_or_margin(gate, &reader) &&
           parse_variant(gate, &reader, names, variants);
}

/* How far the interval reaches to the worse side, and where it begins: 0 is no
 * difference, and what is more is worse. */
static struct interval badness(const struct comparison_row *row)
{
    const struct compared_measure *measure = compared_measure(row->measure);
    bool is_ratio = measure->scale == SCALE_RATIO;
    double low = is_ratio ? log(row->low) : row->low;
    double high = is_ratio ? log(row->high) : row->high;

    return measure->higher_is_better ? (struct interval){-high, -low}
                                     : (struct interval){low, high};
}

/* Whether the row is as the gate says. */
static bool is_met(const struct gate *gate, const struct comparison_row *row)
{
    struct interval bad = badness(row);
    bool is_ratio = compared_measure(row->measure)->scale == SCALE_RATIO;
    double margin = is_ratio ? log1p(gate->margin) : gate->margin;

    if (gate->is_within) {
        return bad.high < margin;
    }
    return gate->findings[row->finding] &&
           (gate->margin == 0 || bad.low >= margin || bad.high <= -margin);
}

static bool is_about(const struct gate *gate, const struct comparison_row *row)
{
    return row->measure == gate->measure &&
           (gate->variant == SIZE_MAX || gate->variant == row->variant);
}

bool gate_holds(const struct gate *gate, const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct comparison_row *row = &comparison->rows[i];
        if (is_about(gate, row) && (row->finding == FOUND_UNMEASURED ||
                                    is_met(gate, row) != gate->is_demand)) {
            return false;
        }
    }
    return true;
}

const struct comparison_row *gate_undecided(
    const struct gate *gate, const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct comparison_row *row = &comparison->rows[i];
        if (is_about(gate, row) && row->finding == FOUND_UNDECIDED) {
            return row;
        }
    }
    return NULL;
}
