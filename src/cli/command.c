#include "cli/command.h"

#include "base/must.h"
#include "base/suggest.h"

#include <string.h>

const struct command commands[COMMAND_COUNT] = {
#define COMMAND(id, positional, usage, summary, about) \
    {COMMAND_##id, #id, POSITIONAL_##positional, usage, summary, about},
#include "cli/command.def"
#undef COMMAND
};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

void command_refuse(const char *word, struct errors *errors)
{
    static const struct {
        const char *name, *hint;
    } elsewhere[] = {
        {"attack", "vegeta's attack is squall run URL"},
        {"bench", "squall run URL sends traffic and measures it"},
        {"test", "squall run URL sends traffic and measures it"},
        {"explain", "squall profile explain KEY, or squall help TOPIC"},
        {"list", "squall profile list"},
        {"version", "squall --version"},
        {"server", "squall target serves the embedded target"},
        {"serve", "squall target serves the embedded target"},
    };
    struct error *error =
        errors_add(errors, ERROR_USAGE, "there is no command \"%s\"", word);
    for (size_t i = 0; i < array_length(elsewhere); i++) {
        if (strcmp(elsewhere[i].name, word) == 0) {
            error_hint(error, "%s", elsewhere[i].hint);
            return;
        }
    }
    struct suggestion suggestion;
    suggest_init(&suggestion, word);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        suggest_offer(&suggestion, commands[i].name);
    }
    if (suggestion.best) {
        error_hint(error, "did you mean squall %s?", suggestion.best);
    } else {
        error_hint(error, "squall --help lists the commands");
    }
}
