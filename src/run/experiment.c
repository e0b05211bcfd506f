#include "run/experiment.h"

#include <string.h>

/* Rounds that the rows which lead ask for, and at least those of the next
 * look. */
static size_t rounds_asked(const struct comparison *judged, size_t look,
                           size_t most)
{
    size_t asked = look;

    for (size_t i = 0; i < judged->row_count; i++) {
        const struct comparison_row *row = &judged->rows[i];
        if (row->is_judged && compared_measure(row->measure)->leads &&
            row->wanted > asked) {
            asked = row->wanted;
        }
    }
    return asked < most ? asked : most;
}

static void judge_stopped(struct experiment *experiment, struct arena *arena,
                          const struct looks *looks)
{
    experiment->comparison = comparison_judge(arena, &experiment->paired.input,
                                              looks_last_level(looks));
}

bool experiment_make(struct experiment *experiment, struct arena *arena,
                     const struct experiment_options *options,
                     struct errors *errors)
{
    const struct looks *looks = &options->looks;
    struct paired *paired = &experiment->paired;
    size_t most = looks->fixed ? looks->fixed : looks->most;

    *experiment = (struct experiment){.end = EXPERIMENT_JUDGED};
    paired_begin(paired, arena, &options->paired, most);
    memcpy(paired->input.is_judged, options->is_judged,
           sizeof options->is_judged);
    size_t look = looks_first(looks, comparison_family(&paired->input));
    paired->needed = look;
    for (;;) {
        enum trial_use use = paired_reach(paired, look, errors);
        experiment->took = paired_took(paired);
        if (use == TRIAL_FAILED) {
            return false;
        }
        if (use != TRIAL_COUNTS) {
            experiment->end =
                use == TRIAL_STOPPED ? EXPERIMENT_STOPPED : EXPERIMENT_VOID;
            judge_stopped(experiment, arena, looks);
            return true;
        }
        if (looks_judge(looks, arena, &paired->input,
                        paired_is_out_of_time(paired),
                        &experiment->comparison)) {
            return true;
        }
        look = looks_next(looks, look);
        paired->needed = rounds_asked(&experiment->comparison, look, most);
    }
}
