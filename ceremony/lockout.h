/* Lock-out of a login after too many submissions that no slip of the pen can produce (parts.md
 * section 13). Never of a ceremony: one person must not be able to block a recovery. Inside an act.
 */
#ifndef CEREMONY_LOCKOUT_H
#define CEREMONY_LOCKOUT_H

#include "ceremony/act.h"

/* ERR_LOCKED with data.until when the login is locked now. */
MUST_CHECK enum err lockout_check(struct act *act, struct slice login, struct fault *fault);

/* Notes one bad submission of the login; the one that is too many locks it and is told. ceremony
 * may be empty. */
MUST_CHECK enum err lockout_note(struct act *act, struct slice login, struct slice ceremony,
                                 struct fault *fault);

#endif
