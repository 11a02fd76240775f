/* One value of the configuration: from its text to its place in a struct. Knows every kind that is
 * a single text; thread-safe. */
#ifndef IPC_DAEMON_CONFIG_VALUE_H
#define IPC_DAEMON_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/base/slice.h"
#include "ipc/daemon/config_setting.h"

#define CONFIG_SOCKET_PATH_MAX 107 /* octets of a unix socket's path: sun_path less its NUL */

/* Reads the text and fills the place (setting->size octets). NULL when it is taken; else what is
 * wrong with it, as the end of a sentence that begins with the value ("is no number"), and the
 * place is untouched. Users and groups are looked up: that may block. */
const char *setting_read(const struct setting *setting, struct slice text, void *place);

/* What would be right, as the end of a sentence that begins with "write" ("a whole number from 1 to
 * 1024"). */
void value_expects(const struct setting *setting, char *out, size_t size);

/* Writes text and a NUL into place[size]. NULL, or what is wrong: too long, control characters. */
const char *value_put_text(struct slice text, char *place, size_t size);

#endif
