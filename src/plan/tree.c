#include "plan/tree.h"

#include "base/json.h"
#include "base/must.h"
#include "plan/path.h"

#include <limits.h>
#include <string.h>

static cJSON *checked(cJSON *item)
{
    must(item);
    return item;
}

/* An empty container for what the rest of a path steps into. */
static cJSON *container_for(const char *rest)
{
    return checked(rest[0] == '[' && rest[1] != '"' ? cJSON_CreateArray()
                                                    : cJSON_CreateObject());
}

/* Puts a value at an index: of an element, or right after the last. */
static const char *set_index(cJSON *list, size_t index, const char *rest,
                             const cJSON *value, cJSON **next)
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

const char *tree_set(cJSON *tree, const char *path, const cJSON *value)
{
    struct str name = STR_INIT;
    const char *problem = NULL;

    while (tree && *path && !problem) {
        size_t index = 0;
        bool is_index;
        cJSON *next = NULL;
        path = path_step(path, &name, &index, &is_index);
        if (!path) {
            problem = "is not a path";
            break;
        }
        problem = is_index ? set_index(tree, index, path, value, &next)
                           : set_member(tree, name.text, path, value, &next);
        tree = next;
    }
    str_release(&name);
    return problem;
}

cJSON *tree_at(const cJSON *tree, const char *path)
{
    struct str name = STR_INIT;
    cJSON *at = (cJSON *)tree;

    while (at && *path) {
        size_t index = 0;
        bool is_index;
        path = path_step(path, &name, &index, &is_index);
        if (!path) {
            at = NULL;
        } else if (is_index) {
            at = cJSON_IsArray(at) && index <= INT_MAX
                     ? cJSON_GetArrayItem(at, (int)index)
                     : NULL;
        } else {
            at = cJSON_IsObject(at) ? json_get(at, name.text) : NULL;
        }
    }
    str_release(&name);
    return at;
}
