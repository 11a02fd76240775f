/* Any octets as a change that waited in the database: refused, or steps of statements that exist
 * with values that they take, which written again are the same octets. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ceremony/change_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_value(struct change *change, const struct change_value *value)
{
    switch (value->kind) {
    case 't':
        change_text(change, value->octets);
        break;
    case 'b':
        change_octets(change, value->octets.data, value->octets.length);
        break;
    case 'i':
        change_integer(change, value->integer);
        break;
    default:
        change_null(change);
        break;
    }
}

/* Reads what it can; how many octets that were. */
static size_t rewrite(struct slice octets, struct change *change)
{
    struct slice left = octets;
    struct change_read_step step;
    while (left.length > 0 && change_read(&left, &step) == OK) {
        if (step.step >= CHANGE_COUNT || step.count != strlen(change_kinds(step.step))) {
            abort();
        }
        change_step(change, step.step);
        for (size_t i = 0; i < step.count; i++) {
            write_value(change, &step.values[i]);
        }
    }
    return octets.length - left.length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > CHANGE_BYTES_MAX) {
        return 0;
    }
    struct change change;
    change_init(&change);
    size_t read = rewrite((struct slice){(const char *)data, size}, &change);
    struct slice written = buffer_slice(&change.bytes);
    if (change_result(&change) == OK &&
        !slice_equal(written, (struct slice){(const char *)data, read})) {
        abort();
    }
    change_done(&change);
    return 0;
}
