/* text_compare: the result of a comparison for people. */
#ifndef SQUALL_REPORT_TEXT_COMPARE_H
#define SQUALL_REPORT_TEXT_COMPARE_H

#include "report/text_part.h"

void text_comparison(struct text *text);

#endif
