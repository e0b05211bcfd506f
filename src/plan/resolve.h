/*
 * resolve: from what a profile says, key by key, to what a run does.
 *
 * Here lie the defaults that depend on other keys, and every contradiction
 * between keys. The struct is shared by the files that do the parts.
 */
#ifndef SQUALL_PLAN_RESOLVE_H
#define SQUALL_PLAN_RESOLVE_H

#include "plan/choice.h"
#include "plan/draft.h"
#include "plan/sources.h"

struct resolver {
    struct plan *plan;
    struct draft *draft;
    const cJSON *tree; /* merged, expanded */
    const struct plan_input *input;
    const struct sources *sources;
    struct errors *errors;
};

/* Fills the plan from the draft; false after adding errors. */
bool resolve(struct resolver *resolver);

/* Whether a profile or the command line says something at the path. */
bool is_given(const struct resolver *resolver, const char *path);

/* Adds an error at a path. */
struct error *resolve_refuse(const struct resolver *resolver,
                             const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds an error at `path` that also names where `other` stands. */
struct error *resolve_conflict(const struct resolver *resolver,
                               const char *path, const char *other,
                               const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A key that only some types of its section look at. */
struct typed_key {
    const char *name;
    uint32_t types; /* bits of the choice that `by` names */
};

/* Refuses the keys of a section that its type does not look at: what is said
 * there does nothing, which is not what its writer thinks. `by` is the key
 * that says the type. */
void resolve_other_keys(const struct resolver *resolver, const char *section,
                        const char *by, const struct choice *choices, int type,
                        const struct typed_key *list, size_t count);

/* False, after adding an error at the section, when it lacks a key that `who`
 * cannot do without; the example is what to add. */
bool resolve_need(const struct resolver *resolver, const char *section,
                  const char *name, const char *who, const char *example);

/* Refuses what is no URL of HTTP (resolve_target.c). */
void resolve_url(const struct resolver *resolver, const char *path,
                 const char *url);

/* Checks what the type of a backoff needs, and completes it. */
void resolve_backoff(const struct resolver *resolver, const char *section,
                     struct backoff_config *backoff); /* resolve_policy.c */

/* The parts, in the order in which they need each other. */
void resolve_load(struct resolver *resolver);     /* resolve_load.c */
void resolve_timeout(struct resolver *resolver);  /* resolve_layers.c */
void resolve_retry(struct resolver *resolver);    /* resolve_policy.c */
void resolve_budget(struct resolver *resolver);
void resolve_breaker(struct resolver *resolver);  /* resolve_layers.c */
void resolve_concurrency(struct resolver *resolver);
void resolve_rate_limit(struct resolver *resolver);
void resolve_throttle(struct resolver *resolver);
void resolve_hedge(struct resolver *resolver);
void resolve_order(struct resolver *resolver);    /* resolve_order.c */
void resolve_key(struct resolver *resolver);      /* resolve_policy.c */
void resolve_faults(struct resolver *resolver);   /* resolve_faults.c */
void resolve_service(struct resolver *resolver);  /* resolve_target.c */
void resolve_target(struct resolver *resolver);
void resolve_requests(struct resolver *resolver); /* requests.c */
void resolve_ledger(struct resolver *resolver);   /* resolve_ledger.c */
void resolve_effect_id(struct resolver *resolver); /* resolve_answers.c */

/* Compiles a template that stands at a path. */
bool resolve_template(const struct resolver *resolver, const char *path,
                      const char *text, size_t length,
                      struct template *template);

/* What is wrong with a URL, or NULL; the remedy goes to hint. Holes count as
 * part of a path. */
const char *url_problem(const char *url, char *hint, size_t hint_size);

/* Compiles the URL of every request from the plan's target. */
bool requests_set_url(struct plan *plan, const char **problem,
                      size_t *request);

#endif
