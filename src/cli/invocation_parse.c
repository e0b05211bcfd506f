/* The words of a command line, one after another. */
#include "cli/invocation.h"

#include "base/mask.h"
#include "base/must.h"
#include "base/suggest.h"
#include "cli/options.h"
#include "cli/store.h"
#include "cli/synonym.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Fallbacks that one option may have. */
enum { FALLBACKS_EACH = 4 };

/* Where the parser stands: the words after the command's name. */
struct parser {
    struct invocation *invocation;
    int next;
    bool options_over; /* "--" was seen */
    struct errors *errors;
};

/* No list can be longer than the command line, and the headers of --json. */
static void words_init(struct words *words, struct arena *arena, int most)
{
    words->count = 0;
    words->items = arena_array(arena, (size_t)most + 2, sizeof(*words->items));
}

/* The word that comes next, or "". */
static const char *next_word(const struct parser *parser)
{
    const struct invocation *invocation = parser->invocation;
    return parser->next < invocation->argc ? invocation->argv[parser->next]
                                           : "";
}

/* An option that is not known may have an argument: that is no second error.
 */
static void skip_argument(struct parser *parser)
{
    const char *next = next_word(parser);
    parser->next += *next && *next != '-';
}

/* Of another command, or nobody's. */
static void hint_elsewhere(const struct command *command, const char *name,
                           size_t length, struct error *error)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (option_find(&commands[i], name, length)) {
            error_hint(error, "it is an option of squall %s",
                       commands[i].name);
            return;
        }
    }
    error_hint(error, "squall %s --help lists the options", command->name);
}

/* Says which option was meant: of this command, of another tool, or that it
 * belongs to another command. */
static void refuse_option(struct parser *parser, const char *name,
                          size_t length)
{
    const struct command *command = parser->invocation->command;
    const struct foreign *foreign = synonym_foreign(name, length);
    char word[SUGGEST_LENGTH_MAX + 1];
    snprintf(word, sizeof(word), "%.*s", (int)length, name);

    struct error *error =
        errors_add(parser->errors, ERROR_USAGE, "squall %s has no option --%s",
                   command->name, word);
    if (foreign) {
        error_hint(error, "%s", foreign->hint);
        return;
    }
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
    hint_elsewhere(command, name, length, error);
}

static void refuse_letter(struct parser *parser, char letter)
{
    const struct command *command = parser->invocation->command;
    const struct foreign *foreign = synonym_foreign_letter(letter);
    struct error *error =
        errors_add(parser->errors, ERROR_USAGE, "squall %s has no option -%c",
                   command->name, letter);

    if (foreign) {
        error_hint(error, "%s", foreign->hint);
        return;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (option_find_letter(&commands[i], letter)) {
            error_hint(error, "it is an option of squall %s",
                       commands[i].name);
            return;
        }
    }
    error_hint(error, "squall %s --help lists the options", command->name);
}

static bool is_number(const char *word)
{
    return *word && word[strspn(word, "0123456789")] == '\0';
}

static const char *take_argument(struct parser *parser,
                                 const struct option_row *row,
                                 const char *spelling)
{
    const struct invocation *invocation = parser->invocation;
    if (row->implied && (parser->next >= invocation->argc ||
                         !is_number(invocation->argv[parser->next]))) {
        return row->implied;
    }
    if (parser->next < invocation->argc) {
        return invocation->argv[parser->next++];
    }
    errors_add(parser->errors, ERROR_USAGE, "%s needs an argument", spelling);
    return NULL;
}

/* What an option is called, here or elsewhere. */
struct found {
    const struct option_row *row; /* NULL: nothing */
    const char *value;            /* that it stands for by itself, or NULL */
};

static struct found find_synonym(const struct command *command,
                                 const struct synonym *synonym)
{
    struct found found = {NULL, NULL};
    if (synonym) {
        found.row =
            option_find(command, synonym->option, strlen(synonym->option));
        found.value = synonym->value;
    }
    return found;
}

static struct found find_long(const struct command *command, const char *name,
                              size_t length)
{
    const struct option_row *row = option_find(command, name, length);
    return row ? (struct found){row, NULL}
               : find_synonym(command, synonym_find(command, name, length));
}

