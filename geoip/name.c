#include "geoip/name.h"

#include <stdint.h>
#include <string.h>

/* Octets of the code point at text, 0 if it is not one or is a control character. */
static size_t code_point_length(const uint8_t *text, size_t left)
{
    uint8_t first = text[0];
    if (first < 0x80)
        return first >= 0x20 && first != 0x7f;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || left < length)
        return 0;
    uint32_t point = first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (text[i] & 0x3fu);
    }
    static const uint32_t lowest[] = {0, 0, 0xa0, 0x800, 0x10000}; /* 0x80 to 0x9f are controls */
    bool surrogate = point >= 0xd800 && point <= 0xdfff;
    return point >= lowest[length] && point <= 0x10ffff && !surrogate ? length : 0;
}

bool name_copy(const char *name, size_t length, char out[GEOIP_NAME_BYTES])
{
    const uint8_t *text = (const uint8_t *)name;
    size_t kept = 0;
    out[0] = '\0';
    for (size_t at = 0; at < length;) {
        size_t step = code_point_length(text + at, length - at);
        if (step == 0)
            return false;
        at += step;
        if (at < GEOIP_NAME_BYTES)
            kept = at;
    }
    memcpy(out, name, kept);
    out[kept] = '\0';
    return kept > 0;
}
