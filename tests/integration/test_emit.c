/* An event goes from a client to a line, and stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/catalogue/catalogue.h"
#include "audit/log/log.h"
#include "tests/integration/harness.h"

#define VIEWED                                                                            \
    "{\"type\":\"information.viewed\",\"suser\":\"jsilva\",\"sname\":\"José da Silva\"," \
    "\"information\":\"x\"}"
#define FAILED                                                                                 \
    "{\"type\":\"master_key.recovery_failed\",\"suser\":\"jsilva\",\"sname\":\"J\",\"spriv\":" \
    "\"User\",\"originIP\":\"203.0.113.9\",\"partsNeeded\":3,\"partsSent\":2}"

static void an_event_becomes_a_line(void **state)
{
    struct harness *h = *state;
    const struct json *result =
        harness_result(h, "event.emit", "{\"events\":[" VIEWED "," FAILED "]}");
    assert_int_equal(harness_integer(result, "accepted"), 2);
    int64_t first = harness_integer(result, "first");
    assert_int_equal(harness_integer(result, "last"), first + 1);
    harness_wait_lines(h->sink, (size_t)first + 2);
    char *lines = harness_read_file(h->sink);
    assert_non_null(strstr(lines, "|5|Information Viewed|5|msg=Information 'x' viewed."));
    assert_non_null(strstr(lines, "|102|Master Key - Recovery Attempt Failed|7|msg="));
    free(lines);
    harness_check_sink(h->sink, 0, (uint64_t)first + 1);
}

static void the_record_says_who_sent_it(void **state)
{
    struct harness *h = *state;
    int64_t first =
        harness_integer(harness_result(h, "event.emit", "{\"events\":[" VIEWED "]}"), "first");
    char params[64];
    snprintf(params, sizeof params, "{\"index\":%lld}", (long long)first);
    const struct json *record = json_member(harness_result(h, "audit.entry", params), "record");
    assert_true(harness_text_is(record, "type", "information.viewed"));
    assert_true(harness_text_is(record, "suser", "jsilva"));
    assert_null(json_member(record, "received")); /* the sender gave no time */
    const struct json *via = json_member(record, "via");
    assert_memory_equal(via->text.data, "workflow/", 9);
}

static void a_sender_s_time_is_kept_beside_ours(void **state)
{
    struct harness *h = *state;
    const struct json *result = harness_result(
        h, "event.emit",
        "{\"events\":[{\"type\":\"information.viewed\",\"time\":\"2026-01-02T03:04:05+01:00\","
        "\"suser\":\"a\",\"sname\":\"b\",\"information\":\"c\"}]}");
    char params[64];
    snprintf(params, sizeof params, "{\"index\":%lld}",
             (long long)harness_integer(result, "first"));
    const struct json *record = json_member(harness_result(h, "audit.entry", params), "record");
    assert_true(harness_text_is(record, "time", "2026-01-02T02:04:05.000000Z"));
    assert_non_null(json_member(record, "received"));
}

static void one_bad_event_refuses_the_batch(void **state)
{
    struct harness *h = *state;
    int64_t size =
        harness_integer(json_member(harness_result(h, "system.status", "{}"), "log"), "size");
    const struct json *data = harness_error(
        h, "event.emit",
        "{\"events\":[" VIEWED ",{\"type\":\"information.viewed\",\"suser\":\"a\",\"sname\":\"b\","
        "\"information\":\"c\",\"dst\":\"x\"}]}",
        -32602, "unknown_field");
    assert_true(harness_text_is(data, "field", "/events/1/dst"));
    assert_int_equal(harness_integer(data, "index"), 1);
    assert_int_equal(
        harness_integer(json_member(harness_result(h, "system.status", "{}"), "log"), "size"),
        size);
}

static void partial_writes_the_good_and_names_the_bad(void **state)
{
    struct harness *h = *state;
    const struct json *result = harness_result(
        h, "event.emit",
        "{\"partial\":true,\"events\":[{\"type\":\"nothing\"}," VIEWED
        ",{\"type\":\"daemon.started\",\"version\":\"1\"},{\"type\":\"information.viewed\"}]}");
    assert_int_equal(harness_integer(result, "accepted"), 1);
    const struct json *refused = json_member(result, "refused");
    assert_int_equal(refused->count, 3);
    assert_true(harness_text_is(refused->child, "reason", "unknown_type"));
    assert_true(harness_text_is(refused->child, "field", "/type"));
    assert_int_equal(harness_integer(refused->child->next, "index"), 2);
    assert_true(harness_text_is(refused->child->next, "reason", "reserved_type"));
    assert_true(harness_text_is(refused->child->next->next, "reason", "missing_field"));
}

