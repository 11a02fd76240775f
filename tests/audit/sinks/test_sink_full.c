/* A disk that takes no more, or fails: the sink waits, says so once, and then goes on without
 * losing or doubling a line. */
#include "tests/audit/sinks/fixture.h"

#include "audit/base/file.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

/* The kernel lets this process write no file beyond so many octets: a write that would pass the
 * limit ends exactly there, the next one fails. */
static void limit_files(rlim_t octets)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = octets > limit.rlim_max ? limit.rlim_max : octets;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The log makes its next segment ahead, in a thread of its own: it must be through before the limit
 * comes, or the limit would meet it. */
static int make_quiet(void **state)
{
    int result = make(state);
    char spare[256];
    struct fixture *fixture = *state;
    snprintf(spare, sizeof spare, "%s/journal/spare", fixture->log_folder);
    WAIT_UNTIL(access(spare, F_OK) == 0);
    return result;
}

static void remove_cursor(const struct fixture *fixture)
{
    char cursor[256];
    snprintf(cursor, sizeof cursor, "%s/main", fixture->cursors);
    unlink(cursor);
    unlink(fixture->file);
}

/* Files of the log are larger than the limits here, so nothing is appended meanwhile. */
static void a_half_written_line_is_completed_when_there_is_room(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    append_many(fixture->log, 40);
    diag_set_level(DIAG_ERROR);
    for (rlim_t octets = 2000; octets < 2400; octets += 13) {
        remove_cursor(fixture);
        limit_files(octets);
        struct sink *sink = start(&options, fixture->log);
        WAIT_UNTIL(status_of(sink).failing);
        assert_int_equal(size_of_file(fixture->file), octets);
        struct sink_status status = status_of(sink);
        assert_true(status.lines > 0 && status.lines == status.cursor && status.lag > 0);
        limit_files(RLIM_INFINITY);
        WAIT_UNTIL(delivered_all(fixture, sink));
        assert_int_equal(status_of(sink).lines, 40);
        assert_false(status_of(sink).failing);
        sink_stop(sink, WAIT_LIMIT_MS);
        assert_complete(fixture, &options, 0);
    }
    diag_set_level(DIAG_NOTICE);
}

static void a_stop_with_a_half_written_line_takes_it_back(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    append_many(fixture->log, 40);
    diag_set_level(DIAG_ERROR);
    for (rlim_t octets = 2000; octets < 2300; octets += 29) {
        remove_cursor(fixture);
        limit_files(octets);
        struct sink *sink = start(&options, fixture->log);
        WAIT_UNTIL(status_of(sink).failing);
        uint64_t lines = status_of(sink).lines;
        sink_stop(sink, 0);
        struct buffer expected;
        buffer_init(&expected, (size_t)1 << 20);
        expect_lines(fixture->log, &options, 0, lines, &expected);
        assert_file_is(fixture->file, &expected);
        buffer_done(&expected);
        assert_int_equal(known_size(fixture), lines);
        limit_files(RLIM_INFINITY);
        sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
        assert_complete(fixture, &options, 0);
    }
    diag_set_level(DIAG_NOTICE);
}

static void a_rotation_with_a_half_written_line_moves_it_to_the_new_file(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    char renamed[192];
    snprintf(renamed, sizeof renamed, "%s.1", fixture->file);
    append_many(fixture->log, 30);
    diag_set_level(DIAG_ERROR);
    for (rlim_t octets = 2000; octets < 2300; octets += 29) {
        remove_cursor(fixture);
        limit_files(octets);
        struct sink *sink = start(&options, fixture->log);
        WAIT_UNTIL(status_of(sink).failing);
        assert_int_equal(rename(fixture->file, renamed), 0);
        sink_reopen(sink);
        WAIT_UNTIL(size_of_file(fixture->file) > 0);
        limit_files(RLIM_INFINITY);
        WAIT_UNTIL(delivered_all(fixture, sink));
        sink_stop(sink, WAIT_LIMIT_MS);
        struct buffer expected;
        const char *const paths[] = {renamed, fixture->file};
        buffer_init(&expected, (size_t)1 << 20);
        expect_lines(fixture->log, &options, 0, 30, &expected);
        assert_files_are(paths, 2, &expected);
        buffer_done(&expected);
        assert_true(size_of_file(renamed) <= octets && size_of_file(renamed) > octets - 400);
    }
    diag_set_level(DIAG_NOTICE);
}

