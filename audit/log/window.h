/* A file read through a window that moves: for start, which reads segments once from front to back.
 * With read calls and not a map, so that a bad sector is an error and not a signal. Not
 * thread-safe. */
#ifndef AUDIT_LOG_WINDOW_H
#define AUDIT_LOG_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"

struct window {
    int fd;
    uint64_t file_bytes; /* as it was opened */
    uint8_t *octets;
    size_t capacity;
    uint64_t offset; /* in the file, of octets[0] */
    size_t length;
};

void window_init(struct window *window);
void window_done(struct window *window);

/* Looks through another file from now on. ERR_IO with errno. */
MUST_CHECK enum err window_open(struct window *window, int directory_fd, const char *name);

/* The `length` octets at the offset, which the file must have; valid until the next call. ERR_IO
 * with errno (EIO too if the file has become shorter), ERR_NO_MEMORY. */
MUST_CHECK enum err window_at(struct window *window, uint64_t offset, size_t length,
                              const uint8_t **out);

#endif
