#include "publish/otlp_push.h"

#include "base/json.h"
#include "base/mask.h"
#include "base/must.h"
#include "base/version.h"
#include "engine/clock.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_MAX = 64 * 1024,
    REQUEST_LIMIT_MS = 10 * 1000,
    CONNECT_LIMIT_MS = 3 * 1000,
    PAUSE_MS = 500,
    TRIES = 5,
    PROBLEM_MAX = 400
};

struct request {
    enum otlp_signal signal;
    struct str text;
};

struct otlp_push {
    const struct otlp_endpoint *endpoint;
    pthread_t thread;
    bool is_running; /* the thread is to be joined */

    /* Of the thread alone. */
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    struct str answer;
    char error[CURL_ERROR_SIZE];

    pthread_mutex_t lock;
    pthread_cond_t changed; /* by the monotonic clock */
    /* Under the lock: a ring of requests. */
    struct request ring[OTLP_PUSH_ROOM];
    size_t first, count;  /* the first stays in it while it is sent */
    struct instant until; /* NEVER before the end */
    bool is_ending;
    bool was_answered; /* ever */
    bool is_down;      /* never answered, and failed */
    bool is_told;
    char problem[PROBLEM_MAX];
    struct otlp_push_sum sum;
};

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct otlp_push *push = context;

    if (push->answer.length + size * count > ANSWER_MAX) {
        return 0;
    }
    str_append_bytes(&push->answer, bytes, size * count);
    return size * count;
}

static void keep_problem(struct otlp_push *push, const char *signal,
                         const char *what)
{
    char text[PROBLEM_MAX];
    char *masked;

    snprintf(text, sizeof(text), "OTLP: %s could not be sent: %s", signal,
             what);
    masked = mask_text(text);
    pthread_mutex_lock(&push->lock);
    if (!push->problem[0]) {
        snprintf(push->problem, sizeof(push->problem), "%s", masked);
    }
    pthread_mutex_unlock(&push->lock);
    free(masked);
}

/* Whether the time for it is over. */
static bool is_late(struct otlp_push *push)
{
    pthread_mutex_lock(&push->lock);
    bool late = clock_now().ns >= push->until.ns;
    pthread_mutex_unlock(&push->lock);
    return late;
}

/* Performs the transfer; ends it when its time is over. */
static CURLcode transfer(struct otlp_push *push)
{
    CURLcode code = CURLE_OPERATION_TIMEDOUT;
    int running = 1, left;
    CURLMsg *message;

    str_reset(&push->answer);
    push->error[0] = '\0';
    if (curl_multi_add_handle(push->multi, push->easy) != CURLM_OK) {
        return CURLE_FAILED_INIT;
    }
    while (running > 0 && !is_late(push)) {
        if (curl_multi_perform(push->multi, &running) != CURLM_OK) {
            break;
        }
        if (running > 0) {
            curl_multi_poll(push->multi, NULL, 0, 100, NULL);
        }
    }
    while ((message = curl_multi_info_read(push->multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            code = message->data.result;
        }
    }
    curl_multi_remove_handle(push->multi, push->easy);
    return code;
}

/* A collector may take a part: it says so in an answer of 200. */
static void read_partial(struct otlp_push *push, const char *signal)
{
    cJSON *answer =
        cJSON_ParseWithLength(push->answer.text, push->answer.length);
    const cJSON *partial = json_get(answer, "partialSuccess");
    const char *why = cJSON_GetStringValue(json_get(partial, "errorMessage"));

    if (why && why[0]) {
        struct str text = STR_INIT;
        str_printf(&text, "the collector says: %s", why);
        keep_problem(push, signal, text.text);
        str_release(&text);
    }
    cJSON_Delete(answer);
}

enum result { RESULT_SENT, RESULT_FAILED, RESULT_AGAIN };

static const char *signal_name(enum otlp_signal signal)
{
    return signal == OTLP_METRICS ? "metrics" : "spans";
}

/* Says what went wrong; that matters when there is no other try. */
static enum result send_once(struct otlp_push *push,
                             const struct request *request,
                             char problem[PROBLEM_MAX])
{
    long status = 0;

    curl_easy_setopt(push->easy, CURLOPT_URL,
                     push->endpoint->urls[request->signal]);
    curl_easy_setopt(push->easy, CURLOPT_POSTFIELDS, request->text.text);
    curl_easy_setopt(push->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)request->text.length);
    CURLcode code = transfer(push);
    curl_easy_getinfo(push->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        snprintf(problem, PROBLEM_MAX, "%s",
                 push->error[0] ? push->error : curl_easy_strerror(code));
        return RESULT_AGAIN;
    }
    pthread_mutex_lock(&push->lock);
    push->was_answered = true;
    pthread_mutex_unlock(&push->lock);
    if (status / 100 == 2) {
        read_partial(push, signal_name(request->signal));
        return RESULT_SENT;
    }
    snprintf(problem, PROBLEM_MAX, "the collector answered with %ld", status);
    return status == 429 || (status >= 502 && status <= 504) ? RESULT_AGAIN
                                                             : RESULT_FAILED;
}

