/* The table of keys: sorted, unique, described in whole sentences; defaults
 * and bounds that read; and the manual and the schema are what it says. */
#include "base/json_print.h"
#include "base/must.h"
#include "base/str.h"
#include "plan/explain.h"
#include "plan/key.h"
#include "plan/reader.h"
#include "plan/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../manual.h"

static void the_table_is_sorted_and_unique(void **state)
{
    (void)state;
    assert_true(key_count > 100);
    for (size_t i = 1; i < key_count; i++) {
        if (strcmp(keys[i - 1].path, keys[i].path) >= 0) {
            fail_msg("%s stands before %s", keys[i - 1].path, keys[i].path);
        }
    }
}

static void assert_sentence(const char *text)
{
    size_t length = strlen(text);
    if (length < 3 || text[length - 1] != '.' || text[length - 2] == '.') {
        fail_msg("not a sentence: %s", text);
    }
}

static void everything_is_described_in_sentences(void **state)
{
    (void)state;
    for (size_t i = 0; i < key_count; i++) {
        assert_sentence(keys[i].sentence);
        for (const struct choice *choice = keys[i].choices;
             choice && choice->name; choice++) {
            assert_sentence(choice->help);
        }
    }
}

/* Reads a default or a bound as a profile's value, into spare memory. */
static bool reads(const struct key *key, const char *text)
{
    static max_align_t spare[1024];
    struct sources sources = SOURCES_INIT;
    struct arena arena = ARENA_INIT;
    struct errors errors = ERRORS_INIT;
    struct reader reader = {&sources, &arena, &errors, STR_INIT};
    cJSON *value = value_is_textual(key->type) ? cJSON_CreateString(text)
                                               : value_from_text(text);
    bool good = value_read(&reader, key, value, (char *)spare + 4096);
    cJSON_Delete(value);
    str_release(&reader.path);
    arena_release(&arena);
    return good;
}

static void defaults_and_bounds_are_in_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < key_count; i++) {
        const struct key *key = &keys[i];
        const char *texts[] = {key->fallback, key->min, key->max};
        for (size_t j = 0; j < array_length(texts); j++) {
            if (texts[j] && !reads(key, texts[j])) {
                fail_msg("%s: %s does not read", key->path, texts[j]);
            }
        }
        assert_false(key->required && key->fallback);
    }
}

static void parents_are_there_and_hold_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < key_count; i++) {
        struct str parent = STR_INIT;
        const char *name = key_last_name(keys[i].path);
        if (name > keys[i].path) {
            str_append_bytes(&parent, keys[i].path,
                             (size_t)(name - keys[i].path) - 1);
            if (strcmp(parent.text + parent.length - 2, "[]") == 0) {
                parent.text[parent.length - 2] = '\0';
            }
            assert_non_null(key_find(parent.text));
        }
        str_release(&parent);
    }
}

static void paths_are_found_by_their_pattern(void **state)
{
    (void)state;
    assert_string_equal(key_find("load.stages[12].rate")->path,
                        "load.stages[].rate");
    assert_string_equal(
        key_find("retry.backoff.by_class.throttle.initial")->path,
        "retry.backoff.initial");
    assert_string_equal(key_find("breaker.open.initial")->path,
                        "retry.backoff.initial");
    assert_string_equal(key_find("breaker.open.jitter.add")->path,
                        "retry.backoff.jitter.add");
    assert_string_equal(key_find("breaker.any_of[0].slow")->path,
                        "breaker.any_of[].slow");
    assert_null(key_find("breaker.open.by_class"));
    assert_null(key_find("breaker.open.by_class.timeout"));
    assert_null(key_find("breaker.opens.initial"));
    assert_null(key_find("retry.backoff.by_class.timeout.by_class"));
    assert_null(key_find("load.stages.rate"));
    assert_null(key_find("load.rat"));
    assert_string_equal(key_suggest("load", "duraton"), "load.duration");
    assert_string_equal(key_suggest("", "rate"), "load.rate");
    assert_string_equal(key_suggest("retry", "max_atempts"),
                        "retry.max_attempts");
    assert_null(key_suggest("", "xylophone"));
}

