#include "base/units.h"

#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Products of a 64-bit number and a unit need more than 64 bits. */
__extension__ typedef unsigned __int128 wide;

struct named_unit {
    const char *name;
    uint64_t factor;
};

/* From the longest, as they must follow each other in "1h30m". */
static const struct named_unit duration_units[] = {
    {"h", UINT64_C(3600000000000)}, {"m", UINT64_C(60000000000)},
    {"s", UINT64_C(1000000000)},    {"ms", UINT64_C(1000000)},
    {"us", UINT64_C(1000)},         {"ns", UINT64_C(1)},
};

static const struct named_unit size_units[] = {
    {"B", 1},
    {"kB", 1000},
    {"KB", 1000},
    {"MB", 1000 * 1000},
    {"GB", 1000 * 1000 * 1000},
    {"KiB", 1024},
    {"MiB", 1024 * 1024},
    {"GiB", 1024 * 1024 * 1024},
};

static const struct named_unit rate_units[] = {
    {"/s", 1},
    {"/m", 60},
    {"/min", 60},
    {"/h", 3600},
};

static const char no_number[] = "is not a number with a unit";

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A decimal number as whole part, fraction and the fraction's scale. */
struct decimal {
    uint64_t whole;
    uint64_t fraction;
    uint64_t scale; /* a power of ten */
};

/* Reads digits[.digits]; returns where it ends, or NULL. Digits past the
 * ninth after the point are refused rather than rounded. */
static const char *read_decimal(const char *at, struct decimal *decimal,
                                const char **problem)
{
    *decimal = (struct decimal){0, 0, 1};
    if (!is_digit(*at)) {
        *problem = *at == '-' ? "is negative" : no_number;
        return NULL;
    }
    for (; is_digit(*at); at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (decimal->whole > (UINT64_MAX - digit) / 10) {
            *problem = "is too large";
            return NULL;
        }
        decimal->whole = decimal->whole * 10 + digit;
    }
    if (*at != '.') {
        return at;
    }
    at++;
    if (!is_digit(*at)) {
        *problem = "has no digit after the point";
        return NULL;
    }
    for (; is_digit(*at); at++) {
        if (decimal->scale >= UINT64_C(1000000000)) {
            *problem = "has more than nine digits after the point";
            return NULL;
        }
        decimal->fraction = decimal->fraction * 10 + (uint64_t)(*at - '0');
        decimal->scale *= 10;
    }
    return at;
}

/* decimal * factor, rounded to the nearest; false when it passes the limit. */
static bool scale_decimal(const struct decimal *decimal, uint64_t factor,
                          uint64_t limit, uint64_t *product)
{
    wide scaled = (wide)decimal->whole * factor +
                  ((wide)decimal->fraction * factor + decimal->scale / 2) /
                      decimal->scale;
    *product = (uint64_t)scaled;
    return scaled <= limit;
}

static size_t letters(const char *at)
{
    size_t length = 0;
    while ((at[length] >= 'a' && at[length] <= 'z') ||
           (at[length] >= 'A' && at[length] <= 'Z') || at[length] == '/') {
        length++;
    }
    return length;
}

/* The row whose name is the letters at `at`; -1 when there is none. */
static int find_unit(const struct named_unit *units, size_t count,
                     const char *at)
{
    size_t length = letters(at);
    for (size_t i = 0; i < count; i++) {
        if (strlen(units[i].name) == length &&
            memcmp(units[i].name, at, length) == 0) {
            return (int)i;
        }
    }
    return -1;
}

bool units_parse_duration(const char *text, struct duration *duration,
                          const char **problem)
{
    uint64_t total = 0;
    int last_unit = -1;
    const char *at = text;

    do {
        struct decimal decimal;
        at = read_decimal(at, &decimal, problem);
        if (!at) {
            return false;
        }
        if (*at == '\0' && last_unit < 0 && decimal.whole == 0 &&
            decimal.fraction == 0) {
            break;
        }
        if (letters(at) == 0) {
            *problem = *at == '\0' ? "has no unit" : no_number;
            return false;
        }
        int unit = find_unit(duration_units, array_length(duration_units), at);
        if (unit < 0) {
            *problem = "has an unknown unit (ns, us, ms, s, m, h are known)";
            return false;
        }
        if (unit <= last_unit) {
            *problem = "has its units out of order";
            return false;
        }
        uint64_t part;
        if (!scale_decimal(&decimal, duration_units[unit].factor,
                           (uint64_t)INT64_MAX - 1 - total, &part)) {
            *problem = "is too long";
            return false;
        }
        total += part;
        last_unit = unit;
        at += letters(at);
    } while (*at != '\0');

    *duration = (struct duration){(int64_t)total};
    return true;
}

