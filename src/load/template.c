#include "load/template.h"

#include "base/hash.h"
#include "base/must.h"
#include "base/rng.h"
#include "policy/key.h"

#include <string.h>

enum placeholder {
    PLACEHOLDER_TEXT, /* no placeholder: the literal text around them */
#define PLACEHOLDER(id, name, sentence) PLACEHOLDER_##id,
#include "load/placeholder.def"
#undef PLACEHOLDER
    PLACEHOLDER_VALUE, /* ${env:NAME} */
};

static const char *const placeholder_names[] = {
    [PLACEHOLDER_TEXT] = "",
#define PLACEHOLDER(id, name, sentence) [PLACEHOLDER_##id] = (name),
#include "load/placeholder.def"
#undef PLACEHOLDER
};

static const char unknown_placeholder[] = "no such placeholder; write one of"
#define PLACEHOLDER(id, name, sentence) " {{" name "}}"
#include "load/placeholder.def"
#undef PLACEHOLDER
                                          ", or {{{{ for a plain {{";

enum {
    DECIMAL_MAX = 20, /* digits of UINT64_MAX; also of INT64_MIN with sign */
    ATTEMPT_DIGITS_MAX = 10,
    OPERATION_ID_MAX = 10 + 1 + DECIMAL_MAX,
    UUID_LENGTH = 36,
};

struct template_piece {
    enum placeholder placeholder;
    const char *text;      /* PLACEHOLDER_TEXT, PLACEHOLDER_VALUE */
    size_t length;         /* PLACEHOLDER_TEXT, PLACEHOLDER_VALUE */
    const char *reference; /* PLACEHOLDER_VALUE: how it stands in the source */
    size_t reference_length;
    int64_t low;   /* PLACEHOLDER_RAND */
    uint64_t span; /* PLACEHOLDER_RAND: high - low */
    uint64_t salt; /* PLACEHOLDER_RAND, PLACEHOLDER_UUID: distinguishes
                      placeholders */
};

/* A compilation under way. */
struct compiler {
    struct template *template;
    struct arena *arena;
    const struct template_values *values; /* NULL: none */
    const char *text;
    size_t length;
    uint64_t salt; /* of the whole text, so that the placeholders of two
                    * templates differ too */
    char *literal; /* where the next literal byte goes */
};

static size_t count_openings(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i + 1 < length; i++) {
        if ((text[i] == '{' || text[i] == '$') && text[i + 1] == '{') {
            count++;
        }
    }
    return count;
}

static void add_literal(struct compiler *compiler, const char *text,
                        size_t length)
{
    struct template *template = compiler->template;
    struct template_piece *pieces = template->pieces;

    if (length == 0) {
        return;
    }
    if (template->count == 0 ||
        pieces[template->count - 1].placeholder != PLACEHOLDER_TEXT) {
        pieces[template->count++] =
            (struct template_piece){.text = compiler->literal};
    }
    memcpy(compiler->literal, text, length);
    compiler->literal += length;
    pieces[template->count - 1].length += length;
    template->length_max += length;
    template->shown_max += length;
}

/* Reads a whole number, at most `end`; NULL when there is none or it does not
 * fit. Returns where it ends. */
static const char *parse_whole(const char *at, const char *end, int64_t *value)
{
    bool is_negative = at < end && *at == '-';
    const char *digits = is_negative ? at + 1 : at;

    *value = 0;
    for (at = digits; at < end && *at >= '0' && *at <= '9'; at++) {
        int digit = is_negative ? '0' - *at : *at - '0';
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, digit, value)) {
            return NULL;
        }
    }
    return at == digits ? NULL : at;
}

static size_t decimal_length(int64_t value)
{
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    size_t length = value < 0 ? 2 : 1;

    while (rest >= 10) {
        rest /= 10;
        length++;
    }
    return length;
}

/* Parses "A:B"; returns NULL or what is wrong. */
static const char *parse_rand(struct template_piece *piece, const char *at,
                              const char *end)
{
    int64_t high;

    at = parse_whole(at, end, &piece->low);
    if (at && at < end && *at == ':') {
        at = parse_whole(at + 1, end, &high);
        if (at == end) {
            piece->span = (uint64_t)high - (uint64_t)piece->low;
            return high >= piece->low
                       ? NULL
                       : "the bounds of rand are the wrong way round; write "
                         "the smaller one first";
        }
    }
    return "rand takes two whole numbers, as in {{rand:1:100}}";
}

