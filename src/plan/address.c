#include "plan/address.h"

#include "base/must.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ENCODED_MAX = 8, PORT_MAX = 65535 };

/* Proxies that libcurl knows, and the port that it takes for each. */
static const struct proxy_scheme {
    const char *name;
    uint16_t port;
    bool looked_up_here;
} proxy_schemes[] = {
    {"http", 1080, false},    {"https", 443, false},  {"socks4", 1080, true},
    {"socks4a", 1080, false}, {"socks5", 1080, true}, {"socks5h", 1080, false},
};

bool address_is_tls(const char *url)
{
    return url && strncasecmp(url, "https://", 8) == 0;
}

bool address_is_http(const char *url)
{
    return url && (strncasecmp(url, "http://", 7) == 0 || address_is_tls(url));
}

void address_release(struct address *address)
{
    free(address->host);
    *address = (struct address){0};
}

/* -- bytes -- */

static bool is_unsendable(unsigned char c)
{
    return c <= ' ' || c == 0x7f || c == '#';
}

bool address_byte_breaks(unsigned char byte)
{
    return is_unsendable(byte) || byte >= 0x80;
}

/* "write %20%20" for the bytes that stand there. */
static void hint_encoded(const char *at, char *hint, size_t size)
{
    struct str text = STR_INIT;

    for (size_t i = 0;
         i < ENCODED_MAX && is_unsendable((unsigned char)at[i]) &&
         (unsigned char)at[i] != 0;
         i++) {
        str_printf(&text, "%%%02X", (unsigned char)at[i]);
    }
    snprintf(hint, size, "write %s", text.text);
    str_release(&text);
}

const char *address_path_problem(const char *path, char *hint, size_t size)
{
    for (; *path; path++) {
        unsigned char c = (unsigned char)*path;
        if (!is_unsendable(c)) {
            continue;
        }
        hint_encoded(path, hint, size);
        return c == ' '   ? "a URL contains no blanks"
               : c == '#' ? "what follows a # is never sent"
                          : "a URL contains no control characters";
    }
    return NULL;
}

const char *address_encoded(const char *url, struct arena *arena)
{
    struct str out = STR_INIT;

    for (; *url; url++) {
        unsigned char c = (unsigned char)*url;
        if (c < 0x80) {
            str_append_char(&out, *url);
        } else {
            str_printf(&out, "%%%02X", c);
        }
    }
    const char *copy = arena_strndup(arena, out.text, out.length);
    str_release(&out);
    return copy;
}

/* What is wrong with the part before the path. */
static const char *authority_problem(const char *text, char *hint, size_t size)
{
    const char *start = strstr(text, "://");
    start = start ? start + 3 : text;
    size_t length = strcspn(start, "/?#");

    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)start[i] >= 0x80) {
            snprintf(hint, size,
                     "write the name's ASCII form, which begins with xn--");
            return "the name of a host is of ASCII characters only";
        }
    }
    return NULL;
}

/* -- URLs -- */

/* The URL with every placeholder as one letter, which is all that its syntax
 * is about. The caller frees it. */
static char *without_placeholders(const char *url)
{
    struct str out = STR_INIT;
    const char *placeholder;
    while ((placeholder = strstr(url, "{{"))) {
        const char *end = strstr(placeholder, "}}");
        if (!end) {
            break;
        }
        str_append_bytes(&out, url, (size_t)(placeholder - url));
        str_append_char(&out, 'x');
        url = end + 2;
    }
    str_append(&out, url);
    return str_detach(&out);
}

