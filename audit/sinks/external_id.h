/* Reading the log index back out of a line of ours, whatever format and profile it was written in:
 * the key externalId (formats.md 3.4). A value that holds the text "externalId=" is no key: CEF
 * escapes '=' in values, RFC 5424 quotes them, Sensage puts a TAB before each key. Thread-safe. */
#ifndef AUDIT_SINKS_EXTERNAL_ID_H
#define AUDIT_SINKS_EXTERNAL_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/slice.h"

/* Finds the index in one line (without LF): bare CEF or Sensage, or an RFC 5424 message that has it
 * in its structured data or carries one of the two. log_id: the value must be log_id-INDEX; NULL:
 * INDEX alone. False if it is no such line, has no externalId or more than one, or one of another
 * log. */
bool external_id_find(struct slice line, const char *log_id, uint64_t *out_index);

/* Could these octets be the beginning of a line of ours that was cut anywhere? Not for the empty
 * slice. */
bool external_id_is_begun(struct slice octets);

#endif
