#include "audit/log/log.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/base/clock.h"
#include "audit/base/file.h"
#include "audit/base/memory.h"
#include "audit/log/growth.h"
#include "audit/log/hash.h"
#include "audit/log/journal.h"
#include "audit/log/reader.h"
#include "audit/log/recover.h"
#include "audit/log/requests.h"
#include "audit/log/spare.h"
#include "audit/log/writer.h"

#define FIRST_SEGMENT_BYTES (UINT64_C(1) << 20)
#define SEGMENT_BYTES (UINT64_C(64) << 20)
#define PAGE_BYTES 4096
#define SPACE_EVERY_MS 100 /* a look at the disk's free space costs a system call */

struct log {
    char *path;       /* of the folder */
    int directory_fd; /* holds the lock */
    uint64_t first_segment_bytes;
    uint64_t segment_bytes;
    uint64_t reserve_bytes;
    struct requests requests;
    struct journal journal;
    struct growth growth;
    struct spare spare;
    struct writer writer;
    _Atomic int64_t space_looked_ms;
    _Atomic uint64_t space_attempts; /* of the spare, at that look */
    _Atomic uint64_t space_free_bytes;
    /* how far log_open came */
    bool has_requests;
    bool has_journal;
    bool has_growth;
    bool has_spare;
};

/* ---- space ---- */

/* Time for a look? One thread is told so, the others take what was seen last. */
static bool space_look_is_due(struct log *log)
{
    int64_t now_ms = clock_boot_ms();
    int64_t looked_ms = atomic_load(&log->space_looked_ms);
    uint64_t attempts = atomic_load(&log->spare.attempts);
    /* We fill the disk segment by segment; others do at any time. */
    if (atomic_exchange(&log->space_attempts, attempts) != attempts) {
        atomic_store(&log->space_looked_ms, now_ms);
        return true;
    }
    return now_ms - looked_ms >= SPACE_EVERY_MS &&
           atomic_compare_exchange_strong(&log->space_looked_ms, &looked_ms, now_ms);
}

static bool space_low(struct log *log)
{
    uint64_t bytes;
    if (space_look_is_due(log) && file_free_bytes(log->journal.directory_fd, &bytes) == OK) {
        atomic_store(&log->space_free_bytes, bytes);
    }
    return atomic_load(&log->space_free_bytes) < log->reserve_bytes;
}

/* ---- open ---- */

static uint64_t segment_size(uint64_t wanted, uint64_t usual)
{
    uint64_t bytes = wanted == 0 ? usual : (wanted + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    bytes = bytes < SEGMENT_BYTES_MIN ? SEGMENT_BYTES_MIN : bytes;
    return bytes > SEGMENT_BYTES_MAX ? SEGMENT_BYTES_MAX : bytes;
}

/* Somebody knows entries of a log that is not there: nothing is made in its place. */
static enum err refuse_if_missing(const struct log_options *options, struct fault *fault)
{
    char path[PATH_MAX];
    struct stat status;
    int length = snprintf(path, sizeof path, "%s/journal", options->directory);
    if (options->known_size == 0 || length < 0 || (size_t)length >= sizeof path ||
        stat(path, &status) == 0 || errno != ENOENT) {
        return OK;
    }
    return fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                     "%s, offset 0: the journal is missing, but %llu entries of it are known. "
                     "Nothing was changed. Put the log back.",
                     path, (unsigned long long)options->known_size);
}

static enum err open_directory(struct log *log, const struct log_options *options,
                               struct fault *fault)
{
    enum err err = refuse_if_missing(options, fault);
    if (err == OK) {
        err = file_make_directory(options->directory, fault);
    }
    if (err == OK) {
        err = file_open_directory(options->directory, &log->directory_fd, fault);
    }
    return err != OK ? err : file_lock_directory(log->directory_fd, options->directory, fault);
}

