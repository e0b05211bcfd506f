/* text_list: the catalogue of profiles for people: one line each, or a
 * paragraph each. */
#ifndef SQUALL_REPORT_TEXT_LIST_H
#define SQUALL_REPORT_TEXT_LIST_H

#include "plan/catalogue.h"
#include "report/text.h"

/* `cut`: a line ends at the width, and folders stand apart, as is good on a
 * terminal; else each line is whole, for programs. */
void text_list_render(const struct catalogue *catalogue, bool cut,
                      const struct text_options *options, FILE *stream);

/* With version, verified, source and file below each name. */
void text_list_render_long(const struct catalogue *catalogue,
                           const struct text_options *options, FILE *stream);

#endif
