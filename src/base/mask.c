#include "base/mask.h"

#include "base/escaped.h"
#include "base/must.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* -- names -- */

enum kind { KIND_PART, KIND_ENDING, KIND_WORD };

static const struct {
    enum kind kind;
    const char *text;
} names[] = {
#define SECRET_NAME(kind, text) {KIND_##kind, (text)},
#include "base/secret_name.def"
#undef SECRET_NAME
};

const char *mask_secret_name(size_t index)
{
    return index < array_length(names) ? names[index].text : NULL;
}

static bool ends_with(const char *name, size_t length, const char *ending)
{
    size_t its = strlen(ending);
    return its <= length && strncasecmp(name + length - its, ending, its) == 0;
}

static bool contains(const char *name, size_t length, const char *part)
{
    size_t its = strlen(part);
    for (size_t at = 0; at + its <= length; at++) {
        if (strncasecmp(name + at, part, its) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_last_word(const char *name, size_t length, const char *word)
{
    size_t its = strlen(word);
    return ends_with(name, length, word) &&
           (its == length || strchr("-_.", name[length - its - 1]));
}

bool mask_is_secret_name(const char *name, size_t length)
{
    for (size_t i = 0; i < array_length(names); i++) {
        const char *text = names[i].text;
        if (names[i].kind == KIND_PART ? contains(name, length, text)
            : names[i].kind == KIND_ENDING
                ? ends_with(name, length, text)
                : is_last_word(name, length, text)) {
            return true;
        }
    }
    return false;
}

/* -- values -- */

struct value {
    char *text;
    size_t length;
    size_t bare;  /* its bytes without backslashes */
    char *origin; /* NULL: none */
};

/* Longest first, so that what another one is a part of goes as a whole. */
static struct {
    size_t count, capacity;
    struct value *list;
} values;

static size_t bare_length(const char *text, size_t length)
{
    size_t bare = 0;
    for (size_t i = 0; i < length; i++) {
        bare += text[i] != '\\';
    }
    return bare;
}

static void insert(const char *text, size_t length, const char *origin)
{
    size_t at = 0;

    while (at < values.count && values.list[at].length >= length) {
        if (values.list[at].length == length &&
            memcmp(values.list[at].text, text, length) == 0) {
            return;
        }
        at++;
    }
    if (values.count == values.capacity) {
        values.capacity = values.capacity * 2 + 8;
        values.list =
            realloc(values.list, values.capacity * sizeof(*values.list));
        must(values.list);
    }
    memmove(&values.list[at + 1], &values.list[at],
            (values.count - at) * sizeof(*values.list));
    values.list[at] = (struct value){
        .text = strndup(text, length),
        .length = length,
        .bare = bare_length(text, length),
        .origin = origin ? strdup(origin) : NULL,
    };
    must(values.list[at].text && (!origin || values.list[at].origin));
    values.count++;
}

/* The ways in which a text may be written. Those have no origin: what would
 * be put in again is the value as it is. */
static void insert_encoded(const char *text, size_t length)
{
    struct str url = STR_INIT;
    struct str json = STR_INIT;

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (isalnum(c) || strchr("-._~", c)) {
            str_append_char(&url, text[i]);
        } else {
            str_printf(&url, "%%%02X", c);
        }
        if (c == '"' || c == '\\') {
            str_append_char(&json, '\\');
        }
        str_append_char(&json, text[i]);
    }
    if (url.length != length) {
        insert(url.text, url.length, NULL);
    }
    if (json.length != length) {
        insert(json.text, json.length, NULL);
    }
    str_release(&url);
    str_release(&json);
}

void mask_add(const char *value, size_t length, const char *origin)
{
    if (length < MASK_LENGTH_MIN || memchr(value, '\0', length)) {
        return;
    }
    insert(value, length, origin);
    insert_encoded(value, length);
}

static const struct value *value_at(const char *text, size_t left)
{
    for (size_t i = 0; i < values.count; i++) {
        const struct value *value = &values.list[i];
        if (value->length <= left && value->text[0] == text[0] &&
            memcmp(value->text, text, value->length) == 0) {
            return value;
        }
    }
    return NULL;
}

/* How much of a text, from here on, is a value, however often it was escaped
 * on its way; 0: nothing. Where the text ends within a value, `least` bytes or
 * more of it are one, too; SIZE_MAX: none are. */
static size_t masked_length_at(const char *text, size_t left, size_t least)
{
    for (size_t i = 0; i < values.count; i++) {
        const struct value *value = &values.list[i];
        bool is_cut = false;
        if (text[0] != value->text[0] && text[0] != '\\' &&
            value->text[0] != '\\') {
            continue;
        }
        if (value->bare < MASK_LENGTH_MIN) {
            if (value->length <= left &&
                memcmp(value->text, text, value->length) == 0) {
                return value->length;
            }
            continue;
        }
        size_t length =
            escaped_match(text, left, value->text, value->length, &is_cut);
        if (length > 0 && (!is_cut || length >= least)) {
            return length;
        }
    }
    return 0;
}

static void put_masked_values(const char *text, size_t length, struct str *out)
{
    for (size_t at = 0; at < length;) {
        size_t masked = masked_length_at(text + at, length - at, SIZE_MAX);
        if (masked > 0) {
            str_append(out, MASKED);
            at += masked;
        } else {
            str_append_char(out, text[at++]);
        }
    }
}

bool mask_has_values(void)
{
    return values.count > 0;
}

size_t mask_values_in_place(char *text, size_t length, bool is_cut)
{
    static const char masked[] = MASKED;
    size_t used = 0;

    for (size_t at = 0; at < length && values.count > 0;) {
        size_t taken = masked_length_at(text + at, length - at,
                                        is_cut ? 1 : MASK_LENGTH_MIN);
        if (taken == 0) {
            text[used++] = text[at++];
            continue;
        }
        /* Never longer than what it stands for: the end may be a byte. */
        at += taken;
        for (size_t i = 0; i < strlen(masked) && i < taken; i++) {
            text[used++] = masked[i];
        }
    }
    return values.count > 0 ? used : length;
}

/* The length of "${env:NAME}", which is no secret but the name of one; 0: it
 * is none. */
static size_t reference_length(const char *text)
{
    static const char open_mark[] = "${env:";
    const char *end = strncmp(text, open_mark, sizeof(open_mark) - 1) == 0
                          ? strchr(text, '}')
                          : NULL;
    return end ? (size_t)(end + 1 - text) : 0;
}

static bool has_reference(const char *text, size_t length)
{
    return memmem(text, length, "${env:", 6) != NULL;
}

bool mask_put_origins(struct str *text, bool *restorable)
{
    struct str out = STR_INIT;
    bool any = false;

    for (size_t at = 0; at < text->length && values.count > 0;) {
        size_t reference = reference_length(text->text + at);
        const struct value *value =
            reference ? NULL : value_at(text->text + at, text->length - at);
        if (!value) {
            size_t length = reference ? reference : 1;
            str_append_bytes(&out, text->text + at, length);
            at += length;
            continue;
        }
        any = true;
        *restorable = *restorable && value->origin;
        str_append(&out, value->origin ? value->origin : MASKED);
        at += value->length;
    }
    if (any) {
        str_release(text);
        *text = out;
    } else {
        str_release(&out);
    }
    return any;
}

char *mask_values(const char *bytes, size_t length, size_t *masked_length)
{
    bool any = false;

    for (size_t at = 0; at < length && values.count > 0 && !any; at++) {
        any = masked_length_at(bytes + at, length - at, SIZE_MAX) > 0;
    }
    if (!any) {
        return NULL;
    }
    struct str out = STR_INIT;
    put_masked_values(bytes, length, &out);
    *masked_length = out.length;
    return str_detach(&out);
}

/* -- URLs -- */

/* The length of the user and password at the begin of what follows "://",
 * with the "@"; 0: there are none. A password with a slash in it is no URL's,
 * but is one all the same. */
static size_t userinfo_length(const char *authority)
{
    size_t word = strcspn(authority, " \t\r\n\"'<>");
    size_t length = strcspn(authority, "/?# \t\r\n\"'<>");
    const char *at = memrchr(authority, '@', length);
    const char *colon = memchr(authority, ':', length);

    if (at) {
        return (size_t)(at - authority) + 1;
    }
    if (colon && authority[0] != '[') {
        size_t port = strspn(colon + 1, "0123456789");
        if (colon + 1 + port != authority + length) {
            at = memrchr(authority, '@', word);
        }
    }
    return at ? (size_t)(at - authority) + 1 : 0;
}

static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* "?name=value" and "&name=value" with a name that is secret. */
static size_t secret_pair(const char *text, size_t *value)
{
    size_t name = 1;

    while (is_name_character(text[name]) || text[name] == '.') {
        name++;
    }
    if (text[name] != '=' || !mask_is_secret_name(text + 1, name - 1)) {
        return 0;
    }
    *value = strcspn(text + name + 1, "&# \t\r\n\"'<>");
    return name + 1;
}

/* Whether a place whose content is secret begins here: how much of it stays,
 * and how long the secret behind that is. 0: none does. */
static size_t place_at(const char *text, size_t *secret)
{
    size_t kept = 0;

    if (strncmp(text, "://", 3) == 0) {
        size_t userinfo = userinfo_length(text + 3);
        kept = userinfo ? 3 : 0;
        *secret = userinfo ? userinfo - 1 : 0;
    } else if (*text == '?' || *text == '&') {
        kept = secret_pair(text, secret);
    }
    return kept && !has_reference(text + kept, *secret) ? kept : 0;
}

static char *mask_places(const char *text)
{
    struct str out = STR_INIT;

    while (*text) {
        size_t secret = 0;
        size_t kept = place_at(text, &secret);
        if (kept) {
            str_append_bytes(&out, text, kept);
            str_append(&out, MASKED);
            text += kept + secret;
        } else {
            str_append_char(&out, *text++);
        }
    }
    return str_detach(&out);
}

bool mask_finds(const char *text)
{
    for (size_t left = strlen(text); left > 0; text++, left--) {
        size_t secret = 0;
        if (masked_length_at(text, left, SIZE_MAX) > 0 ||
            place_at(text, &secret)) {
            return true;
        }
    }
    return false;
}

char *mask_text(const char *text)
{
    struct str out = STR_INIT;

    if (values.count == 0) {
        return mask_places(text);
    }
    put_masked_values(text, strlen(text), &out);
    char *masked = mask_places(out.text ? out.text : "");
    str_release(&out);
    return masked;
}

/* -- arguments -- */

/* Whether the name that ends before text[end] is secret. */
static bool secret_ends_at(const char *text, size_t end, bool is_path)
{
    while (end > 0 && strchr(" \t\"'\\])", text[end - 1])) {
        end--;
    }
    for (;;) {
        size_t start = end;
        while (start > 0 && is_name_character(text[start - 1])) {
            start--;
        }
        if (mask_is_secret_name(text + start, end - start)) {
            return true;
        }
        /* A path: what is below such a name is secret, too. */
        if (!is_path || start < 2 || text[start - 1] != '.') {
            return false;
        }
        end = start - 1;
    }
}

/* Whether a variable of the environment is set for a command there, as in
 * "PGPASS=x psql": what is in it is nobody's business. */
static bool assignment_ends_at(const char *text, size_t end)
{
    size_t start = end;
    while (start > 0 && (isupper((unsigned char)text[start - 1]) ||
                         isdigit((unsigned char)text[start - 1]) ||
                         text[start - 1] == '_')) {
        start--;
    }
    return start < end && !isdigit((unsigned char)text[start]) &&
           (start == 0 || strchr(" \t\"'=;", text[start - 1]));
}

/* Whether the word that ends before text[end] is an option whose value is
 * secret: --password, and -u of curl and its kin. */
static bool secret_option_ends_at(const char *text, size_t end)
{
    static const char *const users[] = {"-u", "--user", "--proxy-user",
                                        "--bearer"};
    size_t start = end;
    while (start > 0 && !strchr(" \t\"'", text[start - 1])) {
        start--;
    }
    size_t length = end - start;
    for (size_t i = 0; i < array_length(users); i++) {
        if (strlen(users[i]) == length &&
            memcmp(users[i], text + start, length) == 0) {
            return true;
        }
    }
    return length > 2 && text[start] == '-' &&
           mask_is_secret_name(text + start, length);
}

bool mask_is_secret_option(const char *word)
{
    return secret_option_ends_at(word, strlen(word));
}

static bool begins_secret(const char *text, size_t at)
{
    if (text[at] == ' ') {
        return secret_option_ends_at(text, at);
    }
    static const char user[] = "target.user";
    size_t length = sizeof(user) - 1;
    bool is_user = text[at] == '=' && at >= length &&
                   memcmp(text + at - length, user, length) == 0;
    return is_user ||
           (text[at] == '=' && (secret_option_ends_at(text, at) ||
                                assignment_ends_at(text, at))) ||
           ((text[at] == ':' || text[at] == '=') &&
            secret_ends_at(text, at, text[at] == '='));
}

/* Where what is secret in an argument begins; its length: nowhere. */
static size_t find_secret(const char *argument)
{
    if (argument[0] == '-' && argument[1] == 'u' && argument[2] &&
        argument[2] != ' ') {
        return 2; /* -uname:password */
    }
    /* The host of a URL may well be called token-service: only what follows
     * its "?" is name and value. */
    size_t at = 0;
    if (strncasecmp(argument, "http://", 7) == 0 ||
        strncasecmp(argument, "https://", 8) == 0) {
        at = strcspn(argument, "?");
    }
    while (argument[at] && !begins_secret(argument, at)) {
        at++;
    }
    return argument[at] ? at + 1 : at;
}

char *mask_argument(const char *argument)
{
    size_t at = find_secret(argument);
    struct str kept = STR_INIT;

    if (!argument[at]) {
        return mask_text(argument);
    }
    str_append_bytes(&kept, argument, at);
    str_append(&kept, argument[at - 1] == ':' ? " " MASKED : MASKED);
    char *masked = mask_text(kept.text);
    str_release(&kept);
    return masked;
}

static void add_value(const char *value, size_t length)
{
    if ((length == strlen(MASKED) && memcmp(value, MASKED, length) == 0) ||
        memmem(value, length, "${env:", 6) || memmem(value, length, "{{", 2)) {
        return;
    }
    mask_add(value, length, NULL);
}

/* The value of a header, and what follows the scheme in it, as in "Bearer x".
 */
static void add_header_value(const char *value)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz-";
    size_t scheme = strspn(value, letters);

    add_value(value, strlen(value));
    if (scheme > 0 && value[scheme] == ' ') {
        value += scheme + strspn(value + scheme, " ");
        add_value(value, strlen(value));
    }
}

/* What follows a name, a mark and perhaps blanks: a text in quotes, a word, or
 * after a colon all the rest. */
static void add_rest(const char *rest, char mark)
{
    rest += strspn(rest, " \t");
    rest += *rest == '\\';
    if (*rest == '"' || *rest == '\'') {
        const char *end = strchr(rest + 1, *rest);
        size_t length = end ? (size_t)(end - rest - 1) : strlen(rest + 1);
        while (length > 0 && rest[length] == '\\') {
            length--;
        }
        add_value(rest + 1, length);
    } else if (mark == ':') {
        add_header_value(rest);
    } else {
        add_value(rest, strcspn(rest, " \t\"'&;,"));
        add_header_value(rest);
    }
}

void mask_add_named(const char *name, const char *value)
{
    if (mask_is_secret_name(name, strlen(name))) {
        add_header_value(value);
    }
}

void mask_add_user(const char *text, size_t length)
{
    const char *colon = memchr(text, ':', length);

    mask_add(text, length, NULL);
    if (colon) {
        mask_add(colon + 1, length - (size_t)(colon + 1 - text), NULL);
    }
}

void mask_add_from_argument(const char *argument)
{
    size_t at = find_secret(argument);
    size_t value = 0, kept = 0;

    if (argument[at]) {
        add_rest(argument + at, argument[at - 1]);
    }
    for (const char *c = argument; *c; c++) {
        if (strncmp(c, "://", 3) == 0 && (value = userinfo_length(c + 3))) {
            mask_add_user(c + 3, value - 1);
        } else if ((*c == '?' || *c == '&') &&
                   (kept = secret_pair(c, &value))) {
            add_value(c + kept, value);
        }
    }
    /* A URL or a proxy without a scheme. */
    const char *user = strchr(argument, ':');
    const char *end = user ? strchr(user, '@') : NULL;
    if (end && argument[0] != '-' && !strstr(argument, "://") &&
        !memchr(argument, ' ', (size_t)(end - argument)) &&
        !memchr(argument, '/', (size_t)(user - argument))) {
        mask_add_user(argument, (size_t)(end - argument));
    }
}

char *mask_argument_after(const char *before, const char *argument)
{
    if (!before || !mask_is_secret_option(before)) {
        return mask_argument(argument);
    }
    char *masked = strdup(MASKED);
    must(masked);
    return masked;
}