/* Decimal to double through the C library, which rounds correctly. The text
 * has passed read_decimal, so it holds no exponent, sign or hexadecimal. */
static double decimal_value(const char *text)
{
    return strtod(text, NULL);
}

bool units_parse_rate(const char *text, double *per_second,
                      const char **problem)
{
    struct decimal decimal;
    const char *at = read_decimal(text, &decimal, problem);
    if (!at) {
        return false;
    }
    if (*at == '\0') {
        *problem = "has no unit";
        return false;
    }
    int unit = find_unit(rate_units, array_length(rate_units), at);
    if (unit < 0 || at[letters(at)] != '\0') {
        *problem = "has an unknown unit (/s, /m, /h are known)";
        return false;
    }
    *per_second = decimal_value(text) / (double)rate_units[unit].factor;
    return true;
}

bool units_parse_ratio(const char *text, double *ratio, const char **problem)
{
    struct decimal decimal;
    const char *at = read_decimal(text, &decimal, problem);
    if (!at) {
        return false;
    }
    if (*at == ' ' && at[1] == '%') {
        at++;
    }
    if (*at == '\0') {
        *ratio = decimal_value(text);
        return true;
    }
    if (*at == '%' && at[1] == '\0') {
        *ratio = decimal_value(text) / 100;
        return true;
    }
    *problem = "is not a ratio";
    return false;
}

bool units_parse_size(const char *text, uint64_t *bytes, const char **problem)
{
    struct decimal decimal;
    const char *at = read_decimal(text, &decimal, problem);
    if (!at) {
        return false;
    }
    if (*at == '\0') {
        *bytes = 0;
        *problem = "has no unit";
        return decimal.whole == 0 && decimal.fraction == 0;
    }
    int unit = find_unit(size_units, array_length(size_units), at);
    if (unit < 0 || at[letters(at)] != '\0') {
        *problem = "has an unknown unit (B, kB, MB, GB, KiB, MiB, GiB are "
                   "known)";
        return false;
    }
    if (!scale_decimal(&decimal, size_units[unit].factor, UINT64_MAX, bytes)) {
        *problem = "is too large";
        return false;
    }
    return true;
}

/* Takes the "_" between digits out, so that one reader does for all. */
static bool strip_underscores(const char *text, char *out, size_t size)
{
    size_t length = 0;
    for (const char *at = text; *at; at++) {
        if (*at == '_' && at > text && is_digit(at[-1]) && is_digit(at[1])) {
            continue;
        }
        if (length + 1 >= size) {
            return false;
        }
        out[length++] = *at;
    }
    out[length] = '\0';
    return true;
}

bool units_parse_count(const char *text, uint64_t *count, const char **problem)
{
    char digits[64];
    struct decimal decimal;

    if (!strip_underscores(text, digits, sizeof(digits))) {
        *problem = "is too large";
        return false;
    }
    const char *at = read_decimal(digits, &decimal, problem);
    if (!at) {
        if (*problem == no_number) {
            *problem = "is not a whole number";
        }
        return false;
    }
    uint64_t factor = *at == 'k' ? 1000 : *at == 'M' ? 1000 * 1000 : 1;
    if (at[factor > 1 ? 1 : 0] != '\0') {
        *problem = "is not a whole number";
        return false;
    }
    if ((wide)decimal.fraction * factor % decimal.scale != 0) {
        *problem = "is not a whole number";
        return false;
    }
    if (!scale_decimal(&decimal, factor, UINT64_MAX, count)) {
        *problem = "is too large";
        return false;
    }
    return true;
}

/* value in `unit` with three significant digits; false when it rounds up to
 * 1000 and so belongs to the next unit. */
static bool format_three_digits(struct str *out, double value,
                                const char *unit)
{
    if (value >= 999.5) {
        return false;
    }
    int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    str_printf(out, "%.*f %s", decimals, value, unit);
    return true;
}

