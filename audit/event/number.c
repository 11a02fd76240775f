/* The text of a number: what printf makes of "%.4f" in the locale C, without trailing zeros. */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "audit/event/event.h"

#define DECIMALS 4
#define SCALE 10000
#define WHOLE_BELOW 9223372036854775808.0 /* 2^63: from there on there are no decimals */

/* A fraction below 1 times 10000, rounded half to even as printf does: in integers, which is exact
 * where a product of doubles is not, and ten times faster than printf. */
static unsigned scale_fraction(double magnitude)
{
    int exponent;
    double fraction = frexp(magnitude, &exponent); /* magnitude = fraction * 2^exponent */
    uint64_t mantissa = (uint64_t)ldexp(fraction, DBL_MANT_DIG);
    uint64_t product = mantissa * 625; /* 10000 = 625 * 2^4; 53 and 10 bits fit in 63 */
    int shift = DBL_MANT_DIG - exponent - 4;
    assert(shift >= DBL_MANT_DIG - 4);
    if (shift >= 64) { /* product < 2^63: less than half of the last digit */
        return 0;
    }
    uint64_t whole = product >> shift;
    uint64_t rest = product & ((UINT64_C(1) << shift) - 1);
    uint64_t half = UINT64_C(1) << (shift - 1);
    return (unsigned)(whole + (rest > half || (rest == half && whole % 2 == 1)));
}

/* Writes from the last digit to the first, before the end of digits[size]; the place of the first.
 */
static size_t write_backwards(uint64_t whole, unsigned decimals, char *digits, size_t size)
{
    size_t at = size;
    bool shown = false; /* a digit behind the point that is not a trailing zero */
    for (int i = 0; i < DECIMALS; i++, decimals /= 10) {
        shown = shown || decimals % 10 != 0;
        if (shown) {
            digits[--at] = (char)('0' + decimals % 10);
        }
    }
    if (shown) {
        digits[--at] = '.';
    }
    do {
        digits[--at] = (char)('0' + whole % 10);
        whole /= 10;
    } while (whole != 0);
    return at;
}

void event_number_text(double value, char *out, size_t size)
{
    assert(isfinite(value) && size >= EVENT_NUMBER_BYTES);
    double magnitude = fabs(value);
    if (magnitude >= WHOLE_BELOW) {
        snprintf(out, size, "%.0f", value);
        return;
    }
    uint64_t whole = (uint64_t)magnitude;
    unsigned decimals = scale_fraction(magnitude - (double)whole);
    whole += decimals / SCALE; /* rounded up to 1 */
    decimals %= SCALE;
    char digits[32];
    size_t at = write_backwards(whole, decimals, digits, sizeof digits);
    if (value < 0 && (whole != 0 || decimals != 0)) {
        digits[--at] = '-';
    }
    memcpy(out, digits + at, sizeof digits - at);
    out[sizeof digits - at] = '\0';
}
