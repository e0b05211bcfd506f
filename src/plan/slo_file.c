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

/* Why the line cannot be read as text, or NULL. */
static const char *problem_of_line(const char *text, size_t length,
                                   size_t line)
{
    return strlen(text) != length ? "it has a byte 0"
           : line > LINES_MAX     ? "there are more lines than 10000"
                                  : NULL;
}

/* An errno where reading failed; or -1, with an error added. */
static int read_lines(FILE *file, const char *path,
                      void (*take)(void *context, const char *expression,
                                   size_t line),
                      void *context, size_t *found, struct errors *errors)
{
    char *text = NULL;
    size_t room = 0;
    ssize_t length;
    int failure = 0;

    errno = 0;
    for (size_t line = 1; (length = getline(&text, &room, file)) >= 0;
         line++) {
        const char *problem = problem_of_line(text, (size_t)length, line);
        if (problem) {
            errors_add(errors, ERROR_USAGE, "%s, line %zu: %s", path, line,
                       problem);
            failure = -1;
            break;
        }
        cut_comment(text);
        const char *expression = trim(text);
        if (expression[0]) {
            take(context, expression, line);
            ++*found;
        }
    }
    failure = ferror(file) ? errno : failure;
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
        failure = read_lines(file, is_input ? "standard input" : path, take,
                             context, &found, errors);
    }
    if (file && !is_input) {
        fclose(file);
    }
    if (failure > 0) {
        errors_add(errors, ERROR_NO_FILE, "cannot read %s: %s",
                   is_input ? "standard input" : path, strerror(failure));
    } else if (failure == 0 && found == 0) {
        struct error *error =
            errors_add(errors, ERROR_USAGE, "%s has no expression", path);
        error_hint(error, "write one a line, such as p99 < 250ms");
    }
    return !failure && found > 0;
}
