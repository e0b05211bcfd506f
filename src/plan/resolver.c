#include "plan/resolver.h"

#include "plan/tree.h"

#include <stdio.h>
#include <string.h>

bool resolve_is_given(const struct resolver *resolver, const char *path)
{
    return tree_at(resolver->tree, path) != NULL;
}

struct error *resolve_refuse(const struct resolver *resolver, const char *path,
                             const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    struct error *error =
        sources_verror(resolver->sources, resolver->errors, ERROR_BAD_VALUE,
                       path, JSON_VALUE, format, arguments);
    va_end(arguments);
    return error;
}

struct error *resolve_conflict(const struct resolver *resolver,
                               const char *path, const char *other,
                               const char *format, ...)
{
    struct str text = STR_INIT;
    struct str where = STR_INIT;
    va_list arguments;

    va_start(arguments, format);
    str_vprintf(&text, format, arguments);
    va_end(arguments);
    if (!errors_is_full(resolver->errors) &&
        sources_where(resolver->sources, other, &where)) {
        str_printf(&text, " (%s: %s)", other, where.text);
    }
    struct error *error =
        sources_error(resolver->sources, resolver->errors, ERROR_CONTRADICTION,
                      path, JSON_KEY, "%s", text.text);
    str_release(&text);
    str_release(&where);
    return error;
}

static void list_types(const struct choice *choices, uint32_t types,
                       struct str *out)
{
    for (; choices->name; choices++) {
        if (types >> choices->value & 1u) {
            str_printf(out, "%s\"%s\"", out->length ? " or " : "",
                       choices->name);
        }
    }
}

void resolve_other_keys(const struct resolver *resolver, const char *section,
                        const char *by, const struct choice *choices, int type,
                        const struct typed_key *list, size_t count)
{
    struct str types = STR_INIT;
    struct str silent = STR_INIT;
    char path[96], other[96];

    snprintf(other, sizeof(other), "%s.%s", section, by);
    if (!resolve_is_given(resolver, other)) {
        str_printf(&silent, "; by default it is \"%s\"",
                   choice_name(choices, type));
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s.%s", section, list[i].name);
        if (list[i].types >> type & 1u || !resolve_is_given(resolver, path)) {
            continue;
        }
        str_reset(&types);
        list_types(choices, list[i].types, &types);
        struct error *error =
            resolve_conflict(resolver, path, other,
                             "\"%s\" means something only when \"%s\" is %s%s",
                             list[i].name, by, types.text, silent.text);
        error_hint(error, "remove it, or write \"%s\": %s", by, types.text);
    }
    str_release(&types);
    str_release(&silent);
}

bool resolve_need(const struct resolver *resolver, const char *section,
                  const char *name, const char *who, const char *example)
{
    char path[96];

    snprintf(path, sizeof(path), "%s.%s", section, name);
    if (resolve_is_given(resolver, path)) {
        return true;
    }
    struct error *error =
        resolve_refuse(resolver, section, "%s needs \"%s\"", who, name);
    error_hint(error, "add %s", example);
    return false;
}

bool resolve_template(const struct resolver *resolver, const char *path,
                      const char *text, size_t length,
                      const struct template_values *values,
                      struct template *template)
{
    const char *problem;
    size_t at = 0;

    if (template_compile_with(template, &resolver->plan->arena, text, length,
                              values, &problem, &at)) {
        return true;
    }
    size_t shown = length - at < 24 ? length - at : 24;
    resolve_refuse(resolver, path, "%s, at \"%.*s\"", problem, (int)shown,
                   text + at);
    return false;
}
