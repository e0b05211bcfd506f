#include "base/error.h"

#include "base/mask.h"
#include "base/must.h"
#include "base/str.h"
#include "base/unicode.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const int exit_statuses[] = {
#define ERROR(id, exit_status, title) exit_status,
#include "base/error.def"
#undef ERROR
};

/* A text may quote anything, and goes into reports. It is masked before it is
 * cut, so that no part of a secret is left. */
static void put_masked(char *out, size_t size, const char *format,
                       va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void put_masked(char *out, size_t size, const char *format,
                       va_list arguments)
{
    struct str whole = STR_INIT;

    str_vprintf(&whole, format, arguments);
    char *masked = mask_text(whole.text ? whole.text : "");
    snprintf(out, size, "%s", masked);
    utf8_mend(out);
    free(masked);
    str_release(&whole);
}

struct error *errors_add(struct errors *errors, enum error_code code,
                         const char *format, ...)
{
    struct error *error = &errors->spare;

    if (errors->count < ERRORS_MAX) {
        error = &errors->list[errors->count++];
    } else {
        errors->more++;
    }
    memset(error, 0, sizeof(*error));
    error->code = code;

    va_list arguments;
    va_start(arguments, format);
    put_masked(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return error;
}

const char *errors_last_text(const struct errors *errors)
{
    must(errors->count > 0);
    return errors->more > 0 ? errors->spare.text
                            : errors->list[errors->count - 1].text;
}

void error_hint(struct error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_masked(error->hint, sizeof(error->hint), format, arguments);
    va_end(arguments);
}

void error_print_text(const char *text, FILE *stream)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if ((*c < 0x20 && *c != '\t') || *c == 0x7f) {
            fprintf(stream, "\\x%02x", *c);
        } else {
            fputc(*c, stream);
        }
    }
}

static void print_place(const struct error *error, FILE *stream)
{
    if (!error->file[0]) {
        fputs("squall: ", stream);
        return;
    }
    error_print_text(error->file, stream);
    if (error->line > 0) {
        fprintf(stream, ":%d:%d", error->line, error->column);
    }
    fputs(": ", stream);
}

/* A line of a profile, of which nothing may be known yet. */
static void print_excerpt(const char *excerpt, FILE *stream)
{
    char *masked = mask_argument(excerpt);
    error_print_text(masked, stream);
    free(masked);
}

static void print_one(const struct error *error, FILE *stream)
{
    print_place(error, stream);
    fputs("error: ", stream);
    if (error->path[0]) {
        error_print_text(error->path, stream);
        fputs(": ", stream);
    }
    error_print_text(error->text, stream);
    fputc('\n', stream);

    if (error->excerpt[0] && error->line > 0) {
        fprintf(stream, "%5d | ", error->line);
        print_excerpt(error->excerpt, stream);
        fprintf(stream, "\n      | %*s^", error->column - 1, "");
        if (error->hint[0]) {
            fputc(' ', stream);
            error_print_text(error->hint, stream);
        }
        fputc('\n', stream);
    } else if (error->hint[0]) {
        fputs("  ", stream);
        error_print_text(error->hint, stream);
        fputc('\n', stream);
    }
}

void errors_print(const struct errors *errors, FILE *stream)
{
    for (size_t i = 0; i < errors->count; i++) {
        print_one(&errors->list[i], stream);
    }
    if (errors->more > 0) {
        fprintf(stream, "squall: and %zu more errors\n", errors->more);
    }
}

int error_exit_status(enum error_code code)
{
    must((size_t)code < array_length(exit_statuses));
    return exit_statuses[code];
}

int errors_exit_status(const struct errors *errors)
{
    return errors->count ? error_exit_status(errors->list[0].code) : 0;
}
