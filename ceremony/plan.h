/* Is a ceremony that somebody plans one that may be? Inside an act. For ceremony.c alone. */
#ifndef CEREMONY_PLAN_H
#define CEREMONY_PLAN_H

#include "ceremony/ceremony.h"

/* Checks all but the bits and reads the guardians, in the order of their parts, into out, which has
 * room for CEREMONY_PARTS_MAX. keys: each must have one. Faults as those of ceremony_start; field
 * names the parameter, or /guardians/N. */
MUST_CHECK enum err plan_check(struct act *act, const struct ceremony_plan *plan, bool keys,
                               struct guardian_row *out, struct fault *fault);

/* Does the kind have keys of so many bits? ERR_INVALID_PARAMS bad_bits. */
MUST_CHECK enum err plan_check_bits(const struct ceremony_plan *plan, struct fault *fault);

#endif
