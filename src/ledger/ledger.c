#include "ledger/ledger.h"

#include "engine/clock.h"
#include "ledger/ledger_source.h"

#include <time.h>

static void take_entry(void *user, const struct ledger_entry *entry)
{
    effects_join_take(user, entry);
}

static void take_history(void *user, const struct ledger_entry *entry)
{
    effects_join_history(user, entry);
}

/* The reading before a run. */
struct first_reading {
    struct baseline *baseline;
    const struct plan *plan;
};

static void take_first(void *user, const struct ledger_entry *entry)
{
    struct first_reading *first = user;
    effects_join_add_baseline(first->baseline,
                              &first->plan->ledger.transitions, entry);
}

static struct ledger_source ledger_of(const struct plan *plan,
                                      const atomic_bool *stop)
{
    return (struct ledger_source){
        .url = plan->ledger.url,
        .url_key = "ledger.url",
        .command = plan->ledger.command,
        .command_key = "ledger.command",
        .columns = plan->ledger.columns,
        .stop = stop,
    };
}

/* Whether there is one apart from the ledger. */
static bool has_history(const struct plan *plan, struct ledger_source *history)
{
    history->url = plan->ledger.history_url;
    history->url_key = "ledger.history.url";
    history->command = plan->ledger.history_command;
    history->command_key = "ledger.history.command";
    history->columns = LEDGER_HAS_STATE_TIME;
    return history->url || history->command;
}

/* Sleeps in short pieces, so that a stop is seen soon. */
static void sleep_for(struct duration length, const atomic_bool *stop)
{
    struct instant end = instant_add(clock_now(), length);
    while (instant_before(clock_now(), end) && !(stop && atomic_load(stop))) {
        struct duration left = instant_since(end, clock_now());
        left = duration_min(left, duration_ms(50));
        if (left.ns > 0) {
            struct timespec pause = {0, (long)left.ns};
            nanosleep(&pause, NULL);
        }
    }
}

/* Whether settling must end without a last reading; says why. */
static bool is_over(const struct plan *plan,
                    const struct ledger_options *options,
                    const struct ledger_progress *progress,
                    struct errors *errors)
{
    if (options->stop && atomic_load(options->stop)) {
        errors_add(errors, ERROR_NO_LEDGER,
                   "interrupted before the ledger settled");
        return true;
    }
    if (progress->readings > 1 && progress->left.ns <= 0) {
        struct error *error = errors_add(
            errors, ERROR_NO_LEDGER,
            "the ledger did not settle in %g s (ledger.timeout): it still "
            "changed after %u readings, with %llu effects of this run",
            duration_in_seconds(plan->ledger.timeout), progress->readings,
            (unsigned long long)progress->own);
        error_hint(error, "raise ledger.timeout or ledger.settle, or "
                          "stop what else writes to it");
        return true;
    }
    return false;
}

/* Whether a reading that is equal to the one before is the last. Effects of
 * operations that succeeded may be late: while some are missing, the ledger
 * must stay the same for longer, as far as its timeout allows. */
static bool is_settled(const struct plan *plan, struct effects_join *join,
                       const struct ledger_options *options,
                       struct instant same_since, struct instant end)
{
    struct instant now = clock_now();
    return instant_since(now, same_since).ns >= plan->ledger.patience.ns ||
           !instant_before(now, end) ||
           (options->stop && atomic_load(options->stop)) ||
           effects_join_missing(join) == 0;
}

static bool settle(const struct plan *plan, struct effects_join *join,
                   const struct ledger_options *options, struct errors *errors)
{
    struct ledger_source source = ledger_of(plan, options->stop);
    struct instant end = instant_add(clock_now(), plan->ledger.timeout);
    struct instant same_since = clock_now();
    struct ledger_progress progress = {0};
    uint64_t before = 0;

    for (;;) {
        effects_join_clear(join);
        if (!ledger_source_read(plan, &source, take_entry, join, errors)) {
            return false;
        }
        uint64_t now = effects_join_fingerprint(join);
        bool is_same = progress.readings++ > 0 && now == before;
        if (is_same && is_settled(plan, join, options, same_since, end)) {
            return true;
        }
        same_since = is_same ? same_since : clock_now();
        before = now;
        effects_join_counts(join, &progress.own, &progress.foreign);
        progress.left = instant_since(end, clock_now());
        progress.missing = is_same ? effects_join_missing(join) : 0;
        if (!is_same && is_over(plan, options, &progress, errors)) {
            return false;
        }
        if (options->on_reading) {
            options->on_reading(options->user, &progress);
        }
        sleep_for(plan->ledger.settle, options->stop);
    }
}

bool ledger_read(const struct plan *plan, struct effects_join *join,
                 const struct ledger_options *options, struct errors *errors)
{
    struct ledger_source history = {.stop = options->stop};

    if (plan->ledger.transitions.count > 0) {
        effects_join_use_transitions(join, &plan->ledger.transitions);
    }
    return settle(plan, join, options, errors) &&
           (!has_history(plan, &history) ||
            ledger_source_read(plan, &history, take_history, join, errors));
}

bool ledger_probe(const struct plan *plan, struct baseline *baseline,
                  const atomic_bool *stop, struct errors *errors)
{
    struct ledger_source source = ledger_of(plan, stop);
    struct ledger_source history = {.stop = stop};
    struct first_reading first = {baseline, plan};

    if (!ledger_source_read(plan, &source,
                            plan->ledger.baseline ? take_first : NULL, &first,
                            errors)) {
        return false;
    }
    if (baseline->is_full) {
        struct error *error = errors_add(
            errors, ERROR_NO_LEDGER,
            "the ledger has more than %d ids before the run: too many to "
            "remember",
            BASELINE_IDS_MAX);
        error_hint(error, "limit it to recent ones, or write "
                          "\"baseline\": false when the ids of a run are "
                          "always new");
        return false;
    }
    return !has_history(plan, &history) ||
           ledger_source_read(plan, &history, NULL, NULL, errors);
}
