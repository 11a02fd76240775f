/* Shamir's sharing as SLIP-39 has it: octet by octet over GF(256), the secret at x = 255, its
 * digest at x = 254, the shares at 0, 1, 2 …
 *
 * Coordinates are public, values secret; whether a digest is right and values agree is public.
 * Thread-safe; allocates nothing; wipes its stack. Follows SLIP-0039, section "Shamir's
 * secret-sharing scheme". */
#ifndef CEREMONY_SLIP39_SHAMIR_H
#define CEREMONY_SLIP39_SHAMIR_H

#include <stddef.h>
#include <stdint.h>

#define SHAMIR_POINTS_MAX 16

/* A share. Coordinates of one set differ. */
struct shamir_point {
    uint8_t x;
    const uint8_t *value; /* borrowed */
};

/* The value at x of the polynomial through count points (1..16), length octets to out. */
void shamir_interpolate(const struct shamir_point *points, size_t count, uint8_t x, uint8_t *out,
                        size_t length);

/* Makes count shares (of x = 0 … count - 1), each length octets (16..64), of which threshold give
 * the secret; with threshold 1 each is the secret. 1 <= threshold <= count <= 16. */
void shamir_split(const uint8_t *secret, size_t length, uint8_t threshold, uint8_t count,
                  uint8_t *const *out_values);

enum shamir_outcome {
    SHAMIR_ONE,    /* exactly one choice of the points agrees with itself */
    SHAMIR_NONE,   /* no choice does: some are wrong, nobody can tell which */
    SHAMIR_SEVERAL /* more than one does */
};

/* Finds the secret of which threshold (<= count <= 16) points are enough. A choice of points agrees
 * with itself when they lie on one polynomial whose digest is right; without a digest (threshold
 * 1), when all are the same. *out_fitting has a bit for each point of that one choice; out is
 * filled with SHAMIR_ONE only. */
enum shamir_outcome shamir_solve(const struct shamir_point *points, size_t count, uint8_t threshold,
                                 uint8_t *out, size_t length, uint32_t *out_fitting);

#endif