static size_t placeholder_length_max(const struct template_piece *piece)
{
    switch (piece->placeholder) {
    case PLACEHOLDER_TEXT:
    case PLACEHOLDER_VALUE:
        break;
    case PLACEHOLDER_OP_ID:
        return OPERATION_ID_MAX;
    case PLACEHOLDER_OP_SEQ:
    case PLACEHOLDER_CLIENT:
        return DECIMAL_MAX;
    case PLACEHOLDER_ATTEMPT:
    case PLACEHOLDER_RETRY:
    case PLACEHOLDER_RETRY_IF_ANY:
    case PLACEHOLDER_MAX_ATTEMPTS:
        return ATTEMPT_DIGITS_MAX;
    case PLACEHOLDER_KEY:
        return KEY_MAX;
    case PLACEHOLDER_UUID:
        return UUID_LENGTH;
    case PLACEHOLDER_TRACE_ID:
        return TRACE_ID_LENGTH;
    case PLACEHOLDER_SPAN_ID:
        return SPAN_ID_LENGTH;
    case PLACEHOLDER_RAND: {
        size_t low = decimal_length(piece->low);
        size_t high =
            decimal_length((int64_t)((uint64_t)piece->low + piece->span));
        return low > high ? low : high;
    }
    }
    return 0;
}

/* Adds the placeholder of this name; returns NULL or what is wrong. */
static const char *add_placeholder(struct compiler *compiler, const char *name,
                                   size_t length)
{
    static const char rand_prefix[] = "rand:";
    const size_t prefix_length = sizeof(rand_prefix) - 1;
    struct template *template = compiler->template;
    struct template_piece piece = {
        .salt = mix64(compiler->salt + template->count)};

    if (length >= prefix_length &&
        memcmp(name, rand_prefix, prefix_length) == 0) {
        const char *problem =
            parse_rand(&piece, name + prefix_length, name + length);
        if (problem) {
            return problem;
        }
        piece.placeholder = PLACEHOLDER_RAND;
    }
    for (size_t i = 1;
         i < array_length(placeholder_names) && !piece.placeholder; i++) {
        if (i != PLACEHOLDER_RAND && strlen(placeholder_names[i]) == length &&
            memcmp(placeholder_names[i], name, length) == 0) {
            piece.placeholder = (enum placeholder)i;
        }
    }
    if (piece.placeholder == PLACEHOLDER_TEXT) {
        return unknown_placeholder;
    }
    template->pieces[template->count++] = piece;
    template->length_max += placeholder_length_max(&piece);
    template->shown_max += placeholder_length_max(&piece);
    template->is_constant = false;
    template->uses_key |= piece.placeholder == PLACEHOLDER_KEY;
    template->uses_trace |= piece.placeholder == PLACEHOLDER_TRACE_ID ||
                            piece.placeholder == PLACEHOLDER_SPAN_ID;
    template->uses_client |= piece.placeholder == PLACEHOLDER_CLIENT;
    template->uses_attempt |= piece.placeholder == PLACEHOLDER_ATTEMPT ||
                              piece.placeholder == PLACEHOLDER_SPAN_ID ||
                              piece.placeholder == PLACEHOLDER_RETRY ||
                              piece.placeholder == PLACEHOLDER_RETRY_IF_ANY;
    return NULL;
}

/* Compiles the placeholder whose name starts at `at`; sets *at past its end.
 * Returns NULL or what is wrong. Blanks around the name are allowed. */
static const char *compile_placeholder(struct compiler *compiler, size_t *at)
{
    size_t start = *at;
    size_t end = start;

    while (end + 1 < compiler->length &&
           !(compiler->text[end] == '}' && compiler->text[end + 1] == '}')) {
        end++;
    }
    if (end + 1 >= compiler->length) {
        return "a placeholder is not closed; write }} after its name, or "
               "{{{{ for a plain {{";
    }
    *at = end + 2;
    while (start < end && compiler->text[start] == ' ') {
        start++;
    }
    while (end > start && compiler->text[end - 1] == ' ') {
        end--;
    }
    return add_placeholder(compiler, compiler->text + start, end - start);
}

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c && strchr("-._~*", c));
}

static bool is_sendable(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '#';
}

void template_encode(struct str *out, const char *value,
                     enum template_encoding encoding)
{
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        if (encoding == TEMPLATE_FORM && c == ' ') {
            str_append_char(out, '+');
        } else if ((encoding == TEMPLATE_URL && !is_sendable(c)) ||
                   (encoding == TEMPLATE_FORM && !is_unreserved(c))) {
            str_printf(out, "%%%02X", c);
        } else if (encoding == TEMPLATE_JSON && (c == '"' || c == '\\')) {
            str_printf(out, "\\%c", c);
        } else if (encoding == TEMPLATE_JSON && c < ' ') {
            str_printf(out, "\\u%04x", c);
        } else {
            str_append_char(out, *value);
        }
    }
}

