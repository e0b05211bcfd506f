#include "plan/explain.h"

#include "base/must.h"
#include "measure/slo.h"
#include "plan/catalogue.h"
#include "plan/key.h"
#include "plan/path.h"
#include "plan/sources.h"

#include <string.h>

static void append_choices(struct str *out, const struct choice *choices)
{
    str_append(out, "  choices:\n");
    for (; choices->name; choices++) {
        str_printf(out, "    %-24s ", choices->name);
        str_append_wrapped(out, choices->help, 29, 29);
    }
}

/* The units that a value may have; a type without a row has none. */
static void append_unit(struct str *out, enum value_type type)
{
    static const struct {
        enum value_type type;
        const char *unit;
    } units[] = {
        {TYPE_COUNT, "none; k and M are thousands and millions"},
        {TYPE_UNSIGNED, "none; k and M are thousands and millions"},
        {TYPE_RATIO, "none or %"},
        {TYPE_RATE, "/s, /m or /h"},
        {TYPE_DURATION, "ns, us, ms, s, m or h"},
        {TYPE_DURATIONS, "ns, us, ms, s, m or h"},
        {TYPE_ADD_RANGE, "ns, us, ms, s, m or h"},
        {TYPE_SPAN, "ns, us, ms, s, m or h; % where it is a share"},
        {TYPE_WHEN, "ns, us, ms, s, m or h; % of the load"},
        {TYPE_SIZE, "B, kB, MB, GB, KiB, MiB or GiB"},
    };
    for (size_t i = 0; i < array_length(units); i++) {
        if (units[i].type == type) {
            str_printf(out, "  unit:     %s\n", units[i].unit);
        }
    }
}

static bool is_section(const struct key *key)
{
    return key->type == TYPE_SECTION || key->type == TYPE_LIST;
}

static void append_default(struct str *out, const struct key *key)
{
    if (key->required) {
        str_append(out, "  default:  none, it must be given\n");
    } else if (key->fallback) {
        str_printf(out, "  default:  %s\n", key->fallback);
    } else if (!is_section(key)) {
        bool said = strstr(key->sentence, "default") != NULL;
        str_printf(out, "  default:  %s\n", said ? "see above" : "none");
    }
}

/* Whether anything in the tree has the key, which may stand in several
 * places: that of a backoff, for each that is one. */
static bool tree_has(const cJSON *tree, const struct key *key,
                     struct str *path)
{
    size_t length = path->length;
    size_t index = 0;
    bool found = false;

    for (const cJSON *item = tree->child; item && !found; item = item->next) {
        if (cJSON_IsArray(tree)) {
            path_push_index(path, index++);
        } else {
            path_push_name(path, item->string);
            found = key_find(path->text) == key;
        }
        found = found || tree_has(item, key, path);
        path_pop(path, length);
    }
    return found;
}

static void append_uses(struct str *out, const struct key *key)
{
    struct catalogue catalogue = {0};
    struct errors errors = ERRORS_INIT;
    struct str names = STR_INIT;
    struct str path = STR_INIT;

    catalogue_read(&catalogue, NULL, 0, &errors);
    for (size_t i = 0; i < catalogue.count; i++) {
        const struct catalogue_entry *entry = &catalogue.entries[i];
        if (entry->tree && tree_has(entry->tree, key, &path)) {
            str_printf(&names, "%s%s", names.length ? ", " : "", entry->name);
        }
    }
    str_append(out, "  used in:  ");
    str_append_wrapped(out, names.length ? names.text : "no shipped profile",
                       12, 12);
    catalogue_release(&catalogue);
    str_release(&names);
    str_release(&path);
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
    str_append_wrapped(out, key->sentence, 39, 39);
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
    str_append(out, "  form:     metric [ / metric ] op value, joined by and, "
                    "or, ( )\n"
                    "  metric:   name [ {request=\"name\"} | {phase=\"name\"} "
                    "| {tier=1} | {status=503}\n"
                    "            | {last=10s} ]\n"
                    "  op:       < <= > >= == !=\n"
                    "  value:    in the unit of the metric, or 1.1 * "
                    "baseline\n"
                    "  paths:    each may be written as its path in the "
                    "report, too:\n"
                    "            operations.failed, "
                    "latency.succeeded.p99, rates.goodput_per_s\n"
                    "  synonyms: errors (failed), failure_rate (error_rate), "
                    "rps (attempt_rate),\n"
                    "            avg (mean)\n"
                    "  metrics:\n");
    for (size_t i = 0; slo_metric_describe(i, &name, &unit, &sentence); i++) {
        str_printf(out, "    %-24s %-9s ", name, unit);
        str_append_wrapped(out, sentence, 39, 39);
    }
}

void explain_metrics(struct str *out)
{
    struct str names = STR_INIT;
    const char *name, *unit, *sentence;

    for (size_t i = 0; slo_metric_describe(i, &name, &unit, &sentence); i++) {
        str_printf(&names, "%s%s", names.length ? ", " : "", name);
    }
    str_append(out, "  ");
    str_append_wrapped(out, names.text, 2, 2);
    str_release(&names);
}

bool explain_key(struct str *out, const char *path, struct errors *errors)
{
    const struct key *key = key_find(path);
    if (!key) {
        struct str parent = STR_INIT;
        const char *name = key_last_name(path);
        str_append_bytes(&parent, path,
                         name > path ? (size_t)(name - path) - 1 : 0);
        const char *meant = key_suggest(parent.text, name);
        struct error *error =
            errors_add(errors, ERROR_UNKNOWN_KEY, "there is no key %s", path);
        if (meant) {
            error_hint(error, "did you mean %s?", meant);
        } else {
            error_hint(error, "squall profile explain lists the keys");
        }
        str_release(&parent);
        return false;
    }
    str_printf(out, "%s\n  ", key->path);
    str_append_wrapped(out, key->sentence, 2, 2);
    str_printf(out, "  type:     %s\n", value_type_name(key->type));
    if (!is_section(key)) {
        str_printf(out, "  written:  %s\n", value_type_example(key->type));
    }
    append_unit(out, key->type);
    append_range(out, key);
    append_default(out, key);
    str_printf(out, "  since:    %s\n", key->since);
    append_uses(out, key);
    if (key->choices) {
        append_choices(out, key->choices);
    }
    append_children(out, key);
    if (strcmp(key->path, "slo") == 0) {
        append_metrics(out);
    }
    return true;
}

void explain_placeholders(struct str *out)
{
    static const struct {
        const char *name, *sentence;
    } placeholders[] = {
#define PLACEHOLDER(id, name, sentence) {"{{" name "}}", sentence},
#include "load/placeholder.def"
#undef PLACEHOLDER
    };
    for (size_t i = 0; i < array_length(placeholders); i++) {
        str_printf(out, "  %-18s ", placeholders[i].name);
        str_append_wrapped(out, placeholders[i].sentence, 21, 21);
    }
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
