#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "audit/base/json_parts.h"

#define STACK_OCTETS 64
#define EXACT_DIGITS 15 /* so many decimal digits always fit the 53 bits of a double */

/* A number of few digits and no exponent is the quotient of two exact doubles, and one division
 * rounds correctly (W. Clinger, How to read floating point numbers accurately, 1990). True if it
 * was one. */
static bool real_by_hand(struct slice text, double *out)
{
    static const double powers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    static_assert(sizeof powers / sizeof powers[0] > EXACT_DIGITS, "a power for each fraction");
    bool negative = text.data[0] == '-';
    int64_t digits = 0;
    int fraction = -1; /* digits behind the point; -1 before it */
    if (text.length > EXACT_DIGITS) {
        return false;
    }
    for (size_t i = negative ? 1 : 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '.') {
            fraction = 0;
        } else if (c >= '0' && c <= '9') {
            digits = digits * 10 + (c - '0');
            fraction += fraction >= 0 ? 1 : 0;
        } else {
            return false;
        }
    }
    double value = (double)digits / powers[fraction < 0 ? 0 : fraction];
    *out = negative ? -value : value;
    return true;
}

/* The C library rounds correctly too, but takes the point of the program's locale: it is asked in
 * the locale C, which glibc gives without allocating. */
static enum err real_by_library(struct arena *arena, struct slice text, double *out)
{
    char on_stack[STACK_OCTETS];
    const char *copy = on_stack;
    if (text.length < sizeof on_stack) {
        memcpy(on_stack, text.data, text.length);
        on_stack[text.length] = '\0';
    } else {
        copy = arena_copy(arena, text).data;
    }
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (copy == NULL || c_locale == (locale_t)0) {
        return ERR_NO_MEMORY;
    }
    double value = strtod_l(copy, NULL, c_locale);
    freelocale(c_locale);
    if (!isfinite(value)) {
        return ERR_PARSE;
    }
    *out = value;
    return OK;
}

enum err json_read_real(struct arena *arena, struct slice text, double *out)
{
    return real_by_hand(text, out) ? OK : real_by_library(arena, text, out);
}
