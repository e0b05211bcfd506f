/*
 * text: the report for people, on a terminal or in a log, rendered from the
 * document alone. The document may come from a file: what it lacks is shown
 * as not measured, and its strings cannot steer the terminal.
 */
#ifndef SQUALL_REPORT_TEXT_H
#define SQUALL_REPORT_TEXT_H

#include "base/str.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

enum text_charset { TEXT_BY_LOCALE, TEXT_ASCII, TEXT_UNICODE };

/* How much is told: everything; what fits a screen, where a section appears
 * only when it has something to say; or the verdict and why it is none. */
enum text_depth { TEXT_FULL, TEXT_SHORT, TEXT_VERDICT };

struct text_options {
    bool color;
    int width; /* columns, at least 60 */
    enum text_charset charset;
    enum text_depth depth;
};

void text_render(const cJSON *document, const struct text_options *options,
                 struct str *out);

#endif
