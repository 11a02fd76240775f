/* The door: JSON-RPC, limits, hostile messages, permission, through the real daemon. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/harness.h"

static void check_answer(struct harness *h, const char *message, size_t length, const char *wanted)
{
    const char *answer = harness_exchange(h, message, length);
    if (strstr(answer, wanted) == NULL) {
        print_error("to %.300s\nwanted %s\ngot %.1000s\n", message, wanted, answer);
        fail();
    }
}

static void check(struct harness *h, const char *message, const char *wanted)
{
    check_answer(h, message, strlen(message), wanted);
}

#define PING "{\"jsonrpc\":\"2.0\",\"method\":\"system.ping\",\"id\":"

static void answers_the_examples_of_json_rpc(void **state)
{
    struct harness *h = *state;
    check(h, "{\"jsonrpc\":\"2.0\",\"method\":\"foobar\",\"id\":\"1\"}", "\"code\":-32601");
    check(h, "{\"jsonrpc\":\"2.0\",\"method\":\"foobar\",\"id\":\"1\"}", "\"id\":\"1\"");
    check(h, "{\"jsonrpc\":\"2.0\",\"method\":\"foobar,\"params\":\"bar\",\"baz]", "-32700");
    check(h, "{\"jsonrpc\":\"2.0\",\"method\":1,\"params\":\"bar\"}", "-32600");
    check(h,
          "[{\"jsonrpc\":\"2.0\",\"method\":\"sum\",\"id\":\"1\"},{\"jsonrpc\":\"2.0\",\"method\"",
          "-32700");
    check(h, "[]", "\"reason\":\"batch_empty\"");
    check(h, "[1]", "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600");
    check(h, "[1,2,3]", "},{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600");
    check(h, PING "5}", "\"id\":5,\"result\":{\"version\":");
    check(h, PING "null}", "\"id\":null,\"result\":");
    check(h, PING "{}}", "-32600");
}

static void a_notification_is_answered_by_an_empty_body(void **state)
{
    struct harness *h = *state;
    const char *note = "{\"jsonrpc\":\"2.0\",\"method\":\"event.emit\",\"params\":{\"events\":[{"
                       "\"type\":\"auth.login\",\"suser\":\"silent\"}]}}";
    assert_string_equal(harness_exchange(h, note, strlen(note)), "");
    harness_wait_text(h->sink, "suser=silent");
    const char *batch = "[{\"jsonrpc\":\"2.0\",\"method\":\"system.ping\"},"
                        "{\"jsonrpc\":\"2.0\",\"method\":\"system.ping\"}]";
    assert_string_equal(harness_exchange(h, batch, strlen(batch)), "");
}

static void a_batch_is_answered_in_order(void **state)
{
    struct harness *h = *state;
    check(h, "[" PING "1}," PING "2},{\"jsonrpc\":\"2.0\",\"method\":\"no\",\"id\":3}]",
          "},{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":");
}

#define RECORD_TEXT 65000
#define ANSWER_MAX (8 * 1024 * 1024 - 13) /* behind the frame's length and the request's number */
#define CALL_ENTRY \
    "{\"jsonrpc\":\"2.0\",\"method\":\"audit.entry\",\"params\":{\"index\":%lld},\"id\":%d}"

/* Writes an event with so many octets of text: its index. */
static int64_t emit_text(struct harness *h, size_t octets)
{
    char *params = malloc(octets + 200);
    assert_non_null(params);
    char *at = stpcpy(params, "{\"events\":[{\"type\":\"information.viewed\",\"suser\":\"a\","
                              "\"sname\":\"b\",\"information\":\"");
    memset(at, 'x', octets);
    stpcpy(at + octets, "\"}]}");
    int64_t index = harness_integer(harness_result(h, "event.emit", params), "first");
    free(params);
    return index;
}

static const struct json *as_json(struct harness *h, const char *text)
{
    const struct json_limits limits = {.depth = 64, .members = UINT32_MAX};
    struct json *json;
    struct fault fault;
    fault_clear(&fault);
    if (json_parse(&h->arena, slice_of(text), &limits, &json, &fault) != OK) {
        fail_msg("%s: %.300s", fault.sentence, text);
    }
    return json;
}

/* Two records and how often the first is to be asked for, so that the answers to these questions
 * and one to the second leave `free` octets of what an answer may be. */
struct filling {
    int64_t often, last;
    size_t count;
};

