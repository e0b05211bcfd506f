/*
 * import: what other tools know of requests, as a profile.
 *
 * A reader takes a text and adds what it finds: requests (the same one twice
 * is one with more weight), the times at which they were made, and remarks on
 * what a profile cannot say, each with its place. import_finish then makes the
 * document: secrets become ${env:NAME} (secrets.h), and nothing in it is a
 * placeholder that was none where it came from.
 *
 * Pure: no file, no clock, no environment. What has no place in a profile is a
 * remark, and what cannot be read at all an error.
 */
#ifndef SQUALL_IMPORT_IMPORT_H
#define SQUALL_IMPORT_IMPORT_H

#include "base/error.h"
#include "base/str.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A variable of the shell in an imported text: these bytes around its name. No
 * text that is sent has them. */
#define IMPORT_VARIABLE_OPEN '\001'
#define IMPORT_VARIABLE_CLOSE '\002'

struct import_remark {
    char *place, *text;
};

/* A request as it was found; everything is borrowed but the headers. */
struct import_call {
    const char *name;   /* NULL: made of method and path */
    const char *method; /* NULL: what the profile takes then */
    const char *url;    /* whole, or a path where the origin is unknown */
    cJSON *headers;     /* an object of texts and lists of texts, or NULL;
                         * taken over */
    const char *body;   /* NULL: none */
    size_t body_length;
    const char *body_file; /* NULL: none */
    const cJSON *form;     /* a list of texts; NULL: none */
    unsigned status;       /* that it was answered with; 0: unknown */
};

struct import_request; /* import.c */

struct import_arrival {
    int64_t ns; /* any origin; in any order */
    size_t request;
    size_t number; /* in the order in which they were found */
};

struct import {
    const char *name; /* of what is read, for places: "access.log" */
    struct errors *errors;
    char *origin; /* "http://host:port", or NULL: not known yet */
    char *user;   /* "name:password" of the origin, or NULL */
    size_t request_count, request_capacity;
    struct import_request *requests;
    size_t slot_count; /* a hash table of their indexes, + 1 */
    size_t *slots;
    size_t arrival_count, arrival_capacity;
    struct import_arrival *arrivals;
    size_t remark_count, remark_capacity, remarks_left_out;
    struct import_remark *remarks;
    cJSON *more;     /* an object: what else the profile says */
    cJSON *settings; /* a list: options of squall run, each a word */
};

/* Both names are borrowed. */
void import_init(struct import *import, const char *name,
                 struct errors *errors);
void import_release(struct import *import);

/* Notes what is not carried over. The place begins with a line, an index, or
 * an option. */
void import_remark(struct import *import, const char *place,
                   const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a request, or weight to one that is there already. Returns its index;
 * SIZE_MAX where it cannot be sent, which is remarked: another origin than the
 * first, a method or path that HTTP does not have. */
size_t import_add(struct import *import, const char *place,
                  struct import_call *call);

/* A request was made at this time. */
void import_arrive(struct import *import, size_t request, int64_t ns);

/* The origin that requests without one go to; the first that is said stands.
 * "user:password@" in it becomes import->user. False: it is no URL. */
bool import_origin(struct import *import, const char *place, const char *url);

/* Adds a header to an object of them; a name that is there already, in any
 * case, becomes a list. What squall writes itself (Host, where it is that of
 * the URL, Content-Length and kin) and pseudo-headers of HTTP/2 are left out;
 * what no header can be is remarked. */
void import_header(struct import *import, const char *place, cJSON **headers,
                   const char *name, const char *value);

/* Makes the document of what was read. `recording`: the file of arrivals that
 * it names, or NULL: times are not kept. False, after adding an error, where
 * there is no request. The caller owns *document. */
bool import_finish(struct import *import, const char *recording,
                   cJSON **document);

/* The arrivals as load/arrivals.h reads them, the first at 0; after
 * import_finish. */
void import_recording(const struct import *import, struct str *out);

/* Whether bytes from outside have one that marks a variable; such a text is
 * not read. */
bool import_has_mark(const char *bytes, size_t length);
void import_refuse_mark(const struct import *import);

#endif
