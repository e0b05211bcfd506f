/* Lists of several reports as one, their times on the clock of the result. */
#include "report/merge_inside.h"

#include "base/must.h"
#include "measure/failures.h"
#include "report/member.h"
#include "report/text_part.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WARNINGS_MAX = 16 };

static void shift(cJSON *object, const char *name, double by_us)
{
    cJSON *time = cJSON_GetObjectItemCaseSensitive(object, name);

    if (cJSON_IsNumber(time)) {
        merge_raise(time, by_us);
    }
}

/* Every time that such an element, or an action of it, has. */
static void shift_all(cJSON *object, double by_us)
{
    static const char *const times[] = {"from_us", "until_us", "planned_us",
                                        "started_us", "ended_us"};
    static const char *const actions[] = {"begin", "end"};

    for (size_t i = 0; i < array_length(times); i++) {
        shift(object, times[i], by_us);
        for (size_t a = 0; a < array_length(actions); a++) {
            shift(cJSON_GetObjectItemCaseSensitive(object, actions[a]),
                  times[i], by_us);
        }
    }
}

/* Windows that are one on the clock of the result. */
static bool is_there(const cJSON *list, const cJSON *wanted)
{
    const cJSON *one;

    cJSON_ArrayForEach(one, list)
    {
        if (cJSON_Compare(one, wanted, true)) {
            return true;
        }
    }
    return false;
}

cJSON *merge_shifted(struct merging *merging, const char *member)
{
    cJSON *all = cJSON_CreateArray();
    const cJSON *one;

    for (size_t i = 0; i < merging->count; i++) {
        cJSON_ArrayForEach(one, text_find(merging->inputs[i].document, member))
        {
            if (cJSON_GetArraySize(all) >= MERGE_LISTED_MAX) {
                merge_refuse(merging, i, member, "has too many elements");
                return all;
            }
            cJSON *copy = cJSON_Duplicate(one, true);
            must(copy);
            shift_all(copy, merge_offset_us(merging, i));
            if (is_there(all, copy)) {
                cJSON_Delete(copy);
            } else {
                cJSON_AddItemToArray(all, copy);
            }
        }
    }
    return all;
}

cJSON *merge_warnings(const struct merging *merging)
{
    cJSON *all = cJSON_CreateArray();
    const cJSON *warning;

    for (size_t i = 0; i < merging->count; i++) {
        cJSON_ArrayForEach(warning, text_find(merging->inputs[i].document,
                                              "generator.warnings"))
        {
            struct str text = STR_INIT;
            str_printf(&text, "%s: %s", merging->inputs[i].name,
                       warning->valuestring);
            if (cJSON_GetArraySize(all) < WARNINGS_MAX) {
                cJSON_AddItemToArray(all, cJSON_CreateString(text.text));
            }
            str_release(&text);
        }
    }
    return all;
}

static bool is_kind(const cJSON *error, const cJSON *other)
{
    static const char *const members[] = {"outcome", "status", "text"};

    for (size_t i = 0; i < array_length(members); i++) {
        if (!cJSON_Compare(cJSON_GetObjectItemCaseSensitive(error, members[i]),
                           cJSON_GetObjectItemCaseSensitive(other, members[i]),
                           true)) {
            return false;
        }
    }
    return true;
}

static double pick(double one, double other, bool least)
{
    return isnan(one)     ? other
           : isnan(other) ? one
           : least        ? fmin(one, other)
                          : fmax(one, other);
}

static void set_time(cJSON *error, const char *name, double us)
{
    cJSON_DeleteItemFromObjectCaseSensitive(error, name);
    if (isnan(us)) {
        cJSON_AddNullToObject(error, name);
    } else {
        cJSON_AddNumberToObject(error, name, us);
    }
}

static void add_error(cJSON *errors, const cJSON *error, double offset_us)
{
    cJSON *copy = cJSON_Duplicate(error, true);
    cJSON *same;

    must(copy);
    shift(copy, "first_us", offset_us);
    shift(copy, "last_us", offset_us);
    cJSON_ArrayForEach(same, errors)
    {
        if (is_kind(same, copy)) {
            cJSON *count = cJSON_GetObjectItemCaseSensitive(same, "count");
            merge_raise(count, text_number(copy, "count"));
            set_time(same, "first_us",
                     pick(text_number(same, "first_us"),
                          text_number(copy, "first_us"), true));
            set_time(same, "last_us",
                     pick(text_number(same, "last_us"),
                          text_number(copy, "last_us"), false));
            cJSON_Delete(copy);
            return;
        }
    }
    cJSON_AddItemToArray(errors, copy);
}

static int by_count(const void *a, const void *b)
{
    double one = text_number(*(cJSON *const *)a, "count");
    double other = text_number(*(cJSON *const *)b, "count");
    return (one < other) - (one > other);
}

/* The commonest first, as many as a report has; the others are omitted. */
static cJSON *rank(cJSON *errors, double *omitted)
{
    size_t count = (size_t)cJSON_GetArraySize(errors);
    cJSON **items = calloc(count + 1, sizeof(cJSON *));
    cJSON *ranked = cJSON_CreateArray();

    must(items);
    for (size_t i = 0; i < count; i++) {
        items[i] = cJSON_DetachItemFromArray(errors, 0);
    }
    qsort(items, count, sizeof(cJSON *), by_count);
    for (size_t i = 0; i < count; i++) {
        if (i < FAILURES_MAX) {
            cJSON_AddItemToArray(ranked, items[i]);
        } else {
            *omitted += text_number(items[i], "count");
            cJSON_Delete(items[i]);
        }
    }
    free(items);
    cJSON_Delete(errors);
    return ranked;
}

cJSON *merge_errors(struct merging *merging, double *omitted)
{
    cJSON *errors = cJSON_CreateArray();
    const cJSON *error;

    *omitted = 0;
    for (size_t i = 0; i < merging->count; i++) {
        const cJSON *document = merging->inputs[i].document;
        const cJSON *list = text_find(document, "errors");
        if (cJSON_GetArraySize(list) > MERGE_LISTED_MAX) {
            merge_refuse(merging, i, "errors", "has too many elements");
            break;
        }
        *omitted += text_number(document, "errors_omitted");
        cJSON_ArrayForEach(error, list)
        {
            add_error(errors, error, merge_offset_us(merging, i));
        }
    }
    return rank(errors, omitted);
}

cJSON *merge_faults(struct merging *merging)
{
    cJSON *faults = cJSON_CreateObject();
    const cJSON *fault;

    for (size_t i = 0; i < merging->count; i++) {
        const cJSON *map = text_find(merging->inputs[i].document, "faults");
        if (cJSON_GetArraySize(map) > MERGE_LISTED_MAX) {
            merge_refuse(merging, i, "faults", "has too many names");
            break;
        }
        cJSON_ArrayForEach(fault, map)
        {
            cJSON *sum =
                cJSON_GetObjectItemCaseSensitive(faults, fault->string);
            if (!sum) {
                cJSON_AddItemToObject(faults, fault->string,
                                      cJSON_Duplicate(fault, true));
                continue;
            }
            cJSON *injected =
                cJSON_GetObjectItemCaseSensitive(sum, "injected");
            cJSON *delivered =
                cJSON_GetObjectItemCaseSensitive(sum, "delivered");
            merge_raise(injected, text_number(fault, "injected"));
            if (cJSON_IsNumber(delivered)) {
                double more = text_number(fault, "delivered");
                merge_raise(delivered, isnan(more) ? 0 : more);
            }
        }
    }
    return faults;
}
