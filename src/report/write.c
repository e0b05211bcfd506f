/* The report's way to a file: whole or not at all. */
#include "report/document.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_stdout(const char *path)
{
    return strcmp(path, "-") == 0;
}

static bool cannot_write(struct errors *errors, const char *path, int number)
{
    struct error *error =
        errors_add(errors, ERROR_NO_REPORT, "cannot write the report: %s",
                   strerror(number));
    snprintf(error->file, sizeof(error->file), "%s",
             is_stdout(path) ? "standard output" : path);
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        error_hint(error, "make room, or write it to another disk");
        break;
    case ENOENT:
    case ENOTDIR:
        error_hint(error, "the folder must exist before the run");
        break;
    case EISDIR:
        error_hint(error, "give a file in this folder instead");
        break;
    default:
        break;
    }
    return false;
}

/* What a path stands for, following links. SPECIAL is a device or a pipe: it
 * must be written in place. */
enum place { PLACE_NEW, PLACE_FILE, PLACE_SPECIAL, PLACE_BAD };

/* *number is an errno when it is BAD. */
static enum place look_at(const char *path, int *number)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        if (errno == ENOENT) {
            return PLACE_NEW;
        }
        *number = errno;
        return PLACE_BAD;
    }
    if (S_ISDIR(status.st_mode)) {
        *number = EISDIR;
        return PLACE_BAD;
    }
    return S_ISREG(status.st_mode) ? PLACE_FILE : PLACE_SPECIAL;
}

/* Opens a file of our own beside `path`, with the permissions that a new file
 * gets here. Its name is put into `name`. */
static int open_beside(const char *path, struct str *name)
{
    for (unsigned i = 0; i < 100; i++) {
        str_reset(name);
        str_printf(name, "%s.%ld-%u.tmp", path, (long)getpid(), i);
        int file = open(name->text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                        0666);
        if (file >= 0 || errno != EEXIST) {
            return file;
        }
    }
    errno = EEXIST;
    return -1;
}

static int write_all(int file, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, text, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return errno;
        }
        text += written;
        length -= (size_t)written;
    }
    return 0;
}

/* Returns 0 or an errno. */
static int write_in_place(const char *path, const char *text, size_t length)
{
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (file < 0) {
        return errno;
    }
    int number = write_all(file, text, length);
    if (close(file) != 0 && number == 0) {
        number = errno;
    }
    return number;
}

/* Returns 0 or an errno; nothing is left behind on failure. */
static int write_and_rename(const char *path, const char *text,
                            size_t length)
{
    struct str name = STR_INIT;
    int file = open_beside(path, &name);
    if (file < 0) {
        int number = errno;
        str_release(&name);
        return number;
    }
    int number = write_all(file, text, length);
    if (number == 0 && fsync(file) != 0) {
        number = errno;
    }
    if (close(file) != 0 && number == 0) {
        number = errno;
    }
    if (number == 0 && rename(name.text, path) != 0) {
        number = errno;
    }
    if (number != 0) {
        unlink(name.text);
    }
    str_release(&name);
    return number;
}

static int write_stdout(const char *text, size_t length)
{
    if (fflush(stdout) != 0) {
        return errno;
    }
    return write_all(STDOUT_FILENO, text, length);
}

static int write_text(const char *path, const char *text, size_t length)
{
    if (is_stdout(path)) {
        return write_stdout(text, length);
    }
    int number = 0;
    enum place place = look_at(path, &number);
    if (place == PLACE_BAD) {
        return number;
    }
    if (place == PLACE_SPECIAL) {
        return write_in_place(path, text, length);
    }
    /* A link stays a link: what it names is replaced. */
    char *real = place == PLACE_FILE ? realpath(path, NULL) : NULL;
    number = write_and_rename(real ? real : path, text, length);
    free(real);
    return number;
}

bool document_write(const cJSON *document, const char *path,
                    struct errors *errors)
{
    struct str out = STR_INIT;
    char *text = cJSON_Print(document);
    if (!text) {
        return cannot_write(errors, path, ENOMEM);
    }
    str_append(&out, text);
    str_append_char(&out, '\n');
    cJSON_free(text);
    int number = write_text(path, out.text, out.length);
    str_release(&out);
    return number == 0 || cannot_write(errors, path, number);
}

static int can_write(const char *path)
{
    int number = 0;
    enum place place = look_at(path, &number);

    if (place == PLACE_BAD) {
        return number;
    }
    if (place == PLACE_SPECIAL) {
        return access(path, W_OK) == 0 ? 0 : errno;
    }
    char *real = place == PLACE_FILE ? realpath(path, NULL) : NULL;
    struct str name = STR_INIT;
    int file = open_beside(real ? real : path, &name);
    if (file < 0) {
        number = errno;
    } else {
        close(file);
        unlink(name.text);
    }
    str_release(&name);
    free(real);
    return number;
}

bool document_can_write(const char *path, struct errors *errors)
{
    if (is_stdout(path)) {
        return fcntl(STDOUT_FILENO, F_GETFL) >= 0 ||
               cannot_write(errors, path, errno);
    }
    int number = path[0] ? can_write(path) : ENOENT;
    return number == 0 || cannot_write(errors, path, number);
}