static void the_manual_lists_the_keys(void **state)
{
    struct str list = STR_INIT;
    (void)state;
    explain_mdoc(&list);
    assert_manual_has("man/squall-profile.5",
                      ".\\\" keys: made from the table of keys by "
                      "\"make golden\"; do not edit\n",
                      ".\\\" keys end\n", list.text);
    str_release(&list);
}

static void the_shipped_schema_is_that_of_the_table(void **state)
{
    cJSON *schema = schema_make();
    struct str text = STR_INIT;
    (void)state;
    json_print(&text, schema, false);
    str_append(&text, "\n");
    assert_file_is("profiles/profile.schema", text.text);
    str_release(&text);
    cJSON_Delete(schema);
}

static void keys_are_explained(void **state)
{
    struct errors errors = ERRORS_INIT;
    struct str out = STR_INIT;
    (void)state;
    for (size_t i = 0; i < key_count; i++) {
        str_reset(&out);
        assert_true(explain_key(&out, keys[i].path, &errors));
        assert_non_null(strstr(out.text, value_type_name(keys[i].type)));
        for (const char *line = out.text; *line;) {
            size_t length = strcspn(line, "\n");
            if (length > STR_WRAP_COLUMNS && !strstr(line, "written:") &&
                !strstr(line, "default:")) {
                fail_msg("%s: %.*s", keys[i].path, (int)length, line);
            }
            line += length + (line[length] == '\n');
        }
    }
    str_reset(&out);
    assert_true(explain_key(&out, "slo", &errors));
    assert_non_null(strstr(out.text, "success_rate"));
    assert_non_null(strstr(out.text, "duplicates"));
    assert_false(explain_key(&out, "load.rat", &errors));
    assert_string_equal(errors.list[0].hint, "did you mean load.rate?");
    str_release(&out);
}

static void assert_explains(const char *path, const char *const *lines,
                            size_t count)
{
    struct errors errors = ERRORS_INIT;
    struct str out = STR_INIT;
    assert_true(explain_key(&out, path, &errors));
    for (size_t i = 0; i < count; i++) {
        if (!strstr(out.text, lines[i])) {
            fail_msg("%s: no \"%s\" in:\n%s", path, lines[i], out.text);
        }
    }
    str_release(&out);
}

/* Everything that somebody asks of a key. */
static void a_key_is_explained_whole(void **state)
{
    static const char *const seed[] = {
        "seed\n",
        "  type:     count\n",
        "  unit:     none; k and M",
        "  range:    from 0\n",
        "  default:  none\n",
        "  used in:  no shipped profile\n",
    };
    static const char *const delay[] = {
        "  unit:     ns, us",
        "  range:    0s to 24h\n",
    };
    static const char *const initial[] = {
        "  default:  see above\n",
        "  used in:  ",
        "strategies/token-bucket",
    };
    static const char *const trip[] = {
        "  default:  none, it must be given\n",
        "strategies/breaker",
        "  choices:\n    rate ",
        "    consecutive ",
    };
    static const char *const quantile[] = {
        "  default:  95%\n",
        "  unit:     none or %\n",
        "strategies/hedged",
    };
    /* A breaker's open time is a backoff, and uses its keys. */
    static const char *const type[] = {"retry.backoff.type\n",
                                       "strategies/breaker"};
    (void)state;
    assert_explains("seed", seed, array_length(seed));
    assert_explains("hedge.delay", delay, array_length(delay));
    assert_explains("retry_budget.initial", initial, array_length(initial));
    assert_explains("breaker.any_of[].type", trip, array_length(trip));
    assert_explains("hedge.quantile", quantile, array_length(quantile));
    assert_explains("breaker.open.type", type, array_length(type));
}

static int use_shipped(void **state)
{
    (void)state;
    return setenv("SQUALL_PROFILES", "profiles", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sorted_and_unique),
        cmocka_unit_test(everything_is_described_in_sentences),
        cmocka_unit_test(defaults_and_bounds_are_in_range),
        cmocka_unit_test(parents_are_there_and_hold_keys),
        cmocka_unit_test(paths_are_found_by_their_pattern),
        cmocka_unit_test(the_manual_lists_the_keys),
        cmocka_unit_test(the_shipped_schema_is_that_of_the_table),
        cmocka_unit_test(keys_are_explained),
        cmocka_unit_test(a_key_is_explained_whole),
    };
    return cmocka_run_group_tests_name("plan/key", tests, use_shipped, NULL);
}
