#include "audit/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#define ZERO_PIECE_BYTES 65536
#define ZERO_PIECES 16

static int kernel_open_at(int directory_fd, const char *name, int flags, mode_t mode)
{
    return openat(directory_fd, name, flags, mode);
}

static int kernel_make_directory_at(int directory_fd, const char *name, mode_t mode)
{
    return mkdirat(directory_fd, name, mode);
}

static ssize_t kernel_write_at(int fd, const struct iovec *pieces, int count, off_t offset)
{
    return pwritev(fd, pieces, count, offset);
}

static int kernel_rename_at(int directory_fd, const char *from, const char *to)
{
    return renameat(directory_fd, from, directory_fd, to);
}

static int kernel_remove_at(int directory_fd, const char *name)
{
    return unlinkat(directory_fd, name, 0);
}

static const struct file_calls kernel = {
    .open_at = kernel_open_at,
    .make_directory_at = kernel_make_directory_at,
    .write_at = kernel_write_at,
    .sync_data = fdatasync,
    .sync = fsync,
    .rename_at = kernel_rename_at,
    .remove_at = kernel_remove_at,
    .space = fstatvfs,
};

static _Atomic(const struct file_calls *) calls_now = &kernel;

void file_calls_set(const struct file_calls *calls)
{
    atomic_store(&calls_now, calls == NULL ? &kernel : calls);
}

static const struct file_calls *calls(void)
{
    return atomic_load_explicit(&calls_now, memory_order_acquire);
}

static enum err outcome(int result)
{
    return result == 0 ? OK : ERR_IO;
}

enum err file_failed(struct fault *fault, const char *what, const char *directory, const char *name)
{
    const char *why = strerrordesc_np(errno);
    return fault_set(fault, ERR_IO, REASON_io, NULL, "Cannot %s %s%s%s: %s.", what, directory,
                     name == NULL ? "" : "/", name == NULL ? "" : name,
                     why == NULL ? "unknown error" : why);
}

enum err file_open_directory(const char *path, int *out_fd, struct fault *fault)
{
    int fd = calls()->open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) {
        return file_failed(fault, "open the folder", path, NULL);
    }
    *out_fd = fd;
    return OK;
}

/* The folder above, as text: "a/b/" and "a/b" give "a", "b" gives ".". False if it is too long. */
static bool parent_of(const char *path, char out[PATH_MAX])
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    while (length > 0 && path[length - 1] != '/') {
        length--;
    }
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    if (length >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(out, length == 0 ? "." : path, length == 0 ? 1 : length);
    out[length == 0 ? 1 : length] = '\0';
    return true;
}

enum err file_make_directory(const char *path, struct fault *fault)
{
    bool made = calls()->make_directory_at(AT_FDCWD, path, 0700) == 0;
    if (!made && errno != EEXIST) {
        return file_failed(fault, "make the folder", path, NULL);
    }
    char parent[PATH_MAX];
    if (!parent_of(path, parent)) {
        return file_failed(fault, "make the folder", path, NULL);
    }
    int fd = -1;
    enum err err = file_open_directory(parent, &fd, fault);
    if (err != OK) {
        /* A folder of somebody else, who answers for its names. */
        return !made && errno == EACCES ? OK : err;
    }
    err = file_sync(fd);
    if (err != OK) {
        file_failed(fault, "sync the folder", parent, NULL);
    }
    close(fd);
    return err;
}

enum err file_lock_directory(int directory_fd, const char *path, struct fault *fault)
{
    if (flock(directory_fd, LOCK_EX | LOCK_NB) == 0) {
        return OK;
    }
    if (errno != EWOULDBLOCK) {
        return file_failed(fault, "lock the folder", path, NULL);
    }
    return fault_set(fault, ERR_IN_USE, REASON_in_use, NULL,
                     "Another process has %s locked: one daemon a folder. Stop that one first or "
                     "give this one another folder.",
                     path);
}

enum err file_check_place(int directory_fd, const char *path, struct fault *fault)
{
    struct stat opened;
    struct stat named;
    if (fstat(directory_fd, &opened) != 0) {
        return file_failed(fault, "look at", path, NULL);
    }
    bool seen = stat(path, &named) == 0;
    if (seen && named.st_ino == opened.st_ino && named.st_dev == opened.st_dev) {
        return OK;
    }
    if (!seen && errno != ENOENT && errno != ENOTDIR) {
        return file_failed(fault, "look at", path, NULL);
    }
    return fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                     "The folder %s was removed or replaced while it was in use.", path);
}

enum err file_open_at(int directory_fd, const char *name, int flags, mode_t mode, int *out_fd)
{
    int fd = calls()->open_at(directory_fd, name, flags | O_CLOEXEC, mode);
    if (fd < 0) {
        return ERR_IO;
    }
    *out_fd = fd;
    return OK;
}

