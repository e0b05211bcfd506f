#include "report/remaining.h"

#include "base/json.h"
#include "base/must.h"
#include "effects/replayed.h"

#include <string.h>

struct remaining remaining_of(const struct writer_run *run, size_t index)
{
    const struct dead_letter *dead_letter =
        &dead_letters_of(run->events.plan)->items[index];
    const struct operation_ending *ending = &run->events.endings[index];
    enum verdict now =
        ending->started ? (enum verdict)ending->verdict : VERDICT_SHED;
    struct events_effect effect =
        run->effect(run->context, dead_letter->number);

    return (struct remaining){
        .dead_letter = dead_letter,
        .ending = *ending,
        .after =
            replayed_verdict(dead_letter->verdict, now, ending->rejects_all),
        .class = run->has_classes && effect.is_known ? effect.class
                                                     : EFFECT_CLASS_COUNT,
        .effects = effect.count,
    };
}

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

void remaining_head(struct str *out, const struct dead_letters *dead_letters)
{
    str_append_bytes(out, dead_letters->head, dead_letters->head_length);
    str_append_char(out, '\n');
}

static void put_effects(cJSON *tree, const struct remaining *remaining)
{
    if (remaining->class < EFFECT_CLASS_COUNT) {
        put_member(tree, "effect",
                   cJSON_CreateString(effect_class_name(remaining->class)));
        put_member(tree, "effects",
                   cJSON_CreateNumber((double)remaining->effects));
    } else if (remaining->ending.attempts > 0) {
        /* What was known before is old: it may have been done by now. */
        put_member(tree, "effect", cJSON_CreateNull());
        put_member(tree, "effects", cJSON_CreateNull());
    }
}

static void add_replay(cJSON *tree, const struct operation_ending *ending,
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

void remaining_entry(struct str *out, const struct remaining *remaining,
                     int64_t unix_ms)
{
    const struct dead_letter *dead_letter = remaining->dead_letter;
    const struct operation_ending *ending = &remaining->ending;
    cJSON *tree =
        cJSON_ParseWithLength(dead_letter->text, dead_letter->length);

    must(tree); /* it was read before */
    put_member(tree, "verdict",
               cJSON_CreateString(verdict_name(remaining->after)));
    put_effects(tree, remaining);
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

void remaining_end(struct str *out, const struct dead_letters *dead_letters,
                   size_t count)
{
    cJSON *tree = cJSON_CreateObject();

    cJSON_AddStringToObject(tree, "type", "end");
    cJSON_AddNumberToObject(tree, "dead_letters", (double)count);
    cJSON_AddBoolToObject(tree, "complete", dead_letters->complete);
    put_line(out, tree);
    cJSON_Delete(tree);
}

void remaining_write(const struct writer_run *run, struct file_writer *file)
{
    const struct dead_letters *dead_letters =
        dead_letters_of(run->events.plan);
    size_t count = 0;

    remaining_head(&file->buffer, dead_letters);
    for (size_t i = 0; i < dead_letters->count; i++) {
        struct remaining one = remaining_of(run, i);
        if (one.after != VERDICT_SUCCEEDED) {
            remaining_entry(&file->buffer, &one, run->began_unix_ms);
            count++;
        }
        file_flush_when_long(file);
    }
    remaining_end(&file->buffer, dead_letters, count);
}
