#include "ceremony/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/base/file.h"
#include "audit/base/memory.h"
#include "ceremony/change_read.h"
#include "ceremony/store_parts.h"

/* Null and the empty value mean the same to whoever reads. Times are 0 where nothing happened. */
static const char schema[] =
    "PRAGMA auto_vacuum=NONE;"
    "BEGIN IMMEDIATE;"
    "CREATE TABLE meta (noted INTEGER NOT NULL) STRICT;"
    "INSERT INTO meta (noted) VALUES (0);"
    "CREATE TABLE guardian ("
    " login TEXT PRIMARY KEY NOT NULL, id TEXT, name TEXT, email TEXT, phone TEXT, privilege TEXT,"
    " public_key TEXT, active INTEGER NOT NULL, added_us INTEGER NOT NULL,"
    " last_login_us INTEGER NOT NULL DEFAULT 0, last_viewed_us INTEGER NOT NULL DEFAULT 0,"
    " last_downloaded_us INTEGER NOT NULL DEFAULT 0, last_proof_us INTEGER NOT NULL DEFAULT 0"
    ") STRICT;"
    "CREATE UNIQUE INDEX guardian_key ON guardian (public_key) WHERE public_key <> '';"
    "CREATE TABLE ceremony ("
    " id TEXT PRIMARY KEY NOT NULL, name TEXT, kind TEXT, state TEXT NOT NULL,"
    " threshold INTEGER NOT NULL, count INTEGER NOT NULL, bits INTEGER, confirm INTEGER NOT NULL,"
    " all_required INTEGER NOT NULL, rehearsal INTEGER NOT NULL, tracked INTEGER NOT NULL,"
    " imported INTEGER NOT NULL, identifier INTEGER, check_value TEXT, recipient TEXT,"
    " key_id TEXT, started_by TEXT, started_us INTEGER NOT NULL,"
    " ended_us INTEGER NOT NULL DEFAULT 0, expires_us INTEGER NOT NULL, ended_reason TEXT,"
    " erase_due TEXT"
    ") STRICT;"
    "CREATE UNIQUE INDEX ceremony_identifier ON ceremony (identifier) WHERE identifier >= 0;"
    "CREATE TABLE part ("
    " ceremony TEXT NOT NULL REFERENCES ceremony (id), number INTEGER NOT NULL,"
    " guardian TEXT NOT NULL REFERENCES guardian (login), header BLOB, public_part BLOB,"
    " guardian_key TEXT, sealed BLOB, challenge BLOB, challenge_us INTEGER NOT NULL DEFAULT 0,"
    " viewed_us INTEGER NOT NULL DEFAULT 0, downloaded_us INTEGER NOT NULL DEFAULT 0,"
    " confirmed_us INTEGER NOT NULL DEFAULT 0, medium TEXT,"
    " PRIMARY KEY (ceremony, number)"
    ") STRICT;"
    "CREATE UNIQUE INDEX part_guardian ON part (guardian, ceremony);"
    "CREATE TABLE bad_submission (login TEXT NOT NULL, at_us INTEGER NOT NULL) STRICT;"
    "CREATE INDEX bad_submission_login ON bad_submission (login, at_us);"
    "CREATE TABLE lock (login TEXT PRIMARY KEY NOT NULL, until_us INTEGER NOT NULL) STRICT;"
    "CREATE TABLE pending ("
    " event TEXT PRIMARY KEY NOT NULL, change BLOB NOT NULL, owner BLOB NOT NULL,"
    " request BLOB NOT NULL, hash BLOB NOT NULL, answer BLOB NOT NULL, withheld INTEGER NOT NULL,"
    " log_size INTEGER NOT NULL, at_us INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE request ("
    " owner BLOB NOT NULL, id BLOB NOT NULL, hash BLOB NOT NULL, answer BLOB NOT NULL,"
    " withheld INTEGER NOT NULL, at_us INTEGER NOT NULL, PRIMARY KEY (owner, id)"
    ") STRICT;"
    "CREATE INDEX request_at ON request (at_us);";

/* ---- the file -------------------------------------------------------------------------------- */

/* "./" in front of a relative path: SQLite must not take one for a URI or a name of its own. */
static enum err set_path(struct store *store, const char *path, struct fault *fault)
{
    int length =
        snprintf(store->path, sizeof store->path, "%s%s", path[0] == '/' ? "" : "./", path);
    if (length < 0 || (size_t)length >= sizeof store->path) {
        return fault_set(fault, ERR_IO, REASON_io, NULL,
                         "The path of the database is longer than %zu octets.",
                         sizeof store->path - 1);
    }
    return OK;
}

