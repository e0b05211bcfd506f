#include "plan/merge.h"

#include "base/json.h"
#include "base/must.h"
#include "plan/header.h"
#include "plan/key.h"
#include "plan/library.h"
#include "plan/path.h"
#include "plan/policy_part.h"
#include "plan/profile_base.h"
#include "plan/reader.h"
#include "plan/slo_file.h"
#include "plan/tree.h"
#include "plan/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *checked(cJSON *item)
{
    must(item);
    return item;
}

/* A whole client leaves nothing of the policies before it, or it would not be
 * the client that it says it is. Timeouts stay where it has none of its own:
 * a client that waits for ever could not be driven through a lost answer. And
 * what the base reserves stays. */
static void drop_policy(cJSON *tree, const struct profile_base *base,
                        const struct overriding *overriding)
{
    const char *section;

    for (size_t i = 0; tree && (section = policy_part_section(i)); i++) {
        if (!base || !profile_base_why_not(base, section)) {
            overrides_note_section(overriding, tree, section);
            cJSON_DeleteItemFromObjectCaseSensitive(tree, section);
        }
    }
}

static bool is_whole_client(const cJSON *profile)
{
    const cJSON *kind = json_get(profile, "kind");
    return cJSON_IsString(kind) && strcmp(kind->valuestring, "client") == 0;
}

static void merge_profile(cJSON **tree, const char *name,
                          const struct profile_base *base,
                          const struct overriding *overriding,
                          struct sources *sources, struct errors *errors)
{
    struct str path = STR_INIT;
    struct json_source json = {0};

    if (library_find(name, &path, errors) &&
        json_source_read(&json, path.text, errors)) {
        cJSON *profile = json_parse(&json, errors);
        if (profile && !cJSON_IsObject(profile)) {
            struct error *error =
                errors_add(errors, ERROR_BAD_VALUE,
                           "a profile is a JSON object: { ... }");
            snprintf(error->file, sizeof(error->file), "%s", json.name);
        } else if (profile && (!base || profile_base_suits(base, profile,
                                                           &json, errors))) {
            if (is_whole_client(profile)) {
                drop_policy(*tree, base, overriding);
            }
            overrides_note(overriding, *tree, profile);
            json_merge(tree, profile);
        }
        cJSON_Delete(profile);
        sources_add_profile(sources, &json);
    }
    str_release(&path);
}

/* The row that says how a value at the path is written: its own, that of the
 * list it is an element of, or that of the headers it is one of. */
static const struct key *row_of(const char *path)
{
    const struct key *key = key_find(path);
    if (key) {
        return key;
    }
    struct str parent = STR_INIT;
    str_append(&parent, path);
    path_to_parent(&parent);
    key = key_find(parent.text);
    str_release(&parent);
    return key;
}

/* A list of texts, as a header that is sent several times has them. */
static cJSON *list_of_texts(const char *text)
{
    cJSON *value = text[0] == '[' ? value_from_text(text) : NULL;
    const cJSON *item = NULL;
    bool good = cJSON_IsArray(value);

    cJSON_ArrayForEach(item, value)
    {
        good = good && cJSON_IsString(item);
    }
    if (!good) {
        cJSON_Delete(value);
        return NULL;
    }
    return value;
}

/* The value of one header: what it says is not JSON, unless it is a list. */
static cJSON *header_value(const char *text)
{
    cJSON *list = list_of_texts(text);
    return list ? list : checked(cJSON_CreateString(text));
}

static cJSON *argument_value(const char *path, const char *text)
{
    const struct key *key = row_of(path);
    bool own = key && key == key_find(path);
    bool plain = text[0] != '"' && strcmp(text, "null") != 0;
    bool listing =
        key && (key->type == TYPE_TEXTS || key->type == TYPE_CHOICES);
    bool textual =
        key && (value_is_textual(key->type) || (listing && text[0] != '['));

    if (key && key->type == TYPE_HEADERS && !own && plain) {
        return header_value(text);
    }
    cJSON *value = textual && plain ? checked(cJSON_CreateString(text))
                                    : value_from_text(text);
    if (textual && own && listing && !cJSON_IsNull(value)) {
        /* A single text for a list of them. */
        cJSON *list = checked(cJSON_CreateArray());
        cJSON_AddItemToArray(list, value);
        value = list;
    }
    return value;
}

