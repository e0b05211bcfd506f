#include "policy/classify.h"

#include "base/must.h"
#include "policy/layer.h"

#include <string.h>
#include <strings.h>

#define BIT(id) (UINT32_C(1) << OUTCOME_##id)

/* Complete answers that are not the expected one: what a status token asks
 * about. An answer that was cut short is a matter of "reset". */
static const uint32_t unwelcome_answers =
    BIT(UNEXPECTED) | BIT(REDIRECTED) | BIT(REDIRECT_LIMIT) | BIT(REJECTED) |
    BIT(BUSY) | BIT(THROTTLED) | BIT(SERVER_ERROR);

/* The layers that can refuse a try. */
static const uint32_t refusing_layers =
    UINT32_C(1) << LAYER_BREAKER | UINT32_C(1) << LAYER_CONCURRENCY |
    UINT32_C(1) << LAYER_RATE_LIMIT | UINT32_C(1) << LAYER_THROTTLE;

struct token {
    const char *name;
    uint32_t outcomes;
    enum outcome_class as;
};

static const struct token tokens[] = {
    {"connect",
     BIT(DNS) | BIT(CONNECT_REFUSED) | BIT(CONNECT_TIMEOUT) |
         BIT(CONNECT_FAILED) | BIT(TLS),
     CLASS_TRANSIENT},
    {"reset", BIT(RESET) | BIT(RESET_REUSED) | BIT(TRUNCATED),
     CLASS_TRANSIENT},
    {"timeout", BIT(TIMEOUT), CLASS_TIMEOUT},
    {"protocol", BIT(PROTOCOL), CLASS_TRANSIENT},
    {"refused_stream", BIT(REFUSED_STREAM), CLASS_TRANSIENT},
    {"busy", BIT(BUSY), CLASS_TRANSIENT},
    {"no_socket", BIT(NO_SOCKET), CLASS_TRANSIENT},
};

static const char *const class_names[CLASS_COUNT] = {
#define OUTCOME_CLASS(id, name, sentence) [CLASS_##id] = (name),
#include "policy/outcome_class.def"
#undef OUTCOME_CLASS
};

static bool tristate_matches(enum tristate asked, bool value)
{
    return asked == ANY || (asked == YES) == value;
}

static bool is_idempotent(const struct request_traits *traits)
{
    return (traits->method & METHODS_IDEMPOTENT) != 0 || traits->has_key;
}

static bool matches_request(const struct classify_rule *rule,
                            const struct request_traits *traits,
                            unsigned attempt)
{
    if (rule->methods && !(rule->methods & traits->method)) {
        return false;
    }
    if (rule->attempt && rule->attempt != attempt) {
        return false;
    }
    return tristate_matches(rule->idempotent, is_idempotent(traits));
}

static bool matches_answer(const struct classify_rule *rule,
                           const struct attempt_result *result)
{
    if (rule->outcomes && !(rule->outcomes >> result->outcome & 1)) {
        return false;
    }
    if (rule->has_status &&
        (!status_set_has(&rule->status, result->status) ||
         status_set_has(&rule->not_status, result->status))) {
        return false;
    }
    if ((rule->headers & result->headers) != rule->headers) {
        return false;
    }
    return tristate_matches(rule->sent, result->sent) &&
           tristate_matches(rule->reused, result->reused) &&
           tristate_matches(rule->has_hint, result->hint.kind == HINT_WAIT);
}

/* A refusal by the client itself is no answer: rules that ask about one do
 * not see it, and rules about refusals see nothing else. */
static bool matches(const struct classify_rule *rule,
                    const struct attempt_result *result,
                    const struct request_traits *traits, unsigned attempt)
{
    if (!matches_request(rule, traits, attempt)) {
        return false;
    }
    if (rule->refused_by || result->refused_by) {
        return (rule->refused_by & result->refused_by) != 0;
    }
    return matches_answer(rule, result);
}

struct classification classify(const struct classify_config *config,
                               const struct attempt_result *result,
                               const struct request_traits *traits,
                               unsigned attempt)
{
    must(config->count <= CLASSIFY_RULES_MAX);
    for (size_t i = 0; i < config->count; i++) {
        if (matches(&config->rules[i], result, traits, attempt)) {
            return (struct classification){config->rules[i].as, (int)i};
        }
    }
    bool succeeded = result->outcome == OUTCOME_OK && !result->refused_by;
    return (struct classification){succeeded ? CLASS_SUCCESS : CLASS_FATAL,
                                   -1};
}

