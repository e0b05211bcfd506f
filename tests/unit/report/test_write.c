/* A report is written whole or not at all, and says why not. */
#include "report/document.h"

#include "report/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static cJSON *document;

static int make(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/squall-write-" "XX" "XX" "XX");
    document = cJSON_CreateObject();
    cJSON_AddNumberToObject(document, "answer", 42);
    return mkdtemp(folder) ? 0 : -1;
}

static int release(void **state)
{
    (void)state;
    cJSON_Delete(document);
    return rmdir(folder);
}

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void assert_holds_answer(const char *path)
{
    char text[100] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    cJSON *read = cJSON_Parse(text);
    assert_true(cJSON_Compare(read, document, true));
    cJSON_Delete(read);
}

static int entries_in_folder(void)
{
    int count = 0;
    DIR *open = opendir(folder);
    while (readdir(open)) {
        count++;
    }
    closedir(open);
    return count - 2;
}

static void writes_and_replaces(void **state)
{
    struct errors errors = ERRORS_INIT;
    const char *path = in_folder("report.json");
    (void)state;

    assert_true(document_can_write(path, &errors));
    assert_int_equal(entries_in_folder(), 0);
    assert_true(document_write(document, path, &errors));
    assert_holds_answer(path);
    assert_true(document_write(document, path, &errors));
    assert_holds_answer(path);
    assert_int_equal(entries_in_folder(), 1);
    assert_int_equal(errors.count, 0);
    unlink(path);
}

static void follows_links(void **state)
{
    struct errors errors = ERRORS_INIT;
    char real[128];
    struct stat status;
    (void)state;

    snprintf(real, sizeof(real), "%s", in_folder("real"));
    close(open(real, O_WRONLY | O_CREAT, 0600));
    const char *path = in_folder("link");
    assert_int_equal(symlink("real", path), 0);
    assert_true(document_write(document, path, &errors));
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_holds_answer(real);
    unlink(path);
    unlink(real);
}

static void assert_refused(const char *path, const char *text)
{
    struct errors errors = ERRORS_INIT;
    assert_false(document_write(document, path, &errors));
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors.list[0].code, ERROR_NO_REPORT);
    assert_string_equal(errors.list[0].file, path);
    assert_non_null(strstr(errors.list[0].text, text));
    assert_int_equal(errors_exit_status(&errors), 3);
}

static void assert_refused_before(const char *path, const char *text)
{
    struct errors errors = ERRORS_INIT;
    assert_false(document_can_write(path, &errors));
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors.list[0].code, ERROR_NO_REPORT);
    assert_non_null(strstr(errors.list[0].text, text));
}

static void says_why_not(void **state)
{
    (void)state;
    assert_refused("/dev/full", "No space left");
    assert_refused(in_folder("none/report.json"), "No such file");
    assert_refused_before(in_folder("none/report.json"), "No such file");
    assert_refused(folder, "Is a directory");
    assert_refused_before(folder, "Is a directory");
    assert_refused_before("", "No such file");
    assert_int_equal(entries_in_folder(), 0);
}

static void writes_devices_in_place(void **state)
{
    struct errors errors = ERRORS_INIT;
    struct stat status;
    (void)state;
    assert_true(document_can_write("/dev/null", &errors));
    assert_true(document_write(document, "/dev/null", &errors));
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
}

static void does_not_wait_for_a_reader(void **state)
{
    (void)state;
    const char *path = in_folder("pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(path, "No such device");
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    struct errors errors = ERRORS_INIT;
    assert_true(document_write(document, path, &errors));
    char text[100] = "";
    assert_true(read(reader, text, sizeof(text) - 1) > 0);
    assert_non_null(strstr(text, "42"));
    close(reader);
    unlink(path);
}

static void keeps_who_may_read_it(void **state)
{
    (void)state;
    struct errors errors = ERRORS_INIT;
    struct stat status;
    const char *path = in_folder("private");
    close(open(path, O_WRONLY | O_CREAT, 0600));
    assert_true(document_write(document, path, &errors));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    unlink(path);
}

static void tells_one_file_from_two(void **state)
{
    (void)state;
    char first[128], second[200], link_to[128];
    snprintf(first, sizeof(first), "%s/a", folder);
    snprintf(second, sizeof(second), "%s/../%s/a", folder,
             strrchr(folder, '/') + 1);
    snprintf(link_to, sizeof(link_to), "%s/b", folder);
    assert_true(file_is_same(first, second)); /* neither is there */
    assert_false(file_is_same(first, link_to));
    assert_false(file_is_same(first, NULL));
    close(open(first, O_WRONLY | O_CREAT, 0600));
    assert_true(file_is_same(first, second));
    assert_false(file_is_same(first, link_to));
    assert_int_equal(symlink(first, link_to), 0);
    assert_true(file_is_same(first, link_to));
    assert_false(file_is_same("/dev/null", "/dev/null"));
    assert_false(file_is_same("-", "-"));
    unlink(first);
    unlink(link_to);
}

/* Standard output is put aside for the while. */
static void writes_standard_output(void **state)
{
    struct errors errors = ERRORS_INIT;
    const char *path = in_folder("stdout");
    (void)state;

    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, STDOUT_FILENO);
    bool written = document_write(document, "-", &errors);
    dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
    bool overfilled = document_write(document, "-", &errors);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(file);
    assert_true(written);
    assert_holds_answer(path);
    assert_false(overfilled);
    assert_string_equal(errors.list[0].file, "standard output");
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_replaces),
        cmocka_unit_test(follows_links),
        cmocka_unit_test(says_why_not),
        cmocka_unit_test(writes_devices_in_place),
        cmocka_unit_test(does_not_wait_for_a_reader),
        cmocka_unit_test(keeps_who_may_read_it),
        cmocka_unit_test(tells_one_file_from_two),
        cmocka_unit_test(writes_standard_output),
    };
    return cmocka_run_group_tests(tests, make, release);
}
