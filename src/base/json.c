#include "base/json_inside.h"

#include "base/must.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool json_source_read(struct json_source *source, const char *path,
                      struct errors *errors)
{
    struct str text = STR_INIT;
    char bytes[16384];
    size_t count;

    *source = (struct json_source){0};
    FILE *file = fopen(path, "rb");
    if (!file) {
        errors_add(errors, ERROR_NO_FILE, "cannot read %s: %s", path,
                   strerror(errno));
        return false;
    }
    errno = 0;
    while ((count = fread(bytes, 1, sizeof(bytes), file)) > 0 &&
           text.length <= JSON_SIZE_MAX) {
        str_append_bytes(&text, bytes, count);
    }
    int failure = ferror(file) ? errno : 0;
    fclose(file);
    if (failure || text.length > JSON_SIZE_MAX) {
        errors_add(errors, ERROR_NO_FILE, "cannot read %s: %s", path,
                   failure ? strerror(failure) : "larger than 16 MiB");
        str_release(&text);
        return false;
    }
    json_source_set(source, path, text.text, text.length);
    str_release(&text);
    return true;
}

void json_source_set(struct json_source *source, const char *name,
                     const char *text, size_t length)
{
    struct str copy = STR_INIT;
    str_append_bytes(&copy, text, length);
    source->length = length;
    source->text = str_detach(&copy);
    str_append(&copy, name);
    source->name = str_detach(&copy);
}

void json_source_release(struct json_source *source)
{
    free(source->name);
    free(source->text);
    *source = (struct json_source){0};
}

static void add_syntax_error(const struct json_source *source,
                             const char *problem, size_t at,
                             struct errors *errors)
{
    struct error *error = errors_add(errors, ERROR_SYNTAX, "%s", problem);
    snprintf(error->file, sizeof(error->file), "%s", source->name);
    json_place(source, at, &error->line, &error->column, error->excerpt,
             sizeof(error->excerpt));
}

cJSON *json_parse(const struct json_source *source, struct errors *errors)
{
    struct str copy = STR_INIT;
    str_append_bytes(&copy, source->text, source->length);
    char *blanked = str_detach(&copy);
    struct json_scanner scanner = {.text = source->text,
                                   .length = source->length,
                                   .blanked = blanked};
    cJSON *tree = NULL;

    if (source->length > JSON_SIZE_MAX && !source->may_be_large) {
        scanner.problem = "larger than 16 MiB";
    } else if (json_scan_document(&scanner)) {
        tree = cJSON_ParseWithLengthOpts(blanked, source->length + 1, NULL,
                                         true);
        must(tree); /* what the scan lets pass is JSON */
    }
    if (!tree) {
        add_syntax_error(source, scanner.problem, scanner.problem_at, errors);
    }
    json_scanner_release(&scanner);
    free(blanked);
    return tree;
}

cJSON *json_get(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static cJSON *duplicate(const cJSON *value)
{
    cJSON *copy = cJSON_Duplicate(value, true);
    must(copy);
    return copy;
}

void json_merge(cJSON **target, const cJSON *patch)
{
    if (!cJSON_IsObject(patch)) {
        cJSON *copy = duplicate(patch);
        cJSON_Delete(*target);
        *target = copy;
        return;
    }
    if (!cJSON_IsObject(*target)) {
        cJSON_Delete(*target);
        *target = cJSON_CreateObject();
        must(*target);
    }
    for (const cJSON *member = patch->child; member; member = member->next) {
        cJSON *old = json_get(*target, member->string);
        if (cJSON_IsNull(member)) {
            if (old) {
                cJSON_Delete(cJSON_DetachItemViaPointer(*target, old));
            }
            continue;
        }
        /* Work on a copy that is nobody's child, then put it in place. */
        cJSON *merged = old ? duplicate(old) : NULL;
        json_merge(&merged, member);
        if (old) {
            cJSON_ReplaceItemInObjectCaseSensitive(*target, member->string,
                                                   merged);
        } else {
            cJSON_AddItemToObject(*target, member->string, merged);
        }
    }
}
