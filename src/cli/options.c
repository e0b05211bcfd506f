#include "cli/options.h"

#include "base/must.h"

#include <string.h>

/* What stands for a key of a run's profile does so where many runs are made,
 * too. */
#define AND_MANY(commands) \
    ((commands) | \
     ((commands)&FOR_run ? FOR_compare | FOR_capacity | FOR_tip : 0))

const struct option_row option_rows[] = {
#define ROW(commands, group, letter, name, argument, type, key, field, \
            prefix, implied, sentence, since) \
    {commands, GROUP_##group, letter, name,    argument, OPTION_##type, \
     key,      field,         prefix, implied, sentence, since},
#define KEY_OPTION(commands, group, letter, name, argument, key, sentence, \
                   since) \
    ROW(AND_MANY(commands), group, letter, name, argument, KEY, key, 0, NULL, \
        NULL, sentence, since)
#define KEY_IMPLIED(commands, group, letter, name, argument, key, implied, \
                    sentence, since) \
    ROW(AND_MANY(commands), group, letter, name, argument, KEY, key, 0, NULL, \
        implied, sentence, since)
#define KEY_ITEM(commands, group, letter, name, argument, key, sentence, \
                 since) \
    ROW(AND_MANY(commands), group, letter, name, argument, KEY_ITEM, key, 0, \
        NULL, NULL, sentence, since)
#define KEY_FLAG(commands, group, letter, name, key, sentence, since) \
    ROW(AND_MANY(commands), group, letter, name, NULL, KEY_TRUE, key, 0, \
        NULL, NULL, sentence, since)
#define OPTION(commands, group, letter, name, argument, type, field, \
               sentence, since) \
    ROW(commands, group, letter, name, argument, type, NULL, \
        offsetof(struct invocation, field), NULL, NULL, sentence, since)
#define HEADER_OPTION(commands, group, letter, name, argument, prefix, \
                      sentence, since) \
    ROW(commands, group, letter, name, argument, HEADER, NULL, \
        offsetof(struct invocation, headers), prefix, NULL, sentence, since)
#include "cli/option.def"
#undef KEY_OPTION
#undef KEY_IMPLIED
#undef KEY_ITEM
#undef KEY_FLAG
#undef OPTION
#undef HEADER_OPTION
#undef ROW
};

const size_t option_row_count = array_length(option_rows);

const char *option_group_title(enum option_group group)
{
    static const char *const titles[GROUP_COUNT] = {
        [GROUP_LOAD] = "Load",
        [GROUP_REQUEST] = "Request",
        [GROUP_CONNECTION] = "Connection",
        [GROUP_POLICY] = "Client policy",
        [GROUP_EFFECTS] = "Effects",
        [GROUP_COMPARE] = "Comparison",
        [GROUP_CAPACITY] = "Capacity",
        [GROUP_TIP] = "Tipping point",
        [GROUP_AUDIT] = "Audit",
        [GROUP_SERVICE] = "Embedded target",
        [GROUP_PROFILE] = "Profile",
        [GROUP_RESULT] = "Result",
        [GROUP_GENERAL] = "General",
    };
    must(group < GROUP_COUNT);
    return titles[group];
}

static bool row_is_for(const struct option_row *row,
                       const struct command *command)
{
    return (row->commands & (1u << command->id)) != 0;
}

const struct option_row *option_find(const struct command *command,
                                     const char *name, size_t length)
{
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (row_is_for(row, command) && strlen(row->name) == length &&
            memcmp(row->name, name, length) == 0) {
            return row;
        }
    }
    return NULL;
}

const struct option_row *option_find_letter(const struct command *command,
                                            char letter)
{
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (row_is_for(row, command) && row->letter == letter) {
            return row;
        }
    }
    return NULL;
}
