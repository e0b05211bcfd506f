#include "engine/native/tls.h"

#include "engine/curl/trust.h"
#include "plan/address.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 256 };

struct tls_context {
    SSL_CTX *ssl;
    char name[NAME_MAX_LENGTH]; /* that is asked for, and verified */
    bool is_address;            /* the name is one */
    bool is_verified;
};

struct tls {
    SSL *ssl;
    struct tls_session *session;
};

static _Thread_local char problem[256];

/* An empty one: OpenSSL would ask the terminal. */
static int no_password(char *buffer, int size, int is_written, void *user)
{
    (void)buffer;
    (void)size;
    (void)is_written;
    (void)user;
    return 0;
}

/* Of TLS 1.3 they come after the handshake, as often as the service likes. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls_session *kept = SSL_get_app_data(ssl);

    tls_session_release(kept);
    kept->newest = session;
    return 1;
}

static const char *openssl_words(void)
{
    unsigned long code = ERR_get_error();
    const char *words = code ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return words ? words : "unknown error";
}

static bool load_trusted(SSL_CTX *ssl, const struct target_config *target)
{
    if (target->tls_ca) {
        return SSL_CTX_load_verify_locations(ssl, target->tls_ca, NULL) == 1;
    }
    struct trust trust = trust_of_system();
    /* A system without any trusts nobody. */
    (void)SSL_CTX_load_verify_locations(ssl, trust.file, trust.folder);
    ERR_clear_error();
    return true;
}

static bool load_own(SSL_CTX *ssl, const struct target_config *target)
{
    SSL_CTX_set_default_passwd_cb(ssl, no_password);
    if (target->tls_cert &&
        SSL_CTX_use_certificate_chain_file(ssl, target->tls_cert) != 1) {
        return false;
    }
    const char *key = target->tls_key ? target->tls_key : target->tls_cert;
    return !key ||
           SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) == 1;
}

static bool set_up(SSL_CTX *ssl, const struct target_config *target)
{
    static const unsigned char http_1_1[] = "\x08http/1.1";

    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS |
                              SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT |
                                            SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, on_session);
    SSL_CTX_set_verify(
        ssl, target->tls_insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    return SSL_CTX_set_alpn_protos(ssl, http_1_1, sizeof(http_1_1) - 1) == 0 &&
           (target->tls_insecure || load_trusted(ssl, target)) &&
           load_own(ssl, target);
}

static void set_name(struct tls_context *context,
                     const struct target_config *target)
{
    struct address address;

    address_of_url(target->url, &address);
    const char *name =
        target->tls_server_name ? target->tls_server_name : address.host;
    size_t length = strcspn(name, "%");
    length = length < NAME_MAX_LENGTH ? length : NAME_MAX_LENGTH - 1;
    memcpy(context->name, name, length);
    /* A dot at the end is for who looks the name up. */
    if (length > 0 && context->name[length - 1] == '.') {
        context->name[length - 1] = '\0';
    }
    ASN1_OCTET_STRING *octets = a2i_IPADDRESS(context->name);
    context->is_address = octets != NULL;
    ASN1_OCTET_STRING_free(octets);
    ERR_clear_error();
    context->is_verified = !target->tls_insecure;
    address_release(&address);
}

struct tls_context *tls_context_new(const struct plan *plan,
                                    struct errors *errors)
{
    struct tls_context *context = calloc(1, sizeof(*context));

    if (context) {
        context->ssl = SSL_CTX_new(TLS_client_method());
    }
    if (!context || !context->ssl) {
        errors_add(errors, ERROR_NO_RESOURCE, "out of memory");
        free(context);
        return NULL;
    }
    if (!set_up(context->ssl, &plan->target)) {
        errors_add(errors, ERROR_BAD_VALUE,
                   "target.tls: a file cannot be used: %s", openssl_words());
        tls_context_release(context);
        return NULL;
    }
    set_name(context, &plan->target);
    return context;
}

