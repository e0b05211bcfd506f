#include "engine/curl/tls_name.h"

#include "base/must.h"
#include "plan/address.h"

#include <string.h>

/* Where its authority begins, and how long it is. */
static const char *authority_of(const char *url, size_t *length)
{
    const char *scheme = strstr(url, "://");
    const char *authority = scheme ? scheme + 3 : url;

    *length = strcspn(authority, "/?#");
    return authority;
}

/* The part of an authority behind a user. */
static const char *place_of(const char *url, size_t *length)
{
    const char *authority = authority_of(url, length);
    const char *end = authority + *length;
    const char *place = authority;

    for (const char *at = authority; at < end; at++) {
        if (*at == '@') {
            place = at + 1;
        }
    }
    *length = (size_t)(end - place);
    return place;
}

void tls_name_init(struct tls_name *tls_name,
                   const struct target_config *target)
{
    struct address address;
    size_t length = 0;

    *tls_name = (struct tls_name){
        .host_line = STR_INIT, .entry = STR_INIT, .url = STR_INIT};
    if (!target->tls_server_name || !target->url) {
        return;
    }
    tls_name->name = target->tls_server_name;
    const char *place = place_of(target->url, &length);
    str_append(&tls_name->host_line, "Host: ");
    str_append_bytes(&tls_name->host_line, place, length);
    address_of_url(target->url, &address);
    bool brackets = strchr(address.host, ':') != NULL;
    str_printf(&tls_name->entry, "%s:%u:%s%s%s:%u", tls_name->name,
               address.port, brackets ? "[" : "", address.host,
               brackets ? "]" : "", address.port);
    tls_name->connect_to.data = tls_name->entry.text;
    address_release(&address);
}

void tls_name_release(struct tls_name *tls_name)
{
    str_release(&tls_name->host_line);
    str_release(&tls_name->entry);
    str_release(&tls_name->url);
}

void tls_name_route(struct tls_name *tls_name, CURL *easy)
{
    if (tls_name->name) {
        curl_easy_setopt(easy, CURLOPT_CONNECT_TO, &tls_name->connect_to);
    }
}

const char *tls_name_url(struct tls_name *tls_name, const char *url)
{
    size_t length = 0;
    const char *authority = authority_of(url, &length);
    const char *colon = NULL;

    if (!tls_name->name) {
        return url;
    }
    for (size_t i = length; i-- > 0 && authority[i] != ']';) {
        if (authority[i] == ':') {
            colon = authority + i;
            break;
        }
    }
    str_reset(&tls_name->url);
    str_append_bytes(&tls_name->url, url, (size_t)(authority - url));
    str_append(&tls_name->url, tls_name->name);
    if (colon) {
        str_append_bytes(&tls_name->url, colon,
                         (size_t)(authority + length - colon));
    }
    str_append(&tls_name->url, authority + length);
    return tls_name->url.text;
}
