/*
 * rendered: the request of an attempt, made again as it was sent.
 *
 * Requests are pure functions of who sends them, so nothing of them has to be
 * kept during a run. What came from the environment is shown as the profile
 * has it, ${env:NAME}, so that it can be put in again and is not shown to
 * those who may read the text but not the environment.
 */
#ifndef SQUALL_PLAN_RENDERED_H
#define SQUALL_PLAN_RENDERED_H

#include "base/str.h"
#include "plan/plan.h"

/* PLAIN: as it was sent. ENV: with ${env:NAME} in it, to be replaced. ENV_JSON
 * and others: the same, and what replaces it is written as its place asks for
 * (load/template.h). HIDDEN: there is a secret in it that could
 * not be put in again; not to be shown. */
enum rendered_form {
    RENDERED_PLAIN,
    RENDERED_ENV,
    RENDERED_ENV_JSON,
    RENDERED_ENV_URL,
    RENDERED_ENV_FORM,
    RENDERED_HIDDEN
};

struct rendered_text {
    struct str text;
    enum rendered_form form;
};

struct rendered_header {
    struct rendered_text name;
    struct rendered_text value;
};

struct rendered {
    const char *method;
    struct rendered_text url;
    bool has_body;
    struct rendered_text body;
    size_t header_count; /* headers without a value were not sent */
    size_t header_capacity;
    struct rendered_header *headers;
    struct rendered_text scratch;
};

/* Fills it for a request of the plan; what it held is replaced. Begin with
 * zeros, end with rendered_release. */
void rendered_fill(struct rendered *rendered, const struct plan *plan,
                   uint16_t request, const struct template_subject *subject);
void rendered_release(struct rendered *rendered);

#endif
