#include "engine/curl/once.h"

#include "engine/curl/handle.h"
#include "engine/curl/reading.h"
#include "engine/curl/tls_name.h"
#include "plan/location.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static size_t keep_begin(char *bytes, size_t size, size_t count, void *user)
{
    struct once_answer *answer = user;
    size_t length = size * count;
    size_t room = sizeof(answer->text) - answer->length;
    size_t kept = length < room ? length : room;

    memcpy(answer->text + answer->length, bytes, kept);
    answer->length += kept;
    answer->whole += length;
    return length;
}

static int on_progress(void *user, curl_off_t download_total,
                       curl_off_t downloaded, curl_off_t upload_total,
                       curl_off_t uploaded)
{
    const atomic_uint *stop = user;
    (void)download_total;
    (void)downloaded;
    (void)upload_total;
    (void)uploaded;
    return stop && atomic_load(stop) > 0;
}

static void set_options(CURL *easy, const struct once *once,
                        struct once_answer *answer)
{
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, once->method);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, once->body ? once->body : "");
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep_begin);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, once->stop);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     (long)(once->timeout.ns / NS_PER_MS));
}

/* What a type is named by, where libcurl would say that of a form. */
static struct curl_slist *header_lines(const struct once *once,
                                       const char *host)
{
    char line[128] = "Content-Type:";
    if (once->type) {
        snprintf(line, sizeof(line), "Content-Type: %s", once->type);
    }
    struct curl_slist *list = curl_slist_append(NULL, line);
    list = curl_slist_append(list, "Expect:");
    return host ? curl_slist_append(list, host) : list;
}

static void perform(CURL *easy, struct once_answer *answer)
{
    char reason[CURL_ERROR_SIZE] = "";

    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason);
    CURLcode code = reading_perform(easy);
    if (code == CURLE_OK) {
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
    } else {
        snprintf(answer->problem, sizeof(answer->problem), "%s",
                 reason[0] ? reason : curl_easy_strerror(code));
    }
}

static void send_to(const struct plan *plan, const struct once *once,
                    const char *url, CURL *easy, struct once_answer *answer)
{
    const struct target_config *target = &plan->target;
    bool at_target = target->url && location_same_origin(url, target->url);
    struct tls_name tls_name;
    struct curl_slist *pinned = NULL;

    tls_name_init(&tls_name, target);
    struct curl_slist *lines = header_lines(
        once, at_target && tls_name.name ? tls_name.host_line.text : NULL);
    for (size_t i = 0; i < target->resolve.count; i++) {
        pinned = curl_slist_append(pinned, target->resolve.items[i]);
    }
    set_options(easy, once, answer);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lines);
    if (at_target) {
        handle_set_target(easy, target, pinned);
        curl_easy_setopt(easy, CURLOPT_URL, tls_name_url(&tls_name, url));
        tls_name_route(&tls_name, easy);
    } else {
        handle_set_other(easy, target, pinned);
        curl_easy_setopt(easy, CURLOPT_URL, url);
    }
    perform(easy, answer);
    /* It borrows the rest. */
    curl_easy_cleanup(easy);
    curl_slist_free_all(lines);
    curl_slist_free_all(pinned);
    tls_name_release(&tls_name);
}

void once_send(const struct plan *plan, const struct once *once,
               struct once_answer *answer)
{
    char at_target[LOCATION_URL_MAX];
    const char *url = once->url, *problem = NULL;
    CURL *easy = NULL;

    *answer = (struct once_answer){0};
    if (url[0] == '/') {
        bool is_url =
            location_resolve(plan->target.url, url, strlen(url), at_target);
        problem = is_url ? NULL : "there is no such URL at the target";
        url = at_target;
    }
    if (!problem) {
        easy = curl_easy_init();
        problem = easy ? NULL : "out of memory";
    }
    if (problem) {
        snprintf(answer->problem, sizeof(answer->problem), "%s", problem);
        return;
    }
    send_to(plan, once, url, easy, answer);
}
