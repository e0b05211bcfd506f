/* Distributions as a log of HdrHistogram's (version 1.3), whose readers are
 * many: a line each, with its path in the JSON report as its tag. Then a line
 * for each interval of the series, if the run has just been made: of a saved
 * report their histograms are gone. */
#include "measure/series.h"
#include "report/hdr.h"
#include "report/text_part.h"
#include "report/writer.h"

#include <stdlib.h>
#include <time.h>

/* Times from the start, in seconds; the largest, in milliseconds, which is
 * what readers take a value of nanoseconds divided by a million for. */
static void put_line(struct str *out, const char *tag, double start,
                     double length, double max_us, const char *hdr)
{
    str_printf(out, "Tag=%s,%.3f,%.3f,%.3f,%s\n", tag, start, length,
               max_us / 1000, hdr);
}

/* Without a time that can be read, the log begins in 1970. */
static void put_start(struct str *out, const char *started_at)
{
    struct tm utc = {.tm_mday = 1, .tm_year = 70};
    char words[40];
    double fraction = 0;
    const char *rest =
        started_at ? strptime(started_at, "%Y-%m-%dT%H:%M:%S", &utc) : NULL;

    if (rest && *rest == '.') {
        fraction = strtod(rest, NULL);
    }
    double seconds = (double)timegm(&utc) + fraction;
    strftime(words, sizeof(words), "%a %b %d %H:%M:%S UTC %Y", &utc);
    str_printf(out, "#[StartTime: %.3f (seconds since epoch), %s]\n", seconds,
               words);
}

static void put_head(struct str *out, const char *started_at)
{
    str_append(out, "#[Values are in microseconds, Interval_Max in "
                    "milliseconds]\n"
                    "#[Histogram log format version 1.3]\n");
    put_start(out, started_at);
    str_append(out, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
                    "\"Interval_Compressed_Histogram\"\n");
}

static void put_distributions(struct str *out, const cJSON *document,
                              double length)
{
    const cJSON *item;
    char tag[64];

    cJSON_ArrayForEach(item, text_find(document, "latency"))
    {
        const char *hdr = text_string(item, "hdr");
        double max = text_number(item, "max_us");
        if (hdr) {
            snprintf(tag, sizeof(tag), "latency.%s", item->string);
            put_line(out, tag, 0, length, max == max ? max : 0, hdr);
        }
    }
}

static void put_times(struct str *out, const char *tag, double start,
                      double length, const struct series_times *times,
                      struct hist *hist)
{
    struct str hdr = STR_INIT;

    hist_reset(hist);
    series_fill(times, hist);
    hdr_append(&hdr, hist->counts, hist_end(hist));
    put_line(out, tag, start, length, (double)hist->max_us, hdr.text);
    str_release(&hdr);
}

static void put_series(struct str *out, const struct series *series)
{
    struct arena arena = ARENA_INIT;
    struct hist hist;
    double length = (double)series->interval.ns / NS_PER_S;

    hist_init(&hist, &arena);
    for (size_t i = 0; i < series->count; i++) {
        const struct series_interval *interval = &series->intervals[i];
        double start = (double)i * length;
        put_times(out, "series.operation", start, length, &interval->times,
                  &hist);
        put_times(out, "series.succeeded", start, length, &interval->success,
                  &hist);
    }
    arena_release(&arena);
}

void write_hlog(const struct writer_input *input, struct file_writer *file)
{
    const cJSON *document = input->document;
    double length = text_number(document, "run.measured_us") / 1e6;

    put_head(&file->buffer, text_string(document, "run.started_at"));
    put_distributions(&file->buffer, document, length == length ? length : 0);
    if (input->run && input->run->series) {
        put_series(&file->buffer, input->run->series);
    }
}
