#include "plan/join.h"

#include "base/must.h"

struct hash128 join_id(const struct plan *plan,
                       const struct template_subject *subject)
{
    char id[1024];
    const struct template *template = &plan->ledger_key;

    must(template->length_max < sizeof(id));
    return hash_bytes(id, template_fill(template, subject, id, sizeof(id)));
}
