/* Ceremonies: a key made and shared (or held by another system and only tracked here), and the
 * states a ceremony goes through.
 *
 *     open -> completed      every guardian has viewed or downloaded and, if asked, confirmed
 *     open -> cancelled, open -> expired
 *
 * What may be done in which state is the table of parts.md section 15. Functions with an act run
 * inside it (act.h); the others under ceremonies_lock. Rows and texts live in the act's arena. */
#ifndef CEREMONY_CEREMONY_H
#define CEREMONY_CEREMONY_H

#include "ceremony/act.h"
#include "ceremony/key/key.h"

#define CEREMONY_NAME_BYTES 256
#define CEREMONY_PARTS_MAX 16
#define CEREMONY_EXPIRES_MAX_S (INT64_C(366) * 24 * 3600)

struct ceremony_plan {
    struct slice name;
    const struct slice *guardians; /* logins, in the order of their parts */
    size_t guardian_count;
    int64_t threshold;
    enum key_kind kind;
    int64_t bits;         /* 0: 256 */
    int64_t expires_in_s; /* 0: as the settings say */
    bool confirm;
    bool all_required; /* n of n, where one lost part loses the key, is meant so */
    bool rehearsal;
};

struct ceremony_made {
    struct ceremony_row row;
    struct part_rows parts;
    const char *warnings[4]; /* sentences for the operator */
    size_t warning_count;
};

/* Makes the key and its parts. Faults: ERR_INVALID_PARAMS (bad_value, too_long,
 * threshold_too_small, threshold_too_large, too_few_guardians, too_many_parts,
 * threshold_above_count, threshold_equals_count, guardian_twice, guardian_without_key, bad_bits),
 * ERR_NOT_FOUND unknown_guardian, ERR_WRONG_STATE guardian_inactive, identifiers_exhausted;
 * ERR_INTERNAL when the dealer's proof fails: the act then tells that the ceremony failed. */
MUST_CHECK enum err ceremony_start(struct act *act, const struct ceremony_plan *plan,
                                   struct ceremony_made *out, struct fault *fault);

/* Tracks a ceremony whose key and parts another system holds; kind, bits and confirm are not looked
 * at. Guardians need no key. Faults as above. */
MUST_CHECK enum err ceremony_track(struct act *act, const struct ceremony_plan *plan,
                                   struct ceremony_made *out, struct fault *fault);

/* Cancels an open ceremony and deletes its sealed parts; cancelling again is the same answer. */
MUST_CHECK enum err ceremony_cancel(struct act *act, struct slice id, struct slice reason,
                                    struct ceremony_row *out, struct fault *fault);

/* The row, or ERR_NOT_FOUND unknown_ceremony with a fault. */
MUST_CHECK enum err ceremony_find(struct store *store, struct arena *arena, struct slice id,
                                  struct ceremony_row *out, struct fault *fault);

/* The same for an act: an open ceremony whose time is over at the act's now_us counts as expired
 * already, although the next tick writes and tells it. */
MUST_CHECK enum err ceremony_find_for_act(struct act *act, struct slice id,
                                          struct ceremony_row *out, struct fault *fault);

/* Do its parts count: is it open or completed? */
bool ceremony_is_live(const struct ceremony_row *row);

/* pending, viewed, downloaded or confirmed. */
const char *part_state(const struct part_row *part);

/* ERR_WRONG_STATE with the reason, and with data.state and data.possible of the ceremony: what
 * somebody may do with it now (the parts are not given out once they are erased). */
enum err ceremony_refuse(const struct act *act, const struct ceremony_row *row, enum reason reason,
                         struct fault *fault, const char *sentence);

/* Completes the ceremony if nothing is missing any more; parts as they will stand. */
void ceremony_complete_if_due(struct act *act, struct ceremony_row *row,
                              const struct part_rows *parts);

/* Once a second: ceremonies that are over their time expire; what was deleted is emptied out of the
 * write-ahead log and then told. Speaks on stderr if that fails. */
void ceremonies_tick(struct ceremonies *ceremonies, struct arena *arena, int64_t now_us);

#endif
