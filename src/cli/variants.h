/* variants: the client policies that a command line names beside each other,
 * and the service that they are all sent to. */
#ifndef SQUALL_CLI_VARIANTS_H
#define SQUALL_CLI_VARIANTS_H

#include "cli/invocation.h"

enum { VARIANTS_MAX = 32 };

struct variants {
    size_t count;
    const char *names[VARIANTS_MAX];
    struct plan_input inputs[VARIANTS_MAX];
    const char *url; /* NULL: the embedded target */
};

/* Takes the positional words, each a URL or a variant (a profile, or several
 * joined by "+", after those that are common), and those of --variant
 * NAME=PROFILES. False after adding an error. Borrows the invocation; memory
 * from the arena. */
bool variants_take(struct variants *variants,
                   const struct invocation *invocation, struct arena *arena,
                   struct errors *errors);

/* One more, under a name that none has yet; `word` as on the command line. */
bool variants_add(struct variants *variants,
                  const struct invocation *invocation, const char *name,
                  const char *word, struct arena *arena,
                  struct errors *errors);

bool variants_has(const struct variants *variants, const char *name);

/* The profiles of a variant alone, without what is common to all. */
struct plan_input variants_own_input(const struct variants *variants,
                                     const struct invocation *invocation,
                                     size_t index);

#endif