static struct filling fill(struct harness *h, size_t free)
{
    char call[256];
    snprintf(call, sizeof call, CALL_ENTRY, (long long)emit_text(h, RECORD_TEXT), 100);
    size_t around = strlen(harness_exchange(h, call, strlen(call))) - RECORD_TEXT;
    struct filling filling = {0};
    size_t text = RECORD_TEXT;
    size_t last = 0;
    for (; last < around + 1; text -= 100) {
        filling.count = (ANSWER_MAX - 2) / (around + text + 1) - 1;
        size_t rest = ANSWER_MAX - 2 - filling.count * (around + text + 1);
        last = rest - free > RECORD_TEXT ? 0 : rest - free;
        if (last >= around + 1) {
            break;
        }
    }
    filling.often = emit_text(h, text);
    filling.last = emit_text(h, last - around);
    return filling;
}

/* However the answers of a batch end against the limit, each call has one. */
static void a_batch_loses_no_answer_where_they_do_not_fit(void **state)
{
    struct harness *h = *state;
    static const size_t frees[] = {0, 1, 60};
    for (size_t i = 0; i < sizeof frees / sizeof frees[0]; i++) {
        struct filling filling = fill(h, frees[i]);
        char batch[256 * 128] = "[";
        char *at = batch + 1;
        size_t calls = 0;
        for (; calls < filling.count; calls++) {
            at += snprintf(at, 128, CALL_ENTRY ",", (long long)filling.often, (int)(100 + calls));
        }
        at += snprintf(at, 128, CALL_ENTRY ",", (long long)filling.last, (int)(100 + calls++));
        for (int pings = 0; pings < 3; pings++) {
            at += snprintf(at, 128, CALL_ENTRY ",", -1LL, (int)(100 + calls++));
        }
        stpcpy(at - 1, "]");
        const struct json *answer = as_json(h, harness_exchange(h, batch, strlen(batch)));
        assert_int_equal(answer->kind, JSON_ARRAY);
        assert_int_equal(answer->count, calls);
        const struct json *element = answer->child;
        size_t results = 0;
        for (size_t j = 0; j < calls; j++, element = element->next) {
            assert_int_equal(harness_integer(element, "id"), 100 + j);
            results += json_member(element, "result") != NULL;
            if (j + 3 >= calls) { /* refused, and nobody is told that it was executed */
                const struct json *error = json_member(element, "error");
                assert_non_null(error);
                assert_true(harness_text_is(json_member(error, "data"), "reason", "no_such_entry"));
            }
        }
        assert_in_range(results, filling.count - 1, filling.count);
    }
    check(h, PING "1}", "\"result\"");
}

/* Ids so long that not even errors fit: one error for all, and what was asked is done. */
static void a_batch_that_cannot_be_answered_at_all_is_one_error(void **state)
{
    (void)state;
    struct harness harness;
    struct harness *h = &harness;
    harness_start(h, "limits:\n  message: 16MiB\n");
    const size_t id = 5000000;
    char *batch = malloc(2 * id + 1000);
    assert_non_null(batch);
    char *at = stpcpy(batch, "[{\"jsonrpc\":\"2.0\",\"method\":\"system.ping\",\"id\":\"");
    memset(at, 'x', id);
    at =
        stpcpy(at + id, "\"},{\"jsonrpc\":\"2.0\",\"method\":\"event.emit\",\"params\":{\"events\":"
                        "[{\"type\":\"auth.login\",\"suser\":\"done\"}]},\"id\":\"");
    memset(at, 'x', id);
    stpcpy(at + id, "\"}]");
    const struct json *answer = as_json(h, harness_exchange(h, batch, strlen(batch)));
    free(batch);
    assert_int_equal(answer->kind, JSON_OBJECT);
    assert_int_equal(json_member(answer, "id")->kind, JSON_NULL);
    const struct json *error = json_member(answer, "error");
    assert_int_equal(harness_integer(error, "code"), -32603);
    assert_true(harness_text_is(json_member(error, "data"), "reason", "too_large"));
    harness_wait_text(h->sink, "suser=done");
    harness_stop(h);
}

static void repeated(struct harness *h, const char *head, const char *piece, size_t times,
                     const char *tail, const char *wanted)
{
    size_t size = strlen(head) + strlen(piece) * times + strlen(tail) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    char *at = stpcpy(text, head);
    for (size_t i = 0; i < times; i++) {
        at = stpcpy(at, piece);
    }
    stpcpy(at, tail);
    check_answer(h, text, size - 1, wanted);
    free(text);
    check(h, PING "1}", "\"result\"");
}

