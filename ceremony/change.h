/* A change of the database as a value: named statements of store_statements.def with what they are
 * to be run with, in order. It can wait in a pending row until its event is durable, survive a
 * restart there, and be applied as a whole or not at all. Not thread-safe. */
#ifndef CEREMONY_CHANGE_H
#define CEREMONY_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "audit/base/slice.h"

#define CHANGE_BYTES_MAX (256u * 1024) /* 16 sealed parts and room */

/* STATEMENT(NAME, "kinds", "SQL"): t text, i integer, b octets; a value may be null instead. */
#define STATEMENT(name, kinds, sql) CHANGE_##name,
enum change_kind {
#include "ceremony/store_statements.def"
    CHANGE_COUNT
};
#undef STATEMENT

/* A failure (no memory, over CHANGE_BYTES_MAX) sticks and is what change_result tells. */
struct change {
    struct buffer bytes;
    size_t steps;
    enum change_kind step; /* the step begun last */
    size_t values_left;    /* of it */
};

void change_init(struct change *change);
void change_done(struct change *change);

/* Begins the next step; its values follow, in the order and of the kinds that the statement has
 * (asserted). */
void change_step(struct change *change, enum change_kind statement);
void change_text(struct change *change, struct slice text);
void change_integer(struct change *change, int64_t value);
void change_octets(struct change *change, const void *data, size_t length);
void change_null(struct change *change);

/* OK, ERR_NO_MEMORY, or ERR_INVALID_PARAMS when it is too large. */
MUST_CHECK enum err change_result(const struct change *change);

#endif
