#include "audit/show.h"

#include "audit/verdict.h"
#include "base/must.h"
#include "report/pen.h"

#include <string.h>
#include <time.h>

static const char *end_name(enum line_end end)
{
    static const char *const names[] = {
        [LINE_ANSWERED] = "answered", [LINE_BROKEN] = "broken",
        [LINE_TIMEOUT] = "timeout",   [LINE_UNCONNECTED] = "unconnected",
        [LINE_DROPPED] = "dropped"};
    return names[end];
}

static const char *oracle_name(enum audit_oracle oracle)
{
    static const char *const names[] = {[AUDIT_BLIND] = "none",
                                        [AUDIT_BY_ANSWERS] = "answers",
                                        [AUDIT_BY_LEDGER] = "ledger"};
    return names[oracle];
}

enum { TIME_SIZE = 32 };

static void write_time(char out[TIME_SIZE], int64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static void add_number(cJSON *object, const char *name, int64_t value)
{
    cJSON_AddNumberToObject(object, name, (double)value);
}

/* JSON holds text; bytes of a key that are none are shown escaped. */
static void add_text(cJSON *object, const char *name, const char *text)
{
    struct str out = STR_INIT;
    struct pen pen = {.out = &out, .unicode = true};
    if (!text) {
        cJSON_AddNullToObject(object, name);
        return;
    }
    (void)pen_foreign(&pen, INK_PLAIN, text, -1);
    cJSON_AddStringToObject(object, name, out.text);
    str_release(&out);
}

static cJSON *attempt_document(const struct audit_attempt *attempt)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "what", attempt->what);
    add_number(object, "operation", (int64_t)attempt->operation);
    add_text(object, "key", attempt->key);
    cJSON_AddStringToObject(object, "end", end_name(attempt->end));
    if (attempt->status) {
        add_number(object, "status", attempt->status);
    } else {
        cJSON_AddNullToObject(object, "status");
    }
    add_text(object, "identity",
             attempt->identity[0] ? attempt->identity : NULL);
    cJSON_AddBoolToObject(object, "replayed", attempt->marked);
    if (attempt->end == LINE_DROPPED) {
        cJSON_AddBoolToObject(object, "delivered", attempt->delivered);
    }
    add_number(object, "at_us", attempt->at.ns / NS_PER_US);
    add_number(object, "took_us", attempt->took.ns / NS_PER_US);
    return object;
}

static void add_effects(cJSON *object, const struct audit_effects *effects)
{
    if (effects->oracle == AUDIT_BLIND) {
        cJSON_AddNullToObject(object, "effects");
        return;
    }
    cJSON *part = cJSON_AddObjectToObject(object, "effects");
    cJSON_AddStringToObject(part, "oracle", oracle_name(effects->oracle));
    add_number(part, "operations", (int64_t)effects->operations);
    add_number(part, "total", (int64_t)effects->total);
    add_number(part, "most", (int64_t)effects->most);
}

static cJSON *check_document(const struct audit_check *check)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "id", check->id);
    cJSON_AddStringToObject(object, "title", check->title);
    cJSON_AddStringToObject(object, "verdict",
                            audit_verdict_name(check->finding.verdict));
    cJSON_AddStringToObject(object, "expected", check->expected);
    cJSON_AddStringToObject(object, "observed", check->finding.observed);
    add_effects(object, &check->effects);
    cJSON_AddStringToObject(object, "source", check->source);
    cJSON *attempts = cJSON_AddArrayToObject(object, "attempts");
    for (size_t i = 0; i < check->attempt_count; i++) {
        cJSON_AddItemToArray(attempts,
                             attempt_document(check->attempts[i]));
    }
    return object;
}

