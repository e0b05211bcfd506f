#include "plan/message.h"

#include "base/mask.h"
#include "base/must.h"
#include "plan/plan.h"
#include "plan/workload.h"

#include <string.h>
#include <strings.h>

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The length of what is filled of a template, with its NUL. */
static size_t filled_size(const struct template *template)
{
    return template->is_constant ? 0 : template->length_max + 1;
}

static size_t filled_lines(const struct planned_request *request)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        count += !request->header_lines[i].is_constant;
    }
    return count;
}

size_t message_lines_max(const struct plan *plan)
{
    size_t most = workload_of(plan)->line_max;
    size_t signature = plan->policy.answers_challenges ? 1 : 0;
    bool has_hops = plan->policy.redirects > 0;
    for (size_t i = 0; i < plan->request_count; i++) {
        const struct planned_request *request = &plan->requests[i];
        most = larger(most, has_hops ? request->header_count
                                     : filled_lines(request));
    }
    return most + signature;
}

/* The most that any request needs of what is filled for every attempt. */
static void measure(struct message_room *room)
{
    const struct plan *plan = room->plan;

    room->line_max = message_lines_max(plan);
    room->lines_size = workload_of(plan)->lines_size;
    for (size_t i = 0; i < plan->request_count; i++) {
        const struct planned_request *request = &plan->requests[i];
        size_t lines = 0;
        for (size_t h = 0; h < request->header_count; h++) {
            lines += filled_size(&request->header_lines[h]);
        }
        room->lines_size = larger(room->lines_size, lines);
        room->url_size = larger(room->url_size, filled_size(&request->url));
        if (request->has_body) {
            room->body_size =
                larger(room->body_size, filled_size(&request->body));
        }
    }
}

static void keep_constant_lines(struct message_room *room, struct arena *arena)
{
    const struct plan *plan = room->plan;
    size_t ignored;

    room->constant =
        arena_array(arena, plan->request_count, sizeof(*room->constant));
    for (size_t i = 0; i < plan->request_count; i++) {
        const struct planned_request *request = &plan->requests[i];
        struct constant_lines *lines = &room->constant[i];
        lines->items =
            arena_array(arena, request->header_count, sizeof(*lines->items));
        for (size_t h = 0; h < request->header_count; h++) {
            const struct template *line = &request->header_lines[h];
            if (line->is_constant) {
                lines->items[lines->count++] =
                    message_constant(line, arena, &ignored);
            }
        }
    }
}

void message_room_init(struct message_room *room, const struct plan *plan,
                       size_t count, struct arena *arena)
{
    *room = (struct message_room){.plan = plan};
    measure(room);
    room->urls = arena_array(arena, count, room->url_size);
    room->lines = arena_array(arena, count, room->lines_size);
    room->bodies = arena_array(arena, count, room->body_size);
    room->heads =
        arena_array(arena, count * room->line_max, sizeof(*room->heads));
    if (plan->policy.redirects > 0) {
        keep_constant_lines(room, arena);
    }
}

void message_fill(const struct message_room *room, size_t index,
                  const struct planned_operation *operation, unsigned attempt,
                  struct message *message)
{
    workload_of(room->plan)->fill(room, index, operation, attempt, message);
}

/* Lines that are about a body. */
static bool is_of_body(const char *line, size_t name)
{
    return (name > 8 && strncasecmp(line, "Content-", 8) == 0) ||
           (name == 17 && strncasecmp(line, "Transfer-Encoding", 17) == 0) ||
           (name == 6 && strncasecmp(line, "Expect", 6) == 0);
}

/* Lines that are for the service that was asked first, and for no other. */
static bool is_of_origin(const char *line, size_t name)
{
    return (name == 4 && strncasecmp(line, "Host", 4) == 0) ||
           mask_is_secret_name(line, name);
}

static bool goes_along(const struct message_hop *hop, const char *line)
{
    size_t name = strcspn(line, ":");

    return !(hop->as_get && is_of_body(line, name)) &&
           !(hop->elsewhere && is_of_origin(line, name));
}

/* Those that go along, of the lines that were filled and the constant ones, in
 * the message's own list. */
static void choose_lines(const struct message_room *room, size_t index,
                         const struct message_hop *hop,
                         struct message *message)
{
    const struct constant_lines *constant = &room->constant[message->request];
    const char **heads = &room->heads[index * room->line_max];
    size_t count = 0;

    for (size_t i = 0; i < message->line_count; i++) {
        if (goes_along(hop, message->lines[i])) {
            heads[count++] = message->lines[i];
        }
    }
    for (size_t i = 0; i < constant->count && !message->has_all_lines; i++) {
        must(count < room->line_max);
        if (goes_along(hop, constant->items[i])) {
            heads[count++] = constant->items[i];
        }
    }
    message->lines = heads;
    message->line_count = count;
    message->has_all_lines = true;
}

void message_redirect(const struct message_room *room, size_t index,
                      const struct message_hop *hop, struct message *message)
{
    message->url = hop->url;
    message->is_hop = true;
    message->as_get = hop->as_get;
    message->elsewhere = hop->elsewhere;
    if (hop->as_get) {
        message->body = NULL;
        message->body_length = 0;
    }
    if (hop->as_get || hop->elsewhere) {
        choose_lines(room, index, hop, message);
    }
}

void message_add_line(const struct message_room *room, size_t index,
                      const char *line, struct message *message)
{
    must(message->line_count < room->line_max);
    room->heads[index * room->line_max + message->line_count++] = line;
}
