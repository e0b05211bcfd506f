#include "plan/secrets.h"

#include "base/json.h"
#include "base/mask.h"
#include "base/must.h"
#include "plan/environment.h"
#include "plan/key.h"
#include "plan/path.h"

#include <stdlib.h>
#include <string.h>

static const char env_open[] = "${env:";

/* Refuses a reference that stands for nothing. */
static bool check_references(const char *text, const char *path,
                             const struct sources *sources,
                             struct errors *errors)
{
    bool good = true;
    const char *placeholder;

    while ((placeholder = strstr(text, env_open))) {
        const char *name = placeholder + sizeof(env_open) - 1;
        size_t length = strcspn(name, "}");
        bool is_none = placeholder > text && placeholder[-1] == '$';
        text = name + length + (name[length] == '}');
        if (is_none || (name[length] && environment_find(name, length))) {
            continue;
        }
        struct error *error =
            sources_error(sources, errors, ERROR_BAD_VALUE, path, JSON_VALUE,
                          name[length] ? "the environment has no variable %.*s"
                                       : "${env:%.*s has no closing brace",
                          (int)(length < 80 ? length : 80), name);
        error_hint(error,
                   name[length] ? "set it: export %.*s=..."
                                : "write ${env:NAME}",
                   (int)(length < 80 ? length : 80), name);
        good = false;
    }
    return good;
}

/* What a template takes from the environment it takes itself, so that nothing
 * in it is a placeholder. */
static void expand_text(cJSON *item, const char *path)
{
    struct str text = STR_INIT;

    key_pattern(path, &text);
    if (!environment_is_for_template(text.text)) {
        str_reset(&text);
        environment_expand(&text, item->valuestring);
        must(cJSON_SetValuestring(item, text.text));
    }
    str_release(&text);
}

static void expand_below(cJSON *item, struct str *path,
                         const struct sources *sources, struct errors *errors,
                         bool *good)
{
    size_t length = path->length;
    size_t index = 0;

    if (cJSON_IsString(item)) {
        if (strstr(item->valuestring, env_open)) {
            *good = check_references(item->valuestring, path->text, sources,
                                     errors) &&
                    *good;
            expand_text(item, path->text);
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

bool secrets_expand(cJSON *tree, const struct sources *sources,
                    struct errors *errors)
{
    struct str path = STR_INIT;
    bool good = true;
    expand_below(tree, &path, sources, errors, &good);
    str_release(&path);
    return good;
}

/* Whether the value of a key may name secrets itself: name=value in the query
 * of a URL or in the words of a command, members of a body. */
static bool names_secrets(const char *key)
{
    static const char *const names[] = {"url", "path", "command", "run",
                                        "put", "undo", "body"};
    for (size_t i = 0; key && i < array_length(names); i++) {
        if (strcmp(names[i], key) == 0) {
            return true;
        }
    }
    return false;
}

/* The secrets that a profile has written down itself. */
static void note_below(const cJSON *item, const char *header)
{
    if (cJSON_IsString(item)) {
        if (header) {
            mask_add_named(header, item->valuestring);
        } else if (item->string && strcmp(item->string, "user") == 0) {
            mask_add_user(item->valuestring, strlen(item->valuestring));
        } else if (names_secrets(item->string) ||
                   strchr(item->valuestring, '@')) {
            mask_add_from_argument(item->valuestring);
        }
        return;
    }
    bool headers = cJSON_IsObject(item) && item->string &&
                   strcmp(item->string, "headers") == 0;
    for (const cJSON *child = item->child; child; child = child->next) {
        note_below(child, headers ? child->string : header);
    }
}

void secrets_note(const cJSON *tree)
{
    note_below(tree, NULL);
}

/* "name:password" keeps the name. */
static char *mask_user(const char *user)
{
    struct str shown = STR_INIT;
    str_append_bytes(&shown, user, strcspn(user, ":"));
    str_append_char(&shown, ':');
    str_append(&shown, MASKED);
    return str_detach(&shown);
}

static void mask_item(cJSON *item, const char *header)
{
    char *shown;

    if (strstr(item->valuestring, env_open) ||
        (header && mask_is_secret_name(header, strlen(header)))) {
        shown = strdup(MASKED);
    } else if (!header && item->string && strcmp(item->string, "user") == 0) {
        shown = mask_user(item->valuestring);
    } else if (!header && names_secrets(item->string)) {
        shown = mask_argument(item->valuestring);
    } else {
        shown = mask_text(item->valuestring);
    }
    must(shown && cJSON_SetValuestring(item, shown));
    free(shown);
}

static void mask_below(cJSON *item, const char *header)
{
    if (cJSON_IsString(item)) {
        mask_item(item, header);
        return;
    }
    bool headers = cJSON_IsObject(item) && item->string &&
                   strcmp(item->string, "headers") == 0;
    for (cJSON *child = item->child; child; child = child->next) {
        mask_below(child, headers ? child->string : header);
    }
}

cJSON *secrets_mask(const cJSON *tree)
{
    cJSON *copy = cJSON_Duplicate(tree, true);
    must(copy);
    mask_below(copy, NULL);
    json_mask(copy);
    return copy;
}
