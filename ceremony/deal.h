/* Dealing: a master key is made, split, proven and sealed to its guardians, and forgotten. Between
 * beginning and end of deal_make the key and the words of its parts exist in this process, in
 * guarded memory; what comes out holds none of them. Thread-safe. */
#ifndef CEREMONY_DEAL_H
#define CEREMONY_DEAL_H

#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/slice.h"
#include "ceremony/key/key.h"
#include "ceremony/key/payload.h"
#include "ceremony/key/statement.h"
#include "ceremony/slip39/slip39.h"
#include "ceremony/store.h"

#define DEAL_PARTS_MAX SLIP39_MEMBERS_MAX

/* What the deal is about. All borrowed. */
struct deal_order {
    struct slice ceremony; /* id, a UUID */
    struct slice name;
    enum key_kind kind;
    unsigned bits;
    uint16_t identifier; /* of SLIP-39 */
    uint8_t threshold;
    uint8_t count;
    const struct guardian_row *guardians; /* count of them, each with a key */
    int64_t created_us;
};

struct dealt_part {
    uint8_t header[SLIP39_HEADER_BYTES];
    uint8_t public_part[STATEMENT_PUBLIC_BYTES]; /* public half of the part key */
    uint8_t sealed[PAYLOAD_PART_SEALED_BYTES];
};

struct deal {
    char check[KEY_CHECK_TEXT + 1]; /* of an age key its recipient */
    struct dealt_part parts[DEAL_PARTS_MAX];
};

/* ERR_INVALID_PARAMS bad_bits; ERR_INTERNAL when the proof of the parts fails (nothing was given
 * out); ERR_NO_MEMORY. Takes milliseconds; a raw key 0.1 s more. */
MUST_CHECK enum err deal_make(const struct deal_order *order, struct deal *out,
                              struct fault *fault);

#endif
