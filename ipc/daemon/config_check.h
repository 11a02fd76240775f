/* What the single values of a configuration must be together. Thread-safe. */
#ifndef IPC_DAEMON_CONFIG_CHECK_H
#define IPC_DAEMON_CONFIG_CHECK_H

#include <stdbool.h>

#include "ipc/daemon/config.h"
#include "ipc/daemon/config_problem.h"
#include "ipc/daemon/config_yaml.h"

/* Users, sockets, sink names and sink files stand once; every sink's limit leaves room for the
 * shortest line. root says the lines; NULL: embedded defaults. */
void config_check(const struct config *config, const struct config_node *root,
                  struct problems *problems);

/* Does any event type of the catalogue match the glob? One that matches none is a slip that would
 * silently lose events. */
bool config_check_glob(const char *glob);

/* The line of a key in the n-th entry of a list; 1 if the file has no such. root may be NULL. */
int config_line_of(const struct config_node *root, const char *list, size_t n, const char *key);

#endif
