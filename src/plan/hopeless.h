/* hopeless: when a run cannot meet its SLOs any more, whatever is still to
 * come. */
#ifndef SQUALL_PLAN_HOPELESS_H
#define SQUALL_PLAN_HOPELESS_H

#include "plan/plan.h"

/* Sets plan->miss_limit by the first SLO that has such a point: an upper bound
 * of a quantile of the time to success, which is lost when more operations
 * than the load allows took longer or failed; or a lower bound of the success
 * rate. Random arrivals are taken to be as many as they ever are (six
 * standard deviations), so that no run ends which could have passed. */
void plan_end_when_hopeless(struct plan *plan);

#endif
