#include "report/leftovers.h"

#include "base/json.h"
#include "base/must.h"

#include <string.h>

static void put_line(struct str *out, const cJSON *tree)
{
    char *text = cJSON_PrintUnformatted(tree);
    must(text);
    str_append(out, text);
    str_append_char(out, '\n');
    cJSON_free(text);
}

static void put_member(cJSON *tree, const char *name, cJSON *value)
{
    must(value);
    if (json_get(tree, name)) {
        cJSON_ReplaceItemInObjectCaseSensitive(tree, name, value);
    } else {
        cJSON_AddItemToObject(tree, name, value);
    }
}

void leftovers_head(struct str *out, const struct letters *letters)
{
    str_append_bytes(out, letters->head, letters->head_length);
    str_append_char(out, '\n');
}

static void put_effects(cJSON *tree, const struct leftover *leftover)
{
    if (leftover->class < EFFECT_CLASS_COUNT) {
        put_member(tree, "effect",
                   cJSON_CreateString(effect_class_name(leftover->class)));
        put_member(tree, "effects",
                   cJSON_CreateNumber((double)leftover->effects));
    } else if (leftover->ending.attempts > 0) {
        /* What was known before is old: it may have been done by now. */
        put_member(tree, "effect", cJSON_CreateNull());
        put_member(tree, "effects", cJSON_CreateNull());
    }
}

static void add_replay(cJSON *tree, const struct letter_ending *ending,
                       int64_t unix_ms)
{
    cJSON *replays = json_get(tree, "replays");
    cJSON *replay = cJSON_CreateObject();

    if (!cJSON_IsArray(replays)) {
        replays = cJSON_CreateArray();
        put_member(tree, "replays", replays);
    }
    cJSON_AddNumberToObject(replay, "started_unix_ms", (double)unix_ms);
    cJSON_AddNumberToObject(replay, "attempts", ending->attempts);
    cJSON_AddStringToObject(replay, "verdict",
                            verdict_name((enum verdict)ending->verdict));
    cJSON_AddStringToObject(
        replay, "reason",
        finish_reason_name((enum finish_reason)ending->reason));
    cJSON_AddItemToArray(replays, replay);
}

void leftovers_letter(struct str *out, const struct leftover *leftover,
                      int64_t unix_ms)
{
    const struct letter *letter = leftover->letter;
    const struct letter_ending *ending = &leftover->ending;
    cJSON *tree = cJSON_ParseWithLength(letter->text, letter->length);

    must(tree); /* it was read before */
    put_member(tree, "verdict",
               cJSON_CreateString(verdict_name(leftover->after)));
    put_effects(tree, leftover);
    if (ending->started) {
        if (ending->attempts > 0) {
            const char *reason =
                finish_reason_name((enum finish_reason)ending->reason);
            put_member(tree, "reason", cJSON_CreateString(reason));
        }
        add_replay(tree, ending, unix_ms);
    }
    put_line(out, tree);
    cJSON_Delete(tree);
}

void leftovers_end(struct str *out, const struct letters *letters,
                   size_t count)
{
    cJSON *tree = cJSON_CreateObject();

    cJSON_AddStringToObject(tree, "type", "end");
    cJSON_AddNumberToObject(tree, "letters", (double)count);
    cJSON_AddBoolToObject(tree, "complete", letters->complete);
    put_line(out, tree);
    cJSON_Delete(tree);
}