static void add_source(struct sources *sources, const char *shown,
                       const char *path, bool any_index, const cJSON *value)
{
    char *text = cJSON_PrintUnformatted(value);
    must(text);
    sources_add_argument(sources, shown, path, any_index, text);
    free(text);
}

/* The path of a --set, in which "list[+]" is the item after the last. */
static void read_path(struct str *path, const cJSON *tree,
                      const char *argument, size_t length)
{
    str_reset(path);
    str_append_bytes(path, argument, length);
    if (length > 3 && memcmp(argument + length - 3, "[+]", 3) == 0) {
        path->length -= 3;
        path->text[path->length] = '\0';
        const cJSON *list = tree_at(tree, path->text);
        path_push_index(path, (size_t)cJSON_GetArraySize(list));
    }
}

static void apply_set(cJSON *tree, const char *argument, const char *typed,
                      const struct profile_base *base, struct sources *sources,
                      struct errors *errors)
{
    const char *equals = strchr(argument, '=');
    struct str path = STR_INIT;
    struct str shown = STR_INIT;

    if (typed) {
        str_append(&shown, typed);
    } else {
        str_printf(&shown, "--set %s", argument);
    }
    if (!equals || equals == argument) {
        struct error *error =
            errors_add(errors, ERROR_USAGE, "%s: not path=value", shown.text);
        error_hint(error, "write --set load.rate=100/s");
    } else {
        read_path(&path, tree, argument, (size_t)(equals - argument));
        cJSON *value = argument_value(path.text, equals + 1);
        const char *why = base ? profile_base_why_not(base, path.text) : NULL;
        const char *problem = why ? NULL : tree_set(tree, path.text, value);
        if (why) {
            errors_add(errors, ERROR_USAGE, "%s: %s", shown.text, why);
        } else if (problem) {
            errors_add(errors, ERROR_USAGE, "%s: %s %s", shown.text, path.text,
                       problem);
        } else {
            add_source(sources, shown.text, path.text, false, value);
        }
        cJSON_Delete(value);
    }
    str_release(&path);
    str_release(&shown);
}

static void apply_sets(cJSON *tree, const struct plan_input *input,
                       const struct profile_base *base,
                       struct sources *sources, struct errors *errors)
{
    for (size_t i = 0; i < input->set_count; i++) {
        const char *typed = NULL;
        for (size_t j = 0; j < input->typed_count; j++) {
            if (input->typed[j].set == input->sets[i]) {
                typed = input->typed[j].typed;
            }
        }
        apply_set(tree, input->sets[i], typed, base, sources, errors);
    }
}

/* Sets a path, when neither it nor any of those after it is said. */
static void apply_fallback(cJSON *tree, const char *fallback,
                           const struct profile_base *base,
                           struct sources *sources)
{
    size_t all = strcspn(fallback, "=");
    size_t first = strcspn(fallback, "|=");
    struct str path = STR_INIT;
    bool is_said = false;

    for (size_t at = 0; at < all;) {
        size_t length = strcspn(fallback + at, "|=");
        str_reset(&path);
        str_append_bytes(&path, fallback + at, length);
        is_said |= tree_at(tree, path.text) != NULL;
        at += length + 1;
    }
    str_reset(&path);
    str_append_bytes(&path, fallback, first);
    if (!is_said && !(base && profile_base_why_not(base, path.text))) {
        cJSON *value = argument_value(path.text, fallback + all + 1);
        if (!tree_set(tree, path.text, value)) {
            add_source(sources, "what the flags leave open", path.text, false,
                       value);
        }
        cJSON_Delete(value);
    }
    str_release(&path);
}

