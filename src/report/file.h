/*
 * file: what squall writes for people to keep: whole, or not at all.
 *
 * A file is written beside its path under another name and renamed when it is
 * whole; a device or a pipe is written in place; "-" is standard output. What
 * has a name that ends with ".gz" is compressed, as gzip does it.
 * Errors name what it is ("the report") and the path.
 */
#ifndef SQUALL_REPORT_FILE_H
#define SQUALL_REPORT_FILE_H

#include "base/error.h"
#include "base/str.h"

#include <stdbool.h>

struct z_stream_s; /* zlib.h */

struct file_writer {
    const char *what; /* borrowed, as the next */
    const char *path;
    struct str buffer; /* to be appended to; flushed when it is long */
    int file;
    int number;                  /* the first errno, 0: none */
    bool has_name;               /* a temporary file is to be renamed */
    struct str name;             /* of it */
    char *real;                  /* what it becomes */
    struct z_stream_s *deflater; /* NULL: it is not compressed */
};

/* True when it could be written to `path` now; to be asked before a run. */
bool file_can_write(const char *path, const char *what, struct errors *errors);

/* Whether two paths name one file, be it there or not; not "-", nor a device
 * or a pipe, which may well take two. NULL is no file. */
bool file_is_same(const char *path, const char *other);

/* Begins, flushes what is in the buffer (at the latest when it holds
 * FILE_BUFFER_MAX bytes), ends. What goes wrong is kept until the end, which
 * returns false after adding an error; then nothing is left behind. */
enum { FILE_BUFFER_MAX = 256 * 1024 };

void file_begin(struct file_writer *writer, const char *path,
                const char *what);
void file_flush(struct file_writer *writer);
void file_flush_when_long(struct file_writer *writer);
bool file_end(struct file_writer *writer, struct errors *errors);

#endif