static enum err refuse_missing(const struct store *store, uint64_t entries, struct fault *fault)
{
    return fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                     "There is no database %s beside a log of %" PRIu64 " entries: the database "
                     "is behind. Put it back from where it is; after a loss start once with "
                     "--new-database and enter the guardians anew.",
                     store->path, entries);
}

static enum err refuse_existing(const struct store *store, struct fault *fault)
{
    return fault_set(fault, ERR_IN_USE, REASON_in_use, NULL,
                     "A new database was asked for, but %s exists. Start without --new-database, "
                     "or move that file away first.",
                     store->path);
}

/* Looks at the file (or that there is none) before SQLite does. *out_empty: nothing is in it. */
static enum err look_at_file(const struct store *store, int fd, bool *out_empty,
                             struct fault *fault)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return file_failed(fault, "look at", store->path, NULL);
    }
    if (!S_ISREG(status.st_mode)) {
        return fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                         "%s is not a file: the database must be one.", store->path);
    }
    if ((status.st_mode & 07777) != 0600 && fchmod(fd, 0600) != 0) {
        return file_failed(fault, "set the mode 0600 of", store->path, NULL);
    }
    *out_empty = status.st_size == 0;
    return OK;
}

/* After this the file is there, with mode 0600, which SQLite gives to those beside it. */
static enum err file_ready(const struct store *store, uint64_t entries, bool new_database,
                           struct fault *fault)
{
    bool refuse_nothing = entries > 0 && !new_database;
    bool empty = true;
    int fd;
    /* O_NONBLOCK: nobody may answer at the other end of what is not a file. */
    enum err err = file_open_at(AT_FDCWD, store->path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0, &fd);
    if (err != OK && errno == ENOENT && refuse_nothing) {
        return refuse_missing(store, entries, fault);
    }
    if (err != OK && errno == ENOENT) {
        err = file_open_at(AT_FDCWD, store->path, O_RDWR | O_CREAT | O_EXCL, 0600, &fd);
    }
    if (err != OK) {
        return file_failed(fault, "open the database", store->path, NULL);
    }
    err = look_at_file(store, fd, &empty, fault);
    /* Closed before SQLite opens the file: closing any descriptor of it gives up all its locks. */
    close(fd);
    if (err == OK && empty && refuse_nothing) {
        err = refuse_missing(store, entries, fault);
    }
    return err == OK && !empty && new_database ? refuse_existing(store, fault) : err;
}

/* ---- the connection -------------------------------------------------------------------------- */

static enum err execute(struct store *store, const char *sql, const char *what, struct fault *fault)
{
    int code = sqlite3_exec(store->database, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? OK : store_failed(store, code, what, fault);
}

/* What a question that has one row of one column is answered with. */
struct answer {
    int64_t number;
    char word[16];
};

static enum err ask(struct store *store, const char *sql, struct answer *out, struct fault *fault)
{
    sqlite3_stmt *statement = NULL;
    enum err err = OK;
    int code = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    if (code == SQLITE_ROW) {
        const char *word = (const char *)sqlite3_column_text(statement, 0);
        snprintf(out->word, sizeof out->word, "%s", word == NULL ? "" : word);
        out->number = sqlite3_column_int64(statement, 0);
    } else {
        err = store_failed(store, code, "read", fault);
    }
    sqlite3_finalize(statement);
    return err;
}

static void configure(struct store *store, int option, int value)
{
    int code = sqlite3_db_config(store->database, option, value, NULL);
    assert(code == SQLITE_OK);
    (void)code;
}

static enum err connect_file(struct store *store, struct fault *fault)
{
    /* Statement journals stay in memory: they would carry sealed parts into a folder for temporary
     * files. Refused (and in force already) when SQLite runs. */
    (void)sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(store->path, &store->database, flags, NULL);
    if (code != SQLITE_OK) {
        return store_failed(store, code, "open", fault);
    }
    /* Until it is known to be ours, and fit for this log, not even a checkpoint is made. */
    configure(store, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1);
    configure(store, SQLITE_DBCONFIG_DEFENSIVE, 1);
    configure(store, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
    configure(store, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0);
    configure(store, SQLITE_DBCONFIG_ENABLE_VIEW, 0);
    configure(store, SQLITE_DBCONFIG_ENABLE_FKEY, 1);
    /* One process: with the lock held for good WAL needs no shared memory, and no -shm file. */
    return execute(store,
                   "PRAGMA locking_mode=EXCLUSIVE;"
                   "PRAGMA temp_store=MEMORY;"
                   "PRAGMA cell_size_check=ON;"
                   "PRAGMA secure_delete=ON;"
                   "PRAGMA synchronous=FULL;",
                   "open", fault);
}

/* ---- what is in it --------------------------------------------------------------------------- */

/* One transaction, still with a rollback journal: a crash leaves an empty file or a whole one. */
static enum err make_schema(struct store *store, struct fault *fault)
{
    char head[128];
    snprintf(head, sizeof head, "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
             STORE_APPLICATION, STORE_VERSION);
    enum err err = execute(store, schema, "make", fault);
    return err == OK ? execute(store, head, "make", fault) : err;
}

static enum err check_version(struct store *store, struct fault *fault)
{
    struct answer application = {0};
    struct answer version = {0};
    enum err err = ask(store, "PRAGMA application_id", &application, fault);
    if (err == OK) {
        err = ask(store, "PRAGMA user_version", &version, fault);
    }
    if (err != OK) {
        return err;
    }
    if (application.number != STORE_APPLICATION) {
        return fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                         "%s is a database, but not one of the guardian: move it away.",
                         store->path);
    }
    if (version.number != STORE_VERSION) {
        return fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                         "The database %s is of version %" PRId64 ", this guardian knows version "
                         "%d: start the guardian that wrote it, or a later one.",
                         store->path, version.number, STORE_VERSION);
    }
    return OK;
}

