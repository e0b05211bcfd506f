#include "plan/digest.h"

#include "base/must.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { HEX_MAX = 2 * 32 + 1 };

/* Where a list of "name=value" is being read. */
struct reading {
    const char *at, *end;
};

/* A name, and its value without quotes and escapes. */
struct parameter {
    char name[32];
    char value[DIGEST_VALUE_MAX];
};

static void skip(struct reading *reading, const char *bytes)
{
    while (reading->at < reading->end && *reading->at &&
           strchr(bytes, *reading->at)) {
        reading->at++;
    }
}

/* Up to one of these bytes; false: it is longer than the room. */
static bool take_until(struct reading *reading, const char *bytes, char *out,
                       size_t size)
{
    size_t length = 0;
    while (reading->at < reading->end && *reading->at &&
           !strchr(bytes, *reading->at)) {
        if (length + 1 == size) {
            return false;
        }
        out[length++] = *reading->at++;
    }
    out[length] = '\0';
    return true;
}

static bool take_quoted(struct reading *reading, char *out, size_t size)
{
    size_t length = 0;

    reading->at++;
    while (reading->at < reading->end && *reading->at != '"') {
        reading->at += *reading->at == '\\' && reading->at + 1 < reading->end;
        if (length + 1 == size || *reading->at == '\0') {
            return false;
        }
        out[length++] = *reading->at++;
    }
    out[length] = '\0';
    bool closed = reading->at < reading->end;
    reading->at += closed;
    return closed;
}

static bool take_parameter(struct reading *reading,
                           struct parameter *parameter)
{
    if (!take_until(reading, "= \t,", parameter->name,
                    sizeof(parameter->name))) {
        return false;
    }
    skip(reading, " \t");
    if (reading->at == reading->end || *reading->at != '=') {
        return false;
    }
    reading->at++;
    skip(reading, " \t");
    if (reading->at < reading->end && *reading->at == '"') {
        return take_quoted(reading, parameter->value,
                           sizeof(parameter->value));
    }
    return take_until(reading, ", \t", parameter->value,
                      sizeof(parameter->value));
}

static bool read_algorithm(const char *name,
                           struct digest_challenge *challenge)
{
    static const struct {
        const char *name;
        enum digest_algorithm algorithm;
        bool is_session;
    } rows[] = {
        {"MD5", DIGEST_MD5, false},
        {"MD5-sess", DIGEST_MD5, true},
        {"SHA-256", DIGEST_SHA256, false},
        {"SHA-256-sess", DIGEST_SHA256, true},
    };
    for (size_t i = 0; i < array_length(rows); i++) {
        if (strcasecmp(name, rows[i].name) == 0) {
            challenge->algorithm = rows[i].algorithm;
            challenge->is_session = rows[i].is_session;
            challenge->says_algorithm = true;
            return true;
        }
    }
    return false;
}

/* Whether a list with commas between has the word "auth". */
static bool offers_auth(const char *list)
{
    while (*list) {
        size_t length = strcspn(list, ", \t");
        if (length == 4 && strncasecmp(list, "auth", 4) == 0) {
            return true;
        }
        list += length + strspn(list + length, ", \t");
    }
    return false;
}

static bool note(const struct parameter *parameter,
                 struct digest_challenge *challenge)
{
    size_t size = strlen(parameter->value) + 1;

    if (strcasecmp(parameter->name, "realm") == 0) {
        memcpy(challenge->realm, parameter->value, size);
    } else if (strcasecmp(parameter->name, "nonce") == 0) {
        memcpy(challenge->nonce, parameter->value, size);
    } else if (strcasecmp(parameter->name, "opaque") == 0) {
        memcpy(challenge->opaque, parameter->value, size);
        challenge->has_opaque = true;
    } else if (strcasecmp(parameter->name, "algorithm") == 0) {
        return read_algorithm(parameter->value, challenge);
    } else if (strcasecmp(parameter->name, "qop") == 0) {
        challenge->has_qop = true;
        return offers_auth(parameter->value);
    }
    return true;
}

