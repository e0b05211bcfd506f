#include "compare/looks.h"

#include "compare/rounds.h"

static const double of_one = 0.05;
static const double of_last = 0.03;
static const double of_early = 0.004;

enum { FIRST = 8 };

double looks_last_level(const struct looks *looks)
{
    return looks->fixed ? of_one : of_last;
}

static size_t at_most(size_t rounds, size_t most)
{
    return rounds < most ? rounds : most;
}

size_t looks_first(const struct looks *looks, size_t family)
{
    if (looks->fixed) {
        return looks->fixed;
    }
    size_t least = rounds_least(of_last / (double)(family ? family : 1));
    return at_most(least > FIRST ? least : FIRST, looks->most);
}

size_t looks_next(const struct looks *looks, size_t rounds)
{
    return looks->fixed ? looks->fixed
                        : at_most((rounds * 3 + 1) / 2, looks->most);
}

static bool leads(const struct comparison_row *row)
{
    return row->is_judged && compared_measure(row->measure)->leads;
}

/* Were there enough rounds to find in every leading row what should be seen?
 */
static bool is_enough(const struct comparison *judged)
{
    for (size_t i = 0; i < judged->row_count; i++) {
        const struct comparison_row *row = &judged->rows[i];
        bool is_known = row->wanted > 0 && row->wanted <= row->rounds;
        if (leads(row) && row->finding != FOUND_UNMEASURED && !is_known) {
            return false;
        }
    }
    return true;
}

static bool is_settled(const struct comparison *judged)
{
    for (size_t i = 0; i < judged->row_count; i++) {
        const struct comparison_row *row = &judged->rows[i];
        if (leads(row) && row->finding == FOUND_UNDECIDED) {
            return false;
        }
    }
    return true;
}

bool looks_judge(const struct looks *looks, struct arena *arena,
                 const struct comparison_input *input, bool is_last,
                 struct comparison *judged)
{
    *judged = comparison_judge(arena, input, looks_last_level(looks));
    if (is_last || looks->fixed || input->rounds >= looks->most ||
        is_enough(judged)) {
        return true;
    }
    struct comparison early = comparison_judge(arena, input, of_early);
    if (!is_settled(&early)) {
        return false;
    }
    *judged = early;
    return true;
}
