#include "plan/rendered.h"

#include "base/json.h"
#include "base/must.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char env_open[] = "${env:";

static const char *string_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(json_get(object, name));
}

/* What stands between the last hole before `reference` and `reference`: to
 * find its place in the filled text by. */
static const char *anchor_of(const char *source, const char *reference)
{
    const char *at = reference;
    while (at > source && at[-1] != '}') {
        at--;
    }
    return at;
}

/* Puts one reference in the place of its value, at or after *from. */
static bool put_back(struct str *text, size_t *from, const char *source,
                     const char *reference, size_t length)
{
    char variable[256];
    const char *anchor = anchor_of(source, reference);
    size_t name = length - (sizeof(env_open) - 1) - 1;
    if (name >= sizeof(variable)) {
        return false;
    }
    memcpy(variable, reference + sizeof(env_open) - 1, name);
    variable[name] = '\0';
    const char *value = getenv(variable);
    struct str wanted = STR_INIT;
    str_append_bytes(&wanted, anchor, (size_t)(reference - anchor));
    str_append(&wanted, value ? value : "");
    const char *found =
        wanted.length > 0 && value
            ? memmem(text->text + *from, text->length - *from, wanted.text,
                     wanted.length)
            : NULL;
    if (found) {
        struct str out = STR_INIT;
        size_t place =
            (size_t)(found - text->text) + (size_t)(reference - anchor);
        str_append_bytes(&out, text->text, place);
        str_append_bytes(&out, reference, length);
        *from = out.length;
        place += strlen(value);
        str_append_bytes(&out, text->text + place, text->length - place);
        str_release(text);
        *text = out;
    }
    str_release(&wanted);
    return found != NULL;
}

/* Puts the references of a text of the profile back into what it became. */
static void restore(struct rendered_text *rendered, const char *source)
{
    size_t from = 0;

    if (!source) {
        return;
    }
    while (rendered->form != RENDERED_HIDDEN) {
        const char *reference = strstr(source, env_open);
        if (!reference) {
            return;
        }
        const char *end = strchr(reference, '}');
        if (!end) {
            return;
        }
        size_t length = (size_t)(end + 1 - reference);
        rendered->form =
            put_back(&rendered->text, &from, source, reference, length)
                ? RENDERED_ENV
                : RENDERED_HIDDEN;
        source = end + 1;
    }
}

static void fill(struct str *out, const struct template *template,
                 const struct template_subject *subject)
{
    str_reset(out);
    str_reserve(out, template->length_max + 1);
    out->length = template_fill(template, subject, out->text,
                                template->length_max + 1);
}

/* What the profile says of a header: the request's own wins. */
static const char *header_source(const cJSON *request, const cJSON *profile,
                                 const char *name)
{
    const cJSON *lists[] = {json_get(request, "headers"),
                            json_get(profile, "headers")};
    for (size_t i = 0; i < array_length(lists); i++) {
        const cJSON *header = lists[i] ? lists[i]->child : NULL;
        for (; header; header = header->next) {
            if (strcasecmp(header->string, name) == 0) {
                return cJSON_GetStringValue(header);
            }
        }
    }
    return NULL;
}

static struct rendered_header *next_header(struct rendered *rendered)
{
    if (rendered->header_count == rendered->header_capacity) {
        size_t capacity = rendered->header_capacity * 2 + 8;
        rendered->headers = realloc(
            rendered->headers, capacity * sizeof(*rendered->headers));
        must(rendered->headers);
        for (size_t i = rendered->header_capacity; i < capacity; i++) {
            rendered->headers[i] = (struct rendered_header){
                {STR_INIT, RENDERED_PLAIN}, {STR_INIT, RENDERED_PLAIN}};
        }
        rendered->header_capacity = capacity;
    }
    return &rendered->headers[rendered->header_count];
}

static void fill_header(struct rendered *rendered,
                        const struct template *line,
                        const struct template_subject *subject,
                        const struct plan *plan, const cJSON *request)
{
    struct rendered_header *header = next_header(rendered);

    fill(&rendered->scratch, line, subject);
    const char *colon = strchr(rendered->scratch.text, ':');
    must(colon);
    str_reset(&header->name.text);
    str_append_bytes(&header->name.text, rendered->scratch.text,
                     (size_t)(colon - rendered->scratch.text));
    colon++;
    colon += strspn(colon, " ");
    str_reset(&header->value.text);
    str_append(&header->value.text, colon);
    header->value.form = RENDERED_PLAIN;
    if (header->value.text.length > 0) {
        restore(&header->value, header_source(request, plan->written,
                                              header->name.text.text));
        rendered->header_count++;
    }
}

void rendered_fill(struct rendered *rendered, const struct plan *plan,
                   uint16_t index, const struct template_subject *subject)
{
    const struct planned_request *planned = &plan->requests[index];
    const cJSON *request =
        cJSON_GetArrayItem(json_get(plan->written, "requests"), index);

    if (!rendered->url.text.text) {
        *rendered = (struct rendered){.url = {STR_INIT, RENDERED_PLAIN},
                                      .body = {STR_INIT, RENDERED_PLAIN},
                                      .scratch = STR_INIT};
    }
    rendered->method = planned->config.method;
    fill(&rendered->url.text, &planned->url, subject);
    rendered->url.form = RENDERED_PLAIN;
    restore(&rendered->url,
            string_of(json_get(plan->written, "target"), "url"));
    restore(&rendered->url, string_of(request, "path"));
    rendered->has_body = planned->has_body;
    rendered->body.form = RENDERED_PLAIN;
    if (planned->has_body) {
        fill(&rendered->body.text, &planned->body, subject);
        if (!planned->config.body_file) {
            restore(&rendered->body, string_of(request, "body"));
        }
    }
    rendered->header_count = 0;
    for (size_t i = 0; i < planned->header_count; i++) {
        fill_header(rendered, &planned->header_lines[i], subject, plan,
                    request);
    }
}

void rendered_release(struct rendered *rendered)
{
    if (!rendered->url.text.text) {
        return;
    }
    for (size_t i = 0; i < rendered->header_capacity; i++) {
        str_release(&rendered->headers[i].name.text);
        str_release(&rendered->headers[i].value.text);
    }
    free(rendered->headers);
    str_release(&rendered->url.text);
    str_release(&rendered->body.text);
    str_release(&rendered->scratch);
}
