/* Asking a person for a secret, and showing one: on the terminal the program was started from
 * (/dev/tty), never on its standard streams, and without echo. Whatever ends or stops the program
 * while it asks, the terminal echoes again. One thread at a time: it takes the signals of the
 * process while it asks. Blocks until there is an answer. */
#ifndef IPC_CLIENT_PROMPT_H
#define IPC_CLIENT_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/secret.h"

/* Asks and reads a line, without its end, which may be empty; owned by the caller. ERR_IO with a
 * fault (reason io): there is no terminal, it was closed, or the program was told to end and did
 * not. ERR_INVALID_PARAMS, too_long, when the line has more than `most` octets; ERR_NO_MEMORY. */
MUST_CHECK enum err prompt_secret(const char *question, size_t most, struct secret **out_answer,
                                  struct fault *fault);

/* Shows a secret between two texts. ERR_IO. */
MUST_CHECK enum err prompt_show(const char *before, const struct secret *secret, const char *behind,
                                struct fault *fault);

#endif
