/* Big-endian numbers in octets, as every file of the log has them. */
#ifndef AUDIT_LOG_OCTETS_H
#define AUDIT_LOG_OCTETS_H

#include <stdint.h>

static inline uint64_t octets_read(const uint8_t *at, int width)
{
    uint64_t value = 0;
    for (int i = 0; i < width; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static inline void octets_write(uint8_t *at, int width, uint64_t value)
{
    for (int i = width - 1; i >= 0; i--) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
}

#endif
