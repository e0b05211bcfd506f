#include "plan/reader.h"

#include "base/json.h"
#include "base/must.h"
#include "base/suggest.h"
#include "base/units.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPAN_SHARE_MAX = 10 }; /* ten times what it is a share of */

static struct error *refuse(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static struct error *refuse(struct reader *reader, const char *format, ...)
{
    struct str text = STR_INIT;
    va_list arguments;

    va_start(arguments, format);
    str_vprintf(&text, format, arguments);
    va_end(arguments);
    struct error *error =
        sources_error(reader->sources, reader->errors, ERROR_BAD_VALUE,
                      reader->path.text, JSON_VALUE, "%s", text.text);
    str_release(&text);
    return error;
}

static const char *json_type_name(const cJSON *value)
{
    return cJSON_IsString(value)   ? "a text"
           : cJSON_IsNumber(value) ? "a number"
           : cJSON_IsBool(value)   ? "true or false"
           : cJSON_IsArray(value)  ? "a list"
           : cJSON_IsObject(value) ? "a section"
                                   : "null";
}

bool value_wrong_type(struct reader *reader, const struct key *key,
                      const cJSON *value)
{
    struct error *error =
        refuse(reader, "%s where a %s belongs", json_type_name(value),
               value_type_name(key->type));
    error_hint(error, "write %s", value_type_example(key->type));
    return false;
}

cJSON *value_from_text(const char *text)
{
    struct errors errors = ERRORS_INIT;
    struct json_source source;

    json_source_set(&source, "", text, strlen(text));
    cJSON *value = json_parse(&source, &errors);
    json_source_release(&source);
    if (!value) {
        value = cJSON_CreateString(text);
        must(value);
    }
    return value;
}

bool value_is_textual(enum value_type type)
{
    switch (type) {
    case TYPE_TEXT:
    case TYPE_NAME:
    case TYPE_HEADER_NAME:
    case TYPE_FILE:
    case TYPE_BODY:
    case TYPE_RATE:
    case TYPE_DURATION:
    case TYPE_SIZE:
    case TYPE_SPAN:
    case TYPE_CHOICE:
        return true;
    case TYPE_SECTION:
    case TYPE_LIST:
    case TYPE_BOOL:
    case TYPE_COUNT:
    case TYPE_UNSIGNED:
    case TYPE_INTEGER:
    case TYPE_STATUS:
    case TYPE_NUMBER:
    case TYPE_RATIO:
    case TYPE_TEXTS:
    case TYPE_HEADERS:
    case TYPE_MEMBERS:
    case TYPE_STATUSES:
    case TYPE_METHODS:
    case TYPE_CHOICES:
    case TYPE_TRISTATE:
    case TYPE_DURATIONS:
    case TYPE_TRANSITIONS:
    case TYPE_MULT_RANGE:
    case TYPE_ADD_RANGE:
    case TYPE_JITTER:
    case TYPE_BACKOFF:
    case TYPE_CLASS_BACKOFF:
        break;
    }
    return false;
}

/* What a number without a unit may have been meant to be. */
static void hint_unit(struct error *error, enum value_type type, double value)
{
    if (type == TYPE_RATE) {
        error_hint(error, "write \"%g/s\"", value);
    } else if (type == TYPE_SIZE) {
        error_hint(error, "write \"%gB\" or \"%gKiB\"", value, value);
    } else if (value >= 100) {
        error_hint(error, "write \"%gms\" or \"%gs\"", value, value / 1000);
    } else {
        error_hint(error, "write \"%gs\" or \"%gms\"", value, value);
    }
}

/* Parses one measure with its unit; every kind as a double, which holds what
 * a bound compares. */
static bool parse_measure(enum value_type type, const char *text,
                          double *number, int64_t *ns, uint64_t *whole,
                          const char **problem)
{
    struct duration duration;

    switch (type) {
    case TYPE_DURATION:
    case TYPE_SPAN:
        if (!units_parse_duration(text, &duration, problem)) {
            return false;
        }
        *ns = duration.ns;
        *number = (double)duration.ns;
        return true;
    case TYPE_RATE:
        return units_parse_rate(text, number, problem);
    case TYPE_RATIO:
        return units_parse_ratio(text, number, problem);
    case TYPE_SIZE:
        if (!units_parse_size(text, whole, problem)) {
            return false;
        }
        *number = (double)*whole;
        return true;
    case TYPE_COUNT:
    case TYPE_UNSIGNED:
        if (!units_parse_count(text, whole, problem)) {
            return false;
        }
        *number = (double)*whole;
        return true;
    case TYPE_SECTION: case TYPE_LIST: case TYPE_TEXT: case TYPE_NAME:
    case TYPE_HEADER_NAME: case TYPE_FILE: case TYPE_BODY: case TYPE_BOOL:
    case TYPE_INTEGER: case TYPE_STATUS: case TYPE_NUMBER: case TYPE_CHOICE:
    case TYPE_TEXTS: case TYPE_HEADERS: case TYPE_MEMBERS: case TYPE_STATUSES:
    case TYPE_METHODS: case TYPE_CHOICES: case TYPE_TRISTATE:
    case TYPE_DURATIONS: case TYPE_MULT_RANGE: case TYPE_ADD_RANGE:
    case TYPE_TRANSITIONS: case TYPE_JITTER: case TYPE_BACKOFF:
    case TYPE_CLASS_BACKOFF:
        break;
    }
    *number = strtod(text, NULL);
    return true;
}

static double bound(enum value_type type, const char *text)
{
    const char *problem;
    double number = 0;
    uint64_t whole;
    int64_t ns;
    bool good = parse_measure(type, text, &number, &ns, &whole, &problem);
    must(good);
    return number;
}

static bool in_range(struct reader *reader, const struct key *key,
                     double number, const char *written)
{
    bool low = key->min && number < bound(key->type, key->min);
    bool high = key->max && number > bound(key->type, key->max);
    if (!low && !high) {
        return true;
    }
    struct error *error = refuse(reader, "%s is out of range", written);
    if (key->min && key->max) {
        error_hint(error, "it may be from %s to %s", key->min, key->max);
    } else if (low) {
        error_hint(error, "it must be at least %s", key->min);
    } else {
        error_hint(error, "it must be at most %s", key->max);
    }
    return false;
}

/* A measure: a text with a unit, or a plain number where that has a meaning.
 * One of *ns, *whole and *number is what the caller wants. */
static bool read_measure(struct reader *reader, const struct key *key,
                         const cJSON *value, double *number, int64_t *ns,
                         uint64_t *whole)
{
    char written[128];
    const char *problem;
    bool counts = key->type == TYPE_COUNT || key->type == TYPE_UNSIGNED;

    if (cJSON_IsNumber(value)) {
        double plain = value->valuedouble;
        snprintf(written, sizeof(written), "%.17g", plain);
        bool zero = plain == 0 && key->type != TYPE_RATE;
        if (!counts && key->type != TYPE_RATIO && !zero) {
            struct error *error = refuse(reader, "%g has no unit", plain);
            hint_unit(error, key->type, plain);
            return false;
        }
        if (counts && (plain < 0 || plain != floor(plain) || plain > 9e15)) {
            struct error *error =
                refuse(reader, "%g is not a whole number from 0", plain);
            error_hint(error, "write %s", value_type_example(key->type));
            return false;
        }
        *number = plain;
        *ns = 0;
        *whole = counts ? (uint64_t)plain : 0;
        snprintf(written, sizeof(written), "%g", plain);
        return in_range(reader, key, *number, written);
    }
    if (!cJSON_IsString(value)) {
        return value_wrong_type(reader, key, value);
    }
    const char *text = value->valuestring;
    if (!parse_measure(key->type, text, number, ns, whole, &problem)) {
        struct error *error = refuse(reader, "\"%s\" %s", text, problem);
        if (strcmp(problem, "has no unit") == 0) {
            hint_unit(error, key->type, strtod(text, NULL));
        } else {
            error_hint(error, "write %s", value_type_example(key->type));
        }
        return false;
    }
    snprintf(written, sizeof(written), "\"%s\"", text);
    return in_range(reader, key, *number, written);
}

static bool read_number(struct reader *reader, const struct key *key,
                        const cJSON *value, double *number)
{
    char written[64];

    if (!cJSON_IsNumber(value)) {
        return value_wrong_type(reader, key, value);
    }
    *number = value->valuedouble;
    if (key->type != TYPE_NUMBER && *number != floor(*number)) {
        struct error *error =
            refuse(reader, "%g is not a whole number", *number);
        error_hint(error, "write %s", value_type_example(key->type));
        return false;
    }
    snprintf(written, sizeof(written), "%g", *number);
    return in_range(reader, key, *number, written);
}

/* The choice that a text names, or an error with a did-you-mean. */
static bool find_choice(struct reader *reader, const struct choice *choices,
                        const char *name, int *found)
{
    const struct choice *row = choice_find(choices, name);
    if (row) {
        *found = row->value;
        return true;
    }
    struct suggestion suggestion;
    struct str list = STR_INIT;

    suggest_init(&suggestion, name);
    for (const struct choice *each = choices; each->name; each++) {
        suggest_offer(&suggestion, each->name);
        str_printf(&list, "%s\"%s\"", list.length ? ", " : "", each->name);
    }
    struct error *error = refuse(reader, "\"%s\" is not a choice", name);
    if (suggestion.best) {
        error_hint(error, "did you mean \"%s\"?", suggestion.best);
    } else {
        error_hint(error, "write one of %s", list.text);
    }
    str_release(&list);
    return false;
}

static bool read_choice(struct reader *reader, const struct key *key,
                        const cJSON *value, void *field)
{
    int chosen = 0;
    if (!cJSON_IsString(value)) {
        return value_wrong_type(reader, key, value);
    }
    if (!find_choice(reader, key->choices, value->valuestring, &chosen)) {
        return false;
    }
    /* Every enum has the size of an int here. */
    _Static_assert(sizeof(enum value_type) == sizeof(int), "enums are ints");
    memcpy(field, &chosen, sizeof(chosen));
    return true;
}

/* A relative file of a profile is looked for beside the profile. */
static const char *resolve_file(struct reader *reader, const char *file)
{
    const struct source *source =
        sources_find(reader->sources, reader->path.text);
    const char *slash =
        source && !source->path ? strrchr(source->json.name, '/') : NULL;
    if (file[0] == '/' || !slash) {
        return arena_strdup(reader->arena, file);
    }
    struct str path = STR_INIT;
    str_append_bytes(&path, source->json.name,
                     (size_t)(slash - source->json.name) + 1);
    str_append(&path, file);
    const char *copy = arena_strdup(reader->arena, path.text);
    str_release(&path);
    return copy;
}

static bool read_text(struct reader *reader, const struct key *key,
                      const cJSON *value, const char **field)
{
    if (!cJSON_IsString(value)) {
        return value_wrong_type(reader, key, value);
    }
    const char *text = value->valuestring;
    size_t length = strlen(text);
    bool is_name = key->type == TYPE_NAME || key->type == TYPE_HEADER_NAME;
    if ((is_name && length >= 64) || (length == 0 && key->type != TYPE_TEXT)) {
        struct error *error = refuse(
            reader, length ? "longer than 63 characters" : "an empty text");
        error_hint(error, "write %s", value_type_example(key->type));
        return false;
    }
    *field = key->type == TYPE_FILE ? resolve_file(reader, text)
                                    : arena_strdup(reader->arena, text);
    return true;
}

/* A body that is no text is sent as compact JSON. */
static bool read_body(struct reader *reader, const cJSON *value,
                      const char **field)
{
    if (cJSON_IsString(value)) {
        *field = arena_strdup(reader->arena, value->valuestring);
        return true;
    }
    char *text = cJSON_PrintUnformatted(value);
    must(text);
    *field = arena_strdup(reader->arena, text);
    free(text);
    return true;
}

/* Calls `read` for every element, with its place in reader->path. */
static bool read_each(struct reader *reader, const struct key *key,
                      const cJSON *value, size_t max,
                      bool (*read)(struct reader *, const struct key *,
                                   const cJSON *, size_t, void *),
                      void *field)
{
    bool good = true;
    size_t index = 0;
    size_t length = reader->path.length;

    if (!cJSON_IsArray(value)) {
        return value_wrong_type(reader, key, value);
    }
    for (const cJSON *item = value->child; item; item = item->next) {
        if (index == max) {
            refuse(reader, "more than %zu entries", max);
            return false;
        }
        path_push_index(&reader->path, index);
        good = read(reader, key, item, index, field) && good;
        path_pop(&reader->path, length);
        index++;
    }
    return good;
}

static bool read_list_text(struct reader *reader, const struct key *key,
                           const cJSON *item, size_t index, void *field)
{
    struct string_list *list = field;
    int unused;

    if (!cJSON_IsString(item)) {
        return value_wrong_type(reader, key, item);
    }
    list->items[index] = arena_strdup(reader->arena, item->valuestring);
    list->count = index + 1;
    return !key->choices ||
           find_choice(reader, key->choices, item->valuestring, &unused);
}

static bool read_texts(struct reader *reader, const struct key *key,
                       const cJSON *value, struct string_list *list)
{
    if (!cJSON_IsArray(value)) {
        return value_wrong_type(reader, key, value);
    }
    size_t count = (size_t)cJSON_GetArraySize(value);
    list->count = 0;
    list->items = arena_array(reader->arena, count, sizeof(*list->items));
    return read_each(reader, key, value, count, read_list_text, list);
}

bool value_is_token(const char *text)
{
    static const char symbols[] = "!#$%&'*+-.^_`|~";
    for (const char *c = text; *c; c++) {
        bool alphanumeric = (*c >= 'a' && *c <= 'z') ||
                            (*c >= 'A' && *c <= 'Z') ||
                            (*c >= '0' && *c <= '9');
        if (!alphanumeric && !strchr(symbols, *c)) {
            return false;
        }
    }
    return *text != '\0';
}

static bool read_header(struct reader *reader, const struct key *key,
                        const cJSON *item, struct header_list *list)
{
    if (!cJSON_IsString(item)) {
        return value_wrong_type(reader, key, item);
    }
    if (!value_is_token(item->string)) {
        refuse(reader, "\"%s\" is not a header name", item->string);
        return false;
    }
    if (item->valuestring[strcspn(item->valuestring, "\r\n")]) {
        refuse(reader, "a header value cannot have more than one line");
        return false;
    }
    list->items[list->count++] = (struct header_config){
        arena_strdup(reader->arena, item->string),
        arena_strdup(reader->arena, item->valuestring)};
    return true;
}

static bool read_headers(struct reader *reader, const struct key *key,
                         const cJSON *value, struct header_list *list)
{
    bool good = true;
    size_t length = reader->path.length;

    if (!cJSON_IsObject(value)) {
        return value_wrong_type(reader, key, value);
    }
    list->count = 0;
    list->items = arena_array(reader->arena, (size_t)cJSON_GetArraySize(value),
                              sizeof(*list->items));
    for (const cJSON *item = value->child; item; item = item->next) {
        path_push_name(&reader->path, item->string);
        good = read_header(reader, key, item, list) && good;
        path_pop(&reader->path, length);
    }
    return good;
}

static bool read_member(struct reader *reader, const cJSON *item,
                        struct member_list *list)
{
    struct expected_member *member = &list->items[list->count];
    const char *problem =
        pointer_compile(&member->pointer, reader->arena, item->string);

    if (problem) {
        struct error *error = refuse(reader, "\"%s\" is no JSON pointer: %s",
                                     item->string, problem);
        error_hint(error, "write \"/%s\"", item->string);
        return false;
    }
    if (cJSON_IsString(item)) {
        member->kind = JSON_STRING;
        member->text = arena_strdup(reader->arena, item->valuestring);
        member->length = strlen(item->valuestring);
    } else if (cJSON_IsNumber(item)) {
        member->kind = JSON_NUMBER;
        member->number = item->valuedouble;
    } else if (cJSON_IsBool(item)) {
        member->kind = cJSON_IsTrue(item) ? JSON_TRUE : JSON_FALSE;
    } else {
        struct error *error =
            refuse(reader, "%s cannot be compared", json_type_name(item));
        error_hint(error, "name the members that matter, one by one, each "
                          "with a text, a number, true or false");
        return false;
    }
    list->count++;
    return true;
}

static bool read_members(struct reader *reader, const struct key *key,
                         const cJSON *value, struct member_list *list)
{
    bool good = true;
    size_t length = reader->path.length;

    if (!cJSON_IsObject(value)) {
        return value_wrong_type(reader, key, value);
    }
    list->count = 0;
    list->items = arena_array(reader->arena, (size_t)cJSON_GetArraySize(value),
                              sizeof(*list->items));
    for (const cJSON *item = value->child; item; item = item->next) {
        path_push_name(&reader->path, item->string);
        good = read_member(reader, item, list) && good;
        path_pop(&reader->path, length);
    }
    return good;
}

/* "2xx", "404", "500-504". */
static bool parse_statuses(const char *text, unsigned *first, unsigned *last)
{
    char *end;
    unsigned long a, b;

    if (strlen(text) == 3 && strcmp(text + 1, "xx") == 0) {
        a = (unsigned long)(text[0] - '0') * 100;
        b = a + 99;
    } else {
        if (text[0] < '1' || text[0] > '5') {
            return false;
        }
        a = strtoul(text, &end, 10);
        b = a;
        if (*end == '-' && end[1] >= '1' && end[1] <= '5') {
            b = strtoul(end + 1, &end, 10);
        }
        if (*end) {
            return false;
        }
    }
    *first = (unsigned)a;
    *last = (unsigned)b;
    return a >= 100 && b <= 599 && a <= b;
}

static bool read_list_status(struct reader *reader, const struct key *key,
                             const cJSON *item, size_t index, void *field)
{
    unsigned first = 0, last = 0;
    char text[32];

    (void)index;
    if (cJSON_IsString(item)) {
        snprintf(text, sizeof(text), "%s", item->valuestring);
    } else if (cJSON_IsNumber(item)) {
        snprintf(text, sizeof(text), "%.17g", item->valuedouble);
    } else {
        return value_wrong_type(reader, key, item);
    }
    if (!parse_statuses(text, &first, &last)) {
        struct error *error = refuse(reader, "\"%s\" is not a status", text);
        error_hint(error, "write 404, \"2xx\" or \"500-504\"");
        return false;
    }
    status_set_add(field, first, last);
    return true;
}

/* Methods are told apart by case: "post" is none that squall knows, and what
 * a rule would make of it is not what its writer thinks. */
static bool is_miswritten(const char *method, char *upper, size_t size)
{
    size_t length = strlen(method);
    if (length >= size || method_bit(method) != METHOD_OTHER) {
        return false;
    }
    for (size_t i = 0; i <= length; i++) {
        bool is_lower = method[i] >= 'a' && method[i] <= 'z';
        upper[i] = (char)(is_lower ? method[i] - 'a' + 'A' : method[i]);
    }
    return method_bit(upper) != METHOD_OTHER;
}

static bool read_list_method(struct reader *reader, const struct key *key,
                             const cJSON *item, size_t index, void *field)
{
    uint16_t *methods = field;
    char upper[16];
    (void)index;
    if (!cJSON_IsString(item) || !value_is_token(item->valuestring)) {
        return value_wrong_type(reader, key, item);
    }
    if (is_miswritten(item->valuestring, upper, sizeof(upper))) {
        struct error *error =
            refuse(reader, "\"%s\" is not a method", item->valuestring);
        error_hint(error, "did you mean \"%s\"?", upper);
        return false;
    }
    *methods = (uint16_t)(*methods | method_bit(item->valuestring));
    return true;
}

/* One bit a choice, that of its number. */
static bool read_list_choice(struct reader *reader, const struct key *key,
                             const cJSON *item, size_t index, void *field)
{
    uint32_t *bits = field;
    int chosen;
    (void)index;
    if (!cJSON_IsString(item)) {
        return value_wrong_type(reader, key, item);
    }
    if (!find_choice(reader, key->choices, item->valuestring, &chosen)) {
        return false;
    }
    must(chosen >= 0 && chosen < 32);
    *bits |= UINT32_C(1) << chosen;
    return true;
}

static bool read_duration_item(struct reader *reader, const cJSON *item,
                               struct duration *duration)
{
    static const struct key plain = {
        .path = "", .type = TYPE_DURATION, .max = "24h"};
    double number;
    uint64_t whole;
    return read_measure(reader, &plain, item, &number, &duration->ns, &whole);
}

static bool read_list_duration(struct reader *reader, const struct key *key,
                               const cJSON *item, size_t index, void *field)
{
    struct duration *durations = field;
    (void)key;
    return read_duration_item(reader, item, &durations[index]);
}

/* What is added may be negative: a spread to both sides. */
static bool read_list_added(struct reader *reader, const struct key *key,
                            const cJSON *item, size_t index, void *field)
{
    struct duration *range = field;
    if (!cJSON_IsString(item) || item->valuestring[0] != '-') {
        return read_list_duration(reader, key, item, index, field);
    }
    cJSON positive = {.type = cJSON_String,
                      .valuestring = item->valuestring + 1};
    if (!read_list_duration(reader, key, &positive, index, field)) {
        return false;
    }
    range[index].ns = -range[index].ns;
    return true;
}

static bool read_list_factor(struct reader *reader, const struct key *key,
                             const cJSON *item, size_t index, void *field)
{
    double *range = field;
    if (!cJSON_IsNumber(item)) {
        return value_wrong_type(reader, key, item);
    }
    if (item->valuedouble < 0 || item->valuedouble > 1000) {
        refuse(reader, "%g is not from 0 to 1000", item->valuedouble);
        return false;
    }
    range[index] = item->valuedouble;
    return true;
}

static bool pair_is_ordered(struct reader *reader, const struct key *key,
                            const cJSON *value, bool ordered)
{
    if (cJSON_GetArraySize(value) == 2 && ordered) {
        return true;
    }
    struct error *error =
        refuse(reader, "a range is two values, the lower one first");
    error_hint(error, "write %s", value_type_example(key->type));
    return false;
}

static bool read_mult_range(struct reader *reader, const struct key *key,
                            const cJSON *value, struct jitter_config *jitter)
{
    double range[2] = {0, 0};
    if (!read_each(reader, key, value, 2, read_list_factor, range) ||
        !pair_is_ordered(reader, key, value, range[0] <= range[1])) {
        return false;
    }
    jitter->mult_low = range[0];
    jitter->mult_high = range[1];
    return true;
}

static bool read_add_range(struct reader *reader, const struct key *key,
                           const cJSON *value, struct jitter_config *jitter)
{
    struct duration range[2] = {{0}, {0}};
    if (!read_each(reader, key, value, 2, read_list_added, range) ||
        !pair_is_ordered(reader, key, value, range[0].ns <= range[1].ns)) {
        return false;
    }
    jitter->add_low = range[0];
    jitter->add_high = range[1];
    return true;
}

/* A short name sets both ranges; the section form is left to its keys. */
static bool read_jitter(struct reader *reader, const struct key *key,
                        const cJSON *value, struct jitter_config *jitter)
{
    static const double lows[] = {1, 0, 0.5};
    int chosen = 0;

    *jitter = (struct jitter_config){.mult_low = 1, .mult_high = 1};
    if (cJSON_IsObject(value)) {
        return true;
    }
    if (!cJSON_IsString(value)) {
        return value_wrong_type(reader, key, value);
    }
    if (!find_choice(reader, key->choices, value->valuestring, &chosen)) {
        return false;
    }
    jitter->mult_low = lows[chosen];
    return true;
}

/* The list lies in the backoff that `field` is the list of. */
static bool read_backoff_list(struct reader *reader, const struct key *key,
                              const cJSON *value, void *field)
{
    struct backoff_config *backoff =
        (void *)((char *)field - offsetof(struct backoff_config, list));
    if (!read_each(reader, key, value, BACKOFF_LIST_MAX, read_list_duration,
                   backoff->list)) {
        return false;
    }
    backoff->list_count = (size_t)cJSON_GetArraySize(value);
    return true;
}

static bool read_integer_field(struct reader *reader, const struct key *key,
                               const cJSON *value, void *field)
{
    double number = 0;
    if (!read_number(reader, key, value, &number)) {
        return false;
    }
    if (key->type == TYPE_STATUS) {
        *(uint16_t *)field = (uint16_t)number;
    } else if (key->type == TYPE_INTEGER) {
        *(int *)field = (int)number;
    } else {
        *(double *)field = number;
    }
    return true;
}

static bool read_measure_field(struct reader *reader, const struct key *key,
                               const cJSON *value, void *field)
{
    double number = 0;
    uint64_t whole = 0;
    int64_t ns = 0;

    if (!read_measure(reader, key, value, &number, &ns, &whole)) {
        return false;
    }
    if (key->type == TYPE_DURATION) {
        *(struct duration *)field = (struct duration){ns};
    } else if (key->type == TYPE_UNSIGNED) {
        *(unsigned *)field = (unsigned)whole;
    } else if (key->type == TYPE_COUNT || key->type == TYPE_SIZE) {
        *(uint64_t *)field = whole;
    } else {
        *(double *)field = number;
    }
    return true;
}

static bool read_bool(struct reader *reader, const struct key *key,
                      const cJSON *value, void *field)
{
    if (!cJSON_IsBool(value)) {
        return value_wrong_type(reader, key, value);
    }
    if (key->type == TYPE_BOOL) {
        *(bool *)field = cJSON_IsTrue(value);
    } else {
        *(enum tristate *)field = cJSON_IsTrue(value) ? YES : NO;
    }
    return true;
}

static bool read_header_name(struct reader *reader, const struct key *key,
                             const cJSON *value, char *field)
{
    const char *text;
    if (!read_text(reader, key, value, &text)) {
        return false;
    }
    if (!value_is_token(text)) {
        refuse(reader, "\"%s\" is not a header name", text);
        return false;
    }
    snprintf(field, HINT_NAME_MAX, "%s", text);
    return true;
}

/* One end of a span: a duration, or a share with its sign. */
static bool parse_span_end(const char *text, struct fault_span *span,
                           double *end, const char **problem)
{
    struct duration duration;

    span->is_share = text[0] != '\0' && text[strlen(text) - 1] == '%';
    if (span->is_share) {
        return units_parse_ratio(text, end, problem);
    }
    if (!units_parse_duration(text, &duration, problem)) {
        return false;
    }
    *end = (double)duration.ns;
    return true;
}

/* One measure or two with ".." between; a zero is of any kind. */
static bool parse_span(const char *text, struct fault_span *span,
                       const char **problem)
{
    char low[64];
    const char *dots = strstr(text, "..");
    size_t length = dots ? (size_t)(dots - text) : strlen(text);
    struct fault_span end;

    if (length >= sizeof(low)) {
        *problem = "is too long";
        return false;
    }
    memcpy(low, text, length);
    low[length] = '\0';
    if (!parse_span_end(low, span, &span->low, problem)) {
        return false;
    }
    span->high = span->low;
    if (!dots) {
        return true;
    }
    if (!parse_span_end(dots + 2, &end, &span->high, problem)) {
        return false;
    }
    if (span->is_share != end.is_share && span->low != 0) {
        *problem = "goes from one kind of unit to another";
        return false;
    }
    span->is_share = end.is_share;
    *problem = "goes downwards";
    return span->low <= span->high;
}

static bool read_span(struct reader *reader, const struct key *key,
                      const cJSON *value, struct fault_span *span)
{
    const char *problem;
    char written[128];

    if (!cJSON_IsString(value)) {
        return value_wrong_type(reader, key, value);
    }
    const char *text = value->valuestring;
    if (!parse_span(text, span, &problem)) {
        struct error *error = refuse(reader, "\"%s\" %s", text, problem);
        error_hint(error, "write %s", value_type_example(key->type));
        return false;
    }
    snprintf(written, sizeof(written), "\"%s\"", text);
    if (!span->is_share) {
        return in_range(reader, key, span->high, written);
    }
    if (span->high > SPAN_SHARE_MAX) {
        struct error *error = refuse(reader, "%s is out of range", written);
        error_hint(error, "it must be at most %d%%", SPAN_SHARE_MAX * 100);
        return false;
    }
    return true;
}

bool value_read(struct reader *reader, const struct key *key,
                const cJSON *value, void *field)
{
    switch (key->type) {
    case TYPE_TEXT: case TYPE_NAME: case TYPE_FILE:
        return read_text(reader, key, value, field);
    case TYPE_HEADER_NAME:
        return read_header_name(reader, key, value, field);
    case TYPE_BODY:
        return read_body(reader, value, field);
    case TYPE_BOOL: case TYPE_TRISTATE:
        return read_bool(reader, key, value, field);
    case TYPE_COUNT: case TYPE_UNSIGNED: case TYPE_RATIO: case TYPE_RATE:
    case TYPE_DURATION: case TYPE_SIZE:
        return read_measure_field(reader, key, value, field);
    case TYPE_INTEGER: case TYPE_STATUS: case TYPE_NUMBER:
        return read_integer_field(reader, key, value, field);
    case TYPE_CHOICE:
        return read_choice(reader, key, value, field);
    case TYPE_TEXTS:
        return read_texts(reader, key, value, field);
    case TYPE_HEADERS:
        return read_headers(reader, key, value, field);
    case TYPE_MEMBERS:
        return read_members(reader, key, value, field);
    case TYPE_STATUSES:
        memset(field, 0, sizeof(struct status_set));
        return read_each(reader, key, value, 64, read_list_status, field);
    case TYPE_METHODS:
        *(uint16_t *)field = 0;
        return read_each(reader, key, value, 64, read_list_method, field);
    case TYPE_CHOICES:
        *(uint32_t *)field = 0;
        return read_each(reader, key, value, 64, read_list_choice, field);
    case TYPE_DURATIONS:
        return read_backoff_list(reader, key, value, field);
    case TYPE_TRANSITIONS:
        return value_read_transitions(reader, key, value, field);
    case TYPE_MULT_RANGE:
        return read_mult_range(reader, key, value, field);
    case TYPE_ADD_RANGE:
        return read_add_range(reader, key, value, field);
    case TYPE_JITTER:
        return read_jitter(reader, key, value, field);
    case TYPE_SPAN:
        return read_span(reader, key, value, field);
    case TYPE_SECTION: case TYPE_LIST: case TYPE_BACKOFF:
    case TYPE_CLASS_BACKOFF:
        break;
    }
    must_never("a section is no value");
    return false;
}
