#include "plan/gather.h"

#include "base/json.h"
#include "base/mask.h"
#include "base/must.h"
#include "plan/key.h"
#include "plan/library.h"
#include "plan/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char masked[] = "***";
static const char env_open[] = "${env:";

static cJSON *checked(cJSON *item)
{
    must(item);
    return item;
}

/* A whole client leaves nothing of the policies before it, or it would not be
 * the client that it says it is. Timeouts stay where it has none of its own:
 * a client that waits for ever could not be driven through a lost answer. */
static void drop_policy(cJSON *tree)
{
    static const char *const sections[] = {
        "breaker",    "concurrency", "headers",      "hedge",   "idempotency",
        "order",      "rate_limit",  "retry",        "retry_budget",
        "throttle",
    };
    for (size_t i = 0; tree && i < array_length(sections); i++) {
        cJSON_Delete(
            cJSON_DetachItemFromObjectCaseSensitive(tree, sections[i]));
    }
}

static bool is_whole_client(const cJSON *profile)
{
    const cJSON *kind = json_get(profile, "kind");
    return cJSON_IsString(kind) && strcmp(kind->valuestring, "client") == 0;
}

/* What a replay has from its letters is not for a profile to say: false after
 * an error for each section that is. Keys and headers, which a whole client
 * has, are left out without a word. */
static bool suits_letters(cJSON *profile, const struct json_source *json,
                          struct errors *errors)
{
    bool good = true;

    cJSON_DeleteItemFromObjectCaseSensitive(profile, "idempotency");
    cJSON_DeleteItemFromObjectCaseSensitive(profile, "headers");
    for (cJSON *section = profile->child; section; section = section->next) {
        const char *why = letters_why_not(section->string);
        if (why) {
            struct error *error =
                errors_add(errors, ERROR_CONTRADICTION, "%s", why);
            snprintf(error->file, sizeof(error->file), "%s", json->name);
            snprintf(error->path, sizeof(error->path), "%s",
                     section->string);
            json_locate(json, section->string, JSON_KEY, &error->line,
                        &error->column, error->excerpt,
                        sizeof(error->excerpt));
            error_hint(error, "give a profile of a client policy");
            good = false;
        }
    }
    return good;
}

/* What the letters say, and the gentle policy that goes before others. */
static void merge_letters(cJSON **tree, const struct letters *letters,
                          struct sources *sources)
{
    struct json_source json = {0};
    char *text = cJSON_PrintUnformatted(letters->profile);

    must(text);
    json_source_set(&json, letters->file, text, strlen(text));
    cJSON_free(text);
    json_merge(tree, letters->profile);
    sources_add_profile(sources, &json);
}

/* A whole client took the place of the policies before it. */
static void restore_keys(cJSON *tree, const struct letters *letters)
{
    const cJSON *section = json_get(letters->profile, "idempotency");
    if (section && !json_get(tree, "idempotency")) {
        cJSON_AddItemToObject(tree, "idempotency",
                              checked(cJSON_Duplicate(section, true)));
    }
}

/* Every letter once, and paced, unless connections take turns. */
/* A ledger of the command line or of a profile stands in the place of the one
 * that the run had, also where the one is a URL and the other a command. */
static void yield_ledger(cJSON *tree, const struct letters *letters)
{
    static const char *const names[] = {"url", "command"};
    const cJSON *own = json_get(letters->profile, "ledger");
    cJSON *ledger = json_get(tree, "ledger");

    for (size_t i = 0; i < array_length(names); i++) {
        const char *other = names[1 - i];
        if (json_get(own, names[i]) && json_get(ledger, other) &&
            !json_get(own, other)) {
            cJSON_DeleteItemFromObjectCaseSensitive(ledger, names[i]);
        }
    }
}

