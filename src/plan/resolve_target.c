#include "plan/resolve.h"

#include "base/must.h"
#include "plan/choice.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* The most that p99 / mean = exp(z s - s^2 / 2) can be, at s = z = 2.3263,
 * the 99th percentile of the standard normal distribution. */
static const double LOGNORMAL_RATIO_MAX = 14.9;

/* The URL with every hole as one letter, which is all that its syntax is
 * about. The caller frees it. */
static char *without_holes(const char *url)
{
    struct str out = STR_INIT;
    const char *hole;
    while ((hole = strstr(url, "{{"))) {
        const char *end = strstr(hole, "}}");
        if (!end) {
            break;
        }
        str_append_bytes(&out, url, (size_t)(hole - url));
        str_append_char(&out, 'x');
        url = end + 2;
    }
    str_append(&out, url);
    return str_detach(&out);
}

const char *url_problem(const char *url, char *hint, size_t hint_size)
{
    hint[0] = '\0';
    if (url[strcspn(url, " \t\r\n")]) {
        snprintf(hint, hint_size, "write %%20 for a blank");
        return "a URL contains no blanks";
    }
    const char *separator = strstr(url, "://");
    if (!separator || memchr(url, '/', (size_t)(separator - url))) {
        snprintf(hint, hint_size, "write http://%s",
                 *url && *url != '/' && *url != ':' ? url : "host:port/path");
        return "the URL has no scheme";
    }
    if (strncasecmp(url, "http://", 7) != 0 &&
        strncasecmp(url, "https://", 8) != 0) {
        snprintf(hint, hint_size, "write http:// or https://");
        return "the scheme of the URL is neither http nor https";
    }
    CURLU *parsed = curl_url();
    must(parsed);
    char *plain = without_holes(url);
    CURLUcode code = curl_url_set(parsed, CURLUPART_URL, plain, 0);
    free(plain);
    curl_url_cleanup(parsed);
    if (code == CURLUE_OK) {
        return NULL;
    }
    snprintf(hint, hint_size, "write http://host:port/path");
    return curl_url_strerror(code);
}

void resolve_url(const struct resolver *resolver, const char *path,
                 const char *url)
{
    char hint[300];
    const char *problem = url_problem(url, hint, sizeof(hint));
    if (problem) {
        struct error *error =
            resolve_refuse(resolver, path, "\"%s\": %s", url, problem);
        error_hint(error, "%s", hint);
    }
}

static void check_resolve(const struct resolver *resolver, size_t index)
{
    const char *entry = resolver->plan->target.resolve.items[index];
    const char *colon = strchr(entry, ':');
    const char *second = colon ? strchr(colon + 1, ':') : NULL;
    char path[64];

    if (second && second > colon + 1 && second[1] && colon > entry &&
        strspn(colon + 1, "0123456789") == (size_t)(second - colon - 1)) {
        return;
    }
    snprintf(path, sizeof(path), "target.resolve[%zu]", index);
    struct error *error = resolve_refuse(
        resolver, path, "\"%s\" is not host:port:address", entry);
    error_hint(error, "write \"example.com:443:127.0.0.1\"");
}

/* libcurl would only find out at the first handshake, and without a name. */
static void check_readable(const struct resolver *resolver, const char *path,
                           const char *file)
{
    if (file && access(file, R_OK) != 0) {
        struct error *error = resolve_refuse(
            resolver, path, "cannot read %s: %s", file, strerror(errno));
        error->code = ERROR_NO_FILE;
    }
}

/* libcurl would speak HTTP/1.1 to the proxy, and say nothing. */
static void check_clear_http2(const struct resolver *resolver)
{
    const struct target_config *target = &resolver->plan->target;
    bool clear = target->url && strncasecmp(target->url, "https:", 6) != 0;

    if (target->http == HTTP_2 && clear && target->proxy &&
        strncasecmp(target->proxy, "socks", 5) != 0) {
        struct error *error = resolve_conflict(
            resolver, "target.http", "target.proxy",
            "an HTTP proxy speaks HTTP/1.1 for a URL without TLS");
        error_hint(error, "give an https:// or a SOCKS proxy's URL, or remove "
                          "one of them");
    }
}