static enum err enter_wal(struct store *store, struct fault *fault)
{
    struct answer mode = {0};
    enum err err = ask(store, "PRAGMA journal_mode=WAL", &mode, fault);
    if (err == OK && strcmp(mode.word, "wal") != 0) {
        err = fault_set(fault, ERR_IO, REASON_io, NULL,
                        "The database %s takes no write-ahead log where it lies: give it another "
                        "file system.",
                        store->path);
    }
    return err;
}

static enum err prepare_one(struct store *store, const char *sql, sqlite3_stmt **out,
                            struct fault *fault)
{
    int code = sqlite3_prepare_v3(store->database, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    if (code == SQLITE_OK) {
        return OK;
    }
    if (code == SQLITE_ERROR) {
        return fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                         "The tables in the database %s are not those of the guardian: %s.",
                         store->path, sqlite3_errmsg(store->database));
    }
    return store_failed(store, code, "read", fault);
}

static enum err prepare_all(struct store *store, struct fault *fault)
{
#define QUERY(name, sql) sql,
    static const char *const queries[] = {
#include "ceremony/store_queries.def"
    };
#undef QUERY
    enum err err = OK;
    for (int i = 0; err == OK && i < QUERY_COUNT; i++) {
        err = prepare_one(store, queries[i], &store->queries[i], fault);
    }
    for (int i = 0; err == OK && i < CHANGE_COUNT; i++) {
        enum change_kind step = (enum change_kind)i;
        err = prepare_one(store, change_sql(step), &store->changes[i], fault);
        assert(err != OK || (size_t)sqlite3_bind_parameter_count(store->changes[i]) ==
                                strlen(change_kinds(step)));
    }
    return err;
}

/* ---- the door -------------------------------------------------------------------------------- */

static enum err open_contents(struct store *store, uint64_t entries, bool new_database,
                              struct fault *fault)
{
    struct answer pages = {0};
    enum err err = ask(store, "PRAGMA page_count", &pages, fault);
    if (err == OK && pages.number == 0) {
        /* Empty, or it was when a crash ended its making. */
        err = entries > 0 && !new_database ? refuse_missing(store, entries, fault)
                                           : make_schema(store, fault);
    }
    if (err == OK) {
        err = check_version(store, fault);
    }
    if (err == OK) {
        err = enter_wal(store, fault);
    }
    return err == OK ? prepare_all(store, fault) : err;
}

enum err store_open(const char *path, struct log *log, bool new_database, struct store **out,
                    struct fault *fault)
{
    struct store *store = memory_allocate_zeroed(sizeof *store);
    if (store == NULL) {
        return fault_no_memory(fault);
    }
    uint64_t entries = log_size(log);
    enum err err = set_path(store, path, fault);
    if (err == OK) {
        err = file_ready(store, entries, new_database, fault);
    }
    if (err == OK) {
        err = connect_file(store, fault);
    }
    if (err == OK) {
        err = open_contents(store, entries, new_database, fault);
    }
    if (err == OK) {
        err = store_settle(store, log, fault);
    }
    if (err != OK) {
        store_close(store);
        return err;
    }
    configure(store, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0);
    *out = store;
    return OK;
}

void store_close(struct store *store)
{
    if (store == NULL) {
        return;
    }
    for (int i = 0; i < QUERY_COUNT; i++) {
        sqlite3_finalize(store->queries[i]);
    }
    for (int i = 0; i < CHANGE_COUNT; i++) {
        sqlite3_finalize(store->changes[i]);
    }
    int code = sqlite3_close(store->database);
    assert(code != SQLITE_BUSY); /* a statement was forgotten */
    (void)code;
    memory_free(store);
}
