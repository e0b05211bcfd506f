#include "report/merge_inside.h"

#include "report/document_kind.h"
#include "report/text_part.h"
#include "report/validate.h"

#include <stdio.h>
#include <string.h>

/* Of an object. */
enum { MEMBERS_MAX = 2000 };

void merge_note(struct merging *merging, const char *path, const char *reason)
{
    const cJSON *note;

    cJSON_ArrayForEach(note, merging->not_merged)
    {
        if (strcmp(text_string(note, "path"), path) == 0) {
            return;
        }
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "path", path);
    cJSON_AddStringToObject(object, "reason", reason);
    cJSON_AddItemToArray(merging->not_merged, object);
}

/* What is looked up by its name takes long among so many others: no report of
 * squall's has an object of this many. */
static bool is_wide(const cJSON *value)
{
    const cJSON *child;
    size_t members = 0;

    cJSON_ArrayForEach(child, value)
    {
        members += child->string != NULL;
        if (members > MEMBERS_MAX || is_wide(child)) {
            return true;
        }
    }
    return false;
}

static bool refuse(struct errors *errors, const struct merge_input *input,
                   const char *path, const char *text)
{
    struct error *error = errors_add(errors, ERROR_BAD_VALUE, "%s", text);

    snprintf(error->file, sizeof(error->file), "%s", input->name);
    snprintf(error->path, sizeof(error->path), "%s", path);
    return false;
}

void merge_refuse(struct merging *merging, size_t input, const char *path,
                  const char *text)
{
    (void)refuse(merging->errors, &merging->inputs[input], path, text);
    merging->failed = true;
}

bool merge_input_is_good(const struct merge_input *input,
                         struct errors *errors)
{
    struct errors own = ERRORS_INIT;

    if (document_kind_of(input->document) != DOCUMENT_RUN) {
        return refuse(errors, input, "", "it is no report of a run");
    }
    if (is_wide(input->document)) {
        return refuse(errors, input, "",
                      "it has an object of too many members");
    }
    return report_validate(input->document, &own) ||
           refuse(errors, input, own.list[0].path, own.list[0].text);
}
