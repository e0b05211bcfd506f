#include "compare/knockout_gate.h"

#include "base/must.h"
#include "base/suggest.h"

#include <stdio.h>
#include <string.h>

static const char *const fates[FATE_COUNT] = {[FATE_DROPPED] = "dropped",
                                              [FATE_KEPT] = "kept",
                                              [FATE_SUGGESTED] = "suggested"};

static bool find_fate(struct knockout_gate *gate, const char *word)
{
    for (size_t i = 0; i < FATE_COUNT; i++) {
        if (strcmp(fates[i], word) == 0) {
            gate->fate = (enum knockout_fate)i;
            return true;
        }
    }
    return false;
}

/* With what is closest in `closest`, or "". */
static bool find_variant(struct knockout_gate *gate, const char *name,
                         const char *const *names, size_t variants,
                         char *closest, size_t size)
{
    struct suggestion suggestion;

    suggest_init(&suggestion, name);
    for (size_t i = 0; i < variants; i++) {
        if (strcmp(names[i], name) == 0) {
            gate->variant = i;
            return true;
        }
        suggest_offer(&suggestion, names[i]);
    }
    snprintf(closest, size, "%s", suggestion.best ? suggestion.best : "");
    return false;
}

bool knockout_gate_parse(struct knockout_gate *gate, const char *text,
                         bool is_demand, const char *const *names,
                         size_t variants, char *problem, size_t problem_size)
{
    char name[KNOCKOUT_GATE_TEXT_MAX], closest[KNOCKOUT_GATE_TEXT_MAX];

    *gate = (struct knockout_gate){.is_demand = is_demand};
    if (strlen(text) >= KNOCKOUT_GATE_TEXT_MAX) {
        snprintf(problem, problem_size, "it is longer than %d characters",
                 KNOCKOUT_GATE_TEXT_MAX - 1);
        return false;
    }
    snprintf(gate->text, sizeof gate->text, "%s", text);
    snprintf(name, sizeof name, "%s", text);
    char *blank = strrchr(name, ' ');
    if (!blank || !find_fate(gate, blank + 1)) {
        snprintf(problem, problem_size,
                 "\"%s\" is nothing that becomes of a strategy: write its "
                 "name, and dropped, kept or suggested",
                 text);
        return false;
    }
    *blank = '\0';
    if (find_variant(gate, name, names, variants, closest, sizeof closest)) {
        return true;
    }
    snprintf(problem, problem_size,
             closest[0] ? "there is no variant \"%s\": did you mean %s?"
                        : "there is no variant \"%s\"",
             name, closest);
    return false;
}

bool knockout_gate_holds(const struct knockout_gate *gate,
                         const struct knockout *knockout, size_t suggested)
{
    bool is_dropped = knockout->is_dropped[gate->variant];
    bool is_met = gate->fate == FATE_DROPPED ? is_dropped
                  : gate->fate == FATE_KEPT  ? !is_dropped
                                             : gate->variant == suggested;

    return is_met == gate->is_demand;
}
