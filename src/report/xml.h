/* xml: untrusted text in XML. */
#ifndef SQUALL_REPORT_XML_H
#define SQUALL_REPORT_XML_H

#include "base/str.h"

/* Appends it as character data or the value of an attribute. What no XML may
 * hold, control characters and bytes that are not UTF-8, becomes "?". */
void xml_escape(struct str *out, const char *text);

#endif
