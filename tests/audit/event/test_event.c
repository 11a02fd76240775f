/* Events of the guardian's own making: setters, the check, and memory that runs out. */
#include "tests/audit/event/event_reading.h"

#include <math.h>

#include "audit/base/memory.h"

static struct event *made(enum event_id id)
{
    struct event *event = event_new(&arena, id);
    assert_non_null(event);
    event->time_us = INT64_C(1795542581123456); /* 2026-11-24T17:49:41.123456Z */
    return event;
}

static void set(struct event *event, enum field_id field, const char *text)
{
    event_set_text(event, field, slice_of(text));
}

/* A checkpoint: treeSize and rootHash are required. */
static struct event *checkpoint(void)
{
    struct event *event = made(EVENT_LOG_CHECKPOINT_PUBLISHED);
    event_set_integer(event, FIELD_TREE_SIZE, 2050);
    set(event, FIELD_ROOT_HASH, "abababababababababababababababababababababababababababababababab");
    return event;
}

static void assert_check_refuses(const struct event *event, enum reason reason, const char *field)
{
    fault_clear(&fault);
    assert_int_equal(event_check(event, &fault), ERR_INVALID_PARAMS);
    assert_string_equal(reason_word(fault.reason), reason_word(reason));
    assert_string_equal(fault.field, field);
}

static void a_new_event_holds_nothing(void **state)
{
    (void)state;
    const struct event *event = event_new(&arena, EVENT_DAEMON_STARTED);
    assert_non_null(event);
    assert_ptr_equal(event->type, catalogue_type(EVENT_DAEMON_STARTED));
    assert_false(event->has_time);
    assert_int_equal(event->received_us, -1);
    assert_int_equal(event->pid, -1);
    assert_int_equal(event->index, -1);
    for (size_t i = 0; i < event->type->field_count; i++) {
        assert_null(event_get(event, event->type->fields[i].field));
    }
}

static void a_field_the_type_has_not_is_not_there(void **state)
{
    (void)state;
    assert_null(event_get(made(EVENT_DAEMON_STARTED), FIELD_PARTS_NEEDED));
    assert_null(event_get(made(EVENT_DAEMON_STARTED), FIELD_PID));
}

static void the_setters_make_the_record(void **state)
{
    (void)state;
    struct event *event = made(EVENT_MASTER_KEY_CEREMONY_STARTED);
    event->event_uuid = slice_of("00000000-0000-4000-8000-000000000001");
    event->pid = 1426;
    event->dvc = slice_of("192.0.2.10");
    event->via = slice_of("daemon");
    for (size_t i = 0; i < event->type->field_count; i++) {
        if (event->type->fields[i].required) {
            set(event, event->type->fields[i].field, "x");
        }
    }
    event_set_number(event, FIELD_LATITUDE, -23.60004);
    event_set_boolean(event, FIELD_REHEARSAL, true);
    event_set_integer(event, FIELD_PARTS_TOTAL, INT64_MAX);
    set(event, FIELD_ORIGIN_IP, "fe80::1%eth0");
    assert_int_equal(event_check(event, &fault), OK);
    const char *text = encoded(event);
    static const char *const pieces[] = {
        "{\"time\":\"2026-11-24T17:49:41.123456Z\",\"type\":\"master_key.ceremony_started\","
        "\"event\":\"00000000-0000-4000-8000-000000000001\",\"pid\":1426,\"dvc\":\"192.0.2.10\","
        "\"via\":\"daemon\"",
        ",\"geo\":{\"latitude\":-23.6}", ",\"rehearsal\":true",
        ",\"partsTotal\":9223372036854775807", ",\"originIP\":\"fe80::1%eth0\""};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        if (strstr(text, pieces[i]) == NULL) {
            fail_msg("%s lacks %s", text, pieces[i]);
        }
    }
    assert_slice(event_get(event, FIELD_ORIGIN_IP)->plain, "fe80::1");
    /* and it reads back as the same */
    struct slice first = arena_copy(&arena, buffer_slice(&record));
    assert_non_null(first.data);
    struct event *again = NULL;
    assert_int_equal(event_decode(&arena, first, 1, &again, &fault), OK);
    assert_string_equal(encoded(again), first.data);
}

static void a_set_time_shows_the_moment_whichever_way(void **state)
{
    (void)state;
    struct event *event = made(EVENT_INCIDENT_UPDATED);
    set(event, FIELD_CREATED_AT, "2026-11-24 17:40:00");
    event_set_integer(event, FIELD_CHANGED_AT, INT64_C(1795542000000000));
    assert_int_equal(event_get(event, FIELD_CREATED_AT)->integer,
                     event_get(event, FIELD_CHANGED_AT)->integer);
    assert_non_null(strstr(encoded(event), ",\"createdAt\":\"2026-11-24 17:40:00\","
                                           "\"changedAt\":\"2026-11-24T17:40:00.000000Z\""));
}

static void the_check_finds_what_is_missing_or_empty(void **state)
{
    (void)state;
    struct event *event = made(EVENT_LOG_CHECKPOINT_PUBLISHED);
    assert_check_refuses(event, REASON_missing_field, "/treeSize");
    event_set_integer(event, FIELD_TREE_SIZE, 1);
    assert_check_refuses(event, REASON_missing_field, "/rootHash");
    set(event, FIELD_ROOT_HASH, " ");
    assert_check_refuses(event, REASON_missing_field, "/rootHash");
    assert_int_equal(event_check(checkpoint(), &fault), OK);
    assert_int_equal(event_check(checkpoint(), NULL), OK);
}

