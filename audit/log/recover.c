#include "audit/log/recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/base/file.h"
#include "audit/base/memory.h"
#include "audit/log/frame.h"
#include "audit/log/window.h"

#define PAGE_BYTES 4096

/* The scan under way. */
struct scan {
    struct journal *journal;
    struct requests *requests;
    struct recovery *found;
    struct fault *fault;
    struct window window;
    uint64_t segment; /* first index of the segment being read: its name */
    bool newest;      /* is it the last one? */
    uint64_t bytes;   /* its size */
};

static enum err damaged(struct scan *scan, uint64_t offset, const char *what)
{
    return journal_damaged(scan->journal, scan->segment, offset, scan->fault, what);
}

/* An error of reading at an offset. A sector that cannot be read is damage like any other. */
static enum err unreadable(struct scan *scan, enum err err, uint64_t offset)
{
    if (err == ERR_NO_MEMORY) {
        return fault_no_memory(scan->fault);
    }
    if (errno == EIO) {
        return damaged(scan, offset, "the disk cannot read this");
    }
    char name[SEGMENT_NAME_BYTES];
    segment_name(scan->segment, name);
    return file_failed(scan->fault, "read", scan->journal->path, name);
}

/* ---- which segments there are ---- */

struct names {
    uint64_t *firsts;
    size_t count;
    size_t capacity;
};

static enum err names_add(struct names *names, uint64_t first)
{
    if (names->count == names->capacity) {
        size_t capacity = names->capacity == 0 ? 64 : names->capacity * 2;
        uint64_t *firsts = memory_resize(names->firsts, capacity * sizeof *firsts);
        if (firsts == NULL) {
            return ERR_NO_MEMORY;
        }
        names->firsts = firsts;
        names->capacity = capacity;
    }
    names->firsts[names->count++] = first;
    return OK;
}

static int by_first(const void *left, const void *right)
{
    const uint64_t *a = left;
    const uint64_t *b = right;
    return (*a > *b) - (*a < *b);
}

static enum err names_read(struct names *names, DIR *directory)
{
    const struct dirent *entry;
    errno = 0;
    while ((entry = readdir(directory)) != NULL) {
        uint64_t first;
        if (segment_name_read(entry->d_name, &first) && names_add(names, first) != OK) {
            return ERR_NO_MEMORY;
        }
        errno = 0;
    }
    return errno == 0 ? OK : ERR_IO;
}

static enum err list_segments(struct journal *journal, struct names *names, struct fault *fault)
{
    int fd;
    enum err err = file_open_at(journal->directory_fd, ".", O_RDONLY | O_DIRECTORY, 0, &fd);
    DIR *directory = err == OK ? fdopendir(fd) : NULL;
    if (directory == NULL) {
        file_failed(fault, "list the folder", journal->path, NULL);
        if (err == OK) {
            close(fd);
        }
        return ERR_IO;
    }
    err = names_read(names, directory);
    if (err == ERR_NO_MEMORY) {
        fault_no_memory(fault);
    } else if (err != OK) {
        file_failed(fault, "list the folder", journal->path, NULL);
    } else if (names->count > 0) {
        qsort(names->firsts, names->count, sizeof *names->firsts, by_first);
    }
    closedir(directory);
    return err;
}

/* ---- one segment ---- */

static enum err read_head(struct scan *scan)
{
    struct journal *journal = scan->journal;
    char name[SEGMENT_NAME_BYTES];
    segment_name(scan->segment, name);
    enum err err = window_open(&scan->window, journal->directory_fd, name);
    if (err != OK) {
        return unreadable(scan, err, 0);
    }
    if (scan->window.file_bytes < SEGMENT_BYTES_MIN) {
        return damaged(scan, scan->window.file_bytes, "the file ends here, too early");
    }
    const uint8_t *page;
    err = window_at(&scan->window, 0, SEGMENT_HEAD_BYTES, &page);
    if (err != OK) {
        return unreadable(scan, err, 0);
    }
    struct segment_head head;
    if (!segment_head_read(page, &head)) {
        return damaged(scan, 0, "the first page does not prove itself");
    }
    if (head.edge.size != scan->segment) {
        return damaged(scan, 0, "the first page is that of another segment");
    }
    if (memcmp(head.previous, journal->previous, HASH_BYTES) != 0) {
        return damaged(scan, 0, "the segment does not continue the one before");
    }
    if (head.bytes != scan->window.file_bytes || head.bytes > UINT32_MAX) {
        return damaged(scan, scan->window.file_bytes, "the file has not the size it was made with");
    }
    scan->bytes = head.bytes;
    journal->offset = SEGMENT_HEAD_BYTES;
    journal->edge = head.edge;
    return journal_add(journal, scan->segment, head.bytes) == OK ? OK
                                                                 : fault_no_memory(scan->fault);
}

