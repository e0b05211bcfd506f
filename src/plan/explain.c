#include "plan/explain.h"

#include "measure/slo.h"
#include "plan/key.h"

#include <string.h>

enum { WIDTH = 78 };

/* Words wrapped to WIDTH, each line after `indent` blanks; the first word
 * follows what is already on the line, `column` characters. */
static void append_wrapped(struct str *out, const char *text, size_t indent,
                           size_t column)
{
    while (*text) {
        size_t length = strcspn(text, " ");
        if (column > indent && column + 1 + length > WIDTH) {
            str_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            str_append_char(out, ' ');
            column++;
        }
        str_append_bytes(out, text, length);
        column += length;
        text += length + (text[length] == ' ');
    }
    str_append_char(out, '\n');
}

static void append_choices(struct str *out, const struct choice *choices)
{
    str_append(out, "  choices:\n");
    for (; choices->name; choices++) {
        str_printf(out, "    %-24s ", choices->name);
        append_wrapped(out, choices->help, 29, 29);
    }
}

static void append_range(struct str *out, const struct key *key)
{
    if (key->min && key->max) {
        str_printf(out, "  range:    %s to %s\n", key->min, key->max);
    } else if (key->min) {
        str_printf(out, "  range:    from %s\n", key->min);
    } else if (key->max) {
        str_printf(out, "  range:    up to %s\n", key->max);
    }
}

static void append_line(struct str *out, const struct key *key)
{
    str_printf(out, "  %-36s ", key->path);
    append_wrapped(out, key->sentence, 39, 39);
}

static void append_children(struct str *out, const struct key *key)
{
    struct str pattern = STR_INIT;
    const struct key *child;

    str_printf(&pattern, "%s%s", key->path,
               key->type == TYPE_LIST ? "[]" : "");
    if (key_child(pattern.text, 0)) {
        str_append(out, "  keys:\n");
    }
    for (size_t i = 0; (child = key_child(pattern.text, i)); i++) {
        append_line(out, child);
    }
    str_release(&pattern);
}

static void append_metrics(struct str *out)
{
    const char *name, *unit, *sentence;
    str_append(out, "  form:     metric [ {request=\"name\"} | "
                    "{phase=\"name\"} ] op value\n"
                    "  op:       < <= > >= == !=\n"
                    "  metrics:\n");
    for (size_t i = 0; slo_metric_describe(i, &name, &unit, &sentence); i++) {
        str_printf(out, "    %-24s %-9s ", name, unit);
        append_wrapped(out, sentence, 39, 39);
    }
}

bool explain_key(struct str *out, const char *path, struct errors *errors)
{
    const struct key *key = key_find(path);
    if (!key) {
        struct str parent = STR_INIT;
        const char *name = key_last_name(path);
        str_append_bytes(&parent, path,
                         name > path ? (size_t)(name - path) - 1 : 0);
        bool reserved = key_is_reserved(path);
        const char *meant = key_suggest(parent.text, name);
        struct error *error =
            errors_add(errors, ERROR_UNKNOWN_KEY,
                       reserved ? "%s is not available in this version"
                                : "there is no key %s",
                       path);
        if (meant && !reserved) {
            error_hint(error, "did you mean %s?", meant);
        } else if (!reserved) {
            error_hint(error, "squall profile explain lists the keys");
        }
        str_release(&parent);
        return false;
    }
    str_printf(out, "%s\n  ", key->path);
    append_wrapped(out, key->sentence, 2, 2);
    str_printf(out, "  type:     %s\n", value_type_name(key->type));
    if (key->type != TYPE_SECTION && key->type != TYPE_LIST) {
        str_printf(out, "  written:  %s\n", value_type_example(key->type));
    }
    append_range(out, key);
    if (key->required) {
        str_append(out, "  default:  none, it must be given\n");
    } else if (key->fallback) {
        str_printf(out, "  default:  %s\n", key->fallback);
    }
    str_printf(out, "  since:    %s\n", key->since);
    if (key->choices) {
        append_choices(out, key->choices);
    }
    append_children(out, key);
    if (strcmp(key->path, "slo") == 0) {
        append_metrics(out);
    }
    return true;
}

void explain_all(struct str *out)
{
    for (size_t i = 0; i < key_count; i++) {
        append_line(out, &keys[i]);
    }
}

/* mdoc reads some characters as requests. */
static void append_mdoc(struct str *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\\') {
            str_append(out, "\\e");
        } else if (*c == '"') {
            str_append(out, "\\(dq");
        } else if (*c == '-') {
            str_append(out, "\\-");
        } else {
            str_append_char(out, *c);
        }
    }
}

static void append_mdoc_key(struct str *out, const struct key *key)
{
    str_append(out, ".It Cm ");
    append_mdoc(out, key->path);
    str_printf(out, " No (%s)\n", value_type_name(key->type));
    append_mdoc(out, key->sentence);
    str_append_char(out, '\n');
    if (key->required) {
        str_append(out, "It must be given.\n");
    } else if (key->fallback) {
        str_append(out, "The default is\n.Li ");
        append_mdoc(out, key->fallback);
        str_append(out, " .\n");
    }
    if (key->min && key->max) {
        str_printf(out, "It goes from %s to %s.\n", key->min, key->max);
    }
    if (key->choices) {
        str_append(out, ".Bl -tag -width Ds -compact\n");
        for (const struct choice *choice = key->choices; choice->name;
             choice++) {
            str_append(out, ".It Li ");
            append_mdoc(out, choice->name);
            str_append_char(out, '\n');
            append_mdoc(out, choice->help);
            str_append_char(out, '\n');
        }
        str_append(out, ".El\n");
    }
}

void explain_mdoc(struct str *out)
{
    str_append(out, ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < key_count; i++) {
        append_mdoc_key(out, &keys[i]);
    }
    str_append(out, ".El\n");
}