/* The request that is made when a profile has none. */
static void add_default_request(cJSON *tree)
{
    cJSON *requests = json_get(tree, "requests");
    const cJSON *target = json_get(tree, "target");
    bool embedded = !cJSON_IsObject(target) || !json_get(target, "url");

    if (requests && (!cJSON_IsArray(requests) || requests->child)) {
        return;
    }
    cJSON *request = checked(cJSON_CreateObject());
    if (embedded) {
        cJSON_AddStringToObject(request, "name", "orders");
        cJSON_AddStringToObject(request, "method", "POST");
        cJSON_AddStringToObject(request, "path", "/orders");
        cJSON_AddStringToObject(request, "body", "{\"order\":\"{{op.id}}\"}");
    } else {
        cJSON_AddStringToObject(request, "name", "default");
    }
    if (!requests) {
        requests = checked(cJSON_CreateArray());
        cJSON_AddItemToObject(tree, "requests", requests);
    }
    cJSON_AddItemToArray(requests, request);
    if (embedded && !json_get(tree, "ledger")) {
        cJSON *ledger = checked(cJSON_CreateObject());
        cJSON_AddStringToObject(ledger, "url", "/ledger");
        cJSON_AddStringToObject(ledger, "key", "{{op.id}}");
        cJSON_AddItemToObject(tree, "ledger", ledger);
    }
}

/* Sets one key of every request. */
static void set_requests(cJSON *tree, const char *name, const cJSON *item,
                         const char *shown, struct sources *sources)
{
    cJSON *requests = json_get(tree, "requests");
    struct str path = STR_INIT;
    cJSON *request;

    cJSON_ArrayForEach(request, requests)
    {
        if (cJSON_IsObject(request)) {
            tree_set(request, name, item);
        }
    }
    str_printf(&path, "requests[].%s", name);
    add_source(sources, shown, path.text, true, item);
    str_release(&path);
}

/* A body of the command line stands in the place of any other. */
static void clear_bodies(cJSON *tree)
{
    static const char *const names[] = {"body", "body_file", "form"};
    cJSON *request;

    cJSON_ArrayForEach(request, json_get(tree, "requests"))
    {
        for (size_t i = 0; i < array_length(names); i++) {
            cJSON_DeleteItemFromObjectCaseSensitive(request, names[i]);
        }
    }
}

/* The section of a request that its headers are in; NULL: it is none, which is
 * reported when it is read. */
static cJSON *headers_of(cJSON *request)
{
    cJSON *headers = json_get(request, "headers");
    if (!headers) {
        headers = checked(cJSON_CreateObject());
        cJSON_AddItemToObject(request, "headers", headers);
    }
    return cJSON_IsObject(headers) ? headers : NULL;
}

/* Header names are the same in any case; the command line wins. */
static void remove_header(cJSON *tree, const char *name)
{
    cJSON *request, *headers, *old;

    cJSON_ArrayForEach(request, json_get(tree, "requests"))
    {
        headers = cJSON_IsObject(request) ? headers_of(request) : NULL;
        while (headers && (old = cJSON_GetObjectItem(headers, name))) {
            cJSON_Delete(cJSON_DetachItemViaPointer(headers, old));
        }
    }
}

/* A header that is given twice is sent twice. Returns the name under which it
 * stands. */
static const char *add_header(cJSON *headers, const char *name,
                              const char *value)
{
    cJSON *old = cJSON_GetObjectItem(headers, name);
    cJSON *item = checked(cJSON_CreateString(value));

    if (!old) {
        cJSON_AddItemToObject(headers, name, item);
        return name;
    }
    if (!cJSON_IsArray(old)) {
        cJSON *list = checked(cJSON_CreateArray());
        char *known = strdup(old->string);
        must(known);
        cJSON_AddItemToArray(list, cJSON_DetachItemViaPointer(headers, old));
        cJSON_AddItemToObject(headers, known, list);
        free(known);
        old = list;
    }
    cJSON_AddItemToArray(old, item);
    return old->string;
}

