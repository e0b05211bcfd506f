/* What the files that read a command line of curl share. */
#ifndef SQUALL_IMPORT_CURL_H
#define SQUALL_IMPORT_CURL_H

#include "import/import.h"

#include <cjson/cJSON.h>

/* A command line so far; texts are borrowed from its words. */
struct curl {
    struct import *import;
    cJSON *urls; /* a list of texts */
    const char *method;
    cJSON *headers;
    struct str data; /* joined */
    bool has_data, is_json;
    const char *data_file; /* in the place of all data */
    cJSON *form;           /* a list of texts "name=value", "name=@file" */
    bool form_has_file;
    const char *upload;
    bool gets, heads;      /* -G, -I */
    struct str query;      /* --url-query */
    bool follows;          /* -L */
    const char *redirects; /* --max-redirs, or NULL */
};

/* What --data and its kin add; `name` is that of the option. */
void curl_add_data(struct curl *curl, const char *name, const char *value);

/* What -F and --form-string add. */
void curl_add_form(struct curl *curl, const char *name, const char *value);

/* The body of the call, when all words are read: `room` holds it. */
void curl_fill_body(struct curl *curl, struct import_call *call,
                    struct str *room);

#endif
