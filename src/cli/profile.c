/* squall profile: what there is, what it says, and whether it is right. */
#include "base/json.h"
#include "base/must.h"
#include "cli/command.h"
#include "plan/explain.h"
#include "plan/library.h"
#include "plan/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a subcommand may need. */
struct asking {
    const struct invocation *invocation;
    size_t count;              /* of the words after the subcommand */
    const char *const *words;
    struct errors errors;
};

/* Whether a profile is right does not hang on --allow-exec: nothing runs. */
static struct plan_input input_of(const char *const *profiles, size_t count)
{
    return (struct plan_input){
        .profile_count = count, .profiles = profiles, .allow_exec = true};
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

static void list_one(void *context, const char *name, const char *path)
{
    const struct asking *asking = context;
    struct errors errors = ERRORS_INIT;
    struct json_source source;
    cJSON *tree = NULL;

    if (!json_source_read(&source, path, &errors)) {
        return;
    }
    tree = json_parse(&source, &errors);
    const cJSON *about = json_get(tree, "about");
    const cJSON *from = json_get(tree, "source");
    printf("%-32s %s\n", name,
           cJSON_IsString(about) ? about->valuestring : "");
    if (asking->invocation->long_list) {
        printf("%-32s %s\n", "", path);
        if (cJSON_IsString(from)) {
            printf("%-32s %s\n", "", from->valuestring);
        }
    }
    cJSON_Delete(tree);
    json_source_release(&source);
}

static int run_list(struct asking *asking)
{
    library_walk(list_one, asking);
    return 0;
}

static int run_check(struct asking *asking)
{
    int status = 0;
    for (size_t i = 0; i < asking->count; i++) {
        struct plan_input input = input_of(&asking->words[i], 1);
        struct plan *plan = plan_read(&input, &asking->errors);
        if (plan && !asking->invocation->quiet) {
            printf("%s: ok\n", asking->words[i]);
        }
        plan_free(plan);
        print_errors(asking, &status);
    }
    return status;
}

static void print_json(const cJSON *tree)
{
    char *text = cJSON_Print(tree);
    must(text);
    puts(text);
    free(text);
}

static int run_show(struct asking *asking)
{
    struct plan_input input = input_of(asking->words, asking->count);
    struct plan *plan = plan_read(&input, &asking->errors);
    int status = 0;
    if (plan) {
        print_json(plan->profile);
    }
    plan_free(plan);
    print_errors(asking, &status);
    return status;
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
        explain_key(&out, asking->words[i], &asking->errors);
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
    print_json(schema);
    cJSON_Delete(schema);
    return 0;
}

static const struct subcommand {
    const char *name;
    bool needs_words;
    int (*run)(struct asking *asking);
} subcommands[] = {
    {"check", true, run_check},       {"explain", false, run_explain},
    {"list", false, run_list},        {"schema", false, run_schema},
    {"show", true, run_show},
};

int command_profile(const struct invocation *invocation)
{
    const struct words *words = &invocation->words;
    struct asking asking = {.invocation = invocation};
    const struct subcommand *found = NULL;

    for (size_t i = 0; i < array_length(subcommands) && words->count; i++) {
        if (strcmp(subcommands[i].name, words->items[0]) == 0) {
            found = &subcommands[i];
        }
    }
    int status = 0;
    if (!found || (found->needs_words && words->count < 2)) {
        struct error *error =
            found ? errors_add(&asking.errors, ERROR_USAGE,
                               "profile %s: which profile?", found->name)
                  : errors_add(&asking.errors, ERROR_USAGE,
                               "profile: %s%s%s", words->count ? "\"" : "",
                               words->count ? words->items[0]
                                            : "what should it do?",
                               words->count ? "\" is not known" : "");
        error_hint(error, "squall profile list | show NAME... | check "
                          "PROFILE... | explain [KEY] | schema");
        print_errors(&asking, &status);
        return status;
    }
    asking.count = words->count - 1;
    asking.words = words->items + 1;
    return found->run(&asking);
}
