/* The report for people: the same document gives the same text, within its
 * width, and nothing in it can steer the terminal. */
#include "report/term.h"
#include "report/text.h"
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct sample sample;
static cJSON *document;
static struct sample layered;
static cJSON *layered_document; /* every layer was on */

static int make(void **state)
{
    (void)state;
    sample_make_with(&layered, false, (1u << LAYER_COUNT) - 1);
    layered_document =
        document_make(&layered.result, &layered.plan, &layered.run);
    sample_make(&sample, true);
    document = document_make(&sample.result, &sample.plan, &sample.run);
    cJSON *build = cJSON_CreateString("a build");
    cJSON_ReplaceItemInObject(cJSON_GetObjectItem(document, "tool"), "build",
                              build);
    return 0;
}

static int release(void **state)
{
    (void)state;
    cJSON_Delete(document);
    sample_release(&sample);
    cJSON_Delete(layered_document);
    sample_release(&layered);
    return 0;
}

/* Owned by the caller. */
static char *render_to(const cJSON *from, const struct text_options *options)
{
    struct str text = STR_INIT;
    text_render(from, options, &text);
    return str_detach(&text);
}

/* The full report. */
static char *render(const cJSON *from, int width, enum text_charset charset,
                    bool color)
{
    struct text_options options = {
        .color = color, .width = width, .charset = charset};
    return render_to(from, &options);
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        return NULL;
    }
    struct str out = STR_INIT;
    char block[4096];
    size_t count;
    while ((count = fread(block, 1, sizeof(block), file)) > 0) {
        str_append_bytes(&out, block, count);
    }
    fclose(file);
    return str_detach(&out);
}

/* SQUALL_GOLDEN=write writes it anew. */
static void assert_golden(const char *name, const char *text)
{
    char path[200];
    snprintf(path, sizeof(path), "tests/unit/report/golden/%s", name);
    const char *mode = getenv("SQUALL_GOLDEN");
    if (mode && strcmp(mode, "write") == 0) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text, file);
        fclose(file);
        return;
    }
    char *golden = read_file(path);
    assert_non_null(golden);
    assert_string_equal(text, golden);
    free(golden);
}

static void is_as_golden(void **state)
{
    static const struct {
        const char *name;
        int width;
        enum text_charset charset;
        bool color;
    } cases[] = {
        {"text-60.txt", 60, TEXT_UNICODE, false},
        {"text-80.txt", 80, TEXT_UNICODE, false},
        {"text-120.txt", 120, TEXT_UNICODE, false},
        {"text-80-ascii.txt", 80, TEXT_ASCII, false},
        {"text-80-color.txt", 80, TEXT_UNICODE, true},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        char *text =
            render(document, cases[i].width, cases[i].charset, cases[i].color);
        assert_golden(cases[i].name, text);
        free(text);
    }
}

/* What fits a screen, and the verdict alone. */
static void is_short_as_golden(void **state)
{
    static const struct {
        const char *name;
        struct text_options options;
    } cases[] = {
        {"short-60.txt", {false, 60, TEXT_UNICODE, TEXT_SHORT}},
        {"short-80.txt", {false, 80, TEXT_UNICODE, TEXT_SHORT}},
        {"short-80-ascii.txt", {false, 80, TEXT_ASCII, TEXT_SHORT}},
        {"verdict-60.txt", {false, 60, TEXT_UNICODE, TEXT_VERDICT}},
        {"verdict-80.txt", {false, 80, TEXT_UNICODE, TEXT_VERDICT}},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        char *text = render_to(document, &cases[i].options);
        assert_golden(cases[i].name, text);
        free(text);
    }
}

/* The section of this title. */
static void append_section(struct str *out, const char *text,
                           const char *title)
{
    const char *start = strstr(text, title);
    assert_non_null(start);
    const char *end = strstr(start, "\n\n");
    assert_non_null(end);
    str_append_bytes(out, start, (size_t)(end + 2 - start));
}

