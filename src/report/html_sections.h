/* html_sections: the sections of the HTML report of a run, in their order;
 * each reads the document, and leaves out what it has nothing of. */
#ifndef SQUALL_REPORT_HTML_SECTIONS_H
#define SQUALL_REPORT_HTML_SECTIONS_H

#include "report/html_part.h"

/* The verdict, what it is based on, and what stands out. */
void html_head(struct html *html);
void html_merge(struct html *html); /* nothing of a run's report */
void html_slos(struct html *html);
void html_key_figures(struct html *html);
void html_time(struct html *html);     /* what happened when */
void html_recovery(struct html *html); /* part of it */
void html_latency(struct html *html);
void html_heat(struct html *html);     /* part of it */
void html_load(struct html *html);     /* what the service felt */
void html_arrivals(struct html *html); /* part of it */
void html_effects(struct html *html);
void html_replay(struct html *html);
void html_timeline(struct html *html); /* what was done from outside */
void html_errors(struct html *html);
void html_policy(struct html *html);
void html_parts(struct html *html); /* requests, phases */
void html_generator(struct html *html);
void html_all(struct html *html);     /* every figure, in tables */
void html_profile(struct html *html); /* and the command to run it again */

/* The other documents, whole: what is between <body> and its end. */
void html_comparison(struct html *html);
void html_knockout(struct html *html);
void html_audit(struct html *html);
void html_capacity(struct html *html);
void html_tip(struct html *html);

/* What --fail-if and --fail-unless asked, and whether it holds. */
void html_gates(struct html *html);

/* The head of a page about many runs: begins with the command, and the verdict
 * in a title that goes on; says what was asked, in a line that goes on; ends
 * with when it was, what went wrong, and the summary. */
void html_many_begin(struct html *html, const char *command);
void html_many_target(struct html *html);
void html_many_end(struct html *html);

/* A paragraph for each text of a list. */
void html_sentences(struct html *html, const cJSON *sentences);

/* The class of a run's verdict: "good", "warn" or "bad". */
const char *html_verdict_class(const cJSON *document);
/* The command of a document's run.argv, as a shell takes it. */
void html_command(struct html *html);

/* The rules of the style. */
void html_style(struct html *html);

#endif
