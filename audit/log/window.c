#include "audit/log/window.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/base/file.h"
#include "audit/base/memory.h"

#define READ_BYTES (256 << 10)

void window_init(struct window *window)
{
    *window = (struct window){.fd = -1};
}

static void let_go(struct window *window)
{
    if (window->fd >= 0) {
        close(window->fd);
        window->fd = -1;
    }
    window->length = 0;
}

void window_done(struct window *window)
{
    let_go(window);
    memory_free(window->octets);
}

enum err window_open(struct window *window, int directory_fd, const char *name)
{
    let_go(window);
    enum err err = file_open_at(directory_fd, name, O_RDONLY, 0, &window->fd);
    struct stat status;
    if (err != OK || fstat(window->fd, &status) != 0) {
        return ERR_IO;
    }
    if (!S_ISREG(status.st_mode)) {
        errno = EINVAL;
        return ERR_IO;
    }
    posix_fadvise(window->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    window->file_bytes = (uint64_t)status.st_size;
    return OK;
}

static enum err fill(struct window *window, uint64_t offset, size_t length)
{
    size_t wanted = length < READ_BYTES ? READ_BYTES : length;
    if (wanted > window->capacity) {
        uint8_t *octets = memory_resize(window->octets, wanted);
        if (octets == NULL) {
            return ERR_NO_MEMORY;
        }
        window->octets = octets;
        window->capacity = wanted;
    }
    window->offset = offset;
    window->length = 0;
    enum err err = file_read_at(window->fd, window->octets, wanted, offset, &window->length);
    if (err == OK && window->length < length) {
        errno = EIO;
        err = ERR_IO;
    }
    return err;
}

enum err window_at(struct window *window, uint64_t offset, size_t length, const uint8_t **out)
{
    if (offset < window->offset || offset - window->offset > window->length ||
        window->length - (size_t)(offset - window->offset) < length) {
        enum err err = fill(window, offset, length);
        if (err != OK) {
            return err;
        }
    }
    *out = window->octets + (offset - window->offset);
    return OK;
}
