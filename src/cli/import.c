/* squall import: what other tools know of requests, as a profile. Here are the
 * files and the options; src/import reads. */
#include "import/format.h"

#include "base/gunzip.h"
#include "base/json.h"
#include "base/json_print.h"
#include "base/must.h"
#include "base/suggest.h"
#include "cli/invocation.h"
#include "cli/natural.h"
#include "cli/start.h"
#include "plan/merge.h"
#include "report/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCE_MAX = 1 << 30 };

/* What is asked for, and what comes of it. */
struct importing {
    const struct invocation *invocation;
    const struct import_format *format;
    size_t count; /* of the words after the format */
    const char *const *words;
    struct import import;
    struct errors errors;
    struct str text;     /* of the source */
    struct str arrivals; /* their file, as it was asked for */
    struct str named;    /* the same as the profile names it */
    cJSON *document;
};

/* -- the source -- */

static bool read_source(struct importing *importing, const char *path)
{
    char bytes[16384];
    size_t count;
    bool is_input = strcmp(path, "-") == 0;
    FILE *file = gunzip_open(is_input ? "/dev/stdin" : path);

    if (!file) {
        errors_add(&importing->errors, ERROR_NO_FILE, "cannot read %s: %s",
                   path, gunzip_problem(errno));
        return false;
    }
    errno = 0;
    while (importing->text.length <= SOURCE_MAX &&
           (count = fread(bytes, 1, sizeof(bytes), file)) > 0) {
        str_append_bytes(&importing->text, bytes, count);
    }
    int failure = ferror(file) ? errno : 0;
    fclose(file);
    if (failure || importing->text.length > SOURCE_MAX) {
        errors_add(&importing->errors, ERROR_NO_FILE, "cannot read %s: %s",
                   path,
                   failure ? gunzip_problem(failure) : "larger than 1 GiB");
        return false;
    }
    return true;
}

static bool lacks_source(struct importing *importing)
{
    struct error *error =
        errors_add(&importing->errors, ERROR_USAGE,
                   importing->count == 0 ? "squall import %s needs a source"
                                         : "squall import %s takes one source",
                   importing->format->name);
    error_hint(error, "%s", importing->format->sentence);
    return false;
}

/* The words of a command line, as they are or in one. */
static bool read_words(struct importing *importing)
{
    struct import *import = &importing->import;
    bool is_curl = importing->format->read == import_curl;

    for (size_t i = 0; i < importing->count; i++) {
        const char *word = importing->words[i];
        if (import_has_mark(word, strlen(word))) {
            import_refuse_mark(import);
            return false;
        }
    }
    if (is_curl && importing->count > 1) {
        return import_curl_words(import, importing->words, importing->count);
    }
    if (importing->count != 1) {
        return lacks_source(importing);
    }
    if (is_curl && strcmp(importing->words[0], "-") == 0) {
        if (!read_source(importing, "-")) {
            return false;
        }
    } else {
        struct arena arena = ARENA_INIT;
        str_append(&importing->text,
                   is_curl ? importing->words[0]
                           : natural_url(&arena, importing->words[0]));
        arena_release(&arena);
    }
    return import_read(import, importing->format, importing->text.text,
                       importing->text.length);
}

static bool read_all(struct importing *importing)
{
    struct import *import = &importing->import;

    if (importing->format->input == IMPORT_WORDS) {
        import_init(import, importing->format->name, &importing->errors);
        return read_words(importing);
    }
    import_init(import, importing->count ? importing->words[0] : "",
                &importing->errors);
    if (importing->count != 1) {
        return lacks_source(importing);
    }
    return read_source(importing, importing->words[0]) &&
           import_read(import, importing->format, importing->text.text,
                       importing->text.length);
}

/* -- files beside the profile -- */

/* The folder of a path, with its slash; "": the current one. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

static bool is_same_folder(const char *path, const char *other)
{
    size_t length = folder_length(path);
    return length == folder_length(other) && memcmp(path, other, length) == 0;
}

/* The path from wherever it is read. */
static void append_absolute(struct str *out, const char *path)
{
    char here[PATH_MAX];

    if (path[0] != '/' && realpath(".", here)) {
        str_printf(out, "%s/", here);
    }
    str_append(out, path);
}