static void a_repeated_request_is_answered_not_done_again(void **state)
{
    struct harness *h = *state;
    const char *params = "{\"request_id\":\"again-1\",\"events\":[" VIEWED "," VIEWED "]}";
    int64_t first = harness_integer(harness_result(h, "event.emit", params), "first");
    int64_t size =
        harness_integer(json_member(harness_result(h, "system.status", "{}"), "log"), "size");
    const struct json *again = harness_result(h, "event.emit", params);
    assert_int_equal(harness_integer(again, "first"), first);
    assert_int_equal(harness_integer(again, "last"), first + 1);
    harness_error(h, "event.emit", "{\"request_id\":\"again-1\",\"events\":[" VIEWED "]}", -32602,
                  "request_id_reused");
    harness_kill(h);
    harness_restart(h);
    again = harness_result(h, "event.emit", params);
    assert_int_equal(harness_integer(again, "first"), first);
    assert_true(harness_integer(json_member(harness_result(h, "system.status", "{}"), "log"),
                                "size") >= size);
    harness_error(h, "event.emit", "{\"request_id\":\"again-1\",\"events\":[" VIEWED "]}", -32602,
                  "request_id_reused");
}

static void a_repeated_partial_request_names_the_same_bad_ones(void **state)
{
    struct harness *h = *state;
    const char *params = "{\"request_id\":\"partly\",\"partial\":true,\"events\":[" VIEWED
                         ",{\"type\":\"nothing\"}]}";
    int64_t first = harness_integer(harness_result(h, "event.emit", params), "first");
    const struct json *again = harness_result(h, "event.emit", params);
    assert_int_equal(harness_integer(again, "first"), first);
    assert_int_equal(json_member(again, "refused")->count, 1);
}

/* With this uid as a producer of these types alone. */
static void configure_types(struct harness *h, const char *types)
{
    char text[2048];
    snprintf(text, sizeof text,
             "state:\n  directory: %s\nlisten:\n  - url: %s\naccess:\n  - uid: %u\n"
             "    roles: [producer]\n    login: app\n    types: [%s]\n"
             "sinks:\n  - name: siem\n    url: file://%s\n",
             h->directory, h->url, (unsigned)getuid(), types, h->sink);
    harness_write_config(h, text);
}

static void a_repeat_s_answer_does_not_follow_today_s_types(void **state)
{
    (void)state;
    struct harness harness;
    struct harness *h = &harness;
    const char *params = "{\"request_id\":\"p\",\"partial\":true,\"events\":[" VIEWED
                         ",{\"type\":\"auth.login\"},{\"type\":\"information.viewed\"},"
                         "{\"type\":\"auth.logout\"}," VIEWED "]}";
    harness_prepare(h);
    configure_types(h, "'information.*'");
    harness_restart(h);
    int64_t first = harness_integer(harness_result(h, "event.emit", params), "first");
    static const char *const later[] = {"'information.*'", "'auth.*'", "'auth.*', 'information.*'"};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        harness_terminate(h);
        configure_types(h, later[i]);
        harness_restart(h);
        const struct json *again = harness_result(h, "event.emit", params);
        assert_int_equal(harness_integer(again, "accepted"), 2);
        assert_int_equal(harness_integer(again, "first"), first);
        const struct json *refused = json_member(again, "refused");
        assert_int_equal(refused->count, 3);
        assert_int_equal(harness_integer(refused->child, "index"), 1);
        assert_true(harness_text_is(refused->child, "reason", "not_permitted"));
        assert_true(harness_text_is(refused->child, "field", "/type"));
        assert_int_equal(harness_integer(refused->child->next, "index"), 2);
        assert_true(harness_text_is(refused->child->next, "reason", "missing_field"));
        assert_int_equal(harness_integer(refused->child->next->next, "index"), 3);
    }
    harness_stop(h);
}

