/* The next segment: made ahead, zeros, whole; waited for no longer than allowed. */
#include "tests/audit/log/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

#include "audit/base/clock.h"
#include "audit/base/file.h"
#include "audit/base/file_fault.h"
#include "audit/log/spare.h"

#define BYTES 3000000 /* more than one piece */

static struct scratch scratch;
static int folder_fd;
static struct spare spare;

static int make_folder(void **state)
{
    (void)state;
    scratch_make(&scratch);
    return file_open_directory(scratch.root, &folder_fd, NULL) == OK ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    file_calls_set(NULL);
    file_fault_end();
    close(folder_fd);
    scratch_remove(&scratch);
    return 0;
}

static void start(void)
{
    assert_int_equal(spare_start(&spare, folder_fd, scratch.root, BYTES, NULL), OK);
}

static enum err take(uint64_t bytes, int64_t wait_ms, int *out_fd, struct fault *fault)
{
    uint64_t got = 0;
    enum err err = spare_take(&spare, bytes, clock_boot_ms() + wait_ms, out_fd, &got, fault);
    if (err == OK) {
        struct stat status;
        assert_int_equal(fstat(*out_fd, &status), 0);
        assert_int_equal(status.st_size, got);
        assert_true(got >= bytes);
    }
    return err;
}

static bool exists(const char *name)
{
    return faccessat(folder_fd, name, F_OK, 0) == 0;
}

static void is_made_of_zeros_and_has_its_blocks(void **state)
{
    (void)state;
    int fd;
    start();
    spare_want(&spare);
    assert_int_equal(take(BYTES, 10000, &fd, NULL), OK);
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_size, BYTES);
    assert_true(status.st_blocks * 512 >= BYTES); /* no holes */
    assert_int_equal(status.st_mode & 0777, 0600);
    char *octets = malloc(BYTES);
    assert_int_equal(pread(fd, octets, BYTES, 0), BYTES);
    for (size_t i = 0; i < BYTES; i++) {
        assert_int_equal(octets[i], 0);
    }
    free(octets);
    close(fd);
    assert_true(exists(SPARE_NAME)); /* it is the taker's to rename */
    spare_stop(&spare);
}

static void is_made_when_it_is_taken_without_being_asked_for(void **state)
{
    (void)state;
    int fd;
    start();
    assert_int_equal(take(100, 10000, &fd, NULL), OK);
    close(fd);
    spare_stop(&spare);
}

static void a_larger_one_is_made_for_a_large_batch(void **state)
{
    (void)state;
    int fd;
    struct stat status;
    start();
    assert_int_equal(take(100, 10000, &fd, NULL), OK);
    close(fd);
    spare_want(&spare);
    assert_int_equal(take(2 * BYTES, 10000, &fd, NULL), OK);
    assert_int_equal(fstatat(folder_fd, SPARE_NAME, &status, 0), 0);
    assert_int_equal(status.st_size, 2 * BYTES);
    close(fd);
    spare_stop(&spare);
}

static void the_next_process_takes_over_what_is_whole(void **state)
{
    (void)state;
    int fd;
    struct stat made;
    struct stat taken;
    start();
    assert_int_equal(take(100, 10000, &fd, NULL), OK);
    assert_int_equal(fstat(fd, &made), 0);
    close(fd);
    spare_stop(&spare);
    start();
    file_fault_begin(scratch.root); /* counts: nothing is written any more */
    assert_int_equal(take(100, 0, &fd, NULL), OK);
    assert_int_equal(file_fault_count(FILE_FAULT_WRITE), 0);
    assert_int_equal(fstat(fd, &taken), 0);
    assert_int_equal(taken.st_ino, made.st_ino);
    close(fd);
    spare_stop(&spare);
}

static void what_is_not_whole_is_removed(void **state)
{
    (void)state;
    int fd = openat(folder_fd, SPARE_NAME, O_WRONLY | O_CREAT, 0600);
    close(fd);
    fd = openat(folder_fd, SPARE_NAME_MAKING, O_WRONLY | O_CREAT, 0600);
    close(fd);
    start();
    assert_false(exists(SPARE_NAME));
    assert_false(exists(SPARE_NAME_MAKING));
    spare_stop(&spare);
}

