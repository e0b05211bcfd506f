#include "cli/command.h"
#include "cli/options.h"

#include "base/must.h"
#include "base/suggest.h"
#include "plan/delays.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { WIDTH_MIN = 60, WIDTH_MAX = 120, WIDTH_UNKNOWN = 80 };

/* Where the parser stands: the words after the command's name. */
struct parser {
    struct invocation *invocation;
    int next;
    bool options_over; /* "--" was seen */
    struct errors *errors;
};

static void words_add(struct words *words, const char *word)
{
    words->items[words->count++] = word;
}

/* No list can be longer than the command line. */
static void words_init(struct words *words, struct arena *arena, int argc)
{
    words->count = 0;
    words->items = arena_array(arena, (size_t)argc + 1,
                               sizeof(*words->items));
}

static void add_key(struct invocation *invocation, const char *key,
                    const char *value)
{
    must(key && value);
    size_t size = strlen(key) + 1 + strlen(value) + 1;
    char *set = arena_alloc(&invocation->arena, size);
    snprintf(set, size, "%s=%s", key, value);
    words_add(&invocation->sets, set);
}

/* The next item of a list key: those before it were added by the same option.
 */
static void add_item(struct invocation *invocation, const char *key,
                     const char *value)
{
    size_t length = strlen(key);
    size_t index = 0;
    char item[128];

    for (size_t i = 0; i < invocation->sets.count; i++) {
        const char *set = invocation->sets.items[i];
        index += strncmp(set, key, length) == 0 && set[length] == '[';
    }
    snprintf(item, sizeof(item), "%s[%zu]", key, index);
    add_key(invocation, item, value);
}

/* A whole number in the given base, with nothing before or behind it. */
static bool parse_number(const char *text, int base, uint64_t max,
                         uint64_t *number)
{
    const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
    if (!*text || text[strspn(text, digits)]) {
        return false;
    }
    errno = 0;
    unsigned long long value = strtoull(text, NULL, base);
    if (errno || value > max) {
        return false;
    }
    *number = value;
    return true;
}

/* Decimal, or hexadecimal after "0x" as reports write it. */
static bool parse_seed(const char *text, uint64_t *seed)
{
    bool is_hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    return is_hexadecimal ? parse_number(text + 2, 16, UINT64_MAX, seed)
                          : parse_number(text, 10, UINT64_MAX, seed);
}

static bool parse_color(const char *text, enum color_choice *color)
{
    static const char *const names[] = {
        [COLOR_AUTO] = "auto",
        [COLOR_ALWAYS] = "always",
        [COLOR_NEVER] = "never",
    };
    for (size_t i = 0; i < array_length(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *color = (enum color_choice)i;
            return true;
        }
    }
    return false;
}

static void refuse_value(struct parser *parser, const struct option_row *row,
                         const char *value, const char *wanted)
{
    struct error *error = errors_add(parser->errors, ERROR_USAGE,
                                     "--%s: \"%s\" is not %s", row->name,
                                     value, wanted);
    error_hint(error, "%s", row->sentence);
}

/* Numbers and choices; the types that an argument can get wrong. */
static void store_checked(struct parser *parser, const struct option_row *row,
                          void *field, const char *value)
{
    struct invocation *invocation = parser->invocation;
    enum outcome_class class;
    uint64_t number = 0;

    switch (row->type) {
    case OPTION_SEED:
        if (!parse_seed(value, field)) {
            refuse_value(parser, row, value,
                         "a whole number, such as 7 or 0x81529155");
        }
        invocation->input.has_seed = true;
        return;
    case OPTION_RUN:
        if (!parse_number(value, 16, UINT64_MAX, field)) {
            refuse_value(parser, row, value,
                         "a hexadecimal number of at most 16 digits");
        }
        invocation->has_run_id = true;
        return;
    case OPTION_COLOR:
        if (!parse_color(value, field)) {
            refuse_value(parser, row, value, "auto, always or never");
        }
        return;
    case OPTION_PORT:
        if (!parse_number(value, 10, UINT16_MAX, &number)) {
            refuse_value(parser, row, value, "a port from 0 to 65535");
        }
        *(uint16_t *)field = (uint16_t)number;
        return;
    case OPTION_COUNT:
        if (!parse_number(value, 10, UINT64_MAX, field)) {
            refuse_value(parser, row, value, "a whole number");
        }
        return;
    case OPTION_CLASS:
        if (delays_find_class(value, &class, parser->errors)) {
            *(const char **)field = value;
        }
        return;
    case OPTION_KEY:
    case OPTION_KEY_ITEM:
    case OPTION_KEY_TRUE:
    case OPTION_TEXT:
    case OPTION_LIST:
    case OPTION_FLAG:
        break;
    }
    must_never("a type without a store");
}