static void add_letters_load(cJSON *tree, const struct letters *letters)
{
    cJSON *load = json_get(tree, "load");

    if (!cJSON_IsObject(load)) {
        return; /* told when it is read */
    }
    cJSON_AddNumberToObject(load, "operations", (double)letters->count);
    if (!json_get(load, "rate") && !json_get(load, "model") &&
        !json_get(load, "connections")) {
        cJSON_AddStringToObject(load, "rate", "50/s");
    }
}

static void merge_profile(cJSON **tree, const char *name, bool is_replay,
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
        } else if (profile &&
                   (!is_replay || suits_letters(profile, &json, errors))) {
            if (is_whole_client(profile)) {
                drop_policy(*tree);
            }
            json_merge(tree, profile);
        }
        cJSON_Delete(profile);
        sources_add_profile(sources, &json);
    }
    str_release(&path);
}

/* The step at the start of a path: its name, or its index; returns the rest.
 * NULL: not a path. */
static const char *take_step(const char *path, struct str *name,
                             size_t *index, bool *is_index)
{
    path += *path == '.';
    str_reset(name);
    *is_index = path[0] == '[' && path[1] != '"';
    if (*is_index) {
        char *end;
        *index = strtoul(path + 1, &end, 10);
        return end > path + 1 && *end == ']' ? end + 1 : NULL;
    }
    if (path[0] == '[') {
        const char *end = strstr(path + 2, "\"]");
        if (!end) {
            return NULL;
        }
        str_append_bytes(name, path + 2, (size_t)(end - path - 2));
        return end + 2;
    }
    size_t length = strcspn(path, ".[");
    str_append_bytes(name, path, length);
    return length ? path + length : NULL;
}

/* An empty container for what the rest of a path steps into. */
static cJSON *container_for(const char *rest)
{
    return checked(rest[0] == '[' && rest[1] != '"' ? cJSON_CreateArray()
                                                    : cJSON_CreateObject());
}

/* Puts a value at an index: of an element, or right after the last. */
static const char *set_index(cJSON *list, size_t index, const char *rest,
                             cJSON *value, cJSON **next)
{
    if (!cJSON_IsArray(list)) {
        return "is not a list";
    }
    size_t count = (size_t)cJSON_GetArraySize(list);
    if (index > count) {
        return "is past the end of the list";
    }
    if (*rest) {
        if (index == count) {
            cJSON_AddItemToArray(list, container_for(rest));
        }
        *next = cJSON_GetArrayItem(list, (int)index);
    } else if (index == count) {
        cJSON_AddItemToArray(list, checked(cJSON_Duplicate(value, true)));
    } else {
        cJSON_ReplaceItemInArray(list, (int)index,
                                 checked(cJSON_Duplicate(value, true)));
    }
    return NULL;
}

static const char *set_member(cJSON *object, const char *name,
                              const char *rest, const cJSON *value,
                              cJSON **next)
{
    if (!cJSON_IsObject(object)) {
        return "is not a section";
    }
    cJSON *old = json_get(object, name);
    if (*rest) {
        if (!old) {
            old = container_for(rest);
            cJSON_AddItemToObject(object, name, old);
        }
        *next = old;
        return NULL;
    }
    if (old) {
        cJSON_Delete(cJSON_DetachItemViaPointer(object, old));
    }
    if (!cJSON_IsNull(value)) {
        cJSON_AddItemToObject(object, name,
                              checked(cJSON_Duplicate(value, true)));
    }
    return NULL;
}

/* Puts a value at a path, making sections on the way; null takes away. What
 * is wrong, or NULL. */