static const char value_open[] = "${env:";

static bool is_value(const struct compiler *compiler, size_t at)
{
    size_t length = sizeof(value_open) - 1;
    return compiler->values && compiler->length - at > length &&
           memcmp(compiler->text + at, value_open, length) == 0;
}

/* "$${env:" is no value, and stands for what follows its first "$". */
static bool is_no_value(const struct compiler *compiler, size_t at)
{
    return compiler->text[at] == '$' && compiler->length - at > 1 &&
           is_value(compiler, at + 1);
}

/* Adds the value whose reference starts at `at`; sets *at past its end.
 * Returns NULL or what is wrong. */
static const char *compile_value(struct compiler *compiler, size_t *at)
{
    struct template *template = compiler->template;
    const char *reference = compiler->text + *at;
    const char *name = reference + sizeof(value_open) - 1;
    const char *end =
        memchr(name, '}', compiler->length - *at - (sizeof(value_open) - 1));
    struct str text = STR_INIT;

    if (!end) {
        return "it has no closing brace; write ${env:NAME}";
    }
    const char *value = compiler->values->find(name, (size_t)(end - name));
    if (!value) {
        return "the environment has no such variable";
    }
    template_encode(&text, value, compiler->values->encoding);
    struct template_piece piece = {
        .placeholder = PLACEHOLDER_VALUE,
        .text = arena_strndup(compiler->arena, text.text ? text.text : "",
                              text.length),
        .length = text.length,
        .reference_length = (size_t)(end + 1 - reference),
    };
    piece.reference =
        arena_strndup(compiler->arena, reference, piece.reference_length);
    template->pieces[template->count++] = piece;
    template->length_max += piece.length;
    template->shown_max += piece.reference_length;
    template->uses_values = true;
    template->value_count++;
    template->encoding = compiler->values->encoding;
    template->encodes_values |= strcmp(value, piece.text) != 0;
    *at += piece.reference_length;
    str_release(&text);
    return NULL;
}

/* A placeholder, a value or a pair of braces at `at`, which is set past its
 * end. */
static const char *compile_mark(struct compiler *compiler, size_t *at)
{
    if (is_no_value(compiler, *at)) {
        add_literal(compiler, value_open, sizeof(value_open) - 1);
        *at += sizeof(value_open);
        return NULL;
    }
    if (is_value(compiler, *at)) {
        return compile_value(compiler, at);
    }
    if (compiler->length - *at >= 4 &&
        memcmp(compiler->text + *at, "{{{{", 4) == 0) {
        add_literal(compiler, "{{", 2);
        *at += 4;
        return NULL;
    }
    *at += 2;
    return compile_placeholder(compiler, at);
}

static void begin(struct compiler *compiler, size_t openings)
{
    struct template *template = compiler->template;

    *template = (struct template){.is_constant = true};
    template->pieces = arena_array(compiler->arena, 2 * openings + 1,
                                   sizeof(*template->pieces));
    compiler->literal = arena_alloc(compiler->arena, compiler->length);
}

bool template_compile_with(struct template *template, struct arena *arena,
                           const char *text, size_t length,
                           const struct template_values *values,
                           const char **problem, size_t *problem_at)
{
    struct compiler compiler = {
        .template = template,
        .arena = arena,
        .values = values,
        .text = text,
        .length = length,
        .salt = hash_bytes(text, length).low,
    };
    size_t literal_start = 0;
    size_t at = 0;

    begin(&compiler, count_openings(text, length));
    while (at + 1 < length) {
        if ((text[at] != '{' || text[at + 1] != '{') &&
            !is_value(&compiler, at) && !is_no_value(&compiler, at)) {
            at++;
            continue;
        }
        add_literal(&compiler, text + literal_start, at - literal_start);
        *problem_at = at;
        *problem = compile_mark(&compiler, &at);
        if (*problem) {
            return false;
        }
        literal_start = at;
    }
    add_literal(&compiler, text + literal_start, length - literal_start);
    return true;
}

bool template_compile(struct template *template, struct arena *arena,
                      const char *text, size_t length, const char **problem,
                      size_t *problem_at)
{
    return template_compile_with(template, arena, text, length, NULL, problem,
                                 problem_at);
}

void template_compile_plain(struct template *template, struct arena *arena,
                            const char *text, size_t length)
{
    struct compiler compiler = {
        .template = template, .arena = arena, .text = text, .length = length};

    begin(&compiler, 0);
    add_literal(&compiler, text, length);
}