static void a_request_that_wrote_nothing_is_judged_anew(void **state)
{
    (void)state;
    struct harness harness;
    struct harness *h = &harness;
    const char *params = "{\"request_id\":\"n\",\"partial\":true,\"events\":[" VIEWED "]}";
    harness_prepare(h);
    configure_types(h, "'auth.*'");
    harness_restart(h);
    for (int i = 0; i < 2; i++) {
        const struct json *result = harness_result(h, "event.emit", params);
        assert_int_equal(harness_integer(result, "accepted"), 0);
        assert_int_equal(json_member(result, "refused")->count, 1);
    }
    harness_terminate(h);
    configure_types(h, "'information.*'");
    harness_restart(h);
    const struct json *result = harness_result(h, "event.emit", params);
    assert_int_equal(harness_integer(result, "accepted"), 1);
    int64_t first = harness_integer(result, "first");
    result = harness_result(h, "event.emit", params); /* from now on there is a first answer */
    assert_int_equal(harness_integer(result, "first"), first);
    harness_error(h, "event.emit", "{\"request_id\":\"n\",\"events\":[" VIEWED "]}", -32602,
                  "request_id_reused");
    harness_stop(h);
}

static void the_daemon_s_own_types_are_reserved(void **state)
{
    struct harness *h = *state;
    const struct json *data = harness_error(
        h, "event.emit", "{\"events\":[{\"type\":\"daemon.started\",\"version\":\"1\"}]}", -32001,
        "reserved_type");
    assert_true(harness_text_is(data, "field", "/events/0/type"));
    harness_wait_text(h->sink, "Call of event.emit refused: reserved_type (daemon.started).");
}

static void a_reserved_type_inside_a_partial_call_is_audited_too(void **state)
{
    struct harness *h = *state;
    const struct json *result = harness_result(
        h, "event.emit",
        "{\"partial\":true,\"events\":[{\"type\":\"daemon.started\",\"version\":\"1\"}]}");
    assert_int_equal(harness_integer(result, "accepted"), 0);
    harness_wait_text(h->sink, "Call of event.emit refused: reserved_type (daemon.started).");
}

static void a_type_that_a_caller_may_not_emit_inside_a_partial_call_is_audited_too(void **state)
{
    (void)state;
    struct harness h;
    harness_prepare(&h);
    configure_types(&h, "'auth.*'");
    harness_restart(&h);
    const struct json *result =
        harness_result(&h, "event.emit", "{\"partial\":true,\"events\":[" VIEWED "]}");
    assert_int_equal(harness_integer(result, "accepted"), 0);
    harness_wait_text(h.sink, "Call of event.emit refused: not_permitted");
    harness_stop(&h);
}

/* A record of just over 65,535 octets once the guardian has added what it adds. */
static void a_record_too_long_only_when_stamped_is_refused_alone(void **state)
{
    struct harness *h = *state;
    const size_t text = 65400;
    char *params = malloc(text + 2000);
    assert_non_null(params);
    char *at = stpcpy(params, "{\"partial\":true,\"events\":[{}," VIEWED
                              ",{\"type\":\"information.viewed\",\"suser\":\"a\",\"sname\":\"b\","
                              "\"information\":\"");
    memset(at, 'x', text);
    stpcpy(at + text, "\"}," VIEWED "]}");
    const struct json *result = harness_result(h, "event.emit", params);
    free(params);
    assert_int_equal(harness_integer(result, "accepted"), 2);
    const struct json *refused = json_member(result, "refused");
    assert_int_equal(refused->count, 2);
    assert_int_equal(harness_integer(refused->child, "index"), 0);
    assert_int_equal(harness_integer(refused->child->next, "index"), 2);
    assert_true(harness_text_is(refused->child->next, "reason", "too_long"));
}

static bool needs_nothing(const struct event_type *type)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (type->fields[i].required) {
            return false;
        }
    }
    return type->emit == EMIT_ANY;
}

