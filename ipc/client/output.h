/* What guardianctl shows to people. Text from outside (names in the trail, sentences of a daemon,
 * the command line itself) may hold what a terminal obeys or what makes a reader see another text
 * than stands there: Unicode calls that Trojan Source (CVE-2021-42574; UTS 55). On a terminal such
 * characters stand as \u{202E}; records, lines and --json keep them as they are. Not thread-safe:
 * writes to the standard streams. */
#ifndef IPC_CLIENT_OUTPUT_H
#define IPC_CLIENT_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

#include "audit/base/json.h"
#include "audit/base/slice.h"

/* Prints text from outside: blanks at both ends taken off, TAB and line breaks as blanks, controls
 * and invisible characters as \u{…}, octets that are not UTF-8 as U+FFFD; cut to `columns` code
 * points and padded to them (0: neither). */
void output_text(struct slice text, size_t columns);

/* The same on standard error, whole. */
void output_error_text(struct slice text);

/* A label and what it is, in a line of its own; nothing when the text is empty. */
void output_pair(const char *label, struct slice text);

/* A time of the daemon's (RFC 3339, UTC) without its fraction, as 2026-11-24 17:49:41Z; anything
 * else as it is, a dash when it is empty. */
void output_moment(struct slice time, size_t columns);

/* Writes "Root (6f1a3c52, begun 2026-11-24)" of a ceremony as the daemon answers it to out, which
 * is cut to size, NUL and all: as output_text shows it. */
void output_ceremony(const struct json *ceremony, char *out, size_t size);

/* Text of a member for people ("" if it is absent, or `object` is none). */
struct slice output_member(const struct json *object, const char *name);

#endif
