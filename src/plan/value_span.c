/* Values that go from one measure to another, such as "0..150%". */
#include "plan/value_inside.h"

#include "base/units.h"

#include <stdio.h>
#include <string.h>

enum { SPAN_SHARE_MAX = 10 }; /* ten times what it is a share of */

/* One end of a span: a duration, or a share with its sign. */
static bool parse_span_end(const char *text, struct fault_span *span,
                           double *end, const char **problem)
{
    struct duration duration;

    span->is_share = text[0] != '\0' && text[strlen(text) - 1] == '%';
    if (span->is_share) {
        return units_parse_ratio(text, end, problem);
    }
    if (!units_parse_duration(text, &duration, problem)) {
        return false;
    }
    *end = (double)duration.ns;
    return true;
}

/* One measure or two with ".." between; a zero is of any kind. */
static bool parse_span(const char *text, struct fault_span *span,
                       const char **problem)
{
    char low[64];
    const char *dots = strstr(text, "..");
    size_t length = dots ? (size_t)(dots - text) : strlen(text);
    struct fault_span end;

    if (length >= sizeof(low)) {
        *problem = "is too long";
        return false;
    }
    memcpy(low, text, length);
    low[length] = '\0';
    if (!parse_span_end(low, span, &span->low, problem)) {
        return false;
    }
    span->high = span->low;
    if (!dots) {
        return true;
    }
    if (!parse_span_end(dots + 2, &end, &span->high, problem)) {
        return false;
    }
    if (span->is_share != end.is_share && span->low != 0) {
        *problem = "goes from one kind of unit to another";
        return false;
    }
    span->is_share = end.is_share;
    *problem = "goes downwards";
    return span->low <= span->high;
}

/* A share may be no more than the whole. */
bool value_read_when(struct reader *reader, const struct key *key,
                     const cJSON *value, struct duration *when)
{
    const char *text = cJSON_GetStringValue(value);
    const char *problem = "is out of range";
    double share;

    if (!text || text[0] == '\0' || text[strlen(text) - 1] != '%') {
        return value_read_measure(reader, key, value, when);
    }
    if (!units_parse_ratio(text, &share, &problem) || share > 1) {
        struct error *error = value_refuse(reader, "\"%s\" %s", text, problem);
        error_hint(error, "write a time, or a share from 0%% to 100%%");
        return false;
    }
    *when = window_share(share);
    return true;
}

bool value_read_span(struct reader *reader, const struct key *key,
                     const cJSON *value, struct fault_span *span)
{
    const char *problem;
    char written[128];

    if (!cJSON_IsString(value)) {
        return value_wrong_type(reader, key, value);
    }
    const char *text = value->valuestring;
    if (!parse_span(text, span, &problem)) {
        struct error *error = value_refuse(reader, "\"%s\" %s", text, problem);
        error_hint(error, "write %s", value_type_example(key->type));
        return false;
    }
    snprintf(written, sizeof(written), "\"%s\"", text);
    if (!span->is_share) {
        return value_in_range(reader, key, span->high, written);
    }
    if (span->high > SPAN_SHARE_MAX) {
        struct error *error =
            value_refuse(reader, "%s is out of range", written);
        error_hint(error, "it must be at most %d%%", SPAN_SHARE_MAX * 100);
        return false;
    }
    return true;
}
