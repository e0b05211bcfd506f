#include "load/template.h"

#include "base/hash.h"
#include "base/must.h"
#include "base/rng.h"
#include "policy/key.h"

#include <string.h>

enum hole {
    HOLE_TEXT, /* no hole: the literal text around them */
#define HOLE(id, name, sentence) HOLE_##id,
#include "load/hole.def"
#undef HOLE
};

static const char *const hole_names[] = {
    [HOLE_TEXT] = "",
#define HOLE(id, name, sentence) [HOLE_##id] = (name),
#include "load/hole.def"
#undef HOLE
};

static const char unknown_hole[] =
    "no such hole; write one of"
#define HOLE(id, name, sentence) " {{" name "}}"
#include "load/hole.def"
#undef HOLE
    ", or {{{{ for a plain {{";

enum {
    DECIMAL_MAX = 20, /* digits of UINT64_MAX; also of INT64_MIN with sign */
    ATTEMPT_DIGITS_MAX = 10,
    OPERATION_ID_MAX = 10 + 1 + DECIMAL_MAX,
    UUID_LENGTH = 36,
};

struct template_piece {
    enum hole hole;
    const char *text; /* HOLE_TEXT */
    size_t length;    /* HOLE_TEXT */
    int64_t low;      /* HOLE_RAND */
    uint64_t span;    /* HOLE_RAND: high - low */
    uint64_t salt;    /* HOLE_RAND, HOLE_UUID: tells holes apart */
};

/* A compilation under way. */
struct compiler {
    struct template *template;
    const char *text;
    size_t length;
    uint64_t salt; /* of the whole text, so that the holes of two templates
                    * differ too */
    char *literal; /* where the next literal byte goes */
};

static size_t count_openings(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i + 1 < length; i++) {
        if (text[i] == '{' && text[i + 1] == '{') {
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
        pieces[template->count - 1].hole != HOLE_TEXT) {
        pieces[template->count++] =
            (struct template_piece){.text = compiler->literal};
    }
    memcpy(compiler->literal, text, length);
    compiler->literal += length;
    pieces[template->count - 1].length += length;
    template->length_max += length;
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

static size_t hole_length_max(const struct template_piece *piece)
{
    switch (piece->hole) {
    case HOLE_TEXT:
        break;
    case HOLE_OP_ID:
        return OPERATION_ID_MAX;
    case HOLE_OP_SEQ:
    case HOLE_CLIENT:
        return DECIMAL_MAX;
    case HOLE_ATTEMPT:
    case HOLE_RETRY:
    case HOLE_RETRY_IF_ANY:
    case HOLE_MAX_ATTEMPTS:
        return ATTEMPT_DIGITS_MAX;
    case HOLE_KEY:
        return KEY_MAX;
    case HOLE_UUID:
        return UUID_LENGTH;
    case HOLE_TRACE_ID:
        return TRACE_ID_LENGTH;
    case HOLE_SPAN_ID:
        return SPAN_ID_LENGTH;
    case HOLE_RAND: {
        size_t low = decimal_length(piece->low);
        size_t high = decimal_length((int64_t)((uint64_t)piece->low +
                                               piece->span));
        return low > high ? low : high;
    }
    }
    return 0;
}

/* Adds the hole of this name; returns NULL or what is wrong. */
static const char *add_hole(struct compiler *compiler, const char *name,
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
        piece.hole = HOLE_RAND;
    }
    for (size_t i = 1; i < array_length(hole_names) && !piece.hole; i++) {
        if (i != HOLE_RAND && strlen(hole_names[i]) == length &&
            memcmp(hole_names[i], name, length) == 0) {
            piece.hole = (enum hole)i;
        }
    }
    if (piece.hole == HOLE_TEXT) {
        return unknown_hole;
    }
    template->pieces[template->count++] = piece;
    template->length_max += hole_length_max(&piece);
    template->is_constant = false;
    template->uses_key |= piece.hole == HOLE_KEY;
    template->uses_trace |=
        piece.hole == HOLE_TRACE_ID || piece.hole == HOLE_SPAN_ID;
    template->uses_client |= piece.hole == HOLE_CLIENT;
    template->uses_attempt |= piece.hole == HOLE_ATTEMPT ||
                              piece.hole == HOLE_SPAN_ID ||
                              piece.hole == HOLE_RETRY ||
                              piece.hole == HOLE_RETRY_IF_ANY;
    return NULL;
}

