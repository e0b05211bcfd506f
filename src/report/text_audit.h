/* text_audit: the result of an audit for people, and the part of it that other
 * forms show, too. */
#ifndef SQUALL_REPORT_TEXT_AUDIT_H
#define SQUALL_REPORT_TEXT_AUDIT_H

#include "report/text_part.h"

void text_audit(struct text *text);

/* "first: 201, again: 409 (2x)": what a check sent and how it ended, in order;
 * requests of a race that ended alike are one item. */
void text_audit_attempts(struct str *out, const cJSON *check);

#endif