static struct found find_letter(const struct command *command, char letter)
{
    const struct option_row *row = option_find_letter(command, letter);
    return row ? (struct found){row, NULL}
               : find_synonym(command, synonym_find_letter(command, letter));
}

/* Stores it, unless its argument shows that another tool's option was meant.
 * Where it takes none, the word after it may show it; that is then skipped. */
static void take(struct parser *parser, const struct option_row *row,
                 const char *spelling, const char *value)
{
    const char *mistaken =
        synonym_mistaken(row, value, value ? NULL : next_word(parser));

    if (mistaken) {
        struct error *error =
            errors_add(parser->errors, ERROR_USAGE, "%s %s: %s", spelling,
                       value ? value : next_word(parser),
                       value ? "it is not what this option takes"
                             : "this option takes no argument");
        error_hint(error, "%s", mistaken);
        if (!value) {
            skip_argument(parser);
        }
        return;
    }
    struct typed typed = {row, spelling, value, value};
    store_option(parser->invocation, &typed, parser->errors);
}

/* A body and not a URL: an IPv6 address in brackets has colons and no commas.
 */
static bool is_json_body(const char *word)
{
    bool is_address =
        word[0] == '[' && strchr(word, ':') &&
        word[1 + strspn(word + 1, "0123456789abcdefABCDEF:.")] == ']';
    return word[0] && strchr("{[\"@", word[0]) && !is_address;
}

/* "--json" prints it; "--json TEXT" sends it, as curl's. */
static void parse_json(struct parser *parser, const struct option_row *row,
                       const char *equals)
{
    const struct invocation *invocation = parser->invocation;
    const char *next =
        parser->next < invocation->argc ? invocation->argv[parser->next] : "";

    if (!equals && is_json_body(next)) {
        parser->next++;
        take(parser, row, "--json", next);
    } else if (!equals || is_json_body(equals + 1)) {
        take(parser, row, "--json", equals ? equals + 1 : NULL);
    } else {
        struct error *error =
            errors_add(parser->errors, ERROR_USAGE,
                       "--json: \"%s\" is neither JSON nor @FILE", equals + 1);
        error_hint(error, "--json alone prints the report as JSON");
    }
}

/* "--name", "--name=value" or "--name value". */
static void parse_long(struct parser *parser, const char *name)
{
    const struct invocation *invocation = parser->invocation;
    const char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    struct found found = find_long(invocation->command, name, length);
    char *spelling = arena_alloc(&parser->invocation->arena, length + 3);

    snprintf(spelling, length + 3, "--%.*s", (int)length, name);
    if (!found.row) {
        refuse_option(parser, name, length);
        if (!equals) {
            skip_argument(parser);
        }
    } else if (strcmp(spelling, "--json") == 0 && equals &&
               strcmp(equals + 1, "compact") == 0) {
        parser->invocation->compact = true;
        take(parser, found.row, spelling, NULL);
    } else if (found.row->type == OPTION_JSON) {
        parse_json(parser, found.row, equals);
    } else if (equals && (!found.row->argument || found.value)) {
        errors_add(parser->errors, ERROR_USAGE, "%s takes no argument",
                   spelling);
    } else if (found.value || !found.row->argument) {
        take(parser, found.row, spelling, found.value);
    } else {
        const char *value =
            equals ? equals + 1 : take_argument(parser, found.row, spelling);
        if (value) {
            take(parser, found.row, spelling, value);
        }
    }
}

/* "-n5", "-n 5", "-qn5". */
static void parse_short(struct parser *parser, const char *word)
{
    const struct command *command = parser->invocation->command;

    for (const char *c = word + 1; *c; c++) {
        struct found found = find_letter(command, *c);
        char spelling[] = {'-', *c, '\0'};
        const char *kept = arena_strdup(&parser->invocation->arena, spelling);
        if (!found.row) {
            refuse_letter(parser, *c);
            if (!c[1]) {
                skip_argument(parser);
            }
            return;
        }
        if (found.row->implied && c[1] && !is_number(c + 1)) {
            found.value = found.row->implied; /* other letters follow */
        }
        if (found.row->argument && !found.value) {
            const char *value =
                c[1] ? c + 1 : take_argument(parser, found.row, kept);
            if (value) {
                take(parser, found.row, kept, value);
            }
            return;
        }
        take(parser, found.row, kept, found.value);
    }
}