static const char *profile_path(const struct importing *importing)
{
    const char *path = importing->invocation->profile_file;
    return path && strcmp(path, "-") != 0 ? path : NULL;
}

/* Where the times go, if they are kept. A log is nothing without them. */
static bool choose_recording(struct importing *importing)
{
    const char *given = importing->invocation->arrivals_file;
    const char *profile = profile_path(importing);
    struct import *import = &importing->import;
    bool is_timed = importing->format->is_timed;

    if (import->arrival_count == 0) {
        if (given) {
            errors_add(&importing->errors, ERROR_USAGE,
                       "--arrivals: there are no times in %s", import->name);
        }
        return given == NULL;
    }
    if (given) {
        str_append(&importing->arrivals, given);
    } else if (is_timed && profile) {
        size_t length = strlen(profile);
        bool ends = length > 5 && strcmp(profile + length - 5, ".json") == 0;
        str_append_bytes(&importing->arrivals, profile,
                         length - (ends ? 5 : 0));
        str_append(&importing->arrivals, ".arrivals");
    } else if (is_timed) {
        struct error *error =
            errors_add(&importing->errors, ERROR_USAGE,
                       "the times of %s have no file to go to", import->name);
        error_hint(error, "write -o FILE.json, or --arrivals FILE");
        return false;
    } else {
        import_remark(import, import->name,
                      "the order of the requests and the times between them "
                      "are not kept: --arrivals FILE keeps them");
        return true;
    }
    const char *path = importing->arrivals.text;
    if (profile && is_same_folder(path, profile)) {
        str_append(&importing->named, path + folder_length(path));
    } else {
        append_absolute(&importing->named, path);
    }
    return true;
}

/* Files of a profile are looked for where the profile is: those that lie
 * elsewhere are named from the root. */
static void rebase(const struct importing *importing, cJSON *object,
                   const char *name)
{
    cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    struct str path = STR_INIT;

    if (cJSON_IsString(item) && profile_path(importing) &&
        folder_length(profile_path(importing)) > 0 &&
        strcmp(item->valuestring, "-") != 0) {
        append_absolute(&path, item->valuestring);
        cJSON_ReplaceItemInObjectCaseSensitive(object, name,
                                               cJSON_CreateString(path.text));
    }
    str_release(&path);
}

static void rebase_all(const struct importing *importing)
{
    static const char *const files[] = {"ca", "cert", "key"};
    cJSON *target = json_get(importing->document, "target");
    cJSON *request;

    for (size_t i = 0; i < array_length(files); i++) {
        rebase(importing, json_get(target, "tls"), files[i]);
    }
    rebase(importing, target, "unix_socket");
    cJSON_ArrayForEach(request, json_get(importing->document, "requests"))
    {
        rebase(importing, request, "body_file");
    }
}

/* -- options -- */

/* What options say, merged over the document; of squall run, or our own. */
static bool merge_options(struct importing *importing,
                          const struct plan_input *input)
{
    struct sources sources = SOURCES_INIT;
    struct overrides overrides = {0};
    struct arena arena = ARENA_INIT;
    cJSON *tree =
        merge_input(input, &sources, &overrides, &arena, &importing->errors);

    if (tree) {
        /* Those that a run is given where it has none. */
        cJSON_DeleteItemFromObjectCaseSensitive(tree, "ledger");
        cJSON_DeleteItemFromObjectCaseSensitive(tree, "requests");
        json_merge(&importing->document, tree);
    }
    cJSON_Delete(tree);
    sources_release(&sources);
    arena_release(&arena);
    return tree != NULL;
}

/* The options that curl and squall run share, read by the table of run. */
static bool apply_settings(struct importing *importing)
{
    const cJSON *settings = importing->import.settings;
    int count = cJSON_GetArraySize(settings);
    const char **words = calloc((size_t)count + 2, sizeof(*words));
    struct invocation invocation;
    const cJSON *word;
    int argc = 2;

    must(words);
    words[0] = "squall";
    words[1] = "run";
    cJSON_ArrayForEach(word, settings)
    {
        words[argc++] = word->valuestring;
    }
    bool good = invocation_parse(&invocation, &commands[COMMAND_run], argc,
                                 words, 2, &importing->errors) &&
                merge_options(importing, &invocation.input);
    invocation_release(&invocation);
    free(words);
    return good;
}

