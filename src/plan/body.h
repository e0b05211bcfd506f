/*
 * body: where the body of a request comes from, and what it is called.
 *
 * A text or JSON in the profile, a file, standard input, or the fields of a
 * form. Its media type is seen in it, unless a header says otherwise.
 */
#ifndef SQUALL_PLAN_BODY_H
#define SQUALL_PLAN_BODY_H

#include "plan/resolver.h"

/* Whether the request has a body, from wherever. */
bool body_is_given(const struct request_config *config);

/* Makes config->body and its length from the file or the form of the request
 * of this index. Returns false after adding an error. */
bool body_read(const struct resolver *resolver, size_t index,
               struct request_config *config);

/* The header line that names the media type of a compiled body; NULL: it is
 * empty. JSON is recognised once its placeholders are filled. From the arena
 * of the plan, or static. */
const char *body_type_line(const struct resolver *resolver,
                           const struct planned_request *request);

/* Whether the body begins as JSON does, while this line, of body_type_line,
 * calls it text: a slip of the pen or of the shell's quotes, most likely. */
bool body_seems_json(const struct planned_request *request, const char *line);

/* The key of a request that its body is written in. */
const char *body_key(const struct request_config *config);

#endif
