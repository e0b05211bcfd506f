/*
 * plan: what a run is going to do; one constant value, shared by all threads.
 *
 * Little more than the sum of the config structs of the core, which live with
 * the code that uses them. Made by plan_read from profiles, --set and flags;
 * owned by its arena; never changed afterwards.
 */
#ifndef SQUALL_PLAN_PLAN_H
#define SQUALL_PLAN_PLAN_H

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "faults/fault.h"
#include "load/schedule.h"
#include "load/template.h"
#include "load/timeline.h"
#include "effects/ledger_entry.h"
#include "measure/abort_rule.h"
#include "measure/slo.h"
#include "effects/transitions.h"
#include "plan/answers.h"
#include "plan/overrides.h"
#include "policy/policy.h"
#include "model/service.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct string_list {
    size_t count;
    const char **items;
};

struct header_config {
    const char *name;
    const char *value; /* template source */
    unsigned member;   /* of the section that it is of: those of one differ in
                        * nothing but their values, and are all sent */
};

struct header_list {
    size_t count;
    struct header_config *items;
};

enum http_version { HTTP_1_1, HTTP_2 };

enum engine_wish {
#define ENGINE_WISH(id, name, sentence) ENGINE_##id,
#include "plan/engine_wish.def"
#undef ENGINE_WISH
};

struct target_config {
    const char *url; /* NULL: the embedded target */
    enum http_version http;
    enum engine_wish engine;
    bool tls_insecure;
    const char *tls_ca;   /* file */
    const char *tls_cert; /* client certificate and its key: files */
    const char *tls_key;
    const char *tls_server_name; /* SNI, and verified; NULL: the URL's host */
    struct string_list resolve;  /* "host:port:address" */
    const char *unix_socket;
    const char *proxy;
    struct string_list interface; /* addresses or devices to connect from */
    const char *user;             /* "name:password"; NULL: none */
    uint64_t streams; /* of HTTP/2, at once on a connection; 0: any */
    bool compressed;
};

struct request_config {
    const char *name;
    uint64_t tier;
    uint64_t weight;
    const char *method;
    const char *path; /* NULL: the URL as given; may have {{placeholders}} */
    struct header_list headers;
    const char *body; /* template source, NULL: none */
    size_t body_length;
    const char *body_file;   /* read at planning time into body */
    struct string_list form; /* fields, made into body at planning time */
    const char *form_type;   /* the media type of that body; NULL: no form */
    bool body_placeholders;  /* false: nothing in the body is a placeholder */
    struct expect_config expect;
    struct member_list expect_json; /* that the expected answer has */
    enum tristate effect; /* ANY until it is resolved by the method */
};

/* A request ready to be sent: everything that can be computed once. */
struct planned_request {
    struct request_config config;
    struct request_traits traits;
    struct template url;
    struct template body;
    bool has_body;
    bool names_host; /* a header says Host */
    bool is_traced;  /* it carries the ids of a trace */
    bool seems_json; /* it begins as JSON does, is none, and is sent as text */
    size_t header_count;
    struct template *header_lines; /* "Name: value" */
};

struct ledger_config {
    const char *url;     /* "/ledger" is relative to the target; NULL: none */
    const char *command; /* NULL: none; needs --allow-exec */
    const char *key;     /* template source of the join id */
    struct header_list headers;
    enum ledger_columns columns;
    bool baseline; /* read it before the run, too, and take that off */
    struct duration settle;
    struct duration patience; /* for effects that are missing */
    struct duration timeout;  /* of one reading, and of settling as a whole */
    struct transition_config transitions; /* count 0: states are not checked */
    struct string_list initial;
    struct string_list effect_states;
    const char *history_url; /* of states, where the ledger has counts */
    const char *history_command;
};

struct workload;

/* When a run is hopeless: more measured operations than `most` failed, or took
 * longer than `longest` whatever squall's own part in that was. It then ends
 * at once. */
struct miss_limit {
    bool is_on;
    struct duration longest; /* FOREVER: only failures are missed */
    uint64_t most;
};

