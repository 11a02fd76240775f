/* Whom a workflow acts for: what --as and --from say, completed from the guardians' register, as
 * the member `actor` of params. Not thread-safe. */
#ifndef IPC_CLIENT_PERSON_NAMED_H
#define IPC_CLIENT_PERSON_NAMED_H

#include "ipc/client/session.h"

#define PERSON_NAMED_BYTES 2048

/* All zero: nobody. */
struct person_named {
    const char *option; /* LOGIN[:ID:NAME:PRIVILEGE], borrowed; NULL: nobody is named */
    const char *from;   /* an address, borrowed, or NULL */
    char login[256];
    char member[PERSON_NAMED_BYTES]; /* "actor":{…}, once it is known */
};

/* Reads the option; what is wrong with it, or NULL. */
const char *person_named_read(struct person_named *person);

/* Makes the member, once. Where ID, NAME or PRIVILEGE are left out, they are those of the guardian
 * of that login, else LOGIN, LOGIN and User; for that the daemon is asked. The arena is reset
 * then. ERR_CLOSED, ERR_TIMEOUT: it cannot be asked. */
MUST_CHECK enum err person_named_learn(struct person_named *person, struct session *session,
                                       struct arena *arena, struct fault *fault);

#endif
