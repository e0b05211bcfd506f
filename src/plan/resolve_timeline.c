/* The timeline: what each entry does, and when it ends. */
#include "plan/resolve.h"

#include "base/json.h"

#include <stdio.h>

/* Of an entry, for errors. */
static const char *path_of(char path[64], size_t index, const char *key)
{
    snprintf(path, 64, "timeline[%zu]%s%s", index, *key ? "." : "", key);
    return path;
}

static bool is_given(const struct resolver *resolver, size_t index,
                     const char *key)
{
    char path[64];
    return resolve_is_given(resolver, path_of(path, index, key));
}

static void refuse(const struct resolver *resolver, size_t index,
                   const char *key, const char *what, const char *hint)
{
    char path[64];
    struct error *error =
        resolve_refuse(resolver, path_of(path, index, key), "%s", what);
    error_hint(error, "%s", hint);
}

/* Just one of the three. */
static bool check_kind(const struct resolver *resolver, size_t index)
{
    const struct timeline_entry *entry = &resolver->plan->timeline[index];
    int kinds = (entry->command != NULL) + (entry->url != NULL) +
                (is_given(resolver, index, "mark") ? 1 : 0);

    if (kinds != 1) {
        refuse(resolver, index, "",
               kinds == 0 ? "does nothing" : "is several things at once",
               "give it one of \"run\", \"put\" and \"mark\": true");
        return false;
    }
    if (timeline_kind_of(entry) == TIMELINE_MARK && !entry->is_mark) {
        refuse(resolver, index, "mark", "says that this is none",
               "write \"mark\": true");
        return false;
    }
    return true;
}

/* Keys that mean nothing with this kind. */
static void check_keys(const struct resolver *resolver, size_t index)
{
    const struct timeline_entry *entry = &resolver->plan->timeline[index];
    enum timeline_kind kind = timeline_kind_of(entry);

    if (kind != TIMELINE_PUT && is_given(resolver, index, "body")) {
        refuse(resolver, index, "body", "means nothing without \"put\"",
               "remove it");
    }
    if (kind == TIMELINE_MARK && is_given(resolver, index, "undo")) {
        refuse(resolver, index, "undo", "nothing was done that is undone",
               "remove it: whoever acts at a mark undoes it");
    }
    if (kind == TIMELINE_MARK && is_given(resolver, index, "timeout")) {
        refuse(resolver, index, "timeout", "a mark takes no time",
               "remove it");
    }
    if (kind != TIMELINE_MARK && is_given(resolver, index, "undo") &&
        !timeline_has_end(entry)) {
        refuse(resolver, index, "undo", "means nothing without \"until\"",
               "add \"until\", which is when it is undone");
    }
}

static void check_times(const struct resolver *resolver, size_t index)
{
    const struct timeline_entry *entry = &resolver->plan->timeline[index];

    if (entry->until.ns <= entry->at.ns) {
        refuse(resolver, index, "until", "is not after \"at\"",
               "both are from the start of load: give a later time");
    }
}

static void check_commands(const struct resolver *resolver, size_t index)
{
    const struct timeline_entry *entry = &resolver->plan->timeline[index];
    char path[64];
    const cJSON *item =
        cJSON_GetArrayItem(json_get(resolver->tree, "timeline"), (int)index);

    if (!entry->command) {
        return;
    }
    if (!resolver->input->allow_exec) {
        struct error *error =
            resolve_refuse(resolver, path_of(path, index, "run"),
                           "runs a command, which is not allowed");
        error_hint(error, "add --allow-exec to the command line");
    }
    if (entry->undo && !cJSON_IsString(json_get(item, "undo"))) {
        refuse(resolver, index, "undo", "is not a command",
               "write a text, which /bin/sh runs");
    }
}

static void resolve_entry(struct resolver *resolver, size_t index)
{
    struct timeline_entry *entry = &resolver->plan->timeline[index];
    char path[64];

    if (!check_kind(resolver, index)) {
        return;
    }
    check_keys(resolver, index);
    check_times(resolver, index);
    check_commands(resolver, index);
    if (entry->url) {
        resolve_url(resolver, path_of(path, index, "put"), &entry->url);
    }
}

void resolve_timeline(struct resolver *resolver)
{
    struct plan *plan = resolver->plan;

    plan->timeline_count = resolver->draft->timeline_count;
    for (size_t i = 0; i < plan->timeline_count; i++) {
        plan->timeline[i] = resolver->draft->timeline[i];
        resolve_entry(resolver, i);
    }
}