static void a_full_disk_is_said_and_tried_again(void **state)
{
    (void)state;
    int fd;
    struct fault fault;
    file_fault_begin(scratch.root);
    file_fault_set_capacity(BYTES - 1);
    start();
    assert_int_equal(take(100, 10000, &fd, &fault), ERR_AUDIT_UNAVAILABLE);
    assert_int_equal(fault.reason, REASON_refused);
    assert_false(exists(SPARE_NAME_MAKING));
    /* Full in the middle, although there seemed to be room. */
    file_fault_set_capacity(0);
    file_fault_fail(FILE_FAULT_WRITE, 2, ENOSPC, 0);
    assert_int_equal(take(100, 10000, &fd, &fault), ERR_AUDIT_UNAVAILABLE);
    assert_int_equal(fault.reason, REASON_refused);
    assert_false(exists(SPARE_NAME_MAKING));
    assert_int_equal(take(100, 10000, &fd, &fault), OK);
    close(fd);
    spare_stop(&spare);
}

static void another_fault_is_said_by_its_name(void **state)
{
    (void)state;
    int fd;
    struct fault fault;
    file_fault_begin(scratch.root);
    file_fault_fail(FILE_FAULT_SYNC, 1, EIO, 0);
    start();
    assert_int_equal(take(100, 10000, &fd, &fault), ERR_AUDIT_UNAVAILABLE);
    assert_int_equal(fault.reason, REASON_refused);
    assert_non_null(strstr(fault.sentence, "Input/output error"));
    spare_stop(&spare);
}

/* ---- a disk that takes its time ---- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static int open_at(int directory_fd, const char *name, int flags, mode_t mode)
{
    return openat(directory_fd, name, flags, mode);
}

static ssize_t write_behind_the_gate(int fd, const struct iovec *pieces, int count, off_t offset)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return pwritev(fd, pieces, count, offset);
}

static int rename_at(int directory_fd, const char *from, const char *to)
{
    return renameat(directory_fd, from, directory_fd, to);
}

static int remove_at(int directory_fd, const char *name)
{
    return unlinkat(directory_fd, name, 0);
}

static const struct file_calls slow = {.open_at = open_at,
                                       .write_at = write_behind_the_gate,
                                       .sync_data = fdatasync,
                                       .sync = fsync,
                                       .rename_at = rename_at,
                                       .remove_at = remove_at,
                                       .space = fstatvfs};

static void is_not_waited_for_longer_than_allowed(void **state)
{
    (void)state;
    int fd;
    struct fault fault;
    file_calls_set(&slow);
    pthread_mutex_lock(&gate);
    start();
    spare_want(&spare);
    assert_int_equal(take(100, 0, &fd, &fault), ERR_AUDIT_UNAVAILABLE);
    assert_int_equal(fault.reason, REASON_refused);
    assert_int_equal(take(100, 30, &fd, &fault), ERR_AUDIT_UNAVAILABLE);
    assert_int_equal(fault.reason, REASON_refused);
    pthread_mutex_unlock(&gate);
    assert_int_equal(take(100, 10000, &fd, &fault), OK);
    close(fd);
    spare_stop(&spare);
}

static void stopping_does_not_wait_until_it_is_full(void **state)
{
    (void)state;
    file_calls_set(&slow);
    pthread_mutex_lock(&gate);
    start();
    spare_want(&spare);
    while (!exists(SPARE_NAME_MAKING)) {
        sched_yield();
    }
    atomic_store(&spare.stopping, true);
    pthread_mutex_unlock(&gate);
    spare_stop(&spare);
    assert_false(exists(SPARE_NAME_MAKING));
    assert_false(exists(SPARE_NAME));
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(is_made_of_zeros_and_has_its_blocks),
        IN_FOLDER(is_made_when_it_is_taken_without_being_asked_for),
        IN_FOLDER(a_larger_one_is_made_for_a_large_batch),
        IN_FOLDER(the_next_process_takes_over_what_is_whole),
        IN_FOLDER(what_is_not_whole_is_removed),
        IN_FOLDER(a_full_disk_is_said_and_tried_again),
        IN_FOLDER(another_fault_is_said_by_its_name),
        IN_FOLDER(is_not_waited_for_longer_than_allowed),
        IN_FOLDER(stopping_does_not_wait_until_it_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
