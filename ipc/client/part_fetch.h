/* A guardian gets the own part: asks the daemon for it, opens and checks it. Not thread-safe. */
#ifndef IPC_CLIENT_PART_FETCH_H
#define IPC_CLIENT_PART_FETCH_H

#include "ceremony/key/statement.h"
#include "ipc/client/ceremony_pick.h"
#include "ipc/client/desk/part_open.h"
#include "ipc/client/verb.h"

/* What was asked for, and what came of it. Made with the first four members; part_fetching_done. */
struct part_fetching {
    const struct verb *verb;
    const char *typed; /* the ceremony */
    const char *key_file;
    const char *passphrase_file;
    char id[UUID_TEXT_BYTES + 1];
    char guardian[256]; /* the own login, "" if it is not known */
    char others[512];   /* the logins of the other guardians, as the daemon names them */
    bool tracked;       /* there is no part to open */
    struct part_opened opened;
    uint8_t challenge[STATEMENT_CHALLENGE_BYTES];
};

/* The login of who calls: what --as says, else that of the own entry; "" if there is none. */
enum client_exit part_own_login(struct client *client, char out[256]);

/* Opens the key file, asks (part.view, or part.download), opens the part and compares it. The
 * process is protected already. Tells what goes wrong; CLIENT_FAULT_FOUND when the part is not what
 * it claims to be. *out_answer lives until the next call. */
enum client_exit part_fetch(struct client *client, const char *method,
                            struct part_fetching *fetching, const struct json **out_answer);

/* The challenge of an answer; false if there is none. */
bool part_challenge(const struct json *answer, uint8_t out[STATEMENT_CHALLENGE_BYTES]);

void part_fetching_done(struct part_fetching *fetching);

#endif
