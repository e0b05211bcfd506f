#include "import/secrets.h"

#include "base/mask.h"
#include "base/must.h"
#include "import/import.h"
#include "import/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    ELSEWHERE_MIN = 8, /* shorter values stand in any text */
    SCHEME_MIN = 12,   /* in a text, what follows a "Basic" may be a word */
    NUMBER_MAX = 10000
};

/* Bytes of a text that are one secret. */
struct region {
    size_t at, length;
    const char *name; /* that says so; not NUL-terminated */
    size_t name_length;
};

void secrets_release(struct secrets *secrets)
{
    for (size_t i = 0; i < secrets->count; i++) {
        free(secrets->list[i].value);
        free(secrets->list[i].variable);
        free(secrets->list[i].what);
    }
    free(secrets->list);
    *secrets = (struct secrets)SECRETS_INIT;
}

static bool is_variable_taken(const struct secrets *secrets, const char *name)
{
    for (size_t i = 0; i < secrets->count; i++) {
        if (strcmp(secrets->list[i].variable, name) == 0) {
            return true;
        }
    }
    return false;
}

static char *new_variable(const struct secrets *secrets, const char *name,
                          size_t length)
{
    struct str variable = STR_INIT;

    for (int number = 1; number < NUMBER_MAX; number++) {
        str_reset(&variable);
        text_append_variable(&variable, name, length);
        if (number > 1) {
            str_printf(&variable, "_%d", number);
        }
        if (!is_variable_taken(secrets, variable.text)) {
            break;
        }
    }
    return str_detach(&variable);
}

static const struct secret *find_value(const struct secrets *secrets,
                                       const char *value, size_t length)
{
    for (size_t i = 0; i < secrets->count; i++) {
        if (secrets->list[i].value && secrets->list[i].length == length &&
            memcmp(secrets->list[i].value, value, length) == 0) {
            return &secrets->list[i];
        }
    }
    return NULL;
}

static char *copied(const char *text, size_t length)
{
    struct str copy = STR_INIT;
    str_append_bytes(&copy, text, length);
    return str_detach(&copy);
}

static struct secret *added(struct secrets *secrets)
{
    if (secrets->count == secrets->capacity) {
        secrets->capacity = secrets->capacity ? secrets->capacity * 2 : 16;
        secrets->list =
            realloc(secrets->list, secrets->capacity * sizeof(*secrets->list));
        must(secrets->list);
    }
    return &secrets->list[secrets->count++];
}

const char *secrets_variable(struct secrets *secrets, const char *name,
                             size_t name_length, const char *value,
                             size_t length)
{
    const struct secret *known = find_value(secrets, value, length);

    if (known) {
        return known->variable;
    }
    mask_add(value, length, NULL);
    char *variable = new_variable(secrets, name, name_length);
    *added(secrets) = (struct secret){
        .value = copied(value, length),
        .variable = variable,
        .what = copied(name, name_length),
        .length = length,
    };
    return variable;
}

void secrets_find_variables(struct secrets *secrets, const char *text,
                            size_t length)
{
    const char *end = text + length;
    const char *open, *close;

    while (
        (open = memchr(text, IMPORT_VARIABLE_OPEN, (size_t)(end - text))) &&
        (close = memchr(open, IMPORT_VARIABLE_CLOSE, (size_t)(end - open)))) {
        char *name = copied(open + 1, (size_t)(close - open) - 1);
        if (is_variable_taken(secrets, name)) {
            free(name);
        } else {
            *added(secrets) = (struct secret){.variable = name};
        }
        text = close + 1;
    }
}

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* The name that stands before a value: the word before quotes, blanks and
 * what separates them. */
static void name_region(const char *text, struct region *region)
{
    size_t end = region->at;

    while (end > 0 && !is_name_byte(text[end - 1])) {
        end--;
    }
    size_t start = end;
    while (start > 0 && is_name_byte(text[start - 1])) {
        start--;
    }
    region->name = text + start;
    region->name_length = end - start;
}

/* Words of JSON, what the shell puts in, and what is no credential though a
 * scheme's word stands before it. */
