/* The database of what the log must not hold: guardians, ceremonies, sealed parts, pending acts.
 * The only place that speaks SQL (SQLite: WAL, synchronous FULL, secure_delete, foreign_keys).
 *
 * It is no projection of the log, and never ahead of it: every change is prepared (one pending row,
 * committed), then its event is made durable in the log, then it is applied (one transaction that
 * also deletes the row and notes the event's index). After a crash the next open decides each
 * pending row by whether the log holds its event.
 *
 * Not thread-safe: one thread at a time (the caller's lock). Times are microseconds since 1970, 0:
 * never. Text and octets of rows live in the arena that was given. All fallible functions fail with
 * ERR_IO (the database cannot be read or written; the fault has SQLite's words) or ERR_NO_MEMORY
 * beside what they say. */
#ifndef CEREMONY_STORE_H
#define CEREMONY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/arena.h"
#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/slice.h"
#include "audit/log/log.h"
#include "ceremony/change.h"

#define STORE_EVENT_BYTES 36 /* a UUID as text */
#define STORE_REQUEST_HASH_BYTES 32
#define STORE_REQUEST_KEPT_US (INT64_C(24) * 3600 * 1000000)

struct store;

/* Opens or makes <state>/guardian.db (mode 0600) and settles pending rows: the log is read from the
 * size each row noted on; a row whose event is there is applied, any other is dropped. ERR_DAMAGED
 * (nothing is changed): no database beside a log with entries; not a database, or one of a later
 * version; it has noted an index at or beyond the log's end: the fault says which of the two is
 * behind. new_database: make one although the log has entries (after a loss; asked for by a
 * person); an existing file is refused then with ERR_IN_USE. log is borrowed during the call. */
MUST_CHECK enum err store_open(const char *path, struct log *log, bool new_database,
                               struct store **out, struct fault *fault);
void store_close(struct store *store);

/* ---- acts ------------------------------------------------------------------------------------ */

/* Identity of a request: whose it is (role and login, for a workflow with the actor), its id, and a
 * hash over method and parameters. id empty: the act has none. */
struct store_request {
    struct slice owner;
    struct slice id;
    uint8_t hash[STORE_REQUEST_HASH_BYTES];
};

struct store_act {
    char event[STORE_EVENT_BYTES + 1]; /* UUID of the act's first event */
    const struct change *change;
    struct store_request request;
    struct slice answer;  /* to a repeat of the request; what must not be stored: empty */
    bool answer_withheld; /* the answer holds a secret: a repeat is told that it is gone */
    uint64_t log_size;    /* entries in the log now */
    int64_t now_us;
};

/* Commits the pending row. Nothing has happened yet. */
MUST_CHECK enum err store_prepare(struct store *store, const struct store_act *act,
                                  struct fault *fault);

/* The event is durable at index: makes the change. A failure is fatal for the daemon: the next
 * start applies it. */
MUST_CHECK enum err store_apply(struct store *store, const char *event, uint64_t index,
                                struct fault *fault);

/* The event was refused for good (nothing of it is in the log): forgets the row. */
MUST_CHECK enum err store_drop(struct store *store, const char *event, struct fault *fault);

enum store_request_state {
    STORE_REQUEST_NEW,
    STORE_REQUEST_DONE,     /* *out_answer is what was answered */
    STORE_REQUEST_WITHHELD, /* done, but the answer was not kept */
    STORE_REQUEST_REUSED,   /* known with another method or parameters */
};

/* Looks for a request of the last 24 hours; forgets older ones. */
MUST_CHECK enum err store_request_find(struct store *store, struct arena *arena,
                                       const struct store_request *request, int64_t now_us,
                                       enum store_request_state *out, struct slice *out_answer,
                                       struct fault *fault);

/* Empties the write-ahead log into the file, so that what was deleted is in neither. ERR_IN_USE if
 * a reader kept it from happening: try again. */
MUST_CHECK enum err store_truncate(struct store *store, struct fault *fault);

/* ---- rows ------------------------------------------------------------------------------------ */

struct guardian_row {
    struct slice login, id, name, email, phone, privilege, public_key;
    bool active;
    int64_t added_us, last_login_us, last_viewed_us, last_downloaded_us, last_proof_us;
};

struct ceremony_row {
    struct slice id, name;
    struct slice kind;  /* age, raw; empty for a tracked one */
    struct slice state; /* open, completed, cancelled, expired, retired */
    int64_t threshold, count, bits;
    bool confirm, all_required, rehearsal, tracked, imported;
    int64_t identifier; /* SLIP-39, -1 for a tracked one */
    struct slice check_value, recipient, key_id, started_by;
    int64_t started_us, ended_us, expires_us;
    struct slice ended_reason;
    struct slice erase_due; /* sealed parts were deleted for this reason; not yet told. Empty: no */
};

