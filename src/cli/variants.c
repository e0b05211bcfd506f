#include "cli/variants.h"

#include "cli/many.h"

#include <string.h>

struct taking {
    struct variants *variants;
    const struct invocation *invocation;
    struct arena *arena;
    struct errors *errors;
};

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
    for (size_t i = 0; i < variants->count; i++) {
        if (strcmp(variants->names[i], name) == 0) {
            return many_refuse(taking->errors,
                               "name one of them: --variant NAME=...",
                               "two variants are called \"%s\"", name);
        }
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
