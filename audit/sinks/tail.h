/* The end of a file of lines: made whole after a crash, and asked which entry it holds last.
 * A process that dies leaves at most one line begun and not ended; a machine that dies may leave,
 * beyond what was synced, blocks of zeros that the file system never filled. */
#ifndef AUDIT_SINKS_TAIL_H
#define AUDIT_SINKS_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"

#define TAIL_LINE_MAX ((uint64_t)16 * 1024 * 1024) /* octets; no line of ours comes near it */

struct tail {
    uint64_t length;     /* of the file, afterwards */
    uint64_t torn_bytes; /* cut off behind `length`; 0: nothing */
    bool foreign_ended;  /* an unfinished line that is not ours was ended with LF, not cut */
    bool has_line;       /* is there a whole line? */
    bool has_index;      /* and does it tell its index? */
    uint64_t index;      /* of the last whole line */
};

/* Looks at the end of the file and mends it.
 *   fd      open for reading and appending; nobody else writes
 *   path    for sentences
 *   synced  octets known to be durable; UINT64_MAX: not known, all of them are believed
 *   log_id  as in render_options
 * What stands behind the last LF is cut off and that synced, if the file is ours (the line before
 * or the beginning of the torn one says so); else it is left and ended with LF: a file named by
 * mistake loses nothing. Behind `synced` a NUL octet counts as the end. ERR_IO; ERR_CONFIGURATION:
 * there is no line end within TAIL_LINE_MAX octets, so this is no file of lines. Blocks for disk.
 */
MUST_CHECK enum err tail_mend(int fd, const char *path, uint64_t synced, const char *log_id,
                              struct tail *out, struct fault *fault);

#endif
