/* text_capacity: what was found of a capacity, for people. */
#ifndef SQUALL_REPORT_TEXT_CAPACITY_H
#define SQUALL_REPORT_TEXT_CAPACITY_H

#include "report/text_part.h"

void text_capacity(struct text *text);

#endif
