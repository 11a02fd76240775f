#include "audit/log/hash.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* The functions that are called old there. The new ones look the algorithm up among providers, with
 * megabytes of code and tables behind them, for the same work. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

static void hash_two(struct slice before, struct slice data, uint8_t *out)
{
    SHA256_CTX context;
    bool good = SHA256_Init(&context) == 1;
    if (before.length != 0) {
        good = good && SHA256_Update(&context, before.data, before.length) == 1;
    }
    good = good && SHA256_Update(&context, data.data, data.length) == 1 &&
           SHA256_Final(out, &context) == 1;
    assert(good); /* nothing in it can fail */
}

void hash_octets(const void *data, size_t length, uint8_t out[HASH_BYTES])
{
    hash_two((struct slice){NULL, 0}, (struct slice){data, length}, out);
}

void hash_leaf(struct slice record, uint8_t out[HASH_BYTES])
{
    hash_two((struct slice){"\0", 1}, record, out);
}

void hash_node(const uint8_t left[HASH_BYTES], const uint8_t right[HASH_BYTES],
               uint8_t out[HASH_BYTES])
{
    char both[1 + 2 * HASH_BYTES];
    both[0] = 1;
    memcpy(both + 1, left, HASH_BYTES);
    memcpy(both + 1 + HASH_BYTES, right, HASH_BYTES);
    hash_octets(both, sizeof both, out);
}