static void add_to_requests(cJSON *tree, const char *name, const char *value,
                            const char *shown, struct sources *sources)
{
    const char *known = name;
    struct str path = STR_INIT;
    cJSON *request;

    cJSON_ArrayForEach(request, json_get(tree, "requests"))
    {
        cJSON *headers = cJSON_IsObject(request) ? headers_of(request) : NULL;
        if (headers) {
            known = add_header(headers, name, value);
        }
    }
    cJSON *item = checked(cJSON_CreateString(value));
    str_append(&path, "requests[].headers");
    path_push_name(&path, known);
    add_source(sources, shown, path.text, true, item);
    cJSON_Delete(item);
    str_release(&path);
}

/* The name of an argument "Name: value"; false, with an error that does not
 * show it, when it is none. */
static bool header_name(const char *argument, struct str *name,
                        struct errors *errors)
{
    const char *problem = header_line_problem(argument);

    str_reset(name);
    if (problem) {
        size_t length = strcspn(argument, ": \t");
        struct error *error =
            errors_add(errors, ERROR_USAGE, "-H \"%.*s%s\": %s", (int)length,
                       argument, argument[length] ? " ..." : "", problem);
        error_hint(error, "write -H \"Accept: application/json\"");
        return false;
    }
    str_append_bytes(name, argument, strcspn(argument, ":"));
    return true;
}

static void apply_headers(cJSON *tree, const struct plan_input *input,
                          struct sources *sources, struct errors *errors)
{
    struct str shown = STR_INIT;
    struct str name = STR_INIT;

    for (size_t i = 0; i < input->header_count; i++) {
        if (header_name(input->headers[i], &name, errors)) {
            remove_header(tree, name.text);
        }
    }
    for (size_t i = 0; i < input->header_count; i++) {
        const char *line = input->headers[i];
        const char *value = line + strcspn(line, ":");
        if (*value == ':' && !header_line_problem(line)) {
            value++;
            str_reset(&name);
            str_reset(&shown);
            str_append_bytes(&name, line, strcspn(line, ":"));
            str_printf(&shown, "-H %s", name.text);
            add_to_requests(tree, name.text, value + strspn(value, " \t"),
                            shown.text, sources);
        }
    }
    str_release(&shown);
    str_release(&name);
}

/* Whatever a profile calls its bodies, a form is called a form. */
static void clear_types(cJSON *tree)
{
    cJSON *request;

    cJSON_DeleteItemFromObject(json_get(tree, "headers"), "Content-Type");
    cJSON_ArrayForEach(request, json_get(tree, "requests"))
    {
        cJSON_DeleteItemFromObject(json_get(request, "headers"),
                                   "Content-Type");
    }
}

static void apply_body(cJSON *tree, const struct plan_input *input,
                       struct sources *sources)
{
    const char *argument = input->body;
    bool is_file = argument[0] == '@';
    cJSON *item = checked(cJSON_CreateString(argument + is_file));
    struct str shown = STR_INIT;

    str_printf(&shown, "%s %s", input->body_typed ? input->body_typed : "-b",
               argument);
    clear_bodies(tree);
    set_requests(tree, is_file ? "body_file" : "body", item, shown.text,
                 sources);
    str_release(&shown);
    cJSON_Delete(item);
}

static void apply_form(cJSON *tree, const struct plan_input *input,
                       struct sources *sources)
{
    cJSON *fields = checked(cJSON_CreateArray());
    struct str shown = STR_INIT;

    for (size_t i = 0; i < input->form_count; i++) {
        str_printf(&shown, "%s-F %s", i > 0 ? " " : "", input->form[i]);
        cJSON_AddItemToArray(fields,
                             checked(cJSON_CreateString(input->form[i])));
    }
    clear_bodies(tree);
    clear_types(tree);
    set_requests(tree, "form", fields, shown.text, sources);
    str_release(&shown);
    cJSON_Delete(fields);
}

static void apply_method(cJSON *tree, const struct plan_input *input,
                         struct sources *sources)
{
    cJSON *item = checked(cJSON_CreateString(input->method));
    struct str shown = STR_INIT;

    str_printf(&shown, "%s %s",
               input->method_typed ? input->method_typed : "-X",
               input->method);
    set_requests(tree, "method", item, shown.text, sources);
    str_release(&shown);
    cJSON_Delete(item);
}

