#include "effects/ledger_time.h"

static const int64_t NS = 1000000000;
static const int64_t SECONDS_MAX = INT64_C(9200000000);

/* Where a parse stands. */
struct scan {
    const char *at;
    const char *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly `digits` of them, at most 4. */
static bool take_number(struct scan *scan, int digits, int *number)
{
    *number = 0;
    for (int i = 0; i < digits; i++) {
        if (scan->at == scan->end || !is_digit(*scan->at)) {
            return false;
        }
        *number = *number * 10 + (*scan->at++ - '0');
    }
    return true;
}

static bool take_char(struct scan *scan, const char *any)
{
    if (scan->at == scan->end) {
        return false;
    }
    for (; *any; any++) {
        if (*scan->at == *any) {
            scan->at++;
            return true;
        }
    }
    return false;
}

/* What follows a point, in nanoseconds; finer digits are dropped. */
static bool take_fraction(struct scan *scan, int64_t *ns)
{
    int64_t unit = NS;
    *ns = 0;
    if (scan->at == scan->end || !is_digit(*scan->at)) {
        return false;
    }
    while (scan->at < scan->end && is_digit(*scan->at)) {
        unit /= 10;
        *ns += unit * (*scan->at++ - '0');
    }
    return true;
}

/* Days since 1970 of a date of the Gregorian calendar: years begin in March,
 * so that the day that comes and goes is their last. */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t m = month <= 2 ? month + 9 : month - 3;
    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 -
           719468;
}

/* "Z", "+02:00", "+0200", "+02" or nothing, in seconds east. */
static bool take_offset(struct scan *scan, int64_t *offset)
{
    int hours;
    int minutes = 0;
    *offset = 0;
    if (scan->at == scan->end || take_char(scan, "Zz")) {
        return true;
    }
    int sign = *scan->at == '-' ? -1 : 1;
    if (!take_char(scan, "+-") || !take_number(scan, 2, &hours)) {
        return false;
    }
    if (scan->at < scan->end) {
        take_char(scan, ":");
        if (!take_number(scan, 2, &minutes)) {
            return false;
        }
    }
    *offset = sign * (hours * 3600 + minutes * 60);
    return hours < 24 && minutes < 60;
}

static bool parse_date(struct scan scan, int64_t *unix_ns)
{
    static const int lengths[] = {31, 29, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31};
    int year, month, day, hour, minute, second;
    int64_t fraction = 0;
    int64_t offset;

    if (!take_number(&scan, 4, &year) || !take_char(&scan, "-") ||
        !take_number(&scan, 2, &month) || !take_char(&scan, "-") ||
        !take_number(&scan, 2, &day) || !take_char(&scan, "Tt ") ||
        !take_number(&scan, 2, &hour) || !take_char(&scan, ":") ||
        !take_number(&scan, 2, &minute) || !take_char(&scan, ":") ||
        !take_number(&scan, 2, &second)) {
        return false;
    }
    if (take_char(&scan, ".,") && !take_fraction(&scan, &fraction)) {
        return false;
    }
    if (!take_offset(&scan, &offset) || scan.at != scan.end) {
        return false;
    }
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12 || day < 1 || day > lengths[month - 1] ||
        (month == 2 && day == 29 && !leap) || hour > 23 || minute > 59 ||
        second > 60) {
        return false;
    }
    int64_t seconds = days_since_1970(year, month, day) * 86400 + hour * 3600 +
                      minute * 60 + second - offset;
    if (seconds < 0 || seconds >= SECONDS_MAX) {
        return false;
    }
    *unix_ns = seconds * NS + fraction;
    return true;
}

bool ledger_time_parse(const char *text, size_t length, int64_t *unix_ns)
{
    struct scan scan = {text, text + length};
    int64_t number = 0;
    int64_t fraction = 0;
    int64_t unit = NS;

    while (scan.at < scan.end && is_digit(*scan.at)) {
        if (number > (INT64_MAX - 9) / 10) {
            return false;
        }
        number = number * 10 + (*scan.at++ - '0');
    }
    if (scan.at == text) {
        return false;
    }
    if (scan.at < scan.end && *scan.at == '-') {
        return parse_date((struct scan){text, text + length}, unix_ns);
    }
    if (take_char(&scan, ".") && !take_fraction(&scan, &fraction)) {
        return false;
    }
    /* Seconds have ten digits until 2286, and each finer unit three more. */
    for (int64_t most = SECONDS_MAX; number > most && unit > 1;
         most = most > INT64_MAX / 1000 ? INT64_MAX : most * 1000) {
        unit /= 1000;
    }
    if (scan.at != scan.end || number / (NS / unit) >= SECONDS_MAX) {
        return false;
    }
    *unix_ns = number * unit + fraction / (NS / unit);
    return true;
}