/* One pwritev that is not interrupted and wrote something; the octets written, or -1. */
static ssize_t write_some(int fd, const struct iovec *pieces, int count, uint64_t offset)
{
    ssize_t written;
    do {
        written = calls()->write_at(fd, pieces, count, (off_t)offset);
    } while (written < 0 && errno == EINTR);
    if (written == 0) {
        errno = EIO;
        written = -1;
    }
    return written;
}

enum err file_write_at(int fd, const void *data, size_t length, uint64_t offset)
{
    /* iovec is not const-correct; nothing is written through it. */
    union {
        const void *from;
        void *base;
    } at = {data};
    while (length > 0) {
        struct iovec piece = {at.base, length};
        ssize_t written = write_some(fd, &piece, 1, offset);
        if (written < 0) {
            return ERR_IO;
        }
        at.base = (char *)at.base + written;
        length -= (size_t)written;
        offset += (uint64_t)written;
    }
    return OK;
}

enum err file_zero(int fd, uint64_t from, uint64_t to)
{
    /* Never written to, so it costs address space and the kernel's one page of zeros. */
    static char zeros[ZERO_PIECE_BYTES];
    while (from < to) {
        struct iovec pieces[ZERO_PIECES];
        int count = 0;
        for (uint64_t at = from; at < to && count < ZERO_PIECES; count++) {
            size_t length = to - at < sizeof zeros ? (size_t)(to - at) : sizeof zeros;
            pieces[count] = (struct iovec){zeros, length};
            at += length;
        }
        ssize_t written = write_some(fd, pieces, count, from);
        if (written < 0) {
            return ERR_IO;
        }
        from += (uint64_t)written;
    }
    return OK;
}

enum err file_read_at(int fd, void *out, size_t length, uint64_t offset, size_t *out_length)
{
    size_t got = 0;
    while (got < length) {
        ssize_t some = pread(fd, (char *)out + got, length - got, (off_t)(offset + got));
        if (some < 0 && errno == EINTR) {
            continue;
        }
        if (some < 0) {
            return ERR_IO;
        }
        if (some == 0) {
            break;
        }
        got += (size_t)some;
    }
    *out_length = got;
    return OK;
}

enum err file_sync_data(int fd)
{
    return outcome(calls()->sync_data(fd));
}

enum err file_sync(int fd)
{
    return outcome(calls()->sync(fd));
}

enum err file_rename_at(int directory_fd, const char *from, const char *to)
{
    return outcome(calls()->rename_at(directory_fd, from, to));
}

enum err file_remove_at(int directory_fd, const char *name)
{
    return outcome(calls()->remove_at(directory_fd, name));
}

static enum err write_whole(int directory_fd, const char *name, int how, struct slice content,
                            mode_t mode)
{
    int fd;
    enum err err = file_open_at(directory_fd, name, O_WRONLY | O_CREAT | how, mode, &fd);
    if (err != OK) {
        return err;
    }
    err = file_write_at(fd, content.data, content.length, 0);
    if (err == OK) {
        err = file_sync(fd);
    }
    int why = errno;
    if (err != OK && how == O_EXCL) {
        calls()->remove_at(directory_fd, name); /* it is ours, and of no use */
    }
    close(fd);
    errno = why;
    return err;
}

enum err file_create(const char *path, struct slice content, mode_t mode, struct fault *fault)
{
    char parent[PATH_MAX];
    int directory_fd = -1;
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (!parent_of(path, parent)) {
        return file_failed(fault, "make the file", path, NULL);
    }
    enum err err = file_open_directory(parent, &directory_fd, fault);
    if (err != OK) {
        return err;
    }
    err = write_whole(directory_fd, name, O_EXCL, content, mode);
    if (err == OK) {
        err = file_sync(directory_fd);
    }
    if (err != OK) {
        file_failed(fault, "make the file", path, NULL);
    }
    close(directory_fd);
    return err;
}

enum err file_replace_at(int directory_fd, const char *name, struct slice content, mode_t mode)
{
    char beside[NAME_MAX + 1];
    int length = snprintf(beside, sizeof beside, "%s.tmp", name);
    if (length < 0 || (size_t)length >= sizeof beside) {
        errno = ENAMETOOLONG;
        return ERR_IO;
    }
    /* Content before name, name before anybody relies on it. */
    enum err err = write_whole(directory_fd, beside, O_TRUNC, content, mode);
    if (err == OK) {
        err = file_rename_at(directory_fd, beside, name);
    }
    return err == OK ? file_sync(directory_fd) : err;
}

enum err file_free_bytes(int fd, uint64_t *out_bytes)
{
    struct statvfs space;
    if (calls()->space(fd, &space) != 0) {
        return ERR_IO;
    }
    *out_bytes = (uint64_t)space.f_bavail * space.f_frsize;
    return OK;
}