/* The log ends before an index that somebody has seen: its end was cut off. */
static enum err too_short(const struct log *log, uint64_t known_size, struct fault *fault)
{
    const struct journal *journal = &log->journal;
    char what[160];
    snprintf(what, sizeof what, "the log ends with %llu entries, but %llu are known",
             (unsigned long long)journal->size, (unsigned long long)known_size);
    uint64_t newest = journal->count == 0 ? 0 : journal->segments[journal->count - 1]->first;
    return journal_damaged(journal, newest, journal->offset, fault, what);
}

static enum err begin_first_segment(struct log *log, struct fault *fault)
{
    int fd;
    uint64_t bytes = log->first_segment_bytes;
    enum err err = spare_make(log->journal.directory_fd, SPARE_NAME_MAKING, bytes, NULL, &fd);
    if (err != OK) {
        return file_failed(fault, "make the first segment in", log->journal.path, NULL);
    }
    err = journal_begin(&log->journal, SPARE_NAME_MAKING, fd, bytes, fault);
    if (err == ERR_NO_MEMORY) {
        close(fd);
    }
    return err;
}

static void tell_torn(const struct log *log, struct log_opened *opened)
{
    const struct journal *journal = &log->journal;
    char name[SEGMENT_NAME_BYTES];
    segment_name(journal->segments[journal->count - 1]->first, name);
    snprintf(opened->torn_file, sizeof opened->torn_file, "%s/%s", journal->path, name);
    opened->torn_removed = true;
    opened->torn_offset = journal->offset;
}

/* Reads first, decides, and only then changes anything. */
static enum err recover(struct log *log, const struct log_options *options,
                        struct log_opened *opened, struct fault *fault)
{
    struct recovery recovery;
    enum err err = recover_scan(&log->journal, &log->requests, &recovery, fault);
    if (err != OK) {
        return err;
    }
    if (log->journal.size < options->known_size) {
        return too_short(log, options->known_size, fault);
    }
    *opened = (struct log_opened){
        .created = log->journal.count == 0,
        .size = log->journal.size,
        .rewritten = recovery.has_last ? recovery.last_entries : 0,
    };
    if (!opened->created) {
        log->journal.named = log->journal.segments[log->journal.count - 1]->first;
    }
    if (recovery.torn) {
        tell_torn(log, opened);
    }
    return opened->created ? begin_first_segment(log, fault)
                           : recover_repair(&log->journal, &recovery, fault);
}

static enum err start_threads(struct log *log, const struct log_options *options,
                              struct fault *fault)
{
    growth_init(&log->growth, log->journal.size);
    log->has_growth = true;
    enum err err = spare_start(&log->spare, log->journal.directory_fd, log->journal.path,
                               log->segment_bytes, fault);
    log->has_spare = true;
    if (err != OK) {
        return err;
    }
    (void)space_low(log);
    spare_want(&log->spare);
    log->writer.journal = &log->journal;
    log->writer.spare = &log->spare;
    log->writer.requests = &log->requests;
    log->writer.growth = &log->growth;
    log->writer.commit_wait_ms = options->commit_wait_ms;
    return writer_start(&log->writer, fault);
}

static enum err open_all(struct log *log, const struct log_options *options,
                         struct log_opened *opened, struct fault *fault)
{
    enum err err = open_directory(log, options, fault);
    if (err != OK) {
        return err;
    }
    log->has_requests = true;
    if (requests_init(&log->requests) != OK) {
        return fault_no_memory(fault);
    }
    log->has_journal = true;
    err = journal_init(&log->journal, options->directory, fault);
    if (err == OK) {
        err = recover(log, options, opened, fault);
    }
    return err == OK ? start_threads(log, options, fault) : err;
}

enum err log_open(const struct log_options *options, struct log **out,
                  struct log_opened *out_opened, struct fault *fault)
{
    struct log *log = memory_allocate_zeroed(sizeof *log);
    if (log == NULL) {
        return fault_no_memory(fault);
    }
    log->directory_fd = -1;
    log->path = memory_allocate(strlen(options->directory) + 1);
    if (log->path == NULL) {
        log_close(log);
        return fault_no_memory(fault);
    }
    memcpy(log->path, options->directory, strlen(options->directory) + 1);
    log->first_segment_bytes = segment_size(options->first_segment_bytes, FIRST_SEGMENT_BYTES);
    log->segment_bytes = segment_size(options->segment_bytes, SEGMENT_BYTES);
    log->reserve_bytes = options->reserve_bytes;
    log->space_looked_ms = -SPACE_EVERY_MS;
    log->space_free_bytes = UINT64_MAX; /* until the first look, in start_threads */
    struct log_opened opened = {0};
    enum err err = open_all(log, options, &opened, fault);
    if (err != OK) {
        log_close(log);
        return err;
    }
    *out = log;
    *out_opened = opened;
    return OK;
}

