/* squall profile: what there is, what it says, and whether it is right. */
#include "base/json.h"
#include "base/json_print.h"
#include "base/must.h"
#include "base/suggest.h"
#include "cli/invocation.h"
#include "cli/start.h"
#include "plan/catalogue.h"
#include "plan/delays.h"
#include "plan/explain.h"
#include "plan/key.h"
#include "plan/library.h"
#include "plan/schema.h"
#include "report/text_delays.h"
#include "report/text_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a subcommand may need. */
struct asking {
    const struct invocation *invocation;
    size_t count; /* of the words after the subcommand */
    const char *const *words;
    struct errors errors;
};

/* Whether a profile is right does not hang on --allow-exec: nothing runs. */
static struct plan_input input_of(const struct asking *asking,
                                  const char *const *profiles, size_t count)
{
    const struct plan_input *given = &asking->invocation->input;
    return (struct plan_input){.profile_count = count,
                               .profiles = profiles,
                               .allow_exec = true,
                               .set_count = given->set_count,
                               .sets = given->sets};
}

static struct text_options text_options_of(const struct asking *asking)
{
    return (struct text_options){
        .color = invocation_color(asking->invocation, stdout),
        .width = invocation_width(stdout)};
}

static void print_errors(struct asking *asking, int *status)
{
    if (asking->errors.count > 0) {
        errors_print(&asking->errors, stderr);
        if (*status == 0) {
            *status = errors_exit_status(&asking->errors);
        }
        asking->errors = (struct errors)ERRORS_INIT;
    }
}

static int run_check(struct asking *asking)
{
    int status = 0;
    for (size_t i = 0; i < asking->count; i++) {
        struct plan_input input = input_of(asking, &asking->words[i], 1);
        struct plan *plan = plan_read(&input, &asking->errors);
        if (plan && !asking->invocation->quiet) {
            printf("%s: ok\n", asking->words[i]);
        }
        plan_free(plan);
        print_errors(asking, &status);
    }
    return status;
}

static int run_list(struct asking *asking)
{
    struct text_options options = text_options_of(asking);
    struct catalogue catalogue;
    int status = 0;

    catalogue_read(&catalogue, asking->words, asking->count, &asking->errors);
    if (asking->invocation->json) {
        cJSON *list = catalogue_document(&catalogue);
        json_print_to(stdout, list, asking->invocation->compact);
        cJSON_Delete(list);
    } else if (asking->invocation->long_list) {
        text_list_render_long(&catalogue, &options, stdout);
    } else {
        text_list_render(&catalogue, isatty(STDOUT_FILENO) == 1, &options,
                         stdout);
    }
    catalogue_release(&catalogue);
    print_errors(asking, &status);
    return status;
}

static int run_show(struct asking *asking)
{
    struct plan_input input = input_of(asking, asking->words, asking->count);
    struct plan *plan = plan_read(&input, &asking->errors);
    int status = 0;
    if (plan) {
        for (size_t i = 0; i < plan->overrides.count; i++) {
            const struct override *one = &plan->overrides.list[i];
            start_note(asking->invocation, "%s: %s wins over %s", one->key,
                       one->by, one->of);
        }
        json_print_to(stdout, plan->profile, asking->invocation->compact);
    }
    plan_free(plan);
    print_errors(asking, &status);
    return status;
}

static bool read_schedule(struct asking *asking, struct delays_draws *draws,
                          enum outcome_class *class, uint64_t *retries)
{
    const struct invocation *invocation = asking->invocation;
    bool good =
        delays_read_draws(invocation->draws ? invocation->draws : "0,0.5,1",
                          draws, &asking->errors);

    *class = CLASS_TRANSIENT;
    if (invocation->class) {
        good = delays_find_class(invocation->class, class, &asking->errors) &&
               good;
    }
    *retries = invocation->retries == UINT64_MAX ? 0 : invocation->retries;
    if (invocation->retries == 0 || *retries > DELAYS_RETRIES_MAX) {
        struct error *error =
            errors_add(&asking->errors, ERROR_USAGE,
                       "--retries: %llu is not from 1 to %d",
                       (unsigned long long)*retries, DELAYS_RETRIES_MAX);
        error_hint(error, "leave it out for as many as the profile does");
        good = false;
    }
    return good;
}

static int run_delays(struct asking *asking)
{
    struct text_options options = text_options_of(asking);
    struct plan_input input = input_of(asking, asking->words, asking->count);
    struct plan *plan = plan_read(&input, &asking->errors);
    const char *name = asking->words[asking->count - 1];
    struct delays_draws draws;
    enum outcome_class class;
    uint64_t retries;
    int status = 0;

    if (read_schedule(asking, &draws, &class, &retries) && plan) {
        struct delays delays;
        delays_make(&delays, plan, class, &draws, (size_t)retries);
        if (asking->invocation->json) {
            cJSON *document = delays_document(&delays, name);
            json_print_to(stdout, document, asking->invocation->compact);
            cJSON_Delete(document);
        } else {
            text_delays_render(&delays, name, &options, stdout);
        }
        delays_release(&delays);
    }
    plan_free(plan);
    print_errors(asking, &status);
    return status;
}

