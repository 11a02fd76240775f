/* Choices without branches: all ones for yes, all zeros for no.
 *
 * For values that are secret or made of secrets. The compiler is kept from seeing that a mask has
 * only two values, or it might turn the choice back into a jump, and from seeing that what is
 * compared is a loop's counter, or it might count by the secret. */
#ifndef CEREMONY_SLIP39_MASK_H
#define CEREMONY_SLIP39_MASK_H

#include <stdint.h>

static inline uint32_t mask_opaque(uint32_t value)
{
    __asm__("" : "+r"(value));
    return value;
}

/* Is the value zero? */
static inline uint32_t mask_zero(uint32_t value)
{
    return mask_opaque((uint32_t)(((uint64_t)mask_opaque(value) - 1) >> 32));
}

static inline uint32_t mask_equal(uint32_t a, uint32_t b)
{
    return mask_zero(a ^ b);
}

/* Is a less than b? */
static inline uint32_t mask_less(uint32_t a, uint32_t b)
{
    return mask_opaque((uint32_t)(((uint64_t)mask_opaque(a) - b) >> 32));
}

/* Is a bit (0 or 1) set? */
static inline uint32_t mask_bit(uint32_t bit)
{
    return mask_opaque(0u - bit);
}

/* yes where the mask is all ones, no where it is zero. */
static inline uint32_t mask_choose(uint32_t mask, uint32_t yes, uint32_t no)
{
    return no ^ (mask & (yes ^ no));
}

static inline uint64_t mask_wide(uint32_t mask)
{
    return (uint64_t)mask << 32 | mask;
}

#endif
