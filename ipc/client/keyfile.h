/* A guardian's key file and its passphrase: made, and opened with what the person types or what a
 * file holds. Not thread-safe (prompt.h). Both block while a person thinks, and about a second
 * after that. Before either, secret_protect_process. */
#ifndef IPC_CLIENT_KEYFILE_H
#define IPC_CLIENT_KEYFILE_H

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/secret.h"

#define KEYFILE_PASSPHRASE_CHARACTERS_MIN 12
#define KEYFILE_PASSPHRASE_BYTES_MAX 1024

/* Makes a key and writes it to a new file (mode 0600) under a new passphrase: asked for twice on
 * the terminal, or, when nothing is typed, drawn and shown there; with passphrase_file (else NULL)
 * what stands there, without one LF or CRLF at its end. The key is owned by the caller. */
MUST_CHECK enum err keyfile_make(const char *path, const char *passphrase_file,
                                 struct secret **out_key, struct fault *fault);

/* Opens a key file. Whether it is one is said before anybody is asked for its passphrase. */
MUST_CHECK enum err keyfile_open(const char *path, const char *passphrase_file,
                                 struct secret **out_key, struct fault *fault);

#endif
