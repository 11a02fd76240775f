/* JSON-RPC 2.0: what a request is, what an answer looks like. Cases from the specification. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/wire/jsonrpc.h"

static const struct json_limits limits = {.depth = 32, .members = 1000};

static enum err parse(struct arena *arena, const char *text, struct rpc_message *out,
                      struct fault *fault)
{
    arena_reset(arena);
    fault_clear(fault);
    return jsonrpc_parse(arena, slice_of(text), &limits, 3, out, fault);
}

static enum err read_one(struct arena *arena, const char *text, struct rpc_request *out,
                         struct fault *fault)
{
    struct rpc_message message;
    assert_int_equal(parse(arena, text, &message, fault), OK);
    assert_false(message.batch);
    return jsonrpc_read(arena, message.first, out, fault);
}

static int start(void **state)
{
    static struct arena arena;
    arena_init(&arena, 1 << 20);
    *state = &arena;
    return 0;
}

static int stop(void **state)
{
    arena_done(*state);
    return 0;
}

static void reads_a_request_with_named_parameters(void **state)
{
    struct rpc_request request;
    struct fault fault;
    assert_int_equal(read_one(*state,
                              "{\"jsonrpc\":\"2.0\",\"method\":\"subtract\",\"params\":"
                              "{\"subtrahend\":23},\"id\":3}",
                              &request, &fault),
                     OK);
    assert_true(slice_is(request.method, "subtract"));
    assert_true(slice_is(request.id, "3"));
    assert_int_equal(json_member(request.params, "subtrahend")->integer, 23);
    assert_false(request.notification);
}

static void a_request_without_id_is_a_notification(void **state)
{
    struct rpc_request request;
    struct fault fault;
    assert_int_equal(
        read_one(*state, "{\"jsonrpc\":\"2.0\",\"method\":\"update\"}", &request, &fault), OK);
    assert_true(request.notification);
}

static void an_id_comes_back_as_it_went(void **state)
{
    static const char *const ids[] = {"1", "-7", "1.50", "null", "\"a\\\"b\\u0001\"", "\"\""};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        char text[200];
        struct rpc_request request;
        struct fault fault;
        snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":%s}", ids[i]);
        assert_int_equal(read_one(*state, text, &request, &fault), OK);
        assert_true(slice_is(request.id, ids[i]));
    }
}

static void refuses_what_is_no_request(void **state)
{
    static const char *const bad[] = {
        "1",
        "\"x\"",
        "{}",
        "{\"jsonrpc\":\"1.0\",\"method\":\"m\",\"id\":1}",
        "{\"method\":\"m\",\"id\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":1}",
        "{\"jsonrpc\":\"2.0\",\"method\":1,\"id\":1}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":[]}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":true}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rpc_request request;
        struct fault fault;
        assert_int_equal(read_one(*state, bad[i], &request, &fault), ERR_INVALID_REQUEST);
        assert_int_equal(fault.reason, REASON_bad_request);
        assert_false(request.notification);
    }
}

static void refuses_parameters_by_position(void **state)
{
    struct rpc_request request;
    struct fault fault;
    assert_int_equal(read_one(*state,
                              "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[1],\"id\":1}",
                              &request, &fault),
                     ERR_INVALID_PARAMS);
    assert_true(slice_is(request.id, "1"));
}

static void a_notification_with_wrong_parameters_stays_one(void **state)
{
    struct rpc_request request;
    struct fault fault;
    assert_int_equal(
        read_one(*state, "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":[1]}", &request, &fault),
        ERR_INVALID_PARAMS);
    assert_true(request.notification); /* so nobody answers it */
}

static void a_batch_has_a_limit_and_is_not_empty(void **state)
{
    struct rpc_message message;
    struct fault fault;
    assert_int_equal(parse(*state, "[]", &message, &fault), ERR_INVALID_REQUEST);
    assert_int_equal(fault.reason, REASON_batch_empty);
    assert_int_equal(parse(*state, "[1,2,3,4]", &message, &fault), ERR_INVALID_REQUEST);
    assert_int_equal(fault.reason, REASON_batch_too_long);
    assert_int_equal(parse(*state, " \n[1,2,3,4,", &message, &fault), ERR_INVALID_REQUEST);
    assert_int_equal(fault.reason, REASON_batch_too_long);
    assert_int_equal(parse(*state, "[1,2,", &message, &fault), ERR_PARSE);
    assert_int_equal(parse(*state, "[1,2,3]", &message, &fault), OK);
    assert_true(message.batch);
    assert_int_equal(message.count, 3);
}

/* Whichever of the two limits is the higher one. */
static void a_batch_is_too_long_by_its_own_limit_alone(void **state)
{
    struct rpc_message message;
    struct fault fault;
    static const struct json_limits few = {.depth = 4, .members = 2};
    struct slice four = slice_of("[1,2,3,4]");
    assert_int_equal(jsonrpc_parse(*state, four, &few, 4, &message, &fault), OK);
    assert_int_equal(message.count, 4);
    assert_int_equal(jsonrpc_parse(*state, four, &few, 3, &message, &fault), ERR_INVALID_REQUEST);
    assert_int_equal(fault.reason, REASON_batch_too_long);
    static const char *const inside[] = {"[[1,2,3]]", "{\"a\":1,\"b\":2,\"c\":3}"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(jsonrpc_parse(*state, slice_of(inside[i]), &few, 3, &message, &fault),
                         ERR_INVALID_PARAMS);
        assert_int_equal(fault.reason, REASON_too_many_members);
    }
}

static void answers_have_the_form_of_the_specification(void **state)
{
    (void)state;
    struct buffer answer;
    struct fault fault;
    buffer_init(&answer, 4096);
    jsonrpc_write_result(&answer, slice_of("4"), slice_of("19"));
    buffer_append_char(&answer, '\0');
    assert_string_equal(answer.data, "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":19}");
    buffer_reset(&answer);
    (void)fault_set(&fault, ERR_INVALID_PARAMS, REASON_bad_value, "/events/3/dst",
                    "No \"address\".");
    fault.index = 3;
    jsonrpc_write_error(&answer, slice_of("null"), &fault);
    buffer_append_char(&answer, '\0');
    assert_string_equal(answer.data,
                        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32602,\"message\":"
                        "\"No \\\"address\\\".\",\"data\":{\"reason\":\"bad_value\",\"field\":"
                        "\"/events/3/dst\",\"index\":3}}}");
    buffer_done(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_a_request_with_named_parameters, start, stop),
        cmocka_unit_test_setup_teardown(a_request_without_id_is_a_notification, start, stop),
        cmocka_unit_test_setup_teardown(an_id_comes_back_as_it_went, start, stop),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_request, start, stop),
        cmocka_unit_test_setup_teardown(refuses_parameters_by_position, start, stop),
        cmocka_unit_test_setup_teardown(a_notification_with_wrong_parameters_stays_one, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_batch_has_a_limit_and_is_not_empty, start, stop),
        cmocka_unit_test_setup_teardown(a_batch_is_too_long_by_its_own_limit_alone, start, stop),
        cmocka_unit_test(answers_have_the_form_of_the_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
