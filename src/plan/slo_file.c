#include "plan/slo_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 10000 };

/* A # begins a comment but in quotes, where it is part of a name. */
static void cut_comment(char *line)
{
    char quote = '\0';

    for (char *at = line; *at; at++) {
        if (quote) {
            quote = *at == quote ? '\0' : quote;
        } else if (*at == '"' || *at == '\'') {
            quote = *at;
        } else if (*at == '#') {
            *at = '\0';
            return;
        }
    }
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1])) {
        text[--length] = '\0';
    }
    return text;
}

/* An errno where reading failed. */
static int read_lines(FILE *file,
                      void (*take)(void *context, const char *expression,
                                   size_t line),
                      void *context, size_t *found)
{
    char *text = NULL;
    size_t room = 0;

    errno = 0;
    for (size_t line = 1; line <= LINES_MAX; line++) {
        ssize_t length = getline(&text, &room, file);
        if (length < 0) {
            break;
        }
        cut_comment(text);
        const char *expression = trim(text);
        if (expression[0]) {
            take(context, expression, line);
            ++*found;
        }
    }
    int failure = ferror(file) ? errno : 0;
    free(text);
    return failure;
}

bool slo_file_read(const char *path,
                   void (*take)(void *context, const char *expression,
                                size_t line),
                   void *context, struct errors *errors)
{
    bool is_input = strcmp(path, "-") == 0;
    FILE *file = is_input ? stdin : fopen(path, "re");
    int failure = file ? 0 : errno;
    size_t found = 0;

    if (file) {
        failure = read_lines(file, take, context, &found);
    }
    if (file && !is_input) {
        fclose(file);
    }
    if (failure) {
        errors_add(errors, ERROR_NO_FILE, "cannot read %s: %s",
                   is_input ? "standard input" : path, strerror(failure));
    } else if (found == 0) {
        struct error *error =
            errors_add(errors, ERROR_USAGE, "%s has no expression", path);
        error_hint(error, "write one a line, such as p99 < 250ms");
    }
    return !failure && found > 0;
}
