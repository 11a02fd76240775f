/* The log's door: append batches until they are durable, read entries by index.
 *
 * Layout, promises and order of system calls: log.md. Indexes start at 0 and are consecutive; a
 * batch is in the log whole or not at all. An acknowledged entry keeps index and bytes for ever.
 * All functions are thread-safe unless they say otherwise. */
#ifndef AUDIT_LOG_LOG_H
#define AUDIT_LOG_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/slice.h"

#define LOG_ENTRY_MAX 65535 /* octets */
#define LOG_BATCH_MAX 4096  /* entries of one batch */
#define LOG_REQUESTS 65536  /* request ids remembered */

struct log_options {
    const char *directory;      /* <state>/log; made if missing (its parent must exist) */
    size_t first_segment_bytes; /* 1 MiB */
    size_t segment_bytes;       /* log.segment, 64 MiB */
    uint64_t reserve_bytes;     /* log.reserve, 256 MiB */
    int64_t commit_wait_ms;     /* limits.commit_wait, 5000 */
    uint64_t known_size;        /* somebody (a sink's cursor) already knows indexes below this: a
                                   log that ends before it is damaged */
};

/* What start found, for the person who reads stderr and for system.status. */
struct log_opened {
    bool created;        /* there was no log */
    uint64_t size;       /* entries */
    uint64_t rewritten;  /* entries whose frames were written again and synced */
    bool torn_removed;   /* a group that was never acknowledged was removed */
    char torn_file[256]; /* where it stood */
    uint64_t torn_offset;
};

/* One entry: record bytes (1..LOG_ENTRY_MAX) and their RFC 6962 leaf hash. Borrowed. */
struct log_entry {
    struct slice record;
    uint8_t leaf_hash[32];
};

/* Identity of an event.emit request: hash of caller and request_id, hash of its parameters. */
struct log_request {
    uint8_t key[16];
    uint8_t parameters[8];
};

struct log_range {
    uint64_t first;
    uint64_t count;
};

struct log;

/* Locks the directory, recovers (log.md section 4), and starts the writer thread. ERR_DAMAGED: the
 * fault names file and offset, nothing on disk was changed (exit 3). ERR_IN_USE: another process
 * has it. ERR_IO. out_opened is set on success. */
MUST_CHECK enum err log_open(const struct log_options *options, struct log **out,
                             struct log_opened *out_opened, struct fault *fault);

/* Waits for appends under way, syncs, stops the writer, frees. NULL is fine. */
void log_close(struct log *log);

/* SHA-256(0x00 || record), RFC 6962 section 2.1. */
void log_leaf_hash(struct slice record, uint8_t out[32]);

/* Appends the batch and waits until it is durable. request may be NULL. urgent: may use the disk
 * reserve (acts of operators and guardians, the guardian's own events). On OK *out_range is set.
 * ERR_AUDIT_UNAVAILABLE with reason refused (nothing was done; field disk: below the reserve,
 * commit_wait: no segment in time, log: stopped) or outcome_unknown (the commit itself failed; the
 * log is dead from now on, log_failed() says so). Blocks for one commit. */
MUST_CHECK enum err log_append(struct log *log, const struct log_entry *entries, size_t count,
                               const struct log_request *request, bool urgent,
                               struct log_range *out_range, struct fault *fault);

/* Entries that are durable for good. Readers look at nothing beyond. Never blocks. */
uint64_t log_size(const struct log *log);

/* Waits until the size is more than `size`, the log is closed or dead, log_wake is called, or the
 * time is over; returns the size then. */
uint64_t log_wait_beyond(struct log *log, uint64_t size, int64_t timeout_ms);

/* Wakes everybody in log_wait_beyond (a sink that shall stop). */
void log_wake(struct log *log);

/* Has a commit failed? The daemon then stops with exit 4. */
bool log_failed(const struct log *log);

/* Are the folder and the newest segment still where they were opened, under their names? If not (a
 * person removed or replaced them) nothing that is appended would be found again: the log is dead
 * from now on, as after a failed commit, and the fault says what is missing (ERR_DAMAGED). ERR_IO:
 * it could not be seen just now, which changes nothing. Some system calls; meant to be asked about
 * once a second. */
MUST_CHECK enum err log_check_place(struct log *log, struct fault *fault);

/* A place in the log to read from; one a thread. Reading onwards is cheap; anywhere else costs a
 * search in one segment. Pins what it reads: close it. */
struct log_reader;
MUST_CHECK enum err log_reader_open(struct log *log, struct log_reader **out);
void log_reader_close(struct log_reader *reader);

/* The record at index: *out borrows until the next call on this reader. ERR_NOT_FOUND at or beyond
 * the size; ERR_DAMAGED if the frame no longer proves itself (fault names file and offset). */
MUST_CHECK enum err log_read(struct log_reader *reader, uint64_t index, struct slice *out,
                             struct fault *fault);

/* request ids of event.emit, the last LOG_REQUESTS of them, surviving a restart. */
enum log_request_state {
    LOG_REQUEST_NEW,     /* reserved for the caller, who must append with it or abandon it */
    LOG_REQUEST_DONE,    /* *out_range: what it wrote the first time */
    LOG_REQUEST_REUSED,  /* known with other parameters */
    LOG_REQUEST_STOPPED, /* the log closed or died while waiting */
};

/* Claims the request. If the same key is under way in another thread, waits until that one is
 * through. After LOG_REQUEST_NEW: log_append with it (success makes it DONE, failure frees it), or
 * log_request_abandon. */
enum log_request_state log_request_begin(struct log *log, const struct log_request *request,
                                         struct log_range *out_range);
void log_request_abandon(struct log *log, const struct log_request *request);

struct log_status {
    uint64_t size;
    uint64_t segments;   /* files */
    uint64_t bytes_free; /* of the file system */
    uint64_t reserve_bytes;
    bool space_low; /* below the reserve: event.emit is refused */
    bool failed;
    uint64_t commits; /* groups committed since start */
};
void log_status(struct log *log, struct log_status *out);

#endif
