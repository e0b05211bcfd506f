#include "import/format.h"

#include "base/must.h"

#include <string.h>

const struct import_format import_formats[] = {
#define FORMAT(id, name, input, is_timed, sentence) \
    {name, IMPORT_##input, is_timed, sentence, import_##id},
#include "import/format.def"
#undef FORMAT
};

const size_t import_format_count = array_length(import_formats);

const struct import_format *import_format_find(const char *name)
{
    for (size_t i = 0; i < import_format_count; i++) {
        if (strcmp(import_formats[i].name, name) == 0) {
            return &import_formats[i];
        }
    }
    return NULL;
}

bool import_read(struct import *import, const struct import_format *format,
                 char *text, size_t length)
{
    if (import_has_mark(text, length)) {
        import_refuse_mark(import);
        return false;
    }
    return format->read(import, text, length);
}