void resolve_target(struct resolver *resolver)
{
    static const char *const for_urls[] = {
        "target.unix_socket", "target.proxy", "target.resolve", "target.tls"};
    struct target_config *target = &resolver->plan->target;

    if (target->url) {
        resolve_url(resolver, "target.url", target->url);
        if (is_given(resolver, "service")) {
            struct error *error = resolve_conflict(
                resolver, "service", "target.url",
                "these settings are for the embedded target, and the URL "
                "names another service");
            error_hint(error, "remove one of them (--set service=null)");
        }
    } else {
        for (size_t i = 0; i < array_length(for_urls); i++) {
            if (is_given(resolver, for_urls[i])) {
                struct error *error =
                    resolve_refuse(resolver, for_urls[i],
                                   "the embedded target has no use for it");
                error_hint(error, "give a URL, or remove it");
            }
        }
        if (target->http == HTTP_2) {
            struct error *error =
                resolve_refuse(resolver, "target.http",
                               "the embedded target speaks HTTP/1.1 only");
            error_hint(error, "give a URL, or remove it");
        }
    }
    check_clear_http2(resolver);
    for (size_t i = 0; i < target->resolve.count; i++) {
        check_resolve(resolver, i);
    }
    check_readable(resolver, "target.tls.ca", target->tls_ca);
    check_readable(resolver, "target.tls.cert", target->tls_cert);
    check_readable(resolver, "target.tls.key", target->tls_key);
    if (!target->tls_cert != !target->tls_key) {
        struct error *error = resolve_refuse(
            resolver, target->tls_cert ? "target.tls.cert" : "target.tls.key",
            "a client certificate and its key go together");
        error_hint(error, "give target.tls.%s too",
                   target->tls_cert ? "key" : "cert");
    }
}

static void resolve_service_fault(struct resolver *resolver, size_t index)
{
    struct service_config *service = &resolver->plan->service;
    const struct service_fault_config *fault = &service->faults[index];
    char path[64], factor[80], delay[80];

    snprintf(path, sizeof(path), "service.faults[%zu]", index);
    snprintf(factor, sizeof(factor), "%s.factor", path);
    snprintf(delay, sizeof(delay), "%s.delay", path);
    if (fault->kind == SERVICE_FAULT_CAPACITY && !is_given(resolver, factor)) {
        struct error *error = resolve_refuse(
            resolver, path, "a fault of capacity needs a factor");
        error_hint(error, "add \"factor\": 0.2");
    }
    if (fault->kind == SERVICE_FAULT_LATENCY && !is_given(resolver, delay)) {
        struct error *error = resolve_refuse(
            resolver, path, "a fault of latency needs a delay");
        error_hint(error, "add \"delay\": \"300ms\"");
    }
}

void resolve_service(struct resolver *resolver)
{
    struct service_config *service = &resolver->plan->service;

    if (service->time_p99.ns == INT64_MAX) {
        service->time_p99 = DURATION_ZERO;
    }
    if (service->time_type == SERVICE_LOGNORMAL &&
        service->time_p99.ns <= service->time_mean.ns) {
        struct error *error = resolve_conflict(
            resolver, "service.service_time.type",
            "service.service_time.p99",
            "a lognormal service time needs a p99 above its mean");
        error_hint(error, "add \"p99\": \"10ms\"");
    }
    if (service->time_type == SERVICE_LOGNORMAL &&
        (double)service->time_p99.ns >
            LOGNORMAL_RATIO_MAX * (double)service->time_mean.ns) {
        struct error *error = resolve_conflict(
            resolver, "service.service_time.p99",
            "service.service_time.mean",
            "no lognormal distribution has a p99 of more than %g times its "
            "mean",
            LOGNORMAL_RATIO_MAX);
        error_hint(error, "lower p99, or raise mean");
    }
    if (service->shed == SHED_TOKEN_BUCKET &&
        !is_given(resolver, "service.shed_rate")) {
        struct error *error =
            resolve_refuse(resolver, "service.shed",
                           "\"token_bucket\" needs service.shed_rate");
        error_hint(error, "add \"shed_rate\": \"100/s\"");
    }
    if (service->ttl.ns > 0 && is_given(resolver, "service.ttl") &&
        service->idempotency != KEYS_FORGETFUL) {
        struct error *error = resolve_conflict(
            resolver, "service.ttl", "service.idempotency",
            "only a forgetful service forgets keys");
        error_hint(error, "write \"idempotency\": \"forgetful\"");
    }
    for (size_t i = 0; i < service->fault_count; i++) {
        resolve_service_fault(resolver, i);
    }
}
