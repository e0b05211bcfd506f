/* text_tip: what was found of tipping points, for people. */
#ifndef SQUALL_REPORT_TEXT_TIP_H
#define SQUALL_REPORT_TEXT_TIP_H

#include "report/text_part.h"

void text_tip(struct text *text);

#endif
