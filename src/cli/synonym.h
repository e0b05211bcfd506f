/*
 * synonym: how other tools spell what this one can do, from synonym.def.
 */
#ifndef SQUALL_CLI_SYNONYM_H
#define SQUALL_CLI_SYNONYM_H

#include "cli/options.h"

#include <stdbool.h>
#include <stddef.h>

struct synonym {
    char letter;        /* 0: none */
    const char *name;   /* "": none */
    const char *option; /* the long name of what it stands for */
    const char *value;  /* of that option; NULL: what follows it */
};

struct foreign {
    char letter;
    const char *name;
    bool takes_argument;
    const char *hint;
};

extern const struct synonym synonyms[];
extern const size_t synonym_count;

/* By long name (its first `length` bytes) or by letter, for an option that
 * the command has; NULL: none. */
const struct synonym *synonym_find(const struct command *command,
                                   const char *name, size_t length);
const struct synonym *synonym_find_letter(const struct command *command,
                                          char letter);

/* What another tool means by it; NULL: not known. */
const struct foreign *synonym_foreign(const char *name, size_t length);
const struct foreign *synonym_foreign_letter(char letter);

/* What was meant by an option with this argument, or before this word where
 * it takes none, if it is that of another tool; NULL: it is ours. Either may
 * be NULL. */
const char *synonym_mistaken(const struct option_row *row,
                             const char *argument, const char *next);

#endif
