/* Retries with their backoff, the retry budget, and keys. */
#include "plan/resolve.h"

#include "base/must.h"
#include "plan/environment.h"
#include "plan/header.h"
#include "plan/choice.h"
#include "plan/path.h"

#include <stdio.h>
#include <string.h>

/* A rule that looks at one list of statuses only looks at all in the other. */
static void complete_rule(const struct resolver *resolver, size_t index)
{
    struct classify_rule *rule =
        &resolver->plan->policy.retry.classify.rules[index];
    char path[64];

    snprintf(path, sizeof(path), "retry.classify[%zu].when.status", index);
    bool status = resolve_is_given(resolver, path);
    snprintf(path, sizeof(path), "retry.classify[%zu].when.not_status", index);
    rule->has_status = status || resolve_is_given(resolver, path);
    if (rule->has_status && !status) {
        status_set_add(&rule->status, 100, 599);
    }
}

/* What a rule about refusals cannot ask besides: there is no answer. */
static void check_refusal_rule(const struct resolver *resolver, size_t index)
{
    static const char *const answers[] = {
        "has_hint", "header", "not_status", "outcome",
        "reused",   "sent",   "status",
    };
    char refused_by[64], path[64];

    snprintf(refused_by, sizeof(refused_by),
             "retry.classify[%zu].when.refused_by", index);
    if (!resolve_is_given(resolver, refused_by)) {
        return;
    }
    for (size_t i = 0; i < array_length(answers); i++) {
        snprintf(path, sizeof(path), "retry.classify[%zu].when.%s", index,
                 answers[i]);
        if (resolve_is_given(resolver, path)) {
            struct error *error = resolve_conflict(
                resolver, path, refused_by,
                "what the client itself refuses has no answer");
            error_hint(error, "make it two rules");
        }
    }
}

/* Adds a header that a rule asks about to those that are looked for. */
static void add_header(const struct resolver *resolver,
                       struct classify_rule *rule,
                       const struct header_config *header, const char *path)
{
    struct classify_config *classify = &resolver->plan->policy.retry.classify;
    size_t room = sizeof(classify->headers[0].value);
    const char *value = header->value + strspn(header->value, " \t");
    size_t length = strlen(value);
    char trimmed[sizeof(classify->headers[0].value)];
    struct error *error;

    while (length > 0 && strchr(" \t", value[length - 1])) {
        length--;
    }
    if (length == 0) {
        error = resolve_refuse(resolver, path, "an empty text");
        error_hint(error, "write \"*\" for any value");
        return;
    }
    if (length >= room || strlen(header->name) >= room) {
        resolve_refuse(resolver, path, "longer than %zu characters", room - 1);
        return;
    }
    snprintf(trimmed, sizeof(trimmed), "%.*s", (int)length, value);
    uint32_t bit = classify_header_bit(
        classify, header->name, strcmp(trimmed, "*") == 0 ? "" : trimmed);
    rule->headers |= bit;
    if (!bit) {
        error = resolve_refuse(
            resolver, path,
            "all rules together ask for more than %d headers and values",
            CLASSIFY_HEADERS_MAX);
        error_hint(error, "write \"*\" where any value will do");
    }
}

static void resolve_rule(struct resolver *resolver, size_t index)
{
    struct classify_rule *rule =
        &resolver->plan->policy.retry.classify.rules[index];
    const struct classify_draft *draft = &resolver->draft->classify[index];
    struct str path = STR_INIT;

    *rule = draft->rule;
    complete_rule(resolver, index);
    check_refusal_rule(resolver, index);
    str_printf(&path, "retry.classify[%zu].when.header", index);
    size_t length = path.length;
    for (size_t i = 0; i < draft->headers.count; i++) {
        path_push_name(&path, draft->headers.items[i].name);
        add_header(resolver, rule, &draft->headers.items[i], path.text);
        path_pop(&path, length);
    }
    str_release(&path);
}

static void expand_retry_on(struct resolver *resolver)
{
    struct classify_config *classify = &resolver->plan->policy.retry.classify;
    const struct string_list *tokens = &resolver->draft->retry_on;
    const char *problem;
    char path[64];

    /* The default does not widen what somebody has written as rules. */
    if (classify->count > 0 && !resolve_is_given(resolver, "retry.retry_on")) {
        return;
    }
    for (size_t i = 0; i < tokens->count; i++) {
        if (!classify_expand(classify, tokens->items[i], &problem)) {
            snprintf(path, sizeof(path), "retry.retry_on[%zu]", i);
            resolve_refuse(resolver, path, "\"%s\": %s", tokens->items[i],
                           problem);
        }
    }
}

