/* Where requests go: the URL of the service, and the embedded target. */
#include "plan/resolve.h"

#include "base/must.h"
#include "plan/address.h"
#include "plan/choice.h"
#include "plan/tls_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* The most that p99 / mean = exp(z s - s^2 / 2) can be, at s = z = 2.3263,
 * the 99th percentile of the standard normal distribution. */
static const double LOGNORMAL_RATIO_MAX = 14.9;

static void check_address(const struct resolver *resolver, const char *path,
                          const char *text,
                          const char *(*find)(const char *, char *, size_t))
{
    char hint[300];
    const char *problem = find(text, hint, sizeof(hint));
    if (problem) {
        struct error *error =
            resolve_refuse(resolver, path, "\"%s\": %s", text, problem);
        error_hint(error, "%s", hint);
    }
}

void resolve_url(const struct resolver *resolver, const char *path,
                 const char **url)
{
    check_address(resolver, path, *url,
                  **url == '/' ? address_path_problem : address_url_problem);
    *url = address_encoded(*url, &resolver->plan->arena);
}

static void check_pin(const struct resolver *resolver, size_t index)
{
    char path[64];

    snprintf(path, sizeof(path), "target.resolve[%zu]", index);
    check_address(resolver, path, resolver->plan->target.resolve.items[index],
                  address_pin_problem);
}

/* libcurl would only find out at the first handshake, and without a name.
 * Whether the file is there and all right. */
static bool check_file(const struct resolver *resolver, const char *path,
                       const char *file, const char *(*find)(const char *))
{
    const char *problem = NULL;

    if (!file) {
        return false;
    }
    if (access(file, R_OK) != 0) {
        struct error *error = resolve_refuse(
            resolver, path, "cannot read %s: %s", file, strerror(errno));
        error->code = ERROR_NO_FILE;
        return false;
    }
    if (find && (problem = find(file))) {
        resolve_refuse(resolver, path, "%s: %s", file, problem);
    }
    return !problem;
}

static void check_server_name(const struct resolver *resolver)
{
    const struct target_config *target = &resolver->plan->target;
    const char *name = target->tls_server_name;

    if (!name) {
        return;
    }
    if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789.-_")]) {
        struct error *error =
            resolve_refuse(resolver, "target.tls.server_name",
                           "\"%s\" is no name of a host", name);
        error_hint(error, "write a name such as www.example.com");
    } else if (!address_is_tls(target->url)) {
        struct error *error =
            resolve_refuse(resolver, "target.tls.server_name",
                           "there is no TLS to ask for a name in");
        error_hint(error, "give a URL with https://, or remove it");
    }
}

static void check_tls(const struct resolver *resolver)
{
    const struct target_config *target = &resolver->plan->target;

    check_server_name(resolver);

    check_file(resolver, "target.tls.ca", target->tls_ca,
               tls_files_ca_problem);
    bool has_cert = check_file(resolver, "target.tls.cert", target->tls_cert,
                               tls_files_cert_problem);
    bool has_key =
        check_file(resolver, "target.tls.key", target->tls_key, NULL);
    if (!target->tls_cert != !target->tls_key) {
        struct error *error = resolve_refuse(
            resolver, target->tls_cert ? "target.tls.cert" : "target.tls.key",
            "a client certificate and its key go together");
        error_hint(error, "give target.tls.%s too",
                   target->tls_cert ? "key" : "cert");
    } else if (has_cert && has_key) {
        const char *problem =
            tls_files_key_problem(target->tls_key, target->tls_cert);
        if (problem) {
            struct error *error =
                resolve_refuse(resolver, "target.tls.key", "%s: %s",
                               target->tls_key, problem);
            error_hint(error, "openssl pkey -in KEY -out PLAIN writes a key "
                              "without a passphrase");
        }
    }
}

/* libcurl would speak HTTP/1.1 to the proxy, and say nothing. */
static void check_clear_http2(const struct resolver *resolver)
{
    const struct target_config *target = &resolver->plan->target;
    bool clear = target->url && !address_is_tls(target->url);

    if (target->http == HTTP_2 && clear && target->proxy &&
        strncasecmp(target->proxy, "socks", 5) != 0) {
        struct error *error = resolve_conflict(
            resolver, "target.http", "target.proxy",
            "an HTTP proxy uses HTTP/1.1 for a URL without TLS");
        error_hint(error, "give an https:// or a SOCKS proxy's URL, or remove "
                          "one of them");
    }
}

