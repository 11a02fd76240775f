/* A call that is an act of the ceremony room: begun, handled, committed, and answered only then. */
#ifndef IPC_DAEMON_ACT_CALL_H
#define IPC_DAEMON_ACT_CALL_H

#include "ipc/daemon/methods.h"

/* Runs the method's handler within an act. A repeat of a request gets the first answer, be it an
 * error: then call->error_object holds it and the error is the caller's to write. Blocks for the
 * commit. */
MUST_CHECK enum err act_call(struct call *call, struct buffer *result, struct fault *fault);

#endif
