/*
 * shell: the words of a command line as a POSIX shell takes it apart, and
 * bash where it quotes as $'...'. Pure: nothing is run or looked up.
 *
 * $NAME and ${NAME}, where a shell would fill them, become variables as
 * import.h has them. What only a shell can know is refused: substitutions of
 * commands, and expansions with an operator. The words end where the command
 * does: at a ";", "|", "&", "<", ">" or a line break that are not quoted.
 */
#ifndef SQUALL_IMPORT_SHELL_H
#define SQUALL_IMPORT_SHELL_H

#include <stdbool.h>
#include <stddef.h>

struct shell_words {
    size_t count, capacity;
    char **items; /* owned */
};

struct shell_problem {
    size_t at;        /* a byte of the text, from 0 */
    const char *text; /* static */
};

/* False: it cannot be taken apart. *rest: what follows the command, "": no
 * more. Release in either case. */
bool shell_split(const char *text, struct shell_words *words,
                 const char **rest, struct shell_problem *problem);
void shell_release(struct shell_words *words);

#endif
