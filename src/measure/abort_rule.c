#include "measure/abort_rule.h"

#include "base/units.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Where the last " for " stands; NULL: nowhere. */
static char *find_for(char *text)
{
    char *found = NULL;

    for (char *at = text; (at = strstr(at, "for")); at += strlen("for")) {
        bool is_word = at > text && isspace((unsigned char)at[-1]) &&
                       isspace((unsigned char)at[3]);
        found = is_word ? at : found;
    }
    return found;
}

static void trim_end(char *text)
{
    size_t length = strlen(text);

    while (length > 0 && isspace((unsigned char)text[length - 1])) {
        text[--length] = '\0';
    }
}

/* Cuts "for 5s" off. */
static bool take_lasting(struct abort_rule *rule, char *text, char *problem,
                         size_t problem_size, size_t *problem_at)
{
    char *at = find_for(text);
    const char *why;

    rule->lasting = DURATION_ZERO;
    if (!at) {
        return true;
    }
    char *from = at + strlen("for");
    from += strspn(from, " \t\r\n\v\f");
    trim_end(from);
    if (!units_parse_duration(from, &rule->lasting, &why)) {
        *problem_at = (size_t)(from - text);
        snprintf(problem, problem_size,
                 "\"%s\" is not how long it must hold: write a duration such "
                 "as \"for 5s\"",
                 from);
        return false;
    }
    *at = '\0';
    trim_end(text);
    return true;
}

bool abort_rule_parse(struct abort_rule *rule, const char *text, char *problem,
                      size_t problem_size, size_t *problem_at)
{
    char when[SLO_TEXT_MAX];

    if (strlen(text) >= sizeof(when)) {
        *problem_at = sizeof(when) - 1;
        snprintf(problem, problem_size, "longer than %d characters",
                 SLO_TEXT_MAX - 1);
        return false;
    }
    snprintf(when, sizeof(when), "%s", text);
    snprintf(rule->text, sizeof(rule->text), "%s", text);
    if (!take_lasting(rule, when, problem, problem_size, problem_at) ||
        !slo_parse(&rule->when, when, problem, problem_size, problem_at)) {
        return false;
    }
    for (size_t i = 0; i < rule->when.term_count; i++) {
        if (rule->when.terms[i].of_baseline) {
            *problem_at = rule->when.terms[i].from;
            snprintf(problem, problem_size,
                     "what ends a run is compared with no baseline: write a "
                     "value");
            return false;
        }
    }
    return true;
}

bool abort_watch_look(struct abort_watch *watch, const struct abort_rule *rule,
                      const struct result *result, struct duration now)
{
    bool holds = slo_holds_now(&rule->when, result, now, watch->terms);

    if (holds && !watch->holds) {
        watch->since = now;
    }
    watch->holds = holds;
    return holds && now.ns - watch->since.ns >= rule->lasting.ns;
}
