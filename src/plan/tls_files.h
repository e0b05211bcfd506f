/*
 * tls_files: whether certificates and keys can be used, before a handshake
 * needs them.
 *
 * An encrypted key is refused: squall asks for no passphrase, since its
 * terminal and its standard input may be somebody else's.
 */
#ifndef SQUALL_PLAN_TLS_FILES_H
#define SQUALL_PLAN_TLS_FILES_H

/* What is wrong with a file, or NULL. Each can be read. */
const char *tls_files_ca_problem(const char *file);
const char *tls_files_cert_problem(const char *file);
/* ... of the certificate in `cert`, which has no problem. */
const char *tls_files_key_problem(const char *file, const char *cert);

#endif
