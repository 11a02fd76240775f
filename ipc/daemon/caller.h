/* Who acts in a call, and on whose behalf (contract, section 2). */
#ifndef IPC_DAEMON_CALLER_H
#define IPC_DAEMON_CALLER_H

#include "ipc/daemon/methods.h"

/* role/login of a connection, as the record's `via` has it; data NULL without memory. */
struct slice caller_via(struct arena *arena, const struct peer *peer);

/* Fills call->actor: the caller, or whom a workflow names in params.actor. Where a person acts who
 * is a guardian, what nobody has said of him (ID, name, privilege) is what the register says, and
 * that he was here is noted, at most once a minute. ERR_INVALID_PARAMS (missing_parameter,
 * actor_not_allowed, unknown_field, missing_field, bad_value), ERR_NO_MEMORY. May block for a
 * commit of the database. */
MUST_CHECK enum err caller_read(struct call *call, struct fault *fault);

#endif
