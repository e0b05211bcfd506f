/* The series of several reports on one clock.
 *
 * The intervals of two runs seldom begin at the same instant: one counts in
 * the interval of the result that its middle is in, so that sums are right and
 * times are off by half an interval at most. */
#include "report/merge_inside.h"

#include "base/must.h"
#include "measure/series.h"
#include "report/member.h"
#include "report/text_part.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How points of one interval make one. ALONE: only if there is no other. */
enum how { HOW_SUM, HOW_ALONE, HOW_LEAST, HOW_WEIGHTED, HOW_RATIO, HOW_LAST };

/* One for each POINT of measure/series.def: without one it does not compile.
 * What is SUM there is added. */
enum {
    how_failed = HOW_SUM,
    how_bytes_sent = HOW_SUM,
    how_bytes_received = HOW_SUM,
    how_hedges = HOW_SUM,
    how_in_flight = HOW_LAST,
    how_p50_us = HOW_ALONE,
    how_p99_us = HOW_ALONE,
    how_success_p50_us = HOW_ALONE,
    how_success_p99_us = HOW_ALONE,
    how_amplification = HOW_RATIO,
    how_breakers_open = HOW_LAST,
    how_limit = HOW_WEIGHTED,
    how_budget_level = HOW_LEAST,
};

static const struct {
    const char *name;
    enum how how;
} members[] = {
#define SUM(id, sentence) {#id, HOW_SUM},
#define POINT(id, type, null, group, value, sentence) \
    {#id, (enum how)how_##id},
#include "measure/series.def"
};

enum { MEMBERS = array_length(members) };

/* Microseconds: a few centuries. What a report claims beyond is left out. */
static const double END_MAX = 1e16;

struct cell {
    double value;  /* NAN: none has it */
    double weight; /* of WEIGHTED */
    double last;   /* of LAST: those of runs before this one */
    size_t run;    /* of LAST: whose value was added, plus 1 */
    size_t known;
};

struct row {
    struct cell cells[MEMBERS];
};

struct grid {
    double interval_us;
    size_t count;
    struct row *rows;
};

/* The length of an interval of a report's series; 0: it has none or one. */
static double interval_of(const cJSON *series)
{
    double first = text_number(cJSON_GetArrayItem(series, 0), "t_s");
    double second = text_number(cJSON_GetArrayItem(series, 1), "t_s");
    double length = round((second - first) * 1e6);

    return length >= NS_PER_S / NS_PER_US && length < 1e15 ? length : 0;
}

/* As long as the longest, and long enough that all have room. */
static void size_grid(const struct merging *merging, struct grid *grid)
{
    double end = 0;

    grid->interval_us = NS_PER_S / NS_PER_US;
    for (size_t i = 0; i < merging->count; i++) {
        const cJSON *series = text_find(merging->inputs[i].document, "series");
        double length = interval_of(series);
        const cJSON *last =
            series && series->child ? series->child->prev : NULL;
        double until = merge_offset_us(merging, i) +
                       text_number(last, "t_s") * 1e6 + length;
        grid->interval_us = fmax(grid->interval_us, length);
        end = until > end && until < END_MAX ? until : end;
    }
    while (end / grid->interval_us > SERIES_POINTS_MAX) {
        grid->interval_us *= 2;
    }
    grid->count = (size_t)ceil(end / grid->interval_us) + 1;
    grid->rows = calloc(grid->count, sizeof(*grid->rows));
    must(grid->rows);
}

static void take_value(struct cell *cell, enum how how, size_t run,
                       double value, double weight)
{
    double before = cell->known > 0 ? cell->value : 0;

    switch (how) {
    case HOW_SUM:
    case HOW_ALONE:
    case HOW_RATIO:
        cell->value = before + value;
        break;
    case HOW_LEAST:
        cell->value = cell->known > 0 && before < value ? before : value;
        break;
    case HOW_WEIGHTED:
        cell->value = before + value * weight;
        cell->weight += weight;
        break;
    case HOW_LAST:
        cell->last = cell->run == run ? cell->last : before;
        cell->value = cell->last + value;
        cell->run = run;
        break;
    }
    cell->known++;
}

static void take_points(const struct merging *merging, size_t input,
                        struct grid *grid)
{
    const cJSON *series = text_find(merging->inputs[input].document, "series");
    double half = interval_of(series) / 2;
    const cJSON *point;

    cJSON_ArrayForEach(point, series)
    {
        double middle = merge_offset_us(merging, input) +
                        text_number(point, "t_s") * 1e6 + half;
        if (!(middle >= 0 &&
              middle < (double)grid->count * grid->interval_us)) {
            continue;
        }
        struct row *row = &grid->rows[(size_t)(middle / grid->interval_us)];
        for (size_t m = 0; m < MEMBERS; m++) {
            double value = text_number(point, members[m].name);
            if (!isnan(value)) {
                take_value(&row->cells[m], members[m].how, input + 1, value,
                           text_number(point, "finished"));
            }
        }
    }
}

static double sum_of(const struct row *row, const char *name)
{
    for (size_t m = 0; m < MEMBERS; m++) {
        if (strcmp(members[m].name, name) == 0) {
            return row->cells[m].known > 0 ? row->cells[m].value : 0;
        }
    }
    must_never("a series without it");
}

static double value_of(struct merging *merging, const struct row *row,
                       size_t member)
{
    const struct cell *cell = &row->cells[member];
    double below = sum_of(row, "started");

    switch (members[member].how) {
    case HOW_RATIO:
        return below > 0 ? sum_of(row, "attempts") / below : NAN;
    case HOW_WEIGHTED:
        return cell->weight > 0 ? cell->value / cell->weight : NAN;
    case HOW_ALONE:
        if (cell->known > 1) {
            char path[64];
            snprintf(path, sizeof(path), "series[].%s", members[member].name);
            merge_note(merging, path,
                       "where intervals of several runs make one: a report "
                       "has no buckets of an interval");
        }
        return cell->known == 1 ? cell->value : NAN;
    case HOW_SUM:
    case HOW_LEAST:
    case HOW_LAST:
        break;
    }
    return cell->known > 0 ? cell->value : NAN;
}

/* In a second in which no run was, nothing was due: its counts are 0, as those
 * of a second in which none of the operations of a run ended. */
static cJSON *make_point(struct merging *merging, const struct grid *grid,
                         size_t index)
{
    cJSON *point = cJSON_CreateObject();
    const struct row *row = &grid->rows[index];

    cJSON_AddNumberToObject(point, "t_s",
                            (double)index * grid->interval_us / 1e6);
    for (size_t m = 0; m < MEMBERS; m++) {
        double value = value_of(merging, row, m);
        bool is_count =
            members[m].how == HOW_SUM || members[m].how == HOW_LAST;
        bool is_nullable = strncmp(members[m].name, "bytes", 5) == 0 ||
                           strcmp(members[m].name, "hedges") == 0 ||
                           strcmp(members[m].name, "breakers_open") == 0;
        member_measured(point, members[m].name,
                        isnan(value) && is_count && !is_nullable ? 0 : value);
    }
    return point;
}

static bool is_empty(const struct row *row)
{
    for (size_t m = 0; m < MEMBERS; m++) {
        if (row->cells[m].known > 0) {
            return false;
        }
    }
    return true;
}

cJSON *merge_series(struct merging *merging)
{
    cJSON *series = cJSON_CreateArray();
    struct grid grid = {0};

    size_grid(merging, &grid);
    for (size_t i = 0; i < merging->count; i++) {
        take_points(merging, i, &grid);
    }
    while (grid.count > 0 && is_empty(&grid.rows[grid.count - 1])) {
        grid.count--;
    }
    for (size_t i = 0; i < grid.count; i++) {
        cJSON_AddItemToArray(series, make_point(merging, &grid, i));
    }
    free(grid.rows);
    return series;
}
