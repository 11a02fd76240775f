/* Appends whose entries say who wrote them, and the check of what a log holds afterwards:
 * everything acknowledged at its index with its octets, nothing twice, batches whole or absent, and
 * nothing that was refused. For the tests of failures. */
#ifndef TESTS_AUDIT_LOG_WORKLOAD_H
#define TESTS_AUDIT_LOG_WORKLOAD_H

#include "tests/audit/log/scratch.h"

#include <pthread.h>

#define WORKLOAD_THREADS 4
#define WORKLOAD_APPENDS 1500
#define WORKLOAD_BATCH 9
#define WORKLOAD_TEXT 700

enum workload_fate {
    FATE_NONE,         /* never tried: may not be there */
    FATE_REFUSED,      /* nothing was done: may not be there */
    FATE_UNKNOWN,      /* tried, no answer or "outcome unknown": there whole, or not */
    FATE_ACKNOWLEDGED, /* there, at its index */
};

struct workload_append {
    enum workload_fate fate;
    uint64_t first;
};

struct workload {
    struct log *log;
    unsigned threads;
    unsigned from; /* number of the first append of each thread in this run */
    unsigned to;
    bool stop_at_failure;
    bool with_requests;
    int report_fd; /* -1, or where acknowledged appends are told: "who append first\n" */
    struct workload_append appends[WORKLOAD_THREADS][WORKLOAD_APPENDS];
};

static inline unsigned workload_count(unsigned who, unsigned append)
{
    return 1 + (who * 7 + append * 5) % WORKLOAD_BATCH;
}

/* The text of an entry: "who append entry of", filled up to a length that these decide. */
static inline struct slice workload_text(unsigned who, unsigned append, unsigned entry, char *out)
{
    unsigned of = workload_count(who, append);
    int length = snprintf(out, WORKLOAD_TEXT, "%u %u %u %u ", who, append, entry, of);
    int wanted = length + (int)((who * 31 + append * 17 + entry * 101) % 200);
    while (length < wanted) {
        out[length] = (char)('a' + (length + (int)append) % 26);
        length++;
    }
    return (struct slice){out, (size_t)length};
}

static inline struct log_request workload_request(unsigned who, unsigned append)
{
    struct log_request request = {.key = {(uint8_t)who, (uint8_t)append, (uint8_t)(append >> 8)}};
    memset(request.parameters, (int)(who + 1), sizeof request.parameters);
    return request;
}

static inline enum workload_fate workload_fate_of(enum err err, const struct fault *fault)
{
    if (err == OK) {
        return FATE_ACKNOWLEDGED;
    }
    return fault->reason == REASON_outcome_unknown ? FATE_UNKNOWN : FATE_REFUSED;
}

static inline enum err workload_append(struct workload *work, unsigned who, unsigned append,
                                       struct fault *fault)
{
    char texts[WORKLOAD_BATCH][WORKLOAD_TEXT];
    struct log_entry entries[WORKLOAD_BATCH];
    unsigned count = workload_count(who, append);
    for (unsigned i = 0; i < count; i++) {
        entries[i].record = workload_text(who, append, i, texts[i]);
        log_leaf_hash(entries[i].record, entries[i].leaf_hash);
    }
    struct workload_append *note = &work->appends[who][append];
    struct log_request request = workload_request(who, append);
    struct log_range range = {0};
    note->fate = FATE_UNKNOWN;
    enum err err = log_append(work->log, entries, count, work->with_requests ? &request : NULL,
                              false, &range, fault);
    note->first = range.first;
    note->fate = workload_fate_of(err, fault);
    return err;
}

struct workload_thread {
    struct workload *work;
    unsigned who;
};

static inline void *workload_thread_main(void *argument)
{
    const struct workload_thread *thread = argument;
    struct workload *work = thread->work;
    for (unsigned append = work->from; append < work->to; append++) {
        struct fault fault = {0};
        enum err err = workload_append(work, thread->who, append, &fault);
        if (err != OK && work->stop_at_failure) {
            break;
        }
        if (err == OK && work->report_fd >= 0) {
            char line[64];
            int length = snprintf(line, sizeof line, "%u %u %llu\n", thread->who, append,
                                  (unsigned long long)work->appends[thread->who][append].first);
            ssize_t written = write(work->report_fd, line, (size_t)length);
            (void)written;
        }
    }
    return NULL;
}

