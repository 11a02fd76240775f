/* Guardians as clients: with keys of their own, they open their parts, sign, and bring them. */
#ifndef TESTS_INTEGRATION_PEOPLE_H
#define TESTS_INTEGRATION_PEOPLE_H

#include "audit/base/secret.h"
#include "ceremony/key/key.h"
#include "tests/integration/harness.h"

#define PEOPLE_MAX 16

struct person {
    char login[32];
    struct secret *key;
    char public_key[KEY_PUBLIC_TEXT + 1];
    char words[1024]; /* of the part viewed last */
    char challenge[64];
    uint8_t header[5];
};

struct people {
    struct person list[PEOPLE_MAX];
    size_t count;
    struct person receiver; /* whoever a key is delivered to */
    char ceremony[40];
};

/* The member of params that says for whom the workflow asks. */
#define ACTOR(login, name)                                                \
    "\"actor\":{\"suid\":\"7\",\"suser\":\"" login "\",\"sname\":\"" name \
    "\",\"spriv\":\"User\",\"originIP\":\"200.160.2.3\"}"
#define OPERATOR                                                                   \
    "\"actor\":{\"suid\":\"1\",\"suser\":\"operator\",\"sname\":\"The Operator\"," \
    "\"spriv\":\"Administrator\",\"originIP\":\"200.160.2.3\"}"

/* guardian1 … are registered with keys of their own. */
void people_register(struct harness *harness, struct people *people, size_t count);

/* A ceremony among all of them; extra are more members of params, ",…" or "". */
void people_start(struct harness *harness, struct people *people, int threshold, const char *kind,
                  const char *extra);

/* The person views the part (download: its PDF) and opens it with the own key. */
void person_take(struct harness *harness, struct people *people, size_t index, bool download);

/* The params of part.confirm by this person, signed. */
void person_confirm_params(const struct people *people, size_t index, char *out, size_t size);
void person_confirm(struct harness *harness, struct people *people, size_t index);

/* params of recovery.attempt with the parts of these people (indexes, ended by -1). */
void people_recover_params(const struct people *people, const int *indexes, const char *extra,
                           char *out, size_t size);

/* Opens a sealed_key of an answer: the key as text (identity or digits) into out. */
void people_open_key(const struct people *people, const struct json *answer, char *out,
                     size_t size);

void people_done(struct people *people);

#endif
