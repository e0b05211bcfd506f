/* The ledger: where it is, by what it is joined, and what it holds. */
#include "plan/resolve.h"

#include "base/must.h"
#include "plan/environment.h"
#include "policy/key.h"

#include <string.h>

static void check_command(const struct resolver *resolver, const char *path,
                          const char *command)
{
    if (command && !resolver->input->allow_exec) {
        struct error *error = resolve_refuse(
            resolver, path, "runs a command, which is not allowed");
        error_hint(error, "add --allow-exec to the command line");
    }
}

static void check_ledger_source(struct resolver *resolver)
{
    struct ledger_config *ledger = &resolver->plan->ledger;

    if (ledger->url && ledger->command) {
        struct error *error =
            resolve_conflict(resolver, "ledger.command", "ledger.url",
                             "a ledger is read from one place");
        error_hint(error, "remove one of them");
        return;
    }
    check_command(resolver, "ledger.command", ledger->command);
    if (ledger->url) {
        resolve_url(resolver, "ledger.url", &ledger->url);
    }
    if (!ledger->url && !ledger->command) {
        if (resolver->plan->target.url) {
            struct error *error =
                resolve_refuse(resolver, "ledger", "needs a url or a command");
            error_hint(error, "add \"url\": \"/ledger\"");
            return;
        }
        ledger->url = "/ledger";
    }
}

/* A ledger that no request writes to would judge nothing, and say so with
 * zeros. */
static void check_effects(struct resolver *resolver)
{
    const struct plan *plan = resolver->plan;
    for (size_t i = 0; i < plan->request_count; i++) {
        if (plan->requests[i].config.effect == YES) {
            return;
        }
    }
    struct error *error =
        resolve_refuse(resolver, "ledger", "no request performs an effect");
    error_hint(error, "send a POST (-X POST), or say \"effect\": true in a "
                      "request that performs one");
}

/* A request that performs effects and carries no key, or NULL. */
static const struct planned_request *find_keyless_effect(
    const struct plan *plan)
{
    for (size_t i = 0; i < plan->request_count; i++) {
        const struct planned_request *request = &plan->requests[i];
        if (request->config.effect == YES && !request->traits.has_key) {
            return request;
        }
    }
    return NULL;
}

/* Bits of states by their names. */
static uint32_t find_states(const struct resolver *resolver, const char *path,
                            const struct string_list *names)
{
    const struct transition_config *states =
        &resolver->plan->ledger.transitions;
    uint32_t bits = 0;
    for (size_t i = 0; i < names->count; i++) {
        int state =
            transition_state(states, names->items[i], strlen(names->items[i]));
        if (state < 0) {
            struct error *error = resolve_refuse(
                resolver, path, "\"%s\" is not in ledger.transitions",
                names->items[i]);
            error_hint(error,
                       "write \"%s\": [] there when it is a last "
                       "state",
                       names->items[i]);
        } else {
            bits |= UINT32_C(1) << state;
        }
    }
    return bits;
}

static void resolve_state_sets(struct resolver *resolver)
{
    struct ledger_config *ledger = &resolver->plan->ledger;
    struct transition_config *states = &ledger->transitions;
    uint32_t all = (uint32_t)((UINT64_C(1) << states->count) - 1);
    uint32_t following = 0;

    for (size_t i = 0; i < states->count; i++) {
        following |= states->next[i];
    }
    states->initial =
        resolve_is_given(resolver, "ledger.initial")
            ? find_states(resolver, "ledger.initial", &ledger->initial)
            : all & ~following;
    if (states->initial == 0 &&
        !resolve_is_given(resolver, "ledger.initial")) {
        struct error *error =
            resolve_refuse(resolver, "ledger.transitions",
                           "no state is the first: each follows another");
        error_hint(error, "name the first ones in ledger.initial");
    }
    states->effects = resolve_is_given(resolver, "ledger.effect_states")
                          ? find_states(resolver, "ledger.effect_states",
                                        &ledger->effect_states)
                          : states->initial;
}

