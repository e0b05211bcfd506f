/*
 * digest: HTTP Digest authentication, RFC 7616: what a service asks, and what
 * is answered. MD5, SHA-256 and their session variants, with the protection
 * auth, or with none at all as in RFC 2069.
 */
#ifndef SQUALL_PLAN_DIGEST_H
#define SQUALL_PLAN_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_VALUE_MAX = 512, DIGEST_LINE_MAX = 4096 };

enum digest_algorithm { DIGEST_MD5, DIGEST_SHA256 };

/* What a service asks of who calls it. */
struct digest_challenge {
    enum digest_algorithm algorithm;
    bool says_algorithm; /* its name is repeated in the answer */
    bool is_session;     /* "-sess" */
    bool has_qop;        /* auth */
    bool has_opaque;
    char realm[DIGEST_VALUE_MAX], nonce[DIGEST_VALUE_MAX],
        opaque[DIGEST_VALUE_MAX];
};

/* The request that an answer is for. */
struct digest_request {
    const char *user; /* "name:password" */
    const char *method;
    const char *url; /* absolute */
    uint32_t count;  /* of this nonce, from 1 */
    uint64_t cnonce; /* never the same again */
};

/* Reads a WWW-Authenticate. False: it is of another scheme, wants what is not
 * known here, or says something at too great a length. */
bool digest_read(const char *value, size_t length,
                 struct digest_challenge *challenge);

/* Writes "Authorization: Digest ...". False: it does not fit. */
bool digest_write(const struct digest_challenge *challenge,
                  const struct digest_request *request,
                  char line[DIGEST_LINE_MAX]);

#endif
