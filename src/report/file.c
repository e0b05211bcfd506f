#include "report/file.h"

#include "base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Of deflate: the window and what it keeps, both as large as they are by
 * themselves, and the head of gzip. */
enum { WINDOW_BITS = 15, GZIP_HEAD = 16, MEMORY_LEVEL = 8 };

static bool is_stdout(const char *path)
{
    return strcmp(path, "-") == 0;
}

static bool cannot_write(struct errors *errors, const char *path,
                         const char *what, int number)
{
    struct error *error =
        errors_add(errors, ERROR_NO_REPORT, "cannot write %s: %s", what,
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
    case ENXIO:
        error_hint(error, "nobody reads from it: start the reader first");
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
        int file =
            open(name->text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
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

bool file_can_write(const char *path, const char *what, struct errors *errors)
{
    if (is_stdout(path)) {
        return fcntl(STDOUT_FILENO, F_GETFL) >= 0 ||
               cannot_write(errors, path, what, errno);
    }
    int number = path[0] ? can_write(path) : ENOENT;
    return number == 0 || cannot_write(errors, path, what, number);
}

/* The folder that a path is in, and its last name. */
static const char *split(const char *path, struct stat *folder, bool *is_there)
{
    const char *slash = strrchr(path, '/');
    char *text = slash ? strndup(path, (size_t)(slash - path) + 1) : NULL;

    *is_there = stat(slash ? text : ".", folder) == 0;
    free(text);
    return slash ? slash + 1 : path;
}

static bool is_one(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

bool file_is_same(const char *path, const char *other)
{
    struct stat one, two;
    bool is_there, other_is_there;

    if (!path || !other || is_stdout(path) || is_stdout(other)) {
        return false;
    }
    is_there = stat(path, &one) == 0;
    other_is_there = stat(other, &two) == 0;
    if (is_there || other_is_there) {
        return is_there && other_is_there && S_ISREG(one.st_mode) &&
               is_one(&one, &two);
    }
    const char *name = split(path, &one, &is_there);
    const char *other_name = split(other, &two, &other_is_there);
    return is_there && other_is_there && is_one(&one, &two) &&
           strcmp(name, other_name) == 0;
}

/* A file that its owner alone may read stays so. */
static void keep_mode(const struct file_writer *writer)
{
    struct stat status;

    if (writer->has_name && writer->real && stat(writer->real, &status) == 0) {
        (void)!fchmod(writer->file, status.st_mode & 0777);
    }
}

static void open_file(struct file_writer *writer)
{
    enum place place = look_at(writer->path, &writer->number);

    if (place == PLACE_SPECIAL) {
        /* A pipe that nobody reads fails, and is not waited for. */
        writer->file =
            open(writer->path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (writer->file >= 0) {
            fcntl(writer->file, F_SETFL, O_WRONLY);
        }
    } else if (place != PLACE_BAD) {
        /* A link stays a link: what it names is replaced. */
        writer->real =
            place == PLACE_FILE ? realpath(writer->path, NULL) : NULL;
        writer->file = open_beside(writer->real ? writer->real : writer->path,
                                   &writer->name);
        writer->has_name = writer->file >= 0;
        keep_mode(writer);
    }
    if (writer->file < 0 && writer->number == 0) {
        writer->number = errno;
    }
}

/* The time and the name of the file are left out of the head, so that one text
 * is always the same file. */
static void begin_deflate(struct file_writer *writer)
{
    size_t length = strlen(writer->path);

    if (length < 3 || strcmp(writer->path + length - 3, ".gz") != 0) {
        return;
    }
    writer->deflater = calloc(1, sizeof(*writer->deflater));
    must(writer->deflater);
    must(deflateInit2(writer->deflater, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                      WINDOW_BITS + GZIP_HEAD, MEMORY_LEVEL,
                      Z_DEFAULT_STRATEGY) == Z_OK);
}

/* Writes what is in the buffer compressed, and with Z_FINISH the end. */
static int write_deflated(struct file_writer *writer, int flush)
{
    z_stream *deflater = writer->deflater;
    Bytef bytes[16384];
    int number = 0;

    must(writer->buffer.length <= UINT32_MAX);
    deflater->next_in = (Bytef *)writer->buffer.text;
    deflater->avail_in = (uInt)writer->buffer.length;
    do {
        deflater->next_out = bytes;
        deflater->avail_out = sizeof(bytes);
        must(deflate(deflater, flush) != Z_STREAM_ERROR);
        number = write_all(writer->file, (const char *)bytes,
                           sizeof(bytes) - deflater->avail_out);
    } while (number == 0 && deflater->avail_out == 0);
    return number;
}

void file_begin(struct file_writer *writer, const char *path, const char *what)
{
    *writer = (struct file_writer){.path = path,
                                   .what = what,
                                   .file = -1,
                                   .buffer = STR_INIT,
                                   .name = STR_INIT};
    if (is_stdout(path)) {
        writer->file = STDOUT_FILENO;
        writer->number = fflush(stdout) == 0 ? 0 : errno;
    } else {
        open_file(writer);
        begin_deflate(writer);
    }
}

void file_flush(struct file_writer *writer)
{
    if (writer->number == 0 && writer->deflater) {
        writer->number = write_deflated(writer, Z_NO_FLUSH);
    } else if (writer->number == 0) {
        writer->number = write_all(writer->file, writer->buffer.text,
                                   writer->buffer.length);
    }
    str_reset(&writer->buffer);
}

static void end_deflate(struct file_writer *writer)
{
    if (writer->deflater && writer->number == 0) {
        writer->number = write_deflated(writer, Z_FINISH);
    }
    if (writer->deflater) {
        (void)deflateEnd(writer->deflater);
        free(writer->deflater);
    }
}

void file_flush_when_long(struct file_writer *writer)
{
    if (writer->buffer.length >= FILE_BUFFER_MAX / 2) {
        file_flush(writer);
    }
}

static void note_failure(struct file_writer *writer, bool failed)
{
    if (failed && writer->number == 0) {
        writer->number = errno;
    }
}

bool file_end(struct file_writer *writer, struct errors *errors)
{
    const char *target = writer->real ? writer->real : writer->path;

    file_flush(writer);
    end_deflate(writer);
    if (writer->has_name && writer->number == 0) {
        note_failure(writer, fsync(writer->file) != 0);
    }
    if (writer->file >= 0 && !is_stdout(writer->path)) {
        note_failure(writer, close(writer->file) != 0);
    }
    if (writer->has_name && writer->number == 0) {
        note_failure(writer, rename(writer->name.text, target) != 0);
    }
    if (writer->has_name && writer->number != 0) {
        unlink(writer->name.text);
    }
    str_release(&writer->buffer);
    str_release(&writer->name);
    free(writer->real);
    /* A reader that has seen enough (squall ... | head) is no failure. */
    return writer->number == 0 ||
           (writer->number == EPIPE && is_stdout(writer->path)) ||
           cannot_write(errors, writer->path, writer->what, writer->number);
}
