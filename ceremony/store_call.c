#include <assert.h>
#include <string.h>

#include "ceremony/store_parts.h"

static struct store_call call_of(struct store *store, sqlite3_stmt *statement)
{
    return (struct store_call){.store = store, .statement = statement};
}

struct store_call store_query(struct store *store, enum store_query query)
{
    return call_of(store, store->queries[query]);
}

struct store_call store_change(struct store *store, enum change_kind step)
{
    return call_of(store, store->changes[step]);
}

static void keep(struct store_call *call, int code)
{
    if (call->code == SQLITE_OK) {
        call->code = code;
    }
}

/* SQLite takes a pointer that is NULL for the value null. */
static const char *data_of(struct slice slice)
{
    return slice.data == NULL ? "" : slice.data;
}

void store_give_text(struct store_call *call, struct slice text)
{
    keep(call, sqlite3_bind_text64(call->statement, ++call->given, data_of(text), text.length,
                                   SQLITE_STATIC, SQLITE_UTF8));
}

void store_give_octets(struct store_call *call, struct slice octets)
{
    keep(call, sqlite3_bind_blob64(call->statement, ++call->given, data_of(octets), octets.length,
                                   SQLITE_STATIC));
}

void store_give_integer(struct store_call *call, int64_t value)
{
    keep(call, sqlite3_bind_int64(call->statement, ++call->given, value));
}

void store_give_null(struct store_call *call)
{
    keep(call, sqlite3_bind_null(call->statement, ++call->given));
}

bool store_step(struct store_call *call)
{
    assert(call->given == sqlite3_bind_parameter_count(call->statement));
    if (call->code != SQLITE_OK) {
        return false;
    }
    int code = sqlite3_step(call->statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        call->code = code;
    }
    return code == SQLITE_ROW;
}

struct slice store_column(struct store_call *call, int column)
{
    const char *data = sqlite3_column_blob(call->statement, column);
    size_t length = (size_t)sqlite3_column_bytes(call->statement, column);
    if (data == NULL && length > 0) {
        keep(call, SQLITE_NOMEM);
        length = 0;
    }
    return (struct slice){data, length};
}

enum err store_end(struct store_call *call, const char *what, struct fault *fault)
{
    enum err err =
        call->code == SQLITE_OK ? OK : store_failed(call->store, call->code, what, fault);
    sqlite3_reset(call->statement);
    sqlite3_clear_bindings(call->statement);
    return err;
}

enum err store_run(struct store_call *call, struct fault *fault)
{
    store_step(call);
    return store_end(call, "change", fault);
}

void *store_list_add(struct store_list *list, struct arena *arena)
{
    if ((list->count & (list->count - 1)) == 0) { /* 0 or a power of two: full */
        size_t places = list->count == 0 ? 1 : 2 * list->count;
        void *grown = arena_allocate(arena, places * list->row_bytes);
        if (grown == NULL) {
            return NULL;
        }
        if (list->count > 0) {
            memcpy(grown, list->rows, list->count * list->row_bytes);
        }
        list->rows = grown;
    }
    return (char *)list->rows + list->row_bytes * list->count++;
}

/* ---- faults ---------------------------------------------------------------------------------- */

static enum err meaning(int code, enum reason *out_reason)
{
    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        *out_reason = REASON_damaged;
        return ERR_DAMAGED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        *out_reason = REASON_in_use;
        return ERR_IN_USE;
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        *out_reason = REASON_internal;
        return ERR_INTERNAL;
    default:
        *out_reason = REASON_io;
        return ERR_IO;
    }
}

enum err store_failed(struct store *store, int code, const char *what, struct fault *fault)
{
    if ((code & 0xff) == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM) {
        return fault_no_memory(fault);
    }
    enum reason reason;
    enum err err = meaning(code, &reason);
    /* The connection's words say more ("UNIQUE constraint failed: …") while it is still at this
     * failure; the kernel's reason stands in neither. */
    bool last = sqlite3_extended_errcode(store->database) == code;
    bool kernel = last && ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN);
    int number = kernel ? sqlite3_system_errno(store->database) : 0;
    const char *why = number == 0 ? NULL : strerrordesc_np(number);
    return fault_set(fault, err, reason, NULL, "Cannot %s the database %s: %s%s%s%s.", what,
                     store->path, last ? sqlite3_errmsg(store->database) : sqlite3_errstr(code),
                     why == NULL ? "" : " (", why == NULL ? "" : why, why == NULL ? "" : ")");
}
