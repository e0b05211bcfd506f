#include "report/dead_letters.h"

#include "base/json.h"
#include "base/mask.h"
#include "base/must.h"
#include "policy/key.h"
#include "report/ndjson.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MASKED "***"

static bool has_reference(const char *text)
{
    return strstr(text, "${env:") != NULL;
}

/* Hides what a profile's section says itself that is secret; what it takes
 * from the environment stays a reference. */
static void mask_below(cJSON *item, bool in_headers)
{
    if (cJSON_IsString(item) && !has_reference(item->valuestring)) {
        const char *name = item->string ? item->string : "";
        char *shown = in_headers && mask_is_secret_name(name, strlen(name))
                          ? strdup(MASKED)
                          : mask_url(item->valuestring);
        must(shown && cJSON_SetValuestring(item, shown));
        free(shown);
    }
    bool headers = item->string && strcmp(item->string, "headers") == 0;
    for (cJSON *child = item->child; child; child = child->next) {
        mask_below(child, headers);
    }
}

static void put_section(struct str *out, const struct plan *plan,
                        const char *name)
{
    cJSON *section = cJSON_Duplicate(json_get(plan->written, name), true);
    if (section) {
        mask_below(section, false);
    }
    ndjson_tree(out, name, section);
    cJSON_Delete(section);
}

/* What the answers are judged by. The requests themselves are in the letters.
 */
static void put_requests(struct str *out, const struct plan *plan)
{
    static const char *const parts[] = {"body", "body_file", "headers",
                                        "path", "method"};
    cJSON *requests =
        cJSON_Duplicate(json_get(plan->written, "requests"), true);
    cJSON *request;
    size_t count = 0;

    cJSON_ArrayForEach(request, requests)
    {
        const char *name = plan->requests[count++].config.name;
        if (!json_get(request, "name")) {
            cJSON_AddStringToObject(request, "name", name);
        }
        for (size_t i = 0; i < array_length(parts); i++) {
            cJSON_DeleteItemFromObjectCaseSensitive(request, parts[i]);
        }
    }
    ndjson_tree(out, "requests", requests);
    cJSON_Delete(requests);
}

void dead_letters_head(struct str *out, const struct events_run *run)
{
    const struct plan *plan = run->plan;

    events_open(out, run, "squall.dead_letters/1", "url");
    put_section(out, plan, "target");
    put_section(out, plan, "timeout");
    put_section(out, plan, "idempotency");
    put_section(out, plan, "ledger");
    put_requests(out, plan);
    ndjson_close(out);
}

void dead_letters_subject(const struct events_run *run,
                          const struct event_story *story,
                          struct template_subject *subject)
{
    const struct event_operation *operation = &story->operation;
    const struct event_key *key = &story->key;
    size_t shown = story->attempt_count;
    unsigned number = 1;

    while (shown > 0 && !story->attempts[shown - 1].was_sent) {
        shown--;
    }
    if (shown == 0) {
        shown = story->attempt_count;
    }
    if (shown > 0) {
        number = story->attempts[shown - 1].number;
        if (story->keys[shown - 1].length > 0) {
            key = &story->keys[shown - 1];
        } /* else it was never sent, and has the key that was made for it */
    }
    *subject = plan_subject(run->plan, operation->operation, number,
                            operation->client);
    subject->key = key->text;
    subject->key_length = key->length;
}

static const char *form_name(enum rendered_form form)
{
    static const char *const names[] = {
        [RENDERED_PLAIN] = "plain",
        [RENDERED_ENV] = "env",
        [RENDERED_HIDDEN] = "masked",
    };
    return names[form];
}

static void hide(struct rendered_text *text)
{
    str_reset(&text->text);
    str_append(&text->text, MASKED);
    text->form = RENDERED_HIDDEN;
}