static void format_long(struct str *out, int64_t ns)
{
    int64_t seconds = ns / NS_PER_S + (ns % NS_PER_S >= NS_PER_S / 2);
    if (seconds < 3600) {
        str_printf(out, "%lld m %02lld s", (long long)(seconds / 60),
                   (long long)(seconds % 60));
        return;
    }
    int64_t minutes = (seconds + 30) / 60;
    str_printf(out, "%lld h %02lld m", (long long)(minutes / 60),
               (long long)(minutes % 60));
}

void units_format_duration(struct str *out, struct duration duration)
{
    int64_t ns = duration.ns;
    if (ns == INT64_MAX) {
        str_append(out, "no limit");
        return;
    }
    if (ns < 0) {
        str_append_char(out, '-');
        ns = ns == INT64_MIN ? INT64_MAX : -ns;
    }
    if (ns == 0) {
        str_append(out, "0 s");
    } else if (ns < NS_PER_US) {
        str_printf(out, "%lld ns", (long long)ns);
    } else if (!format_three_digits(out, (double)ns / 1e3, "us") &&
               !format_three_digits(out, (double)ns / 1e6, "ms")) {
        double seconds = (double)ns / 1e9;
        if (seconds >= 59.95) {
            format_long(out, ns);
        } else {
            format_three_digits(out, seconds, "s");
        }
    }
}

void units_format_duration_exact(struct str *out, struct duration duration)
{
    must(duration.ns >= 0);
    uint64_t ns = (uint64_t)duration.ns;
    if (ns == 0) {
        str_append(out, "0s");
        return;
    }
    /* The largest unit that leaves at most three digits after the point. */
    for (size_t i = 2; i < array_length(duration_units); i++) {
        uint64_t factor = duration_units[i].factor;
        uint64_t step = factor >= 1000 ? factor / 1000 : 1;
        if (ns < factor || ns % step != 0) {
            continue;
        }
        str_printf(out, "%llu", (unsigned long long)(ns / factor));
        uint64_t thousandths = ns % factor / step;
        if (thousandths) {
            char digits[8];
            snprintf(digits, sizeof(digits), ".%03u",
                     (unsigned)(thousandths % 1000));
            for (size_t end = 3; digits[end] == '0'; end--) {
                digits[end] = '\0';
            }
            str_append(out, digits);
        }
        str_append(out, duration_units[i].name);
        return;
    }
    str_printf(out, "%lluns", (unsigned long long)ns);
}

void units_format_count(struct str *out, uint64_t count)
{
    char digits[24];
    int length =
        snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            str_append_char(out, ',');
        }
        str_append_char(out, digits[i]);
    }
}

bool units_parse_flow(const char *text, double *per_second,
                      const char **problem)
{
    char size[64];
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    uint64_t bytes;

    if (!slash || strcmp(slash, "/s") != 0 || length >= sizeof(size)) {
        *problem = "is not a size per second";
        return false;
    }
    memcpy(size, text, length);
    size[length] = '\0';
    if (!units_parse_size(size, &bytes, problem)) {
        return false;
    }
    *per_second = (double)bytes;
    return true;
}

void units_format_size(struct str *out, double bytes)
{
    static const char *const names[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;

    while (bytes >= 999.5 && unit + 1 < array_length(names)) {
        bytes /= 1000;
        unit++;
    }
    if (unit == 0 || bytes >= 99.95) {
        str_printf(out, "%.0f %s", bytes, names[unit]);
    } else {
        str_printf(out, "%.*f %s", bytes >= 9.995 ? 1 : 2, bytes, names[unit]);
    }
}

void units_format_rate(struct str *out, double per_second)
{
    if (per_second >= 99.95 && per_second < 1e18) {
        units_format_count(out, (uint64_t)(per_second + 0.5));
    } else {
        str_printf(out, "%.3g", per_second);
    }
    str_append(out, "/s");
}

void units_format_ratio(struct str *out, double ratio)
{
    double percent = ratio * 100;
    char digits[64];
    int decimals = 2;

    if (percent >= 100) {
        decimals = percent == 100 ? 0 : 1;
    } else if (percent >= 9.995 && percent < 99) {
        decimals = 1;
    }
    snprintf(digits, sizeof(digits), "%.*f", decimals, percent);
    /* Nearly nothing and nearly everything are not nothing and everything. */
    while (decimals < 9 && ((percent > 0 && strtod(digits, NULL) == 0) ||
                            (percent < 100 && strtod(digits, NULL) >= 100))) {
        decimals++;
        snprintf(digits, sizeof(digits), "%.*f", decimals, percent);
    }
    str_printf(out, "%s %%", digits);
}
