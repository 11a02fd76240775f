#include "audit/base/clock.h"

#include <stdio.h>
#include <time.h>

#define US_PER_SECOND 1000000
#define SECONDS_PER_DAY 86400
#define LAST_US (INT64_C(253402300799999999)) /* 9999-12-31T23:59:59.999999Z */

/* Civil time, UTC, proleptic Gregorian. */
struct clock_civil {
    int year, month, day, hour, minute, second, microsecond;
};

int64_t clock_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

int64_t clock_boot_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void clock_deadline(int64_t wait_ms, struct timespec *out)
{
    clock_gettime(CLOCK_MONOTONIC, out);
    if (wait_ms > 0) {
        out->tv_sec += wait_ms / 1000;
        out->tv_nsec += wait_ms % 1000 * 1000000;
    }
    if (out->tv_nsec >= 1000000000) {
        out->tv_sec++;
        out->tv_nsec -= 1000000000;
    }
}

/* Days since 1970-01-01. Years are counted from March, so that the leap day is the last one. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * from_march + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static void to_civil(int64_t us, struct clock_civil *out)
{
    int64_t seconds = us / US_PER_SECOND;
    int64_t days = seconds / SECONDS_PER_DAY + 719468; /* since 0000-03-01 */
    int64_t of_day = seconds % SECONDS_PER_DAY;
    int64_t era = days / 146097; /* 400 years */
    int64_t day_of_era = days % 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;
    out->day = (int)(day_of_year - (153 * from_march + 2) / 5 + 1);
    out->month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    out->year = (int)(era * 400 + year_of_era + (out->month <= 2 ? 1 : 0));
    out->hour = (int)(of_day / 3600);
    out->minute = (int)(of_day / 60 % 60);
    out->second = (int)(of_day % 60);
    out->microsecond = (int)(us % US_PER_SECOND);
}

static int64_t from_civil(const struct clock_civil *civil)
{
    int64_t seconds = days_from_civil(civil->year, civil->month, civil->day) * SECONDS_PER_DAY +
                      INT64_C(3600) * civil->hour + INT64_C(60) * civil->minute + civil->second;
    return seconds * US_PER_SECOND + civil->microsecond;
}

static char *put_digits(char *at, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

void clock_format(int64_t us, char out[CLOCK_TEXT_BYTES])
{
    struct clock_civil civil;
    to_civil(us, &civil);
    char *at = put_digits(out, civil.year, 4);
    *at++ = '-';
    at = put_digits(at, civil.month, 2);
    *at++ = '-';
    at = put_digits(at, civil.day, 2);
    *at++ = 'T';
    at = put_digits(at, civil.hour, 2);
    *at++ = ':';
    at = put_digits(at, civil.minute, 2);
    *at++ = ':';
    at = put_digits(at, civil.second, 2);
    *at++ = '.';
    at = put_digits(at, civil.microsecond, 6);
    *at++ = 'Z';
    *at = '\0';
}

/* Takes exactly `digits` digits at *at; false if there are others or the text ends. */
static bool take_digits(struct slice text, size_t *at, int digits, int *out)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (*at >= text.length || text.data[*at] < '0' || text.data[*at] > '9') {
            return false;
        }
        value = value * 10 + (text.data[(*at)++] - '0');
    }
    *out = value;
    return true;
}

static bool take_char(struct slice text, size_t *at, char wanted)
{
    if (*at >= text.length || text.data[*at] != wanted) {
        return false;
    }
    (*at)++;
    return true;
}

static bool take_date_and_time(struct slice text, size_t *at, char between, struct clock_civil *out)
{
    static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!take_digits(text, at, 4, &out->year) || !take_char(text, at, '-') ||
        !take_digits(text, at, 2, &out->month) || !take_char(text, at, '-') ||
        !take_digits(text, at, 2, &out->day) || !take_char(text, at, between) ||
        !take_digits(text, at, 2, &out->hour) || !take_char(text, at, ':') ||
        !take_digits(text, at, 2, &out->minute) || !take_char(text, at, ':') ||
        !take_digits(text, at, 2, &out->second)) {
        return false;
    }
    out->microsecond = 0;
    if (out->month < 1 || out->month > 12 || out->day < 1 ||
        out->day > month_days[out->month - 1] || out->hour > 23 || out->minute > 59 ||
        out->second > 59) {
        return false;
    }
    bool leap = (out->year % 4 == 0 && out->year % 100 != 0) || out->year % 400 == 0;
    return out->month != 2 || out->day < 29 || leap;
}

static bool take_fraction(struct slice text, size_t *at, struct clock_civil *civil)
{
    if (!take_char(text, at, '.')) {
        return true;
    }
    int digits = 0;
    int microsecond = 0;
    while (*at < text.length && text.data[*at] >= '0' && text.data[*at] <= '9') {
        if (digits < 6) {
            microsecond = microsecond * 10 + (text.data[*at] - '0');
        }
        digits++;
        (*at)++;
    }
    for (int i = digits; i < 6; i++) {
        microsecond *= 10;
    }
    civil->microsecond = microsecond;
    return digits >= 1 && digits <= 9;
}

static bool take_offset(struct slice text, size_t *at, int64_t *out_seconds)
{
    if (take_char(text, at, 'Z')) {
        *out_seconds = 0;
        return true;
    }
    int sign = 0;
    if (take_char(text, at, '+')) {
        sign = 1;
    } else if (take_char(text, at, '-')) {
        sign = -1;
    }
    int hours = 0;
    int minutes = 0;
    if (sign == 0 || !take_digits(text, at, 2, &hours) || !take_char(text, at, ':') ||
        !take_digits(text, at, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *out_seconds = sign * (INT64_C(3600) * hours + INT64_C(60) * minutes);
    return true;
}

static bool in_range(int64_t us)
{
    return us >= 0 && us <= LAST_US;
}

bool clock_parse(struct slice text, int64_t *out_us)
{
    struct clock_civil civil;
    size_t at = 0;
    int64_t offset_seconds;
    if (!take_date_and_time(text, &at, 'T', &civil) || !take_fraction(text, &at, &civil) ||
        !take_offset(text, &at, &offset_seconds) || at != text.length) {
        return false;
    }
    int64_t us = from_civil(&civil) - offset_seconds * US_PER_SECOND;
    if (!in_range(us)) {
        return false;
    }
    *out_us = us;
    return true;
}

bool clock_parse_printed(struct slice text, int64_t *out_us)
{
    struct clock_civil civil;
    size_t at = 0;
    if (!take_date_and_time(text, &at, ' ', &civil) || at != text.length) {
        return false;
    }
    int64_t us = from_civil(&civil);
    if (!in_range(us)) {
        return false;
    }
    *out_us = us;
    return true;
}
