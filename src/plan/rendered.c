#include "plan/rendered.h"

#include "base/mask.h"
#include "base/must.h"

#include <stdlib.h>
#include <string.h>

static size_t count_references(const char *text)
{
    size_t count = 0;
    while ((text = strstr(text, "${env:"))) {
        count++;
        text++;
    }
    return count;
}

/* What may be kept: the text with ${env:NAME} where the template has it, and
 * where a secret turns up in another way, as in a key. */
static void fill(struct rendered_text *text, const struct template *template,
                 const struct template_subject *subject)
{
    static const enum rendered_form forms[] = {
        [TEMPLATE_PLAIN] = RENDERED_ENV,
        [TEMPLATE_JSON] = RENDERED_ENV_JSON,
        [TEMPLATE_URL] = RENDERED_ENV_URL,
        [TEMPLATE_FORM] = RENDERED_ENV_FORM,
    };
    struct str *out = &text->text;
    bool restorable = true;

    str_reset(out);
    str_reserve(out, template->shown_max + 1);
    out->length =
        template_show(template, subject, out->text, template->shown_max + 1);
    /* What looks like a reference and is none could not be told apart. */
    bool misleads = count_references(out->text) != template->value_count;
    bool others = mask_put_origins(out, &restorable);
    restorable =
        restorable && !((others || template->uses_values) && misleads);
    text->form = !restorable                       ? RENDERED_HIDDEN
                 : template->encodes_values        ? forms[template->encoding]
                 : template->uses_values || others ? RENDERED_ENV
                                                   : RENDERED_PLAIN;
}

static struct rendered_header *next_header(struct rendered *rendered)
{
    if (rendered->header_count == rendered->header_capacity) {
        size_t capacity = rendered->header_capacity * 2 + 8;
        rendered->headers =
            realloc(rendered->headers, capacity * sizeof(*rendered->headers));
        must(rendered->headers);
        for (size_t i = rendered->header_capacity; i < capacity; i++) {
            rendered->headers[i] = (struct rendered_header){
                {STR_INIT, RENDERED_PLAIN}, {STR_INIT, RENDERED_PLAIN}};
        }
        rendered->header_capacity = capacity;
    }
    return &rendered->headers[rendered->header_count];
}

static void fill_header(struct rendered *rendered, const struct template *line,
                        const struct template_subject *subject)
{
    struct rendered_header *header = next_header(rendered);

    fill(&rendered->scratch, line, subject);
    const char *text = rendered->scratch.text.text;
    const char *colon = strchr(text, ':');
    must(colon);
    str_reset(&header->name.text);
    str_append_bytes(&header->name.text, text, (size_t)(colon - text));
    colon++;
    colon += strspn(colon, " ");
    str_reset(&header->value.text);
    str_append(&header->value.text, colon);
    header->value.form = rendered->scratch.form;
    rendered->header_count += header->value.text.length > 0;
}

void rendered_fill(struct rendered *rendered, const struct plan *plan,
                   uint16_t index, const struct template_subject *subject)
{
    const struct planned_request *planned = &plan->requests[index];

    if (!rendered->url.text.text) {
        *rendered = (struct rendered){.url = {STR_INIT, RENDERED_PLAIN},
                                      .body = {STR_INIT, RENDERED_PLAIN},
                                      .scratch = {STR_INIT, RENDERED_PLAIN}};
    }
    rendered->method = planned->config.method;
    fill(&rendered->url, &planned->url, subject);
    rendered->has_body = planned->has_body;
    rendered->body.form = RENDERED_PLAIN;
    if (planned->has_body) {
        fill(&rendered->body, &planned->body, subject);
    }
    rendered->header_count = 0;
    for (size_t i = 0; i < planned->header_count; i++) {
        fill_header(rendered, &planned->header_lines[i], subject);
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
    str_release(&rendered->scratch.text);
}
