#include "transport/ledger_source.h"

#include "base/str.h"
#include "measure/ledger_text.h"
#include "transport/clock.h"
#include "transport/command.h"
#include "transport/handle.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

enum { SHOWN_MAX = 60 };

/* An answer on its way into the parser. */
struct answer {
    CURL *easy;
    struct ledger_text *text;
    struct errors *errors;
    bool has_begun;
    long status;
    struct str refusal; /* the begin of an answer that is no ledger */
};

static bool feed(void *user, const char *bytes, size_t length,
                 struct errors *errors)
{
    return ledger_text_feed(user, bytes, length, errors);
}

static void begin_answer(struct answer *answer)
{
    const char *type = NULL;
    answer->has_begun = true;
    curl_easy_getinfo(answer->easy, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_getinfo(answer->easy, CURLINFO_CONTENT_TYPE, &type);
    if (type && strcasestr(type, "json")) {
        answer->text->form = LEDGER_JSON;
    }
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *user)
{
    struct answer *answer = user;
    size_t length = size * count;
    if (!answer->has_begun) {
        begin_answer(answer);
    }
    if (answer->status != 200) {
        size_t room = SHOWN_MAX - answer->refusal.length;
        str_append_bytes(&answer->refusal, bytes,
                         length < room ? length : room);
        return length;
    }
    return ledger_text_feed(answer->text, bytes, length, answer->errors)
               ? length
               : 0;
}

static int on_progress(void *user, curl_off_t download_total,
                       curl_off_t downloaded, curl_off_t upload_total,
                       curl_off_t uploaded)
{
    const atomic_bool *stop = user;
    (void)download_total;
    (void)downloaded;
    (void)upload_total;
    (void)uploaded;
    return stop && atomic_load(stop);
}

/* The ledger's own URL, or its path on the target. */
static char *whole_url(const struct plan *plan,
                       const struct ledger_source *source,
                       struct errors *errors)
{
    const char *given = source->url;
    CURLU *parts = curl_url();
    char *url = NULL;
    bool ok = parts != NULL;
    if (ok && given[0] == '/') {
        ok = curl_url_set(parts, CURLUPART_URL, plan->target.url, 0) ==
             CURLUE_OK;
    }
    ok = ok && curl_url_set(parts, CURLUPART_URL, given, 0) ==
                   CURLUE_OK &&
         curl_url_get(parts, CURLUPART_URL, &url, 0) == CURLUE_OK;
    curl_url_cleanup(parts);
    if (!ok) {
        errors_add(errors, ERROR_NO_LEDGER, "the ledger: %s is not a URL",
                   source->url_key);
    }
    return ok ? url : NULL;
}

static bool is_same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    char *of_a = NULL;
    char *of_b = NULL;
    bool same =
        curl_url_get(a, part, &of_a, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        curl_url_get(b, part, &of_b, CURLU_DEFAULT_PORT) == CURLUE_OK &&
        strcasecmp(of_a, of_b) == 0;
    curl_free(of_a);
    curl_free(of_b);
    return same;
}

/* Whether the target serves it, too. */
static bool is_at_target(const struct plan *plan, const char *url)
{
    CURLU *own = curl_url();
    CURLU *target = curl_url();
    bool same =
        own && target &&
        curl_url_set(own, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_set(target, CURLUPART_URL, plan->target.url, 0) ==
            CURLUE_OK &&
        is_same_part(own, target, CURLUPART_SCHEME) &&
        is_same_part(own, target, CURLUPART_HOST) &&
        is_same_part(own, target, CURLUPART_PORT);
    curl_url_cleanup(own);
    curl_url_cleanup(target);
    return same;
}

/* The URL as people may see it, in a report, too: a query may hold a token, and
 * where the profile took it from the environment no name tells which. */
static char *public_url(const char *url)
{
    CURLU *parts = curl_url();
    char *shown = NULL;
    if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK) {
        curl_url_set(parts, CURLUPART_USER, NULL, 0);
        curl_url_set(parts, CURLUPART_PASSWORD, NULL, 0);
        curl_url_set(parts, CURLUPART_QUERY, NULL, 0);
        curl_url_get(parts, CURLUPART_URL, &shown, 0);
    }
    curl_url_cleanup(parts);
    return shown;
}

static struct curl_slist *header_lines(const struct plan *plan)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < plan->ledger.headers.count; i++) {
        const struct header_config *header = &plan->ledger.headers.items[i];
        struct str line = STR_INIT;
        str_printf(&line, "%s: %s", header->name, header->value);
        list = curl_slist_append(list, line.text);
        str_release(&line);
    }
    return list;
}