cJSON *audit_document(const struct audit_result *result)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "schema", "squall.audit/1");
    add_text(root, "target", result->target);
    char started[TIME_SIZE];
    write_time(started, result->started_unix_ms);
    cJSON_AddStringToObject(root, "started_at", started);
    cJSON_AddStringToObject(root, "convention", result->convention);
    cJSON_AddStringToObject(root, "oracle",
                            result->has_ledger ? "ledger" : "answers");
    cJSON_AddBoolToObject(root, "complete",
                          !result->stopped && !result->interrupted &&
                              !result->ledger_is_lost);
    add_text(root, "stopped", result->stopped);
    add_number(root, "median_us", result->median.ns / NS_PER_US);
    cJSON *summary = cJSON_AddObjectToObject(root, "summary");
    static const enum audit_verdict order[] = {
        AUDIT_PASS, AUDIT_WARN, AUDIT_FAIL, AUDIT_INFO, AUDIT_SKIPPED};
    for (size_t i = 0; i < array_length(order); i++) {
        add_number(summary, audit_verdict_name(order[i]),
                   result->counts[order[i]]);
    }
    cJSON *checks = cJSON_AddArrayToObject(root, "checks");
    for (size_t i = 0; i < AUDIT_CHECKS; i++) {
        cJSON_AddItemToArray(checks, check_document(&result->checks[i]));
    }
    return root;
}

static enum ink ink_of(enum audit_verdict verdict)
{
    static const enum ink inks[AUDIT_VERDICTS] = {
        [AUDIT_PASS] = INK_GOOD, [AUDIT_INFO] = INK_PLAIN,
        [AUDIT_WARN] = INK_WARN, [AUDIT_FAIL] = INK_BAD,
        [AUDIT_SKIPPED] = INK_FAINT};
    return inks[verdict];
}

/* Words from `column` on, wrapped at the width. */
static void write_words(struct pen *pen, enum ink ink, const char *words,
                        int column)
{
    int at = column;
    while (*words) {
        char word[128];
        int length = (int)strcspn(words, " ");
        length = length < (int)sizeof(word) ? length : (int)sizeof(word) - 1;
        memcpy(word, words, (size_t)length);
        word[length] = '\0';
        int columns = pen_foreign_columns(pen, word);
        if (at > column && at + 1 + columns > pen->width) {
            str_append_char(pen->out, '\n');
            pen_spaces(pen, column);
            at = column;
        } else if (at > column) {
            pen_spaces(pen, 1);
            at++;
        }
        at += pen_foreign(pen, ink, word, -1);
        words += length;
        words += strspn(words, " ");
    }
    str_append_char(pen->out, '\n');
}

/* "first 201, again 409 (2x)": what was sent and what came of it, in order; a
 * race is told in one breath. */
static void tell_attempts(const struct audit_check *check, struct str *out)
{
    enum { TOLD_MAX = 10 };
    char words[64], before[64] = "";
    size_t told = 0;

    for (size_t i = 0, same = 1; i < check->attempt_count; i += same) {
        const struct audit_attempt *attempt = check->attempts[i];
        const char *said = attempt_words(attempt, words, sizeof(words));
        for (same = 1; i + same < check->attempt_count; same++) {
            const struct audit_attempt *next = check->attempts[i + same];
            if (strcmp(next->what, attempt->what) != 0 ||
                strcmp(attempt_words(next, before, sizeof(before)), said) !=
                    0) {
                break;
            }
        }
        if (told++ == TOLD_MAX) {
            str_append(out, ", ...");
            return;
        }
        str_printf(out, "%s%s: %s", i > 0 ? ", " : "", attempt->what, said);
        if (same > 1) {
            str_printf(out, " (%zux)", same);
        }
    }
}

/* A line below the first: of what kind it is, and the words. */
static void show_below(struct pen *pen, const char *kind, const char *words,
                       int column)
{
    pen_spaces(pen, 15);
    pen_cell(pen, INK_FAINT, kind, column - 15);
    write_words(pen, INK_FAINT, words, column);
}

static void show_check(struct pen *pen, const struct audit_check *check)
{
    enum { COLUMN = 38 };
    enum ink ink = ink_of(check->finding.verdict);

    pen_cell(pen, INK_PLAIN, check->id, 6);
    pen_cell(pen, ink, audit_verdict_name(check->finding.verdict), 9);
    pen_cell(pen, INK_PLAIN, check->title, COLUMN - 15);
    write_words(pen, check->finding.verdict == AUDIT_SKIPPED ? INK_FAINT
                                                             : INK_PLAIN,
                check->finding.observed, COLUMN);
    if (check->finding.verdict == AUDIT_FAIL ||
        check->finding.verdict == AUDIT_WARN) {
        struct str sent = STR_INIT;
        tell_attempts(check, &sent);
        show_below(pen, "sent", sent.text, COLUMN);
        show_below(pen, "rule", check->expected, COLUMN);
        show_below(pen, "source", check->source, COLUMN);
        str_release(&sent);
    }
}