static bool is_no_secret(const char *text, const struct region *region)
{
    static const char *const words[] = {"null", "true", "false", "[]", "{}"};
    const char *value = text + region->at;
    size_t length = region->length;

    for (size_t i = 0; i < array_length(words); i++) {
        if (strlen(words[i]) == length &&
            memcmp(value, words[i], length) == 0) {
            return true;
        }
    }
    bool is_scheme = (region->name_length == 5 &&
                      strncasecmp(region->name, "basic", 5) == 0) ||
                     (region->name_length == 6 &&
                      strncasecmp(region->name, "bearer", 6) == 0);
    if (is_scheme && length < SCHEME_MIN) {
        return true;
    }
    const char *close = memchr(value, IMPORT_VARIABLE_CLOSE, length);
    return length > 0 && value[0] == IMPORT_VARIABLE_OPEN &&
           close == value + length - 1;
}

/* The next region at or after *at of what mask_named_values masks. */
static bool next_region(const char *text, const char *masked, size_t length,
                        size_t *at, struct region *region)
{
    while (*at < length && text[*at] == masked[*at]) {
        ++*at;
    }
    if (*at == length) {
        return false;
    }
    size_t end = *at + 1;
    for (size_t next = end; next < length; next++) {
        if (masked[next] == '*') {
            end = next + 1;
        } else if (text[next] != ' ') {
            break;
        }
    }
    *region = (struct region){.at = *at, .length = end - *at};
    name_region(text, region);
    *at = end;
    return true;
}

/* The part of a header's value that is secret: all of it, or what follows the
 * word of a scheme. False: its name says nothing. */
static bool region_of_header(const char *name, const char *text, size_t length,
                             struct region *region)
{
    bool names_scheme =
        strlen(name) >= 13 &&
        strcasecmp(name + strlen(name) - 13, "authorization") == 0;
    const char *blank = names_scheme ? memchr(text, ' ', length) : NULL;
    size_t at = blank ? (size_t)(blank - text) + 1 : 0;

    *region = (struct region){at, length - at, name, strlen(name)};
    return mask_is_secret_name(name, strlen(name));
}

/* Calls `each` for every region of a text. */
static void for_regions(const char *name, const char *text, size_t length,
                        void (*each)(void *, const char *,
                                     const struct region *),
                        void *context)
{
    struct region region;
    size_t at = 0;

    if (name && region_of_header(name, text, length, &region)) {
        if (region.length > 0 && !is_no_secret(text, &region)) {
            each(context, text, &region);
        }
        return;
    }
    char *masked = copied(text, length);
    mask_named_values(masked, length);
    while (next_region(text, masked, length, &at, &region)) {
        if (!is_no_secret(text, &region)) {
            each(context, text, &region);
        }
    }
    free(masked);
}

static void note_region(void *context, const char *text,
                        const struct region *region)
{
    secrets_variable(context, region->name, region->name_length,
                     text + region->at, region->length);
}

void secrets_find(struct secrets *secrets, const char *name, const char *text,
                  size_t length)
{
    for_regions(name, text, length, note_region, secrets);
}

/* A text that is being written. */
struct writing {
    struct secrets *secrets;
    struct str *out;
    size_t done; /* of the text */
    const char *text;
};

/* The first place of any known value in bytes; their end where there is none.
 */
static const char *find_known(const struct secrets *secrets, const char *from,
                              const char *end, const struct secret **found)
{
    const char *first = end;

    for (size_t i = 0; i < secrets->count; i++) {
        const struct secret *secret = &secrets->list[i];
        const char *at = secret->value && secret->length >= ELSEWHERE_MIN
                             ? memmem(from, (size_t)(end - from),
                                      secret->value, secret->length)
                             : NULL;
        if (at && at < first) {
            first = at;
            *found = secret;
        }
    }
    return first;
}

/* What lies between regions: known values may stand there, too. */
static void write_between(struct writing *writing, size_t to)
{
    const char *at = writing->text + writing->done;
    const char *end = writing->text + to;

    while (at < end) {
        const struct secret *secret = NULL;
        const char *known = find_known(writing->secrets, at, end, &secret);
        text_append_template(writing->out, at, (size_t)(known - at));
        at = known;
        if (secret) {
            str_printf(writing->out, "${env:%s}", secret->variable);
            at += secret->length;
        }
    }
    writing->done = to;
}

static void write_region(void *context, const char *text,
                         const struct region *region)
{
    struct writing *writing = context;

    write_between(writing, region->at);
    str_printf(writing->out, "${env:%s}",
               secrets_variable(writing->secrets, region->name,
                                region->name_length, text + region->at,
                                region->length));
    writing->done = region->at + region->length;
}

void secrets_write(struct secrets *secrets, struct str *out, const char *name,
                   const char *text, size_t length)
{
    struct writing writing = {secrets, out, 0, text};

    for_regions(name, text, length, write_region, &writing);
    write_between(&writing, length);
}
