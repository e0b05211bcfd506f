#include "measure/failures.h"

#include "base/mask.h"
#include "base/must.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* FNV-1a, where a word that holds a digit is like any other such word. */
uint64_t failure_hash(const char *text, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325u;
    size_t i = 0;

    length = length < FAILURE_TEXT_MAX ? length : FAILURE_TEXT_MAX;
    while (i < length) {
        size_t end = i;
        bool has_digit = false;
        while (end < length && is_word(text[end])) {
            has_digit = has_digit || isdigit((unsigned char)text[end]);
            end++;
        }
        end = end > i ? end : i + 1;
        for (size_t k = i; k < (has_digit ? i + 1 : end); k++) {
            char c = (char)(has_digit ? '#' : text[k]);
            hash = (hash ^ (unsigned char)c) * 0x100000001b3u;
        }
        i = end;
    }
    return hash;
}

/* Where it is counted, or NULL when there is no room. */
static struct failure_kind *find_kind(struct failures *failures,
                                      enum outcome outcome, uint16_t status,
                                      uint64_t hash, bool *is_new)
{
    struct failure_kind *rest = NULL;
    size_t texts = 0;

    *is_new = false;
    for (size_t i = 0; i < failures->count; i++) {
        struct failure_kind *kind = &failures->kinds[i];
        if (kind->outcome != outcome || kind->status != status) {
            continue;
        }
        if (!kind->is_rest && kind->hash == hash) {
            return kind;
        }
        texts += !kind->is_rest;
        rest = kind->is_rest ? kind : rest;
    }
    if (rest || failures->count == FAILURES_MAX) {
        return rest;
    }
    *is_new = true;
    struct failure_kind *kind = &failures->kinds[failures->count++];
    *kind = (struct failure_kind){.outcome = outcome,
                                  .status = status,
                                  .hash = hash,
                                  .is_rest = texts >= FAILURE_TEXTS_MAX};
    return kind;
}

static void count(struct failure_kind *kind, uint64_t number,
                  struct instant first, struct instant last)
{
    kind->first =
        kind->count == 0 || first.ns < kind->first.ns ? first : kind->first;
    kind->last = kind->count == 0 ? last : instant_max(kind->last, last);
    kind->count += number;
}

static void keep_text(struct failure_kind *kind, const char *text,
                      size_t length)
{
    length = length < FAILURE_TEXT_MAX ? length : FAILURE_TEXT_MAX;
    if (!kind->is_rest && length > 0) {
        kind->length = (uint8_t)length;
        memcpy(kind->text, text, length);
    }
}

void failures_take(struct failures *failures, const struct failure *failure)
{
    bool is_new;
    struct failure_kind *kind = find_kind(
        failures, failure->outcome, failure->status, failure->hash, &is_new);

    if (!kind) {
        failures->omitted++;
        return;
    }
    if (is_new) {
        keep_text(kind, failure->text, failure->length);
    }
    count(kind, 1, failure->at, failure->at);
}

void failures_merge(struct failures *failures, const struct failures *other)
{
    failures->omitted += other->omitted;
    for (size_t i = 0; i < other->count; i++) {
        const struct failure_kind *from = &other->kinds[i];
        bool is_new;
        struct failure_kind *kind = find_kind(
            failures, from->outcome, from->status, from->hash, &is_new);
        if (!kind) {
            failures->omitted += from->count;
            continue;
        }
        if (is_new) {
            kind->is_rest = kind->is_rest || from->is_rest;
            keep_text(kind, from->text, from->length);
        }
        count(kind, from->count, from->first, from->last);
    }
}

size_t failures_rank(const struct failures *failures,
                     uint8_t order[FAILURES_MAX])
{
    for (size_t i = 0; i < failures->count; i++) {
        size_t at = i;
        while (at > 0 && failures->kinds[order[at - 1]].count <
                             failures->kinds[i].count) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = (uint8_t)i;
    }
    return failures->count;
}

const struct failure_kind *failures_find(const struct failures *failures,
                                         enum outcome outcome, uint16_t status,
                                         uint64_t hash)
{
    const struct failure_kind *rest = NULL;

    for (size_t i = 0; i < failures->count; i++) {
        const struct failure_kind *kind = &failures->kinds[i];
        if (kind->outcome != outcome || kind->status != status) {
            continue;
        }
        if (!kind->is_rest && kind->hash == hash) {
            return kind;
        }
        rest = kind->is_rest ? kind : rest;
    }
    return rest;
}

void failure_show(const struct failure_kind *kind,
                  char shown[FAILURE_SHOWN_MAX])
{
    char text[FAILURE_TEXT_MAX + 1];
    size_t used = 0;

    memcpy(text, kind->text, kind->length);
    text[kind->length] = '\0';
    mask_named_values(text, kind->length);
    for (size_t i = 0; i < kind->length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool is_blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (is_blank && (used == 0 || shown[used - 1] == ' ')) {
            continue;
        }
        if (is_blank) {
            shown[used++] = ' ';
        } else if (c > ' ' && c < 0x7f) {
            shown[used++] = (char)c;
        } else {
            used += (size_t)snprintf(shown + used, 5, "\\x%02x", c);
        }
    }
    used -= used > 0 && shown[used - 1] == ' ';
    shown[used] = '\0';
}
