#include "measure/metric.h"

#include "base/must.h"
#include "measure/figure.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct other_name {
    const char *name;
    const char *metric;
};

static const struct other_name synonyms[] = {
#define SYNONYM(name, metric) {name, metric},
#include "measure/metric.def"
};

static const struct other_name foreign[] = {
#define FOREIGN(name, metric) {name, metric},
#include "measure/metric.def"
};

static const char *find(const struct other_name *names, size_t count,
                        const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].metric;
        }
    }
    return NULL;
}

/* The metric whose figure stands in the report at this path, or NULL. */
static const char *find_path(const char *written)
{
    const struct figure *figure;
    for (size_t i = 0; (figure = figure_at(i)); i++) {
        const char *path = figure_path(figure->group);
        size_t length = strlen(path);
        if (figure->metric && figure->member &&
            strncmp(written, path, length) == 0 &&
            strcmp(written + length, figure->member) == 0) {
            return figure->metric;
        }
    }
    return NULL;
}

static const char *after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : text;
}

/* A statistic as the report has it: "p99_9_us" is p99.9. */
static void mend_stat(char *name)
{
    char *dot = strrchr(name, '.');
    char *stat = dot ? dot + 1 : name;
    size_t length = strlen(stat);
    if (strcmp(stat, "avg") == 0) {
        memcpy(stat, "mean", sizeof("mean"));
        return;
    }
    if (length > 3 && strcmp(stat + length - 3, "_us") == 0) {
        stat[length - 3] = '\0';
        char *digits = strchr(stat, '_');
        if (digits) {
            *digits = '.';
        }
    }
}

void metric_short_name(const char *written, char *name, size_t size)
{
    const char *known = find(synonyms, array_length(synonyms), written);
    known = known ? known : find_path(written);
    must(size > sizeof("mean"));
    if (known) {
        snprintf(name, size, "%s", known);
        return;
    }
    const char *rest = after(written, "latency.");
    if (rest == written &&
        strncmp(written, "generator.schedule_lag.", 23) == 0) {
        rest = after(written, "generator.");
    }
    /* "avg" grows by a letter. */
    snprintf(name, size - 1, "%s", rest);
    mend_stat(name);
}

/* "p(95)" as it is written here. */
static bool is_percentile(const char *text, char *stat, size_t size)
{
    size_t digits =
        strncmp(text, "p(", 2) == 0 ? strspn(text + 2, "0123456789.") : 0;
    if (digits == 0 || strcmp(text + 2 + digits, ")") != 0) {
        return false;
    }
    snprintf(stat, size, "p%.*s", (int)digits, text + 2);
    return true;
}

void metric_meant(const char *written, char *name, size_t size)
{
    char base[64];
    char stat[64];
    size_t length = strcspn(written, ".(");
    bool has_percentile =
        written[length] == '.' &&
        is_percentile(written + length + 1, stat, sizeof(stat));

    name[0] = '\0';
    if (is_percentile(written, name, size)) {
        return;
    }
    snprintf(base, sizeof(base), "%.*s", (int)(length < 63 ? length : 63),
             written);
    const char *metric = find(foreign, array_length(foreign), base);
    if (!metric) {
        if (has_percentile) {
            snprintf(name, size, "%s.%s", base, stat);
        }
        return;
    }
    const char *dot = strrchr(metric, '.');
    bool is_stat =
        dot || (metric[0] == 'p' && isdigit((unsigned char)metric[1]));
    if (has_percentile && is_stat) {
        snprintf(name, size, "%.*s%s", dot ? (int)(dot - metric) + 1 : 0,
                 metric, stat);
    } else {
        snprintf(name, size, "%s", metric);
    }
}
