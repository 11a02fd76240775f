#include "ipc/client/command_parts.h"

#include <assert.h>

#include "ipc/client/offline/offline.h"

static_assert((int)OFFLINE_REFUSED == (int)CLIENT_REFUSED &&
                  (int)OFFLINE_USAGE == (int)CLIENT_USAGE &&
                  (int)OFFLINE_MISMATCH == (int)CLIENT_FAULT_FOUND,
              "the exit codes are the same");

enum client_exit command_combine(struct client *client, int argc, char **argv)
{
    if (client->json) {
        offline_tell_json();
    }
    return (enum client_exit)offline_combine("guardianctl combine", argc, argv);
}

enum client_exit command_split(struct client *client, int argc, char **argv)
{
    if (client->json) {
        offline_tell_json();
    }
    return (enum client_exit)offline_split("guardianctl split", argc, argv);
}
