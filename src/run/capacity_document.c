#include "run/capacity_document.h"

#include "base/json.h"
#include "report/member.h"
#include "run/about.h"
#include "run/capacity_words.h"

#include <math.h>

static const char *phase_word(enum capacity_phase phase)
{
    return phase == CAPACITY_GOES_BEYOND
               ? "beyond"
               : search_phase_word((enum search_phase)phase);
}

/* It speaks of the policy as it is. */
static enum bound_truth gate_holds(const struct bound_gate *gate,
                                   const struct capacity *capacity)
{
    const struct capacity_search *search = &capacity->searches[0];
    return bound_gate_holds(gate, &search->found, search->is_over);
}

static enum run_verdict verdict_of_gates(const struct capacity *capacity,
                                         const struct capacity_info *info)
{
    enum run_verdict verdict = info->gate_count > 0 ? RUN_PASS : RUN_DONE;

    for (size_t i = 0; i < info->gate_count; i++) {
        switch (gate_holds(&info->gates[i], capacity)) {
        case BOUND_FALSE:
            return RUN_FAIL;
        case BOUND_UNKNOWN:
            verdict = RUN_INVALID;
            break;
        case BOUND_TRUE:
            break;
        }
    }
    return verdict;
}

static enum run_verdict verdict_of(const struct capacity *capacity,
                                   const struct capacity_info *info)
{
    const struct search_view *found = &capacity->searches[0].found;

    switch (capacity->end) {
    case CAPACITY_STOPPED:
        return RUN_INCOMPLETE;
    case CAPACITY_VOID:
        return RUN_INVALID;
    case CAPACITY_OUT_OF_TIME:
    case CAPACITY_MADE:
        break;
    }
    switch (found->end) {
    case SEARCH_UNFINISHED:
    case SEARCH_IMPOSSIBLE:
        return RUN_INVALID;
    case SEARCH_NEVER_PASSES:
        return RUN_FAIL;
    case SEARCH_FOUND:
    case SEARCH_NEVER_FAILS:
        break;
    }
    return verdict_of_gates(capacity, info);
}

int capacity_status(const struct capacity *capacity,
                    const struct capacity_info *info)
{
    return run_verdict_exit_status(verdict_of(capacity, info));
}

static const char *problem_of(const struct capacity *capacity)
{
    const struct capacity_search *search = &capacity->searches[0];

    if (capacity->problem[0]) {
        return capacity->problem;
    }
    if (capacity->end == CAPACITY_OUT_OF_TIME) {
        return "the time was over before the search was (--budget)";
    }
    return search->found.end == SEARCH_IMPOSSIBLE ? search->limit : NULL;
}

static void add_run(cJSON *array, const struct capacity_run *run)
{
    cJSON *object = cJSON_CreateObject();
    char seed[24];

    member_measured(object, "rate_per_s", run->rate_per_s);
    snprintf(seed, sizeof seed, "%" PRIu64, run->seed);
    cJSON_AddStringToObject(object, "seed", seed);
    cJSON_AddStringToObject(object, "phase", phase_word(run->phase));
    if (run->is_void) {
        cJSON_AddNullToObject(object, "pass");
    } else {
        cJSON_AddBoolToObject(object, "pass", run->passed);
    }
    cJSON_AddBoolToObject(object, "ended_early", run->ended_early);
    member_count(object, "operations", run->operations);
    member_measured(object, "goodput_per_s", run->goodput_per_s);
    member_measured(object, "in_time_per_s", run->in_time_per_s);
    cJSON_AddItemToArray(array, object);
}

static void add_search(cJSON *array, const struct capacity_search *search,
                       const struct capacity_info *info)
{
    const struct search_view *found = &search->found;
    cJSON *object = cJSON_CreateObject();

    cJSON_AddBoolToObject(object, "retries", search->has_retries);
    cJSON_AddBoolToObject(object, "complete", search->is_over);
    cJSON_AddStringToObject(object, "end", search_end_word(found->end));
    member_measured(object, "capacity_per_s", found->headline);
    cJSON_AddBoolToObject(object, "confirmed", found->is_confirmed);
    member_count(object, "runs_there", found->runs);
    member_count(object, "passed_there", found->passed);
    member_measured(object, "knee_per_s", found->edge);
    member_measured(object, "knee_low_per_s", found->low);
    member_measured(object, "knee_high_per_s", found->high);
    member_measured(object, "spread", found->spread);
    member_measured(object, "fails_from_per_s", found->fails_from);
    member_count(object, "fails", found->fails);
    member_measured(object, "goodput_per_s", search->goodput_per_s);
    cJSON_AddStringToObject(object, "overload",
                            overload_word(search->overload));
    member_text(object, "limit", search->limit);
    member_measured(object, "limit_per_s", search->limit_per_s);
    member_count(object, "void_runs", search->void_count);
    capacity_words_search(cJSON_AddArrayToObject(object, "summary"), search,
                          info);
    cJSON *runs = cJSON_AddArrayToObject(object, "runs");
    for (size_t i = 0; i < search->run_count; i++) {
        add_run(runs, &search->runs[i]);
    }
    cJSON_AddItemToArray(array, object);
}

static void add_gates(cJSON *document, const struct capacity *capacity,
                      const struct capacity_info *info)
{
    cJSON *array = cJSON_AddArrayToObject(document, "gates");

    for (size_t i = 0; i < info->gate_count; i++) {
        const struct bound_gate *gate = &info->gates[i];
        enum bound_truth holds = gate_holds(gate, capacity);
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "expr", gate->bound.text);
        cJSON_AddStringToObject(object, "option",
                                gate->is_demand ? "fail-unless" : "fail-if");
        if (holds == BOUND_UNKNOWN) {
            cJSON_AddNullToObject(object, "pass");
        } else {
            cJSON_AddBoolToObject(object, "pass", holds == BOUND_TRUE);
        }
        cJSON_AddItemToArray(array, object);
    }
}

cJSON *capacity_document(const struct capacity *capacity,
                         const struct capacity_options *options,
                         const struct capacity_info *info)
{
    cJSON *document = cJSON_CreateObject();

    cJSON_AddStringToObject(document, "schema", "squall.capacity/1");
    about_add(document, &(struct about){
                            .started_unix_ms = info->started_unix_ms,
                            .took = capacity->took,
                            .seed = options->trials.seed,
                            .argc = info->argc,
                            .argv = info->argv,
                            .libcurl = info->libcurl,
                            .target = info->target,
                            .is_complete = capacity->end != CAPACITY_STOPPED,
                            .exit_status = capacity_status(capacity, info),
                            .problem = problem_of(capacity),
                        });
    cJSON *slos = cJSON_AddArrayToObject(document, "slo");
    for (size_t i = 0; i < info->slo_count; i++) {
        cJSON_AddItemToArray(slos, cJSON_CreateString(info->slos[i].text));
    }
    member_us(document, "warmup_us", info->warmup.ns / NS_PER_US);
    member_us(document, "run_us", info->duration.ns / NS_PER_US);
    member_measured(document, "time_limit_us", capacity->time_limit_us);
    cJSON_AddNumberToObject(document, "precision", options->precision);
    cJSON *searches = cJSON_AddArrayToObject(document, "searches");
    for (size_t i = 0; i < capacity->search_count; i++) {
        add_search(searches, &capacity->searches[i], info);
    }
    capacity_words_retries(cJSON_AddArrayToObject(document, "summary"),
                           capacity);
    add_gates(document, capacity, info);
    cJSON_AddStringToObject(document, "verdict",
                            run_verdict_name(verdict_of(capacity, info)));
    json_mask(document);
    return document;
}