static void hostile_messages_are_refused_and_the_next_is_served(void **state)
{
    struct harness *h = *state;
    repeated(h, "", "[", 1000000, "", "\"reason\":\"too_deep\"");
    repeated(h, "", "{\"a\":", 500000, "", "\"reason\":\"too_deep\"");
    repeated(h, "[", PING "1},", 10000, PING "1}]", "\"code\":-32600");
    repeated(h, "[", PING "1},", 10000, PING "1}]", "\"reason\":\"batch_too_long\"");
    repeated(h, "[", PING "1},", 300, PING "1}]", "\"reason\":\"batch_too_long\"");
    check(h, "{\"jsonrpc\":\"2.0\",\"method\":\"system.ping\",\"id\":1,\"id\":2}",
          "\"reason\":\"duplicate\"");
    check_answer(h, "{\"jsonrpc\":\"2.0\"\0}", 18, "\"reason\":\"bad_json\"");
    check(h, "{\"jsonrpc\":\"2.0\",\"method\":\"\xff\xfe\",\"id\":1}", "\"reason\":\"bad_utf8\"");
    check(h, "{\"jsonrpc\":\"2.0\",\"method\":\"\\ud800\",\"id\":1}", "-32700");
    check(h, PING "1} x", "-32700");
    check(h, "", "-32700");
    check(h, PING "1}", "\"result\"");
}

static void parameters_are_checked_by_name_and_kind(void **state)
{
    struct harness *h = *state;
    const struct json *data =
        harness_error(h, "audit.entry", "{\"index\":0,\"what\":1}", -32602, "unknown_parameter");
    assert_true(harness_text_is(data, "field", "/what"));
    data = harness_error(h, "audit.entry", "{}", -32602, "missing_parameter");
    assert_true(harness_text_is(data, "field", "/index"));
    harness_error(h, "audit.entry", "{\"index\":\"0\"}", -32602, "bad_type");
    harness_error(h, "audit.entry", "[0]", -32602, "bad_type");
    harness_error(h, "audit.entry", "{\"index\":1000000}", -32002, "no_such_entry");
    harness_error(h, "audit.entry", "{\"index\":-1}", -32002, "no_such_entry");
    harness_error(h, "event.emit", "{\"events\":[]}", -32602, "bad_value");
    harness_error(h, "event.emit", "{\"events\":[1]}", -32602, "bad_type");
    harness_error(h, "event.emit", "{\"events\":[{}],\"request_id\":\"a b\"}", -32602, "bad_value");
    harness_error(h, "event.emit", "{\"events\":[{}],\"actor\":{}}", -32602, "missing_field");
    harness_error(h, "audit.query", "{\"from\":\"yesterday\"}", -32602, "bad_value");
}

static void audit_query_filters_and_pages(void **state)
{
    struct harness *h = *state;
    for (int i = 0; i < 7; i++) {
        harness_result(h, "event.emit",
                       "{\"events\":[{\"type\":\"auth.login\",\"suser\":\"anna\"},"
                       "{\"type\":\"auth.logout\",\"suser\":\"bert\"}]}");
    }
    const struct json *result =
        harness_result(h, "audit.query", "{\"type\":\"auth.*\",\"suser\":\"anna\",\"limit\":5}");
    assert_int_equal(json_member(result, "entries")->count, 5);
    char params[128];
    snprintf(params, sizeof params, "{\"suser\":\"anna\",\"after\":%lld}",
             (long long)harness_integer(result, "next"));
    result = harness_result(h, "audit.query", params);
    assert_int_equal(json_member(result, "entries")->count, 2);
    assert_null(json_member(result, "next"));
    result = harness_result(h, "audit.query", "{\"type\":\"auth.logout\"}");
    assert_int_equal(json_member(result, "entries")->count, 7);
    result = harness_result(h, "audit.query", "{\"to\":\"2020-01-01T00:00:00Z\"}");
    assert_int_equal(json_member(result, "entries")->count, 0);
    result =
        harness_result(h, "audit.query", "{\"text\":\"bert\",\"from\":\"2020-01-01T00:00:00Z\"}");
    assert_int_equal(json_member(result, "entries")->count, 7);
}

static void a_query_that_can_find_nothing_is_refused(void **state)
{
    struct harness *h = *state;
    const struct json *data = harness_error(
        h, "audit.query", "{\"type\":\"master_key.recovery_faild\"}", -32602, "unknown_type");
    assert_true(harness_text_is(data, "field", "/type"));
    data = harness_error(h, "audit.query",
                         "{\"from\":\"2026-02-01T00:00:00Z\",\"to\":\"2026-01-01T00:00:00Z\"}",
                         -32602, "bad_value");
    assert_true(harness_text_is(data, "field", "/to"));
}

