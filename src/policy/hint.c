#include "policy/hint.h"

#include "base/must.h"

#include <string.h>

enum { MS_PER_S = 1000, S_PER_DAY = 86400 };

/* A cursor over bytes that need not end in NUL. */
struct scan {
    const char *at;
    const char *end;
};

struct date {
    int64_t year;
    int month; /* from 0 */
    int day;   /* from 1 */
    int hour, minute, second;
};

static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static const char *const days[] = {"Monday",   "Tuesday", "Wednesday",
                                   "Thursday", "Friday",  "Saturday",
                                   "Sunday"};

static bool take(struct scan *scan, const char *text)
{
    size_t length = strlen(text);
    if ((size_t)(scan->end - scan->at) < length ||
        memcmp(scan->at, text, length) != 0) {
        return false;
    }
    scan->at += length;
    return true;
}

/* Exactly so many digits. */
static bool take_number(struct scan *scan, int digits, int *number)
{
    if (scan->end - scan->at < digits) {
        return false;
    }
    *number = 0;
    for (int i = 0; i < digits; i++) {
        char c = *scan->at++;
        if (c < '0' || c > '9') {
            return false;
        }
        *number = *number * 10 + (c - '0');
    }
    return true;
}

/* The day of asctime is padded with a space. */
static bool take_padded_day(struct scan *scan, int *day)
{
    return take(scan, " ") ? take_number(scan, 1, day)
                           : take_number(scan, 2, day);
}

static bool take_month(struct scan *scan, int *month)
{
    for (int i = 0; i < 12; i++) {
        if (take(scan, months[i])) {
            *month = i;
            return true;
        }
    }
    return false;
}

static bool take_time(struct scan *scan, struct date *date)
{
    return take_number(scan, 2, &date->hour) && take(scan, ":") &&
           take_number(scan, 2, &date->minute) && take(scan, ":") &&
           take_number(scan, 2, &date->second);
}

/* Days since 1970-01-01 of a date in the Gregorian calendar. Years are made
 * to begin in March, so that the leap day is the last one. */
static int64_t days_since_1970(int64_t year, int month, int day)
{
    int64_t y = month < 2 ? year - 1 : year;
    int64_t since_march = (month + 10) % 12;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * since_march + 2) / 5 +
           day - 1 - 719468;
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* A second of 60 is a leap second, which RFC 9110 allows. */
static bool date_is_valid(const struct date *date)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31};
    int length = lengths[date->month];
    if (date->month == 1 && is_leap(date->year)) {
        length++;
    }
    return date->day >= 1 && date->day <= length && date->hour <= 23 &&
           date->minute <= 59 && date->second <= 60;
}

static int64_t year_of(int64_t unix_ms)
{
    int64_t day = unix_ms / MS_PER_S / S_PER_DAY;
    int64_t year = 1970 + day / 366;
    while (days_since_1970(year + 1, 0, 1) <= day) {
        year++;
    }
    return year;
}

/* RFC 9110 5.6.7: a two-digit year that looks more than 50 years ahead is
 * the latest past year that ends so. Decided by whole years. */
static int64_t full_year(int two_digits, int64_t unix_ms)
{
    int64_t this_year = year_of(unix_ms);
    int64_t year = this_year - this_year % 100 + two_digits;
    if (year > this_year + 50) {
        year -= 100;
    } else if (year <= this_year - 50) {
        year += 100;
    }
    return year;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" after its "Sun". */
static bool scan_imf_fixdate(struct scan scan, struct date *date)
{
    int year = 0;
    if (!(take(&scan, ", ") && take_number(&scan, 2, &date->day) &&
          take(&scan, " ") && take_month(&scan, &date->month) &&
          take(&scan, " ") && take_number(&scan, 4, &year) &&
          take(&scan, " ") && take_time(&scan, date) && take(&scan, " GMT"))) {
        return false;
    }
    date->year = year;
    return scan.at == scan.end;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" after its "Sunday". */
static bool scan_rfc850(struct scan scan, int64_t unix_ms, struct date *date)
{
    int year = 0;
    if (!(take(&scan, ", ") && take_number(&scan, 2, &date->day) &&
          take(&scan, "-") && take_month(&scan, &date->month) &&
          take(&scan, "-") && take_number(&scan, 2, &year) &&
          take(&scan, " ") && take_time(&scan, date) && take(&scan, " GMT"))) {
        return false;
    }
    date->year = full_year(year, unix_ms);
    return scan.at == scan.end;
}

/* "Sun Nov  6 08:49:37 1994" after its "Sun". */
static bool scan_asctime(struct scan scan, struct date *date)
{
    int year = 0;
    if (!(take(&scan, " ") && take_month(&scan, &date->month) &&
          take(&scan, " ") && take_padded_day(&scan, &date->day) &&
          take(&scan, " ") && take_time(&scan, date) && take(&scan, " ") &&
          take_number(&scan, 4, &year))) {
        return false;
    }
    date->year = year;
    return scan.at == scan.end;
}

/* The name of the day must be one, but is not held against the date: the
 * date alone says when. */
static bool scan_date(struct scan scan, int64_t unix_ms, struct date *date)
{
    for (size_t i = 0; i < array_length(days); i++) {
        struct scan after = scan;
        if (take(&after, days[i])) {
            return scan_rfc850(after, unix_ms, date);
        }
        const char abbreviated[] = {days[i][0], days[i][1], days[i][2], '\0'};
        if (take(&after, abbreviated)) {
            return scan_imf_fixdate(after, date) || scan_asctime(after, date);
        }
    }
    return false;
}

/* Any digits; how many they are. Saturates. */
static int take_digits(struct scan *scan, int64_t *number)
{
    const char *begin = scan->at;
    *number = 0;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, *scan->at - '0', number)) {
            *number = INT64_MAX;
        }
        scan->at++;
    }
    return (int)(scan->at - begin);
}

