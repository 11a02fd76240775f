#include "ceremony/slip39/shamir.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "audit/base/declassify.h"
#include "ceremony/key/kdf.h"
#include "ceremony/slip39/gf256.h"
#include "ceremony/slip39/slip39.h"

#define SECRET_X 255
#define DIGEST_X 254
#define DIGEST_BYTES 4

static_assert(SHAMIR_POINTS_MAX >= SLIP39_MEMBERS_MAX, "a point for every member");
static_assert(SHAMIR_POINTS_MAX >= SLIP39_GROUPS_MAX, "a point for every group");

/* What the value of point i counts for at x: Lagrange's basis polynomial. All of it is public. */
static uint8_t weight(const struct shamir_point *points, size_t count, size_t i, uint8_t x)
{
    uint8_t above = 1;
    uint8_t below = 1;
    for (size_t j = 0; j < count; j++) {
        if (j != i) {
            above = gf256_multiply(above, x ^ points[j].x);
            below = gf256_multiply(below, points[i].x ^ points[j].x);
        }
    }
    return gf256_multiply(above, gf256_invert(below));
}

void shamir_interpolate(const struct shamir_point *points, size_t count, uint8_t x, uint8_t *out,
                        size_t length)
{
    assert(length <= SLIP39_VALUE_BYTES_MAX);
    uint8_t sum[SLIP39_VALUE_BYTES_MAX] = {0};
    for (size_t i = 0; i < count; i++) {
        gf256_multiply_add(sum, weight(points, count, i, x), points[i].value, length);
    }
    memcpy(out, sum, length);
    sodium_memzero(sum, sizeof sum);
}

/* The digest share: 4 octets HMAC of the secret under the random rest, then that rest. */
static void digest_of(const uint8_t *secret, size_t length, const uint8_t *rest,
                      uint8_t out[KDF_BYTES])
{
    kdf_hmac((struct slice){(const char *)rest, length - DIGEST_BYTES},
             (struct slice){(const char *)secret, length}, out);
}

static bool digest_right(const uint8_t *secret, const uint8_t *share, size_t length)
{
    uint8_t digest[KDF_BYTES];
    digest_of(secret, length, share + DIGEST_BYTES, digest);
    int differs = sodium_memcmp(digest, share, DIGEST_BYTES);
    secret_declassify(&differs, sizeof differs);
    sodium_memzero(digest, sizeof digest);
    return differs == 0;
}

void shamir_split(const uint8_t *secret, size_t length, uint8_t threshold, uint8_t count,
                  uint8_t *const *out_values)
{
    assert(threshold >= 1 && threshold <= count && count <= SHAMIR_POINTS_MAX);
    assert(length > DIGEST_BYTES && length <= SLIP39_VALUE_BYTES_MAX);
    if (threshold == 1) {
        for (size_t i = 0; i < count; i++) {
            memcpy(out_values[i], secret, length);
        }
        return;
    }
    /* threshold points choose the polynomial: random shares, the digest, the secret. */
    struct shamir_point points[SHAMIR_POINTS_MAX];
    uint8_t digest[KDF_BYTES];
    uint8_t share[SLIP39_VALUE_BYTES_MAX];
    size_t random = threshold - 2u;
    randombytes_buf(share, length);
    digest_of(secret, length, share + DIGEST_BYTES, digest);
    memcpy(share, digest, DIGEST_BYTES);
    for (size_t i = 0; i < random; i++) {
        randombytes_buf(out_values[i], length);
        points[i] = (struct shamir_point){(uint8_t)i, out_values[i]};
    }
    points[random] = (struct shamir_point){DIGEST_X, share};
    points[random + 1] = (struct shamir_point){SECRET_X, secret};
    for (size_t i = random; i < count; i++) {
        shamir_interpolate(points, threshold, (uint8_t)i, out_values[i], length);
    }
    sodium_memzero(digest, sizeof digest);
    sodium_memzero(share, sizeof share);
}

/* Is the digest of the polynomial through these points right? The secret to out. */
static bool choice_right(const struct shamir_point *points, uint8_t threshold, uint8_t *out,
                         size_t length)
{
    uint8_t share[SLIP39_VALUE_BYTES_MAX];
    shamir_interpolate(points, threshold, SECRET_X, out, length);
    shamir_interpolate(points, threshold, DIGEST_X, share, length);
    bool right = digest_right(out, share, length);
    sodium_memzero(share, sizeof share);
    return right;
}

/* The points that lie on the polynomial through the chosen ones, a bit each. */
static uint32_t fitting_points(const struct shamir_point *points, size_t count,
                               const struct shamir_point *chosen, uint8_t threshold, size_t length)
{
    uint32_t fitting = 0;
    uint8_t value[SLIP39_VALUE_BYTES_MAX];
    for (size_t i = 0; i < count; i++) {
        shamir_interpolate(chosen, threshold, points[i].x, value, length);
        int differs = sodium_memcmp(value, points[i].value, length);
        secret_declassify(&differs, sizeof differs);
        fitting |= (differs == 0 ? 1u : 0u) << i;
    }
    sodium_memzero(value, sizeof value);
    return fitting;
}

/* The next larger number with as many bits set. */
static uint32_t next_choice(uint32_t choice)
{
    assert(choice != 0);
    uint32_t lowest = choice & (0u - choice);
    uint32_t carried = choice + lowest;
    return carried | ((choice ^ carried) / lowest) >> 2;
}

enum shamir_outcome shamir_solve(const struct shamir_point *points, size_t count, uint8_t threshold,
                                 uint8_t *out, size_t length, uint32_t *out_fitting)
{
    assert(threshold >= 1 && threshold <= count && count <= SHAMIR_POINTS_MAX);
    struct shamir_point chosen[SHAMIR_POINTS_MAX] = {{0}};
    uint8_t secret[SLIP39_VALUE_BYTES_MAX];
    uint32_t all = (1u << count) - 1;
    uint32_t found = 0;
    bool several = false;
    /* 16 points at most: no more than 12,870 choices, a fraction of a second; with right points,
     * one. */
    for (uint32_t choice = (1u << threshold) - 1; choice <= all && found != all && !several;
         choice = next_choice(choice)) {
        size_t taken = 0;
        for (size_t i = 0; i < count; i++) {
            if ((choice >> i & 1) != 0) {
                chosen[taken++] = points[i];
            }
        }
        /* Part of what was found already: says nothing new. */
        if ((choice & ~found) != 0 &&
            (threshold == 1 || choice_right(chosen, threshold, secret, length))) {
            several = found != 0;
            found = fitting_points(points, count, chosen, threshold, length);
            memcpy(out, threshold == 1 ? chosen[0].value : secret, length);
        }
    }
    sodium_memzero(secret, sizeof secret);
    *out_fitting = found;
    if (several || found == 0) {
        sodium_memzero(out, length);
        *out_fitting = 0;
    }
    return several ? SHAMIR_SEVERAL : found == 0 ? SHAMIR_NONE : SHAMIR_ONE;
}
