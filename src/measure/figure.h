/*
 * figure: the table of everything that is measured (figure.def), to be walked
 * by the report, its schema and its manual, and by SLOs.
 */
#ifndef SQUALL_MEASURE_FIGURE_H
#define SQUALL_MEASURE_FIGURE_H

#include "measure/unit.h"
#include "policy/layer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of groups that no layer of the clients measures. */
enum { NO_LAYER = LAYER_COUNT };

enum figure_group {
#define GROUP(id, layer, path) FIGURES_##id,
#include "measure/figure.def"
};

enum figure_scope {
    SCOPE_PANEL,
    SCOPE_RUN,
    SCOPE_LEDGER,
    SCOPE_SEEN,
    SCOPE_CHECKED_LEDGER,
    SCOPE_CHECKED_SEEN,
    SCOPE_ANSWERS,
};

enum figure_form { FIGURE_WHOLE, FIGURE_WHOLE_OR_NULL, FIGURE_NUMBER_OR_NULL };

enum figure_better { BETTER_HIGHER, BETTER_LOWER, BETTER_NEITHER };

enum figure_look {
    LOOK_UNSHOWN,
    LOOK_SHOWN,
    LOOK_SHOWN_IF_ANY,
    LOOK_WARNED,
    LOOK_WARNED_IF_ANY
};

/* The line of the text that shows it. */
struct figure_label {
    enum figure_look look;
    const char *words; /* with one %s, the value */
};

struct panel;
struct panel_figures;
struct result;

/* Where a figure is read: a part of the run or all of it. */
struct figure_view {
    const struct panel *panel;
    const struct panel_figures *figures;
    const struct result *result;
    bool is_part; /* of one request or one phase */
};

struct figure {
    enum figure_group group;
    const char *member; /* its name in the report; NULL: not there */
    const char *metric; /* its name in SLOs; NULL: none */
    enum figure_form form;
    enum figure_scope scope;
    enum metric_unit unit;
    enum figure_better better;
    double (*read)(const struct figure_view *view);
    struct figure_label label;
    const char *sentence;
};

/* By index from 0; NULL past the last. */
const struct figure *figure_at(size_t index);

/* The layer that a group needs, or NO_LAYER. */
unsigned figure_layer(enum figure_group group);

/* Where its figures stand in the report, "operations."; "": at the top. */
const char *figure_path(enum figure_group group);

/* Whether it never becomes less while a run goes on: a count of a panel. */
bool figure_only_grows(const struct figure *figure);

/* Whether a group is measured with these layers (bits of enum layer). */
static inline bool figure_is_on(uint32_t layers, enum figure_group group)
{
    switch (group) {
#define GROUP(id, layer, path) \
    case FIGURES_##id: \
        return (unsigned)(layer) == NO_LAYER || \
               (layers >> (unsigned)(layer)&1u) != 0;
#include "measure/figure.def"
    }
    return false;
}

/* The value; negative, or not a number, where it was not measured. */
double figure_value(const struct figure *figure,
                    const struct figure_view *view);

/* Of a metric that was measured: between what it would have been if squall
 * itself had not been late. */
struct figure_ends {
    double low, high; /* INFINITY: nobody knows */
};
struct figure_ends figure_ends(const struct figure *figure,
                               const struct figure_view *view, double value);

#endif
