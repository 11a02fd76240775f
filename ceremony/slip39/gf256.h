/* The field of 256 elements, x^8 + x^4 + x^3 + x + 1 (that of AES and SLIP-39).
 *
 * Factors and coordinates are public, the octets they are multiplied with secret: these are
 * shifted, added and reduced with masks, never looked up. Adding is XOR. Thread-safe. */
#ifndef CEREMONY_SLIP39_GF256_H
#define CEREMONY_SLIP39_GF256_H

#include <stddef.h>
#include <stdint.h>

/* Product of two elements. The factor is public, the other one may be secret. */
uint8_t gf256_multiply(uint8_t factor, uint8_t secret);

/* 1 / value; the value is public and not 0. */
uint8_t gf256_invert(uint8_t value);

/* sum[i] += factor * secret[i] for each of length octets. */
void gf256_multiply_add(uint8_t *sum, uint8_t factor, const uint8_t *secret, size_t length);

#endif
