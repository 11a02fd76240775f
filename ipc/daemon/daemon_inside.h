/* The inside of the daemon, for daemon.c, daemon_geoip.c, daemon_reload.c, daemon_sinks.c and
 * daemon_tick.c alone. Main's thread calls everything here. */
#ifndef IPC_DAEMON_DAEMON_INSIDE_H
#define IPC_DAEMON_DAEMON_INSIDE_H

#include "ipc/daemon/config_paths.h"
#include "ipc/daemon/daemon.h"

#define DAEMON_ARENA_BYTES (1024u * 1024)
#define FOLDER_BYTES (CONFIG_PATH_BYTES + 16)

/* Emits one event of the daemon's own (urgent); a failure is said on stderr. NULL is an event that
 * there was no memory for. */
enum err daemon_emit(struct daemon *daemon, struct arena *arena, struct event *event);

/* Gives the ceremony room what the configuration says of it. */
void daemon_set_ceremonies(struct daemon *daemon, const struct config *config);

/* Loads the database; tells whoever reads stderr and the trail how it went. One that is refused, or
 * that the embedded defaults find no more, leaves the former one in force. */
void daemon_load_geoip(struct daemon *daemon, const struct config *config);

/* Where the sinks of this configuration keep their cursors. */
void daemon_cursors_folder(const struct config *config, char out[FOLDER_BYTES]);

/* Starts every sink of the configuration. On a fault those started before it stay in the list, for
 * daemon_stop_sinks. */
MUST_CHECK enum err daemon_start_sinks(struct daemon *daemon, struct fault *fault);

/* Starts, stops and reopens sinks so that those of config run. The cursors of sinks that go stay,
 * for a return under the same name. Only main changes the list; the lock is for those who read it.
 */
void daemon_reload_sinks(struct daemon *daemon, struct config *config);

/* Drains and ends all sinks at the same time. Blocks for limits.drain_ms at most, and for a call to
 * the disk that is under way. */
void daemon_stop_sinks(struct daemon *daemon);

#endif
