#include "policy/hint.h"

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
    return 365 * y + y / 4 - y / 100 + y / 400 +
           (153 * since_march + 2) / 5 + day - 1 - 719468;
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
    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
        struct scan after = scan;
        if (take(&after, days[i])) {
            return scan_rfc850(after, unix_ms, date);
        }
        const char abbreviated[] = {days[i][0], days[i][1], days[i][2], '\0'};
        if (take(&after, abbreviated)) {
            return scan_imf_fixdate(after, date) ||
                   scan_asctime(after, date);
        }
    }
    return false;
}

/* Digits alone, as RFC 9110 wants; no sign, no fraction. Saturates. */
static bool scan_integer(struct scan scan, int64_t *number)
{
    if (scan.at == scan.end) {
        return false;
    }
    *number = 0;
    for (; scan.at < scan.end; scan.at++) {
        if (*scan.at < '0' || *scan.at > '9') {
            return false;
        }
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, *scan.at - '0', number)) {
            *number = INT64_MAX;
        }
    }
    return true;
}

/* Digits after a minus that are more than zero. */
static bool scan_negative(struct scan scan)
{
    int64_t number;
    return take(&scan, "-") && scan_integer(scan, &number) && number > 0;
}

static struct server_hint wait_of(int64_t count, int64_t ns_each)
{
    int64_t ns;
    if (__builtin_mul_overflow(count, ns_each, &ns)) {
        ns = INT64_MAX;
    }
    return (struct server_hint){HINT_WAIT, {ns}};
}

static struct server_hint wait_until(int64_t unix_s, int64_t unix_ms)
{
    int64_t then_ms;
    if (__builtin_mul_overflow(unix_s, MS_PER_S, &then_ms)) {
        then_ms = INT64_MAX;
    }
    int64_t ahead_ms = ns_subtract(then_ms, unix_ms);
    return wait_of(ahead_ms > 0 ? ahead_ms : 0, NS_PER_MS);
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

struct server_hint hint_parse(enum hint_format format, const char *value,
                              size_t length, int64_t unix_ms)
{
    struct scan scan = trimmed(value, length);
    int64_t number;
    struct date date;

    switch (format) {
    case HINT_SECONDS:
    case HINT_MS:
        if (scan_integer(scan, &number)) {
            return wait_of(number,
                           format == HINT_MS ? NS_PER_MS : NS_PER_S);
        }
        if (scan_negative(scan)) {
            return (struct server_hint){HINT_NEGATIVE, DURATION_ZERO};
        }
        break;
    case HINT_UNIX:
        if (scan_integer(scan, &number)) {
            return wait_until(number, unix_ms);
        }
        break;
    case HINT_HTTP_DATE:
        if (scan_date(scan, unix_ms, &date) && date_is_valid(&date)) {
            int64_t day = days_since_1970(date.year, date.month, date.day);
            return wait_until(day * S_PER_DAY + date.hour * 3600 +
                                  date.minute * 60 + date.second,
                              unix_ms);
        }
        break;
    }
    return (struct server_hint){HINT_INVALID, DURATION_ZERO};
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
