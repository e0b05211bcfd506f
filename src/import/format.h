/*
 * format: what squall import reads: the table of formats.
 *
 * Adding one is a row of format.def and its `import_<id>`.
 */
#ifndef SQUALL_IMPORT_FORMAT_H
#define SQUALL_IMPORT_FORMAT_H

#include "import/import.h"

enum import_input { IMPORT_FILE, IMPORT_WORDS };

struct import_format {
    const char *name;
    enum import_input input;
    bool is_timed;
    const char *sentence;
    bool (*read)(struct import *import, char *text, size_t length);
};

/* Reads a text, NUL-terminated, which is changed; false after adding an error.
 */
bool import_read(struct import *import, const struct import_format *format,
                 char *text, size_t length);

extern const struct import_format import_formats[];
extern const size_t import_format_count;

/* NULL: there is none of this name. */
const struct import_format *import_format_find(const char *name);

#define FORMAT(id, name, input, is_timed, sentence) \
    bool import_##id(struct import *import, char *text, size_t length);
#include "import/format.def"
#undef FORMAT

/* The same of a command line whose words are taken apart already. */
bool import_curl_words(struct import *import, const char *const *words,
                       size_t count);

#endif
