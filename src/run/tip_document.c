#include "run/tip_document.h"

#include "base/json.h"
#include "report/member.h"
#include "run/about.h"
#include "run/tip_words.h"

static enum run_verdict verdict_of_gates(const struct tip *tip,
                                         const struct tip_info *info)
{
    enum run_verdict verdict = info->gate_count > 0 ? RUN_PASS : RUN_DONE;

    for (size_t i = 0; i < info->gate_count; i++) {
        enum bound_truth holds = tip_gate_holds(&info->gates[i], tip);
        if (holds == BOUND_FALSE) {
            return RUN_FAIL;
        }
        verdict = holds == BOUND_UNKNOWN ? RUN_INVALID : verdict;
    }
    return verdict;
}

static enum run_verdict verdict_of(const struct tip *tip,
                                   const struct tip_info *info)
{
    switch (tip->end) {
    case SEEK_STOPPED:
        return RUN_INCOMPLETE;
    case SEEK_VOID:
    case SEEK_FAILED:
        return RUN_INVALID;
    case SEEK_OUT_OF_TIME:
    case SEEK_OVER:
        break;
    }
    for (size_t i = 0; i < tip->search_count; i++) {
        enum search_end end = tip->searches[i].found.end;
        if (end == SEARCH_UNFINISHED || end == SEARCH_IMPOSSIBLE) {
            return RUN_INVALID;
        }
    }
    return verdict_of_gates(tip, info);
}

int tip_status(const struct tip *tip, const struct tip_info *info)
{
    return run_verdict_exit_status(verdict_of(tip, info));
}

static void add_run(cJSON *array, const struct tip_run *run)
{
    cJSON *object = cJSON_CreateObject();
    char seed[24];

    member_measured(object, "size", run->size);
    snprintf(seed, sizeof seed, "%" PRIu64, run->seed);
    cJSON_AddStringToObject(object, "seed", seed);
    cJSON_AddStringToObject(object, "phase", search_phase_word(run->phase));
    if (run->is_void) {
        cJSON_AddNullToObject(object, "back");
    } else {
        cJSON_AddBoolToObject(object, "back", run->healed);
    }
    member_us(object, "time_to_recover_us",
              run->recovery.ns < 0 ? -1 : run->recovery.ns / NS_PER_US);
    member_measured(object, "amplification", run->amplification);
    cJSON_AddItemToArray(array, object);
}

static void add_search(cJSON *array, const struct tip_search *search,
                       enum tip_trigger trigger)
{
    const struct search_view *found = &search->found;
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "name", search->name);
    cJSON_AddBoolToObject(object, "complete", search->is_over);
    cJSON_AddStringToObject(object, "end", search_end_word(found->end));
    member_measured(object, "back_up_to", found->headline);
    cJSON_AddBoolToObject(object, "confirmed", found->is_confirmed);
    member_count(object, "runs_there", found->runs);
    member_count(object, "back_there", found->passed);
    member_measured(object, "tip", found->edge);
    member_measured(object, "tip_low", found->low);
    member_measured(object, "tip_high", found->high);
    member_measured(object, "spread", found->spread);
    member_measured(object, "stays_down_from", found->fails_from);
    member_count(object, "stayed_down", found->fails);
    member_text(object, "limit", search->limit);
    member_measured(object, "limit_size", search->limit_size);
    member_count(object, "void_runs", search->void_count);
    tip_words_search(cJSON_AddArrayToObject(object, "summary"), search,
                     trigger);
    cJSON *runs = cJSON_AddArrayToObject(object, "runs");
    for (size_t i = 0; i < search->run_count; i++) {
        add_run(runs, &search->runs[i]);
    }
    cJSON_AddItemToArray(array, object);
}

static void add_trigger(cJSON *document, const struct tip_options *options)
{
    const struct tip_trigger_row *row = &tip_triggers[options->trigger];
    bool is_time = row->unit == TIP_SECONDS;
    cJSON *object = cJSON_AddObjectToObject(document, "trigger");

    cJSON_AddStringToObject(object, "kind", row->name);
    cJSON_AddStringToObject(object, "unit", is_time ? "s" : "times");
    member_us(object, "length_us",
              is_time ? -1 : options->length.ns / NS_PER_US);
    member_us(object, "before_us", options->before.ns / NS_PER_US);
    member_us(object, "after_us", options->after.ns / NS_PER_US);
}

static void add_gates(cJSON *document, const struct tip *tip,
                      const struct tip_info *info)
{
    cJSON *array = cJSON_AddArrayToObject(document, "gates");

    for (size_t i = 0; i < info->gate_count; i++) {
        const struct tip_gate *gate = &info->gates[i];
        enum bound_truth holds = tip_gate_holds(gate, tip);
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "expr", gate->text);
        cJSON_AddStringToObject(object, "option",
                                gate->gate.is_demand ? "fail-unless"
                                                     : "fail-if");
        if (holds == BOUND_UNKNOWN) {
            cJSON_AddNullToObject(object, "pass");
        } else {
            cJSON_AddBoolToObject(object, "pass", holds == BOUND_TRUE);
        }
        cJSON_AddItemToArray(array, object);
    }
}

cJSON *tip_document(const struct tip *tip, const struct tip_options *options,
                    const struct tip_info *info)
{
    cJSON *document = cJSON_CreateObject();

    cJSON_AddStringToObject(document, "schema", "squall.tip/1");
    about_add(document,
              &(struct about){
                  .started_unix_ms = info->started_unix_ms,
                  .took = tip->took,
                  .seed = options->trials.seed,
                  .argc = info->argc,
                  .argv = info->argv,
                  .libcurl = info->libcurl,
                  .target = info->target,
                  .is_complete = tip->end != SEEK_STOPPED,
                  .exit_status = tip_status(tip, info),
                  .problem = tip->end == SEEK_OUT_OF_TIME
                                 ? "the time was over before the search was "
                                   "(--budget)"
                                 : tip->problem,
              });
    add_trigger(document, options);
    member_measured(document, "rate_per_s", info->rate_per_s);
    cJSON_AddNumberToObject(document, "precision", options->precision);
    cJSON *variants = cJSON_AddArrayToObject(document, "variants");
    for (size_t i = 0; i < tip->search_count; i++) {
        add_search(variants, &tip->searches[i], options->trigger);
    }
    tip_words_beside(cJSON_AddArrayToObject(document, "summary"), tip);
    add_gates(document, tip, info);
    cJSON_AddStringToObject(document, "verdict",
                            run_verdict_name(verdict_of(tip, info)));
    json_mask(document);
    return document;
}
