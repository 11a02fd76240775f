/* Files that survive a power cut: whole writes, syncs, renames, the folder's lock.
 *
 * Every call that changes or syncs a file goes through one table (struct file_calls), so that tests
 * can fail it, cut it short, or lose what was not synced (file_fault.h). Functions that return
 * ERR_IO without taking a fault leave errno as the kernel set it. All are thread-safe. */
#ifndef AUDIT_BASE_FILE_H
#define AUDIT_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/slice.h"

struct iovec;
struct statvfs;

/* As openat, mkdirat, pwritev, fdatasync, fsync, renameat (within one folder), unlinkat, fstatvfs;
 * result and errno as theirs. */
struct file_calls {
    int (*open_at)(int directory_fd, const char *name, int flags, mode_t mode);
    int (*make_directory_at)(int directory_fd, const char *name, mode_t mode);
    ssize_t (*write_at)(int fd, const struct iovec *pieces, int count, off_t offset);
    int (*sync_data)(int fd);
    int (*sync)(int fd);
    int (*rename_at)(int directory_fd, const char *from, const char *to);
    int (*remove_at)(int directory_fd, const char *name);
    int (*space)(int fd, struct statvfs *out);
};

/* For tests: other calls from now on; NULL gives the kernel's back. Set it while no other thread
 * is inside this file. */
void file_calls_set(const struct file_calls *calls);

/* Opens a folder for the calls below. ERR_IO with a fault that names it. The caller closes. */
MUST_CHECK enum err file_open_directory(const char *path, int *out_fd, struct fault *fault);

/* Makes the folder (mode 0700) if it is missing and syncs its parent, which must exist; that also
 * if it is not missing, since whoever made it may have been stopped before the sync. */
MUST_CHECK enum err file_make_directory(const char *path, struct fault *fault);

/* Locks an open folder for this process until the descriptor is closed. ERR_IN_USE if another one
 * holds it; path is for the fault. Does not block. */
MUST_CHECK enum err file_lock_directory(int directory_fd, const char *path, struct fault *fault);

/* Does the path still name the folder that was opened? ERR_DAMAGED if it was removed, or something
 * else stands in its place; ERR_IO if that cannot be seen just now (no permission, say). */
MUST_CHECK enum err file_check_place(int directory_fd, const char *path, struct fault *fault);

/* Opens a file in a folder, close-on-exec; mode counts when flags has O_CREAT. */
MUST_CHECK enum err file_open_at(int directory_fd, const char *name, int flags, mode_t mode,
                                 int *out_fd);

/* Writes all of it at the offset, however many calls that takes. */
MUST_CHECK enum err file_write_at(int fd, const void *data, size_t length, uint64_t offset);

/* Writes zeros over [from, to). Touches no memory of that size. */
MUST_CHECK enum err file_zero(int fd, uint64_t from, uint64_t to);

/* Reads up to length octets; *out_length is less only at the end of the file. */
MUST_CHECK enum err file_read_at(int fd, void *out, size_t length, uint64_t offset,
                                 size_t *out_length);

/* fdatasync, fsync. A failure is final: the kernel may have thrown the pages away, so a second call
 * that succeeds proves nothing (log.md, promise 5). */
MUST_CHECK enum err file_sync_data(int fd);
MUST_CHECK enum err file_sync(int fd);

/* Renames within a folder (over what stood there), removes. The folder is not synced. */
MUST_CHECK enum err file_rename_at(int directory_fd, const char *from, const char *to);
MUST_CHECK enum err file_remove_at(int directory_fd, const char *name);

/* Puts a whole new content under the name: written beside it, synced, renamed over it, the folder
 * synced. After a power cut the old or the new content is there, never a mixture. */
MUST_CHECK enum err file_replace_at(int directory_fd, const char *name, struct slice content,
                                    mode_t mode);

/* Makes a new file of this content and syncs it and its folder; nothing may stand at the path, not
 * even a link. What could not be written whole is removed again. ERR_IO, with a fault that names
 * the path. */
MUST_CHECK enum err file_create(const char *path, struct slice content, mode_t mode,
                                struct fault *fault);

/* Octets that ordinary users may still fill on the file system of fd. */
MUST_CHECK enum err file_free_bytes(int fd, uint64_t *out_bytes);

/* Fills the fault from errno: "Cannot <what> <directory>/<name>: <why>." and returns ERR_IO. name
 * may be NULL. */
enum err file_failed(struct fault *fault, const char *what, const char *directory,
                     const char *name);

#endif