uint32_t classify_header_bit(struct classify_config *config, const char *name,
                             const char *value)
{
    for (size_t i = 0; i < config->header_count; i++) {
        if (strcasecmp(config->headers[i].name, name) == 0 &&
            strcasecmp(config->headers[i].value, value) == 0) {
            return UINT32_C(1) << i;
        }
    }
    if (config->header_count == CLASSIFY_HEADERS_MAX) {
        return 0;
    }
    struct classify_header *header = &config->headers[config->header_count];
    size_t name_size = strlen(name) + 1;
    size_t value_size = strlen(value) + 1;
    must(name_size <= sizeof(header->name));
    must(value_size <= sizeof(header->value));
    memcpy(header->name, name, name_size);
    memcpy(header->value, value, value_size);
    return UINT32_C(1) << config->header_count++;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

uint32_t classify_headers_in(const struct classify_config *config,
                             const char *line, size_t length)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < config->header_count; i++) {
        const struct classify_header *header = &config->headers[i];
        size_t start = strlen(header->name);
        size_t end = length;
        if (start >= length || line[start] != ':' ||
            strncasecmp(line, header->name, start) != 0) {
            continue;
        }
        start++;
        while (start < end && is_blank(line[start])) {
            start++;
        }
        while (end > start && is_blank(line[end - 1])) {
            end--;
        }
        size_t wanted = strlen(header->value);
        if (wanted == 0 ||
            (wanted == end - start &&
             strncasecmp(line + start, header->value, wanted) == 0)) {
            bits |= UINT32_C(1) << i;
        }
    }
    return bits;
}

/* "5xx" or "503". */
static bool parse_status(const char *token, unsigned *first, unsigned *last)
{
    if (strlen(token) != 3 || token[0] < '1' || token[0] > '5') {
        return false;
    }
    unsigned hundreds = (unsigned)(token[0] - '0') * 100;
    if (strcmp(token + 1, "xx") == 0) {
        *first = hundreds;
        *last = hundreds + 99;
        return true;
    }
    if (token[1] < '0' || token[1] > '9' || token[2] < '0' || token[2] > '9') {
        return false;
    }
    *first = hundreds + (unsigned)(token[1] - '0') * 10 +
             (unsigned)(token[2] - '0');
    *last = *first;
    return true;
}

static bool rule_of_token(const char *token, struct classify_rule *rule)
{
    for (size_t i = 0; i < array_length(tokens); i++) {
        if (strcmp(tokens[i].name, token) == 0) {
            rule->outcomes = tokens[i].outcomes;
            rule->as = tokens[i].as;
            return true;
        }
    }

    if (strcmp(token, "not_permitted") == 0) {
        rule->refused_by = refusing_layers;
        rule->as = CLASS_TRANSIENT;
        return true;
    }

    unsigned first, last;
    if (parse_status(token, &first, &last)) {
        rule->outcomes = unwelcome_answers;
        rule->has_status = true;
        status_set_add(&rule->status, first, last);
        rule->as =
            first == 429 && last == 429 ? CLASS_THROTTLE : CLASS_TRANSIENT;
        return true;
    }

    enum outcome outcome;
    if (outcome_from_name(token, &outcome) && outcome != OUTCOME_OK &&
        outcome != OUTCOME_CANCELLED && !outcome_goes_on(outcome)) {
        rule->outcomes = UINT32_C(1) << outcome;
        rule->as =
            outcome == OUTCOME_THROTTLED ? CLASS_THROTTLE : CLASS_TRANSIENT;
        return true;
    }
    return false;
}

bool classify_expand(struct classify_config *config, const char *token,
                     const char **problem)
{
    struct classify_rule rule = {0};

    if (!rule_of_token(token, &rule)) {
        *problem = "cannot be retried on; write connect, reset, "
                   "timeout, protocol, refused_stream, busy, no_socket, "
                   "not_permitted, a status such as 429 or 5xx, or the name "
                   "of an outcome";
        return false;
    }
    if (config->count >= CLASSIFY_RULES_MAX) {
        *problem = "is one rule too many; there is room for 32";
        return false;
    }
    config->rules[config->count++] = rule;
    return true;
}

const char *outcome_class_name(enum outcome_class class)
{
    must((size_t) class < CLASS_COUNT);
    return class_names[class];
}

uint16_t classify_method_bit(const char *name)
{
    static const struct {
        const char *name;
        uint16_t bit;
    } methods[] = {
        {"GET", METHOD_GET},       {"HEAD", METHOD_HEAD},
        {"POST", METHOD_POST},     {"PUT", METHOD_PUT},
        {"DELETE", METHOD_DELETE}, {"OPTIONS", METHOD_OPTIONS},
        {"TRACE", METHOD_TRACE},   {"PATCH", METHOD_PATCH},
    };
    for (size_t i = 0; i < array_length(methods); i++) {
        if (strcmp(methods[i].name, name) == 0) {
            return methods[i].bit;
        }
    }
    return METHOD_OTHER;
}
