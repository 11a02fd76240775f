#include "audit/log/segment.h"

#include <stdio.h>
#include <string.h>

#include "audit/base/memory.h"
#include "audit/log/octets.h"

#define VERSION 1
#define NAME_DIGITS 20
#define MARK_EVERY_BYTES 65536 /* of a 64 MiB segment: at most 1024 marks, 8 KiB */

#define AT_EDGE 64
#define AT_HASH (SEGMENT_HEAD_BYTES - HASH_BYTES)

static const uint8_t magic[8] = {0xfb, 'M', 'K', 'G', 'S', 'E', 'G', 0xff};

void segment_name(uint64_t first, char out[SEGMENT_NAME_BYTES])
{
    snprintf(out, SEGMENT_NAME_BYTES, "%020llu.wal", (unsigned long long)first);
}

bool segment_name_read(const char *name, uint64_t *out_first)
{
    uint64_t first = 0;
    for (int i = 0; i < NAME_DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9' || first > (UINT64_MAX - 9) / 10) {
            return false;
        }
        first = first * 10 + (uint64_t)(name[i] - '0');
    }
    if (strcmp(name + NAME_DIGITS, ".wal") != 0) {
        return false;
    }
    *out_first = first;
    return true;
}

void segment_head_write(const struct segment_head *head, uint8_t page[SEGMENT_HEAD_BYTES])
{
    size_t count = edge_count(head->edge.size);
    memset(page, 0, SEGMENT_HEAD_BYTES);
    memcpy(page, magic, sizeof magic);
    octets_write(page + 8, 2, VERSION);
    octets_write(page + 12, 4, count);
    octets_write(page + 16, 8, head->edge.size);
    octets_write(page + 24, 8, head->bytes);
    memcpy(page + 32, head->previous, HASH_BYTES);
    memcpy(page + AT_EDGE, head->edge.hashes, count * HASH_BYTES);
    hash_octets(page, AT_HASH, page + AT_HASH);
}

bool segment_head_read(const uint8_t page[SEGMENT_HEAD_BYTES], struct segment_head *out)
{
    uint8_t hash[HASH_BYTES];
    hash_octets(page, AT_HASH, hash);
    size_t count = (size_t)octets_read(page + 12, 4);
    uint64_t first = octets_read(page + 16, 8);
    if (memcmp(hash, page + AT_HASH, sizeof hash) != 0 || memcmp(page, magic, sizeof magic) != 0 ||
        octets_read(page + 8, 2) != VERSION || count != edge_count(first)) {
        return false;
    }
    out->bytes = octets_read(page + 24, 8);
    memcpy(out->previous, page + 32, HASH_BYTES);
    out->edge.size = first;
    memcpy(out->edge.hashes, page + AT_EDGE, count * HASH_BYTES);
    return true;
}

static bool mark_room(struct segment *segment)
{
    if (segment->mark_count < segment->mark_capacity) {
        return true;
    }
    uint32_t capacity = segment->mark_capacity == 0 ? 16 : segment->mark_capacity * 2;
    struct segment_mark *marks =
        memory_resize(segment->marks, capacity * sizeof(struct segment_mark));
    if (marks == NULL) {
        return false;
    }
    segment->marks = marks;
    segment->mark_capacity = capacity;
    return true;
}

void segment_mark(struct segment *segment, uint64_t first, uint64_t offset)
{
    uint64_t before = segment->mark_count == 0 ? SEGMENT_HEAD_BYTES
                                               : segment->marks[segment->mark_count - 1].offset;
    if (offset >= before + MARK_EVERY_BYTES && mark_room(segment)) {
        segment->marks[segment->mark_count++] =
            (struct segment_mark){(uint32_t)(first - segment->first), (uint32_t)offset};
    }
}

void segment_seek(const struct segment *segment, uint64_t index, uint64_t *out_first,
                  uint64_t *out_offset)
{
    uint64_t entry = index - segment->first;
    uint32_t low = 0; /* marks below low are at or before the index */
    uint32_t high = segment->mark_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (segment->marks[middle].entry <= entry) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *out_first = segment->first + (low == 0 ? 0 : segment->marks[low - 1].entry);
    *out_offset = low == 0 ? SEGMENT_HEAD_BYTES : segment->marks[low - 1].offset;
}
