/* Any octets as the inside of a sealed payload, of each type: sealed to a key of our own, opened
 * again. What opens must be sealed again as it was. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ceremony/key/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bench {
    struct secret *key;
    struct secret *room;
    uint8_t public_key[KEY_BYTES];
};

static struct bench bench;

static void begin(void)
{
    if (bench.key == NULL) {
        bench.room = secret_new(PAYLOAD_ROOM_BYTES);
        if (bench.room == NULL || key_make(KEY_AGE, 256, &bench.key, NULL) != OK) {
            abort();
        }
        key_public(bench.key, bench.public_key);
    }
}

/* The data, filled up with blanks to the length or cut, in a box. */
static struct slice box(const uint8_t *data, size_t size, size_t length, uint8_t *sealed)
{
    uint8_t plain[2048];
    memset(plain, ' ', sizeof plain);
    memcpy(plain, data, size < length ? size : length);
    if (crypto_box_seal(sealed, plain, length, bench.public_key) != 0) {
        abort();
    }
    return (struct slice){(const char *)sealed, length + crypto_box_SEALBYTES};
}

static void must(enum err err)
{
    if (err != OK) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t sealed[PAYLOAD_PART_SEALED_BYTES];
    uint8_t again[PAYLOAD_PART_SEALED_BYTES];
    struct fault fault;
    struct payload_part part;
    struct payload_submission submission;
    struct payload_key_submission key_submission;
    struct payload_key key;
    begin();
    struct slice text = box(data, size, PAYLOAD_PART_SEALED_BYTES - PAYLOAD_SEAL_BYTES, sealed);
    if (payload_open_part(text, bench.key, bench.room, &part, &fault) == OK) {
        must(payload_seal_part(&part, bench.public_key, again, &fault));
    }
    text = box(data, size, PAYLOAD_SEALED_BYTES - PAYLOAD_SEAL_BYTES, sealed);
    if (payload_open_submission(text, bench.key, bench.room, &submission, &fault) == OK) {
        must(payload_seal_submission(&submission, bench.public_key, again, &fault));
    }
    if (payload_open_key_submission(text, bench.key, bench.room, &key_submission, &fault) == OK) {
        must(payload_seal_key_submission(&key_submission, bench.public_key, again, &fault));
    }
    if (payload_open_key(text, bench.key, bench.room, &key, &fault) == OK) {
        must(payload_seal_key(&key, bench.public_key, again, &fault));
    }
    return 0;
}
