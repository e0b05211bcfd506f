/* text_delays: the waits before retries for people: a table with a column a
 * draw, a chart of the range that the draws span, and what else decides. */
#ifndef SQUALL_REPORT_TEXT_DELAYS_H
#define SQUALL_REPORT_TEXT_DELAYS_H

#include "plan/delays.h"
#include "report/text.h"

/* `name` is for a plan that has none. */
void text_delays_render(const struct delays *delays, const char *name,
                        const struct text_options *options, FILE *stream);

#endif
