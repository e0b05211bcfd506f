/*
 * text: the report for people, on a terminal or in a log, rendered from the
 * document alone. The document may come from a file: what it lacks is shown
 * as not measured, and its strings cannot steer the terminal.
 */
#ifndef SQUALL_REPORT_TEXT_H
#define SQUALL_REPORT_TEXT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>

enum text_charset { TEXT_BY_LOCALE, TEXT_ASCII, TEXT_UNICODE };

struct text_options {
    bool color;
    int width; /* columns, at least 60 */
    enum text_charset charset;
};

void text_render(const cJSON *document, const struct text_options *options,
                 FILE *stream);

#endif
