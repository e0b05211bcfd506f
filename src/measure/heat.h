/*
 * heat: how long operations took, by when they ended: the histograms of the
 * series in few enough columns and rows to be drawn.
 *
 * A column is one interval, or several of a long series. Edges of rows are
 * powers of two of a microsecond and, where these are few, the middles between
 * them; a bucket of the series lies in one row, so counts are exact.
 */
#ifndef SQUALL_MEASURE_HEAT_H
#define SQUALL_MEASURE_HEAT_H

#include "measure/series.h"

enum { HEAT_COLUMNS_MAX = 128, HEAT_ROWS_MAX = 24 };

struct heat {
    struct duration interval; /* of a column */
    size_t columns, rows;     /* no rows: nothing was measured */
    int64_t edges_us[HEAT_ROWS_MAX + 1];
    uint64_t counts[HEAT_COLUMNS_MAX][HEAT_ROWS_MAX];
};

void heat_read(const struct series *series, struct heat *heat);

#endif
