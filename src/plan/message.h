/*
 * message: the text of one request, filled, ready for an engine to send.
 *
 * What a request of the plan has that never changes is not repeated here: an
 * engine prepares that once (message_constant), and a message says only what
 * is new. Who sends messages takes room for those that it may have at once
 * before it begins, and fills each again and again.
 */
#ifndef SQUALL_PLAN_MESSAGE_H
#define SQUALL_PLAN_MESSAGE_H

#include "base/arena.h"
#include "load/template.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;
struct planned_operation;

struct message {
    uint16_t request; /* index into the plan's requests: its method, and all
                       * that is constant */
    const char *url;  /* NULL: the request's constant one */
    const char *body; /* NULL: the request's constant one, or none */
    size_t body_length;
    size_t line_count; /* header lines that were filled, "Name: value" */
    const char *const *lines;
    bool has_all_lines; /* the request's constant lines are not sent */
    bool is_hop;        /* it goes where an answer said; its URL is given */
    bool elsewhere;     /* of a hop: not at the target */
    bool as_get;        /* of a hop: GET, without a body */
};

/* Where a redirect leads. */
struct message_hop {
    const char *url;
    bool as_get;    /* asked for with GET, and nothing of a body is sent */
    bool elsewhere; /* another origin, now or on the way: what authenticates
                     * is not sent there, nor a Host of the profile's */
};

/* Room for the texts of messages; each has as much of it. */
struct message_room {
    const struct plan *plan;
    size_t url_size, lines_size, body_size, line_max;
    char *urls, *lines, *bodies;
    const char **heads; /* where each line begins */
    struct constant_lines {
        size_t count;
        const char **items;
    } * constant; /* of each request, where redirects are followed; or NULL */
};

/* For `count` messages at once, of any operation of the plan. Borrows the
 * plan; memory from the arena. */
void message_room_init(struct message_room *room, const struct plan *plan,
                       size_t count, struct arena *arena);

/* What an attempt of an operation sends, as its workload says. The texts stay
 * until the message of this index is filled again. */
void message_fill(const struct message_room *room, size_t index,
                  const struct planned_operation *operation, unsigned attempt,
                  struct message *message);

/* Makes what was filled for an attempt into what its hop sends: RFC 9110,
 * 15.4. */
void message_redirect(const struct message_room *room, size_t index,
                      const struct message_hop *hop, struct message *message);

/* Adds a line, which stays as long as the message. */
void message_add_line(const struct message_room *room, size_t index,
                      const char *line, struct message *message);

/* For workloads: fills the templates of a request. */
void message_fill_templates(const struct message_room *room, size_t index,
                            uint16_t request,
                            const struct template_subject *subject,
                            struct message *message);

/* The most lines that a message of this plan has. */
size_t message_lines_max(const struct plan *plan);

/* The text of a template that is_constant. */
char *message_constant(const struct template *template, struct arena *arena,
                       size_t *length);

#endif
