/* Recovery: enough parts, or the complete key, and the key comes back, sealed to whoever shall have
 * it; or it is said which part is wrong, and why. Never a wrong key. Functions run inside an act
 * (act.h), whose actor asks for the recovery. Follows parts.md section 8. */
#ifndef CEREMONY_RECOVERY_H
#define CEREMONY_RECOVERY_H

#include "ceremony/ceremony.h"
#include "ceremony/key/payload.h"

#define RECOVERY_PARTS_MAX 64 /* more than any ceremony has, so that all are judged */

struct recovery_order {
    struct slice ceremony;     /* id; empty: whichever the parts or the key belong to */
    const struct slice *parts; /* words of each, secret; part_count 0: the key is given */
    size_t part_count;
    struct slice key;        /* hexadecimal digits or AGE-SECRET-KEY-1…, secret */
    struct slice deliver_to; /* age1… */
    struct slice reason;     /* why, for the record; may be empty */
    struct slice origin_ip;  /* for the event when the actor has none */
};

struct recovery_outcome {
    struct slice attempt; /* id */
    struct ceremony_row ceremony;
    int64_t parts_sent;
    uint8_t sealed_key[PAYLOAD_SEALED_BYTES];
};

/* Judges every part (in the order of parts.md 8.3), combines, proves the key by the check value and
 * seals it. On a refusal the act tells it, with parts_needed and parts_sent. Faults:
 * ERR_INVALID_PARAMS (missing_parameter, bad_value, too_many_parts, those of a public key);
 * ERR_NOT_FOUND unknown_ceremony; ERR_WRONG_STATE one_desk_off, set_retired, tracked; ERR_LOCKED;
 * ERR_PARTS, with data.bad, data.parts_needed, data.parts_sent: the reason of the first bad part
 * (unknown_word, word_count, checksum, padding, foreign, wrong_header, altered, duplicate), or
 * too_few, digest, check_mismatch, wrong_key. A raw key takes 0.1 s. */
MUST_CHECK enum err recovery_attempt(struct act *act, const struct recovery_order *order,
                                     struct recovery_outcome *out, struct fault *fault);

struct recovery_report {
    struct slice ceremony; /* id of a tracked one, or empty */
    bool succeeded;
    int64_t parts_needed, parts_sent;
    struct slice reason;
    struct slice origin_ip;
};

/* Records how a recovery in another system went. ERR_NOT_FOUND unknown_ceremony; ERR_WRONG_STATE
 * not_tracked; ERR_INVALID_PARAMS bad_value. */
MUST_CHECK enum err recovery_record(struct act *act, const struct recovery_report *report,
                                    struct fault *fault);

#endif
