/* One file of the journal: its name, its first page, and where in it to look for an index.
 *
 * <first-index as 20 digits>.wal: a page of 4096 octets, then frames, then zeros up to the size it
 * was made with. The page, big-endian:
 *     0   8  magic FB 4D 4B 47 53 45 47 FF ("MKGSEG")
 *     8   2  version, 1
 *    10   2  0
 *    12   4  hashes of the right edge
 *    16   8  index of the first entry
 *    24   8  size of the file
 *    32  32  SHA-256 of the frame before the segment (zeros in front of the first)
 *    64      right edge of the tree at that index (edge.h), up to 64 hashes, then zeros
 *  4064  32  SHA-256 over everything before
 */
#ifndef AUDIT_LOG_SEGMENT_H
#define AUDIT_LOG_SEGMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/log/edge.h"
#include "audit/log/hash.h"

#define SEGMENT_HEAD_BYTES 4096
#define SEGMENT_BYTES_MIN 8192
#define SEGMENT_BYTES_MAX (UINT64_C(1) << 30)
#define SEGMENT_NAME_BYTES 25 /* 20 digits, ".wal", NUL */
#define SEGMENT_OPEN UINT64_MAX

/* Where a frame begins: entries after the segment's first, octets from the file's start. */
struct segment_mark {
    uint32_t entry;
    uint32_t offset;
};

struct segment {
    uint64_t first;         /* index of the first entry */
    _Atomic uint64_t limit; /* first index beyond it; SEGMENT_OPEN while it is the newest */
    uint64_t bytes;         /* size of the file */
    struct segment_mark *marks;
    uint32_t mark_count;
    uint32_t mark_capacity;
    uint32_t pins; /* readers in it: it may not be recycled */
};

struct segment_head {
    uint64_t bytes;
    uint8_t previous[HASH_BYTES];
    struct edge edge; /* its size is the index of the first entry */
};

void segment_name(uint64_t first, char out[SEGMENT_NAME_BYTES]);

/* Is this the name of a segment? Then its first index. */
bool segment_name_read(const char *name, uint64_t *out_first);

void segment_head_write(const struct segment_head *head, uint8_t page[SEGMENT_HEAD_BYTES]);

/* False if the page does not prove itself. */
bool segment_head_read(const uint8_t page[SEGMENT_HEAD_BYTES], struct segment_head *out);

/* Notes that a frame begins there, if the last mark is far enough behind. Marks only make the
 * search shorter: without memory for one it is longer. */
void segment_mark(struct segment *segment, uint64_t first, uint64_t offset);

/* The last marked frame at or before index (the segment's first frame if there is no mark). */
void segment_seek(const struct segment *segment, uint64_t index, uint64_t *out_first,
                  uint64_t *out_offset);

#endif
