#include "engine/curl/post.h"

#include "engine/curl/handle.h"
#include "engine/curl/reading.h"

#include <curl/curl.h>

static size_t ignore(char *bytes, size_t size, size_t count, void *user)
{
    (void)bytes;
    (void)user;
    return size * count;
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

static void set_options(CURL *easy, const char *url, struct duration timeout,
                        const atomic_uint *stop)
{
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, stop);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(timeout.ns / NS_PER_MS));
}

bool post_once(const struct plan *plan, const char *url, const char *name,
               struct duration timeout, const atomic_uint *stop,
               struct errors *errors)
{
    char reason[CURL_ERROR_SIZE] = "";
    struct curl_slist *pinned = NULL;
    long status = 0;
    CURL *easy = curl_easy_init();

    if (!easy) {
        errors_add(errors, ERROR_NO_RESOURCE, "out of memory");
        return false;
    }
    for (size_t i = 0; i < plan->target.resolve.count; i++) {
        pinned = curl_slist_append(pinned, plan->target.resolve.items[i]);
    }
    set_options(easy, url, timeout, stop);
    handle_set_other(easy, &plan->target, pinned);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, reason);
    CURLcode code = reading_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);
    curl_slist_free_all(pinned);
    if (code != CURLE_OK) {
        errors_add(errors, ERROR_NO_TARGET, "%s: no answer: %s", name,
                   reason[0] ? reason : curl_easy_strerror(code));
        return false;
    }
    if (status / 100 != 2) {
        struct error *error = errors_add(errors, ERROR_NO_TARGET,
                                         "%s: it answered %ld", name, status);
        error_hint(error, "it is asked with POST and expected to answer 2xx");
        return false;
    }
    return true;
}
