#include "run/elimination.h"

#include <string.h>

_Static_assert((int)PAIRED_VARIANTS_MAX == (int)KNOCKOUT_VARIANTS_MAX,
               "who is dropped is out");

static const struct {
    const char *word;
    bool is_over;
} ends[ELIMINATION_END_COUNT] = {
#define ELIMINATION_END(id, word, is_over) {word, is_over},
#include "run/elimination_end.def"
};

const char *elimination_end_word(enum elimination_end end)
{
    return ends[end].word;
}

bool elimination_is_over(enum elimination_end end)
{
    return ends[end].is_over;
}

/* After a look; false when there is another. */
static bool has_ended(struct elimination *elimination)
{
    const struct knockout *knockout = &elimination->knockout;
    const struct paired *paired = &elimination->paired;

    if (knockout->left == 1) {
        elimination->end = ELIMINATION_ONE_LEFT;
    } else if (knockout_is_settled(knockout, &paired->input)) {
        elimination->end = ELIMINATION_SETTLED;
    } else if (knockout_next(knockout, paired->input.rounds) == 0) {
        elimination->end = ELIMINATION_LAST_LOOK;
    } else if (paired_is_out_of_time(paired)) {
        elimination->end = ELIMINATION_OUT_OF_TIME;
    } else {
        return false;
    }
    return true;
}

bool elimination_make(struct elimination *elimination, struct arena *arena,
                      const struct elimination_options *options,
                      struct errors *errors)
{
    struct knockout *knockout = &elimination->knockout;
    struct paired *paired = &elimination->paired;
    struct knockout_rules rules = options->rules;

    rules.variant_count = options->paired.variant_count;
    *elimination = (struct elimination){.end = ELIMINATION_STOPPED};
    knockout_begin(knockout, &rules);
    paired_begin(paired, arena, &options->paired,
                 rules.fixed ? rules.fixed : rules.most);
    paired->needed = knockout_first(&rules);
    for (;;) {
        enum trial_use use = paired_reach(paired, paired->needed, errors);
        elimination->took = paired_took(paired);
        if (use == TRIAL_FAILED) {
            return false;
        }
        if (use != TRIAL_COUNTS) {
            elimination->end =
                use == TRIAL_STOPPED ? ELIMINATION_STOPPED : ELIMINATION_VOID;
            return true;
        }
        knockout_look(knockout, &paired->input);
        if (has_ended(elimination)) {
            return true;
        }
        memcpy(paired->is_out, knockout->is_dropped,
               sizeof knockout->is_dropped);
        paired->needed = knockout_next(knockout, paired->input.rounds);
    }
}
