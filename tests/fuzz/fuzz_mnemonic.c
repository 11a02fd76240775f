/* Lines as somebody types them: each is refused with a reason or is a part that reads back from its
 * own words; and the parts of one input, combined, give a key or a reason. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ceremony/slip39/slip39.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PARTS_MAX 12

static void check(int condition)
{
    if (!condition) {
        abort();
    }
}

static void reads_back(const struct slip39_part *part)
{
    struct slip39_part again = {0};
    struct secret *words = secret_new(SLIP39_TEXT_BYTES_MAX);
    check(words != NULL && slip39_encode(part, words) == OK);
    check(slip39_decode((struct slice){(const char *)words->data, words->length}, &again, NULL) ==
          OK);
    check(slip39_same_header(&again.header, &part->header));
    check(secret_equal(again.value, part->value));
    slip39_part_done(&again);
    secret_free(words);
}

static void combine(struct slip39_part *parts, size_t count)
{
    struct slip39_report report;
    struct fault fault;
    struct secret *key = NULL;
    for (int drop_bad = 0; drop_bad < 2; drop_bad++) {
        const struct slip39_way way = {.drop_bad = drop_bad != 0};
        fault_clear(&fault);
        enum err err = slip39_combine(parts, count, &way, &key, &report, &fault);
        check(err == OK ? key != NULL : fault.sentence[0] != '\0');
        if (err == OK) {
            secret_free(key);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data;
    const char *end = at + size;
    struct slip39_part parts[PARTS_MAX];
    struct fault fault;
    size_t count = 0;
    while (at < end && count < PARTS_MAX) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline;
        fault_clear(&fault);
        enum err err =
            slip39_decode((struct slice){at, (size_t)(stop - at)}, &parts[count], &fault);
        check(err == OK || fault.reason != REASON_none);
        if (err == OK) {
            reads_back(&parts[count]);
            parts[count].header.exponent = 0; /* the same path, in a thousandth of the time */
            count++;
        }
        at = newline == NULL ? end : newline + 1;
    }
    combine(parts, count);
    for (size_t i = 0; i < count; i++) {
        slip39_part_done(&parts[i]);
    }
    return 0;
}
