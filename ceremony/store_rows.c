#include "ceremony/store_parts.h"

/* Reads the columns of one row in their order; what fails sticks in the call. */
struct columns {
    struct store_call *call;
    struct arena *arena;
    int next;
};

static struct slice next_slice(struct columns *columns)
{
    struct slice borrowed = store_column(columns->call, columns->next++);
    if (borrowed.length == 0) {
        return (struct slice){NULL, 0};
    }
    struct slice copy = arena_copy(columns->arena, borrowed);
    if (copy.data == NULL) {
        columns->call->code = SQLITE_NOMEM;
    }
    return copy;
}

static int64_t next_integer(struct columns *columns)
{
    return sqlite3_column_int64(columns->call->statement, columns->next++);
}

static bool next_boolean(struct columns *columns)
{
    return next_integer(columns) != 0;
}

/* ---- one row of each kind, its columns in the order of store_queries.def --------------------- */

typedef void (*row_read)(struct columns *columns, void *out);

static void read_guardian(struct columns *columns, void *out)
{
    struct guardian_row *row = out;
    row->login = next_slice(columns);
    row->id = next_slice(columns);
    row->name = next_slice(columns);
    row->email = next_slice(columns);
    row->phone = next_slice(columns);
    row->privilege = next_slice(columns);
    row->public_key = next_slice(columns);
    row->active = next_boolean(columns);
    row->added_us = next_integer(columns);
    row->last_login_us = next_integer(columns);
    row->last_viewed_us = next_integer(columns);
    row->last_downloaded_us = next_integer(columns);
    row->last_proof_us = next_integer(columns);
}

static void read_ceremony(struct columns *columns, void *out)
{
    struct ceremony_row *row = out;
    row->id = next_slice(columns);
    row->name = next_slice(columns);
    row->kind = next_slice(columns);
    row->state = next_slice(columns);
    row->threshold = next_integer(columns);
    row->count = next_integer(columns);
    row->bits = next_integer(columns);
    row->confirm = next_boolean(columns);
    row->all_required = next_boolean(columns);
    row->rehearsal = next_boolean(columns);
    row->tracked = next_boolean(columns);
    row->imported = next_boolean(columns);
    row->identifier = next_integer(columns);
    row->check_value = next_slice(columns);
    row->recipient = next_slice(columns);
    row->key_id = next_slice(columns);
    row->started_by = next_slice(columns);
    row->started_us = next_integer(columns);
    row->ended_us = next_integer(columns);
    row->expires_us = next_integer(columns);
    row->ended_reason = next_slice(columns);
    row->erase_due = next_slice(columns);
}

static void read_part(struct columns *columns, void *out)
{
    struct part_row *row = out;
    row->ceremony = next_slice(columns);
    row->guardian = next_slice(columns);
    row->number = next_integer(columns);
    row->header = next_slice(columns);
    row->public_part = next_slice(columns);
    row->guardian_key = next_slice(columns);
    row->sealed = next_slice(columns);
    row->challenge = next_slice(columns);
    row->challenge_us = next_integer(columns);
    row->viewed_us = next_integer(columns);
    row->downloaded_us = next_integer(columns);
    row->confirmed_us = next_integer(columns);
    row->medium = next_slice(columns);
}

static void read_integer(struct columns *columns, void *out)
{
    *(int64_t *)out = next_integer(columns);
}

/* ---- one, all -------------------------------------------------------------------------------- */

/* The first row; ERR_NOT_FOUND without a fault if there is none. Ends the call. */
static enum err read_one(struct store_call *call, struct arena *arena, row_read read, void *out,
                         struct fault *fault)
{
    struct columns columns = {.call = call, .arena = arena};
    bool there = store_step(call);
    if (there) {
        read(&columns, out);
    }
    enum err err = store_end(call, "read", fault);
    return err == OK && !there ? ERR_NOT_FOUND : err;
}

/* All rows. Ends the call. */
static enum err read_all(struct store_call *call, struct arena *arena, row_read read,
                         struct store_list *list, struct fault *fault)
{
    while (store_step(call)) {
        struct columns columns = {.call = call, .arena = arena};
        void *place = store_list_add(list, arena);
        if (place == NULL) {
            call->code = SQLITE_NOMEM;
        } else {
            read(&columns, place);
        }
    }
    return store_end(call, "read", fault);
}

