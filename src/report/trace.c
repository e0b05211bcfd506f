#include "report/trace.h"

#include "base/json.h"
#include "base/must.h"
#include "base/str.h"
#include "base/suggest.h"
#include "report/text_part.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Waits for squall itself that are worth a line; and of a file, which may be
 * anybody's, a line, and the attempts of an operation. */
enum {
    OWN_WAIT_US = 1000,
    LINE_MAX_BYTES = 1024 * 1024,
    OPERATION_ATTEMPTS_MAX = 100000,
};

/* A reading under way. */
struct reading {
    FILE *stream;
    const char *path;
    const char *wanted;
    struct str line;
    cJSON *trace;
    cJSON *operations;    /* borrowed from the trace */
    cJSON *attempts;      /* of the operation that is being read */
    size_t attempt_count; /* of them, and those that were left out */
    bool is_wanted;       /* one of its lines has the name */
    uint64_t found, seen; /* operations */
    struct errors *errors;
};

/* Reads a line into a tree; NULL at the end, or for a line that is cut or
 * longer than any of squall's: a file is read as far as it goes. */
static cJSON *next_line(struct reading *reading)
{
    struct str *line = &reading->line;
    int c;

    str_reset(line);
    while ((c = getc_unlocked(reading->stream)) != EOF && c != '\n' &&
           line->length < LINE_MAX_BYTES) {
        str_append_char(line, (char)c);
    }
    return line->length > 0 ? cJSON_ParseWithLength(line->text, line->length)
                            : NULL;
}

static bool is(const cJSON *line, const char *name, const char *value)
{
    const char *text = cJSON_GetStringValue(json_get(line, name));
    return text && strcmp(text, value) == 0;
}

static bool read_head(struct reading *reading)
{
    cJSON *head = next_line(reading);
    if (!is(head, "schema", "squall.events/1")) {
        cJSON_Delete(head);
        struct error *error = errors_add(reading->errors, ERROR_BAD_VALUE,
                                         "not a file of events");
        snprintf(error->file, sizeof(error->file), "%s", reading->path);
        error_hint(error, "squall run --events FILE writes one");
        return false;
    }
    reading->trace = cJSON_CreateObject();
    must(reading->trace);
    cJSON_AddStringToObject(reading->trace, "schema", "squall.trace/1");
    cJSON_AddItemToObject(reading->trace, "run", head);
    reading->operations = cJSON_AddArrayToObject(reading->trace, "operations");
    reading->attempts = cJSON_CreateArray();
    must(reading->operations && reading->attempts);
    return true;
}

/* An operation's own line is its last. */
static void take_operation(struct reading *reading, cJSON *line)
{
    reading->seen++;
    reading->found += reading->is_wanted;
    if (reading->is_wanted && reading->found <= TRACE_OPERATIONS_MAX) {
        cJSON *one = cJSON_CreateObject();
        must(one);
        cJSON_AddItemToObject(one, "operation", line);
        cJSON_AddItemToObject(one, "attempts", reading->attempts);
        cJSON_AddItemToArray(reading->operations, one);
    } else {
        cJSON_Delete(line);
        cJSON_Delete(reading->attempts);
    }
    reading->attempts = cJSON_CreateArray();
    must(reading->attempts);
    reading->attempt_count = 0;
    reading->is_wanted = false;
}

static void take_attempt(struct reading *reading, cJSON *line)
{
    if (reading->attempt_count++ < OPERATION_ATTEMPTS_MAX) {
        cJSON_AddItemToArray(reading->attempts, line);
    } else {
        cJSON_Delete(line);
    }
}

/* Returns whether the file is whole. */
static bool read_lines(struct reading *reading)
{
    bool complete = false;
    cJSON *line;

    while ((line = next_line(reading))) {
        reading->is_wanted |= is(line, "key", reading->wanted) ||
                              is(line, "op", reading->wanted);
        if (is(line, "type", "operation")) {
            take_operation(reading, line);
        } else if (is(line, "type", "attempt")) {
            take_attempt(reading, line);
        } else {
            complete = cJSON_IsTrue(json_get(line, "complete"));
            cJSON_Delete(line);
        }
    }
    return complete;
}

/* The names that the file has and that are nearest to what was wanted. */
struct near {
    size_t count;
    size_t distances[TRACE_NEAR_MAX];
    char names[TRACE_NEAR_MAX][SUGGEST_LENGTH_MAX + 1];
};

