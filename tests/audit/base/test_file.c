/* Files: written whole, replaced whole, locked; and the simulated disk forgets what it may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "audit/base/file.h"
#include "audit/base/file_fault.h"

#define SECTOR 512

static char scratch[PATH_MAX - 64]; /* holds the disk's folder and what survives of it */
static char root[PATH_MAX];
static int root_fd;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static int make_root(void **state)
{
    (void)state;
    snprintf(scratch, sizeof scratch, "%s/scratch-XXXXXX", TEST_BUILD);
    assert_non_null(mkdtemp(scratch));
    snprintf(root, sizeof root, "%s/disk", scratch);
    assert_int_equal(mkdir(root, 0700), 0);
    assert_int_equal(file_open_directory(root, &root_fd, NULL), OK);
    return 0;
}

static int remove_root(void **state)
{
    (void)state;
    file_fault_end();
    close(root_fd);
    return nftw(scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* With the kernel's calls: the simulated ones fail when the power is gone. */
static struct slice content_of(int directory_fd, const char *name)
{
    static char octets[8192];
    int fd = openat(directory_fd, name, O_RDONLY);
    if (fd < 0) {
        return (struct slice){NULL, 0};
    }
    ssize_t length = read(fd, octets, sizeof octets);
    assert_true(length >= 0);
    close(fd);
    return (struct slice){octets, (size_t)length};
}

static ssize_t write_three_octets(int fd, const struct iovec *pieces, int count, off_t offset)
{
    (void)count;
    static unsigned calls;
    if (calls++ % 2 == 0) {
        errno = EINTR;
        return -1;
    }
    return pwrite(fd, pieces[0].iov_base, pieces[0].iov_len < 3 ? pieces[0].iov_len : 3, offset);
}

static void writes_all_of_it_although_the_kernel_takes_little_at_a_time(void **state)
{
    (void)state;
    static const struct file_calls slow = {.write_at = write_three_octets};
    int fd;
    assert_int_equal(file_open_at(root_fd, "file", O_RDWR | O_CREAT, 0600, &fd), OK);
    file_calls_set(&slow);
    enum err err = file_write_at(fd, "twenty octets of text", 21, 4);
    enum err zeroed = file_zero(fd, 0, 4);
    file_calls_set(NULL);
    close(fd);
    assert_int_equal(err, OK);
    assert_int_equal(zeroed, OK);
    struct slice content = content_of(root_fd, "file");
    assert_int_equal(content.length, 25);
    assert_memory_equal(content.data, "\0\0\0\0twenty octets of text", 25);
}

static void zeros_a_range_and_nothing_else(void **state)
{
    (void)state;
    int fd;
    static char octets[3000000];
    memset(octets, 'x', sizeof octets);
    assert_int_equal(file_open_at(root_fd, "file", O_RDWR | O_CREAT, 0600, &fd), OK);
    assert_int_equal(file_write_at(fd, octets, sizeof octets, 0), OK);
    assert_int_equal(file_zero(fd, 7, 2500001), OK);
    size_t length;
    assert_int_equal(file_read_at(fd, octets, sizeof octets, 0, &length), OK);
    close(fd);
    assert_int_equal(length, sizeof octets);
    for (size_t i = 0; i < sizeof octets; i++) {
        if (octets[i] != (i >= 7 && i < 2500001 ? 0 : 'x')) {
            fail_msg("octet %zu", i);
        }
    }
}

static void makes_a_folder_once(void **state)
{
    (void)state;
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/made", root);
    assert_int_equal(file_make_directory(path, NULL), OK);
    assert_int_equal(file_make_directory(path, NULL), OK);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(status.st_mode & 0777, 0700);
    snprintf(path, sizeof path, "%s/no/parent", root);
    struct fault fault;
    assert_int_equal(file_make_directory(path, &fault), ERR_IO);
    assert_non_null(strstr(fault.sentence, path));
    assert_non_null(strstr(fault.sentence, "No such file"));
}

static void a_locked_folder_is_refused_until_it_is_closed(void **state)
{
    (void)state;
    int second;
    struct fault fault;
    assert_int_equal(file_lock_directory(root_fd, root, NULL), OK);
    assert_int_equal(file_open_directory(root, &second, NULL), OK);
    assert_int_equal(file_lock_directory(second, root, &fault), ERR_IN_USE);
    assert_int_equal(fault.reason, REASON_in_use);
    close(root_fd);
    assert_int_equal(file_lock_directory(second, root, &fault), OK);
    root_fd = second;
}

static void replaces_the_content_of_a_name(void **state)
{
    (void)state;
    assert_int_equal(file_replace_at(root_fd, "name", slice_of("first, longer"), 0640), OK);
    assert_true(slice_is(content_of(root_fd, "name"), "first, longer"));
    assert_int_equal(file_replace_at(root_fd, "name", slice_of("second"), 0640), OK);
    assert_true(slice_is(content_of(root_fd, "name"), "second"));
    assert_null(content_of(root_fd, "name.tmp").data);
}

/* ---- the simulated disk ---- */

/* Opens what a power cut leaves, with this seed. The caller closes. */
static void makes_a_new_file_and_leaves_what_is_there(void **state)
{
    (void)state;
    struct stat status;
    struct fault fault;
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/new", root);
    assert_int_equal(file_create(path, slice_of("first"), 0600, NULL), OK);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(file_create(path, slice_of("second"), 0600, &fault), ERR_IO);
    assert_non_null(strstr(fault.sentence, path));
    assert_true(slice_is(content_of(root_fd, "new"), "first"));
    snprintf(path, sizeof path, "%s/link", root);
    assert_int_equal(symlinkat("nowhere", root_fd, "link"), 0);
    assert_int_equal(file_create(path, slice_of("through"), 0600, &fault), ERR_IO);
    assert_int_equal(faccessat(root_fd, "nowhere", F_OK, 0), -1);
    snprintf(path, sizeof path, "%s/no/new", root);
    assert_int_equal(file_create(path, slice_of("x"), 0600, &fault), ERR_IO);
}

static void a_new_file_that_cannot_be_written_is_removed(void **state)
{
    (void)state;
    struct fault fault;
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/new", root);
    for (int sync = 0; sync < 2; sync++) {
        file_fault_begin(root);
        file_fault_fail(sync ? FILE_FAULT_SYNC : FILE_FAULT_WRITE, 1, ENOSPC, 0);
        assert_int_equal(file_create(path, slice_of("first"), 0600, &fault), ERR_IO);
        file_fault_end();
        assert_non_null(strstr(fault.sentence, "No space"));
        assert_int_equal(access(path, F_OK), -1);
    }
}

static int survivors(uint64_t seed)
{
    char target[PATH_MAX + 32];
    static unsigned number;
    snprintf(target, sizeof target, "%s/survivors-%u", scratch, number++);
    file_fault_survive(target, seed);
    int fd = open(target, O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    return fd;
}

static void a_power_cut_leaves_the_old_or_the_new_content_of_a_replaced_name(void **state)
{
    (void)state;
    unsigned long syncs = 1;
    bool cut = true;
    bool old_seen = false;
    bool new_seen = false;
    for (; cut; syncs++) {
        file_fault_begin(root);
        assert_int_equal(file_replace_at(root_fd, "name", slice_of("old"), 0600), OK);
        file_fault_cut_power(syncs);
        enum err err = file_replace_at(root_fd, "name", slice_of("newer"), 0600);
        cut = file_fault_power_is_cut();
        assert_int_equal(err, cut ? ERR_IO : OK);
        for (uint64_t seed = 0; seed < 40; seed++) {
            int fd = survivors(seed);
            struct slice content = content_of(fd, "name");
            close(fd);
            bool is_old = slice_is(content, "old");
            bool is_new = slice_is(content, "newer");
            assert_true(is_old || is_new);
            assert_true(cut || is_new);
            old_seen = old_seen || is_old;
            new_seen = new_seen || is_new;
        }
        file_fault_end();
    }
    assert_int_equal(syncs, 4); /* two syncs to cut at, and once none */
    assert_true(old_seen && new_seen);
}

static void a_power_cut_leaves_a_file_that_was_made(void **state)
{
    (void)state;
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/new", root);
    file_fault_begin(root);
    assert_int_equal(file_create(path, slice_of("content"), 0600, NULL), OK);
    for (uint64_t seed = 0; seed < 40; seed++) {
        int fd = survivors(seed);
        assert_true(slice_is(content_of(fd, "new"), "content"));
        close(fd);
    }
}

static void what_is_not_synced_may_be_lost_or_torn_at_sectors(void **state)
{
    (void)state;
    file_fault_begin(root);
    int fd;
    char octets[2 * SECTOR];
    memset(octets, 'a', sizeof octets);
    assert_int_equal(file_open_at(root_fd, "file", O_RDWR | O_CREAT, 0600, &fd), OK);
    assert_int_equal(file_write_at(fd, octets, sizeof octets, 0), OK);
    assert_int_equal(file_sync_data(fd), OK);
    assert_int_equal(file_sync(root_fd), OK);
    memset(octets, 'b', sizeof octets);
    assert_int_equal(file_write_at(fd, octets, sizeof octets - 2, 1), OK);
    close(fd);
    unsigned seen = 0;
    for (uint64_t seed = 0; seed < 64; seed++) {
        int left = survivors(seed);
        struct slice content = content_of(left, "file");
        close(left);
        assert_int_equal(content.length, sizeof octets);
        assert_int_equal(content.data[0], 'a');
        assert_int_equal(content.data[2 * SECTOR - 1], 'a');
        char first = content.data[1];
        char second = content.data[SECTOR];
        for (size_t i = 1; i < SECTOR; i++) {
            assert_int_equal(content.data[i], first);
        }
        seen |= 1U << (2 * (first == 'b') + (second == 'b'));
    }
    assert_int_equal(seen, 0xf); /* all four */
}

static void a_name_may_be_lost_until_its_folder_is_synced(void **state)
{
    (void)state;
    file_fault_begin(root);
    int fd;
    assert_int_equal(file_open_at(root_fd, "file", O_RDWR | O_CREAT, 0600, &fd), OK);
    assert_int_equal(file_write_at(fd, "x", 1, 0), OK);
    assert_int_equal(file_sync(fd), OK);
    close(fd);
    int left = survivors(0); /* nothing that is not certain */
    assert_null(content_of(left, "file").data);
    close(left);
    assert_int_equal(file_sync(root_fd), OK);
    assert_int_equal(file_rename_at(root_fd, "file", "other"), OK);
    left = survivors(0);
    assert_true(slice_is(content_of(left, "file"), "x"));
    assert_null(content_of(left, "other").data);
    close(left);
    left = survivors(1); /* everything */
    assert_true(slice_is(content_of(left, "other"), "x"));
    close(left);
}

static void a_second_sync_does_not_bring_back_what_a_failed_one_lost(void **state)
{
    (void)state;
    file_fault_begin(root);
    int fd;
    assert_int_equal(file_open_at(root_fd, "file", O_RDWR | O_CREAT, 0600, &fd), OK);
    assert_int_equal(file_write_at(fd, "a", 1, 0), OK);
    assert_int_equal(file_sync(fd), OK);
    assert_int_equal(file_sync(root_fd), OK);
    assert_int_equal(file_write_at(fd, "b", 1, 0), OK);
    file_fault_fail(FILE_FAULT_SYNC, 1, EIO, 0);
    assert_int_equal(file_sync(fd), ERR_IO);
    assert_int_equal(file_sync(fd), OK);
    int left = survivors(0);
    assert_true(slice_is(content_of(left, "file"), "a"));
    close(left);
    assert_int_equal(file_write_at(fd, "b", 1, 0), OK); /* written again: now it is */
    assert_int_equal(file_sync(fd), OK);
    close(fd);
    left = survivors(0);
    assert_true(slice_is(content_of(left, "file"), "b"));
    close(left);
}

static void the_nth_call_fails_and_a_write_may_be_cut_short(void **state)
{
    (void)state;
    file_fault_begin(root);
    int fd;
    assert_int_equal(file_open_at(root_fd, "file", O_RDWR | O_CREAT, 0600, &fd), OK);
    file_fault_fail(FILE_FAULT_WRITE, 2, EDQUOT, 0);
    assert_int_equal(file_write_at(fd, "one", 3, 0), OK);
    assert_int_equal(file_write_at(fd, "two", 3, 0), ERR_IO);
    assert_int_equal(errno, EDQUOT);
    assert_int_equal(file_write_at(fd, "six", 3, 0), OK);
    file_fault_fail(FILE_FAULT_WRITE, 1, EIO, 2);
    assert_int_equal(file_write_at(fd, "ten", 3, 0), ERR_IO);
    close(fd);
    assert_true(slice_is(content_of(root_fd, "file"), "tex"));
}

static void a_full_disk_takes_what_fits_and_says_so(void **state)
{
    (void)state;
    file_fault_begin(root);
    file_fault_set_capacity(1000);
    int fd;
    uint64_t bytes;
    char octets[600] = {0};
    assert_int_equal(file_open_at(root_fd, "file", O_RDWR | O_CREAT, 0600, &fd), OK);
    assert_int_equal(file_write_at(fd, octets, 600, 0), OK);
    assert_int_equal(file_free_bytes(root_fd, &bytes), OK);
    assert_int_equal(bytes, 400);
    assert_int_equal(file_write_at(fd, octets, 600, 0), OK); /* over what is there */
    assert_int_equal(file_write_at(fd, octets, 600, 600), ERR_IO);
    assert_int_equal(errno, ENOSPC);
    close(fd);
    assert_int_equal(content_of(root_fd, "file").length, 1000);
    assert_int_equal(file_remove_at(root_fd, "file"), OK);
    assert_int_equal(file_free_bytes(root_fd, &bytes), OK);
    assert_int_equal(bytes, 1000);
}

int main(void)
{
#define IN_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)
    const struct CMUnitTest tests[] = {
        IN_ROOT(writes_all_of_it_although_the_kernel_takes_little_at_a_time),
        IN_ROOT(zeros_a_range_and_nothing_else),
        IN_ROOT(makes_a_folder_once),
        IN_ROOT(a_locked_folder_is_refused_until_it_is_closed),
        IN_ROOT(replaces_the_content_of_a_name),
        IN_ROOT(makes_a_new_file_and_leaves_what_is_there),
        IN_ROOT(a_new_file_that_cannot_be_written_is_removed),
        IN_ROOT(a_power_cut_leaves_a_file_that_was_made),
        IN_ROOT(a_power_cut_leaves_the_old_or_the_new_content_of_a_replaced_name),
        IN_ROOT(what_is_not_synced_may_be_lost_or_torn_at_sectors),
        IN_ROOT(a_name_may_be_lost_until_its_folder_is_synced),
        IN_ROOT(a_second_sync_does_not_bring_back_what_a_failed_one_lost),
        IN_ROOT(the_nth_call_fails_and_a_write_may_be_cut_short),
        IN_ROOT(a_full_disk_takes_what_fits_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
