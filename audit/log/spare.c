#include "audit/log/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/base/clock.h"
#include "audit/base/file.h"

#define PIECE_BYTES (1 << 20) /* written between two looks at `stopping` */

static enum err fill(int fd, uint64_t bytes, const atomic_bool *stopping)
{
    for (uint64_t at = 0; at < bytes; at += PIECE_BYTES) {
        if (stopping != NULL && atomic_load(stopping)) {
            errno = ECANCELED;
            return ERR_IO;
        }
        uint64_t end = bytes - at < PIECE_BYTES ? bytes : at + PIECE_BYTES;
        enum err err = file_zero(fd, at, end);
        if (err != OK) {
            return err;
        }
        /* Hands the piece to the disk now: one burst at the end would stand in the way of the
         * commits meanwhile. Nothing depends on it. */
        sync_file_range(fd, (off_t)at, (off_t)(end - at), SYNC_FILE_RANGE_WRITE);
    }
    return file_sync(fd);
}

enum err spare_make(int directory_fd, const char *name, uint64_t bytes, const atomic_bool *stopping,
                    int *out_fd)
{
    uint64_t free_bytes;
    enum err err = file_free_bytes(directory_fd, &free_bytes);
    if (err == OK && free_bytes < bytes) {
        errno = ENOSPC; /* known beforehand: the disk need not be filled up to see it */
        err = ERR_IO;
    }
    int fd;
    if (err != OK ||
        file_open_at(directory_fd, name, O_RDWR | O_CREAT | O_TRUNC, 0600, &fd) != OK) {
        return ERR_IO;
    }
    err = fill(fd, bytes, stopping);
    if (err == OK) {
        *out_fd = fd;
        return OK;
    }
    int why = errno;
    close(fd);
    enum err removed = file_remove_at(directory_fd, name);
    (void)removed; /* the next attempt truncates it */
    errno = why;
    return err;
}

static enum err make_and_name(struct spare *spare, uint64_t bytes, int *out_fd)
{
    int fd;
    enum err err = spare_make(spare->directory_fd, SPARE_NAME_MAKING, bytes, &spare->stopping, &fd);
    if (err != OK) {
        return err;
    }
    /* The name means "whole": it is given after the sync. That the name itself survives is the
     * business of the fsync that follows when the segment gets its own. */
    err = file_rename_at(spare->directory_fd, SPARE_NAME_MAKING, SPARE_NAME);
    if (err != OK) {
        int why = errno;
        close(fd);
        errno = why;
        return err;
    }
    *out_fd = fd;
    return OK;
}

static void make_wanted(struct spare *spare)
{
    uint64_t bytes = spare->wanted_bytes;
    pthread_mutex_unlock(&spare->lock);
    int fd = -1;
    enum err err = make_and_name(spare, bytes, &fd);
    int why = errno;
    atomic_fetch_add(&spare->attempts, 1);
    pthread_mutex_lock(&spare->lock);
    if (err == OK) {
        spare->fd = fd;
        spare->bytes = bytes;
        spare->state = SPARE_READY;
    } else {
        spare->why = why;
        spare->state = SPARE_FAILED;
    }
    pthread_cond_broadcast(&spare->changed);
}

static void *spare_main(void *argument)
{
    struct spare *spare = argument;
    pthread_mutex_lock(&spare->lock);
    while (!atomic_load(&spare->stopping)) {
        if (spare->state == SPARE_WANTED) {
            make_wanted(spare);
        } else {
            pthread_cond_wait(&spare->changed, &spare->lock);
        }
    }
    pthread_mutex_unlock(&spare->lock);
    return NULL;
}

/* A spare of an earlier process, if it is whole. Its size says so: it got this name after it was
 * filled and synced. */
static void adopt(struct spare *spare)
{
    enum err removed = file_remove_at(spare->directory_fd, SPARE_NAME_MAKING);
    (void)removed; /* it is made anew either way */
    int fd;
    if (file_open_at(spare->directory_fd, SPARE_NAME, O_RDWR | O_NOFOLLOW, 0, &fd) != OK) {
        return;
    }
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
        (uint64_t)status.st_size == spare->segment_bytes) {
        spare->fd = fd;
        spare->bytes = spare->segment_bytes;
        spare->state = SPARE_READY;
        return;
    }
    close(fd);
    removed = file_remove_at(spare->directory_fd, SPARE_NAME);
    (void)removed; /* if it stays, the next one is renamed over it */
}

