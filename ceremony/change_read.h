/* A change read back from the octets it waited as, and what its statements are: for the store
 * alone. The octets come from a disk, so nothing about them is believed. Not thread-safe. */
#ifndef CEREMONY_CHANGE_READ_H
#define CEREMONY_CHANGE_READ_H

#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/slice.h"
#include "ceremony/change.h"

#define CHANGE_VALUES_MAX 24 /* of one step */

/* kind: t text, i integer, b octets, n null. */
struct change_value {
    char kind;
    int64_t integer;     /* of i */
    struct slice octets; /* of t and b, borrowed */
};

struct change_read_step {
    enum change_kind step;
    size_t count;
    struct change_value values[CHANGE_VALUES_MAX];
};

/* Takes the first step off the front of *left, which must not be empty: a change is read when
 * nothing is left. ERR_DAMAGED (and *left untouched) when no statement has the name, the values are
 * not those that it takes, or the octets end before they do. */
MUST_CHECK enum err change_read(struct slice *left, struct change_read_step *out);

/* The columns of store_statements.def. */
const char *change_name(enum change_kind step);
const char *change_kinds(enum change_kind step);
const char *change_sql(enum change_kind step);

#endif