struct tls_context *tls_context_share(struct tls_context *context)
{
    struct tls_context *other = malloc(sizeof(*other));

    if (other) {
        *other = *context;
        SSL_CTX_up_ref(other->ssl);
    }
    return other;
}

void tls_context_release(struct tls_context *context)
{
    if (context) {
        SSL_CTX_free(context->ssl);
        free(context);
    }
}

void tls_session_release(struct tls_session *session)
{
    SSL_SESSION_free(session->newest);
    session->newest = NULL;
}

static bool set_peer(SSL *ssl, const struct tls_context *context)
{
    X509_VERIFY_PARAM *wanted = SSL_get0_param(ssl);

    if (!context->is_address &&
        SSL_set_tlsext_host_name(ssl, context->name) != 1) {
        return false;
    }
    if (!context->is_verified) {
        return true;
    }
    if (context->is_address) {
        return X509_VERIFY_PARAM_set1_ip_asc(wanted, context->name) == 1;
    }
    X509_VERIFY_PARAM_set_hostflags(wanted,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return X509_VERIFY_PARAM_set1_host(wanted, context->name, 0) == 1;
}

struct tls *tls_new(struct tls_context *context, int fd,
                    struct tls_session *session)
{
    struct tls *tls = calloc(1, sizeof(*tls));
    SSL *ssl = SSL_new(context->ssl);

    if (!tls || !ssl || SSL_set_fd(ssl, fd) != 1 || !set_peer(ssl, context)) {
        SSL_free(ssl);
        free(tls);
        ERR_clear_error();
        return NULL;
    }
    SSL_set_app_data(ssl, session);
    if (session->newest) {
        SSL_set_session(ssl, session->newest);
    }
    SSL_set_connect_state(ssl);
    *tls = (struct tls){.ssl = ssl, .session = session};
    return tls;
}

void tls_free(struct tls *tls)
{
    if (tls) {
        SSL_set_shutdown(tls->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(tls->ssl);
        free(tls);
    }
}

static int result_of(const struct tls *tls, int code)
{
    switch (SSL_get_error(tls->ssl, code)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return TLS_WAITS;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        break;
    }
    long verified = SSL_get_verify_result(tls->ssl);
    snprintf(problem, sizeof(problem), "%s",
             verified != X509_V_OK && !SSL_is_init_finished(tls->ssl)
                 ? X509_verify_cert_error_string(verified)
             : ERR_peek_error() ? openssl_words()
                                : "the connection was closed");
    ERR_clear_error();
    return TLS_FAILED;
}

int tls_handshake(struct tls *tls)
{
    ERR_clear_error();
    int code = SSL_do_handshake(tls->ssl);

    if (code == 1) {
        return 0;
    }
    code = result_of(tls, code);
    if (code == 0) {
        snprintf(problem, sizeof(problem), "the connection was closed");
        return TLS_FAILED;
    }
    return code;
}

ssize_t tls_read(struct tls *tls, char *bytes, size_t size)
{
    size_t got = 0;

    ERR_clear_error();
    int code = SSL_read_ex(tls->ssl, bytes, size, &got);
    return code == 1 ? (ssize_t)got : result_of(tls, code);
}

ssize_t tls_write(struct tls *tls, const char *bytes, size_t size)
{
    size_t written = 0;

    ERR_clear_error();
    int code = SSL_write_ex(tls->ssl, bytes, size, &written);
    if (code == 1) {
        return (ssize_t)written;
    }
    code = result_of(tls, code);
    return code == 0 ? TLS_FAILED : code;
}

bool tls_has_rest(struct tls *tls)
{
    return SSL_pending(tls->ssl) > 0;
}

bool tls_is_quiet(struct tls *tls)
{
    char byte;
    size_t got = 0;

    ERR_clear_error();
    int code = SSL_peek_ex(tls->ssl, &byte, 1, &got);
    return code != 1 && result_of(tls, code) == TLS_WAITS;
}

const char *tls_problem(const struct tls *tls)
{
    (void)tls;
    return problem;
}

const char *tls_library(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
