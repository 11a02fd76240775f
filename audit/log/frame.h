/* One frame of the journal: the entries of one group, everything one fdatasync covers.
 *
 * All numbers big-endian:
 *     0   8  magic FB 4D 4B 47 46 52 4D FF ("MKGFRM" in octets that no UTF-8 text has, so that no
 *            record can pass for a frame)
 *     8   2  version, 1
 *    10   2  kind, 1: entries
 *    12   4  batches
 *    16   8  term, 0 today
 *    24   8  frame length: octets from the magic through the SHA-256
 *    32   8  index of the first entry
 *    40   4  entries
 *    44   4  0
 *    48  32  SHA-256 of the frame before (its last 32 octets; zeros in front of the first)
 *    80      the batches, each
 *               2  entries, 1..4096
 *               1  1 if a request stands here, else 0
 *               1  0
 *              24  the request, if any: key (16), hash of the parameters (8)
 *                  the entries: length (2), octets
 *   end  32  SHA-256 over everything before
 *
 * So a frame proves itself. Reading takes hostile octets: every length is checked before it is
 * used. Thread-safe: nothing here is shared. */
#ifndef AUDIT_LOG_FRAME_H
#define AUDIT_LOG_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/slice.h"
#include "audit/log/hash.h"
#include "audit/log/log.h"

#define FRAME_MAGIC_BYTES 8
#define FRAME_HEAD_BYTES 80
#define FRAME_BYTES_MIN (FRAME_HEAD_BYTES + 4 + 3 + HASH_BYTES)
#define FRAME_INDEX_MAX (UINT64_C(1) << 48) /* no entry has this index: requests keep 48 bits */

extern const uint8_t frame_magic[FRAME_MAGIC_BYTES];

/* What a frame's head says. octets borrows the frame. */
struct frame {
    const uint8_t *octets;
    uint64_t length; /* octets of the whole frame */
    uint64_t first;  /* index of the first entry */
    uint64_t term;
    uint32_t count;   /* entries */
    uint32_t batches; /* batches */
};

/* ---- writing: frame_begin, frame_put_batch for each batch, frame_seal ---- */

/* Octets that a batch takes in a frame. */
size_t frame_batch_bytes(const struct log_entry *entries, size_t count, bool has_request);

/* Writes the head; frame->octets is not used. Returns where the batches go. */
uint8_t *frame_begin(uint8_t *octets, const struct frame *frame,
                     const uint8_t previous[HASH_BYTES]);

/* Writes a batch (request may be NULL) and returns where the next one goes. */
uint8_t *frame_put_batch(uint8_t *at, const struct log_entry *entries, size_t count,
                         const struct log_request *request);

/* Writes the SHA-256 at the end. length is that of the whole frame. */
void frame_seal(uint8_t *octets, size_t length);

/* ---- reading ---- */

/* Reads a head at octets, of which at least FRAME_HEAD_BYTES are there; `room` octets could belong
 * to the frame. False if this is no head of a frame that fits. The rest is not looked at. */
bool frame_read_head(const uint8_t *octets, uint64_t room, struct frame *out);

/* Does the whole frame (all its octets are there) prove itself: SHA-256, and batches and entries
 * that fill it exactly? */
bool frame_proves(const struct frame *frame);

/* SHA-256 of the frame before, and of this one; 32 octets each, borrowed. */
const uint8_t *frame_previous(const struct frame *frame);
const uint8_t *frame_hash(const struct frame *frame);

/* Walks the entries of a frame. Every step is checked against the frame's end. */
struct frame_walk {
    const uint8_t *at;
    const uint8_t *end;
    uint32_t in_batch; /* entries left of the batch under way */
    uint32_t batches;  /* batches not begun */
};

/* A batch as it was appended; request borrows 24 octets, NULL if there is none. */
struct frame_batch {
    uint32_t count;
    const uint8_t *request;
};

void frame_walk_begin(struct frame_walk *walk, const struct frame *frame);

/* The next entry; false at the end (or where the frame is not one). *out borrows. */
bool frame_walk_entry(struct frame_walk *walk, struct slice *out);

/* The next batch; only when all entries of the one before were walked. False at the end. */
bool frame_walk_batch(struct frame_walk *walk, struct frame_batch *out);

#endif
