#include "search/search.h"

#include "base/must.h"

#include <math.h>

static const double step = 0.005;
static const double beside = 0.2; /* of the grid, beyond the bracket */
static const double sigmas[] = {0.005, 0.01, 0.02, 0.05, 0.1, 0.2};
static const double nine_of_ten = 1.2816; /* quantile 0.9 of the normal */
static const double low_share = 0.05, high_share = 0.95;
/* Two sizes so near each other are the same to who looks for the largest that
 * can be run. */
static const double near = 1.1;

void search_init(struct search *search, struct arena *arena,
                 const struct search_rules *rules)
{
    must(rules->least > 0 && rules->least <= rules->start &&
         rules->start <= rules->most && rules->precision > 0 &&
         rules->runs_least > 0 && rules->runs_most > rules->runs_least &&
         search_most_runs(rules) <= SEARCH_RUNS_MAX);
    *search = (struct search){
        .rules = *rules,
        .arena = arena,
        .size = rules->start,
        .ceiling = INFINITY,
        .headline = NAN,
    };
}

size_t search_most_runs(const struct search_rules *rules)
{
    return rules->runs_most + SEARCH_CONFIRM_MOST;
}

static double within(const struct search *search, double size)
{
    return fmin(fmax(size, search->rules.least), search->rules.most);
}

static void finish(struct search *search, enum search_end how)
{
    search->phase = SEARCH_OVER;
    search->end = how;
}

/* The largest size that was run; 0 where none was. */
static double largest(const struct search *search)
{
    double size = 0;
    for (size_t i = 0; i < search->run_count; i++) {
        size = fmax(size, search->runs[i].size);
    }
    return size;
}

static double smallest(const struct search *search)
{
    double size = INFINITY;
    for (size_t i = 0; i < search->run_count; i++) {
        size = fmin(size, search->runs[i].size);
    }
    return size;
}

static double interval_of(const struct belief *belief)
{
    return belief_quantile(belief, high_share) -
           belief_quantile(belief, low_share);
}

static void confirm(struct search *search)
{
    const struct belief *belief = &search->belief;

    search->phase = SEARCH_CONFIRM;
    search->headline =
        within(search, exp(belief_quantile(belief, 0.5) -
                           nine_of_ten * belief_spread(belief)));
    search->in_a_row = 0;
    search->size = search->headline;
}

static bool is_narrow(const struct search *search)
{
    const struct search_rules *rules = &search->rules;
    bool is_within =
        interval_of(&search->belief) <= log1p(rules->precision) + 1e-12;

    return search->narrow_runs >= rules->runs_least &&
           (is_within || search->run_count >= rules->runs_most);
}

/* At the median, below it, at it, above it. */
static void narrow(struct search *search)
{
    static const double side[] = {0, -1, 0, 1};
    const struct belief *belief = &search->belief;

    if (is_narrow(search)) {
        confirm(search);
        return;
    }
    double h = fmax(belief_spread(belief), interval_of(belief) / 4);
    search->size = within(search, exp(belief_quantile(belief, 0.5) +
                                      side[search->narrow_runs % 4] * h));
}

static void begin_to_narrow(struct search *search)
{
    double first = log(smallest(search)) - beside;
    double last = log(largest(search)) + beside;
    struct belief_grid grid = {
        .first = first,
        .step = step,
        .count = (size_t)floor((last - first) / step + 0.5) + 1,
        .sigma_count = sizeof sigmas / sizeof *sigmas,
        .sigmas = sigmas,
    };

    belief_init(&search->belief, search->arena, &grid);
    search->has_belief = true;
    for (size_t i = 0; i < search->run_count; i++) {
        belief_take(&search->belief, log(search->runs[i].size),
                    search->runs[i].passed);
    }
    search->phase = SEARCH_NARROW;
    search->end = SEARCH_FOUND;
    narrow(search);
}

static void go_to(struct search *search, double size)
{
    search->size = size;
    search->passed_here = search->failed_here = 0;
}

/* The next larger size, below what cannot be run. */
static double larger(const struct search *search)
{
    double twice = fmin(2 * search->size, search->rules.most);
    return twice < search->ceiling ? twice
                                   : sqrt(search->size * search->ceiling);
}

static void passed_here(struct search *search)
{
    bool is_most = search->size >= search->rules.most;

    if (search->goes_down) {
        begin_to_narrow(search);
    } else if (!is_most && search->passed_here > search->failed_here) {
        go_to(search, larger(search));
    } else if (is_most && search->passed_here == SEARCH_IN_A_ROW) {
        search->headline = search->size;
        search->in_a_row = search->failed_here ? 0 : search->passed_here;
        finish(search, SEARCH_NEVER_FAILS);
    }
}

static void failed_here(struct search *search)
{
    bool is_first = search->size == search->rules.start &&
                    largest(search) == search->rules.start;

    if (search->failed_here < 2) {
        return;
    }
    if (!search->goes_down && !is_first) {
        begin_to_narrow(search);
    } else if (search->size <= search->rules.least) {
        finish(search, SEARCH_NEVER_PASSES);
    } else {
        search->goes_down = true;
        go_to(search, fmax(search->size / 2, search->rules.least));
    }
}

