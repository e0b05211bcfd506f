#include "run/elimination_document.h"

#include "base/json.h"
#include "base/must.h"
#include "base/str.h"
#include "measure/result.h"
#include "plan/policy_part.h"
#include "report/member.h"
#include "run/about.h"
#include "run/elimination_words.h"
#include "run/paired_document.h"

/* What the members are made of. */
struct making {
    const struct elimination *elimination;
    const struct elimination_options *options;
    const struct elimination_info *info;
    struct elimination_telling telling;
    const char *names[PAIRED_VARIANTS_MAX];
    size_t order[PAIRED_VARIANTS_MAX];
};

static size_t best_of(const struct elimination *elimination)
{
    size_t order[PAIRED_VARIANTS_MAX];

    knockout_rank(&elimination->knockout, &elimination->paired.input, order);
    return order[0];
}

static enum run_verdict verdict_of(const struct elimination *elimination,
                                   const struct elimination_info *info)
{
    if (!elimination_is_over(elimination->end)) {
        return elimination->end == ELIMINATION_STOPPED ? RUN_INCOMPLETE
                                                       : RUN_INVALID;
    }
    for (size_t i = 0; i < info->gate_count; i++) {
        if (!knockout_gate_holds(&info->gates[i], &elimination->knockout,
                                 best_of(elimination))) {
            return RUN_FAIL;
        }
    }
    return info->gate_count > 0 ? RUN_PASS : RUN_DONE;
}

int elimination_status(const struct elimination *elimination,
                       const struct elimination_info *info)
{
    return run_verdict_exit_status(verdict_of(elimination, info));
}

static void add_about(cJSON *document, const struct making *making)
{
    const struct elimination *elimination = making->elimination;
    const struct elimination_info *info = making->info;

    about_add(document,
              &(struct about){
                  .started_unix_ms = info->started_unix_ms,
                  .took = elimination->took,
                  .seed = making->options->paired.trials.seed,
                  .argc = info->argc,
                  .argv = info->argv,
                  .libcurl = info->libcurl,
                  .target = info->target,
                  .is_complete = elimination->end != ELIMINATION_STOPPED,
                  .exit_status = elimination_status(elimination, info),
                  .problem = elimination->end == ELIMINATION_VOID
                                 ? elimination->paired.spoiled_by
                                 : NULL,
              });
}

static void add_method(cJSON *document, const struct making *making)
{
    const struct knockout *knockout = &making->elimination->knockout;
    const struct paired *paired = &making->elimination->paired;
    cJSON *method = cJSON_AddObjectToObject(document, "method");

    cJSON_AddNumberToObject(method, "level", knockout_level());
    cJSON_AddNumberToObject(method, "look_level",
                            knockout_look_level(&knockout->rules));
    cJSON_AddStringToObject(method, "end",
                            elimination_end_word(making->elimination->end));
    member_count(method, "looks", knockout->looks);
    member_count(method, "least_rounds", knockout_least(&knockout->rules));
    member_count(method, "rounds", paired->input.rounds);
    member_count(method, "void_rounds", paired->void_rounds);
    cJSON *criteria = cJSON_AddArrayToObject(method, "criteria");
    for (size_t c = 0; c < knockout->rules.criterion_count; c++) {
        const struct compared_measure *measure =
            compared_measure(knockout->rules.criteria[c]);
        cJSON_AddItemToArray(criteria, cJSON_CreateString(measure->metric));
    }
}

static void add_measures(cJSON *document, const struct making *making)
{
    const struct knockout_rules *rules = &making->elimination->knockout.rules;
    bool is_judged[COMPARED_COUNT] = {false};

    for (size_t c = 0; c < rules->criterion_count; c++) {
        is_judged[rules->criteria[c]] = true;
    }
    paired_add_measures(document, is_judged);
}

static void add_drop(cJSON *object, const struct making *making,
                     size_t variant)
{
    const struct knockout *knockout = &making->elimination->knockout;
    const struct knockout_drop *drop = &knockout->drops[variant];
    struct str reason = STR_INIT;

    if (!knockout->is_dropped[variant]) {
        cJSON_AddNullToObject(object, "dropped");
        return;
    }
    cJSON *dropped = cJSON_AddObjectToObject(object, "dropped");
    member_count(dropped, "look", drop->look);
    member_count(dropped, "rounds", drop->rounds);
    cJSON_AddStringToObject(dropped, "by", making->names[drop->by]);
    cJSON_AddStringToObject(dropped, "criterion",
                            compared_measure(drop->criterion)->metric);
    paired_add_value(dropped, "estimate", drop->estimate);
    paired_add_bound(dropped, "low", drop->low);
    paired_add_bound(dropped, "high", drop->high);
    cJSON_AddNumberToObject(dropped, "p", drop->p);
    elimination_append_reason(&reason, &making->telling, variant);
    cJSON_AddStringToObject(dropped, "reason", reason.text);
    str_release(&reason);
}

