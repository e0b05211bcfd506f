/*
 * bound: an expression over what a search found, such as "capacity < 900/s",
 * and whether it is true.
 *
 *   NAME op SIZE      op: < <= > >=
 * The name and how a size is written are those of who asks. What was searched
 * in vain is known as far as the search went: where every size up to 500
 * passes, "< 400" is false, and nobody knows of "< 900".
 */
#ifndef SQUALL_SEARCH_BOUND_H
#define SQUALL_SEARCH_BOUND_H

#include "search/search.h"

enum { BOUND_TEXT_MAX = 80 };

enum bound_operator { BOUND_LT, BOUND_LE, BOUND_GT, BOUND_GE };

struct bound {
    char text[BOUND_TEXT_MAX]; /* as written */
    enum bound_operator op;
    double size;
};

enum bound_truth { BOUND_FALSE, BOUND_TRUE, BOUND_UNKNOWN };

/* How sizes are written; as units_parse_rate is. */
typedef bool bound_parse_size(const char *text, double *size,
                              const char **problem);

/* False with what is wrong in `problem`. */
bool bound_parse(struct bound *bound, const char *text, const char *name,
                 bound_parse_size *parse_size, char *problem,
                 size_t problem_size);

/* A bound that must not be true, or must be, for CI. */
struct bound_gate {
    struct bound bound;
    bool is_demand; /* it must: --fail-unless */
};

/* Whether a gate holds. */
enum bound_truth bound_gate_holds(const struct bound_gate *gate,
                                  const struct search_view *found,
                                  bool is_over);

/* Of the headline of a search that is over, where it was confirmed. */
enum bound_truth bound_judge(const struct bound *bound,
                             const struct search_view *found, bool is_over);

#endif
