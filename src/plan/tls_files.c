#include "plan/tls_files.h"

#include "base/must.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>

static SSL_CTX *new_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    must(context);
    return context;
}

const char *tls_files_ca_problem(const char *file)
{
    SSL_CTX *context = new_context();
    bool good = SSL_CTX_load_verify_locations(context, file, NULL) == 1;

    SSL_CTX_free(context);
    ERR_clear_error();
    return good ? NULL : "it has no certificate in PEM";
}

const char *tls_files_cert_problem(const char *file)
{
    SSL_CTX *context = new_context();
    bool good = SSL_CTX_use_certificate_chain_file(context, file) == 1;

    SSL_CTX_free(context);
    ERR_clear_error();
    return good ? NULL : "it has no certificate in PEM that can be used";
}

/* There is none: it notes that one was asked for. */
static int no_passphrase(char *text, int size, int writing, void *user)
{
    bool *asked = user;
    (void)text;
    (void)size;
    (void)writing;
    *asked = true;
    return -1;
}

const char *tls_files_key_problem(const char *file, const char *cert)
{
    bool asked = false;
    const char *problem = NULL;
    SSL_CTX *context = new_context();
    FILE *stream = fopen(file, "r");
    EVP_PKEY *key =
        stream ? PEM_read_PrivateKey(stream, NULL, no_passphrase, &asked)
               : NULL;

    if (asked) {
        problem = "it is encrypted, and squall asks for no passphrase";
    } else if (!key) {
        problem = "it has no private key in PEM";
    } else if (SSL_CTX_use_certificate_chain_file(context, cert) == 1 &&
               X509_check_private_key(SSL_CTX_get0_certificate(context),
                                      key) != 1) {
        problem = "it is not the key of the certificate";
    }
    EVP_PKEY_free(key);
    SSL_CTX_free(context);
    ERR_clear_error();
    if (stream) {
        fclose(stream);
    }
    return problem;
}
