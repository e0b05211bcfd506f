#include "plan/resolve.h"

#include "base/must.h"
#include "plan/choice.h"

#include <stdio.h>
#include <string.h>

/* A rule that looks at one list of statuses only looks at all in the other. */
static void complete_rule(const struct resolver *resolver, size_t index)
{
    struct classify_rule *rule =
        &resolver->plan->policy.retry.classify.rules[index];
    char path[64];

    snprintf(path, sizeof(path), "retry.classify[%zu].when.status", index);
    bool status = is_given(resolver, path);
    snprintf(path, sizeof(path), "retry.classify[%zu].when.not_status", index);
    rule->has_status = status || is_given(resolver, path);
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
    if (!is_given(resolver, refused_by)) {
        return;
    }
    for (size_t i = 0; i < array_length(answers); i++) {
        snprintf(path, sizeof(path), "retry.classify[%zu].when.%s", index,
                 answers[i]);
        if (is_given(resolver, path)) {
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
        resolve_refuse(resolver, path, "longer than %zu characters",
                       room - 1);
        return;
    }
    snprintf(trimmed, sizeof(trimmed), "%.*s", (int)length, value);
    uint32_t bit =
        classify_header_bit(classify, header->name,
                            strcmp(trimmed, "*") == 0 ? "" : trimmed);
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
    if (classify->count > 0 && !is_given(resolver, "retry.retry_on")) {
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

static void need(const struct resolver *resolver, const char *section,
                 const char *key, const char *type)
{
    char path[96];
    snprintf(path, sizeof(path), "%s.%s", section, key);
    if (!is_given(resolver, path)) {
        struct error *error = resolve_refuse(
            resolver, section, "a backoff of type \"%s\" needs \"%s\"", type,
            key);
        error_hint(error, "add %s",
                   strcmp(key, "list") ? "\"initial\": \"100ms\""
                                       : "\"list\": [\"100ms\", \"1s\"]");
    }
}

/* The keys that the type of the common backoff cannot do without. */
static void check_backoff(const struct resolver *resolver)
{
    static const char section[] = "retry.backoff";

    switch (resolver->plan->policy.retry.backoff[CLASS_TRANSIENT].type) {
    case BACKOFF_NONE:
        return;
    case BACKOFF_CONSTANT:
        need(resolver, section, "initial", "constant");
        return;
    case BACKOFF_LINEAR:
        need(resolver, section, "initial", "linear");
        return;
    case BACKOFF_QUADRATIC:
        need(resolver, section, "initial", "quadratic");
        return;
    case BACKOFF_EXPONENTIAL:
        need(resolver, section, "initial", "exponential");
        return;
    case BACKOFF_EXPONENTIAL_MINUS_ONE:
        need(resolver, section, "initial", "exponential_minus_one");
        return;
    case BACKOFF_DECORRELATED:
        need(resolver, section, "initial", "decorrelated");
        return;
    case BACKOFF_DECORRELATED_V2:
        need(resolver, section, "initial", "decorrelated_v2");
        return;
    case BACKOFF_LIST:
        need(resolver, section, "list", "list");
        return;
    }
}

static void complete_backoffs(struct resolver *resolver)
{
    struct retry_config *retry = &resolver->plan->policy.retry;
    for (int class = 0; class < CLASS_COUNT; class++) {
        struct backoff_config *backoff = &retry->backoff[class];
        if (backoff->initial.ns == INT64_MAX) {
            backoff->initial = DURATION_ZERO;
        }
        if (backoff->increment.ns == INT64_MAX) {
            backoff->increment = backoff->initial;
        }
        if (backoff->jitter.add_scales && backoff->initial.ns == 0) {
            struct error *error = resolve_refuse(
                resolver, "retry.backoff",
                "\"add_scales\" needs an \"initial\" above 0s to scale by");
            error_hint(error, "add \"initial\": \"100ms\"");
            return;
        }
    }
}

static void resolve_hint(struct resolver *resolver)
{
    struct hint_config *hint = &resolver->plan->policy.retry.hint;

    hint->has_status = is_given(resolver, "retry.server_hint.status");
    if (!is_given(resolver, "retry.server_hint")) {
        hint->count = 0;
    } else if (!is_given(resolver, "retry.server_hint.headers")) {
        hint->count = 2;
        hint->headers[0] = (struct hint_header){"Retry-After", HINT_SECONDS};
        hint->headers[1] = (struct hint_header){"Retry-After", HINT_HTTP_DATE};
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
    check_backoff(resolver);
    complete_backoffs(resolver);
    resolve_hint(resolver);

    if (is_given(resolver, "retry") &&
        !is_given(resolver, "retry.max_attempts")) {
        struct error *error = resolve_refuse(
            resolver, "retry",
            "\"max_attempts\" is missing, so nothing would be retried");
        error_hint(error, "add \"max_attempts\": 3");
    }
    if (policy->retry.max_attempts == 0 &&
        policy->timeout.operation.ns == INT64_MAX) {
        struct error *error = resolve_conflict(
            resolver, "retry.max_attempts", "timeout",
            "attempts without limit need timeout.operation");
        error_hint(error, "add \"timeout\": {\"operation\": \"10s\"}");
    }
}

struct budget_key {
    const char *name;
    enum budget_type type; /* the only one that looks at it */
};

static const struct budget_key budget_keys[] = {
    {"allow_above", BUDGET_TOKEN_BUCKET},
    {"capacity", BUDGET_TOKEN_BUCKET},
    {"charge_on", BUDGET_TOKEN_BUCKET},
    {"cost", BUDGET_TOKEN_BUCKET},
    {"deposit_first_success", BUDGET_TOKEN_BUCKET},
    {"deposit_request", BUDGET_TOKEN_BUCKET},
    {"deposit_success", BUDGET_TOKEN_BUCKET},
    {"deposit_when", BUDGET_RATIO_WINDOW},
    {"holds_during_backoff", BUDGET_RATIO_INFLIGHT},
    {"initial", BUDGET_TOKEN_BUCKET},
    {"max_share_per_request", BUDGET_RATIO_WINDOW},
    {"min_concurrent", BUDGET_RATIO_INFLIGHT},
    {"min_per_sec", BUDGET_RATIO_WINDOW},
    {"refund_last_cost", BUDGET_TOKEN_BUCKET},
    {"slots", BUDGET_RATIO_WINDOW},
    {"window", BUDGET_RATIO_WINDOW},
};

/* A key that another type of budget would look at does nothing here, which
 * is not what its writer thinks. */
static void refuse_other_keys(struct resolver *resolver, enum budget_type type)
{
    char path[64];
    for (size_t i = 0; i < array_length(budget_keys); i++) {
        const struct budget_key *key = &budget_keys[i];
        snprintf(path, sizeof(path), "retry_budget.%s", key->name);
        if (key->type != type && is_given(resolver, path)) {
            resolve_conflict(resolver, path, "retry_budget.type",
                             "\"%s\" is of a budget of type \"%s\"",
                             key->name,
                             choice_name(choice_budget_type, (int)key->type));
        }
    }
}

static void check_bucket(struct resolver *resolver,
                         struct budget_config *budget)
{
    if (!is_given(resolver, "retry_budget.capacity")) {
        struct error *error =
            resolve_refuse(resolver, "retry_budget",
                           "a token bucket needs \"capacity\"");
        error_hint(error, "add \"capacity\": 10");
        return;
    }
    if (!is_given(resolver, "retry_budget.initial")) {
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
    bool has_ratio = is_given(resolver, "retry_budget.ratio");
    struct error *error;

    if (!is_given(resolver, "retry_budget")) {
        budget->type = BUDGET_NONE;
        return;
    }
    refuse_other_keys(resolver, budget->type);
    switch (budget->type) {
    case BUDGET_NONE:
        return;
    case BUDGET_TOKEN_BUCKET:
        if (has_ratio) {
            resolve_conflict(resolver, "retry_budget.ratio",
                             "retry_budget.type",
                             "a token bucket has no ratio");
        }
        check_bucket(resolver, budget);
        return;
    case BUDGET_RATIO_WINDOW:
        if (!has_ratio && !is_given(resolver, "retry_budget.min_per_sec")) {
            error = resolve_refuse(resolver, "retry_budget",
                                   "without \"ratio\" nothing is retried");
            error_hint(error, "add \"ratio\": \"10%%\"");
        }
        return;
    case BUDGET_RATIO_INFLIGHT:
        if (!has_ratio && !is_given(resolver, "retry_budget.min_concurrent")) {
            error = resolve_refuse(resolver, "retry_budget",
                                   "without \"ratio\" nothing is retried");
            error_hint(error, "add \"ratio\": \"20%%\"");
        }
        return;
    }
}

void resolve_key(struct resolver *resolver)
{
    struct key_config *key = &resolver->plan->policy.key;
    struct template compiled;

    if (!is_given(resolver, "idempotency")) {
        key->scope = KEY_SCOPE_NONE;
        return;
    }
    if (key->scope == KEY_SCOPE_NONE) {
        return;
    }
    if (key->methods == 0 && is_given(resolver, "idempotency.methods")) {
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
                         strlen(key->template), &compiled)) {
        if (compiled.uses_key) {
            resolve_refuse(resolver, "idempotency.template",
                           "a key cannot be made of {{key}}");
        } else if (compiled.length_max >= KEY_MAX) {
            resolve_refuse(resolver, "idempotency.template",
                           "the key may become longer than %d bytes",
                           KEY_MAX - 1);
        }
    }
}

static int find_request(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->request_count; i++) {
        if (strcmp(plan->requests[i].config.name, name) == 0) {
            return (int)i;
        }
    }
    return FAULT_ANY_REQUEST;
}

static void resolve_fault(struct resolver *resolver, size_t index)
{
    struct plan *plan = resolver->plan;
    const struct fault_draft *draft = &resolver->draft->faults[index];
    struct fault_config *fault = &plan->faults[index];
    const struct timeout_config *timeout = &plan->policy.timeout;
    char path[64];

    *fault = draft->config;
    fault->request = FAULT_ANY_REQUEST;
    if (draft->request) {
        fault->request = find_request(plan, draft->request);
        if (fault->request == FAULT_ANY_REQUEST) {
            snprintf(path, sizeof(path), "faults[%zu].request", index);
            resolve_conflict(resolver, path, "requests",
                             "there is no request \"%s\"", draft->request);
        }
    }
    if (fault->as == FAULT_AS_TIMEOUT && timeout->attempt.ns == INT64_MAX &&
        timeout->operation.ns == INT64_MAX) {
        snprintf(path, sizeof(path), "faults[%zu]", index);
        struct error *error = resolve_conflict(
            resolver, path, "timeout",
            "a %s that is seen as a timeout needs timeout.attempt or "
            "timeout.operation, or its caller would wait forever",
            fault_name(fault->kind));
        error_hint(error, "add \"timeout\": {\"attempt\": \"1s\"}, or \"as\": "
                          "\"reset\"");
    }
}

void resolve_faults(struct resolver *resolver)
{
    resolver->plan->fault_count = resolver->draft->fault_count;
    for (size_t i = 0; i < resolver->draft->fault_count; i++) {
        resolve_fault(resolver, i);
    }
}
