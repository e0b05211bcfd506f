/*
 * resolve: from what a profile says, key by key, to what a run does.
 *
 * Here lie the defaults that depend on other keys, and every contradiction
 * between keys. resolve_*.c and requests.c do the parts.
 */
#ifndef SQUALL_PLAN_RESOLVE_H
#define SQUALL_PLAN_RESOLVE_H

#include "plan/resolver.h"

/* Fills the plan from the draft; false after adding errors. */
bool resolve(struct resolver *resolver);

/* Refuses what is no URL of HTTP, and no path on the target, and encodes it
 * (resolve_target.c). */
void resolve_url(const struct resolver *resolver, const char *path,
                 const char **url);

/* Checks what the type of a backoff needs, and completes it. */
void resolve_backoff(const struct resolver *resolver, const char *section,
                     struct backoff_config *backoff); /* resolve_policy.c */

/* The parts, in the order in which they need each other. */
void resolve_load(struct resolver *resolver);     /* resolve_load.c */
void resolve_arrivals(struct resolver *resolver); /* resolve_arrivals.c */
void resolve_timeout(struct resolver *resolver);  /* resolve_layers.c */
void resolve_retry(struct resolver *resolver);    /* resolve_policy.c */
void resolve_budget(struct resolver *resolver);
void resolve_breaker(struct resolver *resolver); /* resolve_layers.c */
void resolve_concurrency(struct resolver *resolver);
void resolve_rate_limit(struct resolver *resolver);
void resolve_throttle(struct resolver *resolver);
void resolve_hedge(struct resolver *resolver);
void resolve_order(struct resolver *resolver);  /* resolve_order.c */
void resolve_key(struct resolver *resolver);    /* resolve_policy.c */
void resolve_faults(struct resolver *resolver); /* resolve_faults.c */
/* resolve_windows.c: after the load, before the faults */
void resolve_windows(struct resolver *resolver);
void resolve_service(struct resolver *resolver); /* resolve_target.c */
void resolve_target(struct resolver *resolver);
void resolve_requests(struct resolver *resolver);  /* requests.c */
void resolve_timeline(struct resolver *resolver);  /* resolve_timeline.c */
void resolve_ledger(struct resolver *resolver);    /* resolve_ledger.c */
void resolve_effect_id(struct resolver *resolver); /* resolve_answers.c */
void resolve_slos(struct resolver *resolver);      /* resolve_slo.c */

/* Compiles the URL of every request from the plan's target. */
bool requests_set_url(struct plan *plan, const char **problem,
                      size_t *request);

#endif
