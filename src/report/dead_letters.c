#include "report/dead_letters.h"

#include "base/json.h"
#include "base/mask.h"
#include "base/must.h"
#include "policy/key.h"
#include "report/remaining.h"
#include "report/ndjson.h"
#include "report/writer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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
                          : mask_argument(item->valuestring);
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

/* What the answers are judged by. The requests themselves are in the dead
 * letters.
 */
static void put_requests(struct str *out, const struct plan *plan)
{
    static const char *const parts[] = {
        "body", "body_file", "body_placeholders", "form", "headers",
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
                          const struct event_trace *trace,
                          struct template_subject *subject)
{
    const struct event_operation *operation = &trace->operation;
    const struct event_key *key = &trace->key;
    size_t shown = trace->attempt_count;
    unsigned number = 1;

    while (shown > 0 && !trace->attempts[shown - 1].was_sent) {
        shown--;
    }
    if (shown == 0) {
        shown = trace->attempt_count;
    }
    if (shown > 0) {
        number = trace->attempts[shown - 1].number;
        if (trace->keys[shown - 1].length > 0) {
            key = &trace->keys[shown - 1];
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
        [RENDERED_PLAIN] = "plain",       [RENDERED_ENV] = "env",
        [RENDERED_ENV_JSON] = "env_json", [RENDERED_ENV_URL] = "env_url",
        [RENDERED_ENV_FORM] = "env_form", [RENDERED_HIDDEN] = "masked",
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
    if (url->form == RENDERED_HIDDEN) {
        hide(url);
    } else {
        char *masked = mask_text(url->text.text);
        if (strcmp(masked, url->text.text) != 0) {
            str_reset(&url->text);
            str_append(&url->text, masked);
            url->form = RENDERED_HIDDEN;
        }
        free(masked);
    }
    ndjson_bytes(out, "url", url->text.text, url->text.length);
    ndjson_text(out, "url_form", form_name(url->form));
}

static void put_text(struct str *out, const char *name, const char *form,
                     const struct rendered_text *text, bool is_text)
{
    if (is_text) {
        ndjson_bytes(out, name, text->text.text, text->text.length);
        ndjson_text(out, form, form_name(text->form));
    } else {
        ndjson_base64(out, name, text->text.text, text->text.length);
        ndjson_text(out, form, "base64");
    }
}

static void put_headers(struct str *out, struct rendered *request)
{
    ndjson_begin_array(out, "headers");
    for (size_t i = 0; i < request->header_count; i++) {
        struct rendered_header *header = &request->headers[i];
        struct rendered_text *value = &header->value;
        bool secret = mask_is_secret_name(header->name.text.text,
                                          header->name.text.length);
        bool is_text = ndjson_is_text(value->text.text, value->text.length);
        if (value->form == RENDERED_HIDDEN ||
            (secret && value->form == RENDERED_PLAIN) ||
            (value->form != RENDERED_PLAIN && !is_text)) {
            hide(value);
            is_text = true;
        }
        ndjson_begin_object(out);
        ndjson_bytes(out, "name", header->name.text.text,
                     header->name.text.length);
        put_text(out, "value", "form", value, is_text);
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
        (body->form != RENDERED_PLAIN && !is_text)) {
        hide(body);
        is_text = true;
    }
    put_text(out, "body", "body_form", body, is_text);
}

/* A key may be made of what is in the environment. */
static void put_key(struct str *out, const struct template_subject *subject)
{
    struct str key = STR_INIT;
    bool restorable = true;

    if (subject->key_length == 0) {
        ndjson_null(out, "key");
        return;
    }
    str_append_bytes(&key, subject->key, subject->key_length);
    bool any = mask_put_origins(&key, &restorable);
    ndjson_bytes(out, "key", key.text, key.length);
    if (any) {
        ndjson_text(out, "key_form",
                    form_name(restorable ? RENDERED_ENV : RENDERED_HIDDEN));
    }
    str_release(&key);
}

static void put_request(struct str *out, struct rendered *request)
{
    ndjson_text(out, "method", request->method);
    put_url(out, &request->url);
    put_headers(out, request);
    put_body(out, request);
}

/* As the head has it, with ${env:NAME} in it. */
static const char *written_name(const struct plan *plan, uint16_t request)
{
    const cJSON *written =
        cJSON_GetArrayItem(json_get(plan->written, "requests"), request);
    const char *name = cJSON_GetStringValue(json_get(written, "name"));
    return name ? name : plan->requests[request].config.name;
}

void dead_letters_entry(struct str *out, const struct events_run *run,
                        const struct event_trace *trace,
                        const struct events_effect *effect,
                        const struct template_subject *subject,
                        struct rendered *request)
{
    const struct event_operation *operation = &trace->operation;
    const char *name = written_name(run->plan, operation->request);
    char id[64];

    key_operation_id(run->plan->run, operation->operation, id, sizeof(id));
    ndjson_open(out);
    ndjson_text(out, "type", "dead_letter");
    ndjson_text(out, "op", id);
    put_key(out, subject);
    ndjson_count(out, "client", operation->client);
    ndjson_text(out, "request", name);
    put_request(out, request);
    ndjson_us(out, "intended_us", operation->intended);
    ndjson_begin_array(out, "attempts");
    for (size_t i = 0; i < trace->attempt_count; i++) {
        ndjson_begin_object(out);
        events_attempt_members(out, run, &trace->attempts[i], &trace->keys[i]);
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

void dead_letters_end(struct str *out, uint64_t dead_letters, bool complete)
{
    ndjson_open(out);
    ndjson_text(out, "type", "end");
    ndjson_count(out, "dead_letters", dead_letters);
    ndjson_bool(out, "complete", complete);
    ndjson_close(out);
}

static void put_dead_letter(struct str *out, const struct writer_run *run,
                            const struct event_trace *trace,
                            struct rendered *request)
{
    const struct event_operation *operation = &trace->operation;
    struct events_effect effect =
        run->effect(run->context, operation->operation);
    struct template_subject subject;

    dead_letters_subject(&run->events, trace, &subject);
    rendered_fill(request, run->events.plan, operation->request, &subject);
    dead_letters_entry(out, &run->events, trace, &effect, &subject, request);
}

static void write_new(const struct writer_run *run, struct file_writer *file)
{
    struct rendered request = {0};
    const struct event_trace *trace;
    uint64_t dead_letters = 0;

    dead_letters_head(&file->buffer, &run->events);
    run->begin(run->context);
    while (file->number == 0 && (trace = run->next(run->context))) {
        if (trace->operation.verdict != VERDICT_SUCCEEDED) {
            put_dead_letter(&file->buffer, run, trace, &request);
            dead_letters++;
            file_flush_when_long(file);
        }
    }
    dead_letters_end(&file->buffer, dead_letters, run->end(run->context));
    rendered_release(&request);
}

void write_dead_letters(const struct writer_input *input,
                        struct file_writer *file)
{
    if (dead_letters_of(input->run->events.plan)) {
        remaining_write(input->run, file);
    } else {
        write_new(input->run, file);
    }
}
