#include "search/bound.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool parse_operator(const char **at, enum bound_operator *op)
{
    static const struct {
        const char *text;
        enum bound_operator op;
    } operators[] = {
        {"<=", BOUND_LE}, {">=", BOUND_GE}, {"<", BOUND_LT}, {">", BOUND_GT}};

    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t length = strlen(operators[i].text);
        if (strncmp(*at, operators[i].text, length) == 0) {
            *at += length;
            *op = operators[i].op;
            return true;
        }
    }
    return false;
}

bool bound_parse(struct bound *bound, const char *text, const char *name,
                 bound_parse_size *parse_size, char *problem,
                 size_t problem_size)
{
    const char *at = text + strspn(text, " ");
    const char *why;

    if (strlen(text) >= sizeof bound->text) {
        snprintf(problem, problem_size, "longer than %d characters",
                 BOUND_TEXT_MAX - 1);
        return false;
    }
    snprintf(bound->text, sizeof bound->text, "%s", text);
    if (strncmp(at, name, strlen(name)) != 0) {
        snprintf(problem, problem_size, "\"%s\" does not begin with \"%s\"",
                 text, name);
        return false;
    }
    at += strlen(name);
    at += strspn(at, " ");
    if (!parse_operator(&at, &bound->op)) {
        snprintf(problem, problem_size,
                 "\"%s\" has no <, <=, > or >= after \"%s\"", text, name);
        return false;
    }
    at += strspn(at, " ");
    if (!parse_size(at, &bound->size, &why)) {
        snprintf(problem, problem_size, "\"%s\": %s", at, why);
        return false;
    }
    return true;
}

/* For all sizes between two ends, or for none, or nobody knows. */
static enum bound_truth judge_ends(const struct bound *bound, double low,
                                   double high)
{
    bool of_low = false, of_high = false;

    switch (bound->op) {
    case BOUND_LT:
        of_low = low < bound->size;
        of_high = high < bound->size;
        break;
    case BOUND_LE:
        of_low = low <= bound->size;
        of_high = high <= bound->size;
        break;
    case BOUND_GT:
        of_low = low > bound->size;
        of_high = high > bound->size;
        break;
    case BOUND_GE:
        of_low = low >= bound->size;
        of_high = high >= bound->size;
        break;
    }
    return of_low != of_high ? BOUND_UNKNOWN
           : of_low          ? BOUND_TRUE
                             : BOUND_FALSE;
}

enum bound_truth bound_judge(const struct bound *bound,
                             const struct search_view *found, bool is_over)
{
    if (!is_over) {
        return BOUND_UNKNOWN;
    }
    switch (found->end) {
    case SEARCH_FOUND:
        return found->is_confirmed
                   ? judge_ends(bound, found->headline, found->headline)
                   : BOUND_UNKNOWN;
    case SEARCH_NEVER_FAILS:
        return judge_ends(bound, found->headline, INFINITY);
    case SEARCH_NEVER_PASSES:
        return judge_ends(bound, 0, found->fails_from);
    case SEARCH_UNFINISHED:
    case SEARCH_IMPOSSIBLE:
        break;
    }
    return BOUND_UNKNOWN;
}

enum bound_truth bound_gate_holds(const struct bound_gate *gate,
                                  const struct search_view *found,
                                  bool is_over)
{
    enum bound_truth truth = bound_judge(&gate->bound, found, is_over);

    if (truth == BOUND_UNKNOWN || gate->is_demand) {
        return truth;
    }
    return truth == BOUND_TRUE ? BOUND_FALSE : BOUND_TRUE;
}
