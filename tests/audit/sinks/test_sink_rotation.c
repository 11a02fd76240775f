/* Exactly once across files: renamed, emptied, killed in between. */
#include "tests/audit/sinks/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

#include "audit/base/file.h"

#define ROTATIONS 12

/* The files of a rotation, oldest first; the sink's own path comes last. */
struct files {
    char names[ROTATIONS + 1][192];
    const char *paths[ROTATIONS + 1];
    size_t count;
};

static void rotate(struct fixture *fixture, struct files *files)
{
    char *name = files->names[files->count];
    snprintf(name, sizeof files->names[0], "%s.%zu", fixture->file, files->count);
    assert_int_equal(rename(fixture->file, name), 0);
    files->paths[files->count++] = name;
}

static void assert_all_complete(const struct fixture *fixture, struct files *files,
                                const struct sink_options *options)
{
    struct buffer expected;
    buffer_init(&expected, (size_t)1 << 30);
    expect_lines(fixture->log, options, 0, log_size(fixture->log), &expected);
    files->paths[files->count] = fixture->file;
    assert_files_are(files->paths, files->count + 1, &expected);
    buffer_done(&expected);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void a_renamed_file_is_let_go_and_the_path_opened_anew(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct files files = {0};
    struct sink *sink = start(&options, fixture->log);
    for (unsigned i = 0; i < 3; i++) {
        append_many(fixture->log, 100);
        WAIT_UNTIL(delivered_all(fixture, sink));
        rotate(fixture, &files);
        append_many(fixture->log, 10); /* these still belong to the renamed file, or to the new */
        sink_reopen(sink);
        WAIT_UNTIL(exists(fixture->file));
        WAIT_UNTIL(delivered_all(fixture, sink));
        assert_int_equal(known_size(fixture) >= 100, true);
    }
    append_many(fixture->log, 7);
    sink_stop(sink, WAIT_LIMIT_MS);
    assert_all_complete(fixture, &files, &options);
    assert_true(size_of_file(fixture->file) > 0);
}

static void a_reopen_without_a_rename_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct sink *sink = start(&options, fixture->log);
    for (unsigned i = 0; i < 20; i++) {
        append_many(fixture->log, 20);
        sink_reopen(sink);
    }
    sink_stop(sink, WAIT_LIMIT_MS);
    assert_complete(fixture, &options, 0);
}

static void *append_twenty_thousand(void *argument)
{
    append_many(argument, 20000);
    return NULL;
}

static void rotations_under_load_lose_and_double_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct files files = {0};
    struct sink *sink = start(&options, fixture->log);
    pthread_t appender;
    assert_int_equal(pthread_create(&appender, NULL, append_twenty_thousand, fixture->log), 0);
    for (unsigned i = 0; i < ROTATIONS; i++) {
        WAIT_UNTIL(size_of_file(fixture->file) > 20000);
        rotate(fixture, &files);
        sink_reopen(sink);
    }
    pthread_join(appender, NULL);
    sink_stop(sink, WAIT_LIMIT_MS);
    assert_all_complete(fixture, &files, &options);
}

/* A rotation that copies and empties the file in place: what comes later stands at its beginning.
 */
static void an_emptied_file_goes_on_at_its_beginning(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct files files = {0};
    struct buffer copied;
    buffer_init(&copied, (size_t)1 << 20);
    append_many(fixture->log, 50);
    struct sink *sink = start(&options, fixture->log);
    WAIT_UNTIL(delivered_all(fixture, sink));
    append_file(fixture->file, &copied);
    snprintf(files.names[0], sizeof files.names[0], "%s.copy", fixture->file);
    put_file(files.names[0], copied.data, copied.length);
    files.paths[files.count++] = files.names[0];
    buffer_done(&copied);
    assert_int_equal(truncate(fixture->file, 0), 0);
    append_many(fixture->log, 5);
    WAIT_UNTIL(delivered_all(fixture, sink));
    sink_stop(sink, WAIT_LIMIT_MS);
    append_many(fixture->log, 5);
    sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
    assert_all_complete(fixture, &files, &options);
}

