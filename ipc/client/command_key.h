/* guardianctl key new, key public, key open: a guardian's own key. Offline: no daemon is asked. */
#ifndef IPC_CLIENT_COMMAND_KEY_H
#define IPC_CLIENT_COMMAND_KEY_H

#include "ipc/client/client.h"

enum client_exit command_key_new(struct client *client, int argc, char **argv);
enum client_exit command_key_public(struct client *client, int argc, char **argv);
enum client_exit command_key_open(struct client *client, int argc, char **argv);

#endif