/* The copy that such a rotation makes ends with the half line; the emptied file must not begin with
 * the other half. */
static void emptied_with_a_half_written_line_it_begins_with_the_whole_one(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    append_many(fixture->log, 30);
    diag_set_level(DIAG_ERROR);
    for (rlim_t octets = 2000; octets < 2300; octets += 29) {
        remove_cursor(fixture);
        limit_files(octets);
        struct sink *sink = start(&options, fixture->log);
        WAIT_UNTIL(status_of(sink).failing);
        uint64_t lines = status_of(sink).lines;
        assert_int_equal(truncate(fixture->file, 0), 0);
        limit_files(RLIM_INFINITY);
        WAIT_UNTIL(delivered_all(fixture, sink));
        sink_stop(sink, WAIT_LIMIT_MS);
        assert_complete(fixture, &options, lines);
    }
    diag_set_level(DIAG_NOTICE);
}

static void trouble_is_said_once_and_its_end_once(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    append_many(fixture->log, 40);
    limit_files(2000);
    heard_start(fixture);
    struct sink *sink = start(&options, fixture->log);
    WAIT_UNTIL(status_of(sink).failing);
    assert_non_null(strstr(status_of(sink).last_error, fixture->file));
    for (unsigned i = 0; i < 5; i++) {
        sink_reopen(sink); /* each is one more failing attempt: the file is full */
        WAIT_UNTIL(size_of_file(fixture->file) == 2000);
    }
    limit_files(RLIM_INFINITY);
    WAIT_UNTIL(delivered_all(fixture, sink));
    WAIT_UNTIL(!status_of(sink).failing);
    sink_stop(sink, WAIT_LIMIT_MS);
    unsigned began = heard_times(fixture, "a sink fails");
    unsigned ended = heard_times(fixture, "a sink works again");
    heard_stop(fixture);
    assert_int_equal(began, 1);
    assert_int_equal(ended, 1);
    assert_complete(fixture, &options, 0);
}

static void a_stop_does_not_wait_longer_than_it_may_for_a_failing_sink(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    append_many(fixture->log, 40);
    diag_set_level(DIAG_ERROR);
    limit_files(2000);
    struct sink *sink = start(&options, fixture->log);
    WAIT_UNTIL(status_of(sink).failing);
    int64_t before_ms = clock_boot_ms();
    sink_stop(sink, 300);
    int64_t took_ms = clock_boot_ms() - before_ms;
    limit_files(RLIM_INFINITY);
    diag_set_level(DIAG_NOTICE);
    assert_true(took_ms >= 250 && took_ms < 20000);
}