static void offer(struct near *near, const char *wanted, const char *name)
{
    if (!name) {
        return;
    }
    size_t distance = suggest_distance(wanted, name);
    size_t at = near->count;
    if (distance > 1 + strlen(wanted) / 8) {
        return;
    }
    for (size_t i = 0; i < near->count; i++) {
        if (strcmp(near->names[i], name) == 0) {
            return;
        }
    }
    if (at == TRACE_NEAR_MAX) {
        if (distance >= near->distances[--at]) {
            return;
        }
    } else {
        near->count++;
    }
    while (at > 0 && near->distances[at - 1] > distance) {
        near->distances[at] = near->distances[at - 1];
        memcpy(near->names[at], near->names[at - 1], sizeof(near->names[at]));
        at--;
    }
    near->distances[at] = distance;
    snprintf(near->names[at], sizeof(near->names[at]), "%s", name);
}

static void find_near(struct reading *reading, struct near *near)
{
    cJSON *line;

    if (fseek(reading->stream, 0, SEEK_SET) != 0) {
        return; /* a pipe is read once */
    }
    while ((line = next_line(reading))) {
        offer(near, reading->wanted,
              cJSON_GetStringValue(json_get(line, "op")));
        offer(near, reading->wanted,
              cJSON_GetStringValue(json_get(line, "key")));
        cJSON_Delete(line);
    }
}

static void refuse_unknown(struct reading *reading)
{
    struct near near = {0};
    find_near(reading, &near);
    struct error *error =
        errors_add(reading->errors, ERROR_BAD_VALUE,
                   "no operation of \"%s\" among the %llu in this file",
                   reading->wanted, (unsigned long long)reading->seen);
    snprintf(error->file, sizeof(error->file), "%s", reading->path);
    if (near.count > 0) {
        struct str names = STR_INIT;
        for (size_t i = 0; i < near.count; i++) {
            str_printf(&names, "%s%s", i ? ", " : "", near.names[i]);
        }
        error_hint(error, "near it: %s", names.text);
        str_release(&names);
    } else {
        const cJSON *run = json_get(reading->trace, "run");
        bool is_sample = cJSON_GetNumberValue(json_get(run, "sample")) < 1 ||
                         cJSON_IsNumber(json_get(run, "sample_per_second"));
        error_hint(error, is_sample
                              ? "give a key or op.id; the file is a sample"
                              : "give an idempotency key or an op.id");
    }
}

cJSON *trace_read(FILE *stream, const char *path, const char *wanted,
                  struct errors *errors)
{
    struct reading reading = {.stream = stream,
                              .path = path,
                              .wanted = wanted,
                              .line = STR_INIT,
                              .errors = errors};
    cJSON *trace = NULL;

    if (read_head(&reading)) {
        bool complete = read_lines(&reading);
        uint64_t more = reading.found > TRACE_OPERATIONS_MAX
                            ? reading.found - TRACE_OPERATIONS_MAX
                            : 0;
        cJSON_AddNumberToObject(reading.trace, "more", (double)more);
        cJSON_AddBoolToObject(reading.trace, "complete", complete);
        if (reading.found > 0) {
            trace = reading.trace;
        } else {
            refuse_unknown(&reading);
            cJSON_Delete(reading.trace);
        }
        cJSON_Delete(reading.attempts);
    }
    str_release(&reading.line);
    return trace;
}

static const cJSON *find_example(const cJSON *report, const char *id)
{
    const cJSON *example;
    cJSON_ArrayForEach(example, text_find(report, "effects.examples"))
    {
        if (id && is(example, "id", id)) {
            return example;
        }
    }
    return NULL;
}

/* The first of both that is measured. */
static void add_first(cJSON *object, const char *name, const cJSON *value,
                      const cJSON *other)
{
    const cJSON *chosen = value && !cJSON_IsNull(value) ? value : other;
    cJSON *copy = chosen ? cJSON_Duplicate(chosen, true) : cJSON_CreateNull();
    must(copy);
    cJSON_AddItemToObject(object, name, copy);
}

/* A replay has the number of the run whose dead letters it sends. */
static bool is_of_both(const cJSON *trace, const cJSON *report,
                       struct error *error)
{
    const char *run = text_string(trace, "run.run");
    const char *id = text_string(report, "run.id");
    bool is_replay = text_string(trace, "run.dead_letters") != NULL;