static void a_folder_that_is_gone_is_waited_for(void **state)
{
    struct fixture *fixture = *state;
    struct files files = {0};
    char folder[192];
    char away[192];
    snprintf(folder, sizeof folder, "%s/lines", fixture->folder);
    snprintf(away, sizeof away, "%s/away", fixture->folder);
    snprintf(fixture->file, sizeof fixture->file, "%.100s/lines/f", fixture->folder);
    snprintf(fixture->url, sizeof fixture->url, "file://%s", fixture->file);
    assert_int_equal(mkdir(folder, 0700), 0);
    struct sink_options options = options_of(fixture);
    append_many(fixture->log, 30);
    struct sink *sink = start(&options, fixture->log);
    WAIT_UNTIL(delivered_all(fixture, sink));
    assert_int_equal(rename(folder, away), 0);
    heard_start(fixture);
    sink_reopen(sink);
    WAIT_UNTIL(status_of(sink).failing);
    append_many(fixture->log, 30);
    struct sink_status status = status_of(sink);
    assert_int_equal(status.lag, 30);
    assert_non_null(strstr(status.last_error, fixture->file));
    assert_int_equal(mkdir(folder, 0700), 0);
    sink_reopen(sink); /* a hint that ends the back-off */
    WAIT_UNTIL(delivered_all(fixture, sink));
    assert_false(status_of(sink).failing);
    sink_stop(sink, WAIT_LIMIT_MS);
    unsigned began = heard_times(fixture, "a sink fails");
    unsigned ended = heard_times(fixture, "a sink works again");
    heard_stop(fixture);
    assert_int_equal(began, 1);
    assert_int_equal(ended, 1);
    snprintf(files.names[0], sizeof files.names[0], "%s/away/f", fixture->folder);
    files.paths[files.count++] = files.names[0];
    assert_all_complete(fixture, &files, &options);
}

static void a_deleted_file_is_said_and_made_anew_although_nothing_comes(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    append_many(fixture->log, 50);
    heard_start(fixture);
    struct sink *sink = start(&options, fixture->log);
    WAIT_UNTIL(delivered_all(fixture, sink));
    WAIT_UNTIL(known_size(fixture) == 50); /* durable in the file, as the cursor says */
    assert_int_equal(unlink(fixture->file), 0);
    WAIT_UNTIL(exists(fixture->file));
    append_many(fixture->log, 10);
    WAIT_UNTIL(delivered_all(fixture, sink));
    sink_stop(sink, WAIT_LIMIT_MS);
    unsigned said = heard_times(fixture, "was deleted while it was written");
    heard_stop(fixture);
    assert_int_equal(said, 1);
    assert_complete(fixture, &options, 50);
}

/* ---- syncs of one file that are counted, and wait: a deletion surely comes before their end ----
 */

static atomic_ullong watched_inode; /* 0: none */
static atomic_uint watched_syncs;   /* begun */
static atomic_bool syncs_wait;

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

static int sync_watched(int fd)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && status.st_ino == atomic_load(&watched_inode)) {
        atomic_fetch_add(&watched_syncs, 1);
        while (atomic_load(&syncs_wait)) {
            poll(NULL, 0, 2);
        }
    }
    return fdatasync(fd);
}

static int rename_it(int directory_fd, const char *from, const char *to)
{
    return renameat(directory_fd, from, directory_fd, to);
}

static int remove_it(int directory_fd, const char *name)
{
    return unlinkat(directory_fd, name, 0);
}

static const struct file_calls watched_calls = {
    .open_at = open_it,
    .make_directory_at = make_directory,
    .write_at = write_it,
    .sync_data = sync_watched,
    .sync = fsync,
    .rename_at = rename_it,
    .remove_at = remove_it,
    .space = fstatvfs,
};

static int make_watched(void **state)
{
    file_calls_set(&watched_calls);
    return make(state);
}

static int unmake_watched(void **state)
{
    atomic_store(&syncs_wait, false);
    int result = unmake(state);
    file_calls_set(NULL);
    return result;
}

/* Sends lines that are durable, then ten more; the syncs of the latter wait if they shall. Returns
 * the file, open, so that no other gets its inode; the caller closes. */
static int send_beyond_a_sync(struct fixture *fixture, bool wait)
{
    struct stat status;
    append_many(fixture->log, 50);
    WAIT_UNTIL(known_size(fixture) == log_size(fixture->log));
    int fd = open(fixture->file, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &status), 0);
    atomic_store(&watched_syncs, 0);
    atomic_store(&watched_inode, status.st_ino);
    atomic_store(&syncs_wait, wait);
    append_many(fixture->log, 10);
    return fd;
}

static void what_a_sync_finds_deleted_stands_in_the_new_file_again(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    diag_set_level(DIAG_ERROR);
    struct sink *sink = start(&options, fixture->log);
    int deleted = send_beyond_a_sync(fixture, true);
    WAIT_UNTIL(atomic_load(&watched_syncs) > 0);
    assert_int_equal(unlink(fixture->file), 0);
    atomic_store(&syncs_wait, false);
    WAIT_UNTIL(exists(fixture->file) && delivered_all(fixture, sink));
    sink_stop(sink, WAIT_LIMIT_MS);
    diag_set_level(DIAG_NOTICE);
    close(deleted);
    assert_complete(fixture, &options, 50);
}

