#include "engine/answer.h"

#include "plan/digest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool looks_into_bodies(const struct plan *plan)
{
    bool looks = plan->effect_id.place == EFFECT_ID_BODY;
    for (size_t i = 0; i < plan->request_count; i++) {
        looks |= plan->requests[i].config.expect_json.count > 0;
    }
    return looks;
}

void answers_make_room(struct answer *first, size_t stride, size_t count,
                       const struct plan *plan, struct arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        struct answer *answer = (void *)((char *)first + i * stride);
        answer->content.arena = arena;
        if (plan->policy.redirects > 0) {
            answer->location = arena_alloc(arena, ANSWER_LOCATION_MAX);
        }
        if (plan->policy.answers_challenges) {
            answer->challenge = arena_alloc(arena, ANSWER_CHALLENGE_MAX);
        }
    }
    if (!looks_into_bodies(plan)) {
        return;
    }
    /* Pages that no body reaches cost nothing. */
    char *room = arena_array(arena, count, ANSWER_KEPT_MAX);
    for (size_t i = 0; i < count; i++) {
        struct answer *answer = (void *)((char *)first + i * stride);
        answer->body = room + i * ANSWER_KEPT_MAX;
    }
}

void answer_begin(struct answer *answer)
{
    answer->kept = 0;
    content_begin(&answer->content);
    answer->start_length = 0;
    answer->media_type = (struct hash128){0};
    answer->has_header_id = false;
    answer->location_length = 0;
    answer->challenge_length = 0;
    answer->named = 0;
    hash_stream_init(&answer->hash);
}

/* The value of a header line of this name, without blanks around it. */
static const char *value_of(const char *line, size_t *length, const char *name)
{
    size_t skip = strlen(name);
    if (*length <= skip || line[skip] != ':' ||
        strncasecmp(line, name, skip) != 0) {
        return NULL;
    }
    skip++;
    while (skip < *length && (line[skip] == ' ' || line[skip] == '\t')) {
        skip++;
    }
    while (*length > skip &&
           (line[*length - 1] == ' ' || line[*length - 1] == '\t')) {
        --*length;
    }
    *length -= skip;
    return line + skip;
}

/* "text/plain; charset=UTF-8" and "Text/Plain;charset=utf-8" are one. */
static struct hash128 hash_media_type(const char *value, size_t length)
{
    struct hash_stream hash;
    hash_stream_init(&hash);
    for (size_t i = 0; i < length; i++) {
        char c = (char)tolower((unsigned char)value[i]);
        if (c != ' ' && c != '\t') {
            hash_stream_add(&hash, &c, 1);
        }
    }
    return hash_stream_end(&hash);
}

static void keep_location(struct answer *answer, const char *value,
                          size_t length)
{
    answer->location_length = length <= ANSWER_LOCATION_MAX ? length : 0;
    memcpy(answer->location, value, answer->location_length);
}

/* The first that can be answered: services name what they like best first. */
static void keep_challenge(struct answer *answer, const char *value,
                           size_t length)
{
    struct digest_challenge challenge;

    if (answer->challenge_length == 0 && length <= ANSWER_CHALLENGE_MAX &&
        digest_read(value, length, &challenge)) {
        answer->challenge_length = length;
        memcpy(answer->challenge, value, length);
    }
}

void answer_header(struct answer *answer, const struct plan *plan,
                   const char *line, size_t length)
{
    size_t rest = length;
    const char *value = value_of(line, &rest, "Content-Type");
    if (value) {
        answer->media_type = hash_media_type(value, rest);
    }
    if (answer->location) {
        rest = length;
        value = value_of(line, &rest, "Location");
        if (value) {
            keep_location(answer, value, rest);
        }
    }
    if (answer->challenge) {
        rest = length;
        value = value_of(line, &rest, "WWW-Authenticate");
        if (value) {
            keep_challenge(answer, value, rest);
        }
    }
    rest = length;
    value = value_of(line, &rest, "Content-Encoding");
    /* Where the plan asks for encodings, libcurl undoes all that it asked for,
     * before the body comes here. */
    if (value && !plan->target.compressed) {
        content_encoding(&answer->content, value, rest);
    }
    if (plan->effect_id.place != EFFECT_ID_HEADER) {
        return;
    }
    rest = length;
    value = value_of(line, &rest, plan->effect_id.header);
    if (value && rest > 0) {
        answer->header_id = hash_bytes(value, rest);
        answer->has_header_id = true;
    }
}

static void take_body(void *user, const char *bytes, size_t length)
{
    struct answer *answer = user;

    hash_stream_add(&answer->hash, bytes, length);
    if (answer->body && answer->kept < ANSWER_KEPT_MAX) {
        size_t room = ANSWER_KEPT_MAX - answer->kept;
        size_t take = length < room ? length : room;
        memcpy(answer->body + answer->kept, bytes, take);
        answer->kept += take;
    }
}

