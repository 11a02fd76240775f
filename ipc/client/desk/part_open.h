/* A sealed part, opened with the guardian's key and compared with all that is known otherwise: such
 * a box does not say who sealed it (parts.md section 5). Thread-safe. */
#ifndef IPC_CLIENT_DESK_PART_OPEN_H
#define IPC_CLIENT_DESK_PART_OPEN_H

#include "audit/base/json.h"
#include "ceremony/key/payload.h"
#include "ceremony/slip39/slip39.h"

/* What is known before the box is opened; "" where nothing is. */
struct part_expected {
    struct slice ceremony; /* asked for */
    struct slice guardian; /* the login the part is for */
};

/* Filled by part_open, given back by part_opened_done. */
struct part_opened {
    struct secret *room;         /* payload borrows from it */
    struct payload_part payload; /* slices borrowed */
    struct slip39_part part;
    uint8_t header[SLIP39_HEADER_BYTES];
};

/* Opens `sealed` of an answer of part.view or part.download and compares. ERR_PARTS, part_mismatch:
 * the answer is none, or what was opened is not the part that was announced (the sentence says in
 * what): nothing in it may be trusted. Else the faults of payload_open_part, ERR_NO_MEMORY. */
MUST_CHECK enum err part_open(const struct json *answer, const struct part_expected *expected,
                              const struct secret *key, struct part_opened *out,
                              struct fault *fault);

/* Does a part that was read elsewhere (typed, out of a file) claim to be the part with this index
 * in this ceremony, as ceremony.status tells it? ERR_PARTS: foreign, wrong_header, not_yours. */
MUST_CHECK enum err part_claims(const struct slip39_part *part, const struct json *ceremony,
                                int64_t index, struct fault *fault);

void part_opened_done(struct part_opened *opened);

#endif