/* What clients did by themselves: the sections on it. */
static void policy_is_as_golden(void **state)
{
    static const struct {
        const char *name;
        int width;
        enum text_charset charset;
    } cases[] = {
        {"policy-60.txt", 60, TEXT_UNICODE},
        {"policy-80.txt", 80, TEXT_UNICODE},
        {"policy-80-ascii.txt", 80, TEXT_ASCII},
        {"policy-120.txt", 120, TEXT_UNICODE},
    };
    static const char *const titles[] = {"Operations ", "Latency ",
                                         "Over time ", "Policy "};
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        struct str out = STR_INIT;
        char *text =
            render(layered_document, cases[i].width, cases[i].charset, false);
        for (size_t t = 0; t < array_length(titles); t++) {
            append_section(&out, text, titles[t]);
        }
        assert_golden(cases[i].name, out.text);
        str_release(&out);
        free(text);
    }
}

/* Dead letters that were sent again, interrupted, with a file of a name that
 * somebody made to be nasty. */
static void dead_letters_are_as_golden(void **state)
{
    static const struct replayed replayed = {
        .dead_letters = 12345,
        .sent = 12000,
        .unstarted = 345,
        .before = {[VERDICT_AMBIGUOUS] = 12000, [VERDICT_SHED] = 345},
        .after = {[VERDICT_SUCCEEDED] = 11990,
                  [VERDICT_AMBIGUOUS] = 10,
                  [VERDICT_SHED] = 345},
        .has_classes = true,
        .classes = {[EFFECT_EXACTLY_ONCE] = 11980,
                    [EFFECT_DUPLICATE] = 10,
                    [EFFECT_UNRESOLVED_NOT_DONE] = 10,
                    [EFFECT_CLEAN] = 345},
        .ambiguous = {[EFFECT_EXACTLY_ONCE] = 11980,
                      [EFFECT_DUPLICATE] = 10,
                      [EFFECT_UNRESOLVED_NOT_DONE] = 10},
    };
    static const struct {
        const char *name;
        int width;
        enum text_charset charset;
    } cases[] = {
        {"replay-60.txt", 60, TEXT_UNICODE},
        {"replay-80.txt", 80, TEXT_UNICODE},
        {"replay-80-ascii.txt", 80, TEXT_ASCII},
    };
    struct run_info run = sample.run;
    (void)state;
    run.replayed = &replayed;
    run.dead_letters = "dead\033[31m.ndjson";
    cJSON *made = document_make(&sample.result, &sample.plan, &run);
    for (size_t i = 0; i < array_length(cases); i++) {
        struct str out = STR_INIT;
        char *text = render(made, cases[i].width, cases[i].charset, false);
        append_section(&out, text, "Dead letters ");
        assert_golden(cases[i].name, out.text);
        str_release(&out);
        free(text);
    }
    cJSON_Delete(made);
}

/* Without policies that outlast an operation there is nothing to say. */
static void no_policy_is_no_section(void **state)
{
    (void)state;
    char *text = render(document, 80, TEXT_UNICODE, false);
    assert_null(strstr(text, "\nPolicy"));
    assert_null(strstr(text, "by clients"));
    assert_null(strstr(text, "limit wait"));
    free(text);
}

static void stays_within(const cJSON *from)
{
    static const int widths[] = {60, 80, 120, 200};
    for (size_t i = 0; i < array_length(widths); i++) {
        for (int depth = TEXT_FULL; depth <= TEXT_VERDICT; depth++) {
            struct text_options options = {false, widths[i], TEXT_UNICODE,
                                           (enum text_depth)depth};
            char *text = render_to(from, &options);
            char *rest = text;
            while (rest) {
                char *line = strsep(&rest, "\n");
                if (term_columns(line) > widths[i]) {
                    fail_msg("wider than %d: %s", widths[i], line);
                }
            }
            free(text);
        }
    }
}

static void stays_within_its_width(void **state)
{
    (void)state;
    stays_within(document);
    stays_within(layered_document);
}

