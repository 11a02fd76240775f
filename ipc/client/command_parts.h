/* guardianctl combine and split: the offline tools under guardianctl's name. */
#ifndef IPC_CLIENT_COMMAND_PARTS_H
#define IPC_CLIENT_COMMAND_PARTS_H

#include "ipc/client/client.h"

enum client_exit command_combine(struct client *client, int argc, char **argv);
enum client_exit command_split(struct client *client, int argc, char **argv);

#endif