void log_close(struct log *log)
{
    if (log == NULL) {
        return;
    }
    writer_stop(&log->writer);
    if (log->has_spare) {
        spare_stop(&log->spare);
    }
    if (log->has_growth) {
        growth_end(&log->growth);
        growth_done(&log->growth);
    }
    if (log->has_journal) {
        journal_done(&log->journal);
    }
    if (log->has_requests) {
        requests_stop(&log->requests);
        requests_done(&log->requests);
    }
    if (log->directory_fd >= 0) {
        close(log->directory_fd); /* and with it the lock: last */
    }
    memory_free(log->path);
    memory_free(log);
}

/* ---- append ---- */

void log_leaf_hash(struct slice record, uint8_t out[32])
{
    hash_leaf(record, out);
}

// NOLINTNEXTLINE(readability-function-size): all of an append at once, as the door says
enum err log_append(struct log *log, const struct log_entry *entries, size_t count,
                    const struct log_request *request, bool urgent, struct log_range *out_range,
                    struct fault *fault)
{
    assert(count >= 1 && count <= LOG_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        assert(entries[i].record.length >= 1 && entries[i].record.length <= LOG_ENTRY_MAX);
    }
    if (!urgent && space_low(log)) {
        if (request != NULL) {
            requests_abandon(&log->requests, request);
        }
        return fault_set(fault, ERR_AUDIT_UNAVAILABLE, REASON_refused, "disk",
                         "The disk under the log has less than its reserve of %llu octets free: "
                         "nothing was done. Free some space and try again.",
                         (unsigned long long)log->reserve_bytes);
    }
    return writer_append(&log->writer, entries, count, request, out_range, fault);
}

/* ---- size ---- */

uint64_t log_size(const struct log *log)
{
    return growth_size(&log->growth);
}

uint64_t log_wait_beyond(struct log *log, uint64_t size, int64_t timeout_ms)
{
    return growth_wait(&log->growth, size, timeout_ms);
}

void log_wake(struct log *log)
{
    growth_wake(&log->growth);
}

bool log_failed(const struct log *log)
{
    return atomic_load(&log->writer.failed);
}

enum err log_check_place(struct log *log, struct fault *fault)
{
    enum err err = file_check_place(log->directory_fd, log->path, fault);
    if (err == OK) {
        err = journal_check_place(&log->journal, fault);
    }
    if (err == ERR_DAMAGED) {
        writer_die(&log->writer);
    }
    return err;
}

/* ---- read, requests, status ---- */

enum err log_reader_open(struct log *log, struct log_reader **out)
{
    struct log_reader *reader = reader_new(&log->journal, &log->growth);
    if (reader == NULL) {
        return ERR_NO_MEMORY;
    }
    *out = reader;
    return OK;
}

enum log_request_state log_request_begin(struct log *log, const struct log_request *request,
                                         struct log_range *out_range)
{
    return requests_begin(&log->requests, request, out_range);
}

void log_request_abandon(struct log *log, const struct log_request *request)
{
    requests_abandon(&log->requests, request);
}

void log_status(struct log *log, struct log_status *out)
{
    *out = (struct log_status){.size = log_size(log),
                               .reserve_bytes = log->reserve_bytes,
                               .space_low = space_low(log),
                               .failed = log_failed(log),
                               .commits = atomic_load(&log->writer.commits)};
    out->bytes_free = atomic_load(&log->space_free_bytes);
    pthread_mutex_lock(&log->journal.lock);
    out->segments = log->journal.count;
    pthread_mutex_unlock(&log->journal.lock);
}