static void ascii_is_ascii_and_plain_is_plain(void **state)
{
    (void)state;
    char *text = render(document, 80, TEXT_ASCII, false);
    for (const char *c = text; *c; c++) {
        assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
    }
    free(text);
}

static void colors_change_nothing_else(void **state)
{
    (void)state;
    char *plain = render(document, 80, TEXT_UNICODE, false);
    char *colored = render(document, 80, TEXT_UNICODE, true);
    struct str stripped = STR_INIT;
    for (const char *c = colored; *c; c++) {
        if (*c == '\033') {
            c = strchr(c, 'm');
            continue;
        }
        str_append_char(&stripped, *c);
    }
    assert_string_equal(stripped.text, plain);
    assert_true(strlen(colored) > strlen(plain));
    str_release(&stripped);
    free(plain);
    free(colored);
}

static void replace(cJSON *object, const char *name, const char *value)
{
    cJSON_ReplaceItemInObject(object, name, cJSON_CreateString(value));
}

/* Nothing that steers a terminal, though what wanted to is there. */
static void assert_harmless(const char *text)
{
    assert_non_null(strstr(text, "\\x1b[2Jb"));
    assert_null(strstr(text, "\302\233"));
    assert_null(strstr(text, "\342\200\256"));
    for (const char *c = text; *c; c++) {
        assert_true(*c == '\n' || (unsigned char)*c >= ' ');
        assert_true(*c != 0x7f && (unsigned char)*c != 0xff);
    }
}

/* A hostile document: names that clear the screen, set the title, turn the
 * direction of writing, or are no text at all. */
static void escapes_what_came_from_outside(void **state)
{
    static const char hostile[] = "a\033[2Jb\033]0;x\007c\r\nd\302\233e"
                                  "\342\200\256f\377g\177h";
    cJSON *copy = cJSON_Duplicate(document, true);
    (void)state;

    replace(cJSON_GetObjectItem(copy, "profile"), "name", hostile);
    replace(cJSON_GetObjectItem(copy, "run"), "target", hostile);
    replace(cJSON_GetObjectItem(copy, "run"), "problem", hostile);
    replace(cJSON_GetObjectItem(copy, "run"), "seed", hostile);
    replace(copy, "verdict", hostile);
    replace(cJSON_GetArrayItem(cJSON_GetObjectItem(copy, "requests"), 0),
            "name", hostile);
    replace(cJSON_GetArrayItem(cJSON_GetObjectItem(copy, "slo"), 0), "expr",
            hostile);
    cJSON *effects = cJSON_GetObjectItem(copy, "effects");
    cJSON *example =
        cJSON_GetArrayItem(cJSON_GetObjectItem(effects, "examples"), 0);
    replace(example, "class", hostile);
    replace(example, "id", hostile);
    replace(example, "key", hostile);
    cJSON *attempts = cJSON_GetObjectItem(copy, "attempts");
    cJSON_AddNumberToObject(cJSON_GetObjectItem(attempts, "by_outcome"),
                            hostile, 7);
    cJSON_AddNumberToObject(cJSON_GetObjectItem(attempts, "by_status"),
                            hostile, 7);
    cJSON *fault = cJSON_CreateObject();
    cJSON_AddNumberToObject(fault, "injected", 1);
    cJSON_AddItemToObject(cJSON_GetObjectItem(copy, "faults"), hostile, fault);
    cJSON *generator = cJSON_GetObjectItem(copy, "generator");
    cJSON_AddItemToArray(cJSON_GetObjectItem(generator, "warnings"),
                         cJSON_CreateString(hostile));

    for (int depth = TEXT_FULL; depth <= TEXT_SHORT; depth++) {
        struct text_options options = {false, 120, TEXT_UNICODE,
                                       (enum text_depth)depth};
        for (int c = TEXT_ASCII; c <= TEXT_UNICODE; c++) {
            options.charset = (enum text_charset)c;
            char *text = render_to(copy, &options);
            assert_harmless(text);
            free(text);
        }
    }
    cJSON_Delete(copy);
}

