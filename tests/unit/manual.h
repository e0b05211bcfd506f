/* manual: what is shipped and made from tables: files, and lists in manual
 * pages, each between two comments. "make golden" writes them anew. */
#ifndef SQUALL_TESTS_MANUAL_H
#define SQUALL_TESTS_MANUAL_H

#include "base/str.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Owned by the caller. */
static inline char *manual_read(const char *path)
{
    struct str out = STR_INIT;
    char block[4096];
    size_t count;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while ((count = fread(block, 1, sizeof(block), file)) > 0) {
        str_append_bytes(&out, block, count);
    }
    fclose(file);
    return str_detach(&out);
}

static inline int manual_is_written(void)
{
    const char *mode = getenv("SQUALL_GOLDEN");
    return mode && strcmp(mode, "write") == 0;
}

/* Fails unless the file is this text. */
static inline void assert_file_is(const char *path, const char *text)
{
    if (manual_is_written()) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text, file);
        fclose(file);
    }
    char *found = manual_read(path);
    assert_string_equal(found, text);
    free(found);
}

/* Appends sentences as a manual page has them, each on a line. */
static inline void manual_append_sentences(struct str *out, const char *text)
{
    for (; *text; text++) {
        bool ends =
            strncmp(text, ". ", 2) == 0 && text[2] >= 'A' && text[2] <= 'Z';
        str_append_char(out, *text);
        if (ends) {
            str_append_char(out, '\n');
            text++;
        }
    }
    str_append_char(out, '\n');
}

/* Fails unless the page has the list between these lines. */
static inline void assert_manual_has(const char *path, const char *first_line,
                                     const char *last_line, const char *list)
{
    char *page = manual_read(path);
    char *start = strstr(page, first_line);
    assert_non_null(start);
    start += strlen(first_line);
    char *end = strstr(start, last_line);
    assert_non_null(end);
    if (manual_is_written()) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fprintf(file, "%.*s%s%s", (int)(start - page), page, list, end);
        fclose(file);
    } else {
        *end = '\0';
        assert_string_equal(start, list);
    }
    free(page);
}

#endif
