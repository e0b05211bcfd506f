#include "cli/store.h"

#include "base/mask.h"
#include "base/must.h"
#include "cli/natural.h"
#include "cli/shorthand.h"
#include "plan/delays.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An option that stands for a key is named as it was typed. */
static void note_typed(struct invocation *invocation, const char *set,
                       const struct typed *typed)
{
    struct str text = STR_INIT;

    str_append(&text, typed->spelling);
    if (typed->written) {
        char *shown = mask_argument_after(typed->spelling, typed->written);
        str_printf(&text, " %s", shown);
        free(shown);
    }
    invocation->typed[invocation->typed_count++] = (struct typed_set){
        .set = set, .typed = arena_strdup(&invocation->arena, text.text)};
    str_release(&text);
}

static void add_key(struct invocation *invocation, const struct typed *typed,
                    const char *key, const char *value)
{
    must(key && value);
    size_t size = strlen(key) + 1 + strlen(value) + 1;
    char *set = arena_alloc(&invocation->arena, size);
    snprintf(set, size, "%s=%s", key, value);
    words_add(&invocation->sets, set);
    note_typed(invocation, set, typed);
}

/* One more item of a list key. */
static void add_item(struct invocation *invocation, const struct typed *typed,
                     const char *key, const char *value)
{
    char item[128];
    snprintf(item, sizeof(item), "%s[+]", key);
    add_key(invocation, typed, item, value);
}

/* A whole number in the given base, with nothing before or behind it. */
static bool parse_number(const char *text, int base, uint64_t max,
                         uint64_t *number)
{
    const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
    if (!*text || text[strspn(text, digits)]) {
        return false;
    }
    errno = 0;
    unsigned long long value = strtoull(text, NULL, base);
    if (errno || value > max) {
        return false;
    }
    *number = value;
    return true;
}

/* Decimal, or hexadecimal after "0x" as reports write it. */
static bool parse_seed(const char *text, uint64_t *seed)
{
    bool is_hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    return is_hexadecimal ? parse_number(text + 2, 16, UINT64_MAX, seed)
                          : parse_number(text, 10, UINT64_MAX, seed);
}

/* The place of a word in a list; false: it is not there. */
static bool parse_word(const char *text, const char *const *words,
                       size_t count, size_t *place)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            *place = i;
            return true;
        }
    }
    return false;
}

static bool parse_color(const char *text, enum color_choice *color)
{
    static const char *const words[] = {
        [COLOR_AUTO] = "auto",
        [COLOR_ALWAYS] = "always",
        [COLOR_NEVER] = "never",
    };
    size_t place;
    bool ok = parse_word(text, words, array_length(words), &place);
    *color = ok ? (enum color_choice)place : *color;
    return ok;
}

static bool parse_progress(const char *text, enum progress_choice *progress)
{
    static const char *const words[] = {
        [PROGRESS_LIVE] = "live",
        [PROGRESS_LINE] = "line",
        [PROGRESS_PLAIN] = "plain",
        [PROGRESS_NONE] = "none",
    };
    size_t place;
    bool ok = parse_word(text, words, array_length(words), &place);
    *progress = ok ? (enum progress_choice)place : *progress;
    return ok;
}

static void refuse_value(const struct typed *typed, const char *wanted,
                         struct errors *errors)
{
    struct error *error =
        errors_add(errors, ERROR_USAGE, "%s: \"%s\" is not %s",
                   typed->spelling, typed->written, wanted);
    error_hint(error, "%s", typed->row->sentence);
}

/* N retries are N + 1 attempts. */
static void store_retries(struct invocation *invocation,
                          const struct typed *typed, struct errors *errors)
{
    uint64_t number;
    char attempts[24];

    if (!parse_number(typed->value, 10, 999, &number)) {
        refuse_value(typed, "a whole number up to 999", errors);
        return;
    }
    snprintf(attempts, sizeof(attempts), "%llu",
             (unsigned long long)number + 1);
    add_key(invocation, typed, "retry.max_attempts", attempts);
}

static void store_fault(struct invocation *invocation,
                        const struct typed *typed, struct errors *errors)
{
    struct str fault = STR_INIT;

    if (shorthand_fault(typed->value, &fault)) {
        add_item(invocation, typed, "faults", fault.text);
        if (shorthand_fault_loses(typed->value)) {
            words_add(&invocation->fallbacks,
                      "timeout.attempt|timeout.operation=1s");
        }
    } else {
        refuse_value(typed, "a fault such as lost_response:10%", errors);
    }
    str_release(&fault);
}

