/* Secrets through descriptors: read(2) and write(2), guarded memory, no stdio. */
#ifndef IPC_CLIENT_OFFLINE_STREAM_H
#define IPC_CLIENT_OFFLINE_STREAM_H

#include "audit/base/fault.h"
#include "audit/base/secret.h"
#include "audit/base/slice.h"

/* Reads to the end, at most so many octets (ERR_INVALID_PARAMS, too_large, above). `name` is for
 * the fault: "Standard input". Blocks. ERR_IO, ERR_NO_MEMORY. *out is the caller's. */
enum err stream_read(int fd, const char *name, size_t maximum, struct secret **out,
                     struct fault *fault) MUST_CHECK;

/* The same for a file by name. */
enum err stream_read_file(const char *path, size_t maximum, struct secret **out,
                          struct fault *fault) MUST_CHECK;

/* Writes all of it. Blocks. ERR_IO. */
enum err stream_write(int fd, const char *name, struct slice text, struct fault *fault) MUST_CHECK;

/* Would file_create be able to make it, as far as can be seen now? If not, a fault (ERR_IO;
 * `refused` if there is something of that name): better before the parts are typed than after. */
enum err stream_check_free(const char *path, struct fault *fault) MUST_CHECK;

#endif