/* Divides a text; false with libcurl's word for what is wrong. */
static bool parse(const char *text, unsigned flags, struct address *address,
                  const char **problem)
{
    char *scheme = NULL, *host = NULL, *port = NULL, *zone = NULL;
    CURLU *parts = curl_url();
    must(parts);
    CURLUcode code = curl_url_set(parts, CURLUPART_URL, text, flags);
    if (code == CURLUE_OK) {
        code = curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0);
    }
    if (code == CURLUE_OK) {
        code = curl_url_get(parts, CURLUPART_HOST, &host, 0);
    }
    if (code == CURLUE_OK) {
        struct str name = STR_INIT;
        size_t length = strlen(host);
        bool brackets = length > 2 && host[0] == '[';
        str_append_bytes(&name, host + brackets, length - 2 * brackets);
        if (brackets &&
            curl_url_get(parts, CURLUPART_ZONEID, &zone, 0) == CURLUE_OK) {
            str_printf(&name, "%%%s", zone);
        }
        /* Not written: the caller knows. */
        (void)curl_url_get(parts, CURLUPART_PORT, &port, 0);
        address->port = port ? (uint16_t)strtoul(port, NULL, 10) : 0;
        snprintf(address->scheme, sizeof(address->scheme), "%s", scheme);
        unsigned char ignored[sizeof(struct in6_addr)];
        address->is_literal =
            brackets || inet_pton(AF_INET, name.text, ignored) == 1;
        address->host = str_detach(&name);
    }
    *problem = code == CURLUE_OK ? NULL : curl_url_strerror(code);
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(zone);
    curl_url_cleanup(parts);
    return code == CURLUE_OK;
}

static const char *scheme_problem(const char *url, char *hint, size_t size)
{
    const char *separator = strstr(url, "://");

    if (!separator || memchr(url, '/', (size_t)(separator - url))) {
        snprintf(hint, size, "write http://%s",
                 *url && *url != '/' && *url != ':' ? url : "host:port/path");
        return "the URL has no scheme";
    }
    if (!address_is_http(url)) {
        snprintf(hint, size, "write http:// or https://");
        return "the scheme of the URL is neither http nor https";
    }
    if (strchr("/?", separator[3])) {
        snprintf(hint, size, "write http://host:port/path");
        return "the URL has no host";
    }
    return NULL;
}

/* An address that means nothing without the network that it is on. */
static const char *zone_problem(const struct address *address, char *hint,
                                size_t size)
{
    const char *zone = strchr(address->host, '%');
    bool needs_zone = strncasecmp(address->host, "fe8", 3) == 0 ||
                      strncasecmp(address->host, "fe9", 3) == 0 ||
                      strncasecmp(address->host, "fea", 3) == 0 ||
                      strncasecmp(address->host, "feb", 3) == 0;

    if (!address->is_literal || !strchr(address->host, ':')) {
        return NULL;
    }
    if (!zone && needs_zone) {
        snprintf(hint, size, "write [%s%%25eth0], with the interface",
                 address->host);
        return "a link-local address needs its zone";
    }
    return NULL;
}

const char *address_url_problem(const char *url, char *hint, size_t size)
{
    struct address address = {0};
    const char *problem;

    hint[0] = '\0';
    if ((problem = authority_problem(url, hint, size)) ||
        (problem = address_path_problem(url, hint, size)) ||
        (problem = scheme_problem(url, hint, size))) {
        return problem;
    }
    char *plain = without_placeholders(url);
    if (parse(plain, CURLU_PATH_AS_IS, &address, &problem)) {
        problem = zone_problem(&address, hint, size);
    } else {
        snprintf(hint, size, "write http://host:port/path");
    }
    free(plain);
    address_release(&address);
    return problem;
}

void address_of_url(const char *url, struct address *address)
{
    const char *problem;
    char *plain = without_placeholders(url);

    *address = (struct address){0};
    bool good = parse(plain, CURLU_PATH_AS_IS, address, &problem);
    must(good);
    if (address->port == 0) {
        address->port = strcasecmp(address->scheme, "https") == 0 ? 443 : 80;
    }
    free(plain);
}

/* -- proxies -- */

static const struct proxy_scheme *find_scheme(const char *name)
{
    for (size_t i = 0; i < array_length(proxy_schemes); i++) {
        if (strcasecmp(proxy_schemes[i].name, name) == 0) {
            return &proxy_schemes[i];
        }
    }
    return NULL;
}

static bool parse_proxy(const char *proxy, struct address *address,
                        const char **problem)
{
    struct str text = STR_INIT;

    /* What libcurl takes a proxy without a scheme for. */
    str_printf(&text, "%s%s", strstr(proxy, "://") ? "" : "http://", proxy);
    bool good = parse(text.text, CURLU_NON_SUPPORT_SCHEME, address, problem);
    str_release(&text);
    return good;
}