static void say_what_broke(const struct plan *plan, const char *url,
                           const struct answer *answer, CURLcode code,
                           const char *reason)
{
    struct errors *errors = answer->errors;
    double patience = duration_in_seconds(plan->ledger.timeout);

    if (code == CURLE_ABORTED_BY_CALLBACK) {
        errors_add(errors, ERROR_NO_LEDGER,
                   "the ledger %s could not be read: interrupted", url);
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        struct error *error = errors_add(
            errors, ERROR_NO_LEDGER,
            "the ledger %s could not be read in %g s (ledger.timeout)", url,
            patience);
        error_hint(error, "raise ledger.timeout, or let it tell less");
    } else if (answer->has_begun) {
        struct error *error = errors_add(
            errors, ERROR_NO_LEDGER,
            "the ledger %s broke off after %llu entries: %s", url,
            (unsigned long long)answer->text->entries, reason);
        error_hint(error, "a part of a ledger proves nothing: look at the "
                          "service that tells it");
    } else {
        errors_add(errors, ERROR_NO_LEDGER,
                   "the ledger %s could not be read: %s", url, reason);
    }
}

static bool fetch_with(const struct plan *plan, struct answer *answer,
                       const char *url)
{
    char reason[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(answer->easy, CURLOPT_ERRORBUFFER, reason);
    CURLcode code = curl_easy_perform(answer->easy);
    curl_easy_setopt(answer->easy, CURLOPT_ERRORBUFFER, NULL);
    if (answer->text->failed) {
        return false; /* it has been said why */
    }
    if (code != CURLE_OK) {
        say_what_broke(plan, url, answer, code,
                       reason[0] ? reason : curl_easy_strerror(code));
        return false;
    }
    if (!answer->has_begun) {
        begin_answer(answer);
    }
    if (answer->status != 200) {
        struct error *error = errors_add(
            answer->errors, ERROR_NO_LEDGER,
            "the ledger %s answered %ld: \"%s\"", url, answer->status,
            answer->refusal.text);
        error_hint(error, answer->status / 100 == 3
                              ? "a redirect is not followed: name the place "
                                "that it leads to"
                              : "does it want a header (ledger.headers)?");
        return false;
    }
    return ledger_text_end(answer->text, answer->errors);
}

static void set_options(CURL *easy, const struct plan *plan, const char *url,
                        const struct ledger_source *source,
                        struct answer *answer)
{
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, source->stop);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     (long)(plan->ledger.timeout.ns / NS_PER_MS));
}

static bool fetch(const struct plan *plan, const struct ledger_source *source,
                  struct ledger_text *text, struct errors *errors)
{
    char *url = whole_url(plan, source, errors);
    if (!url) {
        return false;
    }
    struct answer answer = {.easy = curl_easy_init(),
                            .text = text,
                            .errors = errors,
                            .refusal = STR_INIT};
    struct curl_slist *headers = header_lines(plan);
    struct curl_slist *pinned = NULL;
    for (size_t i = 0; i < plan->target.resolve.count; i++) {
        pinned = curl_slist_append(pinned, plan->target.resolve.items[i]);
    }
    set_options(answer.easy, plan, url, source, &answer);
    curl_easy_setopt(answer.easy, CURLOPT_HTTPHEADER, headers);
    if (is_at_target(plan, url)) {
        handle_set_target(answer.easy, &plan->target, pinned);
    } else {
        handle_set_other(answer.easy, &plan->target, pinned);
    }
    char *shown = public_url(url);
    bool ok = fetch_with(plan, &answer, shown ? shown : "");
    curl_free(shown);
    curl_easy_cleanup(answer.easy);
    curl_slist_free_all(headers);
    curl_slist_free_all(pinned);
    curl_free(url);
    str_release(&answer.refusal);
    return ok;
}

bool ledger_source_read(const struct plan *plan,
                        const struct ledger_source *source,
                        void (*take)(void *user,
                                     const struct ledger_entry *entry),
                        void *user, struct errors *errors)
{
    struct ledger_text text;
    ledger_text_begin(&text, LEDGER_SNIFFED, source->tells, take, user);
    if (!source->command) {
        return fetch(plan, source, &text, errors);
    }
    struct command_limits limits = {
        .name = source->command_key,
        .timeout = plan->ledger.timeout,
        .stop = source->stop,
    };
    return command_read(source->command, &limits, feed, &text, errors) &&
           ledger_text_end(&text, errors);
}
