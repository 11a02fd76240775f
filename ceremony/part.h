/* A guardian's part: viewed, downloaded, confirmed. Functions run inside an act (act.h), whose
 * actor is the guardian. What is refused because of who or when is told, too. */
#ifndef CEREMONY_PART_H
#define CEREMONY_PART_H

#include "ceremony/ceremony.h"
#include "ceremony/key/statement.h"

#define PART_CHALLENGE_LIFE_US (INT64_C(24) * 3600 * 1000000)

struct part_taken {
    struct ceremony_row ceremony;
    struct part_row part; /* as it stands now; sealed empty in a tracked ceremony */
};

/* The actor takes a look at the own part, or its PDF. Faults: ERR_NOT_FOUND unknown_ceremony,
 * unknown_guardian; ERR_NOT_PERMITTED not_yours; ERR_WRONG_STATE guardian_inactive,
 * ceremony_cancelled, ceremony_expired, set_retired, part_collected. */
MUST_CHECK enum err part_take(struct act *act, struct slice ceremony, bool download,
                              struct part_taken *out, struct fault *fault);

/* The actor proves to have opened the part: signature (64 octets) is the statement `confirm` of the
 * part key over the live challenge. medium: how the client got at the words, "" or a word of at
 * most 32 octets. Faults as above, ERR_WRONG_STATE not_confirmable (tracked), challenge_stale;
 * ERR_PARTS bad_signature; ERR_LOCKED. */
MUST_CHECK enum err part_confirm(struct act *act, struct slice ceremony,
                                 const uint8_t signature[STATEMENT_SIGNATURE_BYTES],
                                 struct slice medium, struct part_taken *out, struct fault *fault);

#endif