struct plan {
    struct arena arena;
    const char *name;
    struct overrides overrides;
    struct string_list profiles; /* that were merged, as they were named */
    const char *about;
    const char *source;
    const char *verified; /* year and month, as in "2026-11" */
    const char *version;  /* of the client that it stands for */
    struct target_config target;
    struct load_config load;
    size_t request_count; /* at least 1 */
    struct planned_request *requests;
    struct policy policy;
    struct template key_template; /* where the key is one */
    size_t fault_count;
    struct fault_config faults[FAULTS_MAX];
    struct ledger_config ledger;
    struct template ledger_key;
    bool has_ledger;
    struct effect_id_config effect_id;
    size_t slo_count;
    struct slo slos[SLO_MAX];
    size_t abort_count;
    struct abort_rule aborts[ABORT_RULES_MAX];
    struct service_config service;
    size_t timeline_count;
    struct timeline_entry timeline[TIMELINE_MAX];
    struct miss_limit miss_limit;    /* no key: set before a run */
    const struct workload *workload; /* borrowed; NULL: new operations */
    uint64_t show_failed; /* exchanges of attempts that failed are kept, the
                           * first so many */
    uint64_t seed;        /* given, or drawn by the command */
    uint64_t run;         /* the number of the run that its operations are of:
                           * unique, see key.h */
    uint64_t spans; /* spans are made from it: the number of this very run,
                     * which is another one where operations come from an
                     * earlier run */
    cJSON *profile; /* as resolved and merged, secrets masked; owned
                     * by the plan, freed by plan_free */
    cJSON *written; /* as merged, before ${env:NAME} was replaced:
                     * it may hold secrets and is shown to nobody as
                     * it is; owned like the profile */
};

/* How an item of `sets` was typed, for errors: "-d 3x". */
struct typed_set {
    const char *set; /* that very pointer */
    const char *typed;
};

/* A profile to merge: a name to look up, or a file, or a text. */
struct plan_input {
    size_t profile_count;
    const char *const *profiles; /* -p, in order */
    size_t set_count;
    const char *const *sets; /* --set path=value, and flags that stand
                              * for a key, in order; "list[+]=item" adds
                              * an item */
    size_t typed_count;
    const struct typed_set *typed; /* of those that are not --set */
    size_t fallback_count;
    const char *const *fallbacks; /* "path|other=value": what a flag needs of
                                   * a path that nothing else says, nor any of
                                   * the others */
    const char *url;              /* positional, or NULL */
    const char *method;           /* -X, or NULL: for every request */
    const char *method_typed, *body_typed; /* "-X", "-b"; NULL: those */
    size_t header_count;
    const char *const *headers; /* -H "Name: value", for every request */
    const char *body;           /* -b text or @file, or NULL */
    size_t form_count;
    const char *const *form; /* -F name=value, for every request */
    size_t slo_count;
    const char *const *slos; /* --slo, added to the profile's; "@file": those
                              * of its lines */
    size_t abort_count;
    const char *const *aborts; /* --abort-if, the same */
    struct workload *workload; /* NULL: new operations, of the profile */
    bool allow_exec;
    uint64_t show_failed;
    bool has_seed;
    uint64_t seed;
    uint64_t run; /* unique number of this run, drawn by the command */
};

/* Reads, merges, checks and resolves. Returns NULL after adding every error
 * that could be found. The caller frees with plan_free. */
struct plan *plan_read(const struct plan_input *input, struct errors *errors);
void plan_free(struct plan *plan);

/* Connections that each caller of the closed model may use at once: one, and
 * one a hedge. In the open model load.connections is the limit as it stands,
 * and this is 1. */
uint64_t plan_connections_a_caller(const struct plan *plan);

/* Who sends an attempt, for templates: the same whenever it is asked. Without
 * a key. */
static inline struct template_subject plan_subject(const struct plan *plan,
                                                   uint64_t operation,
                                                   unsigned attempt,
                                                   uint64_t client)
{
    return (struct template_subject){
        .run = plan->run,
        .operation = operation,
        .attempt = attempt,
        .max_attempts = plan->policy.retry.max_attempts,
        .client = client,
        .seed = mix64(plan->seed ^ mix64(operation)),
    };
}

/* Whether squall itself may cause such a fault. */
bool plan_has_fault(const struct plan *plan, enum fault_kind kind);

/* Whether more of answers is looked at than their status and hint: a member
 * that is expected, the effect that they name, or, of those to one key,
 * whether they are the same. */
bool plan_reads_answers(const struct plan *plan);

/* Once the embedded target listens: fills in the URL of a plan that has none
 * and compiles the requests' URLs. */
bool plan_set_target(struct plan *plan, const char *url,
                     struct errors *errors);

/* Lowers a limit of the load to what fits this process. The profile shows the
 * plan as it is run. */
void plan_lower_connections(struct plan *plan, uint64_t connections);
void plan_lower_threads(struct plan *plan, uint64_t threads);

#endif