static void a_full_file_system_is_waited_out(void **state)
{
    struct fixture *fixture = *state;
    char folder[192];
    char filler[256];
    snprintf(folder, sizeof folder, "%s/small", fixture->folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    if (mount("none", folder, "tmpfs", MS_NOSUID | MS_NODEV, "size=256k") != 0) {
        skip();
    }
    snprintf(filler, sizeof filler, "%s/filler", folder);
    snprintf(fixture->file, sizeof fixture->file, "%.100s/small/f", fixture->folder);
    snprintf(fixture->url, sizeof fixture->url, "file://%s", fixture->file);
    struct sink_options options = options_of(fixture);
    diag_set_level(DIAG_ERROR);
    static char block[192 * 1024];
    put_file(filler, block, sizeof block);
    struct sink *sink = start(&options, fixture->log);
    append_many(fixture->log, 600); /* more than 64 KiB of lines; the log goes on regardless */
    WAIT_UNTIL(status_of(sink).failing);
    bool named = strstr(status_of(sink).last_error, strerror(ENOSPC)) != NULL;
    assert_int_equal(unlink(filler), 0);
    WAIT_UNTIL(delivered_all(fixture, sink));
    bool failing = status_of(sink).failing;
    sink_stop(sink, WAIT_LIMIT_MS);
    diag_set_level(DIAG_NOTICE);
    assert_complete(fixture, &options, 0);
    assert_int_equal(umount2(folder, MNT_DETACH), 0);
    assert_true(named);
    assert_false(failing);
}

/* ---- failing calls ------------------------------------------------------------------------------
 */

static atomic_int syncs_to_fail;   /* of the sink's file */
static atomic_int renames_to_fail; /* of cursors: no other file here is renamed by name */
static _Atomic ino_t failing_inode;

static bool takes_one(atomic_int *left)
{
    int now = atomic_load(left);
    while (now > 0 && !atomic_compare_exchange_weak(left, &now, now - 1)) {
    }
    return now > 0;
}

static int open_it(int directory_fd, const char *name, int flags, mode_t mode)
{
    return openat(directory_fd, name, flags, mode);
}

static int make_directory(int directory_fd, const char *name, mode_t mode)
{
    return mkdirat(directory_fd, name, mode);
}

static ssize_t write_it(int fd, const struct iovec *pieces, int count, off_t offset)
{
    return pwritev(fd, pieces, count, offset);
}

/* What the kernel does after a failed sync, made visible at once: the pages are gone. */
static int sync_data_or_fail(int fd)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && status.st_ino == atomic_load(&failing_inode) &&
        takes_one(&syncs_to_fail)) {
        errno = EIO;
        return -1;
    }
    return fdatasync(fd);
}

static int rename_or_fail(int directory_fd, const char *from, const char *to)
{
    if (strcmp(to, "main") == 0 && takes_one(&renames_to_fail)) {
        errno = EIO;
        return -1;
    }
    return renameat(directory_fd, from, directory_fd, to);
}

static int remove_it(int directory_fd, const char *name)
{
    return unlinkat(directory_fd, name, 0);
}

static const struct file_calls failing_calls = {
    .open_at = open_it,
    .make_directory_at = make_directory,
    .write_at = write_it,
    .sync_data = sync_data_or_fail,
    .sync = fsync,
    .rename_at = rename_or_fail,
    .remove_at = remove_it,
    .space = fstatvfs,
};

static int make_failing(void **state)
{
    file_calls_set(&failing_calls);
    return make(state);
}

static int unmake_failing(void **state)
{
    int result = unmake(state);
    file_calls_set(NULL);
    return result;
}

static void lines_of_a_failed_sync_are_written_anew(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct stat status;
    diag_set_level(DIAG_ERROR);
    struct sink *sink = start(&options, fixture->log);
    assert_int_equal(stat(fixture->file, &status), 0);
    atomic_store(&failing_inode, status.st_ino);
    for (int failures = 1; failures <= 3; failures++) {
        atomic_store(&syncs_to_fail, failures);
        append_many(fixture->log, 200);
        WAIT_UNTIL(atomic_load(&syncs_to_fail) == 0);
        WAIT_UNTIL(known_size(fixture) == log_size(fixture->log));
        assert_complete(fixture, &options, 0);
        assert_int_equal(status_of(sink).lines, log_size(fixture->log));
        WAIT_UNTIL(!status_of(sink).failing);
        assert_non_null(strstr(status_of(sink).last_error, "sync"));
    }
    sink_stop(sink, WAIT_LIMIT_MS);
    diag_set_level(DIAG_NOTICE);
    assert_complete(fixture, &options, 0);
}

