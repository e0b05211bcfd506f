#include "base/gunzip.h"

#include "base/must.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { INPUT_SIZE = 64 * 1024 };

static ssize_t read_some(void *cookie, char *bytes, size_t size)
{
    gzFile file = cookie;
    int problem = Z_OK;
    unsigned wanted = size < INPUT_SIZE ? (unsigned)size : INPUT_SIZE;

    errno = 0;
    int count = gzread(file, bytes, wanted);
    if (count > 0) {
        return count;
    }
    (void)gzerror(file, &problem);
    if (problem == Z_OK || problem == Z_STREAM_END) {
        return 0;
    }
    if (problem != Z_ERRNO || errno == 0) {
        errno = EBADMSG;
    }
    return -1;
}

/* To its beginning, which is all that readers ask for. */
static int rewind_it(void *cookie, off64_t *offset, int whence)
{
    if (whence != SEEK_SET || *offset != 0 || gzrewind(cookie) != 0) {
        errno = ESPIPE;
        return -1;
    }
    return 0;
}

static int close_it(void *cookie)
{
    (void)gzclose_r(cookie);
    return 0;
}

FILE *gunzip_open(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return NULL;
    }
    gzFile file = gzdopen(descriptor, "rb");
    must(file);
    must(gzbuffer(file, INPUT_SIZE) == 0);
    FILE *stream = fopencookie(file, "rb",
                               (cookie_io_functions_t){.read = read_some,
                                                       .seek = rewind_it,
                                                       .close = close_it});
    must(stream);
    return stream;
}

const char *gunzip_problem(int number)
{
    return number == EBADMSG ? "its gzip data is damaged or cut"
                             : strerror(number);
}
