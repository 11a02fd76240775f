/* Where a guardian that was given no configuration lives, and where its client finds it: one rule
 * for both. $GUARDIAN_HOME if set (absolute), else for root /var/lib/master_key_guardian, else
 * $XDG_STATE_HOME/master_key_guardian, else ~/.local/state/master_key_guardian (XDG Base Directory
 * Specification: a relative XDG_STATE_HOME is ignored). Thread-safe while nobody changes the
 * environment. */
#ifndef IPC_DAEMON_CONFIG_PATHS_H
#define IPC_DAEMON_CONFIG_PATHS_H

#include <stddef.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"

#define CONFIG_SYSTEM_DIRECTORY "/var/lib/master_key_guardian"
#define CONFIG_SOCKET_NAME "guardian.sock"

/* The private directory; nothing is made or looked at. ERR_CONFIGURATION with a sentence. */
MUST_CHECK enum err config_private_directory(char *out, size_t size, struct fault *fault);

/* The URL of the socket a daemon on embedded defaults listens on ("ipc:///…/guardian.sock").
 * ERR_CONFIGURATION if there is no such directory or the URL does not fit. */
MUST_CHECK enum err config_default_url(char *out, size_t size);

/* Makes the directory and those above it that are missing (mode 0700), and refuses one that is no
 * directory, is a symbolic link, belongs to another user or may be written by others. path is
 * absolute. Also for a configured state.directory. ERR_CONFIGURATION or ERR_IO. Blocks for the
 * disk. */
MUST_CHECK enum err config_directory_make(const char *path, struct fault *fault);

#endif