static bool is_one_of(char byte, const char *set)
{
    return byte != '\0' && strchr(set, byte);
}

/* Of a challenge that begins here, or of a word that is none: a name that no
 * "=" follows. 0: this is a parameter. */
static size_t scheme_length(const struct reading *reading)
{
    size_t left = (size_t)(reading->end - reading->at), length = 0;

    while (length < left && !is_one_of(reading->at[length], "= \t,")) {
        length++;
    }
    size_t next = length;
    while (next < left && is_one_of(reading->at[next], " \t")) {
        next++;
    }
    return next < left && reading->at[next] == '=' ? 0 : length;
}

/* To the next comma that is in no quotes. */
static void skip_element(struct reading *reading)
{
    bool is_quoted = false;

    for (; reading->at < reading->end; reading->at++) {
        if (*reading->at == ',' && !is_quoted) {
            return;
        }
        if (*reading->at == '\\' && is_quoted &&
            reading->at + 1 < reading->end) {
            reading->at++;
        } else if (*reading->at == '"') {
            is_quoted = !is_quoted;
        }
    }
}

/* A session's key has the client's nonce in it, which only qop sends. */
static bool can_be_answered(const struct digest_challenge *challenge)
{
    return challenge->nonce[0] != '\0' &&
           (challenge->has_qop || !challenge->is_session);
}

bool digest_read(const char *value, size_t length,
                 struct digest_challenge *challenge)
{
    static const char digest[] = "Digest";
    struct reading reading = {value, value + length};
    struct parameter parameter;
    bool is_ours = false;

    *challenge = (struct digest_challenge){.algorithm = DIGEST_MD5};
    for (skip(&reading, " \t,"); reading.at < reading.end;
         skip(&reading, " \t,")) {
        size_t scheme = scheme_length(&reading);
        if (scheme > 0) {
            if (is_ours && can_be_answered(challenge)) {
                return true;
            }
            is_ours = scheme == strlen(digest) &&
                      strncasecmp(reading.at, digest, scheme) == 0;
            *challenge = (struct digest_challenge){.algorithm = DIGEST_MD5};
            reading.at += scheme;
        } else if (!is_ours || !take_parameter(&reading, &parameter) ||
                   !note(&parameter, challenge)) {
            is_ours = false;
            skip_element(&reading);
        }
    }
    return is_ours && can_be_answered(challenge);
}

/* The hash of texts with colons between, in hexadecimal. */
static void hash_of(enum digest_algorithm algorithm, const char *const *texts,
                    char hex[HEX_MAX])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    must(context);
    EVP_DigestInit_ex(
        context, algorithm == DIGEST_MD5 ? EVP_md5() : EVP_sha256(), NULL);
    for (size_t i = 0; texts[i]; i++) {
        EVP_DigestUpdate(context, ":", i > 0);
        EVP_DigestUpdate(context, texts[i], strlen(texts[i]));
    }
    EVP_DigestFinal_ex(context, bytes, &length);
    EVP_MD_CTX_free(context);
    for (unsigned i = 0; i < length && 2 * i + 2 < HEX_MAX; i++) {
        snprintf(hex + 2 * (size_t)i, 3, "%02x", bytes[i]);
    }
}

#define HASH(algorithm, hex, ...) \
    hash_of(algorithm, (const char *const[]){__VA_ARGS__, NULL}, hex)

/* What the request's line says: path and query. False: there is no room. */
static bool put_target(const char *url, char *out, size_t size)
{
    const char *host = strstr(url, "://");
    const char *path = host ? host + 3 + strcspn(host + 3, "/?#") : url;
    size_t length = strcspn(path, "#");
    int put = snprintf(out, size, "%s%.*s", *path == '/' ? "" : "/",
                       (int)length, path);
    return put >= 0 && (size_t)put < size;
}

