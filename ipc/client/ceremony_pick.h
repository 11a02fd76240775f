/* Which ceremony is meant by what was typed. Not thread-safe. */
#ifndef IPC_CLIENT_CEREMONY_PICK_H
#define IPC_CLIENT_CEREMONY_PICK_H

#include "audit/base/uuid.h"
#include "ipc/client/client.h"

#define CEREMONY_PICK_HELP                                                           \
    "CEREMONY is its id, the first four or more characters of the id, or its name, " \
    "if only\none has it.\n"

/* The id of the ceremony: as it is if it is a whole id, else the one ceremony among those the
 * caller may see whose id begins so (four characters or more) or which has exactly this name. Tells
 * the refusal when there is none or more than one. Returns an exit code. */
enum client_exit ceremony_pick(struct client *client, const char *typed,
                               char out_id[UUID_TEXT_BYTES + 1]);

/* The same without a refusal where none is found ("" then; also if the caller may not list, which
 * *out_why says): the trail may know ceremonies that the daemon does not hold. */
enum client_exit ceremony_pick_known(struct client *client, const char *typed,
                                     char out_id[UUID_TEXT_BYTES + 1], enum err *out_why);

/* The same as ceremony_pick, and its status: *out lives until the next call. */
enum client_exit ceremony_pick_status(struct client *client, const char *typed,
                                      char out_id[UUID_TEXT_BYTES + 1], const struct json **out);

#endif
