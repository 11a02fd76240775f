/* Users, groups, names and addresses of this machine, as the configuration needs them. Blocks for
 * the system's databases. Thread-safe. */
#ifndef IPC_DAEMON_CONFIG_USER_H
#define IPC_DAEMON_CONFIG_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The number of the user or group of that name; false, and nothing set, if there is none. */
bool user_find(const char *name, uint32_t *out_uid);
bool group_find(const char *name, uint32_t *out_gid);

/* The name of the user, "uid1000" if it has none (or one that does not fit). */
void user_name(uint32_t uid, char *out, size_t size);

/* The home folder of the user; false if there is none or it does not fit. */
bool user_home(uint32_t uid, char *out, size_t size);

/* The machine's name if it is printable ASCII without spaces, else "localhost". */
void machine_name(char *out, size_t size);

/* The first address of this machine that is neither loopback nor link-local, IPv4 before IPv6;
 * 127.0.0.1 if there is none. */
void machine_address(char *out, size_t size);

#endif
