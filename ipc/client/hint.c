#include "ipc/client/hint.h"

#include <stddef.h>
#include <string.h>

struct hint {
    enum reason reason;
    const char *field; /* NULL: any */
    const char *text;
};

static const struct hint hints[] = {
    {REASON_missing_parameter, "/actor",
     "You are connected as a workflow: guardianctl --as LOGIN[:ID:NAME:PRIVILEGE] COMMAND …"},
    {REASON_actor_not_allowed, NULL, "Leave --as and --from out: you act as yourself."},
    {REASON_unknown_guardian, NULL,
     "guardianctl guardian list shows all; guardianctl guardian add registers one."},
    {REASON_unknown_ceremony, NULL, "guardianctl ceremony list shows those there are."},
    {REASON_guardian_inactive, NULL, "An operator may: guardianctl guardian activate LOGIN"},
    {REASON_guardian_without_key, NULL,
     "The guardian makes one with guardianctl key new; then guardianctl guardian update LOGIN "
     "--public-key age1…"},
    {REASON_threshold_equals_count, NULL, "If that is meant: --all-required"},
    {REASON_challenge_stale, NULL, "guardianctl part view CEREMONY --key FILE, and confirm again."},
    {REASON_part_collected, NULL,
     "The page that was downloaded has the words. If it is lost, tell the operator: the remaining "
     "parts\n  still open the key as long as there are enough of them."},
    {REASON_bad_signature, NULL,
     "Are these the words of this ceremony and of this guardian? guardianctl ceremony list shows "
     "which\n  ceremonies there are."},
    {REASON_wrong_passphrase, NULL, "Try again: nothing was sent, and nobody counts."},
    {REASON_bad_seal, NULL,
     "Is it the right key file? Compare guardianctl key public --fingerprint FILE with what\n"
     "  guardianctl guardian show LOGIN prints: if they differ, another key was registered; tell "
     "the\n  other guardians at once."},
};

const char *hint_for(const struct fault *fault)
{
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        if (hints[i].reason == fault->reason &&
            (hints[i].field == NULL || strcmp(hints[i].field, fault->field) == 0)) {
            return hints[i].text;
        }
    }
    return NULL;
}
