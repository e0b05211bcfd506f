/* An output is written whole or not at all, and says why not; no two are one
 * file; and what could not be written is in what is written afterwards. */
#include "report/outputs.h"

#include "base/gunzip.h"
#include "base/must.h"

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
    snprintf(folder, sizeof(folder),
             "/tmp/squall-write-"
             "XX"
             "XX"
             "XX");
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
    FILE *file = gunzip_open(path);
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

static bool can_write(const char *path, struct errors *errors)
{
    struct outputs outputs = {0};
    outputs_add(&outputs, WRITER_json, path);
    return outputs_check(&outputs, errors);
}

static bool write_to(const char *path, struct errors *errors)
{
    struct outputs outputs = {0};
    outputs_add(&outputs, WRITER_json, path);
    return outputs_write(&outputs, document, NULL, errors);
}

static void writes_and_replaces(void **state)
{
    struct errors errors = ERRORS_INIT;
    const char *path = in_folder("report.json");
    (void)state;

    assert_true(can_write(path, &errors));
    assert_int_equal(entries_in_folder(), 0);
    assert_true(write_to(path, &errors));
    assert_holds_answer(path);
    assert_true(write_to(path, &errors));
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
    assert_true(write_to(path, &errors));
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_holds_answer(real);
    unlink(path);
    unlink(real);
}

static void assert_refused(const char *path, const char *text)
{
    struct errors errors = ERRORS_INIT;
    assert_false(write_to(path, &errors));
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors.list[0].code, ERROR_NO_REPORT);
    assert_string_equal(errors.list[0].file, path);
    assert_non_null(strstr(errors.list[0].text, text));
    assert_int_equal(errors_exit_status(&errors), 3);
}