static void a_whole_batch_of_the_smallest_events_fits_for_every_type(void **state)
{
    struct harness *h = *state;
    int tried = 0;
    char *params = malloc(LOG_BATCH_MAX * 64 + 100);
    assert_non_null(params);
    for (int id = 0; id < EVENT_COUNT; id++) {
        const struct event_type *type = catalogue_type((enum event_id)id);
        if (!needs_nothing(type) || tried++ % 8 != 0) { /* alike but for their names */
            continue;
        }
        char *at = stpcpy(params, "{\"events\":[");
        for (int i = 0; i < LOG_BATCH_MAX; i++) {
            at += snprintf(at, 64, "%s{\"type\":\"%s\"}", i == 0 ? "" : ",", type->type.data);
        }
        stpcpy(at, "]}");
        assert_int_equal(harness_integer(harness_result(h, "event.emit", params), "accepted"),
                         LOG_BATCH_MAX);
    }
    assert_true(tried > 8);
    free(params);
}

static void daemon_fields_are_refused_by_name(void **state)
{
    struct harness *h = *state;
    static const char *const fields[] = {"event", "pid", "dvc", "index", "via", "received", "geo"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char params[512];
        char pointer[64];
        snprintf(params, sizeof params,
                 "{\"events\":[{\"type\":\"information.viewed\",\"suser\":\"a\",\"sname\":\"b\","
                 "\"information\":\"c\",\"%s\":\"1\"}]}",
                 fields[i]);
        snprintf(pointer, sizeof pointer, "/events/0/%s", fields[i]);
        const struct json *data = harness_error(h, "event.emit", params, -32602, "daemon_field");
        assert_true(harness_text_is(data, "field", pointer));
    }
}

static void a_time_too_far_ahead_is_refused(void **state)
{
    struct harness *h = *state;
    harness_error(h, "event.emit",
                  "{\"events\":[{\"type\":\"information.viewed\",\"time\":\"2099-01-01T00:00:00Z\","
                  "\"suser\":\"a\",\"sname\":\"b\",\"information\":\"c\"}]}",
                  -32602, "time_in_future");
}

static void an_actor_fills_who_and_from_where(void **state)
{
    struct harness *h = *state;
    const struct json *result = harness_result(
        h, "event.emit",
        "{\"events\":[{\"type\":\"auth.login\"}],"
        "\"actor\":{\"suid\":\"7\",\"suser\":\"jsilva\",\"sname\":\"José\",\"originIP\":"
        "\"203.0.113.9\"}}");
    char params[64];
    snprintf(params, sizeof params, "{\"index\":%lld}",
             (long long)harness_integer(result, "first"));
    const struct json *record = json_member(harness_result(h, "audit.entry", params), "record");
    assert_true(harness_text_is(record, "suser", "jsilva"));
    assert_true(harness_text_is(record, "suid", "7"));
    assert_true(harness_text_is(record, "originIP", "203.0.113.9"));
}

static void an_actor_gives_what_the_type_demands(void **state)
{
    struct harness *h = *state;
    static const char actor[] =
        "\"actor\":{\"suid\":\"7\",\"suser\":\"jsilva\",\"sname\":\"J\",\"spriv\":\"User\","
        "\"originIP\":\"203.0.113.9\"}";
    static const char bare[] =
        "{\"type\":\"master_key.recovery_failed\",\"partsNeeded\":3,\"partsSent\":2}";
    char params[1024];
    snprintf(params, sizeof params, "{\"events\":[%s],%s}", bare, actor);
    const struct json *result = harness_result(h, "event.emit", params);
    char entry[64];
    snprintf(entry, sizeof entry, "{\"index\":%lld}", (long long)harness_integer(result, "first"));
    const struct json *record = json_member(harness_result(h, "audit.entry", entry), "record");
    assert_true(harness_text_is(record, "suser", "jsilva"));
    assert_true(harness_text_is(record, "sname", "J"));
    assert_true(harness_text_is(record, "originIP", "203.0.113.9"));
    /* What neither says is missing still, and with partial it refuses that event alone. */
    snprintf(params, sizeof params,
             "{\"partial\":true,\"request_id\":\"acted\",\"events\":[%s,{\"type\":"
             "\"information.viewed\"}],%s}",
             bare, actor);
    for (int i = 0; i < 2; i++) { /* the repeat too */
        result = harness_result(h, "event.emit", params);
        assert_int_equal(harness_integer(result, "accepted"), 1);
        const struct json *refused = json_member(result, "refused")->child;
        assert_true(harness_text_is(refused, "reason", "missing_field"));
        assert_true(harness_text_is(refused, "field", "/information"));
    }
    snprintf(params, sizeof params, "{\"events\":[%s]}", bare);
    const struct json *data = harness_error(h, "event.emit", params, -32602, "missing_field");
    assert_int_equal(harness_integer(data, "index"), 0);
}