/* Each thread makes its appends [from, to). */
static inline void workload_run(struct workload *work)
{
    pthread_t ids[WORKLOAD_THREADS];
    struct workload_thread threads[WORKLOAD_THREADS];
    for (unsigned i = 0; i < work->threads; i++) {
        threads[i] = (struct workload_thread){work, i};
        if (work->threads == 1) {
            workload_thread_main(&threads[i]);
        } else {
            pthread_create(&ids[i], NULL, workload_thread_main, &threads[i]);
        }
    }
    for (unsigned i = 0; i < work->threads && work->threads > 1; i++) {
        pthread_join(ids[i], NULL);
    }
}

/* What an entry says it is; false if it is none of ours. */
static inline bool workload_read(struct slice record, unsigned *who, unsigned *append,
                                 unsigned *entry)
{
    char text[WORKLOAD_TEXT];
    char wanted[WORKLOAD_TEXT];
    unsigned of;
    snprintf(text, sizeof text, "%.*s", (int)record.length, record.data);
    return sscanf(text, "%u %u %u %u", who, append, entry, &of) == 4 && *who < WORKLOAD_THREADS &&
           *append < WORKLOAD_APPENDS && of == workload_count(*who, *append) && *entry < of &&
           slice_equal(record, workload_text(*who, *append, *entry, wanted));
}

/* Checks a log as the comment at the top says; what was unknown and is there counts as acknowledged
 * from now on, what is not there as refused (log.md, promise 1). */
static inline void workload_check(struct workload *work, const char *when)
{
    static bool seen[WORKLOAD_THREADS][WORKLOAD_APPENDS];
    struct log_reader *reader;
    struct slice record;
    struct fault fault = {0};
    memset(seen, 0, sizeof seen);
    assert_int_equal(log_reader_open(work->log, &reader), OK);
    uint64_t size = log_size(work->log);
    for (uint64_t index = 0; index < size;) {
        unsigned who;
        unsigned append;
        unsigned entry;
        if (log_read(reader, index, &record, &fault) != OK ||
            !workload_read(record, &who, &append, &entry) || entry != 0) {
            fail_msg("%s: no batch begins at entry %llu %s", when, (unsigned long long)index,
                     fault.sentence);
        }
        struct workload_append *note = &work->appends[who][append];
        if (seen[who][append] || note->fate == FATE_REFUSED || note->fate == FATE_NONE ||
            (note->fate == FATE_ACKNOWLEDGED && note->first != index)) {
            fail_msg("%s: append %u of %u may not be at entry %llu (fate %d, first %llu)", when,
                     append, who, (unsigned long long)index, (int)note->fate,
                     (unsigned long long)note->first);
        }
        seen[who][append] = true;
        *note = (struct workload_append){FATE_ACKNOWLEDGED, index};
        unsigned count = workload_count(who, append);
        for (unsigned i = 1; i < count; i++) {
            unsigned w;
            unsigned a;
            unsigned e;
            if (log_read(reader, index + i, &record, &fault) != OK ||
                !workload_read(record, &w, &a, &e) || w != who || a != append || e != i) {
                fail_msg("%s: the batch at entry %llu is not whole", when,
                         (unsigned long long)index);
            }
        }
        index += count;
    }
    log_reader_close(reader);
    for (unsigned who = 0; who < WORKLOAD_THREADS; who++) {
        for (unsigned append = 0; append < WORKLOAD_APPENDS; append++) {
            struct workload_append *note = &work->appends[who][append];
            if (note->fate == FATE_ACKNOWLEDGED && !seen[who][append]) {
                fail_msg("%s: append %u of %u was acknowledged at %llu and is not there (size "
                         "%llu)",
                         when, append, who, (unsigned long long)note->first,
                         (unsigned long long)size);
            }
            if (note->fate == FATE_UNKNOWN) {
                note->fate = FATE_REFUSED;
            }
        }
    }
}

#endif
