/* Dead letters as a workload: what a profile may say beside them, and what
 * their operations are and send. */
#include "base/json.h"
#include "base/must.h"
#include "plan/dead_letter.h"
#include "plan/plan.h"

#include <string.h>

/* What is not for profiles and flags to say. Any client has keys and headers:
 * those of the dead letters stand. */
static const struct base_key reserved[] = {
    {"load", true, false, "its dead letters are the load of a replay"},
    {"load.operations", false, false, "a replay sends every dead letter once"},
    {"load.stages", false, false, "a replay has one rate: --rate"},
    {"load.arrivals", false, false, "a replay has one rate: --rate"},
    {"load.warmup", false, false, "every dead letter of a replay counts"},
    {"requests", false, false,
     "its dead letters are the requests of a replay"},
    {"faults", false, false, "a replay is no place for faults"},
    {"service", false, false, "a replay starts no service"},
    {"idempotency", false, true,
     "a replay sends the keys of its dead letters"},
    {"headers", false, true, "a replay sends the headers of its dead letters"},
};

/* Dead letters are paced, unless connections take turns; and another ledger
 * stands in the place of the one that the run had, also where the one is a URL
 * and the other a command. */
static const struct yielding_key yielding[] = {
    {"load.rate", "load.model"},
    {"load.rate", "load.connections"},
    {"ledger.url", "ledger.command"},
    {"ledger.command", "ledger.url"},
};

const struct dead_letter *dead_letters_find(
    const struct dead_letters *dead_letters, uint64_t number)
{
    struct dead_letter wanted = {.number = number};
    size_t low = 0, high = dead_letters->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dead_letters->items[middle].number < wanted.number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < dead_letters->count &&
                   dead_letters->items[low].number == number
               ? &dead_letters->items[low]
               : NULL;
}

static const struct dead_letters *of_workload(const struct workload *workload)
{
    return (const struct dead_letters *)(const void *)workload;
}

static void fit(const struct workload *workload, struct plan *plan)
{
    const struct dead_letters *dead_letters = of_workload(workload);

    for (size_t i = 0; i < dead_letters->count; i++) {
        const struct dead_letter *dead_letter = &dead_letters->items[i];
        struct planned_request *request =
            &plan->requests[dead_letter->request];
        request->traits.has_key |= dead_letter->key != NULL;
        request->has_body |= dead_letter->has_body;
        request->is_traced |= dead_letter->span[0] != '\0';
        if (dead_letter->body_length > request->traits.body_bytes) {
            request->traits.body_bytes = dead_letter->body_length;
        }
    }
}

/* The length of "scheme://host:port". */
static size_t origin_of(const char *url)
{
    const char *host = strstr(url, "://");
    must(host);
    host += 3;
    return (size_t)(host - url) + strcspn(host, "/?#");
}

/* Dead letters go to the host of the plan's URL. */
static bool aim(struct workload *workload, const struct plan *plan,
                bool elsewhere, struct errors *errors)
{
    struct dead_letters *dead_letters =
        (struct dead_letters *)(void *)workload;
    const char *url = plan->target.url;
    size_t origin = origin_of(url);
    bool good = true;

    for (size_t i = 0; i < dead_letters->count; i++) {
        struct dead_letter *dead_letter = &dead_letters->items[i];
        size_t its = origin_of(dead_letter->url);
        bool same = its == origin && strncmp(dead_letter->url, url, its) == 0;
        if (!same && !elsewhere) {
            struct error *error =
                errors_add(errors, ERROR_BAD_VALUE,
                           "its URL is not of the target in the first line");
            snprintf(error->file, sizeof(error->file), "%s",
                     dead_letters->file);
            error->line = dead_letter->line;
            error->column = 1;
            error_hint(error, "to send all of them to one host: squall "
                              "replay FILE URL");
            good = false;
        }
        struct str whole = STR_INIT;
        str_append_bytes(&whole, url, origin);
        str_append(&whole, dead_letter->url + its);
        dead_letter->url = arena_strdup(&dead_letters->arena, whole.text);
        str_release(&whole);
    }
    return good;
}

static void pick(struct picker *picker, int64_t unix_ms,
                 struct planned_operation *operation)
{
    const struct dead_letters *dead_letters =
        of_workload(workload_of(picker->plan));
    const struct dead_letter *dead_letter =
        &dead_letters->items[operation->place];

