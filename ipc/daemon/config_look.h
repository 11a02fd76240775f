/* What the settings of a configuration point to: files, folders, sockets. For whoever asks before a
 * start (--check); the daemon itself finds out by using them. Thread-safe. */
#ifndef IPC_DAEMON_CONFIG_LOOK_H
#define IPC_DAEMON_CONFIG_LOOK_H

#include "ipc/daemon/config.h"
#include "ipc/daemon/config_problem.h"
#include "ipc/daemon/config_yaml.h"

/* What is there and wrong is a problem: the daemon would not use it. What is not there (yet) is a
 * warning, but for what the daemon makes when it starts; so is a setting that keeps sealed parts.
 * Changes nothing on disk. root says the
 * lines; NULL: embedded defaults. Blocks for the disk. */
void config_look(const struct config *config, const struct config_node *root,
                 struct problems *problems);

/* The same for the sinks alone and without warnings: what a reload must not change to. */
void config_look_at_sinks(const struct config *config, const struct config_node *root,
                          struct problems *problems);

#endif
