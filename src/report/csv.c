/* The series of a run as CSV (RFC 4180): a line of names, then one for each
 * interval; a figure that was not measured is empty. */
#include "base/json_print.h"
#include "report/text_part.h"
#include "report/writer.h"

#include <string.h>

static void put_name(struct str *out, const char *name)
{
    if (!strpbrk(name, ",\"\r\n")) {
        str_append(out, name);
        return;
    }
    str_append_char(out, '"');
    for (; *name; name++) {
        str_printf(out, *name == '"' ? "\"%c" : "%c", *name);
    }
    str_append_char(out, '"');
}

/* The names of the first line say what the columns are; a line that has others
 * has none of them. */
static void put_line(struct str *out, const cJSON *names, const cJSON *point)
{
    const cJSON *name;

    cJSON_ArrayForEach(name, names)
    {
        const cJSON *value =
            cJSON_GetObjectItemCaseSensitive(point, name->string);
        if (name->prev->next) {
            str_append_char(out, ',');
        }
        if (cJSON_IsNumber(value)) {
            json_print(out, value, true);
        }
    }
    str_append(out, "\r\n");
}

void write_csv(const struct writer_input *input, struct file_writer *file)
{
    const cJSON *series = text_find(input->document, "series");
    const cJSON *first = series ? series->child : NULL;
    const cJSON *item;

    if (!cJSON_IsObject(first)) {
        return;
    }
    cJSON_ArrayForEach(item, first)
    {
        if (item->prev->next) {
            str_append_char(&file->buffer, ',');
        }
        put_name(&file->buffer, item->string);
    }
    str_append(&file->buffer, "\r\n");
    cJSON_ArrayForEach(item, series)
    {
        put_line(&file->buffer, first, item);
        file_flush_when_long(file);
    }
}