/* What only one version of HTTP has a use for. */
static void check_connections(const struct resolver *resolver)
{
    const struct target_config *target = &resolver->plan->target;
    uint64_t limit = resolver->draft->load.requests_per_connection;

    if (target->streams > 0 && target->http != HTTP_2) {
        struct error *error =
            resolve_refuse(resolver, "target.streams",
                           "HTTP/1.1 has one request at once on a connection");
        error_hint(error, "add \"http\": \"2\" (--http2), or remove it");
    }
    if (limit > 0 && target->http == HTTP_2) {
        struct error *error = resolve_conflict(
            resolver, "load.requests_per_connection", "target.http",
            "only connections of HTTP/1.1 are closed after so many requests");
        error_hint(error, "remove one of them");
    }
    if (limit > 1 && target->unix_socket) {
        struct error *error = resolve_conflict(
            resolver, "load.requests_per_connection", "target.unix_socket",
            "requests of connections to a Unix socket are not counted");
        error_hint(error, "write 1, or remove one of them");
    }
}

static void check_user(const struct resolver *resolver)
{
    const char *user = resolver->plan->target.user;

    if (!user && resolver->draft->policy.answers_challenges) {
        struct error *error =
            resolve_refuse(resolver, "target.digest",
                           "nobody is named who could authenticate");
        error_hint(error, "add target.user (-u name:password)");
    }
    if (user && !strchr(user, ':')) {
        struct error *error =
            resolve_refuse(resolver, "target.user", "there is no password");
        error_hint(error, "write name:password, or name: for an empty one");
    }
}

static void resolve_target_url(const struct resolver *resolver)
{
    struct target_config *target = &resolver->plan->target;

    check_address(resolver, "target.url", target->url, address_url_problem);
    target->url = address_encoded(target->url, &resolver->plan->arena);
}

void resolve_target(struct resolver *resolver)
{
    static const char *const for_urls[] = {
        "target.unix_socket", "target.proxy", "target.resolve", "target.tls"};
    struct target_config *target = &resolver->plan->target;

    if (target->url) {
        resolve_target_url(resolver);
        if (resolve_is_given(resolver, "service")) {
            struct error *error = resolve_conflict(
                resolver, "service", "target.url",
                "these settings are for the embedded target, and the URL "
                "names another service");
            error_hint(error, "remove one of them (--set service=null)");
        }
    } else {
        for (size_t i = 0; i < array_length(for_urls); i++) {
            if (resolve_is_given(resolver, for_urls[i])) {
                struct error *error =
                    resolve_refuse(resolver, for_urls[i],
                                   "the embedded target has no use for it");
                error_hint(error, "give a URL, or remove it");
            }
        }
        if (target->http == HTTP_2) {
            struct error *error =
                resolve_refuse(resolver, "target.http",
                               "the embedded target supports HTTP/1.1 only");
            error_hint(error, "give a URL, or remove it");
        }
    }
    check_clear_http2(resolver);
    check_connections(resolver);
    check_user(resolver);
    for (size_t i = 0; i < target->resolve.count; i++) {
        check_pin(resolver, i);
    }
    if (target->proxy) {
        check_address(resolver, "target.proxy", target->proxy,
                      address_proxy_problem);
    }
    check_tls(resolver);
}

