/* A log whose files somebody removes, replaces or cuts while it is open. */
#include "tests/audit/log/scratch.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

#include "audit/base/file.h"

#define SALT 7
#define LONGEST 700

static int make_scratch(void **state)
{
    struct scratch *scratch = malloc(sizeof *scratch);
    scratch_make(scratch);
    *state = scratch;
    return 0;
}

static int remove_scratch(void **state)
{
    scratch_remove(*state);
    free(*state);
    return 0;
}

static void nothing_is_acknowledged_into_a_segment_that_was_removed(void **state)
{
    const struct scratch *scratch = *state;
    struct log_options options = scratch_options(scratch);
    struct log *log = scratch_open(&options, NULL);
    assert_int_equal(scratch_append(log, 3, SALT, LONGEST, NULL), OK);
    scratch_remove(scratch);
    struct fault fault;
    fault_clear(&fault);
    assert_int_equal(scratch_append(log, 1, SALT, LONGEST, &fault), ERR_AUDIT_UNAVAILABLE);
    assert_int_equal(fault.reason, REASON_outcome_unknown);
    assert_true(log_failed(log));
    assert_int_equal(log_size(log), 3);
    log_close(log);
}

static void a_log_in_its_place_is_fine(void **state)
{
    struct log_options options = scratch_options(*state);
    struct log *log = scratch_open(&options, NULL);
    struct fault fault;
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(scratch_append(log, 10, SALT, LONGEST, NULL), OK); /* several segments */
        assert_int_equal(log_check_place(log, &fault), OK);
    }
    log_close(log);
}

static void a_folder_that_was_replaced_is_noticed_and_ends_the_log(void **state)
{
    const struct scratch *scratch = *state;
    struct log_options options = scratch_options(scratch);
    struct log *log = scratch_open(&options, NULL);
    assert_int_equal(scratch_append(log, 3, SALT, LONGEST, NULL), OK);
    char away[PATH_MAX + 16];
    snprintf(away, sizeof away, "%s.away", scratch->log);
    assert_int_equal(rename(scratch->log, away), 0);
    assert_int_equal(mkdir(scratch->log, 0700), 0);
    struct fault fault;
    fault_clear(&fault);
    assert_int_equal(log_check_place(log, &fault), ERR_DAMAGED);
    assert_non_null(strstr(fault.sentence, scratch->log));
    assert_true(log_failed(log));
    assert_int_equal(scratch_append(log, 1, SALT, LONGEST, &fault), ERR_AUDIT_UNAVAILABLE);
    assert_int_equal(fault.reason, REASON_refused);
    log_close(log);
}

static void a_newest_segment_that_was_removed_ends_the_log(void **state)
{
    const struct scratch *scratch = *state;
    struct log_options options = scratch_options(scratch);
    struct log *log = scratch_open(&options, NULL);
    char segment[PATH_MAX + 64];
    snprintf(segment, sizeof segment, "%s/journal/00000000000000000000.wal", scratch->log);
    struct fault fault;
    fault_clear(&fault);
    assert_int_equal(log_check_place(log, &fault), OK);
    assert_int_equal(unlink(segment), 0);
    assert_int_equal(log_check_place(log, &fault), ERR_DAMAGED);
    assert_non_null(strstr(fault.sentence, segment));
    assert_true(log_failed(log));
    log_close(log);
}

static void nothing_is_acknowledged_into_a_segment_that_was_cut(void **state)
{
    const struct scratch *scratch = *state;
    struct log_options options = scratch_options(scratch);
    struct log *log = scratch_open(&options, NULL);
    char segment[PATH_MAX + 64];
    assert_int_equal(scratch_append(log, 3, SALT, LONGEST, NULL), OK);
    snprintf(segment, sizeof segment, "%s/journal/00000000000000000000.wal", scratch->log);
    assert_int_equal(truncate(segment, 0), 0);
    struct fault fault;
    fault_clear(&fault);
    assert_int_equal(scratch_append(log, 1, SALT, LONGEST, &fault), ERR_AUDIT_UNAVAILABLE);
    assert_true(log_failed(log));
    log_close(log);
}

/* A disk that takes long over the head of a new segment: the file has no name yet, and nobody
 * removed it. */
static _Atomic int syncs_held;
static _Atomic bool hold_syncs;

static int slow_sync_data(int fd)
{
    while (atomic_load(&hold_syncs)) {
        atomic_store(&syncs_held, 1);
        usleep(1000);
    }
    return fdatasync(fd);
}

static int kernel_open_at(int directory_fd, const char *name, int flags, mode_t mode)
{
    return openat(directory_fd, name, flags, mode);
}

static int kernel_rename_at(int directory_fd, const char *from, const char *to)
{
    return renameat(directory_fd, from, directory_fd, to);
}

static int kernel_remove_at(int directory_fd, const char *name)
{
    return unlinkat(directory_fd, name, 0);
}

static void *append_until_the_next_segment(void *log)
{
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(scratch_append(log, 10, SALT, LONGEST, NULL), OK);
    }
    return NULL;
}

static void a_segment_that_waits_for_its_name_is_not_missed(void **state)
{
    const struct file_calls slow = {.open_at = kernel_open_at,
                                    .make_directory_at = mkdirat,
                                    .write_at = pwritev,
                                    .sync_data = slow_sync_data,
                                    .sync = fsync,
                                    .rename_at = kernel_rename_at,
                                    .remove_at = kernel_remove_at,
                                    .space = fstatvfs};
    struct log_options options = scratch_options(*state);
    file_calls_set(&slow);
    struct log *log = scratch_open(&options, NULL);
    pthread_t appender;
    struct fault fault;
    assert_int_equal(pthread_create(&appender, NULL, append_until_the_next_segment, log), 0);
    for (unsigned i = 0; i < 200; i++) {
        atomic_store(&syncs_held, 0);
        atomic_store(&hold_syncs, true);
        for (unsigned wait = 0; wait < 50 && atomic_load(&syncs_held) == 0; wait++) {
            usleep(1000);
        }
        assert_int_equal(log_check_place(log, &fault), OK);
        assert_int_equal(log_check_place(log, &fault), OK);
        atomic_store(&hold_syncs, false);
        usleep(500);
    }
    pthread_join(appender, NULL);
    assert_false(log_failed(log));
    log_close(log);
    file_calls_set(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_acknowledged_into_a_segment_that_was_removed,
                                        make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(a_log_in_its_place_is_fine, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(a_folder_that_was_replaced_is_noticed_and_ends_the_log,
                                        make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(a_newest_segment_that_was_removed_ends_the_log,
                                        make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(nothing_is_acknowledged_into_a_segment_that_was_cut,
                                        make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(a_segment_that_waits_for_its_name_is_not_missed,
                                        make_scratch, remove_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
