/* Guarded memory: the only home of a key, a part of one, a passphrase or a one-time code.
 *
 * Every secret lies in memory of its own from libsodium: between guard pages, locked (never in swap
 * where the system allows it), left out of core dumps, overwritten before it is given back. No
 * function of the printf family ever takes one. Thread-safe as malloc is; a secret itself belongs
 * to whoever made it. */
#ifndef AUDIT_BASE_SECRET_H
#define AUDIT_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"

struct secret {
    uint8_t *data;   /* capacity octets, all zero at first */
    size_t length;   /* octets in use, 0..capacity; whoever fills the secret sets it */
    size_t capacity; /* octets there are */
};

/* A new secret of the given capacity (1..16 MiB), its length 0. NULL when there is no memory. Owned
 * by the caller: secret_free. */
struct secret *secret_new(size_t capacity);

/* The same, already filled with a copy of the data (its length is the data's). */
struct secret *secret_copy(const void *data, size_t length);

/* Wipes and gives back; NULL is fine. */
void secret_free(struct secret *secret);

/* Appends to the secret; ERR_NO_MEMORY when the capacity does not hold it (nothing is appended). */
enum err secret_append(struct secret *secret, const void *data, size_t length) MUST_CHECK;

/* Wipes the contents; the length is 0 again. */
void secret_clear(struct secret *secret);

/* Whether both hold the same octets, found in a time that depends on their lengths alone. */
bool secret_equal(const struct secret *a, const struct secret *b);

/* Clears the registers that copies and ciphers go through (vector registers; on x86-64 as far as
 * the processor has them, nothing elsewhere): a copy leaves its last octets there until the next
 * one, and whoever looks at a thread sees them. Right behind a copy of a secret into memory that
 * will be wiped. */
void secret_clear_registers(void);

/* What the calling thread still holds of secrets when the functions that had them have returned:
 * the stack below the caller (64 KiB of it, which must be there) and those registers. */
void secret_leave_nothing(void);

/* For whatever holds secrets, before the first: no core dumps, no debugger, nobody reads the memory
 * of this process through /proc (RLIMIT_CORE 0 and PR_SET_DUMPABLE 0, both of this process and what
 * it becomes until it executes another program). False if the system refuses. */
bool secret_protect_process(void);

/* Whether this process may lock memory at all. If not (RLIMIT_MEMLOCK), secrets work but may be
 * swapped: say so at the start. */
bool secret_memory_locks(void);

#endif
