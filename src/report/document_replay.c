#include "report/document_replay.h"

#include "report/member.h"

static void add_verdicts(cJSON *object, const char *name,
                         const uint64_t *counts)
{
    cJSON *verdicts = cJSON_AddObjectToObject(object, name);
    for (int v = 0; v < VERDICT_COUNT; v++) {
        member_count(verdicts, verdict_name((enum verdict)v), counts[v]);
    }
}

static void add_classes(cJSON *object, const char *name,
                        const uint64_t *counts, bool measured)
{
    cJSON *classes = measured ? cJSON_AddObjectToObject(object, name)
                              : cJSON_AddNullToObject(object, name);
    for (int c = 0; measured && c < EFFECT_CLASS_COUNT; c++) {
        member_count(classes, effect_class_name((enum effect_class)c),
                     counts[c]);
    }
}

cJSON *document_replay(const struct replayed *replayed, const char *file)
{
    if (!replayed) {
        return cJSON_CreateNull();
    }
    cJSON *object = cJSON_CreateObject();
    member_text(object, "file", file);
    member_count(object, "dead_letters", replayed->dead_letters);
    member_count(object, "sent", replayed->sent);
    member_count(object, "unstarted", replayed->unstarted);
    add_verdicts(object, "earlier", replayed->before);
    add_verdicts(object, "verdicts", replayed->after);
    add_classes(object, "resolved", replayed->classes, replayed->has_classes);
    add_classes(object, "ambiguous_resolved", replayed->ambiguous,
                replayed->has_classes);
    member_count(object, "still_unresolved", replayed_unresolved(replayed));
    member_count(object, "still_open",
                 replayed->dead_letters - replayed->after[VERDICT_SUCCEEDED]);
    return object;
}