static void store(struct parser *parser, const struct option_row *row,
                  const char *value)
{
    struct invocation *invocation = parser->invocation;
    void *field = (char *)invocation + row->field;

    switch (row->type) {
    case OPTION_KEY:
        add_key(invocation, row->key, value);
        return;
    case OPTION_KEY_ITEM:
        add_item(invocation, row->key, value);
        return;
    case OPTION_KEY_TRUE:
        add_key(invocation, row->key, "true");
        return;
    case OPTION_TEXT:
        *(const char **)field = value;
        return;
    case OPTION_LIST:
        words_add(field, value);
        return;
    case OPTION_FLAG:
        *(bool *)field = true;
        return;
    case OPTION_SEED:
    case OPTION_RUN:
    case OPTION_COLOR:
    case OPTION_PORT:
    case OPTION_COUNT:
    case OPTION_CLASS:
        store_checked(parser, row, field, value);
        return;
    }
}

/* Says which option was meant: of this command, or that it belongs to another
 * one. */
static void refuse_option(struct parser *parser, const char *name,
                          size_t length)
{
    const struct command *command = parser->invocation->command;
    char word[SUGGEST_LENGTH_MAX + 1];
    snprintf(word, sizeof(word), "%.*s", (int)length, name);

    struct error *error = errors_add(parser->errors, ERROR_USAGE,
                                     "squall %s has no option --%s",
                                     command->name, word);
    struct suggestion suggestion;
    suggest_init(&suggestion, word);
    for (size_t i = 0; i < option_row_count; i++) {
        if (option_rows[i].commands & (1u << command->id)) {
            suggest_offer(&suggestion, option_rows[i].name);
        }
    }
    if (suggestion.best) {
        error_hint(error, "did you mean --%s?", suggestion.best);
        return;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (option_find(&commands[i], name, length)) {
            error_hint(error, "it is an option of squall %s",
                       commands[i].name);
            return;
        }
    }
    error_hint(error, "squall %s --help lists the options", command->name);
}

static const char *take_argument(struct parser *parser, const char *shown)
{
    const struct invocation *invocation = parser->invocation;
    if (parser->next < invocation->argc) {
        return invocation->argv[parser->next++];
    }
    errors_add(parser->errors, ERROR_USAGE, "%s needs an argument", shown);
    return NULL;
}

/* "--name", "--name=value" or "--name value". */
static void parse_long(struct parser *parser, const char *word)
{
    const char *name = word + 2;
    const char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const struct option_row *row =
        option_find(parser->invocation->command, name, length);

    if (!row) {
        refuse_option(parser, name, length);
        return;
    }
    if (!row->argument) {
        if (equals) {
            errors_add(parser->errors, ERROR_USAGE,
                       "--%s takes no argument", row->name);
            return;
        }
        store(parser, row, NULL);
        return;
    }
    const char *value = equals ? equals + 1 : take_argument(parser, word);
    if (value) {
        store(parser, row, value);
    }
}