enum err spare_start(struct spare *spare, int directory_fd, const char *path,
                     uint64_t segment_bytes, struct fault *fault)
{
    *spare = (struct spare){.directory_fd = directory_fd,
                            .path = path,
                            .segment_bytes = segment_bytes,
                            .wanted_bytes = segment_bytes,
                            .fd = -1};
    pthread_mutex_init(&spare->lock, NULL);
    pthread_cond_init(&spare->changed, NULL);
    adopt(spare);
    errno = pthread_create(&spare->thread, NULL, spare_main, spare);
    if (errno != 0) {
        return file_failed(fault, "start the thread that prepares segments in", path, NULL);
    }
    spare->running = true;
    return OK;
}

void spare_stop(struct spare *spare)
{
    if (spare->running) {
        atomic_store(&spare->stopping, true);
        pthread_mutex_lock(&spare->lock);
        pthread_cond_broadcast(&spare->changed);
        pthread_mutex_unlock(&spare->lock);
        pthread_join(spare->thread, NULL);
        spare->running = false;
    }
    if (spare->state == SPARE_READY) {
        close(spare->fd);
    }
    pthread_cond_destroy(&spare->changed);
    pthread_mutex_destroy(&spare->lock);
}

static void want(struct spare *spare, uint64_t bytes)
{
    spare->wanted_bytes = bytes > spare->segment_bytes ? bytes : spare->segment_bytes;
    spare->state = SPARE_WANTED;
    pthread_cond_broadcast(&spare->changed);
}

void spare_want(struct spare *spare)
{
    pthread_mutex_lock(&spare->lock);
    if (spare->state == SPARE_NONE || spare->state == SPARE_FAILED) {
        want(spare, spare->segment_bytes);
    }
    pthread_mutex_unlock(&spare->lock);
}

static enum err refuse(struct spare *spare, struct fault *fault)
{
    if (spare->why == ENOSPC || spare->why == EDQUOT) {
        return fault_set(fault, ERR_AUDIT_UNAVAILABLE, REASON_refused, "disk",
                         "The disk under %s has no room for the next part of the log: nothing was "
                         "done. Free some space and try again.",
                         spare->path);
    }
    return fault_set(fault, ERR_AUDIT_UNAVAILABLE, REASON_refused, "commit_wait",
                     "The next part of the log in %s cannot be prepared (%s): nothing was done. "
                     "Mend that and try again.",
                     spare->path, strerrordesc_np(spare->why));
}

/* Waits for a change; false when the time is over. */
static bool wait_for_change(struct spare *spare, int64_t deadline_ms)
{
    int64_t left_ms = deadline_ms - clock_boot_ms();
    if (left_ms <= 0) {
        return false;
    }
    struct timespec until;
    clock_deadline(left_ms, &until);
    pthread_cond_clockwait(&spare->changed, &spare->lock, CLOCK_MONOTONIC, &until);
    return true;
}

/* Is it there, large enough? If not, sees to it that one is being made. */
static bool settle(struct spare *spare, uint64_t bytes)
{
    if (spare->state == SPARE_READY && spare->bytes >= bytes) {
        return true;
    }
    if (spare->state == SPARE_READY) {
        close(spare->fd); /* too small for this batch: a larger one is renamed over it */
        spare->state = SPARE_NONE;
    }
    if (spare->state == SPARE_NONE) {
        want(spare, bytes);
    }
    return false;
}

enum err spare_take(struct spare *spare, uint64_t bytes, int64_t deadline_ms, int *out_fd,
                    uint64_t *out_bytes, struct fault *fault)
{
    enum err err = OK;
    pthread_mutex_lock(&spare->lock);
    if (spare->state == SPARE_FAILED) {
        spare->state = SPARE_NONE; /* perhaps there is space by now */
    }
    while (err == OK && !settle(spare, bytes)) {
        if (spare->state == SPARE_FAILED) {
            err = refuse(spare, fault);
        } else if (!wait_for_change(spare, deadline_ms)) {
            err = fault_set(fault, ERR_AUDIT_UNAVAILABLE, REASON_refused, "commit_wait",
                            "The next part of the log in %s was not ready in time: nothing was "
                            "done. The disk is too slow or busy; try again.",
                            spare->path);
        }
    }
    if (err == OK) {
        *out_fd = spare->fd;
        *out_bytes = spare->bytes;
        spare->fd = -1;
        spare->state = SPARE_NONE;
    }
    pthread_mutex_unlock(&spare->lock);
    return err;
}
