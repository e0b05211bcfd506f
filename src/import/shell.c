#include "import/shell.h"

#include "base/must.h"
#include "base/str.h"
#include "import/import.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct splitter {
    const char *text, *at;
    struct shell_words *words;
    struct str word;
    bool in_word; /* also where it is empty so far: '' */
    struct shell_problem *problem;
};

void shell_release(struct shell_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        free(words->items[i]);
    }
    free(words->items);
    *words = (struct shell_words){0};
}

static bool refuse(struct splitter *splitter, const char *text)
{
    *splitter->problem =
        (struct shell_problem){(size_t)(splitter->at - splitter->text), text};
    return false;
}

static void end_word(struct splitter *splitter)
{
    struct shell_words *words = splitter->words;

    if (!splitter->in_word) {
        return;
    }
    if (words->count == words->capacity) {
        words->capacity = words->capacity ? words->capacity * 2 : 16;
        words->items =
            realloc(words->items, words->capacity * sizeof(*words->items));
        must(words->items);
    }
    words->items[words->count++] = str_detach(&splitter->word);
    splitter->in_word = false;
}

/* At a "$" that a shell would fill. */
static bool take_variable(struct splitter *splitter)
{
    bool braced = splitter->at[1] == '{';
    const char *name = splitter->at + 1 + braced;
    size_t length = 0;

    if (splitter->at[1] == '(') {
        return refuse(splitter, "no command is run to find out what stands "
                                "here: put its output in its place");
    }
    while (isalnum((unsigned char)name[length]) || name[length] == '_') {
        length++;
    }
    if (braced && (length == 0 || name[length] != '}')) {
        return refuse(splitter, "only ${NAME} is known of what ${ begins");
    }
    if (length == 0) {
        str_append_char(&splitter->word, '$');
        splitter->at++;
        return true;
    }
    str_append_char(&splitter->word, IMPORT_VARIABLE_OPEN);
    str_append_bytes(&splitter->word, name, length);
    str_append_char(&splitter->word, IMPORT_VARIABLE_CLOSE);
    splitter->at = name + length + braced;
    return true;
}

static bool take_single(struct splitter *splitter)
{
    const char *close = strchr(splitter->at + 1, '\'');

    if (!close) {
        return refuse(splitter, "this quote is not closed");
    }
    str_append_bytes(&splitter->word, splitter->at + 1,
                     (size_t)(close - splitter->at) - 1);
    splitter->at = close + 1;
    return true;
}

static bool take_double(struct splitter *splitter)
{
    const char *open = splitter->at++;

    while (*splitter->at && *splitter->at != '"') {
        if (*splitter->at == '`') {
            return refuse(splitter, "no command is run to find out what "
                                    "stands here: put its output in its "
                                    "place");
        }
        if (*splitter->at == '$') {
            if (!take_variable(splitter)) {
                return false;
            }
            continue;
        }
        if (*splitter->at == '\\' && splitter->at[1] &&
            strchr("\"\\$`\n", splitter->at[1])) {
            splitter->at++;
            if (*splitter->at == '\n') {
                splitter->at++;
                continue;
            }
        }
        str_append_char(&splitter->word, *splitter->at++);
    }
    if (!*splitter->at) {
        splitter->at = open;
        return refuse(splitter, "this quote is not closed");
    }
    splitter->at++;
    return true;
}

/* Up to `most` digits of a base; *at stands after them. */
static unsigned long take_digits(const char **at, int base, int most)
{
    char digits[12] = {0};
    char *end;

    strncpy(digits, *at, (size_t)most);
    if (!isxdigit((unsigned char)digits[0])) {
        return 0;
    }
    unsigned long value = strtoul(digits, &end, base);
    *at += end - digits;
    return value;
}

/* After the backslash of a $'...'. False: it would end the text. */
static bool take_escape(struct splitter *splitter)
{
    static const char letters[] = "abefnrtv", values[] = "\a\b\033\f\n\r\t\v";
    const char *known = strchr(letters, *splitter->at);
    char c = *splitter->at;

    if (known && c) {
        str_append_char(&splitter->word, values[known - letters]);
        splitter->at++;
        return true;
    }
    if (c == 'x' || c == 'u' || c == 'U' || (c >= '0' && c <= '7')) {
        bool octal = c >= '0' && c <= '7';
        splitter->at += !octal;
        unsigned long code = take_digits(&splitter->at, octal ? 8 : 16,
                                         octal      ? 3
                                         : c == 'x' ? 2
                                         : c == 'u' ? 4
                                                    : 8);
        if (code <= (unsigned long)IMPORT_VARIABLE_CLOSE || code > 0x10ffff) {
            return false;
        }
        if (c == 'u' || c == 'U') {
            str_append_code_point(&splitter->word, code);
        } else {
            str_append_char(&splitter->word, (char)code);
        }
        return true;
    }
    str_append_char(&splitter->word, c);
    splitter->at++;
    return true;
}

static bool take_ansi(struct splitter *splitter)
{
    const char *open = splitter->at;

    splitter->at += 2;
    while (*splitter->at && *splitter->at != '\'') {
        if (*splitter->at == '\\' && splitter->at[1]) {
            splitter->at++;
            if (!take_escape(splitter)) {
                return refuse(splitter, "this escape is no character");
            }
        } else {
            str_append_char(&splitter->word, *splitter->at++);
        }
    }
    if (!*splitter->at) {
        splitter->at = open;
        return refuse(splitter, "this quote is not closed");
    }
    splitter->at++;
    return true;
}

/* One step within or between words. */
static bool step(struct splitter *splitter)
{
    char c = *splitter->at;

    if (c == '\\' && (splitter->at[1] == '\n' ||
                      (splitter->at[1] == '\r' && splitter->at[2] == '\n'))) {
        splitter->at += splitter->at[1] == '\r' ? 3 : 2;
        return true;
    }
    if (c == ' ' || c == '\t' || c == '\r') {
        end_word(splitter);
        splitter->at++;
        return true;
    }
    splitter->in_word = true;
    switch (c) {
    case '\'':
        return take_single(splitter);
    case '"':
        return take_double(splitter);
    case '`':
        return refuse(splitter, "no command is run to find out what stands "
                                "here: put its output in its place");
    case '$':
        return splitter->at[1] == '\'' ? take_ansi(splitter)
                                       : take_variable(splitter);
    case '\\':
        splitter->at += splitter->at[1] != '\0';
        break;
    default:
        break;
    }
    str_append_char(&splitter->word, *splitter->at++);
    return true;
}

bool shell_split(const char *text, struct shell_words *words,
                 const char **rest, struct shell_problem *problem)
{
    struct splitter splitter = {.text = text,
                                .at = text,
                                .words = words,
                                .word = STR_INIT,
                                .problem = problem};
    bool good = true;

    *words = (struct shell_words){0};
    *rest = "";
    splitter.at += strspn(text, " \t\r\n");
    while (good && *splitter.at && !strchr(";|&<>\n", *splitter.at)) {
        if (*splitter.at == IMPORT_VARIABLE_OPEN ||
            *splitter.at == IMPORT_VARIABLE_CLOSE) {
            good = refuse(&splitter, "a control character stands here");
        } else {
            good = step(&splitter);
        }
    }
    if (good) {
        end_word(&splitter);
        *rest = splitter.at + strspn(splitter.at, " \t\r\n");
    }
    str_release(&splitter.word);
    return good;
}
