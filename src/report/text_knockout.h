/* text_knockout: what was found of many strategies, for people. */
#ifndef SQUALL_REPORT_TEXT_KNOCKOUT_H
#define SQUALL_REPORT_TEXT_KNOCKOUT_H

#include "report/text_part.h"

void text_knockout(struct text *text);

#endif
