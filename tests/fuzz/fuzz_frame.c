/* Any octets as a frame, and as a segment's first page: as they are, and with the SHA-256 made
 * right, so that what lies behind it is reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/log/frame.h"
#include "audit/log/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What proves itself must walk to its end: so many entries, in so many batches, none empty. */
static void walk_through(const struct frame *frame)
{
    struct frame_walk walk;
    struct frame_batch batch;
    struct slice record;
    uint64_t entries = 0;
    uint64_t batches = 0;
    size_t octets = 0;
    frame_walk_begin(&walk, frame);
    while (frame_walk_batch(&walk, &batch)) {
        batches++;
        for (uint32_t i = 0; i < batch.count; i++, entries++) {
            if (!frame_walk_entry(&walk, &record) || record.length == 0) {
                abort();
            }
            octets += record.length + (size_t)(unsigned char)record.data[record.length - 1];
        }
        octets += batch.request == NULL ? 0 : batch.request[23];
    }
    if (entries != frame->count || batches != frame->batches || octets == 0) {
        abort();
    }
}

static void read_frame(const uint8_t *octets, size_t size)
{
    struct frame frame;
    if (frame_read_head(octets, size, &frame) && frame_proves(&frame)) {
        walk_through(&frame);
    }
}

static void read_page(const uint8_t *data, size_t size)
{
    static uint8_t page[SEGMENT_HEAD_BYTES];
    struct segment_head head;
    memset(page, 0, sizeof page);
    memcpy(page, data, size < sizeof page ? size : sizeof page);
    hash_octets(page, sizeof page - HASH_BYTES, page + sizeof page - HASH_BYTES);
    if (segment_head_read(page, &head) && edge_count(head.edge.size) > EDGE_MAX) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_page(data, size);
    if (size < FRAME_HEAD_BYTES) {
        return 0;
    }
    uint8_t *octets = malloc(size); /* of its own size: a step beyond is seen */
    if (octets == NULL) {
        return 0;
    }
    memcpy(octets, data, size);
    read_frame(octets, size);
    struct frame frame;
    if (frame_read_head(octets, size, &frame)) {
        frame_seal(octets, (size_t)frame.length);
        read_frame(octets, size);
    }
    free(octets);
    return 0;
}
