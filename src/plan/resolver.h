/*
 * resolver: what the files that resolve a plan share: the draft, the plan that
 * is filled from it, and errors that name the place in a profile.
 */
#ifndef SQUALL_PLAN_RESOLVER_H
#define SQUALL_PLAN_RESOLVER_H

#include "plan/choice.h"
#include "plan/draft.h"
#include "plan/sources.h"

struct resolver {
    struct plan *plan;
    struct draft *draft;
    const cJSON *tree; /* merged, expanded */
    const struct plan_input *input;
    const struct sources *sources;
    struct errors *errors;
};

/* Whether a profile or the command line says something at the path. */
bool resolve_is_given(const struct resolver *resolver, const char *path);

/* Adds an error at a path. */
struct error *resolve_refuse(const struct resolver *resolver, const char *path,
                             const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds an error at `path` that also names where `other` stands. */
struct error *resolve_conflict(const struct resolver *resolver,
                               const char *path, const char *other,
                               const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A key that only some types of its section look at. */
struct typed_key {
    const char *name;
    uint32_t types; /* bits of the choice that `by` names */
};

/* Refuses the keys of a section that its type does not look at: what is said
 * there does nothing, which is not what its writer thinks. `by` is the key
 * that says the type. */
void resolve_other_keys(const struct resolver *resolver, const char *section,
                        const char *by, const struct choice *choices, int type,
                        const struct typed_key *list, size_t count);

/* False, after adding an error at the section, when it lacks a key that `who`
 * cannot do without; the example is what to add. */
bool resolve_need(const struct resolver *resolver, const char *section,
                  const char *name, const char *who, const char *example);

/* Compiles a template that stands at a path, with the values that it may
 * take (plan/environment.h). */
bool resolve_template(const struct resolver *resolver, const char *path,
                      const char *text, size_t length,
                      const struct template_values *values,
                      struct template *template);

#endif