/* ---- guardians ------------------------------------------------------------------------------- */

static enum err one_guardian(struct store_call *call, struct arena *arena, struct guardian_row *out,
                             struct fault *fault)
{
    struct guardian_row row;
    enum err err = read_one(call, arena, read_guardian, &row, fault);
    if (err == OK) {
        *out = row;
    }
    return err;
}

enum err store_guardian(struct store *store, struct arena *arena, struct slice login,
                        struct guardian_row *out, struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_GUARDIAN);
    store_give_text(&call, login);
    return one_guardian(&call, arena, out, fault);
}

enum err store_guardian_of_key(struct store *store, struct arena *arena, struct slice public_key,
                               struct guardian_row *out, struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_GUARDIAN_OF_KEY);
    store_give_text(&call, public_key);
    return one_guardian(&call, arena, out, fault);
}

enum err store_guardians(struct store *store, struct arena *arena, struct guardian_rows *out,
                         struct fault *fault)
{
    struct store_list list = {.row_bytes = sizeof *out->rows};
    struct store_call call = store_query(store, QUERY_GUARDIANS);
    enum err err = read_all(&call, arena, read_guardian, &list, fault);
    if (err == OK) {
        *out = (struct guardian_rows){list.rows, list.count};
    }
    return err;
}

enum err store_guardian_seen(struct store *store, struct slice login, int64_t now_us,
                             struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_GUARDIAN_SEEN);
    store_give_integer(&call, now_us);
    store_give_text(&call, login);
    return store_run(&call, fault);
}

/* ---- ceremonies ------------------------------------------------------------------------------ */

static enum err one_ceremony(struct store_call *call, struct arena *arena, struct ceremony_row *out,
                             struct fault *fault)
{
    struct ceremony_row row;
    enum err err = read_one(call, arena, read_ceremony, &row, fault);
    if (err == OK) {
        *out = row;
    }
    return err;
}

static enum err all_ceremonies(struct store_call *call, struct arena *arena,
                               struct ceremony_rows *out, struct fault *fault)
{
    struct store_list list = {.row_bytes = sizeof *out->rows};
    enum err err = read_all(call, arena, read_ceremony, &list, fault);
    if (err == OK) {
        *out = (struct ceremony_rows){list.rows, list.count};
    }
    return err;
}

enum err store_ceremony(struct store *store, struct arena *arena, struct slice id,
                        struct ceremony_row *out, struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_CEREMONY);
    store_give_text(&call, id);
    return one_ceremony(&call, arena, out, fault);
}

enum err store_ceremony_of_identifier(struct store *store, struct arena *arena, int64_t identifier,
                                      struct ceremony_row *out, struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_CEREMONY_OF_IDENTIFIER);
    store_give_integer(&call, identifier);
    return one_ceremony(&call, arena, out, fault);
}

enum err store_ceremonies(struct store *store, struct arena *arena, struct ceremony_rows *out,
                          struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_CEREMONIES);
    return all_ceremonies(&call, arena, out, fault);
}

enum err store_ceremonies_of_guardian(struct store *store, struct arena *arena, struct slice login,
                                      struct ceremony_rows *out, struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_CEREMONIES_OF_GUARDIAN);
    store_give_text(&call, login);
    return all_ceremonies(&call, arena, out, fault);
}

enum err store_each_ceremony(struct store *store, struct arena *arena, const struct slice *login,
                             store_visit visit, void *context, struct fault *fault)
{
    struct store_call call =
        store_query(store, login == NULL ? QUERY_CEREMONIES : QUERY_CEREMONIES_OF_GUARDIAN);
    if (login != NULL) {
        store_give_text(&call, *login);
    }
    enum err err = OK;
    while (err == OK && store_step(&call)) {
        struct columns columns = {.call = &call, .arena = arena};
        struct ceremony_row row;
        arena_reset(arena);
        read_ceremony(&columns, &row);
        err = call.code == SQLITE_OK ? visit(context, &row, fault) : OK;
    }
    enum err ended = store_end(&call, "read", err == OK ? fault : NULL);
    return err == OK ? ended : err;
}

