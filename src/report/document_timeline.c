#include "report/document_timeline.h"

#include "base/mask.h"
#include "base/must.h"
#include "base/str.h"
#include "base/unicode.h"
#include "report/member.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of any kind as a text: lines stay lines, what does not print is
 * escaped. */
static void put_printable(struct str *out, const char *bytes, size_t length)
{
    while (length > 0) {
        size_t size = utf8_length(bytes, length);
        unsigned char c = (unsigned char)*bytes;
        bool is_control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
        if (size == 0 || is_control) {
            str_printf(out, "\\x%02x", c);
            size = 1;
        } else {
            str_append_bytes(out, bytes, size);
        }
        bytes += size;
        length -= size;
    }
}

static void add_output(cJSON *object, const struct timeline_action *action)
{
    char bytes[TIMELINE_OUTPUT_MAX + 1];
    size_t length = action->output_length;
    struct str text = STR_INIT;

    memcpy(bytes, action->output, length);
    bytes[length] = '\0';
    mask_named_values(bytes, length);
    length =
        mask_values_in_place(bytes, length, action->output_whole > length);
    while (length > 0 && strchr("\r\n \t", bytes[length - 1])) {
        length--;
    }
    put_printable(&text, bytes, length);
    member_text(object, "output", text.text);
    str_release(&text);
    member_count(object, "output_bytes", action->output_whole);
}

/* Since the start of the measured time; one of the warm-up is negative. */
static void add_time(cJSON *object, const char *name, bool is_known,
                     struct duration at, struct duration zero)
{
    if (is_known) {
        int64_t us = (at.ns - zero.ns) / NS_PER_US;
        cJSON_AddNumberToObject(object, name, (double)us);
    } else {
        cJSON_AddNullToObject(object, name);
    }
}

static cJSON *action_of(const struct timeline_action *action,
                        struct duration planned, struct duration zero)
{
    static const struct timeline_action none = {.status = -1};
    cJSON *object = cJSON_CreateObject();

    action = action ? action : &none;
    bool is_reached = action->word != TIMELINE_NOT_REACHED;
    add_time(object, "planned_us", true, planned, zero);
    add_time(object, "started_us", is_reached, action->from, zero);
    add_time(object, "ended_us", is_reached, action->until, zero);
    add_time(object, "late_us", is_reached, action->from, planned);
    cJSON_AddStringToObject(object, "outcome",
                            timeline_word_name(action->word));
    member_measured(object, "status", action->status);
    char *reason = action->reason[0] ? mask_text(action->reason) : NULL;
    member_text(object, "reason", reason);
    free(reason);
    add_output(object, action);
    return object;
}

cJSON *document_timeline(const struct plan *plan,
                         const struct timeline_event *events)
{
    cJSON *list = cJSON_CreateArray();

    must(list);
    for (size_t i = 0; i < plan->timeline_count; i++) {
        const struct timeline_entry *entry = &plan->timeline[i];
        const struct timeline_event *event = events ? &events[i] : NULL;
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "name", entry->name);
        cJSON_AddStringToObject(object, "kind",
                                timeline_kind_name(timeline_kind_of(entry)));
        cJSON_AddItemToObject(object, "begin",
                              action_of(event ? &event->begin : NULL,
                                        entry->at, plan->load.warmup));
        cJSON_AddItemToObject(object, "end",
                              timeline_has_end(entry)
                                  ? action_of(event ? &event->end : NULL,
                                              entry->until, plan->load.warmup)
                                  : cJSON_CreateNull());
        cJSON_AddItemToArray(list, object);
    }
    return list;
}
