#include "import/instants.h"

#include "base/instant.h"
#include "base/must.h"

#include <string.h>
#include <strings.h>

enum { FRACTION_DIGITS = 9, YEAR_MIN = 1970, YEAR_MAX = 2200 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly so many digits, which *at then stands after. */
static bool read_digits(const char **at, int count, int *number)
{
    *number = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit((*at)[i])) {
            return false;
        }
        *number = *number * 10 + ((*at)[i] - '0');
    }
    *at += count;
    return true;
}

static bool take(const char **at, char c)
{
    bool is_there = **at == c;
    *at += is_there;
    return is_there;
}

/* ".123": nanoseconds; more digits than nine are cut off. */
static bool read_fraction(const char **at, int64_t *ns, bool *is_whole)
{
    int64_t unit = NS_PER_S;

    *is_whole = !take(at, '.') && !take(at, ',');
    if (*is_whole) {
        return true;
    }
    if (!is_digit(**at)) {
        return false;
    }
    for (; is_digit(**at); ++*at) {
        unit /= 10;
        *ns += (**at - '0') * unit;
    }
    return true;
}

/* Days since 1970 of a day of the calendar: years are counted from March, so
 * that the leap day ends one. Source: the civil calendar's rule, leap years
 * are those divisible by 4, but not by 100 unless by 400. */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;
    int64_t days =
        365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
    return days - 719468;
}

struct calendar {
    int year, month, day, hour, minute, second;
};

static bool set_time(const struct calendar *when, int zone_minutes,
                     int64_t fraction, int64_t *ns)
{
    if (when->year < YEAR_MIN || when->year > YEAR_MAX || when->month < 1 ||
        when->month > 12 || when->day < 1 || when->day > 31 ||
        when->hour > 23 || when->minute > 59 || when->second > 60) {
        return false;
    }
    int64_t days = days_since_1970(when->year, when->month, when->day);
    int64_t minutes =
        days * 24 * 60 + when->hour * 60 + when->minute - zone_minutes;
    *ns = (minutes * 60 + when->second) * NS_PER_S + fraction;
    return true;
}

/* "+0200", "+02:00", "-02". */
static bool read_zone(const char **at, int *minutes)
{
    int sign = **at == '-' ? -1 : 1;
    int hours, rest = 0;

    if (!take(at, '+') && !take(at, '-')) {
        return false;
    }
    if (!read_digits(at, 2, &hours)) {
        return false;
    }
    if ((take(at, ':') || is_digit(**at)) && !read_digits(at, 2, &rest)) {
        return false;
    }
    *minutes = sign * (hours * 60 + rest);
    return hours < 24 && rest < 60;
}

static bool read_clock(const char **at, struct calendar *when)
{
    return read_digits(at, 2, &when->hour) && take(at, ':') &&
           read_digits(at, 2, &when->minute) && take(at, ':') &&
           read_digits(at, 2, &when->second);
}

bool instants_read_log(const char *text, int64_t *ns, bool *is_whole)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct calendar when = {0};
    int64_t fraction = 0;
    int zone = 0;

    if (!read_digits(&text, 2, &when.day) || !take(&text, '/')) {
        return false;
    }
    for (int i = 0; i < 12; i++) {
        when.month =
            strncasecmp(text, months + 3 * i, 3) == 0 ? i + 1 : when.month;
    }
    if (when.month == 0) {
        return false;
    }
    text += 3;
    return take(&text, '/') && read_digits(&text, 4, &when.year) &&
           take(&text, ':') && read_clock(&text, &when) &&
           read_fraction(&text, &fraction, is_whole) && take(&text, ' ') &&
           read_zone(&text, &zone) && *text == '\0' &&
           set_time(&when, zone, fraction, ns);
}

bool instants_read_iso(const char *text, int64_t *ns, bool *is_whole)
{
    struct calendar when = {0};
    int64_t fraction = 0;
    int zone = 0;

    if (!read_digits(&text, 4, &when.year) || !take(&text, '-') ||
        !read_digits(&text, 2, &when.month) || !take(&text, '-') ||
        !read_digits(&text, 2, &when.day)) {
        return false;
    }
    if (!take(&text, 'T') && !take(&text, ' ') && !take(&text, 't')) {
        return false;
    }
    if (!read_clock(&text, &when) ||
        !read_fraction(&text, &fraction, is_whole)) {
        return false;
    }
    take(&text, ' ');
    bool zoned = *text == '\0' || take(&text, 'Z') || take(&text, 'z') ||
                 read_zone(&text, &zone);
    return zoned && *text == '\0' && set_time(&when, zone, fraction, ns);
}

bool instants_read_number(const char *text, int64_t *ns, bool *is_whole)
{
    static const struct {
        int64_t from, unit_ns;
    } units[] = {
        {100000000000000000, 1},
        {100000000000000, NS_PER_US},
        {100000000000, NS_PER_MS},
        {0, NS_PER_S},
    };
    int64_t whole = 0, fraction = 0;
    const char *start = text;

    for (; is_digit(*text) && text - start < 19; text++) {
        if (whole > (INT64_MAX - 9) / 10) {
            return false;
        }
        whole = whole * 10 + (*text - '0');
    }
    if (text == start || !read_fraction(&text, &fraction, is_whole) || *text) {
        return false;
    }
    for (size_t i = 0; i < array_length(units); i++) {
        if (whole >= units[i].from) {
            int64_t unit = units[i].unit_ns;
            *ns = whole * unit + fraction / (NS_PER_S / unit);
            *is_whole = *is_whole && unit == NS_PER_S;
            return *ns / unit == whole;
        }
    }
    return false;
}
