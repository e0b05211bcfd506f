/* trust: the certificates that libcurl trusts where nobody names others. */
#ifndef SQUALL_ENGINE_CURL_TRUST_H
#define SQUALL_ENGINE_CURL_TRUST_H

struct trust {
    const char *file;   /* NULL: none */
    const char *folder; /* NULL: none */
};

struct trust trust_of_system(void);

#endif
