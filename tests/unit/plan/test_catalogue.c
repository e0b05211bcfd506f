/* The catalogue: own profiles before shipped ones, folders, patterns, and what
 * a profile that says little, or nothing that can be read, looks like. */
#include "base/must.h"
#include "plan/catalogue.h"
#include "plan/library.h"
#include "reading.h"

#include <sys/stat.h>

static const char *const files[][2] = {
    {"broken.json", "{\"about\": "},
    {"clients/Alpha-1.json",
     "{\"about\": \"A.\", \"version\": \"1.2\", \"verified\": \"2026-11\","
     " \"source\": \"b\", \"load\": 5}"},
    {"clients/alpha-2.json", "{\"about\": 7}"},
    {"clients/twin.json", "{\"about\": \"Mine.\"}"},
    {"others/twin-b.json", "{}"},
    {"others/twin.json", "{}"},
    {"others/unlike.text", "not a profile"},
    {"others/.hidden.json", "{}"},
};

static int make_profiles(void **state)
{
    int status = enter_folder(state);
    mkdir("clients", 0700);
    mkdir("others", 0700);
    for (size_t i = 0; i < array_length(files); i++) {
        write_file(files[i][0], files[i][1]);
    }
    return status == 0 ? setenv("SQUALL_PROFILES", folder, 1) : status;
}

static int remove_profiles(void **state)
{
    for (size_t i = 0; i < array_length(files); i++) {
        unlink(files[i][0]);
    }
    rmdir("clients");
    rmdir("others");
    return leave_folder(state);
}

static void assert_names(const char *const *patterns, size_t count,
                         const char *wanted)
{
    struct catalogue catalogue;
    struct str names = STR_INIT;

    errors = (struct errors)ERRORS_INIT;
    assert_true(catalogue_read(&catalogue, patterns, count, &errors));
    for (size_t i = 0; i < catalogue.count; i++) {
        str_printf(&names, "%s%s", i > 0 ? " " : "",
                   catalogue.entries[i].name);
    }
    assert_string_equal(names.text, wanted);
    str_release(&names);
    catalogue_release(&catalogue);
}

static void patterns_pick_by_name(void **state)
{
    static const char *const folder_name[] = {"clients"};
    static const char *const part[] = {"ALPHA"};
    static const char *const glob[] = {"alpha-?"};
    static const char *const whole[] = {"*/twin"};
    static const char *const both[] = {"others", "clients/a*"};
    (void)state;
    assert_names(folder_name, 1,
                 "clients/Alpha-1 clients/alpha-2 clients/twin");
    assert_names(part, 1, "clients/Alpha-1 clients/alpha-2");
    assert_names(glob, 1, "clients/Alpha-1 clients/alpha-2");
    assert_names(whole, 1, "clients/twin others/twin");
    assert_names(both, 2,
                 "clients/Alpha-1 clients/alpha-2 others/twin "
                 "others/twin-b");
}

static void a_pattern_that_picks_nothing_is_an_error(void **state)
{
    static const char *const patterns[] = {"clients", "alpa-2", "xylophone"};
    struct catalogue catalogue;
    (void)state;

    errors = (struct errors)ERRORS_INIT;
    assert_false(catalogue_read(&catalogue, patterns, 3, &errors));
    assert_int_equal(catalogue.count, 3);
    assert_int_equal(errors.count, 2);
    assert_string_equal(errors.list[0].hint, "did you mean clients/alpha-2?");
    assert_non_null(strstr(errors.list[1].text, "xylophone"));
    assert_int_equal(errors_exit_status(&errors), 2);
    catalogue_release(&catalogue);
}

static void entries_say_what_they_can(void **state)
{
    static const char *const patterns[] = {"*"};
    struct catalogue catalogue;
    (void)state;

    errors = (struct errors)ERRORS_INIT;
    assert_true(catalogue_read(&catalogue, patterns, 1, &errors));
    assert_true(catalogue.count >= 5);
    const struct catalogue_entry *entries = catalogue.entries;
    assert_string_equal(entries[0].name, "broken");
    assert_null(entries[0].tree);
    assert_null(catalogue_text(&entries[0], "about"));
    assert_string_equal(catalogue_text(&entries[1], "version"), "1.2");
    assert_string_equal(catalogue_text(&entries[1], "verified"), "2026-11");
    assert_null(catalogue_text(&entries[2], "about"));
    assert_true(catalogue_begins_folder(&catalogue, 0));
    assert_true(catalogue_begins_folder(&catalogue, 1));
    assert_false(catalogue_begins_folder(&catalogue, 2));
    assert_true(catalogue_begins_folder(&catalogue, 4));

    cJSON *document = catalogue_document(&catalogue);
    const cJSON *item = cJSON_GetArrayItem(document, 1);
    assert_int_equal(cJSON_GetArraySize(document), catalogue.count);
    assert_int_equal(cJSON_GetArraySize(item), 6);
    assert_string_equal(
        cJSON_GetObjectItemCaseSensitive(item, "source")->valuestring, "b");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetArrayItem(document, 0)), 2);
    cJSON_Delete(document);
    catalogue_release(&catalogue);
}

/* By whole name, and by the last part where only one has it. */
static void own_profiles_are_found_in_folders(void **state)
{
    struct str path = STR_INIT;
    struct str wanted = STR_INIT;
    (void)state;

    errors = (struct errors)ERRORS_INIT;
    assert_true(library_find("clients/alpha-2", &path, &errors));
    str_printf(&wanted, "%s/clients/alpha-2.json", folder);
    assert_string_equal(path.text, wanted.text);
    assert_true(library_find("alpha-2", &path, &errors));
    assert_string_equal(path.text, wanted.text);
    assert_true(library_find("broken", &path, &errors));
    assert_false(library_find("twin", &path, &errors));
    assert_string_equal(errors.list[0].hint,
                        "write one of clients/twin, others/twin");
    assert_true(library_find("others/twin", &path, &errors));
    str_release(&path);
    str_release(&wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_pick_by_name),
        cmocka_unit_test(a_pattern_that_picks_nothing_is_an_error),
        cmocka_unit_test(entries_say_what_they_can),
        cmocka_unit_test(own_profiles_are_found_in_folders),
    };
    return cmocka_run_group_tests_name("plan/catalogue", tests, make_profiles,
                                       remove_profiles);
}