static void assert_refused_before(const char *path, const char *text)
{
    struct errors errors = ERRORS_INIT;
    assert_false(can_write(path, &errors));
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

static void compresses_by_name(void **state)
{
    struct errors errors = ERRORS_INIT;
    const char *path = in_folder("report.json.gz");
    unsigned char head[10];
    (void)state;

    assert_true(write_to(path, &errors));
    assert_holds_answer(path);
    FILE *file = fopen(path, "rb");
    assert_int_equal(fread(head, 1, sizeof(head), file), sizeof(head));
    fclose(file);
    /* Of gzip, without a name and a time. */
    assert_memory_equal(head, "\x1f\x8b\x08\0\0\0\0\0", 8);
    assert_refused(in_folder("none/a.gz"), "No such file");
    assert_int_equal(symlink("/dev/full", in_folder("full.gz")), 0);
    assert_refused(in_folder("full.gz"), "No space left");
    unlink(in_folder("full.gz"));
    unlink(in_folder("report.json.gz"));
}

static void writes_devices_in_place(void **state)
{
    struct errors errors = ERRORS_INIT;
    struct stat status;
    (void)state;
    assert_true(can_write("/dev/null", &errors));
    assert_true(write_to("/dev/null", &errors));
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
    assert_true(write_to(path, &errors));
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
    assert_true(write_to(path, &errors));
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
    bool written = write_to("-", &errors);
    dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
    bool overfilled = write_to("-", &errors);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(file);
    assert_true(written);
    assert_holds_answer(path);
    assert_false(overfilled);
    assert_string_equal(errors.list[0].file, "standard output");
    unlink(path);
}

static void assert_usage(const struct outputs *outputs, const char *text)
{
    struct errors errors = ERRORS_INIT;
    assert_false(outputs_check(outputs, &errors));
    assert_int_equal(errors.list[0].code, ERROR_USAGE);
    assert_non_null(strstr(errors.list[0].text, text));
    assert_int_equal(entries_in_folder(), 0);
}

static void refuses_two_in_one_place(void **state)
{
    char file[128], same[200], input[128];
    (void)state;
    snprintf(file, sizeof(file), "%s", in_folder("file"));
    snprintf(input, sizeof(input), "%s", in_folder("input"));
    snprintf(same, sizeof(same), "%s/./file", folder);
    for (size_t one = 0; one < WRITER_COUNT; one++) {
        for (size_t other = 0; other < WRITER_COUNT; other++) {
            struct outputs outputs = {0};
            outputs_add(&outputs, (enum writer_id)one, file);
            outputs_add(&outputs, (enum writer_id)other, same);
            assert_usage(&outputs, "two files at once");
        }
        struct outputs outputs = {.input = input};
        struct errors errors = ERRORS_INIT;
        outputs_add(&outputs, (enum writer_id)one, input);
        assert_int_equal(outputs_check(&outputs, &errors),
                         one == WRITER_dead_letters);
    }
}

static void standard_output_takes_one(void **state)
{
    (void)state;
    for (size_t id = 0; id < WRITER_COUNT; id++) {
        struct outputs outputs = {0};
        outputs_add(&outputs, (enum writer_id)id, "-");
        if (writers[id].needs == WRITER_NEEDS_DOCUMENT) {
            struct errors errors = ERRORS_INIT;
            assert_true(outputs_check(&outputs, &errors));
        } else {
            assert_usage(&outputs, "standard output is the report's");
        }
        outputs_add(&outputs, (enum writer_id)id, "-");
        assert_int_equal(outputs.count, 1); /* the same twice is once */
        assert_ptr_equal(outputs_on_stdout(&outputs), &outputs.items[0]);
        outputs_add(&outputs, (enum writer_id)((id + 1) % WRITER_COUNT), "-");
        assert_usage(&outputs, "standard output is to be two files");
    }
}

static void knows_who_needs_the_journal(void **state)
{
    static const bool of_run[] = {false, true, true};
    static const bool of_replay[] = {false, true, false};
    (void)state;
    for (size_t id = 0; id < WRITER_COUNT; id++) {
        struct outputs outputs = {0};
        enum writer_needs needs = writers[id].needs;
        outputs_add(&outputs, WRITER_json, "a");
        outputs_add(&outputs, (enum writer_id)id, "b");
        assert_int_equal(outputs_with_journal(&outputs, false) != NULL,
                         of_run[needs]);
        assert_int_equal(outputs_with_journal(&outputs, true) != NULL,
                         of_replay[needs]);
        assert_false((writers[id].documents & ~(unsigned)OF_RUN) &&
                     needs != WRITER_NEEDS_DOCUMENT);
    }
}

static cJSON *make_report(const char *schema)
{
    cJSON *report = cJSON_CreateObject();
    cJSON_AddStringToObject(report, "schema", schema);
    cJSON *run = cJSON_AddObjectToObject(report, "run");
    cJSON_AddNumberToObject(run, "exit", 0);
    cJSON_AddNullToObject(run, "problem");
    return report;
}

static const cJSON *exit_of(const cJSON *report)
{
    return cJSON_GetObjectItem(cJSON_GetObjectItem(report, "run"), "exit");
}

/* JUnit is written before JSON, which so says that it could not be. */
static void later_outputs_say_what_failed(void **state)
{
    struct writer_run run = {0};
    (void)state;
    for (int is_saved = 0; is_saved < 2; is_saved++) {
        struct errors errors = ERRORS_INIT;
        cJSON *report = make_report("squall.report/1");
        struct outputs outputs = {0};
        char text[400] = "";
        outputs_add(&outputs, WRITER_json, in_folder("report"));
        outputs_add(&outputs, WRITER_junit, "/dev/full");
        assert_false(
            outputs_write(&outputs, report, is_saved ? NULL : &run, &errors));
        assert_int_equal(errors.count, 1);
        FILE *file = fopen(in_folder("report"), "r");
        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        fclose(file);
        /* That of a saved report is as it was. */
        assert_int_equal(exit_of(report)->valueint, is_saved ? 0 : 3);
        assert_int_equal(strstr(text, "cannot write the JUnit") == NULL,
                         is_saved);
        cJSON_Delete(report);
        unlink(in_folder("report"));
    }
}

static void takes_what_squall_has_written(void **state)
{
    static const struct {
        const char *schema;
        bool is_taken;
    } rows[] = {{"squall.report/1", true},
                {"squall.audit/1", true},
                {"squall.trace/1", false},
                {"", false}};
    (void)state;
    for (size_t i = 0; i < array_length(rows); i++) {
        struct errors errors = ERRORS_INIT;
        struct outputs outputs = {0};
        cJSON *report = make_report(rows[i].schema);
        outputs_add(&outputs, WRITER_json, "-");
        assert_int_equal(outputs_take(&outputs, report, &errors),
                         rows[i].is_taken);
        assert_int_equal(errors.count == 0, rows[i].is_taken);
        cJSON_Delete(report);
    }
    struct errors errors = ERRORS_INIT;
    struct outputs outputs = {0};
    cJSON *report = make_report("squall.audit/1");
    outputs_add(&outputs, WRITER_events, "file");
    assert_false(outputs_take(&outputs, report, &errors));
    cJSON_Delete(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_two_in_one_place),
        cmocka_unit_test(standard_output_takes_one),
        cmocka_unit_test(knows_who_needs_the_journal),
        cmocka_unit_test(later_outputs_say_what_failed),
        cmocka_unit_test(takes_what_squall_has_written),
        cmocka_unit_test(writes_and_replaces),
        cmocka_unit_test(compresses_by_name),
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
