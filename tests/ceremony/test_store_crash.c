/* A process that ends between any two steps of an act, or in the middle of a write: the next start
 * finds the act whole or not at all, by whether its event is in the log. */
#include "tests/ceremony/store_fixture.h"

#include <sys/wait.h>

#include <sqlite3.h>

#define DIED 7 /* exit code of a process that came to the write at which it ends */

/* ---- a process that ends at a write ---------------------------------------------------------- */

typedef ssize_t (*write_call)(int fd, const void *data, size_t length, off_t offset);
typedef int (*truncate_call)(int fd, off_t length);
typedef int (*unlink_call)(const char *path);

static write_call real_write;
static truncate_call real_truncate;
static unlink_call real_unlink;
static unsigned calls_left; /* 0: it lives */

static bool ends_now(void)
{
    return calls_left > 0 && --calls_left == 0;
}

static ssize_t write_or_end(int fd, const void *data, size_t length, off_t offset)
{
    if (ends_now()) {
        real_write(fd, data, length / 2, offset);
        _exit(DIED);
    }
    return real_write(fd, data, length, offset);
}

static int truncate_or_end(int fd, off_t length)
{
    if (ends_now()) {
        _exit(DIED);
    }
    return real_truncate(fd, length);
}

static int unlink_or_end(const char *path)
{
    if (ends_now()) {
        _exit(DIED);
    }
    return real_unlink(path);
}

/* At the n-th call by which SQLite changes a file from now; 0: never. */
static void end_at(unsigned n)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    if (real_write == NULL) {
        real_write = (write_call)vfs->xGetSystemCall(vfs, "pwrite64");
        real_truncate = (truncate_call)vfs->xGetSystemCall(vfs, "ftruncate");
        real_unlink = (unlink_call)vfs->xGetSystemCall(vfs, "unlink");
        vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)write_or_end);
        vfs->xSetSystemCall(vfs, "ftruncate", (sqlite3_syscall_ptr)truncate_or_end);
        vfs->xSetSystemCall(vfs, "unlink", (sqlite3_syscall_ptr)unlink_or_end);
    }
    calls_left = n;
}

/* ---- acts in a process of their own ---------------------------------------------------------- */

enum life {
    ONLY_OPENS,
    PREPARES,
    EMITS,
    APPLIES,
    MAKES, /* a database */
};

/* What act number `act` changes: two guardians and a bad submission, so that a half is seen. */
static struct store_act act_of(unsigned number, struct change *change)
{
    char login[16];
    char other[16];
    static char id[16];
    snprintf(login, sizeof login, "a%u", number);
    snprintf(other, sizeof other, "b%u", number);
    snprintf(id, sizeof id, "r%u", number);
    change_init(change);
    add_guardian(change, login, login);
    add_guardian(change, other, other);
    STEP(change, CHANGE_BAD_SUBMISSION_ADD, T(login), I(1));
    struct store_act act = {.change = change,
                            .request = {.owner = slice_of("o"), .id = slice_of(id)},
                            .answer = slice_of("done"),
                            .log_size = log_size(fixture.log),
                            .now_us = NOW_US};
    event_of(number, act.event);
    return act;
}

/* The child: does so much of the act, SQLite's n-th write being its end. Never returns. */
static void live(enum life life, unsigned number, unsigned n)
{
    struct change change;
    fixture_open_log();
    end_at(life == ONLY_OPENS || life == MAKES ? n : 0);
    fixture_open_store();
    end_at(n);
    struct store_act act = act_of(number, &change);
    if (life >= PREPARES && life <= APPLIES) {
        prepare(&act);
    }
    if (life == EMITS || life == APPLIES) {
        uint64_t index = emit(act.event);
        if (life == APPLIES) {
            apply(act.event, index);
        }
    }
    _exit(0);
}

/* Whether the child came to its n-th write. */
static bool dies(enum life life, unsigned number, unsigned n)
{
    pid_t child = fork();
    int status;
    assert_true(child >= 0);
    if (child == 0) {
        live(life, number, n);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == DIED);
    return WEXITSTATUS(status) == DIED;
}

/* ---- what the next start finds --------------------------------------------------------------- */