/* Whatever member is missing or of another type, the rest is shown. */
static void survives_any_missing_member(void **state)
{
    const cJSON *member;
    (void)state;
    cJSON_ArrayForEach(member, document)
    {
        for (int kind = 0; kind < 3; kind++) {
            cJSON *copy = cJSON_Duplicate(document, true);
            if (kind == 0) {
                cJSON_DeleteItemFromObject(copy, member->string);
            } else {
                cJSON_ReplaceItemInObject(copy, member->string,
                                          kind == 1 ? cJSON_CreateNull()
                                                    : cJSON_CreateString("x"));
            }
            char *text = render(copy, 80, TEXT_UNICODE, false);
            assert_true(strlen(text) > 500);
            free(text);
            struct text_options options = {false, 80, TEXT_UNICODE,
                                           TEXT_SHORT};
            text = render_to(copy, &options);
            assert_true(strlen(text) > 200);
            free(text);
            cJSON_Delete(copy);
        }
    }
    cJSON *empty = cJSON_CreateObject();
    char *text = render(empty, 80, TEXT_UNICODE, true);
    assert_non_null(strstr(text, "not measured: no ledger"));
    assert_non_null(strstr(text, "NO VERDICT"));
    free(text);
    cJSON_Delete(empty);
}

/* Why an SLO was not measured is shown once, whole, and below it when there is
 * no room behind it. */
static void reasons_are_whole(void **state)
{
    static const struct {
        int width;
        const char *reason, *shown;
    } cases[] = {
        {80, "not measured: nothing to see",
         " not measured: nothing to see\n"},
        {80, "unverified: it burned",
         " not measured: unverified: it burned\n"},
        {80, "not measured: the profile has no concurrency",
         " not measured:\n        the profile has no concurrency\n"},
        {120, "not measured: the profile has no concurrency",
         " not measured: the profile has no concurrency\n"},
        {60, "not measured: the reason is longer than the line that it has",
         " not measured:\n        the reason is longer than the line that it "
         "has\n"},
    };
    (void)state;
    for (size_t i = 0; i < array_length(cases); i++) {
        cJSON *copy = cJSON_Duplicate(document, true);
        cJSON *slo = cJSON_GetArrayItem(cJSON_GetObjectItem(copy, "slo"), 0);
        cJSON_ReplaceItemInObject(slo, "pass", cJSON_CreateFalse());
        cJSON_ReplaceItemInObject(slo, "value", cJSON_CreateNull());
        cJSON_ReplaceItemInObject(slo, "reason",
                                  cJSON_CreateString(cases[i].reason));
        char *text = render(copy, cases[i].width, TEXT_UNICODE, false);
        if (!strstr(text, cases[i].shown)) {
            fail_msg("%s: %.600s", cases[i].shown, text);
        }
        free(text);
        cJSON_Delete(copy);
    }
}

static void no_ledger_is_said(void **state)
{
    static struct sample other;
    (void)state;
    sample_make(&other, false);
    cJSON *made = document_make(&other.result, &other.plan, &other.run);
    char *text = render(made, 80, TEXT_UNICODE, false);
    assert_non_null(strstr(text, "not measured: no ledger"));
    assert_null(strstr(text, "duplicate "));
    free(text);
    cJSON_Delete(made);
    sample_release(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_as_golden),
        cmocka_unit_test(is_short_as_golden),
        cmocka_unit_test(policy_is_as_golden),
        cmocka_unit_test(dead_letters_are_as_golden),
        cmocka_unit_test(no_policy_is_no_section),
        cmocka_unit_test(stays_within_its_width),
        cmocka_unit_test(ascii_is_ascii_and_plain_is_plain),
        cmocka_unit_test(colors_change_nothing_else),
        cmocka_unit_test(escapes_what_came_from_outside),
        cmocka_unit_test(survives_any_missing_member),
        cmocka_unit_test(reasons_are_whole),
        cmocka_unit_test(no_ledger_is_said),
    };
    return cmocka_run_group_tests(tests, make, release);
}
