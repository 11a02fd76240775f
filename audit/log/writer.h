/* Group commit: one thread takes everything that is queued, writes it as one frame, syncs once and
 * answers everybody. While it waits for the disk the next group collects: no timer.
 *
 * Thread-safe: any thread may call writer_append; the rest belongs to whoever opens and closes. */
#ifndef AUDIT_LOG_WRITER_H
#define AUDIT_LOG_WRITER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/log/growth.h"
#include "audit/log/journal.h"
#include "audit/log/log.h"
#include "audit/log/requests.h"
#include "audit/log/spare.h"

struct append;

struct writer {
    struct journal *journal;
    struct spare *spare;
    struct requests *requests;
    struct growth *growth;
    int64_t commit_wait_ms;
    pthread_t thread;
    bool running;
    atomic_bool failed; /* a commit failed: never cleared */
    _Atomic uint64_t commits;

    pthread_mutex_t lock; /* the queue; never held over input or output */
    pthread_cond_t queued;
    struct append *head;
    struct append *tail;
    bool closing;

    /* of the thread: the frame, and behind it the leaf hashes of its entries */
    uint8_t *octets;
    size_t capacity;
};

/* What the writer works on must outlive it; its other members are set here. */
MUST_CHECK enum err writer_start(struct writer *writer, struct fault *fault);

/* Lets what is queued through, then ends the thread. Appends are refused from now on. */
void writer_stop(struct writer *writer);

/* Nothing is written any more, and nobody waits for more: what is queued is refused. */
void writer_die(struct writer *writer);

/* Appends and waits. See log_append; the disk reserve is not looked at here. */
MUST_CHECK enum err writer_append(struct writer *writer, const struct log_entry *entries,
                                  size_t count, const struct log_request *request,
                                  struct log_range *out_range, struct fault *fault);

#endif
