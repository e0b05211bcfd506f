/* The report's way to a file. */
#include "report/document.h"

#include "base/must.h"
#include "report/file.h"

static const char what[] = "the report";

bool document_write(const cJSON *document, const char *path,
                    struct errors *errors)
{
    struct file_writer writer;
    char *text = cJSON_Print(document);

    must(text);
    file_begin(&writer, path, what);
    str_append(&writer.buffer, text);
    str_append_char(&writer.buffer, '\n');
    cJSON_free(text);
    return file_end(&writer, errors);
}

bool document_write_text(const char *text, size_t length, const char *path,
                         struct errors *errors)
{
    struct file_writer writer;

    file_begin(&writer, path, what);
    str_append_bytes(&writer.buffer, text, length);
    return file_end(&writer, errors);
}

bool document_can_write(const char *path, struct errors *errors)
{
    return file_can_write(path, what, errors);
}
