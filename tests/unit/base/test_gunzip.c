/* A compressed file is read as what it holds, a plain one as it is, and one
 * that is damaged or cut as far as it is good. */
#include "base/gunzip.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { SIZE = 300000 };

static char path[64];
static char text[SIZE], read_back[SIZE + 1];

static int make(void **state)
{
    (void)state;
    snprintf(path, sizeof(path), "/tmp/squall-gunzip-%ld", (long)getpid());
    for (size_t i = 0; i < SIZE; i++) {
        text[i] = (char)('a' + (i * i / 7) % 26);
    }
    return 0;
}

static int release(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_plain(const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_compressed(void)
{
    gzFile file = gzopen(path, "wb");
    assert_int_equal(gzwrite(file, text, SIZE), SIZE);
    assert_int_equal(gzclose(file), Z_OK);
}

/* How much could be read; *number: why not more, 0 at the end. */
static size_t read_all(FILE *stream, int *number)
{
    size_t count = fread(read_back, 1, sizeof(read_back), stream);
    *number = ferror(stream) ? errno : 0;
    return count;
}

static void hold_whole(void)
{
    int number;
    FILE *stream = gunzip_open(path);

    assert_non_null(stream);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(read_all(stream, &number), SIZE);
        assert_int_equal(number, 0);
        assert_memory_equal(read_back, text, SIZE);
        assert_int_equal(fseek(stream, 0, SEEK_SET), 0);
    }
    fclose(stream);
}

static void both_kinds_are_read(void **state)
{
    (void)state;
    write_plain(text, SIZE);
    hold_whole();
    write_compressed();
    hold_whole();
}

static void what_is_cut_is_read_as_far_as_it_goes(void **state)
{
    int number;

    (void)state;
    write_compressed();
    FILE *whole = fopen(path, "rb");
    size_t size = fread(read_back, 1, SIZE, whole);
    fclose(whole);
    assert_int_equal(truncate(path, (off_t)(size / 2)), 0);
    FILE *stream = gunzip_open(path);
    size_t count = read_all(stream, &number);
    assert_in_range(count, 1, SIZE - 1);
    assert_memory_equal(read_back, text, count);
    assert_int_equal(number, EBADMSG);
    assert_string_equal(gunzip_problem(number),
                        "its gzip data is damaged or cut");
    fclose(stream);
}

static void what_is_damaged_is_named(void **state)
{
    static const char bad[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03 this is no data";
    int number;

    (void)state;
    write_plain(bad, sizeof(bad));
    FILE *stream = gunzip_open(path);
    assert_int_equal(read_all(stream, &number), 0);
    assert_int_equal(number, EBADMSG);
    fclose(stream);
    write_plain("", 0);
    stream = gunzip_open(path);
    assert_int_equal(read_all(stream, &number), 0);
    assert_int_equal(number, 0);
    fclose(stream);
    assert_null(gunzip_open("/tmp/no/such/file"));
    assert_int_equal(errno, ENOENT);
    stream = gunzip_open("/tmp");
    assert_int_equal(read_all(stream, &number), 0);
    assert_int_equal(number, EISDIR);
    fclose(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds_are_read),
        cmocka_unit_test(what_is_cut_is_read_as_far_as_it_goes),
        cmocka_unit_test(what_is_damaged_is_named),
    };
    return cmocka_run_group_tests(tests, make, release);
}
