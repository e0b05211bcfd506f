#include "engine/curl/handle.h"

#include "plan/address.h"

static void set_tls(CURL *easy, const struct target_config *target)
{
    if (target->tls_insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (target->tls_ca) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, target->tls_ca);
    }
    if (target->tls_cert) {
        curl_easy_setopt(easy, CURLOPT_SSLCERT, target->tls_cert);
    }
    if (target->tls_key) {
        curl_easy_setopt(easy, CURLOPT_SSLKEY, target->tls_key);
        /* Without one, OpenSSL asks the terminal. */
        curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
    }
}

void handle_set_other(CURL *easy, const struct target_config *target,
                      struct curl_slist *pinned)
{
    set_tls(easy, target);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    /* An empty proxy keeps the environment's proxies out. */
    curl_easy_setopt(easy, CURLOPT_PROXY, target->proxy ? target->proxy : "");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (pinned) {
        curl_easy_setopt(easy, CURLOPT_RESOLVE, pinned);
    }
}

void handle_set_target(CURL *easy, const struct target_config *target,
                       struct curl_slist *pinned)
{
    handle_set_other(easy, target, pinned);
    if (target->http == HTTP_2) {
        bool tls = address_is_tls(target->url);
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                         tls ? (long)CURL_HTTP_VERSION_2TLS
                             : (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
        curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    }
    if (target->compressed) {
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    }
    if (target->unix_socket) {
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, target->unix_socket);
    }
}

void handle_set_interface(CURL *easy, const struct target_config *target,
                          size_t turn)
{
    if (target->interface.count > 0) {
        curl_easy_setopt(
            easy, CURLOPT_INTERFACE,
            target->interface.items[turn % target->interface.count]);
    }
}
