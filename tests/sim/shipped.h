/* shipped: a client of profiles/clients, and a service that says to its
 * attempts what a test has written down. Include after cmocka. */
#ifndef SQUALL_TESTS_SIM_SHIPPED_H
#define SQUALL_TESTS_SIM_SHIPPED_H

#include "plan/plan.h"

#include "world.h"

/* What the service says to each attempt, one letter each: '.' ok, 'F' 503,
 * 'T' 429, '-' nothing at all. After the last letter it says that one for
 * ever. */
struct words {
    const char *next;
};

static inline struct reply answer_in_turn(struct world *world, unsigned call,
                                          unsigned attempt)
{
    struct words *words = (void *)(uintptr_t)world->script;
    struct reply reply = {.after = duration_ms(10), .status = 200};
    (void)call;
    (void)attempt;
    switch (*words->next) {
    case 'F':
        reply.status = 503;
        break;
    case 'T':
        reply.status = 429;
        break;
    case '-':
        reply.never = true;
        break;
    case '.':
        break;
    default:
        fail_msg("there is no word '%c'", *words->next);
    }
    words->next += words->next[1] != '\0';
    return reply;
}

struct bench {
    struct plan *plan;
    struct policy policy; /* of the plan; a test may change it first */
    struct words words;
    struct world world;
    struct str text;
};

static inline void read_client(struct bench *bench, const char *client)
{
    struct errors errors = ERRORS_INIT;
    struct plan_input input = {.profile_count = 1, .profiles = &client};

    bench->plan = plan_read(&input, &errors);
    errors_print(&errors, stderr);
    assert_non_null(bench->plan);
    bench->policy = bench->plan->policy;
}

static inline void set_up(struct bench *bench, const char *about,
                          const char *words)
{
    bench->words.next = words;
    bench->text = (struct str)STR_INIT;
    world_init(&bench->world, &bench->policy, SEED, 1);
    bench->world.serve = answer_in_turn;
    bench->world.script = &bench->words;
    str_printf(&bench->text, "# %s\n", about);
}

#endif