static size_t rounds_of(const struct paired *paired, size_t variant)
{
    size_t rounds = 0;

    for (size_t r = 0; r < paired->input.rounds; r++) {
        for (size_t i = 0; i < paired->rounds[r].count; i++) {
            rounds += paired->rounds[r].order[i] == variant;
        }
    }
    return rounds;
}

static void add_ranking(cJSON *document, const struct making *making)
{
    const struct elimination *elimination = making->elimination;
    cJSON *array = cJSON_AddArrayToObject(document, "ranking");

    for (size_t i = 0; i < making->options->paired.variant_count; i++) {
        size_t variant = making->order[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "name", making->names[variant]);
        member_count(object, "place",
                     knockout_place(&elimination->knockout, variant));
        member_count(object, "rounds",
                     rounds_of(&elimination->paired, variant));
        add_drop(object, making, variant);
        paired_add_medians(object, &elimination->paired.input, variant);
        cJSON_AddItemToArray(array, object);
    }
}

/* It names what it is a copy of, and why it is there. */
static cJSON *profile_of(const struct making *making)
{
    size_t best = making->order[0];
    const cJSON *original = making->info->profiles[best];
    const char *source = cJSON_GetStringValue(json_get(original, "source"));
    cJSON *profile = cJSON_CreateObject();
    cJSON *part = policy_part(original);
    struct str about = STR_INIT;

    elimination_append_about(&about, &making->telling);
    cJSON_AddStringToObject(profile, "schema", "squall.profile/1");
    cJSON_AddStringToObject(profile, "name", making->names[best]);
    cJSON_AddStringToObject(profile, "about", about.text);
    if (source) {
        cJSON_AddStringToObject(profile, "source", source);
    }
    json_merge(&profile, part);
    cJSON_Delete(part);
    str_release(&about);
    return profile;
}

/* Nothing, where it did not end. */
static void add_suggestion(cJSON *document, const struct making *making)
{
    if (!elimination_is_over(making->elimination->end)) {
        cJSON_AddNullToObject(document, "suggestion");
        return;
    }
    cJSON *suggestion = cJSON_AddObjectToObject(document, "suggestion");
    cJSON_AddStringToObject(suggestion, "variant",
                            making->names[making->order[0]]);
    cJSON_AddItemToObject(suggestion, "profile", profile_of(making));
}

static void add_gates(cJSON *document, const struct making *making)
{
    const struct elimination *elimination = making->elimination;
    cJSON *array = cJSON_AddArrayToObject(document, "gates");

    for (size_t i = 0; i < making->info->gate_count; i++) {
        const struct knockout_gate *gate = &making->info->gates[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "expr", gate->text);
        cJSON_AddStringToObject(object, "option",
                                gate->is_demand ? "fail-unless" : "fail-if");
        if (elimination_is_over(elimination->end)) {
            cJSON_AddBoolToObject(object, "pass",
                                  knockout_gate_holds(gate,
                                                      &elimination->knockout,
                                                      making->order[0]));
        } else {
            cJSON_AddNullToObject(object, "pass");
        }
        cJSON_AddItemToArray(array, object);
    }
}

cJSON *elimination_document(const struct elimination *elimination,
                            const struct elimination_options *options,
                            const struct elimination_info *info)
{
    struct making making = {elimination, options, info, {0}, {0}, {0}};
    cJSON *document = cJSON_CreateObject();

    must(document);
    for (size_t v = 0; v < options->paired.variant_count; v++) {
        making.names[v] = options->paired.variants[v].name;
    }
    knockout_rank(&elimination->knockout, &elimination->paired.input,
                  making.order);
    making.telling =
        (struct elimination_telling){elimination, making.names, making.order};
    cJSON_AddStringToObject(document, "schema", "squall.knockout/1");
    add_about(document, &making);
    add_method(document, &making);
    add_measures(document, &making);
    add_ranking(document, &making);
    cJSON *summary = cJSON_AddArrayToObject(document, "summary");
    if (elimination_is_over(elimination->end)) {
        elimination_say(summary, &making.telling);
    }
    add_suggestion(document, &making);
    add_gates(document, &making);
    paired_add_rounds(document, &elimination->paired,
                      options->paired.variants);
    cJSON_AddStringToObject(document, "verdict",
                            run_verdict_name(verdict_of(elimination, info)));
    json_mask(document);
    return document;
}
