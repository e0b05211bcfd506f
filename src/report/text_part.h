/* text_part: the sections of the report for people, and how they read the
 * document: whatever is missing, null or of another type is "not measured". */
#ifndef SQUALL_REPORT_TEXT_PART_H
#define SQUALL_REPORT_TEXT_PART_H

#include "measure/figure.h"
#include "report/term.h"
#include "report/text.h"

#include <cjson/cJSON.h>

struct text {
    struct term term;
    const cJSON *document;
    bool is_short;   /* no more than fits a screen */
    bool is_verdict; /* what was missed, and the verdict */
};

/* Lets the terminal style write to `out`, as the options say. */
void text_begin(struct text *text, struct str *out,
                const struct text_options *options);

/* A member by a path of names with dots; NULL when there is none. */
const cJSON *text_find(const cJSON *object, const char *path);
double text_number(const cJSON *object, const char *path);      /* NAN: none */
const char *text_string(const cJSON *object, const char *path); /* NULL */

/* How long the time is that the series covers of a run, in microseconds: the
 * measured time; of a merge until the last run was measured. NAN: none. */
double text_span_us(const cJSON *document);

/* Whether a quantile of the time to success is never in an interval of the
 * series: so many of those that finished did not succeed. */
bool text_is_never(const cJSON *point, double q);

/* That of an SLO in the document. */
enum metric_unit text_unit(const cJSON *slo);

/* Writes a figure in units for people; "-" for NAN. Into `out`, inline, or
 * right-aligned in a column. */
void text_format(struct str *out, enum metric_unit unit, double value);
void text_figure(struct text *text, enum style style, enum metric_unit unit,
                 double value);
void text_right(struct text *text, enum style style, enum metric_unit unit,
                double value, int columns);

/* A section's title, in the full report after an empty line. */
void text_heading(struct text *text, const char *title);
void text_newline(struct text *text);
/* Writes untrusted text from the present column on, wrapped between words at
 * the width, further lines indented; ends the line. */
void text_wrapped(struct text *text, enum style style, const char *words,
                  int indent);
/* The separator of remarks on one line, and a dash. */
const char *text_dot(const struct text *text);

/* Whether a class of effects, by its name, breaks what was promised. */
bool text_is_offence(const char *class);

/* How an attempt ended: "timeout after 3.80 ms <- lost_response"; ends the
 * line. */
void text_attempt_end(struct text *text, const cJSON *attempt);

/* What a report was merged from; nothing of another. */
void text_merge(struct text *text);

void text_head(struct text *text);
/* Warns where figures are of a limit of squall's own: it comes before them. */
void text_limit(struct text *text);
/* The rows of a report that fits a screen, up to the parts and effects. */
void text_summary(struct text *text);

/* The verdict in capitals, as run_verdict.def has it: a document may come from
 * anywhere. Returns the columns. */
int text_verdict_word(struct text *text);

/* The verdict, what went wrong, and every SLO. */
void text_judgement(struct text *text);
void text_slos(struct text *text);
/* Those alone that are not met. */
void text_missed(struct text *text);
/* What went wrong, and the line that repeats what matters. */
void text_closing(struct text *text);

/* Of a document of many runs: --fail-if and --fail-unless, a line each; and
 * the verdict, exit status and problem. */
void text_gates(struct text *text);
void text_ending(struct text *text);
/* A list of sentences, each from a new line on. */
void text_sentences(struct text *text, const cJSON *sentences,
                    enum style style);

void text_operations(struct text *text);
void text_latency(struct text *text);
void text_histogram(struct text *text);
void text_series(struct text *text);
/* How the service came back after each trigger; nothing without one. */
void text_recovery(struct text *text);
/* Warns of windows that never opened. */
void text_unopened(struct text *text);

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
void text_timeline(struct text *text);
/* What failed attempts were told: the commonest. */
void text_errors(struct text *text);

#endif