static void bracket(struct search *search, bool passed)
{
    search->passed_here += passed;
    search->failed_here += !passed;
    if (passed) {
        passed_here(search);
    } else {
        failed_here(search);
    }
    if (search->phase == SEARCH_BRACKET &&
        search->run_count + search->rules.runs_least >=
            search->rules.runs_most) {
        finish(search, SEARCH_UNFINISHED);
    }
}

static void confirm_next(struct search *search, bool passed)
{
    search->confirm_runs++;
    search->in_a_row = passed ? search->in_a_row + 1 : 0;
    if (search->in_a_row == SEARCH_IN_A_ROW ||
        search->confirm_runs == SEARCH_CONFIRM_MOST) {
        finish(search, SEARCH_FOUND);
    } else if (!passed) {
        confirm(search);
    }
}

void search_take(struct search *search, bool passed)
{
    must(search->phase != SEARCH_OVER && search->run_count < SEARCH_RUNS_MAX);
    search->runs[search->run_count++] =
        (struct search_run){search->size, search->phase, passed};
    if (search->has_belief) {
        belief_take(&search->belief, log(search->size), passed);
    }
    switch (search->phase) {
    case SEARCH_BRACKET:
        bracket(search, passed);
        break;
    case SEARCH_NARROW:
        search->narrow_runs++;
        narrow(search);
        break;
    case SEARCH_CONFIRM:
        confirm_next(search, passed);
        break;
    case SEARCH_OVER:
        break;
    }
}

/* The largest size below one that cannot be run is the most from now on. */
static void settle_for(struct search *search, double size)
{
    search->rules.most = size;
    if (search->has_belief) {
        search->size = within(search, search->size);
    } else {
        go_to(search, size);
        search->passed_here = 1; /* it is there because it did */
    }
}

void search_cannot(struct search *search)
{
    double below = 0;

    must(search->phase != SEARCH_OVER);
    search->ceiling = fmin(search->ceiling, search->size);
    for (size_t i = 0; i < search->run_count; i++) {
        double size = search->runs[i].size;
        below = size < search->ceiling ? fmax(below, size) : below;
    }
    if (below == 0 && search->size <= search->rules.least) {
        finish(search, SEARCH_IMPOSSIBLE);
    } else if (below == 0) {
        search->rules.most = search->rules.start =
            fmax(search->size / 2, search->rules.least);
        go_to(search, search->rules.start);
    } else if (search->has_belief || search->ceiling / below <= near) {
        settle_for(search, below);
    } else {
        go_to(search, sqrt(below * search->ceiling));
    }
}

bool search_next(const struct search *search, double *size)
{
    *size = search->size;
    return search->phase != SEARCH_OVER;
}

static void view_headline(const struct search *search,
                          struct search_view *view)
{
    for (size_t i = 0; i < search->run_count; i++) {
        bool is_there = search->runs[i].size == search->headline;
        view->runs += is_there;
        view->passed += is_there && search->runs[i].passed;
    }
}

static void view_failures(const struct search *search,
                          struct search_view *view)
{
    double passed = 0;

    for (size_t i = 0; i < search->run_count; i++) {
        const struct search_run *run = &search->runs[i];
        passed = run->passed ? fmax(passed, run->size) : passed;
    }
    for (size_t i = 0; i < search->run_count; i++) {
        const struct search_run *run = &search->runs[i];
        if (run->size > passed) {
            view->fails++;
            view->fails_from = isnan(view->fails_from)
                                   ? run->size
                                   : fmin(view->fails_from, run->size);
        }
    }
}

struct search_view search_view(const struct search *search)
{
    struct search_view view = {
        .end = search->end,
        .headline = search->headline,
        .is_confirmed = search->in_a_row == SEARCH_IN_A_ROW,
        .edge = NAN,
        .low = NAN,
        .high = NAN,
        .spread = NAN,
        .fails_from = NAN,
    };

    if (search->has_belief) {
        view.edge = exp(belief_quantile(&search->belief, 0.5));
        view.low = exp(belief_quantile(&search->belief, low_share));
        view.high = exp(belief_quantile(&search->belief, high_share));
        view.spread = belief_spread(&search->belief);
        view.high = view.high > largest(search) ? INFINITY : view.high;
    }
    view_headline(search, &view);
    view_failures(search, &view);
    return view;
}

const char *search_phase_word(enum search_phase phase)
{
    static const char *const words[] = {
        [SEARCH_BRACKET] = "bracket",
        [SEARCH_NARROW] = "narrow",
        [SEARCH_CONFIRM] = "confirm",
    };
    must(phase < SEARCH_OVER);
    return words[phase];
}

const char *search_end_word(enum search_end end)
{
    static const char *const words[] = {
#define SEARCH_END_OF(id, word, sentence) [SEARCH_##id] = (word),
#include "search/search_end.def"
    };
    must((size_t)end < SEARCH_END_COUNT);
    return words[end];
}
