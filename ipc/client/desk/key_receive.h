/* A recovered key, opened by whoever it was delivered to, proven, and written. Thread-safe. */
#ifndef IPC_CLIENT_DESK_KEY_RECEIVE_H
#define IPC_CLIENT_DESK_KEY_RECEIVE_H

#include "ceremony/key/payload.h"

/* Opened and proven; secrets owned: key_received_done. */
struct key_received {
    struct secret *room;
    struct payload_key payload; /* slices borrowed from the room */
    struct secret *key;
};

/* Opens a sealed key and proves it by the check value in it, and by `check` if there is one
 * (data not NULL).
 * ERR_PARTS: check_mismatch (a raw key takes 0.1 s), part_mismatch (it is of another ceremony than
 * `ceremony`, if that is not empty); else the faults of payload_open_key, ERR_NO_MEMORY. */
MUST_CHECK enum err key_receive(struct slice sealed, const struct secret *receiver,
                                struct slice ceremony, struct slice check, struct key_received *out,
                                struct fault *fault);

/* What is written of it: of an age key the file as age-keygen makes it, of a raw one its digits and
 * a newline. ERR_NO_MEMORY. */
MUST_CHECK enum err key_received_text(const struct key_received *received, struct secret **out);

void key_received_done(struct key_received *received);

#endif