/* The keys that the type of a backoff cannot do without. */
static void check_backoff(const struct resolver *resolver, const char *section,
                          const struct backoff_config *backoff)
{
    char who[64];

    snprintf(who, sizeof(who), "a backoff of type \"%s\"",
             choice_name(choice_backoff_type, (int)backoff->type));
    if (backoff->type == BACKOFF_LIST) {
        resolve_need(resolver, section, "list", who,
                     "\"list\": [\"100ms\", \"1s\"]");
    } else if (backoff->type != BACKOFF_NONE) {
        resolve_need(resolver, section, "initial", who,
                     "\"initial\": \"100ms\"");
    }
}

static void complete_backoff(const struct resolver *resolver,
                             const char *section,
                             struct backoff_config *backoff)
{
    if (backoff->initial.ns == INT64_MAX) {
        backoff->initial = DURATION_ZERO;
    }
    if (backoff->increment.ns == INT64_MAX) {
        backoff->increment = backoff->initial;
    }
    if (backoff->jitter.add_scales && backoff->initial.ns == 0) {
        struct error *error = resolve_refuse(
            resolver, section,
            "\"add_scales\" needs an \"initial\" above 0s to scale by");
        error_hint(error, "add \"initial\": \"100ms\"");
    }
}

void resolve_backoff(const struct resolver *resolver, const char *section,
                     struct backoff_config *backoff)
{
    check_backoff(resolver, section, backoff);
    complete_backoff(resolver, section, backoff);
}

/* What the classes have in common is wrong in all of them: it is said once. */
static void resolve_backoffs(const struct resolver *resolver)
{
    struct retry_config *retry = &resolver->plan->policy.retry;
    static const char section[] = "retry.backoff";
    size_t before = resolver->errors->count + resolver->errors->more;

    resolve_backoff(resolver, section, &retry->backoff[CLASS_TRANSIENT]);
    for (int class = 0;
         class < CLASS_COUNT &&
         resolver->errors->count + resolver->errors->more == before;
         class ++) {
        complete_backoff(resolver, section, &retry->backoff[class]);
    }
}

static void resolve_hint(struct resolver *resolver)
{
    struct hint_config *hint = &resolver->plan->policy.retry.hint;

    hint->has_status = resolve_is_given(resolver, "retry.server_hint.status");
    if (!resolve_is_given(resolver, "retry.server_hint")) {
        hint->count = 0;
    } else if (!resolve_is_given(resolver, "retry.server_hint.headers")) {
        hint->count = 2;
        hint->headers[0] =
            (struct hint_header){"Retry-After", HINT_SECONDS, NUMBER_INTEGER};
        hint->headers[1] = (struct hint_header){"Retry-After", HINT_HTTP_DATE,
                                                NUMBER_INTEGER};
    }
}

void resolve_retry(struct resolver *resolver)
{
    struct policy *policy = &resolver->plan->policy;

    policy->retry.classify.count = resolver->draft->classify_count;
    for (size_t i = 0; i < policy->retry.classify.count; i++) {
        resolve_rule(resolver, i);
    }
    expand_retry_on(resolver);
    resolve_backoffs(resolver);
    resolve_hint(resolver);

    if (resolve_is_given(resolver, "retry") &&
        !resolve_is_given(resolver, "retry.max_attempts")) {
        struct error *error = resolve_refuse(
            resolver, "retry",
            "\"max_attempts\" is missing, so nothing would be retried");
        error_hint(error, "add \"max_attempts\": 3");
    }
    if (policy->retry.max_attempts == 0 &&
        policy->timeout.operation.ns == INT64_MAX) {
        struct error *error =
            resolve_conflict(resolver, "retry.max_attempts", "timeout",
                             "attempts without limit need timeout.operation");
        error_hint(error, "add \"timeout\": {\"operation\": \"10s\"}");
    }
    if (policy->retry.on_budget_empty == BROKE_SLEEP_THEN_FAIL &&
        !resolve_is_given(resolver, "retry_budget")) {
        struct error *error =
            resolve_refuse(resolver, "retry.on_budget_empty",
                           "there is no retry_budget that could be empty");
        error_hint(error, "add a retry_budget, or remove it");
    }
}

enum {
    BUCKET = 1 << BUDGET_TOKEN_BUCKET,
    WINDOW = 1 << BUDGET_RATIO_WINDOW,
    INFLIGHT = 1 << BUDGET_RATIO_INFLIGHT,
};

static const struct typed_key budget_keys[] = {
    {"allow_above", BUCKET},
    {"capacity", BUCKET},
    {"charge_on", BUCKET},
    {"cost", BUCKET},
    {"deposit_first_success", BUCKET},
    {"deposit_request", BUCKET},
    {"deposit_success", BUCKET},
    {"deposit_when", WINDOW},
    {"holds_during_backoff", INFLIGHT},
    {"initial", BUCKET},
    {"max_share_per_request", WINDOW},
    {"min_concurrent", INFLIGHT},
    {"min_per_sec", WINDOW},
    {"ratio", WINDOW | INFLIGHT},
    {"refund_last_cost", BUCKET},
    {"slots", WINDOW},
    {"window", WINDOW},
};