static void the_check_finds_values_that_do_not_fit(void **state)
{
    (void)state;
    struct event *event = checkpoint();
    event_set_integer(event, FIELD_TREE_SIZE, -1);
    assert_check_refuses(event, REASON_bad_value, "/treeSize");
    event = checkpoint();
    set(event, FIELD_ROOT_HASH, "abc");
    assert_check_refuses(event, REASON_bad_value, "/rootHash");
    event = checkpoint();
    set(event, FIELD_ORIGIN_IP, "localhost");
    assert_check_refuses(event, REASON_bad_value, "/originIP");
    set(event, FIELD_ORIGIN_IP, "::1");
    event_set_number(event, FIELD_LATITUDE, 90.5);
    assert_check_refuses(event, REASON_bad_value, "/latitude");
    event_set_number(event, FIELD_LATITUDE, (double)NAN);
    assert_check_refuses(event, REASON_bad_value, "/latitude");
    event = checkpoint();
    set(event, FIELD_SUSER, "\xff");
    assert_check_refuses(event, REASON_bad_utf8, "/suser");
    event = made(EVENT_INCIDENT_UPDATED);
    set(event, FIELD_MSG, "m");
    event_set_integer(event, FIELD_CREATED_AT, INT64_C(253402300800000000)); /* year 10000 */
    assert_check_refuses(event, REASON_bad_value, "/createdAt");
    set(event, FIELD_CREATED_AT, "noon");
    assert_check_refuses(event, REASON_bad_value, "/createdAt");
    set(event, FIELD_CREATED_AT, "");
    set(event, FIELD_INCIDENT_STATUS, "odd");
    assert_check_refuses(event, REASON_bad_value, "/incidentStatus");
}

static void an_empty_text_takes_a_value_away(void **state)
{
    (void)state;
    struct event *event = checkpoint();
    set(event, FIELD_ORIGIN_IP, "::1");
    set(event, FIELD_ORIGIN_IP, "");
    assert_null(event_get(event, FIELD_ORIGIN_IP));
}

/* ---- memory -----------------------------------------------------------------------------------*/

static void every_failing_allocation_is_one_clear_error(void **state)
{
    (void)state;
    static const char text[] =
        "{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"incident.updated\",\"msg\":\"m\\n\","
        "\"originIP\":\"203.0.113.9\",\"geo\":{\"city\":\"\\u00e9\"},\"ticket\":\"1\",\"n\":1}";
    enum err err = ERR_NO_MEMORY;
    unsigned long n = 0;
    while (err != OK) {
        struct arena little;
        struct buffer out;
        struct event *event = NULL;
        arena_init(&little, (size_t)1 << 20);
        buffer_init(&out, (size_t)1 << 20);
        fault_clear(&fault);
        memory_fail_from(++n);
        err = event_decode(&little, slice_of(text), 1, &event, &fault);
        if (err == OK) {
            err = event_encode(event, &out, &fault);
        }
        memory_fail_from(0);
        if (err != OK) {
            assert_int_equal(err, ERR_NO_MEMORY);
            assert_int_equal(fault.reason, REASON_no_memory);
            assert_int_equal(out.length, 0);
        }
        arena_done(&little);
        buffer_done(&out);
    }
    assert_true(n > 2); /* something did fail */
}

/* The allocator is asked once for a whole chunk: an arena that is nearly full asks every piece. */
static void a_full_arena_is_one_clear_error_at_every_size(void **state)
{
    (void)state;
    static const char text[] =
        "{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"incident.updated\",\"msg\":\"m\\n\","
        "\"originIP\":\"203.0.113.9\",\"geo\":{\"city\":\"\\u00e9\"},\"ticket\":\"1\",\"n\":1}";
    enum err err = ERR_NO_MEMORY;
    size_t room = 0;
    while (err != OK) {
        struct arena little;
        struct event *event = NULL;
        arena_init(&little, room += 16);
        fault_clear(&fault);
        err = event_decode(&little, slice_of(text), 1, &event, &fault);
        assert_true(err == OK || (err == ERR_NO_MEMORY && event == NULL));
        assert_true(err == OK || fault.reason == REASON_no_memory);
        arena_done(&little);
    }
    assert_true(room > 1000);
}

static void a_new_event_needs_memory(void **state)
{
    (void)state;
    struct arena none;
    arena_init(&none, 16);
    assert_null(event_new(&none, EVENT_DAEMON_STARTED));
    arena_done(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_event_holds_nothing),
        cmocka_unit_test(a_field_the_type_has_not_is_not_there),
        cmocka_unit_test(the_setters_make_the_record),
        cmocka_unit_test(a_set_time_shows_the_moment_whichever_way),
        cmocka_unit_test(the_check_finds_what_is_missing_or_empty),
        cmocka_unit_test(the_check_finds_values_that_do_not_fit),
        cmocka_unit_test(an_empty_text_takes_a_value_away),
        cmocka_unit_test(every_failing_allocation_is_one_clear_error),
        cmocka_unit_test(a_full_arena_is_one_clear_error_at_every_size),
        cmocka_unit_test(a_new_event_needs_memory),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
