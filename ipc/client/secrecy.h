/* Before the first secret of a guardianctl process. */
#ifndef IPC_CLIENT_SECRECY_H
#define IPC_CLIENT_SECRECY_H

#include "audit/base/fault.h"

/* No core dumps, no debugger, and memory that is given back is overwritten (nng and the parser of
 * the command line keep secrets in ordinary memory for moments). Warns on standard error when
 * memory cannot be locked. ERR_INTERNAL: the system does not let this process hide its memory. */
MUST_CHECK enum err secrecy_begin(struct fault *fault);

#endif
