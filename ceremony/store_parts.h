/* What the files of the store share: the connection, its prepared statements, and the one way to
 * run one. Private to store*.c. */
#ifndef CEREMONY_STORE_PARTS_H
#define CEREMONY_STORE_PARTS_H

#include <limits.h>
#include <stdint.h>

#include <sqlite3.h>

#include "ceremony/change.h"
#include "ceremony/store.h"

#define STORE_APPLICATION 0x4d4b4744 /* "MKGD" in the file's head: a database of ours */
#define STORE_VERSION 1              /* of tables and of serialised changes */

#define QUERY(name, sql) QUERY_##name,
enum store_query {
#include "ceremony/store_queries.def"
    QUERY_COUNT
};
#undef QUERY

struct store {
    sqlite3 *database;
    sqlite3_stmt *changes[CHANGE_COUNT];
    sqlite3_stmt *queries[QUERY_COUNT];
    char path[PATH_MAX];
};

/* One run of a statement: begin, give its values in order, step (as often as there are rows), end.
 * A failure sticks until the end, which tells it. Values are borrowed until then. */
struct store_call {
    struct store *store;
    sqlite3_stmt *statement;
    int given; /* values */
    int code;  /* SQLite's */
};

struct store_call store_query(struct store *store, enum store_query query);
struct store_call store_change(struct store *store, enum change_kind step);
void store_give_text(struct store_call *call, struct slice text);
void store_give_octets(struct store_call *call, struct slice octets);
void store_give_integer(struct store_call *call, int64_t value);
void store_give_null(struct store_call *call);

/* Whether there is a row (the next one), whose columns can be read then. */
bool store_step(struct store_call *call);

/* A column of the row, borrowed until the next step; null is empty. */
struct slice store_column(struct store_call *call, int column);

/* The statement can be run again. OK or what failed; what: "read", "change". */
MUST_CHECK enum err store_end(struct store_call *call, const char *what, struct fault *fault);

/* Begins, steps once, ends: for what gives no rows. */
MUST_CHECK enum err store_run(struct store_call *call, struct fault *fault);

/* Rows one after the other in an arena; rows is to be cast to what they are. */
struct store_list {
    void *rows;
    size_t row_bytes;
    size_t count;
};

/* The place for one more row; NULL if there is no memory. */
void *store_list_add(struct store_list *list, struct arena *arena);

/* What a result of SQLite means: ERR_NO_MEMORY, ERR_DAMAGED (the file), ERR_IN_USE, ERR_INTERNAL (a
 * mistake of ours, as a row that is there already), else ERR_IO. The fault names the file and has
 * SQLite's words for the failure that was last. */
enum err store_failed(struct store *store, int code, const char *what, struct fault *fault);

/* Decides each pending row by the log. ERR_DAMAGED, and nothing changed, if the log is behind. */
MUST_CHECK enum err store_settle(struct store *store, struct log *log, struct fault *fault);

#endif