static void catalogue_list_has_every_type(void **state)
{
    struct harness *h = *state;
    const struct json *types = json_member(harness_result(h, "catalogue.list", "{}"), "types");
    assert_int_equal(types->count, 169);
}

static int run_as(uid_t uid, const struct harness *h, const char *command)
{
    char text[2048];
    snprintf(text, sizeof text, "%s/guardianctl --connect %s %s >/dev/null 2>&1", h->directory,
             h->url, command);
    pid_t child = fork();
    if (child == 0) {
        if (setgid(uid) != 0 || setuid(uid) != 0) {
            _exit(99);
        }
        execl("/bin/sh", "sh", "-c", text, (char *)NULL);
        _exit(98);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static const char access_text[] =
    "  - uid: 60001\n    roles: [producer]\n    login: producer1\n    types: ['auth.*']\n"
    "  - uid: 60002\n    roles: [auditor]\n    login: auditor1\n";

static void start_open(struct harness *h)
{
    char text[4096];
    harness_prepare(h);
    chmod(h->directory, 0755);
    snprintf(text, sizeof text,
             "state:\n  directory: %s\nlisten:\n  - url: %s\n    mode: \"0666\"\n"
             "access:\n  - uid: 0\n    roles: [workflow]\n    login: pam\n%s"
             "sinks:\n  - name: siem\n    url: file://%s\n",
             h->directory, h->url, access_text, h->sink);
    harness_write_config(h, text);
    harness_restart(h);
    /* The build may lie where other users cannot look. */
    snprintf(text, sizeof text, "cp %s %s/guardianctl && chmod 755 %s/guardianctl", TEST_CLIENT,
             h->directory, h->directory);
    assert_int_equal(system(text), 0);
}

static void roles_come_from_the_peer_s_uid(void **state)
{
    (void)state;
    if (getuid() != 0) {
        skip(); /* other users cannot be played */
    }
    struct harness harness;
    start_open(&harness);
    const char *login = "emit --type auth.login suser=x";
    assert_int_equal(run_as(60001, &harness, login), 0);
    assert_int_equal(
        run_as(60001, &harness, "emit --type device.connectivity_lost sname=x dhost=y"), 1);
    assert_int_equal(run_as(60001, &harness, "audit query"), 1);
    assert_int_equal(run_as(60002, &harness, "audit query"), 0);
    assert_int_equal(run_as(60002, &harness, login), 1);
    assert_int_equal(run_as(60003, &harness, "status"), 1);
    assert_int_equal(run_as(60001, &harness, "--as ceo emit --type auth.login suser=x"), 1);
    harness_wait_text(harness.sink, "suser=uid 60003");
    harness_wait_text(harness.sink, "refused: actor_not_allowed.");
    harness_wait_text(harness.sink, "suser=auditor1");
    harness_stop(&harness);
}

/* What another user's program gets for one message, by system calls alone: this process has threads
 * and is forked. The connection must be closed behind the answer. */
static void ask_as(uid_t uid, const struct harness *h, struct slice message, char *out, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    static const uint8_t greeting[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
    uint8_t head[13] = {1, [9] = 0x80, [12] = 1};
    uint64_t length = message.length + 4;
    for (int i = 0; i < 8; i++) {
        head[1 + i] = (uint8_t)(length >> (56 - 8 * i));
    }
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", h->url + strlen("ipc://"));
    pid_t child = fork();
    if (child == 0) {
        char octet;
        int s = socket(AF_UNIX, SOCK_STREAM, 0);
        if (setgid(uid) != 0 || setuid(uid) != 0 ||
            connect(s, (const struct sockaddr *)&address, sizeof address) != 0 ||
            write(s, greeting, sizeof greeting) < 0 || write(s, head, sizeof head) < 0) {
            _exit(99);
        }
        for (size_t done = 0; done < message.length;) {
            ssize_t sent = write(s, message.data + done, message.length - done);
            if (sent <= 0) {
                break;
            }
            done += (size_t)sent;
        }
        while (read(s, &octet, 1) == 1) {
            if (write(ends[1], &octet, 1) != 1) {
                _exit(98);
            }
        }
        _exit(0);
    }
    close(ends[1]);
    size_t got = 0;
    ssize_t more;
    while (got + 1 < size && (more = read(ends[0], out + got, size - 1 - got)) > 0) {
        got += (size_t)more;
    }
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(got >= 8 + 13); /* the server's greeting, and the answer's head */
    memmove(out, out + 8 + 13, got - 8 - 13);
    out[got - 8 - 13] = '\0';
}

static void who_has_no_role_is_refused_whatever_it_sends(void **state)
{
    (void)state;
    if (getuid() != 0) {
        skip();
    }
    struct harness harness;
    start_open(&harness);
    static char large[5 << 20];
    memset(large, '[', sizeof large);
    const struct {
        struct slice message;
        const char *id;
    } messages[] = {
        {slice_of(PING "42}"), "\"id\":42,"},
        {slice_of("{\"jsonrpc\":\"2.0\",\"method\":\"no.such\",\"id\":\"a\"}"), "\"id\":\"a\","},
        {slice_of("{"), "\"id\":null,"},
        {slice_of(""), "\"id\":null,"},
        {slice_of("[" PING "1}," PING "2}]"), "\"id\":null,"},
        {{large, 100}, "\"id\":null,"},
        {{large, 5000}, "\"id\":null,"},
        {{large, sizeof large}, "\"id\":null,"},
    };
    char answer[2048];
    size_t count = sizeof messages / sizeof messages[0];
    for (size_t i = 0; i < count; i++) {
        ask_as(60003, &harness, messages[i].message, answer, sizeof answer);
        if (strstr(answer, messages[i].id) == NULL || strstr(answer, "\"code\":-32001") == NULL ||
            strstr(answer, "\"reason\":\"no_role\"") == NULL || answer[0] != '{') {
            fail_msg("to message %zu: %s", i, answer);
        }
    }
    ask_as(60003, &harness, slice_of("{\"jsonrpc\":\"2.0\",\"method\":\"system.ping\"}"), answer,
           sizeof answer);
    assert_string_equal(answer, "");
    harness_wait_text(harness.sink, "Call of system.ping refused: no_role.");
    harness_terminate(&harness);
    char *lines = harness_read_file(harness.sink);
    assert_int_equal(harness_count(lines, "Call of unknown refused: no_role."), 2);
    assert_non_null(strstr(lines, " count=6 "));
    free(lines);
    harness_stop(&harness);
}

static void refusals_are_told_once_and_then_counted(void **state)
{
    (void)state;
    if (getuid() != 0) {
        skip();
    }
    struct harness harness;
    start_open(&harness);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(run_as(60002, &harness, "emit --type auth.login suser=x"), 1);
    }
    harness_wait_text(harness.sink, "Call of event.emit refused: not_permitted.");
    harness_terminate(&harness); /* what was counted is told at the latest when it stops */
    char *lines = harness_read_file(harness.sink);
    assert_int_equal(harness_count(lines, "Call of event.emit refused: not_permitted."), 2);
    assert_non_null(strstr(lines, " count=4 "));
    free(lines);
    harness_stop(&harness);
}

static void a_second_daemon_is_refused_and_the_first_goes_on(void **state)
{
    struct harness *h = *state;
    struct harness second = *h;
    snprintf(second.errors, sizeof second.errors, "%s/stderr2", h->directory);
    assert_int_equal(harness_run_to_end(&second), 1);
    check(h, PING "1}", "\"result\"");
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
        cmocka_unit_test_setup_teardown(answers_the_examples_of_json_rpc, start, stop),
        cmocka_unit_test_setup_teardown(a_notification_is_answered_by_an_empty_body, start, stop),
        cmocka_unit_test_setup_teardown(a_batch_is_answered_in_order, start, stop),
        cmocka_unit_test_setup_teardown(a_batch_loses_no_answer_where_they_do_not_fit, start, stop),
        cmocka_unit_test(a_batch_that_cannot_be_answered_at_all_is_one_error),
        cmocka_unit_test_setup_teardown(hostile_messages_are_refused_and_the_next_is_served, start,
                                        stop),
        cmocka_unit_test_setup_teardown(parameters_are_checked_by_name_and_kind, start, stop),
        cmocka_unit_test_setup_teardown(audit_query_filters_and_pages, start, stop),
        cmocka_unit_test_setup_teardown(a_query_that_can_find_nothing_is_refused, start, stop),
        cmocka_unit_test_setup_teardown(catalogue_list_has_every_type, start, stop),
        cmocka_unit_test(roles_come_from_the_peer_s_uid),
        cmocka_unit_test(who_has_no_role_is_refused_whatever_it_sends),
        cmocka_unit_test(refusals_are_told_once_and_then_counted),
        cmocka_unit_test_setup_teardown(a_second_daemon_is_refused_and_the_first_goes_on, start,
                                        stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
