/* A write, sync, rename or open that fails, for every n-th of them: nothing acknowledged is lost,
 * a log whose commit failed is dead until the next start, and that start mends it. */
#include "tests/audit/log/folders.h"
#include "tests/audit/log/workload.h"

#include <errno.h>
#include <sys/stat.h>

#include "audit/base/file_fault.h"

#define SEEDS 4
#define APPENDS 16

struct failure {
    enum file_fault_call call;
    int error_number;
    uint64_t part; /* of a write */
};

/* The log has failed: it says so to everybody, in every way. */
static void is_dead(struct workload *work)
{
    struct fault fault;
    struct log_range range;
    struct log_request request = workload_request(3, 3);
    assert_true(log_failed(work->log));
    work->appends[3][0].fate = FATE_NONE;
    assert_int_equal(workload_append(work, 3, 0, &fault), ERR_AUDIT_UNAVAILABLE);
    assert_int_equal(fault.reason, REASON_refused);
    assert_int_equal(work->appends[3][0].fate, FATE_REFUSED);
    assert_int_equal(log_request_begin(work->log, &request, &range), LOG_REQUEST_STOPPED);
    struct log_status status;
    log_status(work->log, &status);
    assert_true(status.failed);
    uint64_t size = log_size(work->log);
    assert_int_equal(log_wait_beyond(work->log, size, INT64_C(3600) * 1000), size);
}

/* Starts again on the same disk, goes on, and then loses the power: what a failed sync lost must
 * have been written again. */
static void go_on_and_lose_power(struct workload *work, const struct log_options *options,
                                 const char *when)
{
    static struct workload left;
    char survivors[SEEDS][PATH_MAX];
    work->log = scratch_open(options, NULL);
    workload_check(work, when);
    work->from = APPENDS;
    work->to = APPENDS + 3;
    workload_run(work);
    workload_check(work, when);
    log_close(work->log);
    for (uint64_t s = 0; s < SEEDS; s++) {
        new_folder(survivors[s], false);
        file_fault_survive(survivors[s], s);
    }
    file_fault_end();
    for (uint64_t s = 0; s < SEEDS; s++) {
        char directory[PATH_MAX + 8];
        struct log_options there = small_segments(directory, survivors[s]);
        left = *work;
        left.log = scratch_open(&there, NULL);
        workload_check(&left, when);
        log_close(left.log);
    }
}

/* One run with the n-th call failing. False if there were not so many. */
static bool run_with_failure(const struct failure *failure, unsigned threads, unsigned long n)
{
    static struct workload work;
    char folder[PATH_MAX];
    char directory[PATH_MAX + 8];
    char when[96];
    new_folder(folder, true);
    snprintf(when, sizeof when, "call %d of kind %d with error %d", (int)n, (int)failure->call,
             failure->error_number);
    struct log_options options = small_segments(directory, folder);
    struct log_opened opened;
    memset(&work, 0, sizeof work);
    work.threads = threads;
    work.to = APPENDS;
    work.report_fd = -1;
    file_fault_begin(folder);
    file_fault_fail(failure->call, n, failure->error_number, failure->part);
    struct fault fault = {0};
    enum err err = log_open(&options, &work.log, &opened, &fault);
    bool failed = true;
    if (err == OK) {
        workload_run(&work);
        failed = file_fault_count(failure->call) >= n;
        if (log_failed(work.log)) {
            is_dead(&work);
        }
        file_fault_fail(failure->call, 0, 0, 0);
        /* What was acknowledged can be read although the log is dead; what is unknown only the
         * start decides. */
        static struct workload looked;
        looked = work;
        workload_check(&looked, when);
        log_close(work.log);
    } else {
        assert_int_equal(err, ERR_IO);
        assert_true(strlen(fault.sentence) > 0);
    }
    file_fault_fail(failure->call, 0, 0, 0);
    go_on_and_lose_power(&work, &options, when);
    return failed;
}

static unsigned long walk_failures(const struct failure *failure, unsigned threads,
                                   unsigned long step)
{
    unsigned long n = 1;
    while (run_with_failure(failure, threads, n)) {
        n += step;
        scratch_remove(&scratch);
        scratch_make(&scratch);
    }
    return n;
}

static void a_write_that_fails(void **state)
{
    (void)state;
    static const struct failure failure = {FILE_FAULT_WRITE, EIO, 0};
    assert_true(walk_failures(&failure, 1, 1) > APPENDS);
}

static void a_write_that_is_cut_short(void **state)
{
    (void)state;
    static const struct failure failure = {FILE_FAULT_WRITE, EIO, 600};
    assert_true(walk_failures(&failure, 1, 1) > APPENDS);
}

static void a_sync_that_fails(void **state)
{
    (void)state;
    static const struct failure failure = {FILE_FAULT_SYNC, EIO, 0};
    assert_true(walk_failures(&failure, 1, 1) > APPENDS);
}

static void a_sync_that_fails_under_several_threads(void **state)
{
    (void)state;
    static const struct failure failure = {FILE_FAULT_SYNC, EIO, 0};
    assert_true(walk_failures(&failure, 3, 2) > APPENDS / 2);
}

static void a_rename_that_fails(void **state)
{
    (void)state;
    static const struct failure failure = {FILE_FAULT_RENAME, EIO, 0};
    assert_true(walk_failures(&failure, 1, 1) > 2);
}

static void a_file_that_cannot_be_opened(void **state)
{
    (void)state;
    static const struct failure failure = {FILE_FAULT_OPEN, EMFILE, 0};
    assert_true(walk_failures(&failure, 1, 1) > 2);
}

int main(void)
{
#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(a_write_that_fails),  IN_SCRATCH(a_write_that_is_cut_short),
        IN_SCRATCH(a_sync_that_fails),   IN_SCRATCH(a_sync_that_fails_under_several_threads),
        IN_SCRATCH(a_rename_that_fails), IN_SCRATCH(a_file_that_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
