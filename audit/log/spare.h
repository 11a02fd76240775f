/* The next segment of the journal, made ahead: filled with zeros and synced by a thread of its own,
 * so that a commit overwrites blocks and changes no metadata, and a full disk is met here and not
 * in the middle of a commit.
 *
 * It stands in the journal's folder as `spare` (`spare.tmp` while it is filled) until it is named
 * after its first index. One maker (the thread), one taker (the writer). */
#ifndef AUDIT_LOG_SPARE_H
#define AUDIT_LOG_SPARE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"

#define SPARE_NAME "spare"
#define SPARE_NAME_MAKING "spare.tmp"

enum spare_state {
    SPARE_NONE,
    SPARE_WANTED, /* asked for, perhaps being made */
    SPARE_READY,
    SPARE_FAILED, /* see why; made again when asked again */
};

struct spare {
    int directory_fd;
    const char *path;       /* of the folder, for people */
    uint64_t segment_bytes; /* of an ordinary segment */
    pthread_t thread;
    bool running;
    atomic_bool stopping;
    _Atomic uint64_t attempts; /* at making one: what is free on the disk has changed since */

    pthread_mutex_t lock; /* all below */
    pthread_cond_t changed;
    enum spare_state state;
    uint64_t wanted_bytes;
    int fd;         /* if READY */
    uint64_t bytes; /* if READY */
    int why;        /* errno, if FAILED */
};

/* Makes a file of zeros, synced, under the name; *stopping (may be NULL) ends it early. ERR_IO with
 * errno; the file is gone then. */
MUST_CHECK enum err spare_make(int directory_fd, const char *name, uint64_t bytes,
                               const atomic_bool *stopping, int *out_fd);

/* Takes over a whole spare that an earlier process left, removes an unfinished one, and starts the
 * thread. path must outlive it. */
MUST_CHECK enum err spare_start(struct spare *spare, int directory_fd, const char *path,
                                uint64_t segment_bytes, struct fault *fault);

/* Ends the thread; a finished spare stays in the folder for the next process. */
void spare_stop(struct spare *spare);

/* Has the next one made, if there is none. Does not block. */
void spare_want(struct spare *spare);

/* Hands over the spare, of at least `bytes` (a larger one is made for a large batch), waiting for
 * it until deadline_ms of clock_boot_ms. The file keeps its name until the taker renames it, and
 * only then asks for the next (spare_want). ERR_AUDIT_UNAVAILABLE with reason disk if there is no
 * space, else commit_wait. */
MUST_CHECK enum err spare_take(struct spare *spare, uint64_t bytes, int64_t deadline_ms,
                               int *out_fd, uint64_t *out_bytes, struct fault *fault);

#endif
