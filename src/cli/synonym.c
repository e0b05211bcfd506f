#include "cli/synonym.h"

#include "base/must.h"

#include <string.h>

const struct synonym synonyms[] = {
#define SYNONYM(letter, name, option, value) {letter, name, option, value},
#include "cli/synonym.def"
};

const size_t synonym_count = array_length(synonyms);

static const struct foreign foreigns[] = {
#define FOREIGN(letter, name, takes, hint) {letter, name, takes, hint},
#include "cli/synonym.def"
};

/* What an argument of another tool looks like. */
enum mistake { NOT_NUMBER, HAS_UNIT, NUMBER_NEXT, ONLY_NUMBER, ONLY_CSV };

static const struct {
    const char *option;
    enum mistake mistake;
    const char *hint;
} mistakes[] = {
#define MISTAKEN(option, what, hint) {option, what, hint},
#include "cli/synonym.def"
};

static bool is_word(const char *word, const char *name, size_t length)
{
    return length > 0 && strlen(word) == length &&
           memcmp(word, name, length) == 0;
}

static bool has_option(const struct command *command,
                       const struct synonym *synonym)
{
    return option_find(command, synonym->option, strlen(synonym->option)) !=
           NULL;
}

const struct synonym *synonym_find(const struct command *command,
                                   const char *name, size_t length)
{
    for (size_t i = 0; i < synonym_count; i++) {
        if (is_word(synonyms[i].name, name, length) &&
            has_option(command, &synonyms[i])) {
            return &synonyms[i];
        }
    }
    return NULL;
}

const struct synonym *synonym_find_letter(const struct command *command,
                                          char letter)
{
    for (size_t i = 0; i < synonym_count; i++) {
        if (synonyms[i].letter == letter &&
            has_option(command, &synonyms[i])) {
            return &synonyms[i];
        }
    }
    return NULL;
}

const struct foreign *synonym_foreign(const char *name, size_t length)
{
    for (size_t i = 0; i < array_length(foreigns); i++) {
        if (is_word(foreigns[i].name, name, length)) {
            return &foreigns[i];
        }
    }
    return NULL;
}

const struct foreign *synonym_foreign_letter(char letter)
{
    for (size_t i = 0; i < array_length(foreigns); i++) {
        if (foreigns[i].letter == letter) {
            return &foreigns[i];
        }
    }
    return NULL;
}

static bool is_number(const char *text)
{
    return text && *text && !text[strspn(text, "0123456789")];
}

static bool is_mistaken(enum mistake mistake, const char *argument,
                        const char *next)
{
    size_t digits = argument ? strspn(argument, "0123456789") : 0;

    switch (mistake) {
    case NOT_NUMBER:
        return argument && *argument && digits == 0 && *argument != '.' &&
               *argument != '-';
    case HAS_UNIT:
        return digits > 0 && argument[digits] &&
               strchr("smhun", argument[digits]);
    case NUMBER_NEXT:
        return is_number(next);
    case ONLY_NUMBER:
        return is_number(argument);
    case ONLY_CSV:
        return argument && strcmp(argument, "csv") == 0;
    }
    must_never("a mistake without a test");
    return false;
}

const char *synonym_mistaken(const struct option_row *row,
                             const char *argument, const char *next)
{
    for (size_t i = 0; i < array_length(mistakes); i++) {
        if (strcmp(mistakes[i].option, row->name) == 0 &&
            is_mistaken(mistakes[i].mistake, argument, next)) {
            return mistakes[i].hint;
        }
    }
    return NULL;
}