bool template_has(const struct template *template,
                  bool (*is_bad)(unsigned char byte))
{
    for (size_t i = 0; i < template->count; i++) {
        const struct template_piece *piece = &template->pieces[i];
        for (size_t j = 0; piece->text && j < piece->length; j++) {
            if (is_bad((unsigned char)piece->text[j])) {
                return true;
            }
        }
    }
    return false;
}

static char *put_decimal(char *out, uint64_t value)
{
    char digits[DECIMAL_MAX];
    size_t first = sizeof(digits);

    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    size_t length = sizeof(digits) - first;
    memcpy(out, digits + first, length);
    return out + length;
}

/* A draw that depends on who asks and on the placeholder alone, so that a
 * retry repeats it and another placeholder does not move it. */
static char *put_random(char *out, const struct template_piece *piece,
                        const struct template_subject *subject)
{
    struct rng rng = rng_stream(subject->seed ^ piece->salt, RNG_TEMPLATE,
                                subject->operation);
    uint64_t draw = piece->span == UINT64_MAX
                        ? rng_next(&rng)
                        : rng_below(&rng, piece->span + 1);
    int64_t value = (int64_t)((uint64_t)piece->low + draw);

    if (value < 0) {
        *out++ = '-';
        return put_decimal(out, 0 - (uint64_t)value);
    }
    return put_decimal(out, (uint64_t)value);
}

static char *put_key(char *out, const struct template_subject *subject)
{
    if (!subject->key) {
        return out;
    }
    must(subject->key_length <= KEY_MAX);
    memcpy(out, subject->key, subject->key_length);
    return out + subject->key_length;
}

static char *put_retry(char *out, const struct template_subject *subject)
{
    must(subject->attempt > 0);
    return put_decimal(out, subject->attempt - 1);
}

static char *put_piece(char *out, const struct template_piece *piece,
                       const struct template_subject *subject)
{
    char scratch[OPERATION_ID_MAX + 1];

    switch (piece->placeholder) {
    case PLACEHOLDER_TEXT:
    case PLACEHOLDER_VALUE:
        memcpy(out, piece->text, piece->length);
        return out + piece->length;
    case PLACEHOLDER_OP_ID: {
        size_t length = key_operation_id(subject->run, subject->operation,
                                         scratch, sizeof(scratch));
        memcpy(out, scratch, length);
        return out + length;
    }
    case PLACEHOLDER_OP_SEQ:
        return put_decimal(out, subject->operation);
    case PLACEHOLDER_ATTEMPT:
        return put_decimal(out, subject->attempt);
    case PLACEHOLDER_RETRY:
        return put_retry(out, subject);
    case PLACEHOLDER_RETRY_IF_ANY:
        return subject->attempt == 1 ? out : put_retry(out, subject);
    case PLACEHOLDER_MAX_ATTEMPTS:
        return put_decimal(out, subject->max_attempts);
    case PLACEHOLDER_KEY:
        return put_key(out, subject);
    case PLACEHOLDER_UUID:
        /* Writes its NUL one past the UUID: there is always room for one,
         * since size > length_max. */
        key_uuid4(subject->run, subject->operation, piece->salt, out);
        return out + UUID_LENGTH;
    case PLACEHOLDER_TRACE_ID: /* as above */
        key_trace_id(subject->run, subject->operation, out);
        return out + TRACE_ID_LENGTH;
    case PLACEHOLDER_SPAN_ID:
        key_span_id(subject->run, subject->operation, subject->attempt, out);
        return out + SPAN_ID_LENGTH;
    case PLACEHOLDER_RAND:
        return put_random(out, piece, subject);
    case PLACEHOLDER_CLIENT:
        return put_decimal(out, subject->client);
    }
    return out;
}

size_t template_fill(const struct template *template,
                     const struct template_subject *subject, char *out,
                     size_t size)
{
    char *end = out;

    must(size > template->length_max);
    for (size_t i = 0; i < template->count; i++) {
        end = put_piece(end, &template->pieces[i], subject);
    }
    *end = '\0';
    return (size_t)(end - out);
}

size_t template_show(const struct template *template,
                     const struct template_subject *subject, char *out,
                     size_t size)
{
    char *end = out;

    must(size > template->shown_max);
    for (size_t i = 0; i < template->count; i++) {
        const struct template_piece *piece = &template->pieces[i];
        if (piece->placeholder == PLACEHOLDER_VALUE) {
            memcpy(end, piece->reference, piece->reference_length);
            end += piece->reference_length;
        } else {
            end = put_piece(end, piece, subject);
        }
    }
    *end = '\0';
    return (size_t)(end - out);
}