static bool log_has(const char *event)
{
    struct log_reader *reader;
    bool has = false;
    assert_int_equal(log_reader_open(fixture.log, &reader), OK);
    for (uint64_t i = 0; i < log_size(fixture.log); i++) {
        struct slice record;
        struct fault fault;
        assert_int_equal(log_read(reader, i, &record, &fault), OK);
        has = has || memmem(record.data, record.length, event, strlen(event)) != NULL;
    }
    log_reader_close(reader);
    return has;
}

static void check_whole(unsigned number, bool done)
{
    char login[16];
    char other[16];
    struct fault fault = {0};
    struct change change;
    struct slice answer = {NULL, 0};
    int64_t bad = -1;
    enum store_request_state known;
    snprintf(login, sizeof login, "a%u", number);
    snprintf(other, sizeof other, "b%u", number);
    struct store_act act = act_of(number, &change);
    assert_int_equal(has_guardian(login), done);
    assert_int_equal(has_guardian(other), done);
    expect_ok(store_bad_submissions(fixture.store, slice_of(login), 0, NOW_US, &bad, &fault),
              &fault);
    assert_int_equal(bad, done);
    expect_ok(store_request_find(fixture.store, &fixture.arena, &act.request, NOW_US, &known,
                                 &answer, &fault),
              &fault);
    assert_int_equal(known, done ? STORE_REQUEST_DONE : STORE_REQUEST_NEW);
    /* Nothing waits any more. */
    assert_int_equal(store_apply(fixture.store, act.event, 0, &fault), ERR_INTERNAL);
    change_done(&change);
}

/* Opens, looks, closes; whether the act is done. */
static bool settled(unsigned number)
{
    char event[STORE_EVENT_BYTES + 1];
    event_of(number, event);
    fixture_open_log();
    fixture_open_store();
    bool done = log_has(event);
    check_whole(number, done);
    fixture_close();
    return done;
}

static void make_empty(void)
{
    fixture_open_log();
    fixture_open_store();
    fixture_close();
}

static void an_act_that_was_prepared_is_dropped(void **state)
{
    (void)state;
    make_empty();
    assert_false(dies(PREPARES, 1, 0));
    assert_false(settled(1));
    assert_false(settled(1));
}

static void an_act_whose_event_is_durable_is_made(void **state)
{
    (void)state;
    make_empty();
    assert_false(dies(EMITS, 1, 0));
    assert_true(settled(1));
    assert_true(settled(1));
}

static void an_act_that_was_applied_stays(void **state)
{
    (void)state;
    make_empty();
    assert_false(dies(APPLIES, 1, 0));
    assert_true(settled(1));
    assert_true(settled(1));
}

/* The index of what the start applied is noted too: a log without it is behind. */
static void what_a_start_applied_is_noted(void **state)
{
    (void)state;
    struct fault fault;
    char away[PATH_MAX + 16];
    snprintf(away, sizeof away, "%s/away", fixture.scratch.root);
    make_empty();
    dies(EMITS, 1, 0);
    assert_true(settled(1));
    assert_int_equal(rename(fixture.scratch.log, away), 0);
    fixture_open_log();
    assert_int_equal(fixture_try_store(false, &fault), ERR_DAMAGED);
    assert_non_null(strstr(fault.sentence, "log is behind"));
}

static void an_act_is_whole_wherever_its_process_ends(void **state)
{
    (void)state;
    unsigned done = 0;
    unsigned number = 1;
    make_empty();
    while (dies(APPLIES, number, number)) {
        done += settled(number);
        number++;
    }
    assert_true(settled(number));
    /* Some ended before the event, some after it. */
    assert_true(done > 10 && number - 1 - done > 3);
}

static void a_second_end_while_settling_changes_nothing(void **state)
{
    (void)state;
    static const enum life first[] = {PREPARES, EMITS};
    unsigned number = 0;
    make_empty();
    for (size_t i = 0; i < 2; i++) {
        unsigned n = 0;
        bool died;
        do {
            n++;
            number++;
            dies(first[i], number, 0);
            died = dies(ONLY_OPENS, number + 1000, n);
            assert_int_equal(settled(number), first[i] == EMITS);
        } while (died);
        assert_true(n > 3);
    }
}