/* -- the result -- */

static bool write_file(struct importing *importing, const char *path,
                       const char *what, const struct str *text)
{
    struct file_writer writer;

    file_begin(&writer, path, what);
    str_append_bytes(&writer.buffer, text->text, text->length);
    return file_end(&writer, &importing->errors);
}

static bool write_all(struct importing *importing)
{
    const char *profile = importing->invocation->profile_file;
    struct str text = STR_INIT;
    bool good = true;

    if (importing->arrivals.length > 0) {
        import_recording(&importing->import, &text);
        good = write_file(importing, importing->arrivals.text,
                          "the file of arrivals", &text);
    }
    str_reset(&text);
    json_print(&text, importing->document, false);
    str_append(&text, "\n");
    good = good && write_file(importing, profile ? profile : "-",
                              "the profile", &text);
    str_release(&text);
    return good;
}

/* A place is a line of the file, a place in it, or the whole. */
static void print_remarks(const struct importing *importing)
{
    const struct import *import = &importing->import;

    for (size_t i = 0; i < import->remark_count; i++) {
        const struct import_remark *remark = &import->remarks[i];
        bool is_line = remark->place[0] >= '0' && remark->place[0] <= '9';
        bool is_whole = strcmp(remark->place, import->name) == 0;
        start_note(importing->invocation, "%s%s%s: %s", import->name,
                   is_whole  ? ""
                   : is_line ? ":"
                             : ": ",
                   is_whole ? "" : remark->place, remark->text);
    }
    if (import->remarks_left_out > 0) {
        start_note(importing->invocation, "%s: and %zu more remarks",
                   import->name, import->remarks_left_out);
    }
}

static bool import_it(struct importing *importing)
{
    return read_all(importing) && choose_recording(importing) &&
           import_finish(&importing->import,
                         importing->named.length ? importing->named.text
                                                 : NULL,
                         &importing->document) &&
           apply_settings(importing) &&
           merge_options(importing, &importing->invocation->input) &&
           (rebase_all(importing), write_all(importing));
}

static void hint_formats(struct error *error)
{
    struct str names = STR_INIT;

    for (size_t i = 0; i < import_format_count; i++) {
        str_printf(&names, "%s%s",
                   i == 0                         ? ""
                   : i == import_format_count - 1 ? " or "
                                                  : ", ",
                   import_formats[i].name);
    }
    error_hint(error, "the format is %s", names.text);
    str_release(&names);
}

static bool find_format(struct importing *importing)
{
    const struct words *words = &importing->invocation->words;
    struct suggestion suggestion;

    if (words->count == 0) {
        hint_formats(errors_add(&importing->errors, ERROR_USAGE,
                                "squall import needs a format and a source"));
        return false;
    }
    importing->format = import_format_find(words->items[0]);
    if (!importing->format) {
        struct error *error =
            errors_add(&importing->errors, ERROR_USAGE,
                       "squall import knows no \"%s\"", words->items[0]);
        suggest_init(&suggestion, words->items[0]);
        for (size_t i = 0; i < import_format_count; i++) {
            suggest_offer(&suggestion, import_formats[i].name);
        }
        if (suggestion.best) {
            error_hint(error, "did you mean %s?", suggestion.best);
        } else {
            hint_formats(error);
        }
        return false;
    }
    importing->count = words->count - 1;
    importing->words = words->items + 1;
    return true;
}

int command_import(const struct invocation *invocation)
{
    struct importing importing = {.invocation = invocation,
                                  .errors = ERRORS_INIT,
                                  .text = STR_INIT,
                                  .arrivals = STR_INIT,
                                  .named = STR_INIT};
    int status = 0;

    if (!find_format(&importing)) {
        errors_print(&importing.errors, stderr);
        return errors_exit_status(&importing.errors);
    }
    bool good = import_it(&importing);
    print_remarks(&importing);
    if (!good) {
        errors_print(&importing.errors, stderr);
        status = errors_exit_status(&importing.errors);
    }
    cJSON_Delete(importing.document);
    import_release(&importing.import);
    str_release(&importing.text);
    str_release(&importing.arrivals);
    str_release(&importing.named);
    return status;
}
