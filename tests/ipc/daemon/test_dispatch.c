/* Refusals that cannot be recorded when they happen are recorded later. */
#include "tests/audit/log/scratch.h"

#include "audit/base/memory.h"
#include "ipc/daemon/daemon.h"

struct fixture {
    struct scratch scratch;
    struct daemon daemon;
    struct arena arena;
};

static int start(void **state)
{
    static struct fixture fixture;
    struct fault fault;
    fixture = (struct fixture){0};
    scratch_make(&fixture.scratch);
    const struct log_options options = {.directory = fixture.scratch.log,
                                        .first_segment_bytes = 65536,
                                        .segment_bytes = 65536,
                                        .commit_wait_ms = 20000};
    struct daemon *daemon = &fixture.daemon;
    assert_int_equal(log_open(&options, &daemon->log, &daemon->opened, &fault), OK);
    daemon->geoip = geoip_new(NULL);
    daemon->trail = trail_new(daemon->log, daemon->geoip, "192.0.2.10");
    daemon->dispatch = dispatch_new(daemon);
    assert_non_null(daemon->dispatch);
    arena_init(&fixture.arena, 1 << 20);
    *state = &fixture;
    return 0;
}

static int stop(void **state)
{
    struct fixture *fixture = *state;
    memory_fail_from(0);
    arena_done(&fixture->arena);
    dispatch_free(fixture->daemon.dispatch);
    trail_free(fixture->daemon.trail);
    geoip_free(fixture->daemon.geoip);
    log_close(fixture->daemon.log);
    scratch_remove(&fixture->scratch);
    return 0;
}

static void refuse(struct fixture *fixture, const char *login)
{
    struct peer peer = {.uid = 1000};
    snprintf(peer.login, sizeof peer.login, "%s", login);
    dispatch_unanswered(fixture->daemon.dispatch, &peer);
}

static void assert_told(struct fixture *fixture, uint64_t index, const char *login, int64_t count)
{
    struct log_reader *reader;
    struct slice record;
    struct event *event;
    struct fault fault;
    assert_true(log_size(fixture->daemon.log) > index);
    assert_int_equal(log_reader_open(fixture->daemon.log, &reader), OK);
    assert_int_equal(log_read(reader, index, &record, &fault), OK);
    record = arena_copy(&fixture->arena, record);
    log_reader_close(reader);
    assert_int_equal(event_decode(&fixture->arena, record, (int64_t)index, &event, &fault), OK);
    assert_ptr_equal(event->type, catalogue_type(EVENT_ACCESS_DENIED));
    assert_true(slice_is(event_get(event, FIELD_SUSER)->text, login));
    const struct event_value *told = event_get(event, FIELD_COUNT);
    assert_int_equal(told == NULL ? 1 : told->integer, count);
}

static void a_refusal_that_could_not_be_recorded_is_recorded_later(void **state)
{
    struct fixture *fixture = *state;
    refuse(fixture, "eve");
    assert_told(fixture, 0, "eve", 1);
    memory_fail_from(1);
    refuse(fixture, "mallory");
    dispatch_tick(fixture->daemon.dispatch, true); /* nor now */
    memory_fail_from(0);
    assert_int_equal(log_size(fixture->daemon.log), 1);
    dispatch_tick(fixture->daemon.dispatch, true);
    assert_told(fixture, 1, "mallory", 1);
    dispatch_tick(fixture->daemon.dispatch, true);
    assert_int_equal(log_size(fixture->daemon.log), 2);
}

static void refusals_that_there_was_no_memory_to_note_are_counted(void **state)
{
    struct fixture *fixture = *state;
    memory_fail_from(1);
    refuse(fixture, "eve");
    refuse(fixture, "mallory");
    memory_fail_from(0);
    dispatch_tick(fixture->daemon.dispatch, true);
    assert_told(fixture, 0, "many callers", 2);
    assert_int_equal(log_size(fixture->daemon.log), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_refusal_that_could_not_be_recorded_is_recorded_later,
                                        start, stop),
        cmocka_unit_test_setup_teardown(refusals_that_there_was_no_memory_to_note_are_counted,
                                        start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
