/* What the tests of the log share: a private folder, entries that tell their own index, and the
 * check that a log holds exactly those. */
#ifndef TESTS_AUDIT_LOG_SCRATCH_H
#define TESTS_AUDIT_LOG_SCRATCH_H

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/log/log.h"

struct scratch {
    char root[PATH_MAX]; /* removed with all it holds */
    char log[PATH_MAX + 8];
};

static inline void scratch_make(struct scratch *scratch)
{
    snprintf(scratch->root, sizeof scratch->root, "%s/scratch-XXXXXX", TEST_BUILD);
    assert_non_null(mkdtemp(scratch->root));
    snprintf(scratch->log, sizeof scratch->log, "%s/log", scratch->root);
}

static inline int scratch_remove_one(const char *path, const struct stat *status, int kind,
                                     struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void scratch_remove(const struct scratch *scratch)
{
    nftw(scratch->root, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Small numbers from a seed, the same on every machine (xorshift64*). */
static inline uint64_t scratch_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(2685821657736338717);
}

/* The record that a test writes at an index: 1 to `longest` octets of any value that nothing but
 * index and salt decide. Returns its length. */
static inline size_t scratch_record(uint64_t index, uint64_t salt, size_t longest, char *out)
{
    uint64_t seed = (index + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ salt;
    size_t length = 1 + (size_t)(scratch_random(&seed) >> 16) % longest;
    for (size_t i = 0; i < length; i++) {
        out[i] = (char)(scratch_random(&seed) >> 24);
    }
    return length;
}

/* Entries of a batch and the memory of their records. */
struct scratch_batch {
    size_t count;
    struct log_entry entries[LOG_BATCH_MAX];
    char *records;
};

static inline void scratch_fill(struct scratch_batch *batch, uint64_t first, size_t count,
                                uint64_t salt, size_t longest)
{
    batch->count = count;
    batch->records = malloc(count * longest);
    char *at = batch->records;
    for (size_t i = 0; i < count; i++) {
        size_t length = scratch_record(first + i, salt, longest, at);
        batch->entries[i].record = (struct slice){at, length};
        log_leaf_hash(batch->entries[i].record, batch->entries[i].leaf_hash);
        at += length;
    }
}

static inline struct log_options scratch_options(const struct scratch *scratch)
{
    return (struct log_options){.directory = scratch->log,
                                .first_segment_bytes = 16384,
                                .segment_bytes = 32768,
                                .commit_wait_ms = 10000};
}

static inline struct log *scratch_open(const struct log_options *options, struct log_opened *opened)
{
    struct log *log = NULL;
    struct log_opened ignored;
    struct fault fault = {0};
    enum err err = log_open(options, &log, opened == NULL ? &ignored : opened, &fault);
    if (err != OK) {
        print_message("%s: %s\n", err_text(err), fault.sentence);
    }
    assert_int_equal(err, OK);
    return log;
}

/* Appends `count` records of the indexes from the log's size on (one thread appends). */
static inline enum err scratch_append(struct log *log, size_t count, uint64_t salt, size_t longest,
                                      struct fault *fault)
{
    static struct scratch_batch batch;
    uint64_t first = log_size(log);
    scratch_fill(&batch, first, count, salt, longest);
    struct log_range range;
    enum err err = log_append(log, batch.entries, count, NULL, false, &range, fault);
    free(batch.records);
    if (err == OK) {
        assert_int_equal(range.first, first);
        assert_int_equal(range.count, count);
    }
    return err;
}

static inline bool scratch_holds(struct log_reader *reader, uint64_t index, uint64_t salt,
                                 size_t longest)
{
    static _Thread_local char record[LOG_ENTRY_MAX];
    struct slice read;
    struct fault fault = {0};
    enum err err = log_read(reader, index, &read, &fault);
    if (err != OK) {
        print_message("entry %llu: %s\n", (unsigned long long)index, fault.sentence);
        return false;
    }
    size_t length = scratch_record(index, salt, longest, record);
    return slice_equal(read, (struct slice){record, length});
}

/* Does the log hold the records of [0, size), read in order? */
static inline void scratch_check(struct log *log, uint64_t size, uint64_t salt, size_t longest)
{
    struct log_reader *reader;
    assert_int_equal(log_reader_open(log, &reader), OK);
    for (uint64_t i = 0; i < size; i++) {
        if (!scratch_holds(reader, i, salt, longest)) {
            fail_msg("entry %llu is not what was written", (unsigned long long)i);
        }
    }
    log_reader_close(reader);
}

#endif
