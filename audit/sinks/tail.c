#include "audit/sinks/tail.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/base/file.h"
#include "audit/base/memory.h"
#include "audit/base/slice.h"
#include "audit/sinks/external_id.h"

#define BLOCK_BYTES 65536

/* The file being looked at, and one block of it. */
struct look {
    int fd;
    const char *path;
    const char *log_id;
    char *block; /* BLOCK_BYTES */
};

/* Reads exactly that much: it is within the file's size. */
static enum err read_at(const struct look *look, uint64_t offset, char *into, size_t length,
                        struct fault *fault)
{
    size_t got;
    errno = EIO; /* should somebody else have cut the file while it was read */
    if (file_read_at(look->fd, into, length, offset, &got) != OK || got != length) {
        return file_failed(fault, "read", look->path, NULL);
    }
    return OK;
}

/* The first NUL from `from` on, or `size`. */
static enum err find_nul(const struct look *look, uint64_t from, uint64_t size, uint64_t *out,
                         struct fault *fault)
{
    for (uint64_t at = from; at < size;) {
        size_t length = size - at < BLOCK_BYTES ? (size_t)(size - at) : BLOCK_BYTES;
        enum err err = read_at(look, at, look->block, length, fault);
        if (err != OK) {
            return err;
        }
        const char *nul = memchr(look->block, '\0', length);
        if (nul != NULL) {
            *out = at + (uint64_t)(nul - look->block);
            return OK;
        }
        at += length;
    }
    *out = size;
    return OK;
}

/* Where the line begins that reaches up to `end`: behind the last LF before it. */
static enum err find_line(const struct look *look, uint64_t end, uint64_t *out, struct fault *fault)
{
    for (uint64_t to = end; to > 0;) {
        size_t length = to < BLOCK_BYTES ? (size_t)to : BLOCK_BYTES;
        enum err err = read_at(look, to - length, look->block, length, fault);
        if (err != OK) {
            return err;
        }
        const char *newline = memrchr(look->block, '\n', length);
        if (newline != NULL) {
            *out = to - length + (uint64_t)(newline - look->block) + 1;
            return OK;
        }
        to -= length;
        if (end - to > TAIL_LINE_MAX) {
            return fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                             "%s has no line end in its last %llu octets: it is no file of lines, "
                             "and nothing was changed in it. Give the sink a file of its own.",
                             look->path, (unsigned long long)TAIL_LINE_MAX);
        }
    }
    *out = 0;
    return OK;
}

/* The whole line whose LF ends at `end` tells its index, or not. */
static enum err read_line(const struct look *look, uint64_t end, struct tail *tail,
                          struct fault *fault)
{
    tail->has_line = end > 0;
    if (end == 0) {
        return OK;
    }
    uint64_t start = 0;
    enum err err = find_line(look, end - 1, &start, fault);
    if (err != OK) {
        return err;
    }
    size_t length = (size_t)(end - 1 - start);
    char *line = memory_allocate(length + 1);
    if (line == NULL) {
        return fault_no_memory(fault);
    }
    err = read_at(look, start, line, length, fault);
    if (err == OK) {
        tail->has_index =
            external_id_find((struct slice){line, length}, look->log_id, &tail->index);
    }
    memory_free(line);
    return err;
}

static enum err cut_off(const struct look *look, uint64_t length, uint64_t size, struct tail *tail,
                        struct fault *fault)
{
    if (ftruncate(look->fd, (off_t)length) != 0) {
        return file_failed(fault, "cut a torn line off", look->path, NULL);
    }
    if (file_sync_data(look->fd) != OK) {
        return file_failed(fault, "sync", look->path, NULL);
    }
    tail->length = length;
    tail->torn_bytes = size - length;
    return OK;
}

static enum err end_foreign_line(const struct look *look, uint64_t size, struct tail *tail,
                                 struct fault *fault)
{
    if (write(look->fd, "\n", 1) != 1) {
        return file_failed(fault, "write to", look->path, NULL);
    }
    tail->length = size + 1;
    tail->foreign_ended = true;
    tail->has_line = true;
    tail->has_index = false;
    return OK;
}

static enum err mend(const struct look *look, uint64_t synced, struct tail *tail,
                     struct fault *fault)
{
    struct stat status;
    if (fstat(look->fd, &status) != 0) {
        return file_failed(fault, "look at", look->path, NULL);
    }
    uint64_t size = (uint64_t)status.st_size;
    uint64_t end = 0; /* of what can be text */
    uint64_t torn = 0;
    enum err err = find_nul(look, synced < size ? synced : size, size, &end, fault);
    if (err == OK) {
        err = find_line(look, end, &torn, fault);
    }
    if (err == OK) {
        err = read_line(look, torn, tail, fault);
    }
    if (err != OK) {
        return err;
    }
    tail->length = size;
    if (torn == size) {
        return OK;
    }
    char begun[8];
    size_t length = end - torn < sizeof begun ? (size_t)(end - torn) : sizeof begun;
    err = read_at(look, torn, begun, length, fault);
    if (err != OK) {
        return err;
    }
    if (end < size || tail->has_index || external_id_is_begun((struct slice){begun, length})) {
        return cut_off(look, torn, size, tail, fault);
    }
    return end_foreign_line(look, size, tail, fault);
}

enum err tail_mend(int fd, const char *path, uint64_t synced, const char *log_id, struct tail *out,
                   struct fault *fault)
{
    struct look look = {.fd = fd, .path = path, .log_id = log_id};
    look.block = memory_allocate(BLOCK_BYTES);
    if (look.block == NULL) {
        return fault_no_memory(fault);
    }
    struct tail tail = {0};
    enum err err = mend(&look, synced, &tail, fault);
    memory_free(look.block);
    if (err == OK) {
        *out = tail;
    }
    return err;
}