/* Quotes and backslashes in it are escaped. */
static bool put_quoted(char *line, size_t *length, const char *name,
                       const char *value)
{
    int put =
        snprintf(line + *length, DIGEST_LINE_MAX - *length, "%s=\"", name);
    *length += (size_t)put;
    for (; *value && *length + 4 < DIGEST_LINE_MAX; value++) {
        if (*value == '"' || *value == '\\') {
            line[(*length)++] = '\\';
        }
        line[(*length)++] = *value;
    }
    if (*value || *length + 4 >= DIGEST_LINE_MAX) {
        return false;
    }
    line[(*length)++] = '"';
    line[*length] = '\0';
    return true;
}

/* The proof, of all that it is of. */
static void respond(const struct digest_challenge *challenge,
                    const struct digest_request *request, const char *uri,
                    const char *count, const char *cnonce,
                    char response[HEX_MAX])
{
    enum digest_algorithm algorithm = challenge->algorithm;
    const char *password = strchr(request->user, ':');
    char name[DIGEST_VALUE_MAX], who[HEX_MAX], session[HEX_MAX], what[HEX_MAX];

    snprintf(name, sizeof(name), "%.*s", (int)(password - request->user),
             request->user);
    HASH(algorithm, who, name, challenge->realm, password + 1);
    if (challenge->is_session) {
        HASH(algorithm, session, who, challenge->nonce, cnonce);
        memcpy(who, session, sizeof(who));
    }
    HASH(algorithm, what, request->method, uri);
    if (challenge->has_qop) {
        HASH(algorithm, response, who, challenge->nonce, count, cnonce, "auth",
             what);
    } else {
        HASH(algorithm, response, who, challenge->nonce, what);
    }
}

bool digest_write(const struct digest_challenge *challenge,
                  const struct digest_request *request,
                  char line[DIGEST_LINE_MAX])
{
    static const char begin[] = "Authorization: Digest ";
    char uri[DIGEST_LINE_MAX];
    size_t length = strlen(begin), name = strcspn(request->user, ":");
    char count[12], cnonce[20], response[HEX_MAX], who[DIGEST_VALUE_MAX];

    if (name >= sizeof(who) || request->user[name] != ':' ||
        !put_target(request->url, uri, sizeof(uri))) {
        return false;
    }
    memcpy(who, request->user, name);
    who[name] = '\0';
    snprintf(count, sizeof(count), "%08x", (unsigned)request->count);
    snprintf(cnonce, sizeof(cnonce), "%016llx",
             (unsigned long long)request->cnonce);
    respond(challenge, request, uri, count, cnonce, response);
    memcpy(line, begin, sizeof(begin));
    if (!put_quoted(line, &length, "username", who) ||
        !put_quoted(line, &length, ", realm", challenge->realm) ||
        !put_quoted(line, &length, ", nonce", challenge->nonce) ||
        !put_quoted(line, &length, ", uri", uri) ||
        !put_quoted(line, &length, ", response", response) ||
        (challenge->has_opaque &&
         !put_quoted(line, &length, ", opaque", challenge->opaque))) {
        return false;
    }
    const char *algorithm =
        challenge->algorithm == DIGEST_MD5 ? "MD5" : "SHA-256";
    int put = snprintf(
        line + length, DIGEST_LINE_MAX - length, "%s%s%s%s%s%s%s",
        challenge->says_algorithm ? ", algorithm=" : "",
        challenge->says_algorithm ? algorithm : "",
        challenge->says_algorithm && challenge->is_session ? "-sess" : "",
        challenge->has_qop ? ", qop=auth, nc=" : "",
        challenge->has_qop ? count : "",
        challenge->has_qop ? ", cnonce=\"" : "",
        challenge->has_qop ? cnonce : "");
    length += (size_t)put;
    if (length + 2 > DIGEST_LINE_MAX) {
        return false;
    }
    if (challenge->has_qop) {
        memcpy(line + length, "\"", 2);
    }
    return true;
}
