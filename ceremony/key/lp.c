#include "ceremony/key/lp.h"

#include <assert.h>
#include <string.h>

size_t lp_length(const struct slice *fields, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length += LP_BYTES(1, fields[i].length);
    }
    return length;
}

size_t lp_write(const struct slice *fields, size_t count, uint8_t *out)
{
    uint8_t *at = out;
    for (size_t i = 0; i < count; i++) {
        size_t length = fields[i].length;
        assert(length <= UINT32_MAX);
        for (int shift = 24; shift >= 0; shift -= 8) {
            *at++ = (uint8_t)(length >> shift);
        }
        if (length > 0) {
            memcpy(at, fields[i].data, length);
            at += length;
        }
    }
    return (size_t)(at - out);
}