/* Compiles the hole whose name starts at `at`; sets *at past its end. Returns
 * NULL or what is wrong. Blanks around the name are allowed. */
static const char *compile_hole(struct compiler *compiler, size_t *at)
{
    size_t start = *at;
    size_t end = start;

    while (end + 1 < compiler->length &&
           !(compiler->text[end] == '}' && compiler->text[end + 1] == '}')) {
        end++;
    }
    if (end + 1 >= compiler->length) {
        return "a hole is not closed; write }} after its name, or {{{{ for "
               "a plain {{";
    }
    *at = end + 2;
    while (start < end && compiler->text[start] == ' ') {
        start++;
    }
    while (end > start && compiler->text[end - 1] == ' ') {
        end--;
    }
    return add_hole(compiler, compiler->text + start, end - start);
}

bool template_compile(struct template *template, struct arena *arena,
                      const char *text, size_t length, const char **problem,
                      size_t *problem_at)
{
    size_t openings = count_openings(text, length);
    struct compiler compiler = {
        .template = template,
        .text = text,
        .length = length,
        .salt = hash_bytes(text, length).low,
        .literal = arena_alloc(arena, length),
    };
    size_t literal_start = 0;
    size_t at = 0;

    *template = (struct template){.is_constant = true};
    template->pieces =
        arena_array(arena, 2 * openings + 1, sizeof(*template->pieces));
    while (at + 1 < length) {
        if (text[at] != '{' || text[at + 1] != '{') {
            at++;
            continue;
        }
        add_literal(&compiler, text + literal_start, at - literal_start);
        if (length - at >= 4 && memcmp(text + at, "{{{{", 4) == 0) {
            add_literal(&compiler, "{{", 2);
            at += 4;
        } else {
            *problem_at = at;
            at += 2;
            *problem = compile_hole(&compiler, &at);
            if (*problem) {
                return false;
            }
        }
        literal_start = at;
    }
    add_literal(&compiler, text + literal_start, length - literal_start);
    return true;
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

/* A draw that depends on who asks and on the hole alone, so that a retry
 * repeats it and another hole does not move it. */
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

    switch (piece->hole) {
    case HOLE_TEXT:
        memcpy(out, piece->text, piece->length);
        return out + piece->length;
    case HOLE_OP_ID: {
        size_t length = key_operation_id(subject->run, subject->operation,
                                         scratch, sizeof(scratch));
        memcpy(out, scratch, length);
        return out + length;
    }
    case HOLE_OP_SEQ:
        return put_decimal(out, subject->operation);
    case HOLE_ATTEMPT:
        return put_decimal(out, subject->attempt);
    case HOLE_RETRY:
        return put_retry(out, subject);
    case HOLE_RETRY_IF_ANY:
        return subject->attempt == 1 ? out : put_retry(out, subject);
    case HOLE_MAX_ATTEMPTS:
        return put_decimal(out, subject->max_attempts);
    case HOLE_KEY:
        return put_key(out, subject);
    case HOLE_UUID:
        /* Writes its NUL one past the UUID: there is always room for one,
         * since size > length_max. */
        key_uuid4(subject->run, subject->operation, piece->salt, out);
        return out + UUID_LENGTH;
    case HOLE_TRACE_ID: /* as above */
        key_trace_id(subject->run, subject->operation, out);
        return out + TRACE_ID_LENGTH;
    case HOLE_SPAN_ID:
        key_span_id(subject->run, subject->operation, subject->attempt, out);
        return out + SPAN_ID_LENGTH;
    case HOLE_RAND:
        return put_random(out, piece, subject);
    case HOLE_CLIENT:
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
