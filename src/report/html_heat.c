/* The latency of operations by when they ended, as a heat map. */
#include "base/units.h"
#include "measure/heat.h"
#include "report/chart.h"
#include "report/html_sections.h"
#include "report/svg.h"
#include "report/text_part.h"

#include <math.h>

enum {
    SHADES = 6,
    HEAT_HEIGHT = 240,
    /* As squall writes them; a document from elsewhere is cut. */
    COLUMNS_MAX = HEAT_COLUMNS_MAX,
    ROWS_MAX = HEAT_ROWS_MAX,
    LABELS = 8
};

struct map {
    const cJSON *counts;
    double edges[ROWS_MAX + 1];
    size_t columns, rows;
    double most;
    struct axis x; /* seconds */
    double interval_s;
};

/* False: there is none to draw. */
static bool read_map(const cJSON *document, struct map *map)
{
    const cJSON *object = text_find(document, "latency_by_time");
    const cJSON *edge;
    const cJSON *column;
    const cJSON *cell;
    size_t edges = 0;

    *map = (struct map){.counts = text_find(object, "counts")};
    cJSON_ArrayForEach(edge, text_find(object, "edges_us"))
    {
        if (edges <= ROWS_MAX && cJSON_IsNumber(edge)) {
            map->edges[edges++] = edge->valuedouble;
        }
    }
    map->interval_s = text_number(object, "interval_us") / 1e6;
    if (edges < 2 || !(map->interval_s > 0)) {
        return false;
    }
    map->rows = edges - 1;
    cJSON_ArrayForEach(column, map->counts)
    {
        map->columns += map->columns < COLUMNS_MAX;
        cJSON_ArrayForEach(cell, column)
        {
            map->most = fmax(map->most, cell->valuedouble);
        }
    }
    map->x = axis_time((double)map->columns * map->interval_s, 6);
    return map->columns > 0 && map->most > 0;
}

/* By the logarithm of the count: one operation is to be seen beside thousands.
 */
static int shade_of(const struct map *map, double count)
{
    if (!(count > 0)) {
        return 0;
    }
    double share = map->most > 1 ? log(count) / log(map->most) : 1;
    int shade = 1 + (int)((share >= 0 ? share : 0) * (SHADES - 1) + 0.5);
    return shade < 1 ? 1 : shade > SHADES ? SHADES : shade;
}

/* All cells of a shade as one path, in units of cells: a page of single ones
 * would be long. */
static void add_shade(struct html *html, const struct map *map, int shade)
{
    const cJSON *column;
    const cJSON *cell;
    size_t c = 0;

    html_addf(html, "<path class=\"h%d\" d=\"", shade);
    cJSON_ArrayForEach(column, map->counts)
    {
        size_t row = 0;
        cJSON_ArrayForEach(cell, column)
        {
            if (row < map->rows && c < map->columns &&
                shade_of(map, cell->valuedouble) == shade) {
                html_addf(html, "M%zu %zuh1v1h-1z", c, map->rows - 1 - row);
            }
            row++;
        }
        c++;
    }
    html_add(html, "\"/>\n");
}

/* What a column says when it is pointed at: from where on, how many; the
 * slowest first. */
static void add_tip(struct html *html, const struct map *map,
                    const cJSON *column, size_t index)
{
    struct str words = STR_INIT;

    for (size_t row = map->rows; row > 0; row--) {
        const cJSON *cell = cJSON_GetArrayItem(column, (int)row - 1);
        if (!cJSON_IsNumber(cell) || !(cell->valuedouble > 0)) {
            continue;
        }
        str_append(&words, "\n");
        text_format(&words, UNIT_DURATION, map->edges[row - 1]);
        str_append(&words, ": ");
        text_format(&words, UNIT_COUNT, cell->valuedouble);
    }
    html_addf(html,
              "<rect x=\"%.2f%%\" width=\"%.2f%%\" height=\"%d\"><title>",
              100.0 * (double)index / (double)map->columns,
              100.0 / (double)map->columns, HEAT_HEIGHT);
    chart_clock(html->out, (double)index * map->interval_s);
    html_add(html, " to ");
    chart_clock(html->out, (double)(index + 1) * map->interval_s);
    html_add(html, words.text);
    html_add(html, "</title></rect>\n");
    str_release(&words);
}

static void add_tips(struct html *html, const struct map *map)
{
    const cJSON *column;
    size_t index = 0;

    html_add(html, "<g class=\"tips\">\n");
    cJSON_ArrayForEach(column, map->counts)
    {
        if (index < map->columns) {
            add_tip(html, map, column, index);
        }
        index++;
    }
    html_add(html, "</g>\n");
}

/* The edges of every few rows, so that their words have room. */
static void add_scale(struct html *html, const struct map *map,
                      struct chart_frame *frame)
{
    size_t every = (map->rows + LABELS) / LABELS;

    frame->y = (struct axis){.low = 0, .high = (double)map->rows};
    for (size_t row = 0; row <= map->rows; row += every) {
        if (frame->y.count < AXIS_TICKS_MAX) {
            frame->y.ticks[frame->y.count++] = (double)row;
        }
    }
    frame->y_words = map->edges;
    chart_open(html, frame);
}

void html_heat(struct html *html)
{
    struct map map;
    struct chart_frame frame = {
        .id = "heat",
        .title = "Latency over time",
        .about = "operations by when they ended; the stronger, the more",
        .summary = "the counts are in latency_by_time of the JSON report",
        .height = HEAT_HEIGHT,
        .y_unit = CHART_TIME};

    if (!read_map(html->document, &map)) {
        return;
    }
    add_scale(html, &map, &frame);
    html_addf(html,
              "<svg width=\"100%%\" height=\"%d\" viewBox=\"0 0 %zu %zu\" "
              "preserveAspectRatio=\"none\">\n",
              HEAT_HEIGHT, map.columns, map.rows);
    for (int shade = 1; shade <= SHADES; shade++) {
        add_shade(html, &map, shade);
    }
    svg_curves_end(html->out);
    chart_ticks_of_time(html, &frame, &map.x);
    add_tips(html, &map);
    chart_close(html);
    chart_end(html);
}
