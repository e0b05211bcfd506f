#include "cli/topic.h"

#include "base/must.h"
#include "plan/choice.h"
#include "plan/explain.h"

#include <string.h>

/* A table of a name and a sentence each, as help shows it. */
struct entry {
    const char *name;
    const char *sentence;
};

static void append_entries(struct str *out, const struct entry *entries,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        str_printf(out, "  %-19s ", entries[i].name);
        str_append_wrapped(out, entries[i].sentence, 22, 22);
    }
}

static void topic_slo(struct str *out)
{
    str_append(
        out,
        "An SLO is an expression that must hold, or the run fails:\n"
        "\n"
        "  squall run URL --slo 'p99 < 250ms' --slo 'success_rate >= 99.9%'\n"
        "\n"
        "  p99 < 250ms and success_rate >= 99%    and, or, ( )\n"
        "  p99{request=orders} < 100ms            phase=, tier=, status=503, "
        "5xx\n"
        "  retries / operations < 0.1             of one unit, or by a count\n"
        "  failure_rate{last=10s} < 5%            at every second: the worst "
        "one\n"
        "  p99 <= 1.1 * baseline                  --baseline report.json, "
        "less "
        "noise\n"
        "  --slo @orders.slo                      one a line, # begins a "
        "comment\n"
        "  --abort-if 'p99{last=5s} > 2s for 5s'  ends the run early: it has "
        "failed\n"
        "\n"
        "p99 alone is the time to success: a failed operation never succeeds, "
        "so with\nmore than 1 % failed it is \"never\", and no bound is met. "
        "succeeded.p99,\noperation.p99, failed.p99 and attempt.p99 name the "
        "others. What was not measured\nnever passes. squall-slo(7) says how "
        "a "
        "run is judged.\n"
        "\n"
        "Metrics, which `squall profile explain slo` describes:\n");
    explain_metrics(out);
}

static void topic_faults(struct str *out)
{
    str_append(
        out, "A fault is made at squall's own edge, against any service, and "
             "is never blamed\non it. --fault KIND:SHARE, or faults[] of a "
             "profile, which has more to say:\n"
             "\n"
             "  squall run URL --fault lost_response:10% --timeout 1\n"
             "  squall run URL --fault delay:5%:delay=50ms..150ms\n"
             "  squall run URL --fault lost_response:10%:as=reset\n"
             "\n"
             "Kinds:\n");
    for (const struct choice *kind = choice_fault_kind; kind->name; kind++) {
        struct entry entry = {kind->name, kind->help};
        append_entries(out, &entry, 1);
    }
    str_append(out,
               "\nsquall profile explain faults lists the keys; "
               "faults of the embedded target\nare those of "
               "squall profile explain service.faults. What is done from\n"
               "outside, by a command or by somebody else, is the "
               "timeline: squall profile\nexplain timeline.\n");
}

static void topic_templates(struct str *out)
{
    str_append(
        out, "Bodies, values of headers, paths and fields of forms may have\n"
             "placeholders, which are filled for every attempt:\n"
             "\n"
             "  squall run URL -b '{\"order\": \"{{op.id}}\", \"n\": "
             "{{rand:1:9}}}'\n"
             "\n");
    explain_placeholders(out);
    str_append(out, "\n{{{{ writes {{. ${env:NAME} takes a value from the "
                    "environment, once, before the\nrun; what it brought is "
                    "masked in every output.\n");
}

static void topic_exit_status(struct str *out)
{
    static const struct entry statuses[] = {
        {"0", "All good: every SLO held, or none was asked for."},
        {"1", "The run is valid, and an SLO, an audit or a comparison failed; "
              "or requests were answered and none succeeded."},
        {"2", "The command line or a profile is wrong; nothing was sent."},
        {"3", "It could not be run or judged: the service cannot be reached, "
              "a ledger cannot be read, a report cannot be written, or "
              "squall's own machine was too slow to show it."},
        {"130", "Interrupted; the report of what was measured is written, and "
                "says so."},
    };
    append_entries(out, statuses, array_length(statuses));
}

static void topic_profiles(struct str *out)
{
    str_append(
        out,
        "A profile is a JSON document, or a part of one; // comments are "
        "allowed. -p\nnames one that is shipped, or a file; several are "
        "merged from left to\n"
        "right, then come --set and the options in their order, then the "
        "URL.\n"
        "\n"
        "  squall profile list                  those that can be named\n"
        "  squall profile list clients          policies of real clients\n"
        "  squall profile show full-jitter      what one says\n"
        "  squall profile delays full-jitter    the waits before its retries\n"
        "  squall profile explain load          what keys mean\n"
        "  squall profile check mine.json       every error at once\n"
        "\n"
        "strategies/ and clients/ say how a client retries; scenarios/ bring "
        "traffic and\nfaults; targets/ set up the embedded target. "
        "squall-profile(5) has every key.\n");
}

/* With a NULL sentence, a heading. */
static const struct entry scenarios[] = {
    {"What is over with its cause, or keeps itself up", NULL},
    {"retry-storm", "errors that only retries turn into an outage"},
    {"capacity-drop", "a slow service that retries keep down"},
    {"cold-cache", "the same, until a cache is warm"},
    {"dependency-collapse", "the same, one service further"},
    {"resource-exhaustion", "a queue that keeps itself full"},
    {"rolling-restart", "one node after another, with room or without"},
    {"What jitter and retries get through", NULL},
    {"thundering-herd", "many callers at the same moment"},
    {"flapping", "a service that comes and goes"},
    {"partition", "half of the connections lead nowhere"},
    {"What only one figure shows", NULL},
    {"slow-dependency", "requests that do not need it suffer, too"},
    {"latency-explosion", "p99 near the limit"},
    {"config-drift", "amplification, while success looks well"},
    {"split-brain", "duplicates, in spite of keys"},
};

static void topic_scenarios(struct str *out)
{
    str_append(
        out, "A scenario is traffic, a service, and what goes wrong with it; "
             "a strategy says\nhow clients retry. Any two can be run, and "
             "without a URL it is the embedded\ntarget that suffers:\n"
             "\n"
             "  squall profile list --long scenarios    what to look for in "
             "each\n"
             "  squall run -p retry-storm -p immediate\n"
             "  squall run -p retry-storm -p budgeted\n"
             "  squall compare immediate full-jitter budgeted -p "
             "retry-storm\n");
    for (size_t i = 0; i < array_length(scenarios); i++) {
        if (scenarios[i].sentence) {
            append_entries(out, &scenarios[i], 1);
        } else {
            str_printf(out, "\n%s:\n", scenarios[i].name);
        }
    }
    str_append(out, "\nsquall-scenarios(7) tells the story of each.\n");
}

static const struct topic {
    const char *name;
    const char *sentence;
    void (*write)(struct str *out);
} topics[] = {
#define TOPIC(id, name, sentence) {name, sentence, topic_##id},
#include "cli/topic.def"
#undef TOPIC
};

bool topic_write(struct str *out, const char *name)
{
    for (size_t i = 0; i < array_length(topics); i++) {
        if (strcmp(topics[i].name, name) == 0) {
            topics[i].write(out);
            return true;
        }
    }
    return false;
}

bool topic_describe(size_t index, const char **name, const char **sentence)
{
    if (index >= array_length(topics)) {
        return false;
    }
    *name = topics[index].name;
    *sentence = topics[index].sentence;
    return true;
}
