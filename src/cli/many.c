#include "cli/many.h"

#include "base/units.h"
#include "cli/start.h"
#include "compare/signed_rank.h"
#include "run/reset.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool many_refuse(struct errors *errors, const char *hint, const char *format,
                 ...)
{
    char text[300];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct error *error = errors_add(errors, ERROR_USAGE, "%s", text);
    error_hint(error, "%s", hint);
    return false;
}

bool many_read_rounds(const struct invocation *invocation, size_t *fixed,
                      struct errors *errors)
{
    const char *rounds = invocation->rounds;
    char *end;

    *fixed = 0;
    if (!rounds || strcmp(rounds, "auto") == 0) {
        return true;
    }
    *fixed = strtoul(rounds, &end, 10);
    return (!*end && end != rounds && *fixed >= 1 &&
            *fixed <= SIGNED_RANK_MAX) ||
           many_refuse(errors, "auto makes as many as it takes",
                       "--rounds: \"%s\" is not auto or a number from 1 to "
                       "%d",
                       rounds, SIGNED_RANK_MAX);
}

bool many_read_judge(const char *list, enum compared *measures, size_t *count,
                     struct errors *errors)
{
    bool is_taken[COMPARED_COUNT] = {false};
    const char *example = "such as p99,success_rate";

    *count = 0;
    while (*list) {
        size_t length = strcspn(list, ",");
        enum compared measure;
        if (!compared_find(list, length, &measure)) {
            return many_refuse(errors, example,
                               "--judge: \"%.*s\" is not compared",
                               (int)length, list);
        }
        if (!is_taken[measure]) {
            measures[(*count)++] = measure;
        }
        is_taken[measure] = true;
        list += length + (list[length] == ',');
    }
    return *count > 0 ||
           many_refuse(errors, example, "--judge: it names nothing");
}

void many_show_round(const struct invocation *invocation, bool is_fixed,
                     const struct paired_progress *now)
{
    struct str left = STR_INIT;

    if (now->left.ns >= 0) {
        str_append(&left, ", about ");
        units_format_duration(&left, now->left);
        str_append(&left, " left");
    }
    start_note(invocation, "round %zu of %s%zu%s: %s", now->rounds + 1,
               is_fixed ? "" : "about ", now->needed,
               left.text ? left.text : "", now->variant);
    str_release(&left);
}

bool many_read_budget(const struct invocation *invocation,
                      struct duration *budget, struct errors *errors)
{
    const char *problem;

    if (invocation->budget &&
        (!units_parse_duration(invocation->budget, budget, &problem) ||
         budget->ns <= 0)) {
        return many_refuse(errors, "no run begins after it",
                           "--budget: \"%s\" is not a time, such as 5m",
                           invocation->budget);
    }
    return true;
}

bool many_check_reset(const struct invocation *invocation, bool has_target,
                      struct errors *errors)
{
    const char *reset = invocation->reset;

    if (reset && !has_target) {
        return many_refuse(
            errors, "leave it out, or name the URL of a service",
            "--reset: the embedded target is new for every run");
    }
    return !reset || reset_is_url(reset) || invocation->input.allow_exec ||
           many_refuse(errors, "add --allow-exec, or write a URL (http://...)",
                       "--reset: commands are not run unless that is allowed");
}

/* Of an observer whose context is the interrupt. */
static void wait_for_signal(void *interrupt, struct duration most)
{
    interrupt_wait(interrupt, most);
}

struct trial_options many_trials(const struct invocation *invocation,
                                 struct interrupt *interrupt)
{
    const struct plan_input *input = &invocation->input;

    return (struct trial_options){
        .seed = input->has_seed ? input->seed : start_seed(),
        .first_run = start_number(),
        .budget = DURATION_FOREVER,
        .reset = invocation->reset,
        .observer = {.context = interrupt, .wait = wait_for_signal},
        .stops = interrupt_stops(interrupt),
        .give_up = interrupt_flag(interrupt),
    };
}
