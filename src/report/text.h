/* text: the report for people, on a terminal or in a log, rendered from the
 * document. */
#ifndef SQUALL_REPORT_TEXT_H
#define SQUALL_REPORT_TEXT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

struct text_options {
    bool color;
    int width; /* columns, at least 60 */
};

void text_render(const cJSON *document, const struct text_options *options,
                 FILE *stream);

#endif
