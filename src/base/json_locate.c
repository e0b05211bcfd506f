/* Where a value stands in a JSON text: line and column of a path. */
#include "base/json_inside.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

void json_place(const struct json_source *source, size_t at, int *line,
                int *column, char *excerpt, size_t excerpt_size)
{
    size_t start = 0;
    *line = 1;
    for (size_t i = 0; i < at; i++) {
        if (source->text[i] == '\n') {
            ++*line;
            start = i + 1;
        }
    }
    *column = 1;
    for (size_t i = start; i < at; i++) {
        *column += ((unsigned char)source->text[i] & 0xc0) != 0x80;
    }
    if (excerpt_size == 0) {
        return;
    }
    size_t length = 0;
    for (size_t i = start; i < source->length && length + 1 < excerpt_size &&
                           source->text[i] != '\n' && source->text[i] != '\r';
         i++) {
        char c = source->text[i];
        excerpt[length++] = c == '\t' ? ' ' : c;
    }
    /* A mark beyond the end of the excerpt would point at nothing. */
    excerpt[at - start > length ? 0 : length] = '\0';
}

/* One step of a path: a member's name, or an index. */
struct path_step {
    bool is_index;
    size_t index;
    struct str name;
};

/* Reads the next step; returns where the path goes on, NULL when it is not a
 * path. */
static const char *next_step(const char *path, struct path_step *step)
{
    str_reset(&step->name);
    step->is_index = false;
    if (*path == '.') {
        path++;
    }
    if (path[0] == '[' && path[1] == '"') {
        const char *end = strstr(path + 2, "\"]");
        if (!end) {
            return NULL;
        }
        str_append_bytes(&step->name, path + 2, (size_t)(end - path - 2));
        return end + 2;
    }
    if (path[0] == '[') {
        char *end;
        step->is_index = true;
        step->index = strtoul(path + 1, &end, 10);
        return end > path + 1 && *end == ']' ? end + 1 : NULL;
    }
    size_t length = strcspn(path, ".[");
    str_append_bytes(&step->name, path, length);
    return length > 0 ? path + length : NULL;
}

/* At an object or array: goes to the value (and names the place of the key)
 * that the step leads to. */
static bool follow_step(struct json_scanner *scanner,
                        const struct path_step *step, size_t *key_at)
{
    struct str name = STR_INIT;
    bool found = false;
    char open = step->is_index ? '[' : '{';
    size_t index = 0;

    if (json_peek(scanner) != open) {
        return false;
    }
    scanner->at++;
    while (json_skip_space(scanner) && json_peek(scanner) != ']' &&
           json_peek(scanner) != '}') {
        *key_at = scanner->at;
        if (!step->is_index && !json_scan_member_name(scanner, &name)) {
            break;
        }
        found = step->is_index ? index == step->index
                               : strcmp(name.text, step->name.text) == 0;
        if (found || !json_scan_value(scanner) || !json_skip_space(scanner) ||
            json_peek(scanner) != ',') {
            break;
        }
        scanner->at++;
        index++;
    }
    str_release(&name);
    return found;
}

bool json_locate(const struct json_source *source, const char *path,
                 enum json_part part, int *line, int *column, char *excerpt,
                 size_t excerpt_size)
{
    struct json_scanner scanner = {.text = source->text,
                                   .length = source->length};
    struct path_step step = {.name = STR_INIT};
    size_t key_at = 0;

    json_skip_mark(&scanner);
    bool found = json_skip_space(&scanner) && scanner.at < scanner.length;
    while (found && *path) {
        path = next_step(path, &step);
        found = path && follow_step(&scanner, &step, &key_at);
    }
    str_release(&step.name);
    json_scanner_release(&scanner);
    if (found) {
        json_place(source, part == JSON_KEY ? key_at : scanner.at, line,
                   column, excerpt, excerpt_size);
    }
    return found;
}