static const char *set_at(cJSON *tree, const char *path, cJSON *value)
{
    struct str name = STR_INIT;
    const char *problem = NULL;

    while (tree && *path && !problem) {
        size_t index = 0;
        bool is_index;
        cJSON *next = NULL;
        path = take_step(path, &name, &index, &is_index);
        if (!path) {
            problem = "is not a path";
            break;
        }
        problem = is_index
                      ? set_index(tree, index, path, value, &next)
                      : set_member(tree, name.text, path, value, &next);
        tree = next;
    }
    str_release(&name);
    return problem;
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

static cJSON *argument_value(const char *path, const char *text)
{
    const struct key *key = row_of(path);
    bool listing = key && (key->type == TYPE_TEXTS ||
                           key->type == TYPE_CHOICES);
    bool textual = key && (value_is_textual(key->type) ||
                           (key->type == TYPE_HEADERS) ||
                           (listing && text[0] != '['));
    bool plain = text[0] != '"' && strcmp(text, "null") != 0;
    cJSON *value = textual && plain ? checked(cJSON_CreateString(text))
                                    : value_from_text(text);
    if (textual && key == key_find(path) && listing &&
        !cJSON_IsNull(value)) {
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

static void apply_set(cJSON *tree, const char *argument, bool is_replay,
                      struct sources *sources, struct errors *errors)
{
    const char *equals = strchr(argument, '=');
    struct str path = STR_INIT;
    struct str shown = STR_INIT;

    str_printf(&shown, "--set %s", argument);
    if (!equals || equals == argument) {
        struct error *error =
            errors_add(errors, ERROR_USAGE, "%s: not path=value", shown.text);
        error_hint(error, "write --set load.rate=100/s");
    } else {
        str_append_bytes(&path, argument, (size_t)(equals - argument));
        cJSON *value = argument_value(path.text, equals + 1);
        const char *why = is_replay ? letters_why_not(path.text) : NULL;
        const char *problem = why ? NULL : set_at(tree, path.text, value);
        if (why) {
            errors_add(errors, ERROR_USAGE, "%s: %s", shown.text, why);
        } else if (problem) {
            errors_add(errors, ERROR_USAGE, "%s: %s %s", shown.text,
                       path.text, problem);
        } else {
            add_source(sources, shown.text, path.text, false, value);
        }
        cJSON_Delete(value);
    }
    str_release(&path);
    str_release(&shown);
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
        cJSON *headers = cJSON_CreateObject();
        cJSON_AddStringToObject(request, "name", "orders");
        cJSON_AddStringToObject(request, "method", "POST");
        cJSON_AddStringToObject(request, "path", "/orders");
        cJSON_AddItemToObject(request, "headers", headers);
        cJSON_AddStringToObject(headers, "Content-Type", "application/json");
        cJSON_AddStringToObject(request, "body",
                                "{\"order\":\"{{op.id}}\"}");
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

/* Sets one key of every request, and takes away the one it stands against. */
static void set_requests(cJSON *tree, const char *name, const char *value,
                         const char *instead_of, const char *shown,
                         struct sources *sources)
{
    cJSON *requests = json_get(tree, "requests");
    cJSON *item = checked(cJSON_CreateString(value));
    struct str path = STR_INIT;
    cJSON *request;

    cJSON_ArrayForEach(request, requests)
    {
        if (cJSON_IsObject(request)) {
            cJSON_DeleteItemFromObjectCaseSensitive(request, instead_of);
            cJSON *next;
            set_member(request, name, "", item, &next);
        }
    }
    str_printf(&path, "requests[].%s", name);
    add_source(sources, shown, path.text, true, item);
    str_release(&path);
    cJSON_Delete(item);
}

static void set_header(cJSON *request, const char *name, const char *value)
{
    cJSON *headers = json_get(request, "headers");
    if (headers && !cJSON_IsObject(headers)) {
        return; /* told when it is read */
    }
    if (!headers) {
        headers = checked(cJSON_CreateObject());
        cJSON_AddItemToObject(request, "headers", headers);
    }
    /* Header names are the same in any case; the command line wins. */
    cJSON *old;
    while ((old = cJSON_GetObjectItem(headers, name))) {
        cJSON_Delete(cJSON_DetachItemViaPointer(headers, old));
    }
    cJSON_AddStringToObject(headers, name, value);
}

static void apply_header(cJSON *tree, const char *argument,
                         struct sources *sources, struct errors *errors)
{
    const char *colon = strchr(argument, ':');
    struct str shown = STR_INIT;
    struct str name = STR_INIT;
    struct str path = STR_INIT;

    str_printf(&shown, "-H \"%s\"", argument);
    if (!colon || colon == argument) {
        struct error *error =
            errors_add(errors, ERROR_USAGE, "%s: not Name: value", shown.text);
        error_hint(error, "write -H \"Accept: application/json\"");
    } else {
        const char *value = colon + 1 + strspn(colon + 1, " \t");
        cJSON *request;
        str_append_bytes(&name, argument, (size_t)(colon - argument));
        cJSON_ArrayForEach(request, json_get(tree, "requests"))
        {
            if (cJSON_IsObject(request)) {
                set_header(request, name.text, value);
            }
        }
        cJSON *item = checked(cJSON_CreateString(value));
        str_append(&path, "requests[].headers");
        path_push_name(&path, name.text);
        add_source(sources, shown.text, path.text, true, item);
        cJSON_Delete(item);
    }
    str_release(&shown);
    str_release(&name);
    str_release(&path);
}

static void apply_body(cJSON *tree, const char *argument,
                       struct sources *sources)
{
    struct str shown = STR_INIT;
    str_printf(&shown, "-b %s", argument);
    if (argument[0] == '@') {
        set_requests(tree, "body_file", argument + 1, "body", shown.text,
                     sources);
    } else {
        set_requests(tree, "body", argument, "body_file", shown.text,
                     sources);
    }
    str_release(&shown);
}

static void apply_url(cJSON *tree, const char *url, struct sources *sources,
                      struct errors *errors)
{
    struct str shown = STR_INIT;
    cJSON *value = checked(cJSON_CreateString(url));

    str_printf(&shown, "URL %s", url);
    if (set_at(tree, "target.url", value)) {
        errors_add(errors, ERROR_BAD_VALUE, "target is not a section");
    }
    add_source(sources, shown.text, "target.url", false, value);
    cJSON_Delete(value);
    str_release(&shown);
}

static void apply_slo(cJSON *tree, const char *expression,
                      struct sources *sources)
{
    cJSON *list = json_get(tree, "slo");
    struct str shown = STR_INIT;
    struct str path = STR_INIT;

    if (!list) {
        list = checked(cJSON_CreateArray());
        cJSON_AddItemToObject(tree, "slo", list);
    }
    if (cJSON_IsArray(list)) {
        cJSON *item = checked(cJSON_CreateString(expression));
        str_printf(&path, "slo[%d]", cJSON_GetArraySize(list));
        str_printf(&shown, "--slo %s", expression);
        add_source(sources, shown.text, path.text, false, item);
        cJSON_AddItemToArray(list, item);
    }
    str_release(&shown);
    str_release(&path);
}

cJSON *gather(const struct plan_input *input, struct sources *sources,
              struct errors *errors)
{
    size_t before = errors->count;
    cJSON *tree = checked(cJSON_CreateObject());
    const struct letters *letters = input->letters;

    if (letters) {
        merge_letters(&tree, letters, sources);
    }
    for (size_t i = 0; i < input->profile_count; i++) {
        merge_profile(&tree, input->profiles[i], letters != NULL, sources,
                      errors);
    }
    if (letters) {
        restore_keys(tree, letters);
    }
    for (size_t i = 0; i < input->set_count; i++) {
        apply_set(tree, input->sets[i], letters != NULL, sources, errors);
    }
    if (letters) {
        yield_ledger(tree, letters);
        add_letters_load(tree, letters);
    }
    if (input->url) {
        apply_url(tree, input->url, sources, errors);
    }
    add_default_request(tree);
    if (input->method) {
        struct str shown = STR_INIT;
        str_printf(&shown, "-X %s", input->method);
        set_requests(tree, "method", input->method, "", shown.text, sources);
        str_release(&shown);
    }
    for (size_t i = 0; i < input->header_count; i++) {
        apply_header(tree, input->headers[i], sources, errors);
    }
    if (input->body) {
        apply_body(tree, input->body, sources);
    }
    for (size_t i = 0; i < input->slo_count; i++) {
        apply_slo(tree, input->slos[i], sources);
    }
    if (errors->count > before) {
        cJSON_Delete(tree);
        return NULL;
    }
    return tree;
}

/* Replaces the holes of one text; NULL when there are none or one is bad. */
static char *expand_text(const char *text, const char *path,
                         const struct sources *sources, struct errors *errors,
                         bool *good)
{
    struct str out = STR_INIT;
    const char *hole;

    if (!strstr(text, env_open)) {
        return NULL;
    }
    while ((hole = strstr(text, env_open))) {
        const char *name = hole + sizeof(env_open) - 1;
        size_t length = strcspn(name, "}");
        char variable[256];
        snprintf(variable, sizeof(variable), "%.*s", (int)length, name);
        const char *value = name[length] ? getenv(variable) : NULL;
        if (!value) {
            struct error *error = sources_error(
                sources, errors, ERROR_BAD_VALUE, path, JSON_VALUE,
                name[length] ? "the environment has no variable %s"
                             : "${env:%s has no closing brace",
                variable);
            error_hint(error, name[length] ? "set it: export %s=..."
                                           : "write ${env:NAME}",
                       variable);
            *good = false;
            value = "";
        }
        str_append_bytes(&out, text, (size_t)(hole - text));
        str_append(&out, value);
        text = name + length + (name[length] == '}');
    }
    str_append(&out, text);
    return str_detach(&out);
}

static void expand_below(cJSON *item, struct str *path,
                         const struct sources *sources, struct errors *errors,
                         bool *good)
{
    size_t length = path->length;
    size_t index = 0;

    if (cJSON_IsString(item)) {
        char *text = expand_text(item->valuestring, path->text, sources,
                                 errors, good);
        if (text) {
            must(cJSON_SetValuestring(item, text));
            free(text);
        }
        return;
    }
    for (cJSON *child = item->child; child; child = child->next) {
        if (cJSON_IsArray(item)) {
            path_push_index(path, index++);
        } else {
            path_push_name(path, child->string);
        }
        expand_below(child, path, sources, errors, good);
        path_pop(path, length);
    }
}

bool gather_expand(cJSON *tree, const struct sources *sources,
                   struct errors *errors)
{
    struct str path = STR_INIT;
    bool good = true;
    expand_below(tree, &path, sources, errors, &good);
    str_release(&path);
    return good;
}

/* Whether the value of a key may name secrets itself: name=value in the query
 * of a URL or in the words of a command. */
static bool names_secrets(const char *key)
{
    static const char *const names[] = {"url", "path", "command", "run"};
    for (size_t i = 0; key && i < array_length(names); i++) {
        if (strcmp(names[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static void mask_text(cJSON *item, bool in_headers)
{
    const char *key = item->string;
    char *shown;

    if (strstr(item->valuestring, env_open) ||
        (in_headers && mask_is_secret_name(key, strlen(key)))) {
        shown = strdup(masked);
    } else if (!in_headers && names_secrets(key)) {
        shown = mask_argument(item->valuestring);
    } else {
        shown = mask_url(item->valuestring);
    }
    must(shown && cJSON_SetValuestring(item, shown));
    free(shown);
}

static void mask_below(cJSON *item, bool in_headers)
{
    if (cJSON_IsString(item)) {
        mask_text(item, in_headers);
        return;
    }
    bool headers = cJSON_IsObject(item) && item->string &&
                   strcmp(item->string, "headers") == 0;
    for (cJSON *child = item->child; child; child = child->next) {
        mask_below(child, headers);
    }
}

cJSON *gather_mask(const cJSON *tree)
{
    cJSON *copy = checked(cJSON_Duplicate(tree, true));
    mask_below(copy, false);
    return copy;
}
