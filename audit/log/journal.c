#include "audit/log/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/base/file.h"
#include "audit/base/memory.h"

#define FOLDER "/journal"

enum err journal_init(struct journal *journal, const char *directory, struct fault *fault)
{
    *journal = (struct journal){.directory_fd = -1, .fd = -1};
    pthread_mutex_init(&journal->lock, NULL);
    size_t length = strlen(directory);
    journal->path = memory_allocate(length + sizeof FOLDER);
    if (journal->path == NULL) {
        return fault_no_memory(fault);
    }
    memcpy(journal->path, directory, length);
    memcpy(journal->path + length, FOLDER, sizeof FOLDER);
    enum err err = file_make_directory(journal->path, fault);
    return err != OK ? err : file_open_directory(journal->path, &journal->directory_fd, fault);
}

void journal_done(struct journal *journal)
{
    if (journal->fd >= 0) {
        close(journal->fd);
    }
    if (journal->directory_fd >= 0) {
        close(journal->directory_fd);
    }
    for (size_t i = 0; i < journal->count; i++) {
        assert(journal->segments[i]->pins == 0);
        memory_free(journal->segments[i]->marks);
        memory_free(journal->segments[i]);
    }
    memory_free(journal->segments);
    memory_free(journal->path);
    pthread_mutex_destroy(&journal->lock);
}

static bool list_room(struct journal *journal)
{
    if (journal->count < journal->capacity) {
        return true;
    }
    size_t capacity = journal->capacity == 0 ? 8 : journal->capacity * 2;
    // NOLINTNEXTLINE(bugprone-sizeof-expression): a list of pointers is what is meant
    struct segment **segments = memory_resize(journal->segments, capacity * sizeof *segments);
    if (segments == NULL) {
        return false;
    }
    journal->segments = segments;
    journal->capacity = capacity;
    return true;
}

enum err journal_add(struct journal *journal, uint64_t first, uint64_t bytes)
{
    struct segment *segment = memory_allocate_zeroed(sizeof *segment);
    if (segment == NULL) {
        return ERR_NO_MEMORY;
    }
    segment->first = first;
    segment->bytes = bytes;
    atomic_init(&segment->limit, SEGMENT_OPEN);
    pthread_mutex_lock(&journal->lock);
    bool room = list_room(journal);
    if (room) {
        if (journal->count > 0) {
            atomic_store(&journal->segments[journal->count - 1]->limit, first);
        }
        journal->segments[journal->count++] = segment;
    }
    pthread_mutex_unlock(&journal->lock);
    if (!room) {
        memory_free(segment);
        return ERR_NO_MEMORY;
    }
    return OK;
}

/* Page, sync, name, sync of the folder: in this order, before any frame. */
static enum err give_name(struct journal *journal, const char *name, int fd, uint64_t bytes)
{
    struct segment_head head = {.bytes = bytes, .edge = journal->edge};
    memcpy(head.previous, journal->previous, HASH_BYTES);
    uint8_t page[SEGMENT_HEAD_BYTES];
    segment_head_write(&head, page);
    char new_name[SEGMENT_NAME_BYTES];
    segment_name(journal->size, new_name);
    enum err err = file_write_at(fd, page, sizeof page, 0);
    if (err == OK) {
        err = file_sync_data(fd);
    }
    if (err == OK) {
        err = file_rename_at(journal->directory_fd, name, new_name);
    }
    return err == OK ? file_sync(journal->directory_fd) : err;
}

enum err journal_begin(struct journal *journal, const char *name, int fd, uint64_t bytes,
                       struct fault *fault)
{
    assert(journal->edge.size == journal->size);
    /* Memory first: it may be refused, and after the disk nothing may be. */
    if (journal_add(journal, journal->size, bytes) != OK) {
        return fault_no_memory(fault);
    }
    if (journal->fd >= 0) {
        close(journal->fd);
    }
    journal->fd = fd;
    journal->offset = SEGMENT_HEAD_BYTES;
    enum err err = give_name(journal, name, fd, bytes);
    if (err != OK) {
        return file_failed(fault, "begin a segment of", journal->path, NULL);
    }
    pthread_mutex_lock(&journal->lock);
    journal->named = journal->size;
    pthread_mutex_unlock(&journal->lock);
    return OK;
}

enum err journal_check_place(struct journal *journal, struct fault *fault)
{
    char name[SEGMENT_NAME_BYTES];
    struct stat status;
    pthread_mutex_lock(&journal->lock);
    segment_name(journal->named, name);
    pthread_mutex_unlock(&journal->lock);
    enum err err = file_check_place(journal->directory_fd, journal->path, fault);
    if (err != OK || fstatat(journal->directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        return err;
    }
    return errno == ENOENT ? fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                                       "%s/%s was removed.", journal->path, name)
                           : file_failed(fault, "look at", journal->path, name);
}

uint64_t journal_room(const struct journal *journal)
{
    if (journal->count == 0) {
        return 0;
    }
    return journal->segments[journal->count - 1]->bytes - journal->offset;
}

/* A file that somebody removed is gone with this process, synced or not, and of one that somebody
 * cut the beginning is: what goes into it must not be acknowledged. */
static enum err is_whole(const struct journal *journal)
{
    struct stat status;
    if (fstat(journal->fd, &status) != 0) {
        return ERR_IO;
    }
    errno = status.st_nlink == 0 ? ENOENT : ESTALE;
    uint64_t bytes = journal->segments[journal->count - 1]->bytes;
    return status.st_nlink > 0 && (uint64_t)status.st_size >= bytes ? OK : ERR_IO;
}

enum err journal_write(struct journal *journal, const uint8_t *octets, size_t length,
                       uint32_t entries)
{
    assert(length <= journal_room(journal));
    enum err err = file_write_at(journal->fd, octets, length, journal->offset);
    if (err == OK) {
        err = file_sync_data(journal->fd);
    }
    if (err == OK) {
        err = is_whole(journal);
    }
    if (err != OK) {
        return err;
    }
    pthread_mutex_lock(&journal->lock);
    segment_mark(journal->segments[journal->count - 1], journal->size, journal->offset);
    pthread_mutex_unlock(&journal->lock);
    memcpy(journal->previous, octets + length - HASH_BYTES, HASH_BYTES);
    journal->offset += length;
    journal->size += entries;
    return OK;
}

struct segment *journal_pin(struct journal *journal, uint64_t index, uint64_t *out_first,
                            uint64_t *out_offset)
{
    pthread_mutex_lock(&journal->lock);
    size_t low = 0; /* segments below low begin at or before the index */
    size_t high = journal->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (journal->segments[middle]->first <= index) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    assert(low > 0); /* segments are kept: the first one begins at 0 */
    struct segment *segment = journal->segments[low - 1];
    segment->pins++;
    segment_seek(segment, index, out_first, out_offset);
    pthread_mutex_unlock(&journal->lock);
    return segment;
}

void journal_unpin(struct journal *journal, struct segment *segment)
{
    pthread_mutex_lock(&journal->lock);
    assert(segment->pins > 0);
    segment->pins--;
    pthread_mutex_unlock(&journal->lock);
}

enum err journal_damaged(const struct journal *journal, uint64_t segment_first, uint64_t offset,
                         struct fault *fault, const char *what)
{
    char name[SEGMENT_NAME_BYTES];
    segment_name(segment_first, name);
    return fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                     "%s/%s, offset %llu: %s. Nothing was changed. Put back a whole copy of the "
                     "log, or keep this one as evidence and begin a new one.",
                     journal->path, name, (unsigned long long)offset, what);
}