static void a_database_is_made_whole_wherever_its_process_ends(void **state)
{
    (void)state;
    unsigned n = 0;
    bool died;
    do {
        died = dies(MAKES, 1, ++n);
        assert_false(settled(1));
        if (died) {
            assert_int_equal(unlink(fixture.path), 0);
        }
    } while (died);
    assert_true(n > 5);
}

/* ---- several, and what only looks like an event ---------------------------------------------- */

static void each_row_is_settled_by_itself(void **state)
{
    (void)state;
    struct change changes[4];
    struct store_act acts[4];
    fixture_open_log();
    fixture_open_store();
    for (unsigned i = 0; i < 4; i++) {
        acts[i] = act_of(i, &changes[i]);
        prepare(&acts[i]);
        if (i == 1) {
            emit("00000000-0000-4000-8000-000000000000");
        }
    }
    emit(acts[3].event);
    emit(acts[0].event);
    emit(acts[2].event);
    fixture_reopen();
    for (unsigned i = 0; i < 4; i++) {
        check_whole(i, i != 1);
        change_done(&changes[i]);
    }
}

/* Made in the order of the log, not in that of the rows: the last word is the log's last. */
static void rows_are_settled_in_the_order_of_the_log(void **state)
{
    (void)state;
    struct change changes[2];
    struct store_act acts[2];
    struct fault fault = {0};
    int64_t until_us = -1;
    fixture_open_log();
    fixture_open_store();
    for (unsigned i = 0; i < 2; i++) {
        change_init(&changes[i]);
        STEP(&changes[i], CHANGE_LOCK_SET, T("asouza"), I(100 + (int64_t)i));
        acts[i] = next_act(&changes[i]);
        prepare(&acts[i]);
    }
    emit(acts[1].event);
    emit(acts[0].event);
    fixture_reopen();
    expect_ok(store_locked_until(fixture.store, slice_of("asouza"), INT64_MAX, &until_us, &fault),
              &fault);
    assert_int_equal(until_us, 100);
    change_done(&changes[0]);
    change_done(&changes[1]);
}

static void append_record(const char *format, const char *event)
{
    char record[256];
    struct log_range range;
    struct fault fault;
    int length = snprintf(record, sizeof record, format, event);
    struct log_entry entry = {.record = {record, (size_t)length}};
    log_leaf_hash(entry.record, entry.leaf_hash);
    assert_int_equal(log_append(fixture.log, &entry, 1, NULL, true, &range, &fault), OK);
}

/* Whoever may write something into the log must not be able to make a change that was refused. */
static void only_the_records_own_event_counts(void **state)
{
    (void)state;
    struct change change;
    fixture_open_log();
    fixture_open_store();
    struct store_act act = act_of(1, &change);
    prepare(&act);
    append_record("{\"event\":\"x\",\"information\":\"%s\"}", act.event);
    append_record("{\"event\":\"x\",\"information\":\"\\\"event\\\":\\\"%s\\\"\"}", act.event);
    append_record("{\"extra\":{\"event\":\"%s\"}}", act.event);
    append_record("[{\"event\":\"%s\"}]", act.event);
    append_record("{\"event\":[\"%s\"]}", act.event);
    append_record("{\"event\":\"%s0\"}", act.event);
    append_record("\"event\":\"%s\"", act.event);
    append_record("{\"event\":\"x\",\"event\":\"%s\"}", act.event);
    fixture_reopen();
    check_whole(1, false);
    change_done(&change);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, fixture_make_folder, fixture_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(an_act_that_was_prepared_is_dropped),
        WITH_FOLDER(an_act_whose_event_is_durable_is_made),
        WITH_FOLDER(an_act_that_was_applied_stays),
        WITH_FOLDER(what_a_start_applied_is_noted),
        WITH_FOLDER(an_act_is_whole_wherever_its_process_ends),
        WITH_FOLDER(a_second_end_while_settling_changes_nothing),
        WITH_FOLDER(a_database_is_made_whole_wherever_its_process_ends),
        WITH_FOLDER(each_row_is_settled_by_itself),
        WITH_FOLDER(rows_are_settled_in_the_order_of_the_log),
        WITH_FOLDER(only_the_records_own_event_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
