#include "run/tip_gate.h"

#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_seconds(const char *text, double *size, const char **problem)
{
    struct duration time;

    if (!units_parse_duration(text, &time, problem)) {
        return false;
    }
    *size = duration_in_seconds(time);
    *problem = "it is not above 0";
    return *size > 0;
}

static bool parse_times(const char *text, double *size, const char **problem)
{
    char *end;

    *size = strtod(text + (*text == 'x'), &end);
    *problem = "it is no number of times, such as 3";
    return !*end && end != text && isfinite(*size);
}

bound_parse_size *tip_gate_size_of(enum tip_trigger trigger)
{
    return tip_triggers[trigger].unit == TIP_SECONDS ? parse_seconds
                                                     : parse_times;
}

static bool find_variant(struct tip_gate *gate, const char *name,
                         const char *const *names, size_t variants)
{
    for (size_t i = 0; i < variants; i++) {
        if (strcmp(names[i], name) == 0) {
            gate->variant = i;
            return true;
        }
    }
    return false;
}

bool tip_gate_parse(struct tip_gate *gate, const char *text, bool is_demand,
                    enum tip_trigger trigger, const char *const *names,
                    size_t variants, char *problem, size_t problem_size)
{
    static const char of[] = " of ";
    char bound[TIP_GATE_TEXT_MAX];

    *gate =
        (struct tip_gate){.gate.is_demand = is_demand, .variant = SIZE_MAX};
    if (strlen(text) >= sizeof gate->text) {
        snprintf(problem, problem_size, "longer than %d characters",
                 TIP_GATE_TEXT_MAX - 1);
        return false;
    }
    snprintf(gate->text, sizeof gate->text, "%s", text);
    snprintf(bound, sizeof bound, "%s", text);
    char *name = strstr(bound, of);
    if (name) {
        *name = '\0';
        name += strlen(of);
    }
    if (name && !find_variant(gate, name, names, variants)) {
        snprintf(problem, problem_size, "there is no variant \"%s\"", name);
        return false;
    }
    return bound_parse(&gate->gate.bound, bound, "back_up_to",
                       tip_gate_size_of(trigger), problem, problem_size);
}

enum bound_truth tip_gate_holds(const struct tip_gate *gate,
                                const struct tip *tip)
{
    enum bound_truth all = BOUND_TRUE;

    for (size_t i = 0; i < tip->search_count; i++) {
        const struct tip_search *search = &tip->searches[i];
        if (gate->variant != SIZE_MAX && gate->variant != i) {
            continue;
        }
        switch (
            bound_gate_holds(&gate->gate, &search->found, search->is_over)) {
        case BOUND_FALSE:
            return BOUND_FALSE;
        case BOUND_UNKNOWN:
            all = BOUND_UNKNOWN;
            break;
        case BOUND_TRUE:
            break;
        }
    }
    /* One that was not begun is not known. */
    return tip->search_count == 0 || (gate->variant != SIZE_MAX &&
                                      gate->variant >= tip->search_count)
               ? BOUND_UNKNOWN
               : all;
}