    if (!run || !id || strcmp(run, id) != 0) {
        snprintf(error->text, sizeof(error->text),
                 "this is the report of run %s, the events are those of %s",
                 id ? id : "?", run ? run : "?");
        return false;
    }
    if (is_replay != cJSON_IsObject(text_find(report, "replay"))) {
        snprintf(error->text, sizeof(error->text),
                 "the events are those of %s, the report is that of %s",
                 is_replay ? "a replay" : "the run",
                 is_replay ? "the run" : "a replay");
        return false;
    }
    return true;
}

bool trace_add_effects(cJSON *trace, const cJSON *report, const char *path,
                       struct errors *errors)
{
    struct error why = {0};
    cJSON *one;

    if (report && !is_of_both(trace, report, &why)) {
        struct error *error =
            errors_add(errors, ERROR_CONTRADICTION, "%s", why.text);
        snprintf(error->file, sizeof(error->file), "%s", path);
        return false;
    }
    cJSON_ArrayForEach(one, json_get(trace, "operations"))
    {
        const cJSON *operation = json_get(one, "operation");
        const cJSON *example = find_example(
            report, cJSON_GetStringValue(json_get(operation, "op")));
        add_first(one, "class", json_get(example, "class"),
                  json_get(operation, "effect"));
        add_first(one, "effects", json_get(example, "effects"),
                  json_get(operation, "effects"));
    }
    return true;
}

static void put_at(struct text *text, double us, double intended)
{
    struct str at = STR_INIT;
    str_append_char(&at, '+');
    text_format(&at, UNIT_DURATION, us - intended);
    term_write(&text->term, STYLE_PLAIN, "  ");
    term_cell(&text->term, STYLE_PLAIN, at.text, 10);
    str_release(&at);
}

/* "waited 20.1 ms", from so long on. */
static void put_wait(struct text *text, const char *what, double us,
                     double from_us)
{
    if (us >= from_us) {
        term_spaces(&text->term, 12);
        term_write(&text->term, STYLE_FAINT, "waited ");
        text_figure(text, STYLE_FAINT, UNIT_DURATION, us);
        term_write(&text->term, STYLE_FAINT, " %s", what);
        text_newline(text);
    }
}

/* `last`: the end of the attempts before it, NAN for the first. Returns it
 * with this one. */
static double put_attempt(struct text *text, const cJSON *attempt,
                          const char *common_key, double intended, double last)
{
    struct term *term = &text->term;
    const char *kind = text_string(attempt, "kind");
    const char *key = text_string(attempt, "key");
    const char *span = text_string(attempt, "span_id");
    double asked = text_number(attempt, "asked_us");
    double sent = text_number(attempt, "sent_us");
    double done = text_number(attempt, "done_us");

    if (isnan(last)) {
        put_wait(text, "to be started", asked - intended, OWN_WAIT_US);
    } else {
        put_wait(text, "before the next", asked - last, 1);
    }
    put_wait(text, "for a connection", sent - asked, OWN_WAIT_US);
    put_at(text, isnan(sent) ? asked : sent, intended);
    term_write(term, STYLE_PLAIN, "%2.0f ", text_number(attempt, "attempt"));
    term_cell(term, STYLE_PLAIN, kind ? kind : "?", 10);
    text_attempt_end(text, attempt);
    if (key && (!common_key || strcmp(key, common_key) != 0)) {
        term_spaces(term, 15);
        term_write(term, STYLE_FAINT, "key  ");
        term_untrusted(term, STYLE_PLAIN, key, -1);
        text_newline(text);
    }
    if (span) {
        term_spaces(term, 15);
        term_write(term, STYLE_FAINT, "span ");
        term_untrusted(term, STYLE_FAINT, span, -1);
        text_newline(text);
    }
    return isnan(last) || done > last ? done : last;
}

static void put_pair(struct text *text, const char *name, const char *value)
{
    if (value) {
        term_write(&text->term, STYLE_FAINT, "  %-9s", name);
        term_untrusted(&text->term, STYLE_PLAIN, value, -1);
        text_newline(text);
    }
}

static void put_effects(struct text *text, const cJSON *one)
{
    struct term *term = &text->term;
    double effects = text_number(one, "effects");
    const char *class = text_string(one, "class");

    term_write(term, STYLE_FAINT, "  %-9s", "effects");
    if (isnan(effects)) {
        term_write(term, STYLE_PLAIN, "not measured");
    } else {
        term_write(term, STYLE_PLAIN, "%.0f", effects);
    }
    if (class) {
        term_write(term, STYLE_PLAIN, ", ");
        term_untrusted(term, STYLE_PLAIN, class, 40);
    }
    text_newline(text);
}

