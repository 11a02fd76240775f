#include "audit/log/frame.h"

#include <assert.h>
#include <string.h>

#include "audit/log/octets.h"

#define VERSION 1
#define KIND_ENTRIES 1
#define BATCH_HEAD_BYTES 4
#define REQUEST_BYTES (sizeof(struct log_request))

static_assert(REQUEST_BYTES == 24, "a request is 16 octets of key and 8 of parameters");

const uint8_t frame_magic[FRAME_MAGIC_BYTES] = {0xfb, 'M', 'K', 'G', 'F', 'R', 'M', 0xff};

size_t frame_batch_bytes(const struct log_entry *entries, size_t count, bool has_request)
{
    size_t bytes = BATCH_HEAD_BYTES + (has_request ? REQUEST_BYTES : 0) + 2 * count;
    for (size_t i = 0; i < count; i++) {
        bytes += entries[i].record.length;
    }
    return bytes;
}

uint8_t *frame_begin(uint8_t *octets, const struct frame *frame, const uint8_t previous[HASH_BYTES])
{
    memcpy(octets, frame_magic, sizeof frame_magic);
    octets_write(octets + 8, 2, VERSION);
    octets_write(octets + 10, 2, KIND_ENTRIES);
    octets_write(octets + 12, 4, frame->batches);
    octets_write(octets + 16, 8, frame->term);
    octets_write(octets + 24, 8, frame->length);
    octets_write(octets + 32, 8, frame->first);
    octets_write(octets + 40, 4, frame->count);
    octets_write(octets + 44, 4, 0);
    memcpy(octets + 48, previous, HASH_BYTES);
    return octets + FRAME_HEAD_BYTES;
}

uint8_t *frame_put_batch(uint8_t *at, const struct log_entry *entries, size_t count,
                         const struct log_request *request)
{
    octets_write(at, 2, count);
    at[2] = request != NULL;
    at[3] = 0;
    at += BATCH_HEAD_BYTES;
    if (request != NULL) {
        memcpy(at, request, REQUEST_BYTES);
        at += REQUEST_BYTES;
    }
    for (size_t i = 0; i < count; i++) {
        struct slice record = entries[i].record;
        octets_write(at, 2, record.length);
        memcpy(at + 2, record.data, record.length);
        at += 2 + record.length;
    }
    return at;
}

void frame_seal(uint8_t *octets, size_t length)
{
    hash_octets(octets, length - HASH_BYTES, octets + length - HASH_BYTES);
}

bool frame_read_head(const uint8_t *octets, uint64_t room, struct frame *out)
{
    if (room < FRAME_BYTES_MIN || memcmp(octets, frame_magic, sizeof frame_magic) != 0 ||
        octets_read(octets + 8, 2) != VERSION || octets_read(octets + 10, 2) != KIND_ENTRIES ||
        octets_read(octets + 44, 4) != 0) {
        return false;
    }
    struct frame frame = {
        .octets = octets,
        .length = octets_read(octets + 24, 8),
        .first = octets_read(octets + 32, 8),
        .term = octets_read(octets + 16, 8),
        .count = (uint32_t)octets_read(octets + 40, 4),
        .batches = (uint32_t)octets_read(octets + 12, 4),
    };
    if (frame.length < FRAME_BYTES_MIN || frame.length > room || frame.batches == 0 ||
        frame.count < frame.batches || frame.first >= FRAME_INDEX_MAX ||
        frame.count > FRAME_INDEX_MAX - frame.first) {
        return false;
    }
    *out = frame;
    return true;
}

const uint8_t *frame_previous(const struct frame *frame)
{
    return frame->octets + 48;
}

const uint8_t *frame_hash(const struct frame *frame)
{
    return frame->octets + frame->length - HASH_BYTES;
}

void frame_walk_begin(struct frame_walk *walk, const struct frame *frame)
{
    *walk = (struct frame_walk){
        .at = frame->octets + FRAME_HEAD_BYTES,
        .end = frame->octets + frame->length - HASH_BYTES,
        .batches = frame->batches,
    };
}

bool frame_walk_batch(struct frame_walk *walk, struct frame_batch *out)
{
    if (walk->batches == 0 || walk->in_batch != 0 || walk->end - walk->at < BATCH_HEAD_BYTES) {
        return false;
    }
    struct frame_batch batch = {.count = (uint32_t)octets_read(walk->at, 2)};
    const uint8_t *at = walk->at + BATCH_HEAD_BYTES;
    if (batch.count == 0 || batch.count > LOG_BATCH_MAX || walk->at[2] > 1 || walk->at[3] != 0) {
        return false;
    }
    if (walk->at[2] == 1) {
        if ((size_t)(walk->end - at) < REQUEST_BYTES) {
            return false;
        }
        batch.request = at;
        at += REQUEST_BYTES;
    }
    walk->at = at;
    walk->in_batch = batch.count;
    walk->batches--;
    *out = batch;
    return true;
}

bool frame_walk_entry(struct frame_walk *walk, struct slice *out)
{
    struct frame_batch batch;
    if (walk->in_batch == 0 && !frame_walk_batch(walk, &batch)) {
        return false;
    }
    if (walk->end - walk->at < 2) {
        return false;
    }
    size_t length = (size_t)octets_read(walk->at, 2);
    if (length == 0 || (size_t)(walk->end - walk->at) - 2 < length) {
        return false;
    }
    *out = (struct slice){(const char *)walk->at + 2, length};
    walk->at += 2 + length;
    walk->in_batch--;
    return true;
}

static bool batches_fill(const struct frame *frame)
{
    struct frame_walk walk;
    struct slice record;
    frame_walk_begin(&walk, frame);
    uint64_t entries = 0;
    while (frame_walk_entry(&walk, &record)) {
        entries++;
    }
    return entries == frame->count && walk.at == walk.end && walk.in_batch == 0 &&
           walk.batches == 0;
}

bool frame_proves(const struct frame *frame)
{
    uint8_t hash[HASH_BYTES];
    hash_octets(frame->octets, frame->length - HASH_BYTES, hash);
    return memcmp(hash, frame_hash(frame), sizeof hash) == 0 && batches_fill(frame);
}
