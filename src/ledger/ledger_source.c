#include "ledger/ledger_source.h"

#include "base/str.h"
#include "effects/ledger_text.h"
#include "engine/clock.h"
#include "engine/curl/handle.h"
#include "engine/curl/reading.h"
#include "engine/curl/tls_name.h"
#include "engine/head.h"
#include "ledger/command.h"
#include "plan/location.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

enum { SHOWN_MAX = 60 };

/* An answer on its way into the parser. */
struct download {
    CURL *easy;
    struct ledger_text *text;
    struct errors *errors;
    bool has_begun;
    long status;
    struct head head;
    struct str refusal; /* the begin of an answer that is no ledger */
};

static bool feed(void *user, const char *bytes, size_t length,
                 struct errors *errors)
{
    return ledger_text_feed(user, bytes, length, errors);
}

static void begin_download(struct download *download)
{
    const char *type = NULL;
    download->has_begun = true;
    curl_easy_getinfo(download->easy, CURLINFO_RESPONSE_CODE,
                      &download->status);
    curl_easy_getinfo(download->easy, CURLINFO_CONTENT_TYPE, &type);
    if (type && strcasestr(type, "json")) {
        download->text->form = LEDGER_JSON;
    }
}

/* Of an answer that two readers understand differently, nobody knows what the
 * ledger says. */
static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    struct download *download = user;
    size_t length = size * count;

    return head_has_room(&download->head, length) &&
                   head_check(&download->head, line, length)
               ? length
               : 0;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *user)
{
    struct download *download = user;
    size_t length = size * count;
    if (!download->has_begun) {
        begin_download(download);
    }
    if (download->status != 200) {
        size_t room = SHOWN_MAX - download->refusal.length;
        str_append_bytes(&download->refusal, bytes,
                         length < room ? length : room);
        return length;
    }
    return ledger_text_feed(download->text, bytes, length, download->errors)
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
        ok = curl_url_set(parts, CURLUPART_URL, plan->target.url,
                          CURLU_PATH_AS_IS) == CURLUE_OK;
    }
    ok = ok &&
         curl_url_set(parts, CURLUPART_URL, given, CURLU_PATH_AS_IS) ==
             CURLUE_OK &&
         curl_url_get(parts, CURLUPART_URL, &url, 0) == CURLUE_OK;
    curl_url_cleanup(parts);
    if (!ok) {
        errors_add(errors, ERROR_NO_LEDGER, "the ledger: %s is not a URL",
                   source->url_key);
    }
    return ok ? url : NULL;
}

/* The URL as people may see it, in a report, too: a query may hold a token,
 * and where the profile took it from the environment no name says which. */
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

/* libcurl undoes an encoding only where it may ask for one: its own line is
 * taken back, and the service's ledger stays what anybody gets. */
/* `host` is the Host that TLS calls by another name, or NULL. */
static struct curl_slist *header_lines(const struct plan *plan,
                                       const char *host)
{
    struct curl_slist *list = curl_slist_append(NULL, "Accept-Encoding:");
    for (size_t i = 0; i < plan->ledger.headers.count; i++) {
        const struct header_config *header = &plan->ledger.headers.items[i];
        struct str line = STR_INIT;
        str_printf(&line, "%s: %s", header->name, header->value);
        host = strcasecmp(header->name, "Host") == 0 ? NULL : host;
        list = curl_slist_append(list, line.text);
        str_release(&line);
    }
    return host ? curl_slist_append(list, host) : list;
}

static void say_what_broke(const struct plan *plan, const char *url,
                           const struct download *download, CURLcode code,
                           const char *reason)
{
    struct errors *errors = download->errors;
    double patience = duration_in_seconds(plan->ledger.timeout);

    if (download->head.invalid) {
        errors_add(errors, ERROR_NO_LEDGER,
                   "the ledger %s is not answered by valid HTTP: %s", url,
                   download->head.invalid);
    } else if (code == CURLE_ABORTED_BY_CALLBACK) {
        errors_add(errors, ERROR_NO_LEDGER,
                   "the ledger %s could not be read: interrupted", url);
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        struct error *error = errors_add(
            errors, ERROR_NO_LEDGER,
            "the ledger %s could not be read in %g s (ledger.timeout)", url,
            patience);
        error_hint(error, "raise ledger.timeout, or make the ledger shorter");
    } else if (download->has_begun) {
        struct error *error = errors_add(
            errors, ERROR_NO_LEDGER,
            "the ledger %s ended early, after %llu entries: %s", url,
            (unsigned long long)download->text->reader.entries, reason);
        error_hint(error, "a part of a ledger proves nothing: look at the "
                          "service that serves it");
    } else {
        struct error *error =
            errors_add(errors, ERROR_NO_LEDGER,
                       "the ledger %s could not be read: %s", url, reason);
        if (code == CURLE_BAD_CONTENT_ENCODING) {
            error_hint(error, "its bytes are not what its Content-Encoding "
                              "says: look at the service that serves it");
        }
    }
}