/* What a fault of the embedded target says nothing without. */
static void resolve_service_fault(struct resolver *resolver, size_t index)
{
    static const struct {
        enum service_fault_kind kind;
        const char *member, *hint;
    } needs[] = {
        {SERVICE_FAULT_CAPACITY, "factor", "add \"factor\": 0.2"},
        {SERVICE_FAULT_DEPENDENCY_CAPACITY, "factor", "add \"factor\": 0.2"},
        {SERVICE_FAULT_LATENCY, "delay", "add \"delay\": \"300ms\""},
        {SERVICE_FAULT_DEPENDENCY_LATENCY, "delay",
         "add \"delay\": \"300ms\""},
        {SERVICE_FAULT_PARTITION, "ratio", "add \"ratio\": \"50%\""},
        {SERVICE_FAULT_SPLIT_BRAIN, "ratio", "add \"ratio\": \"50%\""},
    };
    const struct service_config *service = &resolver->plan->service;
    enum service_fault_kind kind = service->faults[index].kind;
    const char *name = choice_name(choice_service_fault, (int)kind);
    char path[64], member[80];

    snprintf(path, sizeof(path), "service.faults[%zu]", index);
    for (size_t i = 0; i < array_length(needs); i++) {
        snprintf(member, sizeof(member), "%s.%s", path, needs[i].member);
        if (kind == needs[i].kind && !resolve_is_given(resolver, member)) {
            struct error *error =
                resolve_refuse(resolver, path, "a fault of %s needs a %s",
                               name, needs[i].member);
            error_hint(error, "%s", needs[i].hint);
        }
    }
    bool is_of_dependency = kind == SERVICE_FAULT_DEPENDENCY_ERROR ||
                            kind == SERVICE_FAULT_DEPENDENCY_LATENCY ||
                            kind == SERVICE_FAULT_DEPENDENCY_CAPACITY;
    if (is_of_dependency && service->dependency.workers == 0) {
        struct error *error = resolve_refuse(
            resolver, path, "%s: the service has no dependency", name);
        error_hint(error, "add service.dependency.workers");
    }
    if (kind == SERVICE_FAULT_COLD && service->cold_factor <= 1) {
        struct error *error = resolve_refuse(
            resolver, path, "cold: the service is as fast when it is cold");
        error_hint(error, "add \"cold_factor\": 10 to service");
    }
}

static void resolve_service_time(struct resolver *resolver,
                                 const char *section,
                                 struct service_time_config *time)
{
    char type[64], mean[64], p99[64];

    snprintf(type, sizeof(type), "%s.type", section);
    snprintf(mean, sizeof(mean), "%s.mean", section);
    snprintf(p99, sizeof(p99), "%s.p99", section);
    if (time->p99.ns == INT64_MAX) {
        time->p99 = DURATION_ZERO;
    }
    if (time->type == SERVICE_LOGNORMAL && time->p99.ns <= time->mean.ns) {
        struct error *error = resolve_conflict(
            resolver, type, p99,
            "a lognormal service time needs a p99 above its mean");
        error_hint(error, "add \"p99\": \"10ms\"");
    }
    if (time->type == SERVICE_LOGNORMAL &&
        (double)time->p99.ns > LOGNORMAL_RATIO_MAX * (double)time->mean.ns) {
        struct error *error = resolve_conflict(
            resolver, p99, mean,
            "no lognormal distribution has a p99 of more than %g times its "
            "mean",
            LOGNORMAL_RATIO_MAX);
        error_hint(error, "lower p99, or raise mean");
    }
}

static void resolve_shed(struct resolver *resolver)
{
    const struct service_config *service = &resolver->plan->service;
    const struct shed_config *shed = &service->shed;

    if (shed->mode == SHED_TOKEN_BUCKET &&
        !resolve_is_given(resolver, "service.shed_rate")) {
        struct error *error =
            resolve_refuse(resolver, "service.shed",
                           "\"token_bucket\" needs service.shed_rate");
        error_hint(error, "add \"shed_rate\": \"100/s\"");
    }
    if (shed->mode == SHED_PRIORITY && !service->tier_header) {
        struct error *error =
            resolve_refuse(resolver, "service.shed",
                           "\"priority\" needs service.tier_header");
        error_hint(error, "add \"tier_header\": \"X-Tier\"");
    }
    if (shed->mode == SHED_PRIORITY && service->queue_limit == 0) {
        struct error *error =
            resolve_conflict(resolver, "service.shed", "service.queue_limit",
                             "tiers are shares of a limit, and there is none");
        error_hint(error, "write \"queue_limit\": 1000");
    }
}

void resolve_service(struct resolver *resolver)
{
    struct service_config *service = &resolver->plan->service;

    resolve_service_time(resolver, "service.service_time", &service->time);
    resolve_service_time(resolver, "service.dependency.service_time",
                         &service->dependency.time);
    resolve_shed(resolver);
    if (service->ttl.ns > 0 && resolve_is_given(resolver, "service.ttl") &&
        service->idempotency != KEYS_FORGETFUL) {
        struct error *error =
            resolve_conflict(resolver, "service.ttl", "service.idempotency",
                             "only a forgetful service forgets keys");
        error_hint(error, "write \"idempotency\": \"forgetful\"");
    }
    for (size_t i = 0; i < service->fault_count; i++) {
        resolve_service_fault(resolver, i);
    }
}
