/*
 * Fuzz entry: whatever a text of another tool says, it becomes a profile that
 * squall accepts, or is refused with an error. The first byte chooses the
 * format: the first letter of its name.
 */
#include "base/json_print.h"
#include "base/must.h"
#include "import/format.h"
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int file_of(const struct str *text, char *name, size_t name_size)
{
    int file = memfd_create("import", 0);
    must(file >= 0);
    must(write(file, text->text, text->length) == (ssize_t)text->length);
    snprintf(name, name_size, "/proc/self/fd/%d", file);
    return file;
}

/* Every variable that the profile names has a value. */
static void set_variables(const char *text)
{
    while ((text = strstr(text, "${env:"))) {
        char name[300];
        text += 6;
        size_t length = strcspn(text, "}\"");
        if (length > 0 && length < sizeof(name) && text[length] == '}' &&
            !memchr(text, '=', length)) {
            snprintf(name, sizeof(name), "%.*s", (int)length, text);
            setenv(name, "value", 1);
        }
    }
}

/* Only files that are not there may be missed. */
static void check_profile(struct import *import, const char *arrivals)
{
    struct errors errors = ERRORS_INIT;
    struct str text = STR_INIT;
    char name[64];
    const char *const profile = name;
    struct plan_input input = {.profile_count = 1,
                               .profiles = &profile,
                               .url = import->origin ? NULL : "http://h/"};
    cJSON *document;

    if (!import_finish(import, import->arrival_count ? arrivals : NULL,
                       &document)) {
        must(import->errors->count > 0);
        return;
    }
    json_print(&text, document, false);
    set_variables(text.text);
    int file = file_of(&text, name, sizeof(name));
    struct plan *plan = plan_read(&input, &errors);
    for (size_t i = 0; i < errors.count; i++) {
        if (errors.list[i].code != ERROR_NO_FILE) {
            errors_print(&errors, stderr);
            fputs(text.text, stderr);
            abort();
        }
    }
    must(plan || errors.count > 0);
    plan_free(plan);
    close(file);
    str_release(&text);
    cJSON_Delete(document);
}

/* The file of arrivals is written when the requests have their names. */
static void check_recording(struct import *import)
{
    struct str text = STR_INIT;
    char name[64];

    str_append(&text, "# to be written\n");
    int file = file_of(&text, name, sizeof(name));
    cJSON *document;
    if (import->arrival_count > 0 && import_finish(import, name, &document)) {
        struct errors errors = ERRORS_INIT;
        struct str profile = STR_INIT;
        char profile_name[64];
        const char *const profiles[] = {profile_name};
        struct plan_input input = {.profile_count = 1,
                                   .profiles = profiles,
                                   .url = import->origin ? NULL : "http://h"};
        str_reset(&text);
        import_recording(import, &text);
        must(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
        must(write(file, text.text, text.length) == (ssize_t)text.length);
        json_print(&profile, document, false);
        set_variables(profile.text);
        int other = file_of(&profile, profile_name, sizeof(profile_name));
        struct plan *plan = plan_read(&input, &errors);
        if (!plan && errors.list[0].code != ERROR_NO_FILE &&
            !strstr(errors.list[0].text, "720 h")) {
            errors_print(&errors, stderr);
            fputs(text.text, stderr);
            abort();
        }
        plan_free(plan);
        close(other);
        str_release(&profile);
        cJSON_Delete(document);
    }
    close(file);
    str_release(&text);
}

static const struct import_format *format_of(uint8_t byte)
{
    for (size_t i = 0; i < import_format_count; i++) {
        if ((uint8_t)import_formats[i].name[0] == byte) {
            return &import_formats[i];
        }
    }
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct import_format *format = size > 0 ? format_of(data[0]) : NULL;
    struct errors errors = ERRORS_INIT;
    struct import import;

    for (int recorded = 0; format && recorded < 2; recorded++) {
        struct str text = STR_INIT;
        str_append_bytes(&text, data + 1, size - 1);
        import_init(&import, "source", &errors);
        bool good = import_read(&import, format, text.text, text.length);
        must(good || errors.count > 0);
        if (good && !recorded) {
            check_profile(&import, "/nowhere");
        } else if (good) {
            check_recording(&import);
        }
        import_release(&import);
        str_release(&text);
    }
    return 0;
}
