/* join: the id by which operations and the entries of a ledger are joined. */
#ifndef SQUALL_PLAN_JOIN_H
#define SQUALL_PLAN_JOIN_H

#include "base/hash.h"
#include "load/template.h"
#include "plan/plan.h"

/* The hash of the id by which the ledger knows the operation of a subject:
 * ledger.key, filled in. The plan must have a ledger. */
struct hash128 join_id(const struct plan *plan,
                       const struct template_subject *subject);

#endif
