/* The log or the database does not take an act: who asks is told how far it came, nothing is done
 * by halves, and the next start completes what is durable. */
#include "tests/ceremony/act_kinds.h"

#include <errno.h>

#include "audit/base/clock.h"
#include "audit/base/file_fault.h"

static const struct act_kind *kind_of(const char *name)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    fail_msg("no kind %s", name);
    return NULL;
}

static size_t waiting_rows(void)
{
    size_t waiting;
    free(kinds_dump(&waiting));
    return waiting;
}

/* The daemon's next start, on a disk that works. */
static void start_again(void)
{
    room_close();
    file_fault_end();
    room_open();
    assert_false(ceremonies_failed(room.ceremonies));
    room_close();
    assert_int_equal(waiting_rows(), 0);
    room_open();
}

/* ---- the log --------------------------------------------------------------------------------- */

static enum err rename_guardian(unsigned number)
{
    char name[257]; /* long, so that a segment is soon full */
    struct guardian_row out;
    memset(name, 'n', sizeof name);
    snprintf(name + 200, sizeof name - 200, "%u", number);
    const struct guardian_update update = {.login = slice_of("guardian1"), .name = slice_of(name)};
    return room_update(&update, &out);
}

static void a_full_disk_refuses_and_nothing_is_done(void **state)
{
    (void)state;
    const struct act_kind *kind = kind_of("guardian.add");
    unsigned number = 0;
    enum err err = OK;
    kinds_set_up(kind);
    kinds_copy();
    file_fault_begin(room.scratch.root);
    room_open();
    file_fault_set_capacity(1);
    while (err == OK) {
        assert_true(number < 1000);
        err = rename_guardian(++number);
    }
    room_expect_fault(err, ERR_AUDIT_UNAVAILABLE, REASON_refused, "disk");
    uint64_t before = room_events();
    room_expect_fault(kinds_act(kind), ERR_AUDIT_UNAVAILABLE, REASON_refused, "disk");
    assert_int_equal(room_events(), before);
    assert_false(ceremonies_failed(room.ceremonies));
    assert_false(log_failed(room.log));
    struct guardian_row row;
    assert_int_equal(guardian_find(room.ceremonies->store, &room.arena, slice_of("guardian4"), &row,
                                   &room.fault),
                     ERR_NOT_FOUND);
    /* What was refused waits for nothing, also not until the next start. */
    room_close();
    assert_int_equal(waiting_rows(), 0);
    room_open();
    /* With room again the same request is done, once. */
    file_fault_set_capacity(0);
    int64_t limit_ms = clock_boot_ms() + 20000;
    do {
        assert_true(clock_boot_ms() < limit_ms);
        err = kinds_act(kind);
    } while (err == ERR_AUDIT_UNAVAILABLE);
    room_expect(err, OK);
    assert_false(room.repeated);
    kinds_expect_repeat(kind, true);
    assert_int_equal(room_events(), before + 1);
    start_again();
    kinds_expect_repeat(kind, false);
}

/* Below the reserve the acts of people go on: they are what the reserve is for. */
static void acts_may_use_the_reserve_of_the_disk(void **state)
{
    (void)state;
    kinds_set_up(kind_of("guardian.add"));
    kinds_copy();
    room.log_options.reserve_bytes = UINT64_MAX;
    room_open();
    struct log_status status;
    log_status(room.log, &status);
    assert_true(status.space_low);
    kinds_expect_now(kind_of("guardian.add"));
    room.log_options.reserve_bytes = 0;
}

/* A sync that fails may still have written: the record is there, and the next start finds it. */
static void expect_outcome_unknown(const struct act_kind *kind, enum file_fault_call call,
                                   bool there)
{
    kinds_set_up(kind);
    kinds_copy();
    file_fault_begin(room.scratch.root);
    room_open();
    uint64_t before = room_events();
    file_fault_fail(call, 1, EIO, 0);
    room_expect_fault(kinds_act(kind), ERR_AUDIT_UNAVAILABLE, REASON_outcome_unknown, "");
    file_fault_fail(call, 0, 0, 0);
    assert_true(log_failed(room.log));
    assert_false(ceremonies_failed(room.ceremonies)); /* it is the log that failed */
    /* Until then nothing more is done, and nothing that waits is thrown away. */
    room_expect_fault(kinds_act(kind), ERR_AUDIT_UNAVAILABLE, REASON_refused, "log");
    room_close();
    assert_true(waiting_rows() >= 1);
    file_fault_end();
    room_open();
    assert_int_equal(room_events(), before + (there ? kind->events : 0));
    if (there) {
        kinds_expect_repeat(kind, false);
    } else {
        kinds_expect_now(kind);
        kinds_expect_repeat(kind, true);
    }
    assert_int_equal(room_events(), before + kind->events);
    start_again();
}

