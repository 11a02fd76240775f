/* The text of a number: what printf makes of "%.4f", without trailing zeros. */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "audit/event/event.h"

#define DECIMALS 4
#define SCALE 10000
#define EXACT_BELOW 1e14 /* 2^46.5: the shift below stays over 0 */

/* The magnitude times 10000 as an integer, rounded half to even as printf does: in integers, which
 * is exact where a product of doubles is not, and ten times faster than printf. */
static uint64_t scale(double magnitude)
{
    int exponent;
    double fraction = frexp(magnitude, &exponent); /* magnitude = fraction * 2^exponent */
    uint64_t mantissa = (uint64_t)ldexp(fraction, DBL_MANT_DIG);
    uint64_t product = mantissa * 625; /* 10000 = 625 * 2^4; 53 and 10 bits fit in 63 */
    int shift = DBL_MANT_DIG - exponent - 4;
    assert(shift > 0);
    if (shift >= 64) { /* product < 2^63: less than half of the last digit */
        return 0;
    }
    uint64_t whole = product >> shift;
    uint64_t rest = product & ((UINT64_C(1) << shift) - 1);
    uint64_t half = UINT64_C(1) << (shift - 1);
    return whole + (rest > half || (rest == half && whole % 2 == 1));
}

/* Writes from the last digit to the first; the place of the first. */
static size_t write_backwards(uint64_t scaled, bool negative, char *digits, size_t size)
{
    size_t at = size;
    bool shown = false; /* a digit behind the point that is not a trailing zero */
    for (int i = 0; i < DECIMALS; i++, scaled /= 10) {
        shown = shown || scaled % 10 != 0;
        if (shown) {
            digits[--at] = (char)('0' + scaled % 10);
        }
    }
    if (shown) {
        digits[--at] = '.';
    }
    do {
        digits[--at] = (char)('0' + scaled % 10);
        scaled /= 10;
    } while (scaled != 0);
    if (negative) {
        digits[--at] = '-';
    }
    return at;
}

/* From 1e14 on, where integers of 64 bits do not suffice. */
static void print_large(double value, char *out, size_t size)
{
    int length = snprintf(out, size, "%.*f", DECIMALS, value);
    assert(length > 0 && (size_t)length < size);
    while (out[length - 1] == '0') {
        length--;
    }
    out[out[length - 1] == '.' ? length - 1 : length] = '\0';
}

void event_number_text(double value, char *out, size_t size)
{
    assert(isfinite(value) && size >= 32);
    double magnitude = fabs(value);
    if (magnitude >= EXACT_BELOW) {
        print_large(value, out, size);
        return;
    }
    char digits[32];
    uint64_t scaled = scale(magnitude);
    bool negative = value < 0 && scaled != 0;
    size_t at = write_backwards(scaled, negative, digits, sizeof digits);
    size_t length = sizeof digits - at;
    memcpy(out, digits + at, length);
    out[length] = '\0';
}
