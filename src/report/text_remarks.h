/*
 * text_remarks: remarks on a line, with separators between them, wrapped under
 * the first.
 */
#ifndef SQUALL_REPORT_TEXT_REMARKS_H
#define SQUALL_REPORT_TEXT_REMARKS_H

#include "report/text_part.h"

struct remarks {
    struct text *text;
    int indent; /* columns of further lines */
    int used;   /* columns of this one */
    bool any;   /* a separator comes first */
};

/* Written at most 159 bytes long. */
void remarks_add(struct remarks *remarks, enum style style, const char *format,
                 ...) __attribute__((format(printf, 3, 4)));

/* "name: words", where the name is untrusted; its underscores are blanks. */
void remarks_add_named(struct remarks *remarks, enum style style,
                       const char *name, const char *words);

/* The figures of a group that have a label (measure/figure.def), as they stand
 * in `block` of the document; nothing of what was not measured. */
void remarks_add_figures(struct remarks *remarks, enum figure_group group,
                         const cJSON *block);

#endif
