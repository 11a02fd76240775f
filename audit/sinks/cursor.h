/* How far a sink is: one small file a sink, <state>/sinks/<name>, replaced whole (written beside,
 * synced, renamed). Its text proves itself: the last line is the SHA-256 of the lines above it, so
 * that a torn or edited file is seen and never believed. Log contract, section 2.
 *
 *     master_key_guardian sink cursor 1
 *     next 1234
 *     place 131:4096
 *     sha256 2f0c…
 *
 * Functions are thread-safe; one sink's file has one writer. */
#ifndef AUDIT_SINKS_CURSOR_H
#define AUDIT_SINKS_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/slice.h"

#define CURSOR_NAME_MAX 63
#define CURSOR_PLACE_BYTES 64

struct cursor {
    uint64_t next;                  /* the first index the sink is not through with */
    char place[CURSOR_PLACE_BYTES]; /* the transport's own note, printable ASCII without blanks; "":
                                       none */
};

/* May a sink be called so? 1-63 letters, digits, '_', '-', '.', not beginning with '.', and not
 * ending as the temporary files of a replacement do. */
bool cursor_name_is_good(const char *name);

/* Appends the text of the file. */
void cursor_write(struct buffer *buffer, const struct cursor *cursor);

/* Reads that text; false if it is anything else. */
bool cursor_parse(struct slice text, struct cursor *out);

/* Reads the cursor of that name; the folder must exist. No such file: OK, *out is all zero.
 * ERR_DAMAGED: it is no cursor; ERR_IO. */
MUST_CHECK enum err cursor_load(const char *directory, const char *name, struct cursor *out,
                                struct fault *fault);

/* Replaces it durably. Blocks for the syncs. ERR_IO: the old one or this one stands there, whole.
 */
MUST_CHECK enum err cursor_save(const char *directory, const char *name,
                                const struct cursor *cursor, struct fault *fault);

/* The highest `next` of all cursors in the folder; 0 if there are none or no folder. Temporary
 * files left by a crash are passed over. ERR_DAMAGED, ERR_IO. */
MUST_CHECK enum err cursor_known_size(const char *directory, uint64_t *out, struct fault *fault);

#endif