struct part_row {
    struct slice ceremony, guardian;
    int64_t number;           /* 1-based */
    struct slice header;      /* 5 octets, empty for a tracked ceremony */
    struct slice public_part; /* 32 octets (the part key's public half), or empty */
    struct slice guardian_key;
    struct slice sealed;    /* empty: erased or none */
    struct slice challenge; /* 32 octets, or empty */
    int64_t challenge_us, viewed_us, downloaded_us, confirmed_us;
    struct slice medium;
};

struct guardian_rows {
    struct guardian_row *rows;
    size_t count;
};
struct ceremony_rows {
    struct ceremony_row *rows;
    size_t count;
};
struct part_rows {
    struct part_row *rows;
    size_t count;
};

/* One row, or ERR_NOT_FOUND (without a fault: the caller knows what was asked). */
MUST_CHECK enum err store_guardian(struct store *store, struct arena *arena, struct slice login,
                                   struct guardian_row *out, struct fault *fault);
MUST_CHECK enum err store_guardian_of_key(struct store *store, struct arena *arena,
                                          struct slice public_key, struct guardian_row *out,
                                          struct fault *fault);
MUST_CHECK enum err store_ceremony(struct store *store, struct arena *arena, struct slice id,
                                   struct ceremony_row *out, struct fault *fault);
MUST_CHECK enum err store_ceremony_of_identifier(struct store *store, struct arena *arena,
                                                 int64_t identifier, struct ceremony_row *out,
                                                 struct fault *fault);
MUST_CHECK enum err store_part_of_guardian(struct store *store, struct arena *arena,
                                           struct slice ceremony, struct slice login,
                                           struct part_row *out, struct fault *fault);

/* The one that the login holds of the ceremony that began last, without what is sealed. */
MUST_CHECK enum err store_last_part_of_guardian(struct store *store, struct arena *arena,
                                                struct slice login, struct part_row *out,
                                                struct fault *fault);

/* Lists, in order: guardians by login; ceremonies by start (all, those in which the login holds a
 * part; of those open beyond their expiry at now_us and of those with erase_due the first alone, as
 * whoever asks deals with one at a time, however many there are); parts by number. */
MUST_CHECK enum err store_guardians(struct store *store, struct arena *arena,
                                    struct guardian_rows *out, struct fault *fault);
MUST_CHECK enum err store_ceremonies(struct store *store, struct arena *arena,
                                     struct ceremony_rows *out, struct fault *fault);
MUST_CHECK enum err store_ceremonies_of_guardian(struct store *store, struct arena *arena,
                                                 struct slice login, struct ceremony_rows *out,
                                                 struct fault *fault);
MUST_CHECK enum err store_ceremonies_expired(struct store *store, struct arena *arena,
                                             int64_t now_us, struct ceremony_rows *out,
                                             struct fault *fault);
MUST_CHECK enum err store_ceremonies_erase_due(struct store *store, struct arena *arena,
                                               struct ceremony_rows *out, struct fault *fault);
MUST_CHECK enum err store_parts(struct store *store, struct arena *arena, struct slice ceremony,
                                struct part_rows *out, struct fault *fault);

/* The same without what is sealed: sealed is empty in every row. */
MUST_CHECK enum err store_part_states(struct store *store, struct arena *arena,
                                      struct slice ceremony, struct part_rows *out,
                                      struct fault *fault);

/* Visits the ceremonies one by one in the order of the list, all (login NULL) or those in
 * which the login holds a part. The row lives in the arena, which is reset before each: the memory
 * does not grow with their number. The visit may read rows, but visit no ceremonies and change
 * nothing; what it returns beside OK ends the visits and is returned, with its fault. */
typedef enum err (*store_visit)(void *context, const struct ceremony_row *row, struct fault *fault);
MUST_CHECK enum err store_each_ceremony(struct store *store, struct arena *arena,
                                        const struct slice *login, store_visit visit, void *context,
                                        struct fault *fault);

/* Whether any ceremony ever had the identifier; how many bad submissions a login has had after
 * after_us and until now_us (later ones are of a clock that was set back since). */
MUST_CHECK enum err store_identifier_used(struct store *store, int64_t identifier, bool *out,
                                          struct fault *fault);
MUST_CHECK enum err store_bad_submissions(struct store *store, struct slice login, int64_t after_us,
                                          int64_t now_us, int64_t *out, struct fault *fault);

/* Until when a login is locked (0: it is not). A lock beyond latest_us, which no lock that begins
 * now could reach, is of a clock that was set back: it is made to end then, without an event. */
MUST_CHECK enum err store_locked_until(struct store *store, struct slice login, int64_t latest_us,
                                       int64_t *out_us, struct fault *fault);

/* A guardian called: noted without an event. */
MUST_CHECK enum err store_guardian_seen(struct store *store, struct slice login, int64_t now_us,
                                        struct fault *fault);

#endif
