#include "base/date.h"

#include "base/must.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { US_PER_S = 1000000 };

void date_append(struct str *out, int64_t unix_us, unsigned digits)
{
    time_t seconds = (time_t)(unix_us / US_PER_S);
    int us = (int)(unix_us % US_PER_S);
    struct tm utc;
    char date[40];

    must(digits <= 6);
    if (us < 0) {
        us += US_PER_S;
        seconds--;
    }
    gmtime_r(&seconds, &utc);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
    str_append(out, date);
    if (digits > 0) {
        char fraction[8];
        snprintf(fraction, sizeof(fraction), "%06d", us);
        str_printf(out, ".%.*s", (int)digits, fraction);
    }
    str_append_char(out, 'Z');
}

/* "7" and "123456" after the point: microseconds; more digits are cut off. */
static const char *read_fraction(const char *text, int64_t *us)
{
    int64_t unit = US_PER_S / 10;

    *us = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        *us += (*text - '0') * unit;
        unit /= 10;
    }
    return text;
}

bool date_read(const char *text, int64_t *unix_us)
{
    struct tm utc = {0};
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) : NULL;
    int64_t us = 0;

    if (rest && *rest == '.') {
        rest = read_fraction(rest + 1, &us);
    }
    if (!rest || strcmp(rest, "Z") != 0) {
        return false;
    }
    *unix_us = (int64_t)timegm(&utc) * US_PER_S + us;
    return true;
}