/* A sync that fails leaves, at once, nothing but what is known to be durable. */
static void after_a_failed_sync_a_stopped_sink_keeps_what_is_durable(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct stat status;
    append_many(fixture->log, 10);
    diag_set_level(DIAG_ERROR);
    struct sink *sink = start(&options, fixture->log);
    WAIT_UNTIL(known_size(fixture) == 10);
    assert_int_equal(stat(fixture->file, &status), 0);
    atomic_store(&failing_inode, status.st_ino);
    atomic_store(&syncs_to_fail, 1000000);
    append_many(fixture->log, 10);
    WAIT_UNTIL(status_of(sink).failing);
    sink_stop(sink, 0);
    atomic_store(&syncs_to_fail, 0);
    assert_int_equal(known_size(fixture), 10);
    struct buffer expected;
    buffer_init(&expected, (size_t)1 << 20);
    expect_lines(fixture->log, &options, 0, 10, &expected);
    assert_file_is(fixture->file, &expected);
    buffer_done(&expected);
    sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
    diag_set_level(DIAG_NOTICE);
    assert_complete(fixture, &options, 0);
}

static void a_cursor_that_cannot_be_saved_does_not_stop_the_lines(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    heard_start(fixture);
    struct sink *sink = start(&options, fixture->log);
    atomic_store(&renames_to_fail, 1000000);
    append_many(fixture->log, 100);
    WAIT_UNTIL(status_of(sink).failing);
    append_many(fixture->log, 100);
    WAIT_UNTIL(delivered_all(fixture, sink));
    assert_non_null(strstr(status_of(sink).last_error, "cursor"));
    assert_int_equal(known_size(fixture), 0);
    atomic_store(&renames_to_fail, 0);
    WAIT_UNTIL(known_size(fixture) == 200);
    WAIT_UNTIL(!status_of(sink).failing);
    sink_stop(sink, WAIT_LIMIT_MS);
    unsigned began = heard_times(fixture, "cannot save its cursor");
    unsigned ended = heard_times(fixture, "can save its cursor again");
    heard_stop(fixture);
    assert_int_equal(began, 1);
    assert_int_equal(ended, 1);
    assert_complete(fixture, &options, 0);
}

static void a_cursor_that_cannot_be_saved_stops_the_start(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    atomic_store(&renames_to_fail, 1);
    assert_refused(&options, fixture->log, ERR_IO, "/sinks/main");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_half_written_line_is_completed_when_there_is_room,
                                        make_quiet, unmake),
        cmocka_unit_test_setup_teardown(a_stop_with_a_half_written_line_takes_it_back, make_quiet,
                                        unmake),
        cmocka_unit_test_setup_teardown(
            a_rotation_with_a_half_written_line_moves_it_to_the_new_file, make_quiet, unmake),
        cmocka_unit_test_setup_teardown(
            emptied_with_a_half_written_line_it_begins_with_the_whole_one, make_quiet, unmake),
        cmocka_unit_test_setup_teardown(trouble_is_said_once_and_its_end_once, make_quiet, unmake),
        cmocka_unit_test_setup_teardown(a_stop_does_not_wait_longer_than_it_may_for_a_failing_sink,
                                        make_quiet, unmake),
        TEST(a_full_file_system_is_waited_out),
        cmocka_unit_test_setup_teardown(lines_of_a_failed_sync_are_written_anew, make_failing,
                                        unmake_failing),
        cmocka_unit_test_setup_teardown(after_a_failed_sync_a_stopped_sink_keeps_what_is_durable,
                                        make_failing, unmake_failing),
        cmocka_unit_test_setup_teardown(a_cursor_that_cannot_be_saved_does_not_stop_the_lines,
                                        make_failing, unmake_failing),
        cmocka_unit_test_setup_teardown(a_cursor_that_cannot_be_saved_stops_the_start, make_failing,
                                        unmake_failing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