/* Numbers and choices; the types that an argument can get wrong. */
static void store_checked(struct invocation *invocation,
                          const struct typed *typed, struct errors *errors)
{
    void *field = (char *)invocation + typed->row->field;
    const char *value = typed->value;
    enum outcome_class class;
    uint64_t number = 0;

    switch (typed->row->type) {
    case OPTION_SEED:
        if (!parse_seed(value, field)) {
            refuse_value(typed, "a whole number, such as 7 or 0x81529155",
                         errors);
        }
        invocation->input.has_seed = true;
        return;
    case OPTION_RUN:
        if (!parse_number(value, 16, UINT64_MAX, field)) {
            refuse_value(typed, "a hexadecimal number of at most 16 digits",
                         errors);
        }
        invocation->has_run_id = true;
        return;
    case OPTION_COLOR:
        if (!parse_color(value, field)) {
            refuse_value(typed, "auto, always or never", errors);
        }
        return;
    case OPTION_PROGRESS:
        if (!parse_progress(value, field)) {
            refuse_value(typed, "live, line, plain or none", errors);
        }
        return;
    case OPTION_ON_INVALID:
        *(bool *)field = strcmp(value, "warn") == 0;
        if (!*(bool *)field && strcmp(value, "fail") != 0) {
            refuse_value(typed, "warn or fail", errors);
        }
        return;
    case OPTION_PORT:
        if (!parse_number(value, 10, UINT16_MAX, &number)) {
            refuse_value(typed, "a port from 0 to 65535", errors);
        }
        *(uint16_t *)field = (uint16_t)number;
        return;
    case OPTION_COUNT:
        if (!parse_number(value, 10, UINT64_MAX, field)) {
            refuse_value(typed, "a whole number", errors);
        }
        return;
    case OPTION_CLASS:
        if (delays_find_class(value, &class, errors)) {
            *(const char **)field = value;
        }
        return;
    default:
        must_never("a type without a store");
    }
}

/* A body or a method, which merge names as it was typed. */
static void note_request(struct plan_input *input, const char *const *field,
                         const char *spelling)
{
    if (field == &input->method) {
        input->method_typed = spelling;
    } else if (field == &input->body) {
        input->body_typed = spelling;
    }
}

/* Its value is what follows the prefix: "User-Agent: ". */
static void store_header(struct invocation *invocation,
                         const struct typed *typed)
{
    const char *prefix = typed->row->prefix;
    size_t size = strlen(prefix) + strlen(typed->value) + 1;
    char *line = arena_alloc(&invocation->arena, size);

    snprintf(line, size, "%s%s", prefix, typed->value);
    words_add(&invocation->headers, line);
}

static void store_plain(struct invocation *invocation,
                        const struct typed *typed, struct errors *errors)
{
    void *field = (char *)invocation + typed->row->field;
    const char *value = typed->value;

    switch (typed->row->type) {
    case OPTION_TEXT:
        *(const char **)field = value;
        note_request(&invocation->input, field, typed->spelling);
        return;
    case OPTION_LIST:
        words_add(field, value);
        return;
    case OPTION_FLAG:
        *(bool *)field = true;
        return;
    case OPTION_JSON:
        if (value) {
            invocation->input.body = value;
            invocation->input.body_typed = typed->spelling;
            invocation->sends_json = true;
        } else {
            *(bool *)field = true;
        }
        return;
    case OPTION_HEADER:
        store_header(invocation, typed);
        return;
    case OPTION_URL:
        store_url(invocation, value, errors);
        return;
    case OPTION_RETRIES:
        store_retries(invocation, typed, errors);
        return;
    case OPTION_FAULT:
        store_fault(invocation, typed, errors);
        return;
    default:
        store_checked(invocation, typed, errors);
    }
}

/* What an option needs of keys that nothing else says. */
static void add_fallbacks(struct invocation *invocation,
                          const struct typed *typed)
{
    const char *fallback;
    for (size_t i = 0;
         (fallback = shorthand_fallback(typed->row->name, typed->value, i));
         i++) {
        words_add(&invocation->fallbacks, fallback);
    }
}

void store_option(struct invocation *invocation, const struct typed *typed,
                  struct errors *errors)
{
    const struct option_row *row = typed->row;
    struct typed complete = *typed;

    if (row->argument && typed->value && row->type != OPTION_URL) {
        complete.value =
            natural_value(&invocation->arena, row->argument, typed->value);
    }
    switch (row->type) {
    case OPTION_KEY:
        add_key(invocation, &complete, row->key, complete.value);
        add_fallbacks(invocation, &complete);
        return;
    case OPTION_KEY_ITEM:
        add_item(invocation, &complete, row->key, complete.value);
        return;
    case OPTION_KEY_TRUE:
        add_key(invocation, &complete, row->key, "true");
        return;
    default:
        store_plain(invocation, &complete, errors);
    }
}

void store_url(struct invocation *invocation, const char *word,
               struct errors *errors)
{
    struct plan_input *input = &invocation->input;

    if (input->url) {
        errors_add(errors, ERROR_USAGE,
                   "\"%s\" is one word too many: the URL is \"%s\"", word,
                   input->url);
        return;
    }
    input->url = natural_url(&invocation->arena, word);
    if (!strstr(input->url, "://") && natural_is_file(word)) {
        struct error *error = errors_add(
            errors, ERROR_USAGE, "\"%s\" is a file, and not a URL", word);
        error_hint(error, "a profile is named with -p; scripts of other "
                          "tools are not read: squall help profiles");
    }
}
