/* Values that are a low and a high end, and lists of waits. */
#include "plan/value_inside.h"

#include <stddef.h>
#include <string.h>

static bool read_list_duration(struct reader *reader, const struct key *key,
                               const cJSON *item, size_t index, void *field)
{
    struct duration *durations = field;
    (void)key;
    return value_read_duration(reader, item, &durations[index]);
}

/* What is added may be negative: a spread to both sides. */
static bool read_list_added(struct reader *reader, const struct key *key,
                            const cJSON *item, size_t index, void *field)
{
    struct duration *range = field;
    if (!cJSON_IsString(item) || item->valuestring[0] != '-') {
        return read_list_duration(reader, key, item, index, field);
    }
    cJSON positive = {.type = cJSON_String,
                      .valuestring = item->valuestring + 1};
    if (!read_list_duration(reader, key, &positive, index, field)) {
        return false;
    }
    range[index].ns = -range[index].ns;
    return true;
}

static bool read_list_factor(struct reader *reader, const struct key *key,
                             const cJSON *item, size_t index, void *field)
{
    double *range = field;
    if (!cJSON_IsNumber(item)) {
        return value_wrong_type(reader, key, item);
    }
    if (item->valuedouble < 0 || item->valuedouble > 1000) {
        value_refuse(reader, "%g is not from 0 to 1000", item->valuedouble);
        return false;
    }
    range[index] = item->valuedouble;
    return true;
}

static bool pair_is_ordered(struct reader *reader, const struct key *key,
                            const cJSON *value, bool ordered)
{
    if (cJSON_GetArraySize(value) == 2 && ordered) {
        return true;
    }
    struct error *error =
        value_refuse(reader, "a range is two values, the lower one first");
    error_hint(error, "write %s", value_type_example(key->type));
    return false;
}

bool value_read_mult_range(struct reader *reader, const struct key *key,
                           const cJSON *value, struct jitter_config *jitter)
{
    double range[2] = {0, 0};
    if (!value_read_each(reader, key, value, 2, read_list_factor, range) ||
        !pair_is_ordered(reader, key, value, range[0] <= range[1])) {
        return false;
    }
    jitter->mult_low = range[0];
    jitter->mult_high = range[1];
    return true;
}

bool value_read_add_range(struct reader *reader, const struct key *key,
                          const cJSON *value, struct jitter_config *jitter)
{
    struct duration range[2] = {{0}, {0}};
    if (!value_read_each(reader, key, value, 2, read_list_added, range) ||
        !pair_is_ordered(reader, key, value, range[0].ns <= range[1].ns)) {
        return false;
    }
    jitter->add_low = range[0];
    jitter->add_high = range[1];
    return true;
}

/* A short name sets both ranges; the section form is left to its keys. */
bool value_read_jitter(struct reader *reader, const struct key *key,
                       const cJSON *value, struct jitter_config *jitter)
{
    static const double lows[] = {1, 0, 0.5};
    int chosen = 0;

    *jitter = (struct jitter_config){.mult_low = 1, .mult_high = 1};
    if (cJSON_IsObject(value)) {
        return true;
    }
    if (!cJSON_IsString(value)) {
        return value_wrong_type(reader, key, value);
    }
    if (!value_find_choice(reader, key->choices, value->valuestring,
                           &chosen)) {
        return false;
    }
    jitter->mult_low = lows[chosen];
    return true;
}

/* The list lies in the backoff that `field` is the list of. */
bool value_read_backoff_list(struct reader *reader, const struct key *key,
                             const cJSON *value, void *field)
{
    struct backoff_config *backoff =
        (void *)((char *)field - offsetof(struct backoff_config, list));
    if (!value_read_each(reader, key, value, BACKOFF_LIST_MAX,
                         read_list_duration, backoff->list)) {
        return false;
    }
    backoff->list_count = (size_t)cJSON_GetArraySize(value);
    return true;
}