static void check_bucket(struct resolver *resolver,
                         struct budget_config *budget)
{
    if (!resolve_is_given(resolver, "retry_budget.capacity")) {
        struct error *error = resolve_refuse(
            resolver, "retry_budget", "a token bucket needs \"capacity\"");
        error_hint(error, "add \"capacity\": 10");
        return;
    }
    if (!resolve_is_given(resolver, "retry_budget.initial")) {
        budget->initial = budget->capacity;
    } else if (budget->initial > budget->capacity) {
        resolve_conflict(resolver, "retry_budget.initial",
                         "retry_budget.capacity",
                         "more than the bucket holds");
    }
    if (budget->allow_above >= budget->capacity) {
        resolve_conflict(resolver, "retry_budget.allow_above",
                         "retry_budget.capacity",
                         "there can never be more than that, so no retry");
    }
}

void resolve_budget(struct resolver *resolver)
{
    struct budget_config *budget = &resolver->plan->policy.budget;
    bool has_ratio = resolve_is_given(resolver, "retry_budget.ratio");
    struct error *error;

    if (!resolve_is_given(resolver, "retry_budget")) {
        budget->type = BUDGET_NONE;
        return;
    }
    resolve_other_keys(resolver, "retry_budget", "type", choice_budget_type,
                       (int)budget->type, budget_keys,
                       array_length(budget_keys));
    if (budget->covers == 0) {
        error = resolve_refuse(resolver, "retry_budget.covers",
                               "an empty list, so it limits nothing");
        error_hint(error, "write [\"retry\", \"hedge\"]");
    }
    switch (budget->type) {
    case BUDGET_NONE:
        return;
    case BUDGET_TOKEN_BUCKET:
        check_bucket(resolver, budget);
        return;
    case BUDGET_RATIO_WINDOW:
        if (!has_ratio &&
            !resolve_is_given(resolver, "retry_budget.min_per_sec")) {
            error = resolve_refuse(resolver, "retry_budget",
                                   "without \"ratio\" nothing is retried");
            error_hint(error, "add \"ratio\": \"10%%\"");
        }
        return;
    case BUDGET_RATIO_INFLIGHT:
        if (!has_ratio &&
            !resolve_is_given(resolver, "retry_budget.min_concurrent")) {
            error = resolve_refuse(resolver, "retry_budget",
                                   "without \"ratio\" nothing is retried");
            error_hint(error, "add \"ratio\": \"20%%\"");
        }
        return;
    }
}

static void check_key_header(const struct resolver *resolver)
{
    const char *name = resolver->plan->policy.key.header;
    bool good = header_name_is_token(name, strlen(name));

    if (!good || header_name_is_taken(name)) {
        struct error *error = resolve_refuse(
            resolver, "idempotency.header",
            good ? "\"%s\" cannot carry a key: it has a meaning of its own"
                 : "\"%s\" is not a header name",
            name);
        error_hint(error, "write \"Idempotency-Key\"");
    }
}

void resolve_key(struct resolver *resolver)
{
    struct key_config *key = &resolver->plan->policy.key;
    struct template *compiled = &resolver->plan->key_template;

    if (!resolve_is_given(resolver, "idempotency")) {
        key->scope = KEY_SCOPE_NONE;
        return;
    }
    if (key->scope == KEY_SCOPE_NONE) {
        return;
    }
    check_key_header(resolver);
    if (key->methods == 0 &&
        resolve_is_given(resolver, "idempotency.methods")) {
        struct error *error =
            resolve_refuse(resolver, "idempotency.methods",
                           "an empty list: no request would have a key");
        error_hint(error, "write \"scope\": \"none\"");
    }
    if (key->kind != KEY_TEMPLATE) {
        if (key->template) {
            struct error *error = resolve_conflict(
                resolver, "idempotency.template", "idempotency.key",
                "a template is used only when the key is \"template\"");
            error_hint(error, "write \"key\": \"template\", or remove it");
        }
        return;
    }
    if (!key->template) {
        struct error *error =
            resolve_refuse(resolver, "idempotency.key",
                           "\"template\" needs idempotency.template");
        error_hint(error, "add \"template\": \"order-{{op.id}}\"");
        return;
    }
    if (resolve_template(resolver, "idempotency.template", key->template,
                         strlen(key->template), &environment_in_text,
                         compiled)) {
        if (compiled->uses_key) {
            resolve_refuse(resolver, "idempotency.template",
                           "a key cannot be made of {{key}}");
        } else if (template_has(compiled, header_byte_breaks)) {
            resolve_refuse(resolver, "idempotency.template",
                           "a key has no line breaks and no other control "
                           "characters");
        } else if (compiled->length_max >= KEY_MAX) {
            resolve_refuse(resolver, "idempotency.template",
                           "the key may become longer than %d bytes",
                           KEY_MAX - 1);
        }
    }
}