/* Such a record would not read back: its line would never reach anybody. */
static void an_actor_s_address_is_one_that_events_take(void **state)
{
    struct harness *h = *state;
    static const char *const bad[] = {"fe80::1%any thing",
                                      "fe80::1%",
                                      "[::1]",
                                      "1.2.3",
                                      "192.0.2.1%x",
                                      "fe80::1%aaaaaaaaaabbbbbbbbbbccccccccccddd"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char params[256];
        snprintf(params, sizeof params,
                 "{\"events\":[{\"type\":\"auth.login\"}],\"actor\":{\"suser\":\"a\",\"originIP\":"
                 "\"%s\"}}",
                 bad[i]);
        const struct json *data = harness_error(h, "event.emit", params, -32602, "bad_value");
        assert_true(harness_text_is(data, "field", "/actor/originIP"));
    }
    harness_result(h, "event.emit",
                   "{\"events\":[{\"type\":\"auth.login\"}],\"actor\":{\"suser\":\"a\","
                   "\"originIP\":\"fe80::1%eth0\"}}");
    harness_result(h, "audit.query", "{}"); /* reads every record back */
}

static void nothing_acknowledged_is_lost_or_doubled_by_kills(void **state)
{
    struct harness *h = *state;
    int64_t last = 0;
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 40; i++) {
            last = harness_integer(
                harness_result(h, "event.emit", "{\"events\":[" VIEWED "," FAILED "," VIEWED "]}"),
                "last");
        }
        harness_kill(h);
        harness_restart(h);
    }
    char params[64];
    snprintf(params, sizeof params, "{\"index\":%lld}", (long long)last);
    harness_result(h, "audit.entry", params);
    harness_terminate(h); /* drains */
    harness_restart(h);
    int64_t size =
        harness_integer(json_member(harness_result(h, "system.status", "{}"), "log"), "size");
    harness_wait_lines(h->sink, (size_t)size);
    harness_check_sink(h->sink, 0, (uint64_t)size - 1);
}

static int start(void **state)
{
    static struct harness harness;
    harness_start(&harness, NULL);
    *state = &harness;
    return 0;
}

static int stop(void **state)
{
    harness_stop(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_event_becomes_a_line, start, stop),
        cmocka_unit_test_setup_teardown(the_record_says_who_sent_it, start, stop),
        cmocka_unit_test_setup_teardown(a_sender_s_time_is_kept_beside_ours, start, stop),
        cmocka_unit_test_setup_teardown(one_bad_event_refuses_the_batch, start, stop),
        cmocka_unit_test_setup_teardown(partial_writes_the_good_and_names_the_bad, start, stop),
        cmocka_unit_test_setup_teardown(a_repeated_request_is_answered_not_done_again, start, stop),
        cmocka_unit_test_setup_teardown(a_repeated_partial_request_names_the_same_bad_ones, start,
                                        stop),
        cmocka_unit_test(a_repeat_s_answer_does_not_follow_today_s_types),
        cmocka_unit_test(a_request_that_wrote_nothing_is_judged_anew),
        cmocka_unit_test_setup_teardown(the_daemon_s_own_types_are_reserved, start, stop),
        cmocka_unit_test_setup_teardown(a_reserved_type_inside_a_partial_call_is_audited_too, start,
                                        stop),
        cmocka_unit_test(a_type_that_a_caller_may_not_emit_inside_a_partial_call_is_audited_too),
        cmocka_unit_test_setup_teardown(a_record_too_long_only_when_stamped_is_refused_alone, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_whole_batch_of_the_smallest_events_fits_for_every_type,
                                        start, stop),
        cmocka_unit_test_setup_teardown(daemon_fields_are_refused_by_name, start, stop),
        cmocka_unit_test_setup_teardown(a_time_too_far_ahead_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(an_actor_fills_who_and_from_where, start, stop),
        cmocka_unit_test_setup_teardown(an_actor_gives_what_the_type_demands, start, stop),
        cmocka_unit_test_setup_teardown(an_actor_s_address_is_one_that_events_take, start, stop),
        cmocka_unit_test_setup_teardown(nothing_acknowledged_is_lost_or_doubled_by_kills, start,
                                        stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