static void after_a_failed_commit_the_next_start_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].outcome != NULL) {
            print_message("%s\n", kinds[i].name);
            expect_outcome_unknown(&kinds[i], FILE_FAULT_SYNC, true);
            expect_outcome_unknown(&kinds[i], FILE_FAULT_WRITE, false);
        }
    }
}

/* ---- the database ---------------------------------------------------------------------------- */

typedef ssize_t (*write_call)(int fd, const void *data, size_t length, off_t offset);

static write_call real_write;
static unsigned writes_left; /* until one fails, and all after it; 0: none does */

static ssize_t write_or_fail(int fd, const void *data, size_t length, off_t offset)
{
    if (writes_left > 0 && writes_left-- == 1) {
        writes_left = 1;
        errno = ENOSPC;
        return -1;
    }
    return real_write(fd, data, length, offset);
}

/* SQLite's n-th write from now fails, and all later ones: the disk under it is full. */
static void fill_disk_at(unsigned n)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    if (real_write == NULL) {
        real_write = (write_call)vfs->xGetSystemCall(vfs, "pwrite64");
        vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)write_or_fail);
    }
    writes_left = n;
}

/* With the database's n-th write failing: true once there are not so many. */
static bool survives_full_disk_at(const struct act_kind *kind, unsigned n, unsigned *refused,
                                  unsigned *unknown)
{
    kinds_copy();
    room_open();
    uint64_t before = room_events();
    fill_disk_at(n);
    enum err err = kinds_act(kind);
    enum reason reason = room.fault.reason;
    bool failed = ceremonies_failed(room.ceremonies);
    uint64_t events = room_events() - before;
    if (err != ERR_AUDIT_UNAVAILABLE) {
        fill_disk_at(0);
        assert_int_equal(events, kind->events);
        return true;
    }
    assert_int_equal(failed, reason == REASON_outcome_unknown);
    assert_int_equal(events, failed ? kind->events : 0);
    if (failed) {
        assert_string_equal(room.fault.field, "");
        (*unknown)++;
        /* nothing more is begun */
        room_expect_fault(kinds_act(kind), ERR_AUDIT_UNAVAILABLE, REASON_refused, "store");
        fill_disk_at(0);
        room_expect_fault(kinds_act(kind), ERR_AUDIT_UNAVAILABLE, REASON_refused, "store");
    } else {
        assert_int_equal(reason, REASON_refused);
        assert_string_equal(room.fault.field, "store");
        (*refused)++;
        fill_disk_at(0);
        kinds_expect_now(kind); /* as soon as there is room */
    }
    start_again();
    kinds_expect_repeat(kind, false);
    assert_int_equal(room_events(), before + kind->events);
    room_close();
    return false;
}

static void a_database_that_is_full_refuses_before_the_event_and_is_completed_after_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        unsigned refused = 0;
        unsigned unknown = 0;
        unsigned n = 1;
        if (kinds[i].outcome == NULL) {
            continue;
        }
        print_message("%s\n", kinds[i].name);
        kinds_set_up(&kinds[i]);
        while (!survives_full_disk_at(&kinds[i], n, &refused, &unknown)) {
            n++;
        }
        assert_true(refused > 0 && unknown > 0);
    }
}

static void fill_disk_after_the_event(enum act_step step)
{
    if (step == ACT_EMITTED) {
        fill_disk_at(1);
    }
}

/* The tick has nobody to tell it to: the daemon sees that the room failed, and stops. */
static void a_tick_that_the_database_does_not_take_is_completed_by_the_next_start(void **state)
{
    (void)state;
    const struct act_kind *kind = kind_of("expire");
    kinds_set_up(kind);
    kinds_copy();
    room_open();
    uint64_t before = room_events();
    act_on_step(fill_disk_after_the_event);
    room_tick();
    act_on_step(NULL);
    fill_disk_at(0);
    assert_true(ceremonies_failed(room.ceremonies));
    assert_int_equal(room_events(), before + 1);
    start_again();
    assert_true(room_state_is("expired"));
    room_tick();
    assert_int_equal(room_events(), before + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KINDS(a_full_disk_refuses_and_nothing_is_done),
        WITH_KINDS(acts_may_use_the_reserve_of_the_disk),
        WITH_KINDS(after_a_failed_commit_the_next_start_decides),
        WITH_KINDS(a_database_that_is_full_refuses_before_the_event_and_is_completed_after_it),
        WITH_KINDS(a_tick_that_the_database_does_not_take_is_completed_by_the_next_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
