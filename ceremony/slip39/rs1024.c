#include "ceremony/slip39/rs1024.h"

#include "ceremony/slip39/mask.h"

static uint32_t polymod_step(uint32_t remainder, uint32_t value)
{
    static const uint32_t generator[10] = {0x00e0e040, 0x01c1c080, 0x03838100, 0x07070200,
                                           0x0e0e0009, 0x1c0c2412, 0x38086c24, 0x3090fc48,
                                           0x21b1f890, 0x03f3f120};
    uint32_t top = remainder >> 20;
    remainder = (remainder & 0xfffff) << 10 ^ value;
    for (unsigned i = 0; i < 10; i++) {
        remainder ^= generator[i] & mask_bit(top >> i & 1);
    }
    return remainder;
}

static uint32_t polymod(const uint16_t *numbers, size_t count, bool extendable)
{
    uint32_t remainder = 1;
    for (const char *at = extendable ? "shamir_extendable" : "shamir"; *at != '\0'; at++) {
        remainder = polymod_step(remainder, (uint8_t)*at);
    }
    for (size_t i = 0; i < count; i++) {
        remainder = polymod_step(remainder, numbers[i]);
    }
    return remainder;
}

uint32_t rs1024_verify(const uint16_t *numbers, size_t count, bool extendable)
{
    return mask_equal(polymod(numbers, count, extendable), 1);
}

void rs1024_create(const uint16_t *numbers, size_t count, bool extendable,
                   uint16_t out[RS1024_WORDS])
{
    uint32_t remainder = polymod(numbers, count, extendable);
    for (size_t i = 0; i < RS1024_WORDS; i++) {
        remainder = polymod_step(remainder, 0);
    }
    remainder ^= 1;
    for (size_t i = 0; i < RS1024_WORDS; i++) {
        out[i] = (uint16_t)(remainder >> (10 * (RS1024_WORDS - 1 - i)) & 1023);
    }
}
