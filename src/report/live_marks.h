/* live_marks: the line of report/live on what the profile does, and when. */
#ifndef SQUALL_REPORT_LIVE_MARKS_H
#define SQUALL_REPORT_LIVE_MARKS_H

#include "report/live_sheet.h"

bool live_marks_are_there(const struct live *live);
void live_marks_add(struct sheet *sheet);

#endif