static void collect_requests(struct scan *scan, const struct frame *frame)
{
    struct frame_walk walk;
    struct frame_batch batch;
    struct slice record;
    uint64_t first = frame->first;
    frame_walk_begin(&walk, frame);
    while (frame_walk_batch(&walk, &batch)) {
        if (batch.request != NULL) {
            struct log_request request;
            memcpy(&request, batch.request, sizeof request);
            requests_finish(scan->requests, &request, (struct log_range){first, batch.count});
        }
        first += batch.count;
        while (walk.in_batch > 0 && frame_walk_entry(&walk, &record)) {
        }
    }
}

/* The page of the newest segment carries the edge there: only entries behind it are hashed. */
static void follow_with_edge(struct scan *scan, const struct frame *frame)
{
    struct frame_walk walk;
    struct slice record;
    frame_walk_begin(&walk, frame);
    while (frame_walk_entry(&walk, &record)) {
        uint8_t leaf[HASH_BYTES];
        hash_leaf(record, leaf);
        edge_add(&scan->journal->edge, leaf);
    }
}

static void accept(struct scan *scan, const struct frame *frame)
{
    struct journal *journal = scan->journal;
    *scan->found = (struct recovery){
        .has_last = true,
        .last_segment = journal->count - 1,
        .last_offset = journal->offset,
        .last_length = frame->length,
        .last_entries = frame->count,
    };
    collect_requests(scan, frame);
    if (scan->newest) {
        follow_with_edge(scan, frame);
    }
    segment_mark(journal->segments[journal->count - 1], frame->first, journal->offset);
    memcpy(journal->previous, frame_hash(frame), HASH_BYTES);
    journal->offset += frame->length;
    journal->size += frame->count;
}

/* Is a frame that proves itself at the offset? Then *out is it, until the window moves. */
static enum err frame_at(struct scan *scan, uint64_t offset, bool *out_is, struct frame *out)
{
    const uint8_t *octets;
    *out_is = false;
    if (scan->bytes - offset < FRAME_BYTES_MIN) {
        return OK;
    }
    enum err err = window_at(&scan->window, offset, FRAME_HEAD_BYTES, &octets);
    if (err != OK || !frame_read_head(octets, scan->bytes - offset, out)) {
        return err;
    }
    err = window_at(&scan->window, offset, (size_t)out->length, &octets);
    if (err == OK) {
        out->octets = octets;
        *out_is = frame_proves(out);
    }
    return err;
}

/* Reads frame after frame up to the first that does not fit. */
static enum err read_frames(struct scan *scan)
{
    struct journal *journal = scan->journal;
    struct frame frame;
    bool is;
    enum err err;
    while ((err = frame_at(scan, journal->offset, &is, &frame)) == OK && is &&
           frame.first == journal->size) {
        if (memcmp(frame_previous(&frame), journal->previous, HASH_BYTES) != 0) {
            return damaged(scan, journal->offset, "the frame does not continue the one before");
        }
        accept(scan, &frame);
    }
    return err == OK ? OK : unreadable(scan, err, journal->offset);
}

/* ---- behind the last frame that fits ---- */

/* Where the octets that are not zero end, in [offset, offset + length). 0 if there are none. */
static uint64_t end_of_octets(const uint8_t *octets, size_t length, uint64_t offset)
{
    static const uint8_t zeros[PAGE_BYTES];
    if (memcmp(octets, zeros, length) == 0) {
        return 0;
    }
    while (octets[length - 1] == 0) {
        length--;
    }
    return offset + length;
}

/* A frame of a later group, beginning in [from, to)? One exists only if the group that is missing
 * had been synced. */
static enum err find_later_frame(struct scan *scan, uint64_t from, uint64_t to, bool *out_found)
{
    *out_found = false;
    for (uint64_t at = from; at < to && scan->bytes - at >= FRAME_BYTES_MIN; at++) {
        const uint8_t *octets;
        /* The magic may begin in this page and end in the next. */
        size_t length = (size_t)(to - at) + FRAME_MAGIC_BYTES - 1;
        if (length > scan->bytes - at) {
            length = (size_t)(scan->bytes - at);
        }
        enum err err = window_at(&scan->window, at, length, &octets);
        if (err != OK) {
            return unreadable(scan, err, at);
        }
        const uint8_t *magic = memmem(octets, length, frame_magic, FRAME_MAGIC_BYTES);
        if (magic == NULL) {
            return OK;
        }
        at += (uint64_t)(magic - octets);
        struct frame frame;
        bool is;
        err = frame_at(scan, at, &is, &frame);
        if (err != OK) {
            return unreadable(scan, err, at);
        }
        if (is && frame.first > scan->journal->size) {
            *out_found = true;
            return OK;
        }
    }
    return OK;
}

/* Looks through the rest of the segment: *out_end is where the last octet that is not zero ends (0:
 * none), *out_later whether a later frame stands there. */
static enum err look_behind(struct scan *scan, uint64_t *out_end, bool *out_later)
{
    uint64_t at = scan->journal->offset;
    *out_end = 0;
    *out_later = false;
    while (at < scan->bytes && !*out_later) {
        uint64_t to = (at / PAGE_BYTES + 1) * PAGE_BYTES;
        to = to > scan->bytes ? scan->bytes : to;
        const uint8_t *octets;
        enum err err = window_at(&scan->window, at, (size_t)(to - at), &octets);
        if (err != OK) {
            return unreadable(scan, err, at);
        }
        uint64_t end = end_of_octets(octets, (size_t)(to - at), at);
        if (end != 0) {
            *out_end = end;
            err = find_later_frame(scan, at, to, out_later);
            if (err != OK) {
                return err;
            }
        }
        at = to;
    }
    return OK;
}