    (void)unix_ms;
    operation->number = dead_letter->number;
    operation->client = dead_letter->client;
    operation->request = dead_letter->request;
    operation->has_key = dead_letter->key != NULL;
    operation->is_repeated = true;
    operation->earlier = (struct earlier_runs){
        .verdict = dead_letter->verdict,
        .attempts = dead_letter->attempts,
        .one_key = dead_letter->one_key,
    };
    if (dead_letter->key) {
        operation->key_length = dead_letter->key_length;
        memcpy(operation->key, dead_letter->key, dead_letter->key_length + 1);
    }
}

/* Puts the span of an attempt in the place of the dead letter's. */
static void put_span(char *line, const struct dead_letter *dead_letter,
                     const char *span)
{
    for (char *at = line; (at = strstr(at, dead_letter->span));) {
        memcpy(at, span, SPAN_ID_LENGTH);
        at += SPAN_ID_LENGTH;
    }
}

/* A dead letter is sent as it was, but for its span: each attempt has one of
 * its own. Nothing of it is a template. */
static void fill(const struct message_room *room, size_t index,
                 const struct planned_operation *operation, unsigned attempt,
                 struct message *message)
{
    const struct plan *plan = room->plan;
    const struct dead_letter *dead_letter =
        &of_workload(workload_of(plan))->items[operation->place];
    const char **heads = &room->heads[index * room->line_max];
    char *at = room->lines + index * room->lines_size;
    char span[SPAN_ID_LENGTH + 1];

    must(dead_letter->header_count <= room->line_max);
    key_span_id(plan->spans, dead_letter->number, attempt, span);
    *message = (struct message){
        .request = dead_letter->request,
        .url = dead_letter->url,
        .line_count = dead_letter->header_count,
        .lines = heads,
        .has_all_lines = true,
    };
    for (size_t i = 0; i < dead_letter->header_count; i++) {
        heads[i] = dead_letter->headers[i];
        if (dead_letter->span[0] &&
            strstr(dead_letter->headers[i], dead_letter->span)) {
            size_t size = strlen(dead_letter->headers[i]) + 1;
            heads[i] = memcpy(at, dead_letter->headers[i], size);
            put_span(at, dead_letter, span);
            at += size;
        }
    }
    if (plan->requests[dead_letter->request].has_body) {
        message->body = dead_letter->has_body ? dead_letter->body : "";
        message->body_length = dead_letter->body_length;
    }
}

static uint64_t place(const struct workload *workload, uint64_t number)
{
    const struct dead_letters *dead_letters = of_workload(workload);
    const struct dead_letter *dead_letter =
        dead_letters_find(dead_letters, number);

    must(dead_letter);
    return (uint64_t)(dead_letter - dead_letters->items);
}

static size_t key_again(const struct plan *plan, uint64_t number,
                        unsigned attempt, char *key)
{
    const struct dead_letters *dead_letters = of_workload(workload_of(plan));
    const struct dead_letter *dead_letter =
        dead_letters_find(dead_letters, number);

    (void)attempt;
    key[0] = '\0';
    if (!dead_letter || !dead_letter->key) {
        return 0;
    }
    memcpy(key, dead_letter->key, dead_letter->key_length + 1);
    return dead_letter->key_length;
}

/* Every dead letter once, and what the run used, below all profiles. */
void dead_letters_make_workload(struct dead_letters *dead_letters)
{
    cJSON_AddNumberToObject(json_get(dead_letters->profile, "load"),
                            "operations", (double)dead_letters->count);
    dead_letters->base = (struct profile_base){
        .file = dead_letters->file,
        .profile = dead_letters->profile,
        .reserved_count = array_length(reserved),
        .reserved = reserved,
        .yielding_count = array_length(yielding),
        .yielding = yielding,
    };
    dead_letters->workload = (struct workload){
        .base = &dead_letters->base,
        .run = dead_letters->run,
        .seed = dead_letters->seed,
        .count = dead_letters->count,
        .line_max = dead_letters->headers_max,
        .lines_size = dead_letters->span_bytes_max,
        .fit = fit,
        .aim = aim,
        .pick = pick,
        .fill = fill,
        .place = place,
        .key_again = key_again,
    };
}

const struct dead_letters *dead_letters_of(const struct plan *plan)
{
    const struct workload *workload = workload_of(plan);
    return workload->pick == pick ? of_workload(workload) : NULL;
}
