#include "base/json_inside.h"

#include "base/gunzip.h"
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
    FILE *file = gunzip_open(path);
    if (!file) {
        errors_add(errors, ERROR_NO_FILE, "cannot read %s: %s", path,
                   gunzip_problem(errno));
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
                   failure ? gunzip_problem(failure) : "larger than 16 MiB");
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
    struct json_scanner scanner = {
        .text = source->text, .length = source->length, .blanked = blanked};
    cJSON *tree = NULL;

    if (source->length > JSON_SIZE_MAX && !source->may_be_large) {
        scanner.problem = "larger than 16 MiB";
    } else if (json_scan_document(&scanner)) {
        tree =
            cJSON_ParseWithLengthOpts(blanked, source->length + 1, NULL, true);
        must(tree); /* what the scan lets pass is JSON */
    }
    if (!tree) {
        add_syntax_error(source, scanner.problem, scanner.problem_at, errors);
    }
    json_scanner_release(&scanner);
    free(blanked);
    return tree;
}

cJSON *json_members(const cJSON *value)
{
    return value && cJSON_IsObject(value) ? value->child : NULL;
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

static int by_name(const void *a, const void *b)
{
    const cJSON *one = *(const cJSON *const *)a;
    const cJSON *other = *(const cJSON *const *)b;
    return strcmp(one->string, other->string);
}

static size_t count_members(const cJSON *object)
{
    size_t count = 0;
    for (const cJSON *member = json_members(object); member;
         member = member->next) {
        count++;
    }
    return count;
}

/* All members of an object, sorted by name; the caller frees. */
static cJSON **sort_members(const cJSON *object, size_t *count)
{
    cJSON **sorted = malloc((count_members(object) + 1) * sizeof(cJSON *));

    must(sorted);
    *count = 0;
    for (cJSON *member = json_members(object); member; member = member->next) {
        sorted[(*count)++] = member;
    }
    qsort(sorted, *count, sizeof(cJSON *), by_name);
    return sorted;
}

/* What a target has of each member of a patch, in the patch's order, or NULL.
 * Looked up before anything is changed, and by halves: either may be long. The
 * caller frees. */
static cJSON **find_members(const cJSON *target, const cJSON *patch)
{
    size_t count, i = 0;
    cJSON **sorted = sort_members(target, &count);
    cJSON **found = calloc(count_members(patch) + 1, sizeof(cJSON *));

    must(found);
    for (const cJSON *member = json_members(patch); member;
         member = member->next) {
        cJSON **at = bsearch(&member, sorted, count, sizeof(cJSON *), by_name);
        found[i++] = at ? *at : NULL;
    }
    free(sorted);
    return found;
}

static void replace_member(cJSON *object, cJSON *old, cJSON *value)
{
    must(value);
    if (!value->string) {
        size_t size = strlen(old->string) + 1;
        value->string = cJSON_malloc(size);
        must(value->string);
        memcpy(value->string, old->string, size);
    }
    cJSON_ReplaceItemViaPointer(object, old, value);
}

static void merge_member(cJSON *target, cJSON *old, const cJSON *member)
{
    cJSON *value = NULL;

    if (cJSON_IsNull(member)) {
        if (old) {
            cJSON_Delete(cJSON_DetachItemViaPointer(target, old));
        }
    } else if (cJSON_IsObject(old) && cJSON_IsObject(member)) {
        json_merge(&old, member);
    } else {
        json_merge(&value, member);
        if (old) {
            replace_member(target, old, value);
        } else {
            cJSON_AddItemToObject(target, member->string, value);
        }
    }
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
    cJSON **old = find_members(*target, patch);
    size_t i = 0;
    for (const cJSON *member = json_members(patch); member;
         member = member->next) {
        merge_member(*target, old[i++], member);
    }
    free(old);
}