enum err store_ceremonies_expired(struct store *store, struct arena *arena, int64_t now_us,
                                  struct ceremony_rows *out, struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_CEREMONIES_EXPIRED);
    store_give_integer(&call, now_us);
    return all_ceremonies(&call, arena, out, fault);
}

enum err store_ceremonies_erase_due(struct store *store, struct arena *arena,
                                    struct ceremony_rows *out, struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_CEREMONIES_ERASE_DUE);
    return all_ceremonies(&call, arena, out, fault);
}

/* ---- parts ----------------------------------------------------------------------------------- */

static enum err all_parts(struct store_call *call, struct arena *arena, struct part_rows *out,
                          struct fault *fault)
{
    struct store_list list = {.row_bytes = sizeof *out->rows};
    enum err err = read_all(call, arena, read_part, &list, fault);
    if (err == OK) {
        *out = (struct part_rows){list.rows, list.count};
    }
    return err;
}

enum err store_parts(struct store *store, struct arena *arena, struct slice ceremony,
                     struct part_rows *out, struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_PARTS);
    store_give_text(&call, ceremony);
    return all_parts(&call, arena, out, fault);
}

enum err store_part_states(struct store *store, struct arena *arena, struct slice ceremony,
                           struct part_rows *out, struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_PART_STATES);
    store_give_text(&call, ceremony);
    return all_parts(&call, arena, out, fault);
}

static enum err one_part(struct store_call *call, struct arena *arena, struct part_row *out,
                         struct fault *fault)
{
    struct part_row row;
    enum err err = read_one(call, arena, read_part, &row, fault);
    if (err == OK) {
        *out = row;
    }
    return err;
}

enum err store_part_of_guardian(struct store *store, struct arena *arena, struct slice ceremony,
                                struct slice login, struct part_row *out, struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_PART_OF_GUARDIAN);
    store_give_text(&call, ceremony);
    store_give_text(&call, login);
    return one_part(&call, arena, out, fault);
}

enum err store_last_part_of_guardian(struct store *store, struct arena *arena, struct slice login,
                                     struct part_row *out, struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_LAST_PART_OF_GUARDIAN);
    store_give_text(&call, login);
    return one_part(&call, arena, out, fault);
}

/* ---- numbers --------------------------------------------------------------------------------- */

enum err store_identifier_used(struct store *store, int64_t identifier, bool *out,
                               struct fault *fault)
{
    int64_t used = 0;
    struct store_call call = store_query(store, QUERY_IDENTIFIER_USED);
    store_give_integer(&call, identifier);
    enum err err = read_one(&call, NULL, read_integer, &used, fault);
    if (err == OK) {
        *out = used != 0;
    }
    return err;
}

enum err store_bad_submissions(struct store *store, struct slice login, int64_t after_us,
                               int64_t now_us, int64_t *out, struct fault *fault)
{
    int64_t count = 0;
    struct store_call call = store_query(store, QUERY_BAD_SUBMISSIONS);
    store_give_text(&call, login);
    store_give_integer(&call, after_us);
    store_give_integer(&call, now_us);
    enum err err = read_one(&call, NULL, read_integer, &count, fault);
    if (err == OK) {
        *out = count;
    }
    return err;
}

static enum err shorten_lock(struct store *store, struct slice login, int64_t until_us,
                             struct fault *fault)
{
    struct store_call call = store_query(store, QUERY_LOCK_SHORTEN);
    store_give_integer(&call, until_us);
    store_give_text(&call, login);
    return store_run(&call, fault);
}

enum err store_locked_until(struct store *store, struct slice login, int64_t latest_us,
                            int64_t *out_us, struct fault *fault)
{
    int64_t until_us = 0;
    struct store_call call = store_query(store, QUERY_LOCKED_UNTIL);
    store_give_text(&call, login);
    enum err err = read_one(&call, NULL, read_integer, &until_us, fault);
    if (err == OK && until_us > latest_us) {
        until_us = latest_us;
        err = shorten_lock(store, login, until_us, fault);
    }
    if (err == OK || err == ERR_NOT_FOUND) {
        *out_us = until_us;
        err = OK;
    }
    return err;
}
