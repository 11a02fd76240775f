#include "ceremony/key/kdf.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define INFO_BYTES_MAX 256

static_assert(crypto_auth_hmacsha256_BYTES == KDF_BYTES, "one block of SHA-256");

static const unsigned char *bytes_of(struct slice slice)
{
    static const char nothing[1];
    return (const unsigned char *)(slice.data == NULL ? nothing : slice.data);
}

void kdf_hmac(struct slice key, struct slice message, uint8_t out[KDF_BYTES])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, bytes_of(key), key.length);
    crypto_auth_hmacsha256_update(&state, bytes_of(message), message.length);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

void kdf_pbkdf2(struct slice password, struct slice salt, uint32_t iterations, uint8_t *out,
                size_t length)
{
    assert(iterations >= 1 && length >= 1 && length <= KDF_BYTES);
    static const uint8_t first_block[4] = {0, 0, 0, 1};
    crypto_auth_hmacsha256_state keyed; /* the password is hashed once, not once an iteration */
    crypto_auth_hmacsha256_state state;
    uint8_t round[KDF_BYTES];
    uint8_t sum[KDF_BYTES];
    crypto_auth_hmacsha256_init(&keyed, bytes_of(password), password.length);
    state = keyed;
    crypto_auth_hmacsha256_update(&state, bytes_of(salt), salt.length);
    crypto_auth_hmacsha256_update(&state, first_block, sizeof first_block);
    crypto_auth_hmacsha256_final(&state, round);
    memcpy(sum, round, sizeof sum);
    for (uint32_t i = 1; i < iterations; i++) {
        state = keyed;
        crypto_auth_hmacsha256_update(&state, round, sizeof round);
        crypto_auth_hmacsha256_final(&state, round);
        for (size_t j = 0; j < sizeof sum; j++) {
            sum[j] ^= round[j];
        }
    }
    memcpy(out, sum, length);
    sodium_memzero(&keyed, sizeof keyed);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(round, sizeof round);
    sodium_memzero(sum, sizeof sum);
}

void kdf_hkdf(struct slice salt, struct slice key, struct slice info, uint8_t out[KDF_BYTES])
{
    assert(info.length <= INFO_BYTES_MAX);
    uint8_t extracted[KDF_BYTES];
    char block[INFO_BYTES_MAX + 1];
    if (info.length > 0) {
        memcpy(block, info.data, info.length);
    }
    block[info.length] = 1;
    kdf_hmac(salt, key, extracted);
    kdf_hmac((struct slice){(const char *)extracted, sizeof extracted},
             (struct slice){block, info.length + 1}, out);
    sodium_memzero(extracted, sizeof extracted);
}
