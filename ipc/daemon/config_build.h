/* From the tree of a file to a whole configuration: every setting of the table read or set to its
 * default, every list bounded, what must fit together checked. Not thread-safe. */
#ifndef IPC_DAEMON_CONFIG_BUILD_H
#define IPC_DAEMON_CONFIG_BUILD_H

#include "ipc/daemon/config.h"
#include "ipc/daemon/config_problem.h"
#include "ipc/daemon/config_yaml.h"

/* The configuration of one user, or NULL when there is no memory (noted in problems). When problems
 * has any afterwards the configuration is good for nothing but config_release. */
struct config *config_build(const struct config_document *document, struct problems *problems);

/* The same from nothing but the table's defaults, with this state.directory. */
struct config *config_build_defaults(const char *state_directory, struct problems *problems);

#endif
