/* The value of ledger.transitions: states, each with those that may follow. */
#include "plan/reader.h"

#include "base/json.h"
#include "base/must.h"
#include "plan/path.h"

#include <stdio.h>
#include <string.h>

/* The number of a state; a new one when it has not been named before. */
static int state_of(struct reader *reader, const char *name,
                    struct transition_config *states)
{
    size_t length = strlen(name);
    int state = transition_state(states, name, length);
    if (length == 0 || length >= STATE_NAME_MAX ||
        name[strcspn(name, " \t|")]) {
        sources_error(reader->sources, reader->errors, ERROR_BAD_VALUE,
                      reader->path.text, JSON_VALUE,
                      "\"%s\" is not a state: one word of at most %d "
                      "characters",
                      name, STATE_NAME_MAX - 1);
        return -1;
    }
    if (state < 0 && states->count == STATES_MAX) {
        sources_error(reader->sources, reader->errors, ERROR_BAD_VALUE,
                      reader->path.text, JSON_VALUE, "more than %d states",
                      STATES_MAX);
        return -1;
    }
    if (state < 0) {
        state = (int)states->count++;
        snprintf(states->names[state], STATE_NAME_MAX, "%s", name);
    }
    return state;
}

static bool read_state(struct reader *reader, const struct key *key,
                       const cJSON *item, struct transition_config *states)
{
    int from = state_of(reader, item->string, states);
    const cJSON *next;
    bool good = from >= 0;

    if (!cJSON_IsArray(item)) {
        return value_wrong_type(reader, key, item);
    }
    cJSON_ArrayForEach(next, item)
    {
        if (!cJSON_IsString(next)) {
            return value_wrong_type(reader, key, next);
        }
        int to = state_of(reader, next->valuestring, states);
        good = good && to >= 0;
        if (good) {
            states->next[from] |= UINT32_C(1) << to;
        }
    }
    return good;
}

bool value_read_transitions(struct reader *reader, const struct key *key,
                            const cJSON *value,
                            struct transition_config *states)
{
    size_t length = reader->path.length;
    bool good = true;

    if (!cJSON_IsObject(value)) {
        return value_wrong_type(reader, key, value);
    }
    memset(states, 0, sizeof(*states));
    for (const cJSON *item = json_members(value); item; item = item->next) {
        path_push_name(&reader->path, item->string);
        good = read_state(reader, key, item, states) && good;
        path_pop(&reader->path, length);
    }
    return good;
}