static void put_url(struct str *out, struct rendered_text *url)
{
    if (url->form == RENDERED_PLAIN) {
        char *masked = mask_url(url->text.text);
        if (strcmp(masked, url->text.text) != 0) {
            str_reset(&url->text);
            str_append(&url->text, masked);
            url->form = RENDERED_HIDDEN;
        }
        free(masked);
    } else if (url->form == RENDERED_HIDDEN) {
        hide(url);
    }
    ndjson_bytes(out, "url", url->text.text, url->text.length);
    ndjson_text(out, "url_form", form_name(url->form));
}

static void put_headers(struct str *out, struct rendered *request)
{
    ndjson_begin_array(out, "headers");
    for (size_t i = 0; i < request->header_count; i++) {
        struct rendered_header *header = &request->headers[i];
        struct rendered_text *value = &header->value;
        bool secret = mask_is_secret_name(header->name.text.text,
                                          header->name.text.length);
        if (value->form == RENDERED_HIDDEN ||
            (secret && value->form == RENDERED_PLAIN) ||
            !ndjson_is_text(value->text.text, value->text.length)) {
            hide(value);
        }
        ndjson_begin_object(out);
        ndjson_bytes(out, "name", header->name.text.text,
                     header->name.text.length);
        ndjson_bytes(out, "value", value->text.text, value->text.length);
        ndjson_text(out, "form", form_name(value->form));
        ndjson_end(out, '}');
    }
    ndjson_end(out, ']');
}

static void put_body(struct str *out, struct rendered *request)
{
    struct rendered_text *body = &request->body;

    if (!request->has_body) {
        ndjson_null(out, "body");
        ndjson_null(out, "body_form");
        return;
    }
    bool is_text = ndjson_is_text(body->text.text, body->text.length);
    if (body->form == RENDERED_HIDDEN ||
        (body->form == RENDERED_ENV && !is_text)) {
        hide(body);
        is_text = true;
    }
    if (is_text) {
        ndjson_bytes(out, "body", body->text.text, body->text.length);
        ndjson_text(out, "body_form", form_name(body->form));
    } else {
        ndjson_base64(out, "body", body->text.text, body->text.length);
        ndjson_text(out, "body_form", "base64");
    }
}

static void put_request(struct str *out, struct rendered *request)
{
    ndjson_text(out, "method", request->method);
    put_url(out, &request->url);
    put_headers(out, request);
    put_body(out, request);
}

void dead_letters_letter(struct str *out, const struct events_run *run,
                         const struct event_story *story,
                         const struct events_effect *effect,
                         const struct template_subject *subject,
                         struct rendered *request)
{
    const struct event_operation *operation = &story->operation;
    const char *name = run->plan->requests[operation->request].config.name;
    char id[64];

    key_operation_id(run->plan->run, operation->operation, id, sizeof(id));
    ndjson_open(out);
    ndjson_text(out, "type", "letter");
    ndjson_text(out, "op", id);
    ndjson_bytes(out, "key", subject->key_length ? subject->key : NULL,
                 subject->key_length);
    ndjson_count(out, "client", operation->client);
    ndjson_text(out, "request", name);
    put_request(out, request);
    ndjson_us(out, "intended_us", operation->intended);
    ndjson_begin_array(out, "attempts");
    for (size_t i = 0; i < story->attempt_count; i++) {
        ndjson_begin_object(out);
        events_attempt_members(out, run, &story->attempts[i],
                               &story->keys[i]);
        ndjson_end(out, '}');
    }
    ndjson_end(out, ']');
    ndjson_us(out, "verdict_us", operation->verdict_at);
    ndjson_text(out, "verdict",
                verdict_name((enum verdict)operation->verdict));
    ndjson_text(out, "reason",
                finish_reason_name((enum finish_reason)operation->reason));
    ndjson_bool(out, "warmup", operation->warmup);
    events_effect_members(out, effect);
    ndjson_close(out);
}

void dead_letters_end(struct str *out, uint64_t letters, bool complete)
{
    ndjson_open(out);
    ndjson_text(out, "type", "end");
    ndjson_count(out, "letters", letters);
    ndjson_bool(out, "complete", complete);
    ndjson_close(out);
}
