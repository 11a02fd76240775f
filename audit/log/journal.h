/* The journal: segments in one folder, frames appended to the newest.
 *
 * Order that durability rests on: a new segment's page is written and synced before the file gets
 * its name, the name is synced (fsync of the folder) before the first frame; a frame is written
 * only after the one before was synced. So of a whole log only the last frame can be unsynced.
 *
 * One thread appends (the writer, or start before there is one); any thread may find and pin. The
 * lock is never held over input or output. */
#ifndef AUDIT_LOG_JOURNAL_H
#define AUDIT_LOG_JOURNAL_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/log/edge.h"
#include "audit/log/segment.h"

struct journal {
    char *path; /* of the folder, for people */
    int directory_fd;
    pthread_mutex_t lock;      /* segments, their marks and pins */
    struct segment **segments; /* by first index; never fewer */
    uint64_t named;            /* first index of the newest that has its name */
    size_t count;
    size_t capacity;

    /* of the one who appends */
    int fd;          /* newest segment, -1 if there is none */
    uint64_t offset; /* where the next frame goes */
    uint64_t size;   /* its index */
    uint8_t previous[HASH_BYTES];
    struct edge edge; /* follows after the answer: caught up before the next append */
};

/* Opens <directory>/journal, making it if it is missing. */
MUST_CHECK enum err journal_init(struct journal *journal, const char *directory,
                                 struct fault *fault);
void journal_done(struct journal *journal);

/* Lists one more segment at the end; the one before ends where it begins. */
MUST_CHECK enum err journal_add(struct journal *journal, uint64_t first, uint64_t bytes);

/* Goes on in a new segment: fd (taken) is the open file `name` in the folder, filled with zeros to
 * `bytes` and synced. ERR_NO_MEMORY: nothing was done and fd is not taken. ERR_IO: nobody knows
 * what the disk has; the journal must not be written any more. */
MUST_CHECK enum err journal_begin(struct journal *journal, const char *name, int fd, uint64_t bytes,
                                  struct fault *fault);

/* Is the folder still what its path names, and does the newest segment that has its name stand in
 * it? ERR_DAMAGED if somebody removed or replaced one of them; ERR_IO if it cannot be seen now. */
MUST_CHECK enum err journal_check_place(struct journal *journal, struct fault *fault);

/* Octets a frame may still have in the newest segment. */
uint64_t journal_room(const struct journal *journal);

/* Writes the sealed frame (made with journal->size and ->previous) and syncs. The new entries are
 * durable then; the edge is the caller's to move on. ERR_IO: as above. */
MUST_CHECK enum err journal_write(struct journal *journal, const uint8_t *octets, size_t length,
                                  uint32_t entries);

/* The segment of an index below the size, pinned, and the first index and offset of a frame in it
 * at or before that index. Every pin is given back. */
struct segment *journal_pin(struct journal *journal, uint64_t index, uint64_t *out_first,
                            uint64_t *out_offset);
void journal_unpin(struct journal *journal, struct segment *segment);

/* ERR_DAMAGED, naming the segment's file and the offset: "<path>, offset <n>: <what>". */
enum err journal_damaged(const struct journal *journal, uint64_t segment_first, uint64_t offset,
                         struct fault *fault, const char *what);

#endif
