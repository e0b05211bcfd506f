#include "plan/path.h"

#include "base/must.h"

#include <stdlib.h>
#include <string.h>

const char *path_step(const char *path, struct str *name, size_t *index,
                      bool *is_index)
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

void path_to_parent(struct str *path)
{
    size_t end = path->length;
    if (end > 2 && strcmp(path->text + end - 2, "\"]") == 0) {
        while (end > 0 && strncmp(path->text + end, "[\"", 2) != 0) {
            end--;
        }
    } else {
        while (end > 0 && path->text[end] != '.' && path->text[end] != '[') {
            end--;
        }
    }
    path_pop(path, end);
}

void path_push_name(struct str *path, const char *name)
{
    if (name[strcspn(name, ".[]")] || !*name) {
        str_printf(path, "[\"%s\"]", name);
        return;
    }
    if (path->length > 0) {
        str_append_char(path, '.');
    }
    str_append(path, name);
}

void path_push_index(struct str *path, size_t index)
{
    str_printf(path, "[%zu]", index);
}

void path_pop(struct str *path, size_t length)
{
    must(length <= path->length);
    if (length < path->length) {
        path->length = length;
        path->text[length] = '\0';
    }
}
