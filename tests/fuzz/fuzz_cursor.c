/* Any octets as a cursor file: what is read is what would be written. The hash keeps a fuzzer out
 * of what lies behind it, so the body is also tried with a right one. */
#include <assert.h>
#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "audit/sinks/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct slice text)
{
    struct cursor cursor;
    if (!cursor_parse(text, &cursor)) {
        return;
    }
    struct buffer again;
    buffer_init(&again, 1024);
    cursor_write(&again, &cursor);
    assert(buffer_result(&again) == OK);
    assert(slice_equal(buffer_slice(&again), text));
    buffer_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check((struct slice){(const char *)data, size});
    struct buffer proven;
    uint8_t hash[SHA256_DIGEST_LENGTH];
    buffer_init(&proven, 4096);
    buffer_append(&proven, data, size);
    SHA256(data, size, hash);
    buffer_append_text(&proven, "sha256 ");
    for (size_t i = 0; i < sizeof hash; i++) {
        buffer_append_format(&proven, "%02x", hash[i]);
    }
    buffer_append_char(&proven, '\n');
    if (buffer_result(&proven) == OK) {
        check(buffer_slice(&proven));
    }
    buffer_done(&proven);
    return 0;
}
