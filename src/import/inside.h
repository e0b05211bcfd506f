/* What the files that make a profile of imported requests share. */
#ifndef SQUALL_IMPORT_INSIDE_H
#define SQUALL_IMPORT_INSIDE_H

#include "import/import.h"

enum { STATUSES_MAX = 8 };

/* A request as it will be in the profile; its texts are as they were found,
 * owned. */
struct import_request {
    char *key; /* equal for equal requests */
    char *place;
    char *name;   /* or NULL */
    char *method; /* or NULL */
    char *path;   /* from its slash, with its query */
    cJSON *headers;
    char *body; /* or NULL */
    size_t body_length;
    char *body_file;
    cJSON *form;
    uint64_t weight;
    size_t status_count; /* of 3xx that it was answered with */
    unsigned statuses[STATUSES_MAX];
    size_t kept; /* its place in the profile; SIZE_MAX: it has none */
};

/* Where times are known to the second, those of one second are spread evenly
 * over it, in their order. Returns how many shared one. */
size_t import_spread(struct import *import);

#endif
