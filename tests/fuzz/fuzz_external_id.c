/* Any octets as the last line of a sink's file: an index is found only where its key and digits
 * stand, and a line that has one begins like one. */
#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "audit/sinks/external_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice line = {(const char *)data, size};
    uint64_t index = UINT64_MAX;
    uint64_t of_log = UINT64_MAX;
    bool found = external_id_find(line, NULL, &index);
    bool found_of_log = external_id_find(line, "east1", &of_log);
    assert(!found || !found_of_log); /* a value has the prefix or not */
    assert(found == (index != UINT64_MAX) && found_of_log == (of_log != UINT64_MAX));
    if (found || found_of_log) {
        char digits[24];
        int length = snprintf(digits, sizeof digits, "%" PRIu64, found ? index : of_log);
        assert(memmem(data, size, digits, (size_t)length) != NULL);
        assert(memmem(data, size, "externalId=", 11) != NULL);
    }
    (void)external_id_is_begun(line);
    return 0;
}