/* The digits after a point, in units of which `each` are one; how many they
 * are. What is less than a unit is cut off. */
static int take_fraction(struct scan *scan, int64_t each, int64_t *units)
{
    const char *begin = scan->at;
    *units = 0;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
        each /= 10;
        *units += (*scan->at++ - '0') * each;
    }
    return (int)(scan->at - begin);
}

/* A number, in units of which `each` are one; it saturates. A minus needs
 * more than zero after it. */
static bool scan_number(struct scan scan, enum hint_number number,
                        int64_t each, int64_t *units)
{
    bool has_point =
        number == NUMBER_DECIMAL || number == NUMBER_LEADING_DECIMAL;
    bool is_whole = number == NUMBER_INTEGER || number == NUMBER_DECIMAL;
    bool is_negative = take(&scan, "-");
    int64_t fraction = 0;

    int digits = take_digits(&scan, units);
    if (has_point && take(&scan, ".")) {
        digits += take_fraction(&scan, each, &fraction);
    }
    if (digits == 0 || (is_whole && scan.at != scan.end)) {
        return false;
    }
    if (__builtin_mul_overflow(*units, each, units) ||
        __builtin_add_overflow(*units, fraction, units)) {
        *units = INT64_MAX;
    }
    if (is_negative) {
        *units = -*units;
    }
    return !is_negative || *units < 0;
}

static int64_t ns_until(int64_t then_ms, int64_t unix_ms)
{
    int64_t ahead_ns;
    int64_t ahead_ms = ns_subtract(then_ms, unix_ms);
    if (__builtin_mul_overflow(ahead_ms, NS_PER_MS, &ahead_ns)) {
        return ahead_ms > 0 ? INT64_MAX : INT64_MIN;
    }
    return ahead_ns;
}

static struct scan trimmed(const char *value, size_t length)
{
    struct scan scan = {value, value + length};
    while (scan.at < scan.end && (*scan.at == ' ' || *scan.at == '\t')) {
        scan.at++;
    }
    while (scan.at < scan.end &&
           (scan.end[-1] == ' ' || scan.end[-1] == '\t')) {
        scan.end--;
    }
    return scan;
}

static bool scan_date_ms(struct scan scan, int64_t unix_ms, int64_t *then_ms)
{
    struct date date;
    if (!scan_date(scan, unix_ms, &date) || !date_is_valid(&date)) {
        return false;
    }
    int64_t day = days_since_1970(date.year, date.month, date.day);
    *then_ms = MS_PER_S * (day * S_PER_DAY + date.hour * 3600 +
                           date.minute * 60 + date.second);
    return true;
}

/* How far ahead the value says; a time in the past is less than zero, and so
 * is a number with a minus. */
static bool scan_ahead(struct scan scan, enum hint_format format,
                       enum hint_number number, int64_t unix_ms,
                       int64_t *ahead_ns)
{
    int64_t then_ms = 0;

    switch (format) {
    case HINT_SECONDS:
        return scan_number(scan, number, NS_PER_S, ahead_ns);
    case HINT_MS:
        return scan_number(scan, number, NS_PER_MS, ahead_ns);
    case HINT_UNIX:
        if (!scan_number(scan, number, MS_PER_S, &then_ms) || then_ms < 0) {
            return false;
        }
        break;
    case HINT_HTTP_DATE:
        if (!scan_date_ms(scan, unix_ms, &then_ms)) {
            return false;
        }
        break;
    }
    *ahead_ns = ns_until(then_ms, unix_ms);
    return true;
}

static struct server_hint parsed(struct scan scan, enum hint_format format,
                                 enum hint_number number, enum hint_past past,
                                 int64_t unix_ms)
{
    bool is_time = format == HINT_UNIX || format == HINT_HTTP_DATE;
    int64_t ahead_ns;

    if (!scan_ahead(scan, format, number, unix_ms, &ahead_ns)) {
        return (struct server_hint){HINT_INVALID, DURATION_ZERO};
    }
    if (ahead_ns >= 0) {
        return (struct server_hint){HINT_WAIT, {ahead_ns}};
    }
    return (struct server_hint){
        is_time && past == PAST_AS_ZERO ? HINT_WAIT : HINT_NEGATIVE,
        DURATION_ZERO};
}

