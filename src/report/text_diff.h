/* text_diff: what is different in two reports, for people. */
#ifndef SQUALL_REPORT_TEXT_DIFF_H
#define SQUALL_REPORT_TEXT_DIFF_H

#include "report/text_part.h"

void text_diff(struct text *text);

#endif
