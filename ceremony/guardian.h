/* The register of guardians: who may hold a part, and to which key it is sealed.
 * Functions with an act run inside it (act.h); the others under ceremonies_lock. Texts of rows are
 * borrowed from the caller or live in the arena. */
#ifndef CEREMONY_GUARDIAN_H
#define CEREMONY_GUARDIAN_H

#include "ceremony/act.h"
#include "ceremony/key/key.h"

#define GUARDIAN_LOGIN_BYTES 128
#define GUARDIAN_TEXT_BYTES 256 /* of name, e-mail and the like */

/* What an update changes; a member whose data is NULL stays as it is. */
struct guardian_update {
    struct slice login; /* whose */
    struct slice id, name, email, phone, privilege, public_key;
    struct slice reason;
};

/* Adds a guardian, active at once; *out is the row as it will stand. login, name and id are needed;
 * who has no public_key (its data NULL) can hold parts of tracked ceremonies only. Faults:
 * ERR_INVALID_PARAMS (bad_value, too_long, unsupported_public_key, weak_public_key; field names the
 * parameter), ERR_WRONG_STATE login_taken, public_key_taken. */
MUST_CHECK enum err guardian_add(struct act *act, const struct guardian_row *wanted,
                                 struct guardian_row *out, struct fault *fault);

/* Changes what is given. A new key does not seal anew what was sealed to the old one. Faults as
 * above; ERR_NOT_FOUND unknown_guardian; ERR_INVALID_PARAMS nothing_to_change. */
MUST_CHECK enum err guardian_update(struct act *act, const struct guardian_update *update,
                                    struct guardian_row *out, struct fault *fault);

/* Activates or deactivates. Who holds a part of a live ceremony and is deactivated is told to the
 * SIEM for each of them (Inactive Guardian). ERR_NOT_FOUND unknown_guardian; ERR_WRONG_STATE when
 * it is so already. */
MUST_CHECK enum err guardian_set_active(struct act *act, struct slice login, bool active,
                                        struct slice reason, struct guardian_row *out,
                                        struct fault *fault);

/* The row, or ERR_NOT_FOUND unknown_guardian with a fault. */
MUST_CHECK enum err guardian_find(struct store *store, struct arena *arena, struct slice login,
                                  struct guardian_row *out, struct fault *fault);

/* Puts the state of a guardian and what may be done with one into the fault of an ERR_WRONG_STATE,
 * as data.state and data.possible. */
void guardian_add_state(const struct guardian_row *row, struct fault *fault);

/* The fingerprint of a row's key, for people; empty without a key. */
void guardian_fingerprint(const struct guardian_row *row, char out[KEY_FINGERPRINT_TEXT + 1]);

/* A text a person gives: UTF-8, no control characters, 1 (least 1) to most octets.
 * ERR_INVALID_PARAMS bad_value or too_long; name is the parameter's. */
MUST_CHECK enum err check_person_text(const char *name, struct slice text, size_t least,
                                      size_t most, struct fault *fault);

#endif