void audit_show_text(const struct audit_result *result,
                     const struct show_options *options, struct str *out)
{
    struct pen pen = {.out = out, .color = options->color,
                      .unicode = options->unicode, .width = options->width};
    char started[TIME_SIZE];
    static const enum audit_verdict order[] = {
        AUDIT_FAIL, AUDIT_WARN, AUDIT_PASS, AUDIT_INFO, AUDIT_SKIPPED};

    pen_write(&pen, INK_STRONG, "squall audit");
    str_append(out, "  ");
    pen_foreign(&pen, INK_PLAIN, result->target, -1);
    write_time(started, result->started_unix_ms);
    str_printf(out, "  (%s)  %s\n\n", result->convention, started);
    for (size_t i = 0; i < AUDIT_CHECKS; i++) {
        show_check(&pen, &result->checks[i]);
    }
    str_append_char(out, '\n');
    for (size_t i = 0; i < array_length(order); i++) {
        str_append(out, i > 0 ? ", " : "");
        pen_write(&pen, result->counts[order[i]] ? ink_of(order[i])
                                                 : INK_FAINT,
                  "%u %s", result->counts[order[i]],
                  audit_verdict_name(order[i]));
    }
    str_append(out, "\n");
    str_append(out,
               result->ledger_is_lost
                   ? "The ledger could not be read to the end: from then on "
                     "effects were guessed.\n"
               : result->has_ledger
                   ? "Effects were read from the ledger.\n"
                   : "There was no ledger: effects were guessed from what "
                     "answers name, and what\nnobody was told of could not "
                     "be seen.\n");
    if (result->stopped) {
        str_printf(out, "It was stopped: %s.\n", result->stopped);
    }
}

static void escape_xml(struct str *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        switch (c) {
        case '&': str_append(out, "&amp;"); break;
        case '<': str_append(out, "&lt;"); break;
        case '>': str_append(out, "&gt;"); break;
        case '"': str_append(out, "&quot;"); break;
        default:
            /* No control character is allowed, not even escaped. */
            str_append_char(out, c < 0x20 || c == 0x7f ? '?' : (char)c);
        }
    }
}

void audit_show_junit(const struct audit_result *result, struct str *out)
{
    str_append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    str_printf(out,
               "<testsuite name=\"squall audit\" tests=\"%d\" "
               "failures=\"%u\" errors=\"0\" skipped=\"%u\">\n",
               AUDIT_CHECKS, result->counts[AUDIT_FAIL],
               result->counts[AUDIT_SKIPPED]);
    for (size_t i = 0; i < AUDIT_CHECKS; i++) {
        const struct audit_check *check = &result->checks[i];
        enum audit_verdict verdict = check->finding.verdict;
        str_printf(out, "  <testcase classname=\"squall.audit\" "
                        "name=\"%s %s\">\n",
                   check->id, check->title);
        str_append(out, verdict == AUDIT_FAIL      ? "    <failure message=\""
                        : verdict == AUDIT_SKIPPED ? "    <skipped message=\""
                                                   : "    <system-out>");
        if (verdict != AUDIT_FAIL && verdict != AUDIT_SKIPPED) {
            str_printf(out, "%s: ", audit_verdict_name(verdict));
        }
        escape_xml(out, check->finding.observed);
        if (verdict == AUDIT_FAIL) {
            struct str sent = STR_INIT;
            tell_attempts(check, &sent);
            str_append(out, "\">sent: ");
            escape_xml(out, sent.text);
            str_release(&sent);
            str_append(out, "\nexpected: ");
            escape_xml(out, check->expected);
            str_append(out, " (");
            escape_xml(out, check->source);
            str_append(out, ")</failure>\n");
        } else {
            str_append(out, verdict == AUDIT_SKIPPED ? "\"/>\n"
                                                     : "</system-out>\n");
        }
        str_append(out, "  </testcase>\n");
    }
    str_append(out, "</testsuite>\n");
}