/* "-rate=50", as tools written in Go take it: an option of that whole name is
 * meant, and no letter with what follows it. */
static bool is_long_after_all(const struct parser *parser, const char *name)
{
    size_t length = strcspn(name, "=");
    return length >= 4 &&
           (find_long(parser->invocation->command, name, length).row ||
            synonym_foreign(name, length));
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
        store_url(invocation, word, parser->errors);
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
        parse_long(parser, word + 2);
    } else if (is_long_after_all(parser, word + 1)) {
        parse_long(parser, word + 1);
    } else {
        parse_short(parser, word);
    }
}

/* What --json says of its body and of the answer that it wants, where no -H
 * says otherwise. */
static void add_json_headers(struct invocation *invocation)
{
    static const char *const lines[] = {"Content-Type: application/json",
                                        "Accept: application/json"};
    struct words *headers = &invocation->headers;

    for (size_t i = 0; i < array_length(lines); i++) {
        size_t name = strcspn(lines[i], ":") + 1;
        bool is_given = false;
        for (size_t h = 0; h < headers->count; h++) {
            is_given |= strncasecmp(headers->items[h], lines[i], name) == 0;
        }
        if (!is_given) {
            words_add(headers, lines[i]);
        }
    }
}

/* The lists are complete: hands them to the plan's input. */
static void fill_input(struct invocation *invocation)
{
    struct plan_input *input = &invocation->input;
    if (invocation->sends_json) {
        add_json_headers(invocation);
    }
    input->profile_count = invocation->profiles.count;
    input->profiles = invocation->profiles.items;
    input->set_count = invocation->sets.count;
    input->sets = invocation->sets.items;
    input->typed_count = invocation->typed_count;
    input->typed = invocation->typed;
    input->fallback_count = invocation->fallbacks.count;
    input->fallbacks = invocation->fallbacks.items;
    input->header_count = invocation->headers.count;
    input->headers = invocation->headers.items;
    input->form_count = invocation->form.count;
    input->form = invocation->form.items;
    input->slo_count = invocation->slos.count;
    input->slos = invocation->slos.items;
    input->abort_count = invocation->aborts.count;
    input->aborts = invocation->aborts.items;
}

/* Before anything is refused: what is refused is shown. */
static void note_secrets(int argc, const char *const *argv, int first)
{
    for (int i = first; i < argc; i++) {
        mask_add_from_argument(argv[i]);
        if (i > first && mask_is_secret_option(argv[i - 1])) {
            mask_add_user(argv[i], strlen(argv[i]));
        }
    }
}

bool invocation_parse(struct invocation *invocation,
                      const struct command *command, int argc,
                      const char *const *argv, int first,
                      struct errors *errors)
{
    *invocation = (struct invocation){.command = command,
                                      .argc = argc,
                                      .argv = argv,
                                      .retries = UINT64_MAX,
                                      .arena = ARENA_INIT};
    struct arena *arena = &invocation->arena;
    words_init(&invocation->words, arena, argc);
    words_init(&invocation->profiles, arena, argc);
    words_init(&invocation->sets, arena, argc);
    words_init(&invocation->headers, arena, argc);
    words_init(&invocation->form, arena, argc);
    words_init(&invocation->slos, arena, argc);
    words_init(&invocation->aborts, arena, argc);
    words_init(&invocation->fail_headers, arena, argc);
    words_init(&invocation->fail_if, arena, argc);
    words_init(&invocation->fail_unless, arena, argc);
    words_init(&invocation->variants, arena, argc);
    words_init(&invocation->otlp_headers, arena, argc);
    words_init(&invocation->fallbacks, arena, argc * FALLBACKS_EACH);
    invocation->typed =
        arena_array(arena, (size_t)argc + 1, sizeof(*invocation->typed));

    struct parser parser = {
        .invocation = invocation, .next = first, .errors = errors};
    size_t errors_before = errors->count;
    note_secrets(argc, argv, first);
    while (parser.next < argc) {
        const char *word = argv[parser.next++];
        parse_word(&parser, word);
    }
    fill_input(invocation);
    return errors->count == errors_before;
}
