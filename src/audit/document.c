#include "audit/document.h"

#include "base/date.h"
#include "base/json.h"
#include "base/must.h"
#include "report/term.h"

static const char *end_name(enum attempt_end end)
{
    static const char *const names[] = {
#define END(id, name, words) [END_##id] = name,
#include "report/attempt_end.def"
#undef END
    };
    return names[end];
}

static const char *oracle_name(enum audit_oracle oracle)
{
    static const char *const names[] = {[AUDIT_NO_ORACLE] = "none",
                                        [AUDIT_BY_ANSWERS] = "answers",
                                        [AUDIT_BY_LEDGER] = "ledger"};
    return names[oracle];
}

static void add_number(cJSON *object, const char *name, int64_t value)
{
    cJSON_AddNumberToObject(object, name, (double)value);
}

/* JSON holds text; bytes of a key that are none are shown escaped. */
static void add_text(cJSON *object, const char *name, const char *text)
{
    struct str out = STR_INIT;
    struct term term = {.out = &out, .unicode = true};
    if (!text) {
        cJSON_AddNullToObject(object, name);
        return;
    }
    (void)term_untrusted(&term, STYLE_PLAIN, text, -1);
    cJSON_AddStringToObject(object, name, out.text);
    str_release(&out);
}

static cJSON *attempt_document(const struct audit_attempt *attempt)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "what", attempt->what);
    add_number(object, "operation", (int64_t)attempt->operation);
    add_text(object, "key", attempt->key);
    cJSON_AddStringToObject(object, "end", end_name(attempt->end));
    if (attempt->status) {
        add_number(object, "status", attempt->status);
    } else {
        cJSON_AddNullToObject(object, "status");
    }
    add_text(object, "identity",
             attempt->identity[0] ? attempt->identity : NULL);
    cJSON_AddBoolToObject(object, "replayed", attempt->marked);
    if (attempt->end == END_DISCONNECTED) {
        cJSON_AddBoolToObject(object, "delivered", attempt->delivered);
    }
    add_number(object, "at_us", attempt->at.ns / NS_PER_US);
    add_number(object, "took_us", attempt->took.ns / NS_PER_US);
    return object;
}

static void add_effects(cJSON *object, const struct audit_effects *effects)
{
    if (effects->oracle == AUDIT_NO_ORACLE) {
        cJSON_AddNullToObject(object, "effects");
        return;
    }
    cJSON *part = cJSON_AddObjectToObject(object, "effects");
    cJSON_AddStringToObject(part, "oracle", oracle_name(effects->oracle));
    add_number(part, "operations", (int64_t)effects->operations);
    add_number(part, "total", (int64_t)effects->total);
    add_number(part, "most", (int64_t)effects->most);
}

static cJSON *check_document(const struct audit_check *check)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "id", check->id);
    cJSON_AddStringToObject(object, "title", check->title);
    cJSON_AddStringToObject(object, "verdict",
                            audit_verdict_name(check->finding.verdict));
    cJSON_AddStringToObject(object, "expected", check->expected);
    cJSON_AddStringToObject(object, "observed", check->finding.observed);
    add_effects(object, &check->effects);
    cJSON_AddStringToObject(object, "source", check->source);
    cJSON *attempts = cJSON_AddArrayToObject(object, "attempts");
    for (size_t i = 0; i < check->attempt_count; i++) {
        cJSON_AddItemToArray(attempts, attempt_document(check->attempts[i]));
    }
    return object;
}

cJSON *audit_document(const struct audit_result *result)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "schema", "squall.audit/1");
    add_text(root, "target", result->target);
    struct str started = STR_INIT;
    date_append(&started, result->started_unix_ms * 1000, 0);
    cJSON_AddStringToObject(root, "started_at", started.text);
    str_release(&started);
    cJSON_AddStringToObject(root, "convention", result->convention);
    cJSON_AddStringToObject(root, "oracle",
                            result->has_ledger ? "ledger" : "answers");
    cJSON_AddBoolToObject(root, "ledger_lost", result->ledger_is_lost);
    cJSON_AddBoolToObject(root, "complete",
                          !result->stopped && !result->interrupted &&
                              !result->ledger_is_lost);
    add_text(root, "stopped", result->stopped);
    add_number(root, "median_us", result->median.ns / NS_PER_US);
    cJSON *summary = cJSON_AddObjectToObject(root, "summary");
    for (int i = 0; i < AUDIT_VERDICTS; i++) {
        add_number(summary, audit_verdict_name((enum audit_verdict)i),
                   result->counts[i]);
    }
    cJSON *checks = cJSON_AddArrayToObject(root, "checks");
    for (size_t i = 0; i < AUDIT_CHECKS; i++) {
        cJSON_AddItemToArray(checks, check_document(&result->checks[i]));
    }
    json_mask(root);
    return root;
}
