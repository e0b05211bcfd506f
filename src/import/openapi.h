/* What the files that read an OpenAPI document share. */
#ifndef SQUALL_IMPORT_OPENAPI_H
#define SQUALL_IMPORT_OPENAPI_H

#include "import/import.h"

struct openapi {
    struct import *import;
    const cJSON *root;
    const char *place; /* of the operation that is read */
};

/* The value that a "$ref" stands for, itself where there is none; NULL, with a
 * remark, where it leads nowhere in this document, or in a circle. */
const cJSON *openapi_resolve(const struct openapi *openapi,
                             const cJSON *value);

/* A value that a schema allows: its example, default or constant, else the
 * simplest of its type. `name` is that of the member or parameter, NULL: none;
 * one that authenticates is a variable. Owned; NULL: none can be made. */
cJSON *openapi_sample(const struct openapi *openapi, const cJSON *schema,
                      const char *name);

/* The example of a parameter or a media type, or of its schema. Owned, or
 * NULL. *is_own: it was written down. */
cJSON *openapi_example(const struct openapi *openapi, const cJSON *holder,
                       const char *name, bool *is_own);

/* Fills in who is calling, as the operation or else the document says. */
void openapi_secure(const struct openapi *openapi, const cJSON *operation,
                    cJSON **headers, struct str *query);

/* Fills in the body. False: the request is left out, which is remarked. */
bool openapi_body(const struct openapi *openapi, const cJSON *operation,
                  struct import_call *call, struct str *body);

#endif
