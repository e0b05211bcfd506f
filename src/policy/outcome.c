#include "policy/outcome.h"

#include "base/must.h"

#include <string.h>

struct outcome_row {
    const char *name;
    enum certainty certainty;
};

static const struct outcome_row rows[] = {
#define OUTCOME(id, name, certainty, sentence) {name, CERTAINTY_##certainty},
#include "policy/outcome.def"
#undef OUTCOME
};

_Static_assert(array_length(rows) == OUTCOME_COUNT, "one row an outcome");
_Static_assert(OUTCOME_COUNT <= 32, "classify keeps outcomes in 32 bits");

enum { STATUS_FIRST = 100, STATUS_LAST = 599 };

const char *outcome_name(enum outcome outcome)
{
    must((size_t)outcome < OUTCOME_COUNT);
    return rows[outcome].name;
}

bool outcome_from_name(const char *name, enum outcome *outcome)
{
    for (size_t i = 0; i < OUTCOME_COUNT; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            *outcome = (enum outcome)i;
            return true;
        }
    }
    return false;
}

bool outcome_is_no(enum outcome outcome)
{
    return outcome == OUTCOME_UNEXPECTED || outcome == OUTCOME_REDIRECTED ||
           outcome == OUTCOME_REDIRECT_LIMIT || outcome == OUTCOME_REJECTED ||
           outcome == OUTCOME_BUSY || outcome == OUTCOME_THROTTLED ||
           outcome == OUTCOME_SERVER_ERROR;
}

enum certainty outcome_certainty(enum outcome outcome, bool sent)
{
    must((size_t)outcome < OUTCOME_COUNT);
    return sent ? rows[outcome].certainty : CERTAINTY_NOT_DONE;
}

enum outcome outcome_of_status(uint16_t status,
                               const struct expect_config *expect,
                               bool has_key)
{
    if (status_set_has(&expect->ok, status)) {
        return OUTCOME_OK;
    }
    if (has_key && status_set_has(&expect->busy, status)) {
        return OUTCOME_BUSY;
    }
    if (status < STATUS_FIRST || status > STATUS_LAST) {
        return OUTCOME_PROTOCOL;
    }
    if (status == 301 || status == 302 || status == 307 || status == 308) {
        return OUTCOME_REDIRECTED;
    }
    if (status < 400) {
        return OUTCOME_UNEXPECTED;
    }
    if (status == 429) {
        return OUTCOME_THROTTLED;
    }
    if (status >= 500 || status == 408 || status == 425) {
        return OUTCOME_SERVER_ERROR;
    }
    return OUTCOME_REJECTED;
}

bool status_set_has(const struct status_set *set, unsigned status)
{
    if (status < STATUS_FIRST || status > STATUS_LAST) {
        return false;
    }
    unsigned bit = status - STATUS_FIRST;
    return (set->bits[bit / 64] >> (bit % 64)) & 1;
}

void status_set_add(struct status_set *set, unsigned first, unsigned last)
{
    must(first >= STATUS_FIRST && last <= STATUS_LAST && first <= last);
    for (unsigned status = first; status <= last; status++) {
        unsigned bit = status - STATUS_FIRST;
        set->bits[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
}