static bool fetch_with(const struct plan *plan, struct download *download,
                       const char *url)
{
    char reason[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(download->easy, CURLOPT_ERRORBUFFER, reason);
    CURLcode code = reading_perform(download->easy);
    curl_easy_setopt(download->easy, CURLOPT_ERRORBUFFER, NULL);
    if (download->text->reader.failed) {
        return false; /* it has been said why */
    }
    if (code != CURLE_OK) {
        say_what_broke(plan, url, download, code,
                       reason[0] ? reason : curl_easy_strerror(code));
        return false;
    }
    if (!download->has_begun) {
        begin_download(download);
    }
    if (download->status != 200) {
        struct error *error =
            errors_add(download->errors, ERROR_NO_LEDGER,
                       "the ledger %s answered %ld: \"%s\"", url,
                       download->status, download->refusal.text);
        error_hint(error, download->status / 100 == 3
                              ? "a redirect is not followed: name the place "
                                "that it leads to"
                              : "does it want a header (ledger.headers)?");
        return false;
    }
    return ledger_text_end(download->text, download->errors);
}

static void set_options(CURL *easy, const struct plan *plan, const char *url,
                        const struct ledger_source *source,
                        struct download *download)
{
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, download);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, download);
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
    struct download download = {.easy = curl_easy_init(),
                                .text = text,
                                .errors = errors,
                                .refusal = STR_INIT};
    bool at_target = location_same_origin(url, plan->target.url);
    struct tls_name tls_name;
    tls_name_init(&tls_name, &plan->target);
    struct curl_slist *headers = header_lines(
        plan, at_target && tls_name.name ? tls_name.host_line.text : NULL);
    struct curl_slist *pinned = NULL;
    for (size_t i = 0; i < plan->target.resolve.count; i++) {
        pinned = curl_slist_append(pinned, plan->target.resolve.items[i]);
    }
    set_options(download.easy, plan, url, source, &download);
    curl_easy_setopt(download.easy, CURLOPT_HTTPHEADER, headers);
    if (at_target) {
        handle_set_target(download.easy, &plan->target, pinned);
        curl_easy_setopt(download.easy, CURLOPT_URL,
                         tls_name_url(&tls_name, url));
        tls_name_route(&tls_name, download.easy);
    } else {
        handle_set_other(download.easy, &plan->target, pinned);
    }
    char *shown = public_url(url);
    bool ok = fetch_with(plan, &download, shown ? shown : "");
    curl_free(shown);
    curl_easy_cleanup(download.easy);
    curl_slist_free_all(headers);
    curl_slist_free_all(pinned);
    tls_name_release(&tls_name);
    curl_free(url);
    str_release(&download.refusal);
    return ok;
}

bool ledger_source_read(const struct plan *plan,
                        const struct ledger_source *source,
                        void (*take)(void *user,
                                     const struct ledger_entry *entry),
                        void *user, struct errors *errors)
{
    struct ledger_text text;
    ledger_text_begin(&text, LEDGER_SNIFFED, source->columns, take, user);
    if (!source->command) {
        return fetch(plan, source, &text, errors);
    }
    struct command_limits limits = {
        .subject = "the ledger's command",
        .code = ERROR_NO_LEDGER,
        .time_limit = "ledger.timeout",
        .name = source->command_key,
        .timeout = plan->ledger.timeout,
        .stop = source->stop,
    };
    return command_read(source->command, &limits, feed, &text, errors) &&
           ledger_text_end(&text, errors);
}