static struct timespec timespec_of(struct instant at)
{
    return (struct timespec){(time_t)(at.ns / NS_PER_S),
                             (long)(at.ns % NS_PER_S)};
}

/* Under the lock: waits for a change, at most until then. */
static void await_change(struct otlp_push *push, struct instant until)
{
    if (until.ns == INT64_MAX) {
        pthread_cond_wait(&push->changed, &push->lock);
    } else {
        struct timespec time = timespec_of(until);
        pthread_cond_timedwait(&push->changed, &push->lock, &time);
    }
}

/* Under the lock: whether newer metrics wait behind the first request. */
static bool has_newer_metrics(const struct otlp_push *push)
{
    for (size_t i = 1; i < push->count; i++) {
        size_t at = (push->first + i) % OTLP_PUSH_ROOM;
        if (push->ring[at].signal == OTLP_METRICS) {
            return true;
        }
    }
    return false;
}

/* Between two tries. False where there is to be no other: newer metrics wait,
 * which say all that these do; the time is over; or nobody ever answered. */
static bool pause_before_next(struct otlp_push *push, enum otlp_signal signal)
{
    struct instant end = instant_add(clock_now(), duration_ms(PAUSE_MS));

    pthread_mutex_lock(&push->lock);
    bool is_hopeless = !push->was_answered;
    while (!is_hopeless && clock_now().ns < end.ns &&
           end.ns < push->until.ns &&
           (signal == OTLP_TRACES || !has_newer_metrics(push))) {
        await_change(push, end);
    }
    bool again = !is_hopeless && clock_now().ns >= end.ns;
    pthread_mutex_unlock(&push->lock);
    return again;
}

static bool send_request(struct otlp_push *push, const struct request *request)
{
    char problem[PROBLEM_MAX] = "";
    enum result result = RESULT_AGAIN;

    for (int i = 0; i < TRIES && result == RESULT_AGAIN; i++) {
        result = send_once(push, request, problem);
        if (result == RESULT_AGAIN &&
            !pause_before_next(push, request->signal)) {
            break;
        }
    }
    if (result != RESULT_SENT) {
        keep_problem(push, signal_name(request->signal), problem);
    }
    return result == RESULT_SENT;
}

/* Under the lock: what waits when nobody ever answered is not waited for. */
static void drop_all(struct otlp_push *push)
{
    while (push->count > 0) {
        str_release(&push->ring[push->first].text);
        push->first = (push->first + 1) % OTLP_PUSH_ROOM;
        push->count--;
        push->sum.left_out++;
    }
}

static void *push_all(void *context)
{
    struct otlp_push *push = context;

    pthread_mutex_lock(&push->lock);
    for (;;) {
        while (push->count == 0 && !push->is_ending) {
            await_change(push, INSTANT_NEVER);
        }
        if (push->count == 0) {
            break;
        }
        struct request *request = &push->ring[push->first];
        pthread_mutex_unlock(&push->lock);
        bool sent = !is_late(push) && send_request(push, request);
        pthread_mutex_lock(&push->lock);
        str_release(&request->text);
        push->first = (push->first + 1) % OTLP_PUSH_ROOM;
        push->count--;
        push->sum.sent += sent;
        push->sum.left_out += !sent;
        push->is_down = !sent && !push->was_answered;
        if (push->is_down) {
            drop_all(push);
        }
        pthread_cond_broadcast(&push->changed);
    }
    pthread_mutex_unlock(&push->lock);
    return NULL;
}

