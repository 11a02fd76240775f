/* The trail writes only what reads back, whoever made or filled it. */
#include "tests/audit/log/scratch.h"

#include "audit/trail.h"

struct fixture {
    struct scratch scratch;
    struct log *log;
    struct geoip *geoip;
    struct trail *trail;
    struct arena arena;
};

static int start(void **state)
{
    static struct fixture fixture;
    struct log_opened opened;
    struct fault fault;
    scratch_make(&fixture.scratch);
    const struct log_options options = {.directory = fixture.scratch.log,
                                        .first_segment_bytes = 65536,
                                        .segment_bytes = 65536,
                                        .commit_wait_ms = 20000};
    assert_int_equal(log_open(&options, &fixture.log, &opened, &fault), OK);
    fixture.geoip = geoip_new(NULL);
    fixture.trail = trail_new(fixture.log, fixture.geoip, "192.0.2.10");
    assert_non_null(fixture.trail);
    arena_init(&fixture.arena, 1 << 20);
    *state = &fixture;
    return 0;
}

static int stop(void **state)
{
    struct fixture *fixture = *state;
    arena_done(&fixture->arena);
    trail_free(fixture->trail);
    geoip_free(fixture->geoip);
    log_close(fixture->log);
    scratch_remove(&fixture->scratch);
    return 0;
}

static enum err emit(struct fixture *fixture, struct event **events, size_t count,
                     const struct actor *actor, struct fault *fault)
{
    struct log_range range;
    const struct trail_batch batch = {
        .events = events, .count = count, .actor = actor, .now_us = 1};
    fault_clear(fault);
    return trail_emit(fixture->trail, &fixture->arena, &batch, &range, fault);
}

static struct event *denied(struct fixture *fixture, const char *method)
{
    struct event *event = event_new(&fixture->arena, EVENT_ACCESS_DENIED);
    assert_non_null(event);
    event_set_text(event, FIELD_METHOD, slice_of(method));
    event_set_text(event, FIELD_REASON, slice_of("no_role"));
    return event;
}

static struct event *read_back(struct fixture *fixture, uint64_t index)
{
    struct log_reader *reader;
    struct slice record;
    struct event *event;
    struct fault fault;
    assert_int_equal(log_reader_open(fixture->log, &reader), OK);
    assert_int_equal(log_read(reader, index, &record, &fault), OK);
    record = arena_copy(&fixture->arena, record);
    log_reader_close(reader);
    assert_int_equal(event_decode(&fixture->arena, record, (int64_t)index, &event, &fault), OK);
    return event;
}

static void what_is_written_reads_back(void **state)
{
    struct fixture *fixture = *state;
    struct fault fault;
    struct event *event = denied(fixture, "event.emit");
    const struct actor actor = {.suser = "eve", .origin_ip = "203.0.113.9", .via = "producer/eve"};
    assert_int_equal(emit(fixture, &event, 1, &actor, &fault), OK);
    struct event *again = read_back(fixture, 0);
    assert_true(slice_is(event_get(again, FIELD_SUSER)->text, "eve"));
    assert_true(slice_is(event_get(again, FIELD_ORIGIN_IP)->text, "203.0.113.9"));
    assert_true(slice_is(again->via, "producer/eve"));
    assert_true(slice_is(again->dvc, "192.0.2.10"));
    assert_int_equal(again->event_uuid.length, 36);
}

/* An act knows its event before it is durable: by this UUID. */
static void an_event_keeps_a_uuid_of_its_own(void **state)
{
    static const char own[] = "018f6b2e-7c1d-4e57-9c7a-3f2d5b8e1a40";
    struct fixture *fixture = *state;
    struct fault fault;
    struct event *events[] = {denied(fixture, "event.emit"), denied(fixture, "event.emit")};
    events[0]->event_uuid = slice_of(own);
    assert_int_equal(emit(fixture, events, 2, NULL, &fault), OK);
    assert_true(slice_is(read_back(fixture, 0)->event_uuid, own));
    assert_int_equal(read_back(fixture, 1)->event_uuid.length, 36);
    assert_false(slice_is(read_back(fixture, 1)->event_uuid, own));
}

static void an_actor_fills_only_what_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    struct fault fault;
    struct event *event = denied(fixture, "event.emit");
    event_set_text(event, FIELD_SUSER, slice_of("its own"));
    const struct actor actor = {.suser = "eve", .sname = "Eve"};
    assert_int_equal(emit(fixture, &event, 1, &actor, &fault), OK);
    struct event *again = read_back(fixture, 0);
    assert_true(slice_is(event_get(again, FIELD_SUSER)->text, "its own"));
    assert_true(slice_is(event_get(again, FIELD_SNAME)->text, "Eve"));
    assert_true(slice_is(again->via, "daemon"));
}

static void what_would_not_read_back_is_refused_and_nothing_written(void **state)
{
    struct fixture *fixture = *state;
    struct fault fault;
    struct event *events[] = {denied(fixture, "event.emit"), denied(fixture, "\xff\xfe")};
    assert_int_equal(emit(fixture, events, 2, NULL, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.index, 1);
    const struct actor actor = {.origin_ip = "fe80::1%any thing"};
    struct event *event = denied(fixture, "event.emit");
    assert_int_equal(emit(fixture, &event, 1, &actor, &fault), ERR_INVALID_PARAMS);
    assert_string_equal(fault.field, "/originIP");
    struct event *empty = event_new(&fixture->arena, EVENT_ACCESS_DENIED);
    assert_int_equal(emit(fixture, &empty, 1, NULL, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_missing_field);
    assert_int_equal(log_size(fixture->log), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_reads_back, start, stop),
        cmocka_unit_test_setup_teardown(an_event_keeps_a_uuid_of_its_own, start, stop),
        cmocka_unit_test_setup_teardown(an_actor_fills_only_what_is_not_there, start, stop),
        cmocka_unit_test_setup_teardown(what_would_not_read_back_is_refused_and_nothing_written,
                                        start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