/* "-n5", "-n 5", "-qn5". */
static void parse_short(struct parser *parser, const char *word)
{
    const struct command *command = parser->invocation->command;

    for (const char *c = word + 1; *c; c++) {
        const struct option_row *row = option_find_letter(command, *c);
        if (!row) {
            struct error *error =
                errors_add(parser->errors, ERROR_USAGE,
                           "squall %s has no option -%c", command->name, *c);
            error_hint(error, "squall %s --help lists the options",
                       command->name);
            return;
        }
        if (row->argument) {
            char shown[] = {'-', *c, '\0'};
            const char *value = c[1] ? c + 1 : take_argument(parser, shown);
            if (value) {
                store(parser, row, value);
            }
            return;
        }
        store(parser, row, NULL);
    }
}

static void parse_positional(struct parser *parser, const char *word)
{
    struct invocation *invocation = parser->invocation;
    const struct command *command = invocation->command;

    if (command->positional == POSITIONAL_FILE_URL &&
        invocation->words.count == 0) {
        words_add(&invocation->words, word);
        return;
    }
    switch (command->positional) {
    case POSITIONAL_WORDS:
        words_add(&invocation->words, word);
        return;
    case POSITIONAL_FILE_URL:
    case POSITIONAL_URL:
        if (!invocation->input.url) {
            invocation->input.url = word;
            return;
        }
        errors_add(parser->errors, ERROR_USAGE,
                   "\"%s\" is one word too many: the URL is \"%s\"", word,
                   invocation->input.url);
        return;
    case POSITIONAL_NOTHING:
        errors_add(parser->errors, ERROR_USAGE,
                   "squall %s takes only options, not \"%s\"", command->name,
                   word);
        return;
    }
}

static void parse_word(struct parser *parser, const char *word)
{
    if (parser->options_over || word[0] != '-' || !word[1]) {
        parse_positional(parser, word);
    } else if (strcmp(word, "--") == 0) {
        parser->options_over = true;
    } else if (word[1] == '-') {
        parse_long(parser, word);
    } else {
        parse_short(parser, word);
    }
}

/* The lists are complete: hands them to the plan's input. */
static void fill_input(struct invocation *invocation)
{
    struct plan_input *input = &invocation->input;
    input->profile_count = invocation->profiles.count;
    input->profiles = invocation->profiles.items;
    input->set_count = invocation->sets.count;
    input->sets = invocation->sets.items;
    input->header_count = invocation->headers.count;
    input->headers = invocation->headers.items;
    input->slo_count = invocation->slos.count;
    input->slos = invocation->slos.items;
}

bool invocation_parse(struct invocation *invocation,
                      const struct command *command, int argc,
                      const char *const *argv, int first,
                      struct errors *errors)
{
    *invocation = (struct invocation){
        .command = command, .argc = argc, .argv = argv,
        .retries = UINT64_MAX, .arena = ARENA_INIT};
    struct arena *arena = &invocation->arena;
    words_init(&invocation->words, arena, argc);
    words_init(&invocation->profiles, arena, argc);
    words_init(&invocation->sets, arena, argc);
    words_init(&invocation->headers, arena, argc);
    words_init(&invocation->slos, arena, argc);
    words_init(&invocation->fail_headers, arena, argc);

    struct parser parser = {
        .invocation = invocation, .next = first, .errors = errors};
    size_t errors_before = errors->count;
    while (parser.next < argc) {
        const char *word = argv[parser.next++];
        parse_word(&parser, word);
    }
    fill_input(invocation);
    return errors->count == errors_before;
}

void invocation_release(struct invocation *invocation)
{
    arena_release(&invocation->arena);
}

bool invocation_color(const struct invocation *invocation, FILE *stream)
{
    switch (invocation->color) {
    case COLOR_ALWAYS:
        return true;
    case COLOR_NEVER:
        return false;
    case COLOR_AUTO:
        break;
    }
    const char *no_color = getenv("NO_COLOR");
    if (no_color && *no_color) {
        return false;
    }
    const char *terminal = getenv("TERM");
    if (terminal && strcmp(terminal, "dumb") == 0) {
        return false;
    }
    return isatty(fileno(stream)) == 1;
}

int invocation_width(FILE *stream)
{
    struct winsize size;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return WIDTH_UNKNOWN;
    }
    if (size.ws_col < WIDTH_MIN) {
        return WIDTH_MIN;
    }
    return size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}