const char *address_proxy_problem(const char *proxy, char *hint, size_t size)
{
    struct address address = {0};
    const char *problem;

    hint[0] = '\0';
    if ((problem = authority_problem(proxy, hint, size)) ||
        (problem = address_path_problem(proxy, hint, size))) {
        return problem;
    }
    if (!parse_proxy(proxy, &address, &problem)) {
        snprintf(hint, size, "write http://host:port or socks5://host:port");
    } else if (!find_scheme(address.scheme)) {
        snprintf(hint, size,
                 "write http, https, socks4, socks4a, socks5 or socks5h");
        problem = "the scheme is that of no proxy";
    } else if (strcasecmp(address.scheme, "https") == 0 &&
               !(curl_version_info(CURLVERSION_NOW)->features &
                 CURL_VERSION_HTTPS_PROXY)) {
        snprintf(hint, size, "write http");
        problem = "this libcurl cannot use TLS with a proxy";
    } else {
        problem = zone_problem(&address, hint, size);
    }
    address_release(&address);
    return problem;
}

void address_of_proxy(const char *proxy, struct address *address)
{
    const char *problem;

    *address = (struct address){0};
    bool good = parse_proxy(proxy, address, &problem);
    must(good);
    const struct proxy_scheme *scheme = find_scheme(address->scheme);
    must(scheme);
    if (address->port == 0) {
        address->port = scheme->port;
    }
}

bool address_is_looked_up_here(const struct address *proxy)
{
    const struct proxy_scheme *scheme = find_scheme(proxy->scheme);
    return scheme && scheme->looked_up_here;
}

/* -- pins -- */

/* The parts of "host:port:addresses"; false when it has no such parts. */
static bool divide_pin(const char *entry, size_t *host, uint16_t *port,
                       const char **addresses)
{
    entry += *entry == '+';
    *host = strcspn(entry, ":");
    const char *number = entry + *host + (entry[*host] == ':');
    size_t digits = strspn(number, "0123456789");
    unsigned long value = strtoul(number, NULL, 10);

    *addresses = number + digits + 1;
    *port = (uint16_t)value;
    return *host > 0 && digits > 0 && digits < 6 && number[digits] == ':' &&
           value > 0 && value <= PORT_MAX;
}

static bool is_ip_address(const char *text, size_t length)
{
    unsigned char ignored[sizeof(struct in6_addr)];
    char copy[INET6_ADDRSTRLEN + 1];
    bool brackets = length > 2 && text[0] == '[' && text[length - 1] == ']';

    text += brackets;
    length -= 2 * (size_t)brackets;
    if (length == 0 || length >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    return (!brackets && inet_pton(AF_INET, copy, ignored) == 1) ||
           inet_pton(AF_INET6, copy, ignored) == 1;
}

const char *address_pin_problem(const char *entry, char *hint, size_t size)
{
    size_t host;
    uint16_t port;
    const char *at;
    const char *problem = authority_problem(entry, hint, size);

    if (problem) {
        return problem;
    }
    snprintf(hint, size, "write \"example.com:443:127.0.0.1\"");
    if (!divide_pin(entry, &host, &port, &at)) {
        return "it is not host:port:address";
    }
    for (bool more = true; more; at++) {
        size_t length = strcspn(at, ",");
        if (!is_ip_address(at, length)) {
            return "what follows the port is not an IP address";
        }
        at += length;
        more = *at == ',';
    }
    return NULL;
}

const char *address_pinned(const char *entry, const struct address *address,
                           bool *by_name)
{
    size_t host;
    uint16_t port;
    const char *addresses;

    if (!divide_pin(entry, &host, &port, &addresses) ||
        port != address->port) {
        return NULL;
    }
    entry += *entry == '+';
    *by_name = !(host == 1 && *entry == '*');
    bool same = strlen(address->host) == host &&
                strncasecmp(entry, address->host, host) == 0;
    return same || !*by_name ? addresses : NULL;
}