struct server_hint hint_parse(enum hint_format format, enum hint_number number,
                              const char *value, size_t length,
                              int64_t unix_ms)
{
    return parsed(trimmed(value, length), format, number, PAST_AS_ZERO,
                  unix_ms);
}

struct server_hint hint_read(const struct hint_config *config,
                             const struct hint_header *header,
                             const char *value, size_t length, int64_t unix_ms)
{
    struct scan scan = trimmed(value, length);

    if (scan.at == scan.end && config->empty == EMPTY_AS_ABSENT) {
        return (struct server_hint){HINT_ABSENT, DURATION_ZERO};
    }
    struct server_hint hint =
        parsed(scan, header->format, header->number, config->past, unix_ms);
    if (hint.kind == HINT_NEGATIVE && config->negative == NEGATIVE_AS_ZERO) {
        hint.kind = HINT_WAIT;
    }
    return hint;
}

struct server_hint hint_either(struct server_hint first,
                               struct server_hint second)
{
    if (first.kind == HINT_WAIT || second.kind == HINT_ABSENT ||
        (first.kind == HINT_NEGATIVE && second.kind == HINT_INVALID)) {
        return first;
    }
    return second;
}

/* The hint's wait, bounded; ABSENT when it is to be ignored. */
static enum hint_decision bounded(const struct hint_config *config,
                                  struct server_hint *hint)
{
    if (hint->wait.ns == 0 && config->zero == ZERO_IGNORE) {
        hint->kind = HINT_ABSENT;
        return HINT_DECISION_WAIT;
    }
    if (hint->wait.ns <= config->max.ns) {
        return HINT_DECISION_WAIT;
    }
    switch (config->over_max) {
    case OVER_CLAMP:
        hint->wait = config->max;
        return HINT_DECISION_WAIT;
    case OVER_IGNORE:
        hint->kind = HINT_ABSENT;
        return HINT_DECISION_WAIT;
    case OVER_NO_RETRY:
        break;
    }
    return HINT_DECISION_NO_RETRY;
}

static struct duration applied(const struct hint_config *config,
                               struct duration hint, struct duration own)
{
    switch (config->apply) {
    case HINT_REPLACE:
        return hint;
    case HINT_MAX:
        return duration_max(hint, own);
    case HINT_ADD:
        return duration_add(hint, own);
    case HINT_CLAMP:
        break;
    }
    struct duration high = {ns_add(own.ns, config->clamp_add.ns)};
    return duration_min(duration_max(hint, own), high);
}

static struct duration spread(const struct jitter_config *jitter,
                              struct duration hint, double u)
{
    double mult =
        jitter->mult_low + u * (jitter->mult_high - jitter->mult_low);
    if (mult == 1.0 || jitter->mult_high == 0) {
        return hint; /* exact, also where a double is too coarse */
    }
    return duration_from_ns((double)hint.ns * mult);
}

static enum hint_decision followed(const struct hint_config *config)
{
    return config->resets_backoff ? HINT_DECISION_WAIT_AND_RESET
                                  : HINT_DECISION_WAIT;
}

/* Without a hint to follow: the own wait, unless hints are required. */
static enum hint_decision without(const struct hint_config *config,
                                  const struct attempt_result *result)
{
    return config->required && result->status != 0 ? HINT_DECISION_NO_RETRY
                                                   : HINT_DECISION_WAIT;
}

static enum hint_decision unreadable(const struct hint_config *config,
                                     const struct attempt_result *result,
                                     struct duration *wait)
{
    switch (config->invalid) {
    case INVALID_IGNORE:
        return without(config, result);
    case INVALID_NO_RETRY:
        return HINT_DECISION_NO_RETRY;
    case INVALID_IMMEDIATE:
        break;
    }
    *wait = DURATION_ZERO;
    return followed(config);
}

enum hint_decision hint_combine(const struct hint_config *config,
                                const struct attempt_result *result,
                                double u_mult, struct duration *wait)
{
    struct server_hint hint = result->hint;
    if (config->count == 0) {
        return HINT_DECISION_WAIT;
    }
    if (config->has_status &&
        !status_set_has(&config->status, result->status)) {
        return HINT_DECISION_WAIT;
    }
    if (hint.kind == HINT_NEGATIVE && config->negative == NEGATIVE_NO_RETRY) {
        return HINT_DECISION_NO_RETRY;
    }
    if (hint.kind == HINT_NEGATIVE || hint.kind == HINT_INVALID) {
        return unreadable(config, result, wait);
    }
    if (hint.kind == HINT_WAIT &&
        bounded(config, &hint) == HINT_DECISION_NO_RETRY) {
        return HINT_DECISION_NO_RETRY;
    }
    if (hint.kind != HINT_WAIT) {
        return without(config, result);
    }
    *wait = applied(config, spread(&config->jitter, hint.wait, u_mult), *wait);
    return followed(config);
}
