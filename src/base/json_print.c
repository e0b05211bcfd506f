#include "base/json_print.h"

#include "base/must.h"

#include <stdlib.h>

static void append_plain(struct str *out, const cJSON *value)
{
    char *text = cJSON_PrintUnformatted(value);
    must(text);
    str_append(out, text);
    cJSON_free(text);
}

static void append_name(struct str *out, const char *name)
{
    cJSON *text = cJSON_CreateStringReference(name);
    must(text);
    append_plain(out, text);
    cJSON_Delete(text);
}

static bool is_plain(const cJSON *value)
{
    return !cJSON_IsObject(value) && !cJSON_IsArray(value);
}

/* A list that needs no lines of its own. */
static bool is_plain_list(const cJSON *list)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (!is_plain(item)) {
            return false;
        }
    }
    return cJSON_IsArray(list);
}

static void append_line(struct str *out, int level)
{
    str_append_char(out, '\n');
    for (int i = 0; i < level; i++) {
        str_append(out, "  ");
    }
}

static void append(struct str *out, const cJSON *value, int level);

static void append_items(struct str *out, const cJSON *value, int level)
{
    bool in_line = is_plain_list(value);
    const cJSON *item;

    cJSON_ArrayForEach(item, value)
    {
        if (!in_line) {
            append_line(out, level + 1);
        }
        if (cJSON_IsObject(value)) {
            append_name(out, item->string);
            str_append(out, ": ");
        }
        append(out, item, level + 1);
        if (item->next) {
            str_append(out, in_line ? ", " : ",");
        }
    }
    if (!in_line) {
        append_line(out, level);
    }
}

static void append(struct str *out, const cJSON *value, int level)
{
    bool is_object = cJSON_IsObject(value);

    if (is_plain(value)) {
        append_plain(out, value);
        return;
    }
    str_append_char(out, is_object ? '{' : '[');
    if (value->child) {
        append_items(out, value, level);
    }
    str_append_char(out, is_object ? '}' : ']');
}

void json_print(struct str *out, const cJSON *value, bool compact)
{
    if (compact) {
        append_plain(out, value);
    } else {
        append(out, value, 0);
    }
}

void json_print_to(FILE *stream, const cJSON *value, bool compact)
{
    struct str out = STR_INIT;

    json_print(&out, value, compact);
    str_append_char(&out, '\n');
    fwrite(out.text, 1, out.length, stream);
    str_release(&out);
}
