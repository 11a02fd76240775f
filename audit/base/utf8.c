#include "audit/base/utf8.h"

static bool is_tail(char octet)
{
    return ((unsigned char)octet & 0xc0) == 0x80;
}

/* The ranges of the first two octets are those of RFC 3629, section 4. */
size_t utf8_sequence(const char *at, const char *end)
{
    size_t left = (size_t)(end - at);
    unsigned first = (unsigned char)at[0];
    unsigned second = left > 1 ? (unsigned char)at[1] : 0;
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        return left >= 2 && is_tail(at[1]) ? 2 : 0;
    }
    if (first >= 0xe0 && first <= 0xef) {
        unsigned low = first == 0xe0 ? 0xa0 : 0x80;  /* below: overlong */
        unsigned high = first == 0xed ? 0x9f : 0xbf; /* above: surrogates */
        return left >= 3 && second >= low && second <= high && is_tail(at[2]) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        unsigned low = first == 0xf0 ? 0x90 : 0x80;  /* below: overlong */
        unsigned high = first == 0xf4 ? 0x8f : 0xbf; /* above: beyond U+10FFFF */
        bool tails = left >= 4 && is_tail(at[2]) && is_tail(at[3]);
        return tails && second >= low && second <= high ? 4 : 0;
    }
    return 0;
}

bool utf8_is_control(const char *at, size_t length)
{
    unsigned first = (unsigned char)at[0];
    bool of_second_set = length == 2 && first == 0xc2 && (unsigned char)at[1] < 0xa0;
    return first < 0x20 || first == 0x7f || of_second_set;
}

size_t utf8_whole(const char *at, size_t length)
{
    size_t tails = 0;
    while (tails < length && tails < 3 && is_tail(at[length - 1 - tails])) {
        tails++;
    }
    if (tails == length) {
        return length;
    }
    unsigned first = (unsigned char)at[length - 1 - tails];
    size_t wanted = 0;
    if (first >= 0xf0) {
        wanted = 3;
    } else if (first >= 0xe0) {
        wanted = 2;
    } else if (first >= 0xc0) {
        wanted = 1;
    }
    return tails < wanted ? length - 1 - tails : length;
}
