#include "audit/log/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/base/file.h"
#include "audit/base/memory.h"
#include "audit/log/frame.h"

struct log_reader {
    struct journal *journal;
    const struct growth *growth;
    struct segment *segment; /* pinned; NULL: none */
    const uint8_t *map;      /* of the whole file; NULL: none */
    bool entered;            /* frame was proven, walk is in it, at the entry `next` */
    struct frame frame;
    struct frame_walk walk;
    uint64_t next;
};

struct log_reader *reader_new(struct journal *journal, const struct growth *growth)
{
    struct log_reader *reader = memory_allocate_zeroed(sizeof *reader);
    if (reader != NULL) {
        reader->journal = journal;
        reader->growth = growth;
    }
    return reader;
}

static void leave_segment(struct log_reader *reader)
{
    reader->entered = false;
    if (reader->map != NULL) {
        union {
            const uint8_t *map;
            void *address;
        } mapped = {reader->map};
        munmap(mapped.address, (size_t)reader->segment->bytes);
        reader->map = NULL;
    }
    if (reader->segment != NULL) {
        journal_unpin(reader->journal, reader->segment);
        reader->segment = NULL;
    }
}

void log_reader_close(struct log_reader *reader)
{
    if (reader != NULL) {
        leave_segment(reader);
        memory_free(reader);
    }
}

static enum err damaged(const struct log_reader *reader, uint64_t offset, struct fault *fault)
{
    return journal_damaged(reader->journal, reader->segment->first, offset, fault,
                           "the frame no longer proves itself");
}

static enum err map_segment(struct log_reader *reader, struct fault *fault)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(reader->segment->first, name);
    int fd;
    if (file_open_at(reader->journal->directory_fd, name, O_RDONLY, 0, &fd) != OK) {
        return file_failed(fault, "open", reader->journal->path, name);
    }
    struct stat status;
    void *map = MAP_FAILED;
    bool whole = fstat(fd, &status) == 0 && (uint64_t)status.st_size >= reader->segment->bytes;
    if (whole) {
        map = mmap(NULL, (size_t)reader->segment->bytes, PROT_READ, MAP_SHARED, fd, 0);
    }
    int why = errno;
    close(fd);
    if (!whole) {
        return damaged(reader, (uint64_t)status.st_size, fault);
    }
    if (map == MAP_FAILED) {
        errno = why;
        return file_failed(fault, "map", reader->journal->path, name);
    }
    reader->map = map;
    return OK;
}

/* Proves the frame at the offset, which must begin with that index, and stands before its first
 * entry. */
static enum err enter_frame(struct log_reader *reader, uint64_t offset, uint64_t first,
                            struct fault *fault)
{
    reader->entered = false;
    uint64_t room = reader->segment->bytes - offset;
    if (room < FRAME_HEAD_BYTES || !frame_read_head(reader->map + offset, room, &reader->frame) ||
        reader->frame.first != first || !frame_proves(&reader->frame)) {
        return damaged(reader, offset, fault);
    }
    frame_walk_begin(&reader->walk, &reader->frame);
    reader->next = first;
    reader->entered = true;
    return OK;
}

/* From a frame known to begin at the offset to the one that holds the index. */
static enum err search_frame(struct log_reader *reader, uint64_t index, uint64_t first,
                             uint64_t offset, struct fault *fault)
{
    struct frame frame;
    for (;;) {
        uint64_t room = reader->segment->bytes - offset;
        if (room < FRAME_HEAD_BYTES || !frame_read_head(reader->map + offset, room, &frame) ||
            frame.first != first) {
            return damaged(reader, offset, fault);
        }
        if (index - first < frame.count) {
            return enter_frame(reader, offset, first, fault);
        }
        first += frame.count;
        offset += frame.length;
    }
}

static enum err seek(struct log_reader *reader, uint64_t index, struct fault *fault)
{
    uint64_t first;
    uint64_t offset;
    struct segment *segment = journal_pin(reader->journal, index, &first, &offset);
    if (segment == reader->segment && reader->map != NULL) {
        journal_unpin(reader->journal, segment);
    } else {
        leave_segment(reader);
        reader->segment = segment;
        enum err err = map_segment(reader, fault);
        if (err != OK) {
            leave_segment(reader);
            return err;
        }
    }
    return search_frame(reader, index, first, offset, fault);
}

/* Stands somewhere in the frame that holds the index, at or before it. */
static enum err find_frame(struct log_reader *reader, uint64_t index, struct fault *fault)
{
    if (!reader->entered) {
        return seek(reader, index, fault);
    }
    const struct frame *frame = &reader->frame;
    if (index >= frame->first && index - frame->first < frame->count) {
        if (index < reader->next) {
            frame_walk_begin(&reader->walk, frame);
            reader->next = frame->first;
        }
        return OK;
    }
    if (index == frame->first + frame->count && index < atomic_load(&reader->segment->limit)) {
        uint64_t offset = (uint64_t)(frame->octets - reader->map) + frame->length;
        return enter_frame(reader, offset, index, fault);
    }
    return seek(reader, index, fault);
}

enum err log_read(struct log_reader *reader, uint64_t index, struct slice *out, struct fault *fault)
{
    if (index >= growth_size(reader->growth)) {
        return fault_set(fault, ERR_NOT_FOUND, REASON_no_such_entry, NULL,
                         "The log has no entry %llu: it ends before. Ask for a smaller index.",
                         (unsigned long long)index);
    }
    enum err err = find_frame(reader, index, fault);
    struct slice record = {NULL, 0};
    while (err == OK && reader->next <= index) {
        if (!frame_walk_entry(&reader->walk, &record)) {
            err = damaged(reader, (uint64_t)(reader->frame.octets - reader->map), fault);
            reader->entered = false;
        }
        reader->next++;
    }
    if (err == OK) {
        *out = record;
    }
    return err;
}