void answer_body(struct answer *answer, const char *bytes, size_t length)
{
    if (answer->content.is_encoded) {
        content_read(&answer->content, bytes, length, take_body, answer);
    } else {
        take_body(answer, bytes, length);
    }
}

bool answer_is_readable(const struct answer *answer)
{
    return content_is_readable(&answer->content);
}

/* A number has no NUL behind it in the text; one that is longer than any
 * number needs to be is compared by its first digits. */
static double number_of(const struct json_span *span)
{
    char text[64];
    size_t length =
        span->length < sizeof(text) ? span->length : sizeof(text) - 1;
    memcpy(text, span->text, length);
    text[length] = '\0';
    return strtod(text, NULL);
}

static bool has_member(const struct answer *answer,
                       const struct expected_member *member)
{
    struct json_span span;
    if (pointer_find(&member->pointer, answer->body, answer->kept, &span) !=
            POINTER_FOUND ||
        span.kind != member->kind) {
        return false;
    }
    if (span.kind == JSON_STRING) {
        return json_span_is(&span, member->text, member->length);
    }
    if (span.kind == JSON_NUMBER) {
        double number = number_of(&span);
        return number <= member->number && number >= member->number;
    }
    return true;
}

bool answer_has(const struct answer *answer, const struct member_list *members)
{
    if (members->count > 0 && !answer_is_readable(answer)) {
        return false;
    }
    for (size_t i = 0; i < members->count; i++) {
        if (!has_member(answer, &members->items[i])) {
            return false;
        }
    }
    return true;
}

/* A text names an effect, and so does a number; "7" and 7 name the same.
 * Escapes are undone where they stand: nobody reads the body again. */
static bool find_id(const struct answer *answer, const struct plan *plan,
                    struct hash128 *id)
{
    struct json_span span;

    if (plan->effect_id.place == EFFECT_ID_HEADER) {
        *id = answer->header_id;
        return answer->has_header_id;
    }
    if (!answer_is_readable(answer) ||
        pointer_find(&plan->effect_id.pointer, answer->body, answer->kept,
                     &span) != POINTER_FOUND) {
        return false;
    }
    size_t length = span.length;
    if (span.kind == JSON_STRING) {
        char *text = answer->body + (span.text - answer->body);
        length = json_span_decode(&span, text);
    } else if (span.kind != JSON_NUMBER) {
        return false;
    }
    *id = hash_bytes(span.text, length);
    return length > 0;
}

void answers_seen_begin(struct answers_seen *seen)
{
    seen->count = 0;
    seen->unnamed = 0;
    seen->named = 0;
    seen->given = 0;
    seen->busy = false;
    seen->differ = false;
}

/* The number, from 1, of an effect among those of the operation; past the
 * room all others count as one. */
static uint8_t number_of_effect(struct answers_seen *seen, struct hash128 id)
{
    for (unsigned i = 0; i < seen->named && i < NAMED_EFFECTS_MAX; i++) {
        if (hash_equal(seen->effects[i], id)) {
            return (uint8_t)(i + 1);
        }
    }
    if (seen->named < NAMED_EFFECTS_MAX) {
        seen->effects[seen->named] = id;
        seen->was_given[seen->named] = false;
        return (uint8_t)++seen->named;
    }
    seen->named = NAMED_EFFECTS_MAX + 1;
    return NAMED_EFFECTS_MAX + 1;
}

static void add_name(struct answers_seen *seen, struct answer *answer,
                     const struct plan *plan, bool thrown_away)
{
    struct hash128 id;
    if (!find_id(answer, plan, &id)) {
        seen->unnamed++;
        return;
    }
    answer->named = number_of_effect(seen, id);
    unsigned index = answer->named - 1u;
    if (!thrown_away && index < NAMED_EFFECTS_MAX && !seen->was_given[index]) {
        seen->was_given[index] = true;
        seen->given++;
    }
}

void answers_seen_add(struct answers_seen *seen, struct answer *answer,
                      const struct plan *plan, uint16_t status,
                      bool thrown_away)
{
    struct hash128 whole = hash_stream_end(&answer->hash);
    whole.high ^= answer->media_type.low;
    whole.low ^= mix64(answer->media_type.high);

    if (seen->count++ == 0) {
        seen->first_status = status;
        seen->first = whole;
    } else if (status != seen->first_status ||
               !hash_equal(whole, seen->first)) {
        seen->differ = true;
    }
    if (plan->effect_id.place != EFFECT_ID_NONE) {
        add_name(seen, answer, plan, thrown_away);
    }
}

enum outcome answer_outcome(const struct answer *answer, uint16_t status,
                            const struct planned_request *request)
{
    const struct request_config *config = &request->config;
    enum outcome outcome =
        outcome_of_status(status, &config->expect, request->traits.has_key);
    if (outcome == OUTCOME_OK && !answer_has(answer, &config->expect_json)) {
        return OUTCOME_UNEXPECTED;
    }
    return outcome;
}
