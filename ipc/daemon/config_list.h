/* The three lists of the configuration, listen, access and sinks: room for their elements, and what
 * stands in them when the file leaves them out. Not thread-safe. */
#ifndef IPC_DAEMON_CONFIG_LIST_H
#define IPC_DAEMON_CONFIG_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/daemon/config.h"
#include "ipc/daemon/config_problem.h"
#include "ipc/daemon/config_yaml.h"

struct list_room {
    char *first; /* the first element's struct, zeroed */
    size_t size; /* of one */
    size_t count;
};

/* Makes room for count elements of the list ("listen", "access", "sinks") and notes their number in
 * the configuration. False when there is no memory. */
bool list_make_room(struct config *config, const char *list, size_t count, struct list_room *out);

/* Makes the lists that root (may be NULL) has not, below config->state_directory: the socket
 * guardian.sock, the process's own uid as workflow, the CEF file siem.log. Then fills what entries
 * leave out: id, name and privilege of access, line of sinks. */
void list_fill(struct config *config, const struct config_node *root, struct problems *problems);

#endif
