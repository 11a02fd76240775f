#include "ceremony/change.h"

#include <assert.h>
#include <string.h>

#include "ceremony/change_read.h"

/* The octets of a step: length of the name (1), the name, number of values (1), and for each value
 * its kind (1), then for t and b a length (4) and the octets, for i the number (8). Numbers are
 * big-endian. The statement stands by name, so that the list may be added to between the writing
 * and the reading. user_version of the database is the version of this form too. */

#define STATEMENT(name, kinds, sql) {#name, kinds, sql},
static const struct {
    const char *name, *kinds, *sql;
} statements[] = {
#include "ceremony/store_statements.def"
};
#undef STATEMENT

#define STATEMENT(name, kinds, sql) \
    static_assert(sizeof(#name) <= UINT8_MAX && sizeof(kinds) - 1 <= CHANGE_VALUES_MAX, #name);
#include "ceremony/store_statements.def"
#undef STATEMENT

const char *change_name(enum change_kind step)
{
    return statements[step].name;
}

const char *change_kinds(enum change_kind step)
{
    return statements[step].kinds;
}

const char *change_sql(enum change_kind step)
{
    return statements[step].sql;
}

/* ---- writing --------------------------------------------------------------------------------- */

void change_init(struct change *change)
{
    *change = (struct change){0};
    buffer_init(&change->bytes, CHANGE_BYTES_MAX);
}

void change_done(struct change *change)
{
    buffer_done(&change->bytes);
}

static void append_number(struct change *change, uint64_t number, size_t octets)
{
    for (size_t left = octets; left > 0; left--) {
        buffer_append_char(&change->bytes, (char)(number >> (8 * (left - 1)) & 0xff));
    }
}

void change_step(struct change *change, enum change_kind statement)
{
    assert(statement < CHANGE_COUNT && change->values_left == 0);
    change->step = statement;
    change->steps++;
    change->values_left = strlen(change_kinds(statement));
    append_number(change, strlen(change_name(statement)), 1);
    buffer_append_text(&change->bytes, change_name(statement));
    append_number(change, change->values_left, 1);
}

/* The next value's kind, which the statement must have there; n stands for any. */
static void append_kind(struct change *change, char kind)
{
    const char *kinds = change_kinds(change->step);
    assert(change->steps > 0 && change->values_left > 0);
    assert(kind == 'n' || kinds[strlen(kinds) - change->values_left] == kind);
    change->values_left--;
    buffer_append_char(&change->bytes, kind);
}

/* Looks at the length first: what is too large must not be counted in four octets. */
static void append_octets(struct change *change, const void *data, size_t length)
{
    if (buffer_reserve(&change->bytes, 4) && buffer_reserve(&change->bytes, length)) {
        append_number(change, length, 4);
        buffer_append(&change->bytes, data, length);
    }
}

void change_text(struct change *change, struct slice text)
{
    append_kind(change, 't');
    append_octets(change, text.data, text.length);
}

void change_integer(struct change *change, int64_t value)
{
    append_kind(change, 'i');
    append_number(change, (uint64_t)value, 8);
}

void change_octets(struct change *change, const void *data, size_t length)
{
    append_kind(change, 'b');
    append_octets(change, data, length);
}

void change_null(struct change *change)
{
    append_kind(change, 'n');
}

enum err change_result(const struct change *change)
{
    assert(change->values_left == 0);
    return buffer_result(&change->bytes);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The first octets of *left, which then stands behind them; false if there are not so many. */
static bool take(struct slice *left, size_t length, struct slice *out)
{
    if (length > left->length) {
        return false;
    }
    *out = (struct slice){left->data, length};
    *left = (struct slice){left->data + length, left->length - length};
    return true;
}

static bool take_number(struct slice *left, size_t octets, uint64_t *out)
{
    struct slice taken;
    if (!take(left, octets, &taken)) {
        return false;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < octets; i++) {
        number = number << 8 | (unsigned char)taken.data[i];
    }
    *out = number;
    return true;
}

/* A length of so many octets, and what is as long. */
static bool take_counted(struct slice *left, size_t octets, struct slice *out)
{
    uint64_t length;
    return take_number(left, octets, &length) && take(left, (size_t)length, out);
}

static bool find_step(struct slice name, enum change_kind *out)
{
    for (size_t i = 0; i < CHANGE_COUNT; i++) {
        if (slice_is(name, statements[i].name)) {
            *out = (enum change_kind)i;
            return true;
        }
    }
    return false;
}

static bool take_value(struct slice *left, char wanted, struct change_value *out)
{
    struct slice kind;
    *out = (struct change_value){0};
    if (!take(left, 1, &kind) || (kind.data[0] != wanted && kind.data[0] != 'n')) {
        return false;
    }
    out->kind = kind.data[0];
    if (out->kind == 'n') {
        return true;
    }
    if (out->kind != 'i') {
        return take_counted(left, 4, &out->octets);
    }
    uint64_t number;
    if (!take_number(left, 8, &number)) {
        return false;
    }
    memcpy(&out->integer, &number, sizeof out->integer);
    return true;
}

enum err change_read(struct slice *left, struct change_read_step *out)
{
    struct slice rest = *left;
    struct slice name;
    uint64_t count;
    if (!take_counted(&rest, 1, &name) || !find_step(name, &out->step) ||
        !take_number(&rest, 1, &count) || count != strlen(change_kinds(out->step))) {
        return ERR_DAMAGED;
    }
    out->count = (size_t)count;
    for (size_t i = 0; i < out->count; i++) {
        if (!take_value(&rest, change_kinds(out->step)[i], &out->values[i])) {
            return ERR_DAMAGED;
        }
    }
    *left = rest;
    return OK;
}
