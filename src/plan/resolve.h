/*
 * resolve: from what a profile says, key by key, to what a run does.
 *
 * Here lie the defaults that depend on other keys, and every contradiction
 * between keys. The struct is shared by the files that do the parts.
 */
#ifndef SQUALL_PLAN_RESOLVE_H
#define SQUALL_PLAN_RESOLVE_H

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

/* The parts, in the order in which they need each other. */
void resolve_load(struct resolver *resolver);     /* resolve_load.c */
void resolve_retry(struct resolver *resolver);    /* resolve_policy.c */
void resolve_budget(struct resolver *resolver);
void resolve_key(struct resolver *resolver);
void resolve_faults(struct resolver *resolver);
void resolve_service(struct resolver *resolver);  /* resolve_target.c */
void resolve_target(struct resolver *resolver);
void resolve_requests(struct resolver *resolver); /* requests.c */
void resolve_ledger(struct resolver *resolver);   /* resolve_target.c */
void resolve_slos(struct resolver *resolver);     /* resolve.c */

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
