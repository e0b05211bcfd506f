#include "audit/identity.h"

#include "base/must.h"

/* Where services put it when no profile says. */
static const char *const usual[] = {
    "/id",   "/data/id",   "/order_id", "/payment_id", "/transaction_id",
    "/uuid", "/reference", "/result/id"};

_Static_assert(array_length(usual) <= IDENTITY_POINTERS_MAX,
               "there is room for all");

void identity_prepare(struct identity_places *places,
                      const struct effect_id_config *config,
                      struct arena *arena)
{
    *places = (struct identity_places){0};
    switch (config->place) {
    case EFFECT_ID_HEADER:
        places->header = config->header;
        return;
    case EFFECT_ID_BODY:
        places->count = 1;
        places->pointers[0] = config->pointer;
        return;
    case EFFECT_ID_NONE:
        break;
    }
    for (size_t i = 0; i < array_length(usual); i++) {
        const char *problem = pointer_compile(
            &places->pointers[places->count++], arena, usual[i]);
        must(!problem);
    }
}

/* A text or a number; "7" and 7 name the same. */
static bool find_member(const struct pointer *pointer, const struct str *body,
                        struct str *out)
{
    struct json_span span;
    size_t before = out->length;

    if (pointer_find(pointer, body->text, body->length, &span) !=
            POINTER_FOUND ||
        (span.kind != JSON_STRING && span.kind != JSON_NUMBER)) {
        return false;
    }
    str_append_bytes(out, span.text, span.length);
    if (span.kind == JSON_STRING) {
        out->length = before + json_span_decode(&span, out->text + before);
        out->text[out->length] = '\0';
    }
    return out->length > before;
}

bool identity_find(const struct identity_places *places,
                   const struct reply *reply, struct str *out)
{
    size_t length = 0;
    if (places->header) {
        const char *value = reply_header(reply, places->header, &length);
        if (value) {
            str_append_bytes(out, value, length);
        }
        return length > 0;
    }
    for (size_t i = 0; i < places->count; i++) {
        if (find_member(&places->pointers[i], &reply->body, out)) {
            return true;
        }
    }
    return false;
}
