/* xml: untrusted text in XML. */
#ifndef SQUALL_REPORT_XML_H
#define SQUALL_REPORT_XML_H

#include "base/str.h"

#include <stddef.h>

/* Appends it as character data or the value of an attribute. What no XML may
 * hold, control characters and bytes that are not UTF-8, becomes "?". */
void xml_escape(struct str *out, const char *text);

/* The same, at most so many bytes of it. Returns how many bytes of the text
 * these are: some characters take six. */
size_t xml_escape_within(struct str *out, const char *text, size_t most);

#endif