static void apply_url(cJSON *tree, const char *url, struct sources *sources,
                      struct errors *errors)
{
    struct str shown = STR_INIT;
    cJSON *value = checked(cJSON_CreateString(url));

    str_printf(&shown, "URL %s", url);
    if (tree_set(tree, "target.url", value)) {
        errors_add(errors, ERROR_BAD_VALUE, "target is not a section");
    }
    add_source(sources, shown.text, "target.url", false, value);
    cJSON_Delete(value);
    str_release(&shown);
}

/* A list of expressions that options add to. */
struct expressions {
    cJSON *tree;
    struct sources *sources;
    const char *key, *option; /* "slo", "--slo" */
    const char *file;         /* that is read now */
};

static void add_expression(const struct expressions *of,
                           const char *expression, const char *shown)
{
    cJSON *list = json_get(of->tree, of->key);
    struct str path = STR_INIT;

    if (!list) {
        list = checked(cJSON_CreateArray());
        cJSON_AddItemToObject(of->tree, of->key, list);
    }
    if (cJSON_IsArray(list)) {
        cJSON *item = checked(cJSON_CreateString(expression));
        str_printf(&path, "%s[%d]", of->key, cJSON_GetArraySize(list));
        add_source(of->sources, shown, path.text, false, item);
        cJSON_AddItemToArray(list, item);
    }
    str_release(&path);
}

static void take_line(void *context, const char *expression, size_t line)
{
    const struct expressions *of = context;
    struct str shown = STR_INIT;

    str_printf(&shown, "%s:%zu", of->file, line);
    add_expression(of, expression, shown.text);
    str_release(&shown);
}

/* "@file" has one a line. */
static void apply_expressions(struct expressions *of, size_t count,
                              const char *const *items, struct errors *errors)
{
    for (size_t i = 0; i < count; i++) {
        struct str shown = STR_INIT;
        if (items[i][0] == '@') {
            of->file = items[i] + 1;
            (void)slo_file_read(of->file, take_line, of, errors);
            continue;
        }
        str_printf(&shown, "%s %s", of->option, items[i]);
        add_expression(of, items[i], shown.text);
        str_release(&shown);
    }
}

cJSON *merge_input(const struct plan_input *input, struct sources *sources,
                   struct overrides *overrides, struct arena *arena,
                   struct errors *errors)
{
    size_t before = errors->count;
    cJSON *tree = checked(cJSON_CreateObject());
    const struct profile_base *base =
        input->workload ? input->workload->base : NULL;

    if (base) {
        profile_base_begin(base, &tree, sources);
    }
    struct overriding overriding = {.overrides = overrides,
                                    .arena = arena,
                                    .sources = sources,
                                    .first = sources->count,
                                    .names = input->profiles};
    for (size_t i = 0; i < input->profile_count; i++) {
        overriding.by = i;
        merge_profile(&tree, input->profiles[i], base, &overriding, sources,
                      errors);
    }
    apply_sets(tree, input, base, sources, errors);
    for (size_t i = 0; i < input->fallback_count; i++) {
        apply_fallback(tree, input->fallbacks[i], base, sources);
    }
    if (base) {
        profile_base_yield(base, tree, sources);
    }
    if (input->url) {
        apply_url(tree, input->url, sources, errors);
    }
    add_default_request(tree);
    if (input->method) {
        apply_method(tree, input, sources);
    }
    if (input->body) {
        apply_body(tree, input, sources);
    }
    if (input->form_count > 0 && input->body) {
        errors_add(errors, ERROR_USAGE,
                   "-F and -b: a request has one body; leave one out");
    } else if (input->form_count > 0) {
        apply_form(tree, input, sources);
    }
    apply_headers(tree, input, sources, errors);
    struct expressions slos = {tree, sources, "slo", "--slo", NULL};
    apply_expressions(&slos, input->slo_count, input->slos, errors);
    struct expressions aborts = {tree, sources, "abort_if", "--abort-if",
                                 NULL};
    apply_expressions(&aborts, input->abort_count, input->aborts, errors);
    if (errors->count > before) {
        cJSON_Delete(tree);
        return NULL;
    }
    return tree;
}