static bool prepare_transfers(struct otlp_push *push)
{
    const struct otlp_endpoint *endpoint = push->endpoint;

    push->multi = curl_multi_init();
    push->easy = curl_easy_init();
    push->headers = curl_slist_append(NULL, "Content-Type: application/json");
    for (size_t i = 0; push->headers && i < endpoint->header_count; i++) {
        struct curl_slist *longer =
            curl_slist_append(push->headers, endpoint->headers[i]);
        must(longer);
        push->headers = longer;
    }
    if (!push->multi || !push->easy || !push->headers) {
        return false;
    }
    CURL *easy = push->easy;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "squall/" SQUALL_VERSION);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, push->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, push);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, push->error);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)REQUEST_LIMIT_MS);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_LIMIT_MS);
    return true;
}

/* Signals are the main thread's. */
static int start_thread(struct otlp_push *push)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int problem = pthread_create(&push->thread, NULL, push_all, push);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    push->is_running = problem == 0;
    return problem;
}

struct otlp_push *otlp_push_start(const struct otlp_endpoint *endpoint,
                                  struct errors *errors)
{
    struct otlp_push *push = calloc(1, sizeof(*push));
    pthread_condattr_t attributes;

    must(push);
    push->endpoint = endpoint;
    push->until = INSTANT_NEVER;
    push->answer = (struct str)STR_INIT;
    pthread_mutex_init(&push->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&push->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    int problem = prepare_transfers(push) ? start_thread(push) : ENOMEM;
    if (problem) {
        errors_add(errors, ERROR_NO_RESOURCE,
                   "cannot start the thread that sends OTLP: %s",
                   strerror(problem));
        otlp_push_free(push);
        return NULL;
    }
    return push;
}

bool otlp_push_give(struct otlp_push *push, enum otlp_signal signal,
                    struct str *text)
{
    pthread_mutex_lock(&push->lock);
    bool has_room = push->count < OTLP_PUSH_ROOM && !push->is_ending;
    if (has_room) {
        size_t at = (push->first + push->count++) % OTLP_PUSH_ROOM;
        push->ring[at] = (struct request){signal, *text};
        *text = (struct str)STR_INIT;
        pthread_cond_broadcast(&push->changed);
    } else {
        push->sum.left_out++;
        str_reset(text);
    }
    pthread_mutex_unlock(&push->lock);
    return has_room;
}

bool otlp_push_await_room(struct otlp_push *push, struct instant until)
{
    pthread_mutex_lock(&push->lock);
    while (push->count == OTLP_PUSH_ROOM && !push->is_down &&
           clock_now().ns < until.ns) {
        await_change(push, until);
    }
    bool has_room = push->count < OTLP_PUSH_ROOM && !push->is_down;
    pthread_mutex_unlock(&push->lock);
    return has_room;
}

const char *otlp_push_problem(struct otlp_push *push)
{
    pthread_mutex_lock(&push->lock);
    bool is_new = push->problem[0] && !push->is_told;
    push->is_told |= is_new;
    pthread_mutex_unlock(&push->lock);
    return is_new ? push->problem : NULL;
}

struct otlp_push_sum otlp_push_end(struct otlp_push *push,
                                   struct instant until)
{
    pthread_mutex_lock(&push->lock);
    push->is_ending = true;
    push->until = until;
    pthread_cond_broadcast(&push->changed);
    pthread_mutex_unlock(&push->lock);
    if (push->is_running) {
        pthread_join(push->thread, NULL);
        push->is_running = false;
    }
    return push->sum;
}

void otlp_push_free(struct otlp_push *push)
{
    (void)otlp_push_end(push, clock_now());
    pthread_mutex_lock(&push->lock);
    drop_all(push);
    pthread_mutex_unlock(&push->lock);
    if (push->easy) {
        curl_easy_cleanup(push->easy);
    }
    if (push->multi) {
        curl_multi_cleanup(push->multi);
    }
    curl_slist_free_all(push->headers);
    str_release(&push->answer);
    pthread_cond_destroy(&push->changed);
    pthread_mutex_destroy(&push->lock);
    free(push);
}
