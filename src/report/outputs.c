#include "report/outputs.h"

#include "base/must.h"
#include "report/text_audit.h"

#include <string.h>

enum { FILE_WIDTH = 80 };

const struct writer writers[WRITER_COUNT] = {
#define WRITER(id, letter, option, needs, documents, what, sentence, since) \
    {WRITER_##id, option, what, WRITER_NEEDS_##needs, documents, write_##id},
#include "report/writer.def"
#undef WRITER
};

static bool is_stdout(const struct output *output)
{
    return strcmp(output->path, "-") == 0;
}

void outputs_add(struct outputs *outputs, enum writer_id id, const char *path)
{
    const struct writer *writer = &writers[id];

    for (size_t i = 0; i < outputs->count; i++) {
        if (outputs->items[i].writer == writer &&
            strcmp(outputs->items[i].path, path) == 0) {
            return;
        }
    }
    must(outputs->count < OUTPUTS_MAX);
    outputs->items[outputs->count++] = (struct output){writer, path};
}

const struct output *outputs_on_stdout(const struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++) {
        if (is_stdout(&outputs->items[i])) {
            return &outputs->items[i];
        }
    }
    return NULL;
}

const struct output *outputs_with_journal(const struct outputs *outputs,
                                          bool is_replay)
{
    for (size_t i = 0; i < outputs->count; i++) {
        enum writer_needs needs = outputs->items[i].writer->needs;
        if (needs == WRITER_NEEDS_OPERATIONS ||
            (needs == WRITER_NEEDS_DEAD_LETTERS && !is_replay)) {
            return &outputs->items[i];
        }
    }
    return NULL;
}

static bool is_one_file(const struct output *one, const struct output *other)
{
    return file_is_same(one->path, other->path) ||
           (is_stdout(one) && is_stdout(other));
}

/* Whether something else is there or is to be there. */
static bool is_taken(const struct outputs *outputs, size_t index)
{
    const struct output *output = &outputs->items[index];

    for (size_t i = 0; i < index; i++) {
        if (is_one_file(output, &outputs->items[i])) {
            return true;
        }
    }
    return output->writer->needs != WRITER_NEEDS_DEAD_LETTERS &&
           file_is_same(output->path, outputs->input);
}

static void check_output(const struct output *output, struct errors *errors)
{
    const struct writer *writer = output->writer;

    if (is_stdout(output) && writer->needs != WRITER_NEEDS_DOCUMENT) {
        struct error *error = errors_add(
            errors, ERROR_USAGE, "--%s: standard output is the report's",
            writer->option);
        error_hint(error, "name a file");
        return;
    }
    (void)file_can_write(output->path, writer->what, errors);
}

bool outputs_check(const struct outputs *outputs, struct errors *errors)
{
    size_t before = errors->count;

    for (size_t i = 0; i < outputs->count; i++) {
        const struct output *output = &outputs->items[i];
        if (is_taken(outputs, i)) {
            errors_add(errors, ERROR_USAGE, "%s is to be two files at once",
                       is_stdout(output) ? "standard output" : output->path);
            return false;
        }
    }
    for (size_t i = 0; i < outputs->count; i++) {
        check_output(&outputs->items[i], errors);
    }
    return errors->count == before;
}

bool outputs_take(const struct outputs *outputs, const cJSON *document,
                  struct errors *errors)
{
    enum document_kind kind = document_kind_of(document);

    if (kind == DOCUMENT_KIND_COUNT) {
        struct error *error =
            errors_add(errors, ERROR_BAD_VALUE, "this is no report of squall");
        error_hint(error, "squall run -o FILE writes one");
        return false;
    }
    for (size_t i = 0; i < outputs->count; i++) {
        const struct writer *writer = outputs->items[i].writer;
        if (!(writer->documents & 1u << kind)) {
            errors_add(errors, ERROR_USAGE, "--%s: the report is that of %s",
                       writer->option, document_kind_words(kind));
            return false;
        }
    }
    return true;
}

/* The document of a run that has just ended says how that was. */
static void set_problem(cJSON *document, const char *problem)
{
    cJSON *run = cJSON_GetObjectItemCaseSensitive(document, "run");
    cJSON *exit = cJSON_GetObjectItemCaseSensitive(run, "exit");

    if (!exit) {
        return;
    }
    cJSON_SetNumberValue(exit, 3);
    const char *before =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run, "problem"));
    struct str both = STR_INIT;
    if (before) {
        str_printf(&both, "%s; ", before);
    }
    str_append(&both, problem);
    cJSON_ReplaceItemInObjectCaseSensitive(run, "problem",
                                           cJSON_CreateString(both.text));
    str_release(&both);
}

static bool write_output(const struct outputs *outputs,
                         const struct output *output, cJSON *document,
                         const struct writer_run *run, struct errors *errors)
{
    struct writer_input input = {
        .document = document,
        .style = is_stdout(output)
                     ? outputs->style
                     : (struct text_options){.width = FILE_WIDTH,
                                             .depth = outputs->in_full
                                                          ? TEXT_FULL
                                                          : TEXT_SHORT},
        .compact = outputs->compact && is_stdout(output),
        .sample = outputs->sample,
        .per_second = outputs->per_second,
        .run = run,
    };
    struct file_writer file;

    file_begin(&file, output->path, output->writer->what);
    output->writer->write(&input, &file);
    if (!file_end(&file, errors)) {
        set_problem(run ? document : NULL, errors_last_text(errors));
        return false;
    }
    return true;
}

bool outputs_write(const struct outputs *outputs, cJSON *document,
                   const struct writer_run *run, struct errors *errors)
{
    const struct output *on_stdout = outputs_on_stdout(outputs);
    bool ok = true;

    for (size_t id = WRITER_COUNT; id > 0; id--) {
        for (size_t i = 0; i < outputs->count; i++) {
            const struct output *output = &outputs->items[i];
            if (output->writer == &writers[id - 1] && output != on_stdout) {
                ok =
                    write_output(outputs, output, document, run, errors) && ok;
            }
        }
    }
    if (on_stdout) {
        ok = write_output(outputs, on_stdout, document, run, errors) && ok;
    }
    return ok;
}
