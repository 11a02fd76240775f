/* Shell-like patterns over words such as event types: `*` stands for any run of octets (none
 * included), `?` for exactly one octet, everything else for itself. No classes, no escapes: the
 * words have neither brackets nor backslashes. Thread-safe. */
#ifndef AUDIT_BASE_GLOB_H
#define AUDIT_BASE_GLOB_H

#include <stdbool.h>

#include "audit/base/slice.h"

/* Does the pattern cover the whole text? Takes at most length times length steps and no memory, so
 * that a pattern from a configuration can never hang the caller. */
bool glob_match(struct slice pattern, struct slice text);

#endif
