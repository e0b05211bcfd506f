/*
 * abort_rule: what ends a run early, an expression of SLOs (measure/slo.h)
 * that holds, perhaps for some time on end:
 *
 *   failure_rate{last=10s} > 20% for 5s
 *
 * It is looked at whenever figures of the run so far are at hand. Only what
 * holds however late squall itself was ends a run; where a look shows that it
 * does not hold, its time begins anew.
 */
#ifndef SQUALL_MEASURE_ABORT_RULE_H
#define SQUALL_MEASURE_ABORT_RULE_H

#include "measure/slo.h"

enum { ABORT_RULES_MAX = 8 };

struct abort_rule {
    char text[SLO_TEXT_MAX]; /* as written */
    struct slo when;
    struct duration lasting; /* 0: at once */
};

/* How one stands while a run goes on. Zero at the start. */
struct abort_watch {
    bool holds;
    struct duration since; /* of the measured time; when it holds */
    struct slo_judgement terms[SLO_TERMS_MAX]; /* of the last look */
};

/* As slo_parse. What is compared with a baseline is refused. */
bool abort_rule_parse(struct abort_rule *rule, const char *text, char *problem,
                      size_t problem_size, size_t *problem_at);

/* Looks at the figures of a run so far, of which `now` is measured; true: the
 * run is to end. */
bool abort_watch_look(struct abort_watch *watch, const struct abort_rule *rule,
                      const struct result *result, struct duration now);

#endif
