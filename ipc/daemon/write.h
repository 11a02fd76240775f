/* Members of answers, written one after the other: `,"name":value`. */
#ifndef IPC_DAEMON_WRITE_H
#define IPC_DAEMON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/buffer.h"
#include "audit/base/slice.h"

void write_text(struct buffer *out, const char *name, struct slice text);
void write_integer(struct buffer *out, const char *name, int64_t value);
void write_boolean(struct buffer *out, const char *name, bool value);

/* A time in microseconds as RFC 3339; nothing if it is 0. */
void write_time(struct buffer *out, const char *name, int64_t us);

/* Octets as base64 (RFC 4648 section 4), at most 4096 of them. */
void write_base64(struct buffer *out, const char *name, const void *octets, size_t length);

#endif