/* Without transitions there is nothing to check, and no other way round. */
static void resolve_states(struct resolver *resolver)
{
    static const char *const need_states[] = {
        "ledger.initial", "ledger.effect_states", "ledger.history"};
    struct ledger_config *ledger = &resolver->plan->ledger;
    bool in_ledger = ledger->columns == LEDGER_HAS_STATE_TIME;
    bool beside = ledger->history_url || ledger->history_command;

    check_command(resolver, "ledger.history.command", ledger->history_command);
    if (ledger->history_url) {
        resolve_url(resolver, "ledger.history.url", &ledger->history_url);
    }
    if (ledger->history_url && ledger->history_command) {
        struct error *error = resolve_conflict(
            resolver, "ledger.history.command", "ledger.history.url",
            "a history is read from one place");
        error_hint(error, "remove one of them");
    }
    if (!resolve_is_given(resolver, "ledger.transitions")) {
        for (size_t i = 0; i < array_length(need_states); i++) {
            if (resolve_is_given(resolver, need_states[i])) {
                resolve_refuse(resolver, need_states[i],
                               "means nothing without ledger.transitions");
            }
        }
        if (in_ledger) {
            struct error *error =
                resolve_refuse(resolver, "ledger.columns",
                               "\"state_time\" needs ledger.transitions");
            error_hint(error, "add \"transitions\": {\"PENDING\": "
                              "[\"DONE\"]}");
        }
        return;
    }
    resolve_state_sets(resolver);
    if (in_ledger && beside) {
        resolve_conflict(resolver, "ledger.columns", "ledger.history",
                         "the states are read from one place");
    } else if (!in_ledger && !beside) {
        struct error *error = resolve_refuse(resolver, "ledger.transitions",
                                             "the states are nowhere");
        error_hint(error, "write \"columns\": \"state_time\", or add a "
                          "\"history\" with a url or a command");
    }
}

/* An operation has one id, whatever becomes of its attempts: effects under
 * another one would be counted as foreign, and duplicates as none. */
static void check_ledger_key(struct resolver *resolver)
{
    const struct plan *plan = resolver->plan;
    const struct template *key = &plan->ledger_key;

    if (key->uses_key && plan->policy.key.scope == KEY_SCOPE_NONE) {
        struct error *error = resolve_conflict(
            resolver, "ledger.key", "idempotency",
            "effects cannot be joined by {{key}}: no key is sent");
        error_hint(error, "add \"idempotency\": {}, or write \"key\": "
                          "\"{{op.id}}\" and send that in the request");
    } else if (key->uses_key && find_keyless_effect(plan)) {
        struct error *error = resolve_conflict(
            resolver, "ledger.key", "idempotency",
            "effects of request \"%s\" cannot be joined by {{key}}: it has "
            "no key",
            find_keyless_effect(plan)->config.name);
        error_hint(error, "write \"key\": \"{{op.id}}\" and send that in "
                          "the request");
    } else if (key->uses_key && plan->policy.key.scope == KEY_SCOPE_ATTEMPT) {
        struct error *error = resolve_conflict(
            resolver, "ledger.key", "idempotency.scope",
            "effects cannot be joined by {{key}}: each attempt has another "
            "one");
        error_hint(error, "write \"key\": \"{{op.id}}\" and send that in "
                          "the request");
    } else if (key->uses_attempt) {
        struct error *error = resolve_refuse(
            resolver, "ledger.key", "differs from attempt to attempt");
        error_hint(error, "write what all attempts of an operation carry, "
                          "such as {{key}} or {{op.id}}");
    } else if (key->is_constant) {
        resolve_refuse(resolver, "ledger.key",
                       "is the same for every operation");
    }
}

/* What was taken from a file that hides secrets, and is needed itself. */
static void check_masked(const struct resolver *resolver)
{
    const cJSON *ledger = json_get(resolver->tree, "ledger");
    const cJSON *header;

    cJSON_ArrayForEach(header, json_get(ledger, "headers"))
    {
        if (cJSON_IsString(header) &&
            strcmp(header->valuestring, "***") == 0) {
            struct error *error = resolve_refuse(
                resolver, "ledger.headers",
                "%s was masked when the file was written", header->string);
            error_hint(error, "--set 'ledger.headers.%s=${env:NAME}'",
                       header->string);
        }
    }
}

void resolve_ledger(struct resolver *resolver)
{
    struct plan *plan = resolver->plan;
    struct ledger_config *ledger = &plan->ledger;

    plan->has_ledger = resolve_is_given(resolver, "ledger");
    if (!plan->has_ledger) {
        return;
    }
    check_ledger_source(resolver);
    check_masked(resolver);
    check_effects(resolver);
    resolve_states(resolver);
    if (!ledger->key) {
        bool orders = plan->request_count == 1 &&
                      !resolve_is_given(resolver, "target.url") &&
                      strcmp(plan->requests[0].config.name, "orders") == 0;
        ledger->key = orders ? "{{op.id}}" : "{{key}}";
    }
    if (resolve_template(resolver, "ledger.key", ledger->key,
                         strlen(ledger->key), &environment_in_text,
                         &plan->ledger_key)) {
        check_ledger_key(resolver);
    }
}