static enum err missing_group(struct scan *scan)
{
    char what[128];
    snprintf(what, sizeof what,
             "the group of entry %llu does not prove itself, but later ones are there",
             (unsigned long long)scan->journal->size);
    return damaged(scan, scan->journal->offset, what);
}

/* The newest segment ends in zeros, or in what is left of a group that nobody acknowledged. */
static enum err settle_end(struct scan *scan)
{
    uint64_t end;
    bool later;
    enum err err = look_behind(scan, &end, &later);
    if (err != OK) {
        return err;
    }
    if (later) {
        return missing_group(scan);
    }
    scan->found->torn = end != 0;
    scan->found->torn_end = end;
    return OK;
}

/* A segment that another one follows was synced to its end before: nothing in it may be missing,
 * and behind its last frame there are only zeros. */
static enum err settle_finished(struct scan *scan, uint64_t next)
{
    if (next > scan->journal->size) {
        return missing_group(scan);
    }
    uint64_t end;
    bool later;
    enum err err = look_behind(scan, &end, &later);
    if (err == OK && end != 0) {
        err = damaged(scan, scan->journal->offset, "behind the last frame there are octets");
    }
    if (err == OK && next < scan->journal->size) {
        scan->segment = next;
        err = damaged(scan, 0, "this segment begins with an index that the one before has too");
    }
    return err;
}

static enum err scan_segments(struct scan *scan, const struct names *names)
{
    if (names->count > 0 && names->firsts[0] != 0) {
        scan->segment = names->firsts[0];
        return damaged(scan, 0, "the segments before this one are missing");
    }
    enum err err = OK;
    for (size_t i = 0; i < names->count && err == OK; i++) {
        scan->segment = names->firsts[i];
        scan->newest = i + 1 == names->count;
        err = read_head(scan);
        if (err == OK) {
            err = read_frames(scan);
        }
        if (err == OK) {
            err = scan->newest ? settle_end(scan) : settle_finished(scan, names->firsts[i + 1]);
        }
    }
    return err;
}

enum err recover_scan(struct journal *journal, struct requests *requests, struct recovery *out,
                      struct fault *fault)
{
    *out = (struct recovery){0};
    struct scan scan = {.journal = journal, .requests = requests, .found = out, .fault = fault};
    struct names names = {0};
    window_init(&scan.window);
    enum err err = list_segments(journal, &names, fault);
    if (err == OK) {
        err = scan_segments(&scan, &names);
    }
    window_done(&scan.window);
    memory_free(names.firsts);
    return err;
}

/* ---- making it durable ---- */

static enum err open_segment(const struct journal *journal, size_t number, int *out_fd)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(journal->segments[number]->first, name);
    return file_open_at(journal->directory_fd, name, O_RDWR, 0, out_fd);
}

/* Writes what stands there again, byte for byte: after a sync that failed the kernel takes the
 * pages for clean although the disk never got them. */
static enum err write_again(int fd, uint64_t offset, uint64_t length)
{
    uint8_t *octets = memory_allocate((size_t)length);
    if (octets == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t got;
    enum err err = file_read_at(fd, octets, (size_t)length, offset, &got);
    if (err == OK) {
        err = file_write_at(fd, octets, got, offset);
    }
    memory_free(octets);
    return err;
}

/* All frames but the last were synced before the next one was written, and the page of a segment
 * before it got its name: the last frame alone may be in the page cache only, and is written again.
 * The rest is only synced, in case somebody has copied it here; that costs nothing when it is
 * clean. */
static enum err make_durable(struct journal *journal, const struct recovery *recovery,
                             size_t number, int fd)
{
    enum err err = OK;
    if (recovery->has_last && number == recovery->last_segment) {
        err = write_again(fd, recovery->last_offset, recovery->last_length);
    }
    if (err == OK && recovery->torn && number + 1 == journal->count) {
        err = file_zero(fd, journal->offset, recovery->torn_end);
    }
    return err == OK ? file_sync_data(fd) : err;
}

enum err recover_repair(struct journal *journal, const struct recovery *recovery,
                        struct fault *fault)
{
    enum err err = OK;
    for (size_t i = 0; i < journal->count && err == OK; i++) {
        int fd;
        err = open_segment(journal, i, &fd);
        if (err != OK) {
            break;
        }
        err = make_durable(journal, recovery, i, fd);
        if (err == OK && i + 1 == journal->count) {
            journal->fd = fd;
        } else {
            int why = errno;
            close(fd);
            errno = why;
        }
    }
    if (err == OK) {
        err = file_sync(journal->directory_fd);
    }
    if (err == ERR_NO_MEMORY) {
        return fault_no_memory(fault);
    }
    return err == OK ? OK : file_failed(fault, "write the segments again in", journal->path, NULL);
}
