/* The last LOG_REQUESTS request ids of event.emit and those under way.
 *
 * A repeat is answered with what the first one wrote (interface.md section 3). The ids stand in the
 * frames of the journal, and start puts them back in that order; this table is memory alone: 2 MiB
 * of slots and 0.5 MiB to find them, of which only what was used is ever touched. Thread-safe; the
 * lock is never held over input or output. */
#ifndef AUDIT_LOG_REQUESTS_H
#define AUDIT_LOG_REQUESTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/log/log.h"

#define REQUESTS_UNDER_WAY 256 /* at once; more wait for their turn */

struct requests_slot;

struct requests {
    pthread_mutex_t lock;
    pthread_cond_t through;      /* one under way ended */
    uint64_t seed[2];            /* who sends keys cannot know where they fall */
    struct requests_slot *slots; /* a ring in order of their indexes */
    uint32_t *places;            /* open addressing: slot number + 1, 0 if free */
    uint64_t added;              /* since the beginning; the oldest fall out */
    struct log_request under_way[REQUESTS_UNDER_WAY];
    size_t under_way_count;
    size_t waiting; /* threads in requests_begin */
    bool stopped;
};

MUST_CHECK enum err requests_init(struct requests *requests);

/* Waits until everybody has left requests_begin; after requests_stop. */
void requests_done(struct requests *requests);

/* See log_request_begin. */
enum log_request_state requests_begin(struct requests *requests, const struct log_request *request,
                                      struct log_range *out_range);

/* It wrote this (durable): known from now on, and no longer under way if it was. */
void requests_finish(struct requests *requests, const struct log_request *request,
                     struct log_range range);

/* It wrote nothing: free again. */
void requests_abandon(struct requests *requests, const struct log_request *request);

/* The log closed or died: nobody begins any more, who waits gets LOG_REQUEST_STOPPED. */
void requests_stop(struct requests *requests);

#endif
