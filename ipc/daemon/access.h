/* Who is calling: a connection becomes a peer with roles (contract section 2). */
#ifndef IPC_DAEMON_ACCESS_H
#define IPC_DAEMON_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum role {
    ROLE_OPERATOR = 1,
    ROLE_GUARDIAN = 2,
    ROLE_WORKFLOW = 4,
    ROLE_PRODUCER = 8,
    ROLE_AUDITOR = 16,
};

#define ACCESS_TEXT_BYTES 128
#define ACCESS_TYPES_MAX 32

/* Facts about a caller that no entry gives: what stands there is a default, and if the login is a
 * guardian's the guardian's own facts go before it. */
#define ACCESS_ID_DEFAULT 1u
#define ACCESS_NAME_DEFAULT 2u
#define ACCESS_PRIVILEGE_DEFAULT 4u

/* One entry of the access table, by value. */
struct access_entry {
    bool by_listener; /* else by uid */
    uint32_t uid;
    char listener[256];
    unsigned roles; /* enum role, or-ed */
    char login[ACCESS_TEXT_BYTES];
    char id[ACCESS_TEXT_BYTES];                      /* suid; default the uid */
    char name[ACCESS_TEXT_BYTES];                    /* sname; default the login */
    char privilege[ACCESS_TEXT_BYTES];               /* spriv; default by role */
    unsigned defaults;                               /* ACCESS_…_DEFAULT, or-ed */
    char types[ACCESS_TYPES_MAX][ACCESS_TEXT_BYTES]; /* globs a producer may emit; none: all */
    size_t type_count;
};

/* Who a connection is. By value; made once, at accept. */
struct peer {
    unsigned roles;                /* 0: nobody */
    uint32_t uid;                  /* of an ipc:// peer, UINT32_MAX if not known */
    char login[ACCESS_TEXT_BYTES]; /* "uid 1000" for nobody */
    char id[ACCESS_TEXT_BYTES];
    char name[ACCESS_TEXT_BYTES];
    char privilege[ACCESS_TEXT_BYTES];
    unsigned defaults;                /* ACCESS_…_DEFAULT, or-ed */
    char address[64];                 /* of a TCP peer, "" on ipc */
    const struct access_entry *entry; /* NULL for nobody; pinned with the configuration: see
                                         access_identify */
};

struct config;

/* Looks the uid of an ipc:// peer up in the configuration's access table. entry points into that
 * configuration, which the caller must keep while the peer lives. */
void access_identify(const struct config *config, uint32_t uid, struct peer *out);

/* The word of a single role ("workflow"), and back (0 if there is no such). */
const char *role_word(enum role role);
unsigned role_from_word(const char *word);

/* The most telling role of a set, for `via`: workflow, operator, producer, auditor, guardian. */
const char *role_foremost(unsigned roles);

#endif