static void put_flags(struct text *text, const cJSON *operation)
{
    const cJSON *flags = json_get(operation, "flags");
    const cJSON *flag;

    if (cJSON_GetArraySize(flags) == 0) {
        return;
    }
    term_write(&text->term, STYLE_FAINT, "  %-9s", "flags");
    cJSON_ArrayForEach(flag, flags)
    {
        const char *name = cJSON_GetStringValue(flag);
        term_write(&text->term, STYLE_PLAIN, "%s",
                   flag == flags->child ? "" : ", ");
        term_untrusted(&text->term, STYLE_BAD, name ? name : "?", 40);
    }
    text_newline(text);
}

/* Of a dead letter that was sent again. */
static void put_earlier(struct text *text, const cJSON *operation)
{
    const char *verdict = text_string(operation, "earlier_verdict");

    if (verdict) {
        term_write(&text->term, STYLE_FAINT, "  %-9s", "earlier");
        term_untrusted(&text->term, STYLE_PLAIN, verdict, 24);
        double sent = text_number(operation, "earlier_on_wire");
        term_write(&text->term, STYLE_PLAIN, ", %.0f %s sent", sent,
                   fabs(sent - 1) < 0.5 ? "request" : "requests");
        text_newline(text);
    }
}

static void put_overall(struct text *text, const cJSON *operation)
{
    const char *verdict = text_string(operation, "overall_verdict");

    if (verdict) {
        term_write(&text->term, STYLE_FAINT, "  %-9s", "over all");
        term_untrusted(&text->term, STYLE_STRONG, verdict, 24);
        text_newline(text);
    }
}

static void put_trace(struct text *text, const cJSON *one)
{
    struct term *term = &text->term;
    const cJSON *operation = json_get(one, "operation");
    const char *op = text_string(operation, "op");
    const char *key = text_string(operation, "key");
    const char *verdict = text_string(operation, "verdict");
    const char *reason = text_string(operation, "reason");
    double intended = text_number(operation, "intended_us");
    double last = NAN;
    const cJSON *attempt;

    term_write(term, STYLE_STRONG, "Operation ");
    term_untrusted(term, STYLE_STRONG, op ? op : "?", -1);
    text_newline(text);
    put_pair(text, "key", key);
    put_pair(text, "request", text_string(operation, "request"));
    put_pair(text, "trace id", text_string(operation, "trace_id"));
    term_write(term, STYLE_FAINT, "  %-9s", "client");
    term_write(term, STYLE_PLAIN, "%.0f", text_number(operation, "client"));
    text_newline(text);
    term_write(term, STYLE_FAINT, "  %-9s", "intended");
    text_figure(text, STYLE_PLAIN, UNIT_DURATION, intended);
    term_write(term, STYLE_PLAIN, " into the run");
    if (cJSON_IsTrue(json_get(operation, "warmup"))) {
        term_write(term, STYLE_PLAIN, ", in the warm-up");
    }
    text_newline(text);
    put_earlier(text, operation);
    cJSON_ArrayForEach(attempt, json_get(one, "attempts"))
    {
        last = put_attempt(text, attempt, key, intended, last);
    }
    put_at(text, text_number(operation, "verdict_us"), intended);
    term_spaces(term, 3);
    term_untrusted(term, STYLE_STRONG, verdict ? verdict : "?", 24);
    term_write(term, STYLE_PLAIN, ": ");
    term_untrusted(term, STYLE_PLAIN, reason ? reason : "?", 40);
    text_newline(text);
    put_overall(text, operation);
    put_effects(text, one);
    put_flags(text, operation);
}

void trace_render(const cJSON *trace, const struct text_options *options,
                  FILE *stream)
{
    struct str out = STR_INIT;
    struct text text = {.document = trace};
    const cJSON *one;
    bool is_first = true;

    text_begin(&text, &out, options);
    cJSON_ArrayForEach(one, json_get(trace, "operations"))
    {
        if (!is_first) {
            text_newline(&text);
        }
        is_first = false;
        put_trace(&text, one);
    }
    double more = text_number(trace, "more");
    if (more > 0) {
        term_write(&text.term, STYLE_FAINT, "and %.0f more of this key", more);
        text_newline(&text);
    }
    if (!cJSON_IsTrue(json_get(trace, "complete"))) {
        term_write(&text.term, STYLE_WARN,
                   "the file of events is not complete");
        text_newline(&text);
    }
    fwrite(out.text, 1, out.length, stream);
    str_release(&out);
}
