#include "ceremony/slip39/cipher.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "ceremony/key/kdf.h"

#define ROUNDS 4
#define ITERATIONS 2500u /* a round, doubled with every step of the exponent */
#define HALF_MAX (SLIP39_VALUE_BYTES_MAX / 2)
#define PREFIX "shamir"
#define PREFIX_BYTES (sizeof PREFIX - 1)

/* What goes into PBKDF2; the halves of the secret lie here as well. */
struct rounds {
    char password[1 + SLIP39_PASSPHRASE_BYTES_MAX]; /* number of the round, passphrase */
    char salt[PREFIX_BYTES + 2 + HALF_MAX];         /* prefix, then the right half */
    uint8_t left[HALF_MAX];
    uint8_t right[HALF_MAX];
    uint8_t stretched[HALF_MAX];
};

static void run_round(struct rounds *rounds, size_t password_length, size_t prefix_length,
                      uint32_t iterations, size_t half)
{
    memcpy(rounds->salt + prefix_length, rounds->right, half);
    kdf_pbkdf2((struct slice){rounds->password, password_length},
               (struct slice){rounds->salt, prefix_length + half}, iterations, rounds->stretched,
               half);
    for (size_t i = 0; i < half; i++) {
        uint8_t mixed = rounds->left[i] ^ rounds->stretched[i];
        rounds->left[i] = rounds->right[i];
        rounds->right[i] = mixed;
    }
}

/* Both directions: the rounds forward encrypt, backward decrypt. */
static void run(const struct slip39_header *header, struct slice passphrase, const uint8_t *in,
                size_t length, uint8_t *out, bool forward)
{
    assert(length % 2 == 0 && length / 2 <= HALF_MAX);
    assert(passphrase.length <= SLIP39_PASSPHRASE_BYTES_MAX);
    assert(header->exponent <= SLIP39_EXPONENT_MAX);
    struct rounds rounds;
    size_t half = length / 2;
    size_t prefix_length = 0;
    if (!header->extendable) {
        memcpy(rounds.salt, PREFIX, PREFIX_BYTES);
        rounds.salt[PREFIX_BYTES] = (char)(header->id >> 8);
        rounds.salt[PREFIX_BYTES + 1] = (char)(header->id & 0xff);
        prefix_length = PREFIX_BYTES + 2;
    }
    if (passphrase.length > 0) {
        memcpy(rounds.password + 1, passphrase.data, passphrase.length);
    }
    memcpy(rounds.left, in, half);
    memcpy(rounds.right, in + half, half);
    for (unsigned i = 0; i < ROUNDS; i++) {
        rounds.password[0] = (char)(forward ? i : ROUNDS - 1 - i);
        run_round(&rounds, 1 + passphrase.length, prefix_length, ITERATIONS << header->exponent,
                  half);
    }
    memcpy(out, rounds.right, half);
    memcpy(out + half, rounds.left, half);
    sodium_memzero(&rounds, sizeof rounds);
}

void cipher_encrypt(const struct slip39_header *header, struct slice passphrase, const uint8_t *in,
                    size_t length, uint8_t *out)
{
    run(header, passphrase, in, length, out, true);
}

void cipher_decrypt(const struct slip39_header *header, struct slice passphrase, const uint8_t *in,
                    size_t length, uint8_t *out)
{
    run(header, passphrase, in, length, out, false);
}
