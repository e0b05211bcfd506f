/* The part of messages that fills templates, for workloads and engines. */
#include "plan/message.h"

#include "base/must.h"
#include "plan/plan.h"

static size_t fill_lines(const struct planned_request *request,
                         const struct template_subject *subject, char *at,
                         const char **heads)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct template *line = &request->header_lines[i];
        if (!line->is_constant) {
            heads[count++] = at;
            at += template_fill(line, subject, at, line->length_max + 1) + 1;
        }
    }
    return count;
}

void message_fill_templates(const struct message_room *room, size_t index,
                            uint16_t request,
                            const struct template_subject *subject,
                            struct message *message)
{
    const struct planned_request *planned = &room->plan->requests[request];
    const char **heads = &room->heads[index * room->line_max];

    *message = (struct message){.request = request, .lines = heads};
    if (!planned->url.is_constant) {
        char *url = room->urls + index * room->url_size;
        template_fill(&planned->url, subject, url,
                      planned->url.length_max + 1);
        message->url = url;
    }
    if (planned->has_body && !planned->body.is_constant) {
        char *body = room->bodies + index * room->body_size;
        message->body_length = template_fill(&planned->body, subject, body,
                                             planned->body.length_max + 1);
        message->body = body;
    }
    message->line_count = fill_lines(
        planned, subject, room->lines + index * room->lines_size, heads);
}

char *message_constant(const struct template *template, struct arena *arena,
                       size_t *length)
{
    static const struct template_subject nobody;
    char *text = arena_alloc(arena, template->length_max + 1);

    must(template->is_constant);
    *length = template_fill(template, &nobody, text, template->length_max + 1);
    return text;
}
