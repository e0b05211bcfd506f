/*
 * live: what a terminal shows of a run while it goes on: a few lines that are
 * drawn anew.
 *
 * The four golden signals by name (latency, traffic, errors, saturation), each
 * as of the last whole second and so far, beside its course; then errors by
 * kind, what the clients' policies do, the SLOs, and what is done to the
 * service. All of it is composed from values, for a size: nothing here knows
 * a terminal.
 *
 * "So far" are the figures of the report (measure/result.h). How many are in
 * flight, and how much of the run is over, is known more often, and so is what
 * a warm-up comes to, which no report counts.
 */
#ifndef SQUALL_REPORT_LIVE_H
#define SQUALL_REPORT_LIVE_H

#include "measure/result.h"
#include "plan/plan.h"
#include "report/progress.h"
#include "report/term.h"

enum {
    LIVE_POINTS_MAX = 240, /* no line is longer */
    LIVE_ERRORS_MAX = 5,
    LIVE_COLUMNS_MIN = 40, /* a smaller terminal gets one line */
    LIVE_ROWS_MIN = 9
};

/* An interval of the series, as in the report; < 0: not measured. */
struct live_point {
    double finished_per_s;
    double failed_share;   /* of those that finished */
    double p50_us, p99_us; /* time to success; INFINITY: never */
    double amplification, in_flight;
};

/* A kind of attempts that failed, and what was said of it; or why operations
 * were shed. */
struct live_error {
    uint64_t count;
    char name[48];
    char text[FAILURE_SHOWN_MAX];
};

/* The figures so far. */
struct live_figures {
    struct duration interval; /* of a point */
    size_t point_count;       /* whole intervals, the latest last */
    struct live_point points[LIVE_POINTS_MAX];
    struct duration end; /* of the last of them, in measured time */
    double per_s, success_rate, amplification, peak; /* < 0: not measured */
    double p50_us, p99_us; /* time to success; INFINITY: never, < 0 */
    uint64_t failed, shed, dropped, attempts, status_429, status_503;
    double queueing;  /* the last median over the least of a second; < 0 */
    double waited_us; /* p99 of waits for squall's own connections; < 0 */
    double breakers_open, limit, budget_level; /* last known; < 0 */
    size_t error_count;
    struct live_error errors[LIVE_ERRORS_MAX];
    size_t slos_met, slos_missed;
    const char *missed; /* the first of those, or NULL */
};

struct live {
    const struct plan *plan;
    size_t trigger_count;
    struct trigger triggers[TRIGGERS_MAX];
    struct progress progress;
    bool has_figures;
    struct live_figures figures;
};

/* Borrows the plan. `has_service`: the service is squall's own, with the
 * faults of the plan. */
void live_init(struct live *live, const struct plan *plan, bool has_service);

/* How far the run is; borrows the phase. */
void live_take_progress(struct live *live, const struct progress *progress);

/* Takes what it shows of the figures so far. */
void live_take_figures(struct live *live, const struct result *result);

/* Appends at most `rows` lines, each within the width of the terminal and with
 * an end of line; returns how many. */
int live_compose(const struct live *live, struct term *term, int rows);

#endif
