/* What is told when a recovery was refused. Writes to standard error; never a word of a part. */
#ifndef IPC_CLIENT_RECOVER_TELL_H
#define IPC_CLIENT_RECOVER_TELL_H

#include "ipc/client/client.h"
#include "ipc/client/offline/part_text.h"

/* The daemon's refusal of the parts: for each bad one where it stands, which it is, whose it claims
 * to be, why it is refused and what to do; then how many more are needed. texts are the parts as
 * they were sent (empty when the complete key was); ceremony is the id of the one that was named,
 * or
 * "". May ask the daemon for the ceremonies, to tell two of one name apart: blocks. With --json as
 * client_tell. Returns the exit code. */
enum client_exit recover_tell(struct client *client, const struct fault *fault,
                              const struct part_texts *texts, const char *ceremony);

#endif