/* A word that is no key may be the name of a profile: what that says of
 * itself, and where the rest is. */
static bool explain_profile(struct str *out, const char *name)
{
    struct errors errors = ERRORS_INIT;
    struct str path = STR_INIT;
    struct json_source json = {0};
    cJSON *tree = library_find(name, &path, &errors) &&
                          json_source_read(&json, path.text, &errors)
                      ? json_parse(&json, &errors)
                      : NULL;
    static const char *const texts[] = {"about", "source"};

    if (tree) {
        str_printf(out, "%s is a profile\n", name);
    }
    for (size_t i = 0; i < array_length(texts); i++) {
        const char *text = cJSON_GetStringValue(json_get(tree, texts[i]));
        if (text) {
            str_printf(out, "  %-9s %s\n", texts[i], text);
        }
    }
    if (tree) {
        str_printf(out,
                   "  squall profile show %s prints it whole\n"
                   "  squall profile delays %s shows the waits before its "
                   "retries\n",
                   name, name);
    }
    bool found = tree != NULL;
    cJSON_Delete(tree);
    json_source_release(&json);
    str_release(&path);
    return found;
}

static int run_explain(struct asking *asking)
{
    struct str out = STR_INIT;
    int status = 0;

    if (asking->count == 0) {
        explain_all(&out);
    }
    for (size_t i = 0; i < asking->count; i++) {
        if (strcmp(asking->words[i], "mdoc") == 0) {
            explain_mdoc(&out);
            continue;
        }
        if (out.length > 0) {
            str_append_char(&out, '\n');
        }
        if (key_find(asking->words[i]) ||
            !explain_profile(&out, asking->words[i])) {
            explain_key(&out, asking->words[i], &asking->errors);
        }
    }
    fputs(out.text, stdout);
    str_release(&out);
    print_errors(asking, &status);
    return status;
}

static int run_schema(struct asking *asking)
{
    (void)asking;
    cJSON *schema = schema_make();
    json_print_to(stdout, schema, asking->invocation->compact);
    cJSON_Delete(schema);
    return 0;
}

static const struct subcommand {
    const char *name;
    bool needs_words;
    int (*run)(struct asking *asking);
} subcommands[] = {
    {"check", true, run_check},      {"delays", true, run_delays},
    {"explain", false, run_explain}, {"list", false, run_list},
    {"schema", false, run_schema},   {"show", true, run_show},
};

static const struct subcommand *find_subcommand(const char *name)
{
    for (size_t i = 0; i < array_length(subcommands); i++) {
        if (strcmp(subcommands[i].name, name) == 0) {
            return &subcommands[i];
        }
    }
    return NULL;
}

static void refuse(struct asking *asking)
{
    const struct words *words = &asking->invocation->words;
    struct suggestion suggestion;
    struct error *error;

    if (words->count == 0) {
        error = errors_add(&asking->errors, ERROR_USAGE,
                           "profile: what should it do?");
    } else if (find_subcommand(words->items[0])) {
        error = errors_add(&asking->errors, ERROR_USAGE,
                           "profile %s: which profile?", words->items[0]);
    } else {
        error = errors_add(&asking->errors, ERROR_USAGE,
                           "profile: \"%s\" is not known", words->items[0]);
        suggest_init(&suggestion, words->items[0]);
        for (size_t i = 0; i < array_length(subcommands); i++) {
            suggest_offer(&suggestion, subcommands[i].name);
        }
        if (suggestion.best) {
            error_hint(error, "did you mean squall profile %s?",
                       suggestion.best);
            return;
        }
    }
    error_hint(error, "squall profile list [PATTERN...] | show NAME... | "
                      "check PROFILE... | delays NAME... | explain [KEY...] | "
                      "schema");
}

/* An option that the subcommand would not look at was meant for another. */
static bool options_fit(struct asking *asking, const struct subcommand *found)
{
    const struct invocation *invocation = asking->invocation;
    const struct {
        const char *name;
        bool is_given;
        int (*run)(struct asking *asking);
    } own[] = {
        {"class", invocation->class != NULL, run_delays},
        {"u", invocation->draws != NULL, run_delays},
        {"retries", invocation->retries != UINT64_MAX, run_delays},
        {"long", invocation->long_list, run_list},
    };
    bool fit = true;

    for (size_t i = 0; i < array_length(own); i++) {
        if (own[i].is_given && own[i].run != found->run) {
            errors_add(&asking->errors, ERROR_USAGE,
                       "profile %s has no use for --%s", found->name,
                       own[i].name);
            fit = false;
        }
    }
    return fit;
}

int command_profile(const struct invocation *invocation)
{
    const struct words *words = &invocation->words;
    struct asking asking = {.invocation = invocation};
    const struct subcommand *found =
        words->count ? find_subcommand(words->items[0]) : NULL;
    int status = 0;

    if (!found || (found->needs_words && words->count < 2)) {
        refuse(&asking);
    } else if (options_fit(&asking, found)) {
        asking.count = words->count - 1;
        asking.words = words->items + 1;
        return found->run(&asking);
    }
    print_errors(&asking, &status);
    return status;
}
