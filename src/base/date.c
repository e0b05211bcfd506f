#include "base/date.h"

#include "base/must.h"

#include <stdio.h>
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
