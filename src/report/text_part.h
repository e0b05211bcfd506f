/* text_part: the sections of the report for people, and how they read the
 * document: whatever is missing, null or of another type is "not measured". */
#ifndef SQUALL_REPORT_TEXT_PART_H
#define SQUALL_REPORT_TEXT_PART_H

#include "report/pen.h"
#include "report/text.h"

#include <cjson/cJSON.h>

struct text {
    struct pen pen;
    const cJSON *document;
};

/* Lets the pen write to `out`, as the options say. */
void text_begin(struct text *text, struct str *out,
                const struct text_options *options);

/* A member by a path of names with dots; NULL when there is none. */
const cJSON *text_find(const cJSON *object, const char *path);
double text_number(const cJSON *object, const char *path); /* NAN: none */
const char *text_string(const cJSON *object, const char *path); /* NULL */

enum form { FORM_US, FORM_RATIO, FORM_COUNT, FORM_PER_S, FORM_FACTOR };

/* Writes a figure in units for people; "-" for NAN. Into `out`, inline, or
 * right-aligned in a column. */
void text_format(struct str *out, enum form form, double value);
void text_figure(struct text *text, enum ink ink, enum form form,
                 double value);
void text_right(struct text *text, enum ink ink, enum form form, double value,
                int columns);

/* A section's title, after an empty line. */
void text_heading(struct text *text, const char *title);
void text_newline(struct text *text);
/* Writes untrusted text from where the pen is, wrapped between words at the
 * width, further lines indented; ends the line. */
void text_wrapped(struct text *text, enum ink ink, const char *words,
                  int indent);
/* The separator of remarks on one line, and a dash. */
const char *text_dot(const struct text *text);

void text_head(struct text *text);
void text_slos(struct text *text);
void text_closing(struct text *text);

void text_operations(struct text *text);
void text_latency(struct text *text);
void text_histogram(struct text *text);
void text_series(struct text *text);

void text_attempts(struct text *text);
void text_amplification(struct text *text);
void text_parts(struct text *text, const char *member, const char *title);
void text_generator(struct text *text);

void text_policy(struct text *text);
/* Why operations were shed, under their row. */
void text_shed(struct text *text);

void text_effects(struct text *text);
void text_replay(struct text *text);
void text_faults(struct text *text);

#endif
