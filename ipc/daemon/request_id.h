/* request_id: what makes a repeat a repeat (contract, section 3). */
#ifndef IPC_DAEMON_REQUEST_ID_H
#define IPC_DAEMON_REQUEST_ID_H

#include "ipc/daemon/methods.h"

/* The parameter, checked: 1 to 64 printable ASCII characters; *out empty if there is none.
 * ERR_INVALID_PARAMS bad_value. */
MUST_CHECK enum err request_id_read(const struct call *call, struct slice *out,
                                    struct fault *fault);

#endif
