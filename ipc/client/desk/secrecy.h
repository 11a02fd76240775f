/* Before the first secret of a guardianctl process, and where secrets go in the end. */
#ifndef IPC_CLIENT_DESK_SECRECY_H
#define IPC_CLIENT_DESK_SECRECY_H

#include "audit/base/fault.h"
#include "audit/base/secret.h"

/* No core dumps, no debugger, and memory that is given back is overwritten (nng and the parser of
 * the command line keep secrets in ordinary memory for moments). Warns on standard error when
 * memory cannot be locked. ERR_INTERNAL: the system does not let this process hide its memory. */
MUST_CHECK enum err secrecy_begin(struct fault *fault);

/* Writes all of a secret to a new file that only its owner can read (0600), or, without a path, to
 * standard output. Blocks. ERR_IO; something of that name is left as it is. */
MUST_CHECK enum err secrecy_write(const char *path, const struct secret *secret,
                                  struct fault *fault);

#endif
