#include "cli/variants.h"

#include "cli/many.h"

#include <string.h>

struct taking {
    struct variants *variants;
    const struct invocation *invocation;
    struct arena *arena;
    struct errors *errors;
};

bool variants_has(const struct variants *variants, const char *name)
{
    for (size_t i = 0; i < variants->count; i++) {
        if (strcmp(variants->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Its profiles come after those that are common: "a+b" is two of them. */
static bool add_variant(const struct taking *taking, const char *name,
                        const char *word)
{
    struct variants *variants = taking->variants;
    const struct plan_input *common = &taking->invocation->input;
    size_t parts = 1;

    if (variants->count == VARIANTS_MAX) {
        return many_refuse(taking->errors, "name fewer at once",
                           "more than %d variants", VARIANTS_MAX);
    }
    for (const char *c = word; *c; c++) {
        parts += *c == '+';
    }
    if (variants_has(variants, name)) {
        return many_refuse(taking->errors,
                           "name one of them: --variant NAME=...",
                           "two variants are called \"%s\"", name);
    }
    const char **profiles = arena_array(
        taking->arena, common->profile_count + parts, sizeof *profiles);
    size_t count = common->profile_count;
    for (size_t i = 0; i < count; i++) {
        profiles[i] = common->profiles[i];
    }
    for (const char *at = word; parts-- > 0; at += strcspn(at, "+") + 1) {
        profiles[count++] = arena_strndup(taking->arena, at, strcspn(at, "+"));
    }
    struct plan_input *input = &variants->inputs[variants->count];
    *input = *common;
    input->profiles = profiles;
    input->profile_count = count;
    variants->names[variants->count++] = name;
    return true;
}

/* "NAME=PROFILES" */
static bool take_named(const struct taking *taking)
{
    const struct words *words = &taking->invocation->variants;

    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->items[i];
        const char *equals = strchr(word, '=');
        if (!equals || equals == word || !equals[1]) {
            return many_refuse(taking->errors,
                               "such as --variant slow=immediate+slow",
                               "--variant: \"%s\" is not NAME=PROFILES", word);
        }
        if (!add_variant(
                taking,
                arena_strndup(taking->arena, word, (size_t)(equals - word)),
                equals + 1)) {
            return false;
        }
    }
    return true;
}

bool variants_take(struct variants *variants,
                   const struct invocation *invocation, struct arena *arena,
                   struct errors *errors)
{
    const struct words *words = &invocation->words;
    struct taking taking = {variants, invocation, arena, errors};

    *variants = (struct variants){0};
    for (size_t i = 0; i < words->count; i++) {
        const char *word = words->items[i];
        bool is_url = strstr(word, "://") != NULL;
        if (is_url && variants->url) {
            return many_refuse(errors, "all variants are sent to one service",
                               "two URLs: \"%s\" and \"%s\"", variants->url,
                               word);
        }
        if (is_url) {
            variants->url = word;
        } else if (!add_variant(&taking, word, word)) {
            return false;
        }
    }
    if (!take_named(&taking)) {
        return false;
    }
    for (size_t i = 0; i < variants->count; i++) {
        variants->inputs[i].url = variants->url;
    }
    return true;
}

bool variants_add(struct variants *variants,
                  const struct invocation *invocation, const char *name,
                  const char *word, struct arena *arena, struct errors *errors)
{
    struct taking taking = {variants, invocation, arena, errors};

    if (!add_variant(&taking, name, word)) {
        return false;
    }
    variants->inputs[variants->count - 1].url = variants->url;
    return true;
}

struct plan_input variants_own_input(const struct variants *variants,
                                     const struct invocation *invocation,
                                     size_t index)
{
    const struct plan_input *whole = &variants->inputs[index];
    size_t common = invocation->input.profile_count;

    return (struct plan_input){.profiles = whole->profiles + common,
                               .profile_count = whole->profile_count - common,
                               .allow_exec = whole->allow_exec};
}
