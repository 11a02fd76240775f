/* A full disk: what is not urgent is refused below the reserve, everything when no segment can be
 * made; nothing is lost, and when there is space again it goes on. */
#include "tests/audit/log/workload.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "audit/base/clock.h"
#include "audit/base/file_fault.h"

static struct scratch scratch;
static struct workload work;

static int make_scratch(void **state)
{
    (void)state;
    scratch_make(&scratch);
    memset(&work, 0, sizeof work);
    work.threads = 1;
    work.report_fd = -1;
    return 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    file_fault_end();
    scratch_remove(&scratch);
    return 0;
}

/* Appends until one is refused, which must be for want of space; its number. */
static unsigned append_until_full(unsigned from)
{
    struct fault fault = {0};
    unsigned append = from;
    while (workload_append(&work, 0, append, &fault) == OK) {
        append++;
        assert_true(append < WORKLOAD_APPENDS);
    }
    assert_int_equal(fault.err, ERR_AUDIT_UNAVAILABLE);
    assert_int_equal(fault.reason, REASON_refused);
    assert_string_equal(fault.field, "disk");
    assert_false(log_failed(work.log));
    return append;
}

static void a_disk_without_room_for_a_segment_refuses_and_then_goes_on(void **state)
{
    (void)state;
    struct log_options options = scratch_options(&scratch);
    options.first_segment_bytes = 8192;
    options.segment_bytes = 8192;
    file_fault_begin(scratch.root);
    file_fault_set_capacity(60000);
    work.log = scratch_open(&options, NULL);
    unsigned full = append_until_full(0);
    assert_true(full > 20);
    /* It stays so (what is smaller may still fit), at once and not after commit_wait; and
     * everything can be read meanwhile. */
    int64_t began_ms = clock_boot_ms();
    for (unsigned i = 0; i < 5; i++) {
        full = append_until_full(full + 1);
    }
    assert_true(clock_boot_ms() - began_ms < options.commit_wait_ms);
    workload_check(&work, "while it is full");
    file_fault_set_capacity(120000);
    struct fault fault;
    assert_int_equal(workload_append(&work, 0, full + 1, &fault), OK);
    unsigned again = append_until_full(full + 2);
    assert_true(again > full + 20);
    log_close(work.log);
    /* And it starts on a full disk: start needs no space. */
    file_fault_set_capacity(1);
    work.log = scratch_open(&options, NULL);
    workload_check(&work, "opened on a full disk");
    append_until_full(again + 1);
    file_fault_set_capacity(0);
    assert_int_equal(workload_append(&work, 0, again + 50, &fault), OK);
    log_close(work.log);
    work.log = scratch_open(&options, NULL);
    workload_check(&work, "with space again");
    log_close(work.log);
}

static bool until_accepted(unsigned append)
{
    int64_t limit_ms = clock_boot_ms() + 10000;
    struct fault fault;
    while (workload_append(&work, 0, append, &fault) != OK) {
        if (clock_boot_ms() > limit_ms) {
            return false;
        }
    }
    return true;
}

static void below_the_reserve_only_what_is_urgent_is_taken(void **state)
{
    (void)state;
    struct log_options options = scratch_options(&scratch);
    options.first_segment_bytes = 8192;
    options.segment_bytes = 8192;
    options.reserve_bytes = 100000;
    file_fault_begin(scratch.root);
    file_fault_set_capacity(150000);
    work.log = scratch_open(&options, NULL);
    unsigned full = append_until_full(0);
    struct log_status status;
    log_status(work.log, &status);
    assert_true(status.space_low);
    assert_true(status.bytes_free < options.reserve_bytes);
    assert_int_equal(status.reserve_bytes, options.reserve_bytes);
    /* A refused request is free again. */
    struct log_request request = workload_request(1, 1);
    struct log_range range;
    char text[WORKLOAD_TEXT];
    struct log_entry entry = {.record = workload_text(0, full + 1, 0, text)};
    log_leaf_hash(entry.record, entry.leaf_hash);
    assert_int_equal(log_request_begin(work.log, &request, &range), LOG_REQUEST_NEW);
    assert_int_equal(log_append(work.log, &entry, 1, &request, false, &range, NULL),
                     ERR_AUDIT_UNAVAILABLE);
    assert_int_equal(log_request_begin(work.log, &request, &range), LOG_REQUEST_NEW);
    log_request_abandon(work.log, &request);
    /* The guardian's own acts go on until the disk is really full. */
    uint64_t urgent = 0;
    struct fault fault = {0};
    while (log_append(work.log, &entry, 1, NULL, true, &range, &fault) == OK) {
        urgent++;
    }
    assert_true(urgent > 100);
    assert_int_equal(fault.reason, REASON_refused);
    file_fault_set_capacity(0);
    assert_true(until_accepted(full + 2));
    log_close(work.log);
    struct log_opened opened;
    log_close(scratch_open(&options, &opened));
    assert_true(opened.size > urgent);
}

/* ---- a real one ---- */

static bool mounted;

static int mount_small(void **state)
{
    make_scratch(state);
    mounted = mount("none", scratch.root, "tmpfs", 0, "size=8m") == 0;
    return 0;
}

static int unmount_small(void **state)
{
    if (mounted) {
        umount2(scratch.root, MNT_DETACH);
    }
    return remove_scratch(state);
}

static void a_small_file_system_fills_up_and_is_freed(void **state)
{
    (void)state;
    if (!mounted) {
        print_message("no leave to mount a file system: the simulated one has to do\n");
        skip();
    }
    char ballast[PATH_MAX + 16];
    snprintf(ballast, sizeof ballast, "%s/ballast", scratch.root);
    int fd = open(ballast, O_RDWR | O_CREAT, 0600);
    assert_int_equal(posix_fallocate(fd, 0, 3 << 20), 0);
    close(fd);
    struct log_options options = scratch_options(&scratch);
    options.first_segment_bytes = 1 << 20;
    options.segment_bytes = 1 << 20;
    work.log = scratch_open(&options, NULL);
    char *record = malloc(60000);
    memset(record, 'r', 60000);
    struct log_entry entry = {.record = {record, 60000}};
    log_leaf_hash(entry.record, entry.leaf_hash);
    struct log_range range;
    struct fault fault = {0};
    uint64_t size = 0;
    while (log_append(work.log, &entry, 1, NULL, false, &range, &fault) == OK) {
        assert_int_equal(range.first, size);
        size++;
    }
    assert_int_equal(fault.reason, REASON_refused);
    assert_true(size > 50);
    assert_int_equal(unlink(ballast), 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(log_append(work.log, &entry, 1, NULL, false, &range, &fault), OK);
        assert_int_equal(range.first, size++);
    }
    log_close(work.log);
    work.log = scratch_open(&options, NULL);
    assert_int_equal(log_size(work.log), size);
    struct log_reader *reader;
    struct slice read;
    assert_int_equal(log_reader_open(work.log, &reader), OK);
    for (uint64_t i = 0; i < size; i++) {
        assert_int_equal(log_read(reader, i, &read, NULL), OK);
        assert_true(slice_equal(read, entry.record));
    }
    log_reader_close(reader);
    log_close(work.log);
    free(record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_disk_without_room_for_a_segment_refuses_and_then_goes_on,
                                        make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(below_the_reserve_only_what_is_urgent_is_taken,
                                        make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(a_small_file_system_fills_up_and_is_freed, mount_small,
                                        unmount_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
