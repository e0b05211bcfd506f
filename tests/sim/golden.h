/* golden: texts that a person can read, held against files in
 * tests/sim/traces. After a wanted change `make golden` writes them anew, and
 * the difference is read like code. Include after cmocka. */
#ifndef SQUALL_TESTS_SIM_GOLDEN_H
#define SQUALL_TESTS_SIM_GOLDEN_H

#include "base/instant.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Milliseconds with as many decimals as they need. */
static inline void golden_print_ms(struct str *out, int64_t ns)
{
    char text[48];
    snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64, ns / NS_PER_MS,
             ns % NS_PER_MS);
    size_t length = strlen(text);
    while (text[length - 1] == '0') {
        length--;
    }
    if (text[length - 1] == '.') {
        length--;
    }
    str_append_bytes(out, text, length);
    str_append(out, length == 1 && text[0] == '0' ? "" : "ms");
}

static inline char *golden_read(const char *path)
{
    struct str text = STR_INIT;
    FILE *file = fopen(path, "r");
    if (file) {
        char buffer[4096];
        size_t got;
        while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0) {
            str_append_bytes(&text, buffer, got);
        }
        fclose(file);
    }
    return str_detach(&text);
}

/* Whether files are written instead of held. */
static inline int golden_is_written(void)
{
    const char *golden = getenv("SQUALL_GOLDEN");
    return golden && strcmp(golden, "write") == 0;
}

static inline void golden_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* Fails the test when the text is not that of traces/NAME.txt. */
static inline void golden_hold(const char *name, const char *text, int seed)
{
    char path[200];
    snprintf(path, sizeof(path), "tests/sim/traces/%s.txt", name);
    if (golden_is_written()) {
        golden_write(path, text);
    }
    char *expected = golden_read(path);
    if (strcmp(expected, text) != 0) {
        print_error("seed %d, %s expected:\n%s\ngot:\n%s\n", seed, path,
                    expected, text);
        fail();
    }
    free(expected);
}

#endif