/* Sent, not synced, deleted: what comes next finds it. Should a sync have come between, nothing is
 * proved, and it is tried again; there is a second for it. */
static void what_was_sent_since_the_last_sync_stands_in_the_new_file_again(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    uint64_t durable;
    int tries = 0;
    diag_set_level(DIAG_ERROR);
    struct sink *sink = start(&options, fixture->log);
    do {
        assert_true(++tries < 100);
        durable = log_size(fixture->log) + 50;
        int deleted = send_beyond_a_sync(fixture, false);
        WAIT_UNTIL(delivered_all(fixture, sink));
        assert_int_equal(unlink(fixture->file), 0);
        append_many(fixture->log, 1);
        WAIT_UNTIL(exists(fixture->file) && delivered_all(fixture, sink));
        close(deleted);
    } while (atomic_load(&watched_syncs) > 0);
    sink_stop(sink, WAIT_LIMIT_MS);
    diag_set_level(DIAG_NOTICE);
    assert_complete(fixture, &options, durable);
}

static void a_deletion_under_load_leaves_no_hole(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct buffer expected;
    struct buffer got;
    pthread_t appender;
    diag_set_level(DIAG_ERROR);
    struct sink *sink = start(&options, fixture->log);
    assert_int_equal(pthread_create(&appender, NULL, append_twenty_thousand, fixture->log), 0);
    WAIT_UNTIL(size_of_file(fixture->file) > 20000);
    assert_int_equal(unlink(fixture->file), 0);
    uint64_t deleted_at = log_size(fixture->log);
    pthread_join(appender, NULL);
    WAIT_UNTIL(exists(fixture->file) && delivered_all(fixture, sink));
    sink_stop(sink, WAIT_LIMIT_MS);
    diag_set_level(DIAG_NOTICE);
    buffer_init(&expected, (size_t)1 << 30);
    buffer_init(&got, (size_t)1 << 30);
    expect_lines(fixture->log, &options, 0, log_size(fixture->log), &expected);
    append_file(fixture->file, &got);
    assert_true(got.length > 0 && got.length <= expected.length);
    assert_memory_equal(got.data, expected.data + (expected.length - got.length), got.length);
    expected.length = 0;
    expect_lines(fixture->log, &options, deleted_at, log_size(fixture->log), &expected);
    assert_true(got.length >= expected.length);
    buffer_done(&expected);
    buffer_done(&got);
}

static void a_shortened_file_is_said(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    append_many(fixture->log, 50);
    heard_start(fixture);
    struct sink *sink = start(&options, fixture->log);
    WAIT_UNTIL(known_size(fixture) == 50);
    assert_int_equal(truncate(fixture->file, 0), 0);
    WAIT_UNTIL(strstr(heard_text(fixture), "another program shortened the file") != NULL);
    sink_stop(sink, WAIT_LIMIT_MS);
    unsigned said = heard_times(fixture, "another program shortened the file");
    heard_stop(fixture);
    assert_int_equal(said, 1);
}

static void append_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

#define ENDED "an unfinished line that another program left was ended"

static void what_another_program_wrote_stands_on_a_line_of_its_own(void **state)
{
    static const char *const texts[] = {"not ours", "and a whole line\n", "CEF:0|again, cut",
                                        "two\nlines"};
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct buffer expected;
    unsigned unfinished = 0;
    buffer_init(&expected, (size_t)1 << 20);
    heard_start(fixture);
    struct sink *sink = start(&options, fixture->log);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint64_t from = log_size(fixture->log);
        append_many(fixture->log, 5);
        WAIT_UNTIL(delivered_all(fixture, sink));
        expect_lines(fixture->log, &options, from, log_size(fixture->log), &expected);
        append_text(fixture->file, texts[i]);
        buffer_append_text(&expected, texts[i]);
        if (texts[i][strlen(texts[i]) - 1] != '\n') {
            buffer_append_char(&expected, '\n');
            unfinished++;
        }
        from = log_size(fixture->log);
        append_many(fixture->log, 1);
        WAIT_UNTIL(delivered_all(fixture, sink));
        expect_lines(fixture->log, &options, from, log_size(fixture->log), &expected);
        WAIT_UNTIL(heard_times(fixture, ENDED) == unfinished);
    }
    sink_stop(sink, WAIT_LIMIT_MS);
    unsigned said = heard_times(fixture, ENDED);
    heard_stop(fixture);
    assert_int_equal(said, unfinished);
    assert_file_is(fixture->file, &expected);
    buffer_done(&expected);
}

