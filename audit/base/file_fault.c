#include "audit/base/file_fault.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "audit/base/file.h"
#include "audit/base/file_fault_disk.h"

static struct {
    pthread_mutex_t lock;
    struct node *nodes;
    struct node *root;
    unsigned long count[FILE_FAULT_CALLS];
    unsigned long fail_at[FILE_FAULT_CALLS]; /* as count will be */
    int fail_with[FILE_FAULT_CALLS];
    uint64_t part;
    bool cut_short; /* the write before was: this one fails */
    uint64_t capacity;
    unsigned long cut_at;
    bool cut;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct node *node_of_fd(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 ? node_find(disk.nodes, &status) : NULL;
}

/* The folder that directory_fd and path lead to, and the last part of the path. NULL if it is not
 * under the root. */
static struct node *folder_of(int directory_fd, const char *path, const char **out_name)
{
    const char *slash = strrchr(path, '/');
    struct stat status;
    if (slash == NULL) {
        *out_name = path;
        if (directory_fd != AT_FDCWD) {
            return node_of_fd(directory_fd);
        }
        return stat(".", &status) == 0 ? node_find(disk.nodes, &status) : NULL;
    }
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    *out_name = slash + 1;
    return fstatat(directory_fd, folder, &status, 0) == 0 ? node_find(disk.nodes, &status) : NULL;
}

/* ---- the calls ---- */

/* Counts a call; true if this one must fail, with errno set. */
static bool must_fail(enum file_fault_call call)
{
    if (disk.cut) {
        errno = EIO;
        return true;
    }
    disk.count[call]++;
    if (disk.fail_at[call] != 0 && disk.count[call] == disk.fail_at[call]) {
        errno = disk.fail_with[call];
        return true;
    }
    return false;
}

static int open_call(int directory_fd, const char *path, int flags, mode_t mode)
{
    const char *name;
    struct node *folder = folder_of(directory_fd, path, &name);
    struct stat status;
    if (must_fail(FILE_FAULT_OPEN)) {
        return -1;
    }
    bool was_there = fstatat(directory_fd, path, &status, 0) == 0;
    int fd = openat(directory_fd, path, flags, mode);
    bool made = fd >= 0 && (flags & O_CREAT) != 0 && (!was_there || (flags & O_TRUNC) != 0);
    if (made && folder != NULL && fstat(fd, &status) == 0) {
        /* A file cut to nothing is a new one under the old name: either may be found later. */
        struct node *before = was_there ? node_find(disk.nodes, &status) : NULL;
        if (before != NULL) {
            before->linked = false;
        }
        node_rename(folder, node_new(&disk.nodes, &status), name, "");
    }
    return fd;
}

static int fault_open_at(int directory_fd, const char *path, int flags, mode_t mode)
{
    pthread_mutex_lock(&disk.lock);
    int fd = open_call(directory_fd, path, flags, mode);
    pthread_mutex_unlock(&disk.lock);
    return fd;
}

static int fault_make_directory_at(int directory_fd, const char *path, mode_t mode)
{
    pthread_mutex_lock(&disk.lock);
    const char *name;
    struct node *folder = folder_of(directory_fd, path, &name);
    struct stat status;
    int result = -1;
    if (disk.cut) {
        errno = EIO;
    } else {
        result = mkdirat(directory_fd, path, mode);
        if (result == 0 && folder != NULL && fstatat(directory_fd, path, &status, 0) == 0) {
            node_rename(folder, node_new(&disk.nodes, &status), name, "");
        }
    }
    pthread_mutex_unlock(&disk.lock);
    return result;
}

static uint64_t used_bytes(void)
{
    uint64_t used = 0;
    for (const struct node *node = disk.nodes; node != NULL; node = node->next) {
        used += node->linked ? node->now_bytes : 0;
    }
    return used;
}

/* How many of the octets there is room for. */
static uint64_t fitting(const struct node *node, uint64_t offset, uint64_t length)
{
    if (disk.capacity == 0 || offset + length <= node->now_bytes) {
        return length;
    }
    uint64_t used = used_bytes();
    uint64_t end = node->now_bytes + (disk.capacity > used ? disk.capacity - used : 0);
    if (end <= offset) {
        return 0;
    }
    return end - offset < length ? end - offset : length;
}

static ssize_t write_call(int fd, const struct iovec *pieces, int count, off_t offset)
{
    uint64_t length = 0;
    for (int i = 0; i < count; i++) {
        length += pieces[i].iov_len;
    }
    bool cut_before = disk.cut_short;
    disk.cut_short = false;
    if (cut_before && !disk.cut) {
        errno = disk.fail_with[FILE_FAULT_WRITE];
        return -1;
    }
    if (must_fail(FILE_FAULT_WRITE)) {
        if (disk.cut || disk.part == 0 || length < 2) {
            return -1;
        }
        length = disk.part < length ? disk.part : length - 1;
        disk.cut_short = true;
    }
    struct node *node = node_of_fd(fd);
    if (node != NULL) {
        length = fitting(node, (uint64_t)offset, length);
        if (length == 0) {
            errno = ENOSPC;
            return -1;
        }
        node_write(node, pieces, count, (uint64_t)offset, length);
        return pwrite(fd, node->now + offset, (size_t)length, offset);
    }
    return pwritev(fd, pieces, count, offset);
}

static ssize_t fault_write_at(int fd, const struct iovec *pieces, int count, off_t offset)
{
    pthread_mutex_lock(&disk.lock);
    ssize_t written = write_call(fd, pieces, count, offset);
    pthread_mutex_unlock(&disk.lock);
    return written;
}

static int sync_call(int fd)
{
    struct node *node = node_of_fd(fd);
    if (!disk.cut && disk.cut_at != 0 && disk.count[FILE_FAULT_SYNC] + 1 == disk.cut_at) {
        disk.cut = true;
    }
    if (must_fail(FILE_FAULT_SYNC)) {
        if (node != NULL && !disk.cut) {
            node_sync_failed(node);
        }
        return -1;
    }
    if (node != NULL) {
        node_synced(node);
    }
    return 0; /* the test's machine keeps its power */
}

static int fault_sync(int fd)
{
    pthread_mutex_lock(&disk.lock);
    int result = sync_call(fd);
    pthread_mutex_unlock(&disk.lock);
    return result;
}

static int fault_rename_at(int directory_fd, const char *from, const char *to)
{
    pthread_mutex_lock(&disk.lock);
    int result = -1;
    struct stat status;
    struct stat over;
    if (!must_fail(FILE_FAULT_RENAME)) {
        struct node *folder = node_of_fd(directory_fd);
        bool there = fstatat(directory_fd, from, &status, 0) == 0;
        bool covers = fstatat(directory_fd, to, &over, 0) == 0;
        struct node *covered = covers ? node_find(disk.nodes, &over) : NULL;
        result = renameat(directory_fd, from, directory_fd, to);
        if (result == 0 && folder != NULL && there) {
            if (covered != NULL) {
                covered->linked = false;
            }
            node_rename(folder, node_find(disk.nodes, &status), to, from);
        }
    }
    pthread_mutex_unlock(&disk.lock);
    return result;
}

static int fault_remove_at(int directory_fd, const char *name)
{
    pthread_mutex_lock(&disk.lock);
    int result = -1;
    struct stat status;
    if (!must_fail(FILE_FAULT_REMOVE)) {
        struct node *folder = node_of_fd(directory_fd);
        struct node *node =
            fstatat(directory_fd, name, &status, 0) == 0 ? node_find(disk.nodes, &status) : NULL;
        result = unlinkat(directory_fd, name, 0);
        if (result == 0 && folder != NULL && node != NULL) {
            node->linked = false;
            node_rename(folder, NULL, name, "");
        }
    }
    pthread_mutex_unlock(&disk.lock);
    return result;
}

static int fault_space(int fd, struct statvfs *out)
{
    pthread_mutex_lock(&disk.lock);
    int result = fstatvfs(fd, out);
    if (result == 0 && disk.capacity != 0) {
        uint64_t used = used_bytes();
        out->f_frsize = 1;
        out->f_bavail = disk.capacity > used ? disk.capacity - used : 0;
    }
    pthread_mutex_unlock(&disk.lock);
    return result;
}

static const struct file_calls faulty = {
    .open_at = fault_open_at,
    .make_directory_at = fault_make_directory_at,
    .write_at = fault_write_at,
    .sync_data = fault_sync,
    .sync = fault_sync,
    .rename_at = fault_rename_at,
    .remove_at = fault_remove_at,
    .space = fault_space,
};

/* ---- for the test ---- */

static void forget(void)
{
    while (disk.nodes != NULL) {
        struct node *next = disk.nodes->next;
        node_free(disk.nodes);
        disk.nodes = next;
    }
    memset(disk.count, 0, sizeof disk.count);
    memset(disk.fail_at, 0, sizeof disk.fail_at);
    disk.root = NULL;
    disk.cut_short = false;
    disk.capacity = 0;
    disk.cut_at = 0;
    disk.cut = false;
}

void file_fault_begin(const char *root)
{
    forget();
    struct stat status;
    int fd = open(root, O_RDONLY | O_DIRECTORY);
    int result = fstat(fd, &status);
    assert(fd >= 0 && result == 0);
    disk.root = node_new(&disk.nodes, &status);
    node_import(&disk.nodes, disk.root, fd);
    close(fd);
    file_calls_set(&faulty);
}

void file_fault_end(void)
{
    file_calls_set(NULL);
    forget();
}

void file_fault_fail(enum file_fault_call call, unsigned long n, int error_number, uint64_t part)
{
    pthread_mutex_lock(&disk.lock);
    disk.fail_at[call] = n == 0 ? 0 : disk.count[call] + n;
    disk.fail_with[call] = error_number;
    disk.part = part;
    pthread_mutex_unlock(&disk.lock);
}

unsigned long file_fault_count(enum file_fault_call call)
{
    pthread_mutex_lock(&disk.lock);
    unsigned long count = disk.count[call];
    pthread_mutex_unlock(&disk.lock);
    return count;
}

void file_fault_set_capacity(uint64_t bytes)
{
    pthread_mutex_lock(&disk.lock);
    disk.capacity = bytes;
    pthread_mutex_unlock(&disk.lock);
}

void file_fault_cut_power(unsigned long n)
{
    pthread_mutex_lock(&disk.lock);
    disk.cut_at = n == 0 ? 0 : disk.count[FILE_FAULT_SYNC] + n;
    pthread_mutex_unlock(&disk.lock);
}

bool file_fault_power_is_cut(void)
{
    pthread_mutex_lock(&disk.lock);
    bool cut = disk.cut;
    pthread_mutex_unlock(&disk.lock);
    return cut;
}

void file_fault_survive(const char *target, uint64_t seed)
{
    pthread_mutex_lock(&disk.lock);
    int made = mkdir(target, 0700);
    int fd = open(target, O_RDONLY | O_DIRECTORY);
    assert(made == 0 && fd >= 0);
    node_survive(disk.root, fd, seed);
    close(fd);
    pthread_mutex_unlock(&disk.lock);
}
