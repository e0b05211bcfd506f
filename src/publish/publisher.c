#include "publish/publisher.h"

#include "base/must.h"
#include "engine/clock.h"
#include "publish/otlp_push.h"
#include "publish/page_server.h"
#include "report/otlp.h"

#include <stdio.h>
#include <stdlib.h>

/* Of one request: collectors refuse those of some megabytes. */
enum { SPANS_A_REQUEST = 500 };

struct publisher {
    struct publisher_options options;
    struct page_server *pages;
    struct otlp_endpoint endpoint;
    struct otlp_push *push;
    struct instant next; /* metrics are due */
};

struct publisher *publisher_start(const struct publisher_options *options,
                                  struct errors *errors)
{
    struct publisher *publisher = calloc(1, sizeof(*publisher));
    bool ok = true;

    must(publisher);
    publisher->options = *options;
    if (options->otlp) {
        ok = otlp_endpoint_read(&publisher->endpoint, options->otlp,
                                options->headers, options->header_count,
                                errors);
        publisher->push =
            ok ? otlp_push_start(&publisher->endpoint, errors) : NULL;
        ok = publisher->push;
        publisher->next =
            instant_add(clock_now(), duration_ms(PUBLISHER_INTERVAL_S * 1000));
    }
    if (ok && options->listen) {
        publisher->pages = page_server_start(options->listen, errors);
        ok = publisher->pages;
    }
    if (!ok) {
        publisher_free(publisher);
        return NULL;
    }
    return publisher;
}

const char *publisher_url(const struct publisher *publisher)
{
    return publisher->pages ? page_server_url(publisher->pages) : NULL;
}

bool publisher_is_loopback(const struct publisher *publisher)
{
    return page_server_is_loopback(publisher->pages);
}

static void note(const struct publisher *publisher, const char *text)
{
    if (text && publisher->options.note) {
        publisher->options.note(publisher->options.context, text);
    }
}

static void note_problem(struct publisher *publisher)
{
    const char *problem = otlp_push_problem(publisher->push);
    char text[500];

    if (problem) {
        snprintf(text, sizeof(text), "%s; the run goes on without it",
                 problem);
        note(publisher, text);
    }
}

static bool is_due(const struct publisher *publisher)
{
    return publisher->push && clock_now().ns >= publisher->next.ns;
}

bool publisher_wants(struct publisher *publisher)
{
    if (publisher->push) {
        note_problem(publisher);
    }
    return is_due(publisher) ||
           (publisher->pages && page_server_wants(publisher->pages));
}

static void give_metrics(struct publisher *publisher, const cJSON *document,
                         int64_t began_unix_ms)
{
    struct str text = STR_INIT;

    otlp_metrics(&text, document, began_unix_ms * NS_PER_MS, clock_unix_ns());
    (void)otlp_push_give(publisher->push, OTLP_METRICS, &text);
    str_release(&text);
}

void publisher_take(struct publisher *publisher, cJSON *document,
                    int64_t began_unix_ms)
{
    if (is_due(publisher)) {
        give_metrics(publisher, document, began_unix_ms);
        publisher->next =
            instant_add(clock_now(), duration_ms(PUBLISHER_INTERVAL_S * 1000));
    }
    if (publisher->pages) {
        page_server_take(publisher->pages, document);
    } else {
        cJSON_Delete(document);
    }
}

void publisher_settle(struct publisher *publisher)
{
    if (publisher->pages) {
        page_server_settle(publisher->pages);
    }
}

/* The spans of a run on their way. */
struct sending {
    struct publisher *publisher;
    struct events_run events;
    struct str text; /* of the request that is being made; empty: none */
    uint64_t in_text, given, left_out;
    struct instant until;
    bool is_over; /* nobody takes any more */
};

static void give_spans(struct sending *sending)
{
    struct otlp_push *push = sending->publisher->push;

    if (sending->in_text == 0) {
        return;
    }
    otlp_spans_end(&sending->text);
    if (otlp_push_await_room(push, sending->until)) {
        (void)otlp_push_give(push, OTLP_TRACES, &sending->text);
        sending->given += sending->in_text;
    } else {
        sending->is_over = true;
        str_reset(&sending->text);
    }
    sending->in_text = 0;
}

static void add_spans(struct sending *sending, const struct event_trace *trace,
                      const struct events_effect *effect)
{
    uint64_t spans = 1 + trace->attempt_count;

    if (sending->given + sending->in_text + spans > PUBLISHER_SPANS_MAX) {
        sending->left_out++;
        return;
    }
    if (sending->in_text == 0) {
        otlp_spans_begin(&sending->text, &sending->events);
    }
    otlp_spans_add(&sending->text, &sending->events, trace, effect);
    sending->in_text += spans;
    if (sending->in_text >= SPANS_A_REQUEST) {
        give_spans(sending);
    }
}

static void send_spans(struct sending *sending, const struct writer_run *run,
                       double sample)
{
    const struct event_trace *trace;

    run->begin(run->context);
    while (!sending->is_over && (trace = run->next(run->context))) {
        uint64_t operation = trace->operation.operation;
        struct events_effect effect = run->effect(run->context, operation);
        if (events_sampled(operation, sample) ||
            events_offends(trace, &effect)) {
            add_spans(sending, trace, &effect);
        }
    }
    give_spans(sending);
    (void)run->end(run->context);
    if (sending->left_out > 0) {
        char text[160];
        snprintf(text, sizeof(text),
                 "OTLP: %d spans are the most of a run: %llu operations have "
                 "none",
                 PUBLISHER_SPANS_MAX, (unsigned long long)sending->left_out);
        note(sending->publisher, text);
    }
}

void publisher_conclude(struct publisher *publisher, const cJSON *document,
                        const struct writer_run *run, double sample)
{
    struct sending sending = {
        .publisher = publisher,
        .events = run->events,
        .text = STR_INIT,
        .until = instant_add(clock_now(),
                             duration_ms(PUBLISHER_END_LIMIT_S * 1000)),
    };

    if (publisher->pages) {
        cJSON *copy = cJSON_Duplicate(document, true);
        must(copy);
        page_server_take(publisher->pages, copy);
    }
    if (!publisher->push) {
        return;
    }
    give_metrics(publisher, document, run->began_unix_ms);
    send_spans(&sending, run, sample);
    struct otlp_push_sum sum = otlp_push_end(publisher->push, sending.until);
    note_problem(publisher);
    if (sum.sent > 0 && sum.left_out > 0) {
        char text[120];
        snprintf(
            text, sizeof(text), "OTLP: %llu requests were sent, %llu were not",
            (unsigned long long)sum.sent, (unsigned long long)sum.left_out);
        note(publisher, text);
    }
    str_release(&sending.text);
}

void publisher_free(struct publisher *publisher)
{
    if (!publisher) {
        return;
    }
    if (publisher->pages) {
        page_server_stop(publisher->pages);
    }
    if (publisher->push) {
        otlp_push_free(publisher->push);
    }
    otlp_endpoint_release(&publisher->endpoint);
    free(publisher);
}