/* Cut by another program in the middle of a line: what is left of it is a line, and not the
 * beginning of the next one. */
static void a_line_that_another_program_cut_is_ended(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct buffer expected;
    buffer_init(&expected, (size_t)1 << 20);
    diag_set_level(DIAG_ERROR);
    append_many(fixture->log, 1);
    expect_lines(fixture->log, &options, 0, 1, &expected);
    expected.length = 20;
    buffer_append_char(&expected, '\n');
    struct sink *sink = start(&options, fixture->log);
    WAIT_UNTIL(known_size(fixture) == 1);
    assert_int_equal(truncate(fixture->file, 20), 0);
    append_many(fixture->log, 1);
    WAIT_UNTIL(delivered_all(fixture, sink));
    sink_stop(sink, WAIT_LIMIT_MS);
    diag_set_level(DIAG_NOTICE);
    expect_lines(fixture->log, &options, 1, 2, &expected);
    assert_file_is(fixture->file, &expected);
    buffer_done(&expected);
}

static void a_vanished_file_is_said(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    append_many(fixture->log, 5);
    sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
    /* by another file, so that its inode is not taken again */
    char other[256];
    snprintf(other, sizeof other, "%s/other", fixture->folder);
    put_file(other, "", 0);
    assert_int_equal(rename(other, fixture->file), 0);
    append_many(fixture->log, 5);
    heard_start(fixture);
    sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
    unsigned said = heard_times(fixture, "the file written before is gone");
    heard_stop(fixture);
    assert_int_equal(said, 1);
    assert_complete(fixture, &options, 5);
}

/* ---- killed in the middle of a rotation ---------------------------------------------------------
 */

static volatile sig_atomic_t hung_up;

static void on_hangup(int number)
{
    (void)number;
    hung_up = 1;
}

static void run_until_killed(struct fixture *fixture, const struct sink_options *options)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGHUP, on_hangup);
    fixture_open_log(fixture);
    struct sink *sink = start(options, fixture->log);
    for (;;) {
        append_many(fixture->log, 10);
        if (hung_up) {
            hung_up = 0;
            sink_reopen(sink);
        }
    }
}

/* Killed after the rename: before anybody told the sink, or while it goes on in the new file. */
static void a_kill_within_a_rotation_loses_and_doubles_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct files files = {0};
    log_close(fixture->log);
    fixture->log = NULL;
    diag_set_level(DIAG_ERROR);
    for (unsigned i = 0; i < ROTATIONS; i++) {
        uint64_t enough = size_of_file(fixture->file) + 10000 + i * 1777;
        pid_t child = fork();
        if (child == 0) {
            run_until_killed(fixture, &options);
        }
        WAIT_UNTIL(size_of_file(fixture->file) > enough || has_ended(child));
        rotate(fixture, &files);
        const char *renamed = files.paths[files.count - 1];
        uint64_t grown = size_of_file(renamed) + i * 333;
        if (i % 2 == 0) {
            WAIT_UNTIL(size_of_file(renamed) > grown || has_ended(child));
        } else {
            kill(child, SIGHUP);
            WAIT_UNTIL(size_of_file(fixture->file) > i * 333 || has_ended(child));
        }
        assert_false(has_ended(child));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    fixture_open_log(fixture);
    sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
    diag_set_level(DIAG_NOTICE);
    assert_all_complete(fixture, &files, &options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_renamed_file_is_let_go_and_the_path_opened_anew),
        TEST(a_reopen_without_a_rename_changes_nothing),
        TEST(rotations_under_load_lose_and_double_nothing),
        TEST(an_emptied_file_goes_on_at_its_beginning),
        TEST(a_folder_that_is_gone_is_waited_for),
        TEST(a_deleted_file_is_said_and_made_anew_although_nothing_comes),
        cmocka_unit_test_setup_teardown(what_a_sync_finds_deleted_stands_in_the_new_file_again,
                                        make_watched, unmake_watched),
        cmocka_unit_test_setup_teardown(
            what_was_sent_since_the_last_sync_stands_in_the_new_file_again, make_watched,
            unmake_watched),
        TEST(a_deletion_under_load_leaves_no_hole),
        TEST(a_shortened_file_is_said),
        TEST(what_another_program_wrote_stands_on_a_line_of_its_own),
        TEST(a_line_that_another_program_cut_is_ended),
        TEST(a_vanished_file_is_said),
        TEST(a_kill_within_a_rotation_loses_and_doubles_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
