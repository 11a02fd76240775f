#include "ceremony/slip39/gf256.h"

#include <assert.h>

#define REDUCTION 0x1bu /* x^8 is x^4 + x^3 + x + 1 */

uint8_t gf256_multiply(uint8_t factor, uint8_t secret)
{
    uint32_t shifted = secret;
    uint32_t product = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        product ^= shifted & (0u - (((uint32_t)factor >> bit) & 1));
        shifted = (shifted << 1 ^ (REDUCTION & (0u - (shifted >> 7)))) & 0xff;
    }
    return (uint8_t)product;
}

uint8_t gf256_invert(uint8_t value)
{
    assert(value != 0);
    /* value^255 is 1, so value^254 is the inverse: 254 = 2 + 4 + … + 128. */
    uint8_t power = value;
    uint8_t inverse = 1;
    for (unsigned i = 0; i < 7; i++) {
        power = gf256_multiply(power, power);
        inverse = gf256_multiply(inverse, power);
    }
    return inverse;
}

void gf256_multiply_add(uint8_t *sum, uint8_t factor, const uint8_t *secret, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        sum[i] ^= gf256_multiply(factor, secret[i]);
    }
}
