#include "policy/key.h"

#include "base/hash.h"
#include "base/must.h"

#include <string.h>

enum { RUN_DIGITS = 10, UUID_LENGTH = 36, HASH_DIGITS = 32 };

/* Keeps the keys of operations apart from other uses of key_uuid4. */
static const uint64_t key_salt = UINT64_C(0x6b65795f6f665f6f);

/* And these keep traces and spans apart from keys and from each other. */
static const uint64_t trace_salt = UINT64_C(0x74726163655f6964);
static const uint64_t span_salt = UINT64_C(0x7370616e5f696400);

static void write_hex(char *out, uint64_t value, size_t digits)
{
    for (size_t i = digits; i > 0; i--) {
        out[i - 1] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

static size_t write_decimal(char *out, uint64_t value)
{
    char reversed[20];
    size_t length = 0;
    do {
        reversed[length++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    for (size_t i = 0; i < length; i++) {
        out[i] = reversed[length - 1 - i];
    }
    return length;
}

size_t key_operation_id(uint64_t run, uint64_t operation, char *out,
                        size_t size)
{
    must(size > RUN_DIGITS + 1 + 20);
    write_hex(out, run, RUN_DIGITS);
    out[RUN_DIGITS] = '-';
    size_t length = RUN_DIGITS + 1;
    length += write_decimal(out + length, operation);
    out[length] = '\0';
    return length;
}

/* Two words that look random: a change of any of the three numbers changes
 * both, and by different ways, so that a clash needs 122 equal bits. */
static struct hash128 mix_subject(uint64_t run, uint64_t operation,
                                  uint64_t salt)
{
    uint64_t base = mix64(run ^ UINT64_C(0x452821e638d01377));
    uint64_t salted = mix64(base + salt);
    return (struct hash128){
        .high = mix64(operation + salted),
        .low = mix64(mix64(operation ^ base) + mix64(salted)),
    };
}

/* 8-4-4-4-12; version and variant as in RFC 9562 section 4. */
static void write_uuid(char *out, uint64_t high, uint64_t low,
                       unsigned version)
{
    high = (high & ~UINT64_C(0xf000)) | (uint64_t)version << 12;
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
    write_hex(out, high >> 32, 8);
    out[8] = '-';
    write_hex(out + 9, high >> 16, 4);
    out[13] = '-';
    write_hex(out + 14, high, 4);
    out[18] = '-';
    write_hex(out + 19, low >> 48, 4);
    out[23] = '-';
    write_hex(out + 24, low, 12);
    out[UUID_LENGTH] = '\0';
}

void key_uuid4(uint64_t run, uint64_t operation, uint64_t salt, char *out)
{
    struct hash128 random = mix_subject(run, operation, salt);
    write_uuid(out, random.high, random.low, 4);
}

void key_trace_id(uint64_t run, uint64_t operation, char *out)
{
    struct hash128 id = mix_subject(run, operation, trace_salt);
    if (id.high == 0 && id.low == 0) {
        id.low = 1; /* all zeros are invalid */
    }
    write_hex(out, id.high, TRACE_ID_LENGTH / 2);
    write_hex(out + TRACE_ID_LENGTH / 2, id.low, TRACE_ID_LENGTH / 2);
    out[TRACE_ID_LENGTH] = '\0';
}

void key_span_id(uint64_t run, uint64_t operation, unsigned attempt, char *out)
{
    uint64_t id = mix_subject(run, operation, span_salt + attempt).high;
    write_hex(out, id ? id : 1, SPAN_ID_LENGTH);
    out[SPAN_ID_LENGTH] = '\0';
}

/* The first 48 bits are the time, the rest is as random as in version 4. */
static void uuid7(const struct key_subject *subject, uint64_t salt, char *out)
{
    struct hash128 random =
        mix_subject(subject->run, subject->operation, salt);
    uint64_t time = (uint64_t)subject->unix_ms << 16;
    write_uuid(out, time | (random.high & 0xfff), random.low, 7);
}

static size_t append_attempt(const struct key_config *config, unsigned attempt,
                             char *out, size_t length)
{
    if (config->scope == KEY_SCOPE_ATTEMPT) {
        out[length++] = '-';
        length += write_decimal(out + length, attempt);
    }
    out[length] = '\0';
    return length;
}

size_t key_render(const struct key_config *config,
                  const struct key_subject *subject, char *out, size_t size)
{
    must(config->scope != KEY_SCOPE_NONE);
    must(size >= KEY_MAX);
    uint64_t salt = key_salt;
    if (config->scope == KEY_SCOPE_ATTEMPT) {
        salt += subject->attempt;
    }

    switch (config->kind) {
    case KEY_UUID4:
        key_uuid4(subject->run, subject->operation, salt, out);
        return UUID_LENGTH;
    case KEY_UUID7:
        uuid7(subject, salt, out);
        return UUID_LENGTH;
    case KEY_SEQUENCE: {
        size_t length =
            key_operation_id(subject->run, subject->operation, out, size);
        return append_attempt(config, subject->attempt, out, length);
    }
    case KEY_HASH: {
        struct hash128 hash =
            hash_bytes(subject->body ? subject->body : "",
                       subject->body ? subject->body_length : 0);
        write_hex(out, hash.high, HASH_DIGITS / 2);
        write_hex(out + HASH_DIGITS / 2, hash.low, HASH_DIGITS / 2);
        return append_attempt(config, subject->attempt, out, HASH_DIGITS);
    }
    case KEY_TEMPLATE:
        break;
    }
    must(config->kind != KEY_TEMPLATE);
    return 0;
}
