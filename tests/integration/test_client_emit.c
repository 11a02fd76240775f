/* guardianctl emit: what it says of each line, and how to go on when it ends early. */
#include <fcntl.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/client_fixture.h"

static void a_fault_in_the_middle_says_what_was_recorded_before(void **state)
{
    struct harness *h = *state;
    char *input =
        events(300, "{\"type\":\"information.viewed\",\"suser\":\"a\",\"suser\":\"b\"}\n");
    client(h, "emit", input);
    assert_int_equal(run.status, 1);
    assert_string_equal(run.out, "lines 1 to 256: 256 recorded as entries 1 to 256\n");
    expect_in(run.err, "line 301: refused: At octet 41 ");
    expect_in(run.err, "(duplicate /suser)");
    expect_in(run.err, "lines 1 to 256 are recorded as entries 1 to 256; go on from line 257.");
    client(h, "--json emit", input);
    assert_int_equal(run.status, 1);
    const struct json *error = error_object(h);
    assert_int_equal(harness_integer(error, "line"), 301);
    assert_int_equal(harness_integer(error, "resume_line"), 257);
    assert_int_equal(harness_integer(error, "accepted"), 256);
    assert_int_equal(harness_integer(document(h), "accepted"), 256);
    free(input);
}

static void a_refusal_by_the_daemon_names_the_line(void **state)
{
    struct harness *h = *state;
    client(h, "emit",
           EVENT("1") "\n" EVENT("2") "{\"type\":\"session.started\",\"suser\":\"eve\"}\n");
    assert_int_equal(run.status, 1);
    assert_string_equal(run.out, "");
    expect_in(run.err, "guardianctl: line 4: refused: The field ");
    expect_in(run.err, "nothing is recorded; go on from line 1.");
}

static void partial_tells_each_refused_line_with_a_sentence(void **state)
{
    struct harness *h = *state;
    static const char input[] = EVENT(
        "1") "{nope\n"
             "{\"type\":\"information.viewed\",\"suser\":\"x\",\"information\":\"i\"}\n" EVENT(
                 "2") "{\"type\":\"daemon.started\"}\n";
    client(h, "emit --partial", input);
    assert_int_equal(run.status, 1);
    expect_in(run.err, "line 2: refused: At octet 1 ");
    expect_in(run.err, "line 3: refused: The field sname is missing or empty.");
    expect_in(run.err, "(missing_field /sname)");
    expect_in(run.err, "line 5: refused: Who calls may not emit this type. (reserved_type /type)");
    expect_in(run.out, "lines 1 to 5: 2 recorded as entries 1 to 2\n");
    client(h, "--json emit --partial", input);
    assert_int_equal(run.status, 1);
    const struct json *batch = json_member(document(h), "batches")->child;
    assert_int_equal(harness_integer(batch, "accepted"), 2);
    const struct json *refused = json_member(batch, "refused");
    assert_int_equal(refused->count, 3);
    for (const struct json *at = refused->child; at != NULL; at = at->next) {
        assert_non_null(json_member(at, "line"));
        assert_non_null(json_member(at, "reason"));
        assert_non_null(json_member(at, "message"));
    }
}

static void json_of_several_batches_is_one_document(void **state)
{
    struct harness *h = *state;
    char *input = events(600, "");
    client(h, "--json emit --request-id night", input);
    assert_int_equal(run.status, 0);
    const struct json *all = document(h);
    assert_int_equal(harness_integer(all, "accepted"), 600);
    assert_int_equal(harness_integer(all, "refused"), 0);
    static const struct {
        const char *id;
        int64_t first, last;
        const char *lines;
    } wanted[] = {{"night", 1, 256, "[1,256]"},
                  {"night.2", 257, 512, "[257,512]"},
                  {"night.3", 513, 600, "[513,600]"}};
    const struct json *batch = json_member(all, "batches")->child;
    for (size_t i = 0; i < 3; i++, batch = batch->next) {
        assert_non_null(batch);
        assert_true(harness_text_is(batch, "request_id", wanted[i].id));
        assert_int_equal(harness_integer(batch, "first"), wanted[i].first);
        assert_int_equal(harness_integer(batch, "last"), wanted[i].last);
        assert_true(slice_is(json_member(batch, "lines")->text, wanted[i].lines));
    }
    assert_null(batch);
    /* the same input under the same ID: the same answer, nothing twice */
    char *before = strdup(run.out);
    client(h, "--json emit --request-id night", input);
    assert_string_equal(run.out, before);
    client(h, "--json emit", "");
    assert_string_equal(run.out, "{\"batches\":[],\"accepted\":0,\"refused\":0}\n");
    const struct json *log = json_member(harness_result(h, "system.status", "{}"), "log");
    assert_int_equal(harness_integer(log, "size"), 601);
    free(before);
    free(input);
}

static void a_long_request_id_serves_several_batches(void **state)
{
    struct harness *h = *state;
    char *input = events(300, "");
    static const char command[] =
        "--json emit --request-id "
        "0123456789012345678901234567890123456789012345678901234567890123";
    client(h, command, input);
    assert_int_equal(run.status, 0);
    client(h, command, input);
    assert_int_equal(run.status, 0);
    const struct json *log = json_member(harness_result(h, "system.status", "{}"), "log");
    assert_int_equal(harness_integer(log, "size"), 301);
    free(input);
}

/* The word behind `what` in the text; valid until the next call. */
static const char *word_behind(const char *text, const char *what)
{
    static char word[128];
    const char *at = strstr(text, what);
    assert_non_null(at);
    assert_int_equal(sscanf(at + strlen(what), "%127s", word), 1);
    return word;
}

static void an_answer_that_never_came_is_told_with_how_to_go_on(void **state)
{
    struct harness *h = *state;
    char out[300], errors[310], again[200];
    int pipe_ends[2];
    snprintf(out, sizeof out, "%s/emitted", h->directory);
    snprintf(errors, sizeof errors, "%s.err", out);
    assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
    pid_t child = start_client(h, "--timeout 2 emit", pipe_ends[0], out);
    char *input = events(500, "");
    char *second = input;
    for (int i = 0; i < 256; i++) {
        second = strchr(second, '\n') + 1;
    }
    assert_int_equal(write(pipe_ends[1], input, (size_t)(second - input)), second - input);
    harness_wait_text(out, "lines 1 to 256: 256 recorded as entries 1 to 256\n");
    harness_signal(h, SIGSTOP);
    assert_int_equal(write(pipe_ends[1], second, strlen(second)), strlen(second));
    close(pipe_ends[1]);
    close(pipe_ends[0]);
    assert_int_equal(end_of(child), 3);
    harness_signal(h, SIGCONT);
    char *said = harness_read_file(errors);
    expect_in(said, "gave no answer within 2 s");
    expect_in(said, "lines 1 to 256 are recorded as entries 1 to 256; whether lines 257 to 500 are "
                    "recorded is not known.");
    expect_in(said, "tail -n +257 FILE | guardianctl emit --request-id ");
    /* As told; and then nothing stands twice, whether the daemon got it the first time or not. */
    snprintf(again, sizeof again, "emit --request-id %s", word_behind(said, "--request-id "));
    client(h, again, second);
    assert_int_equal(run.status, 0);
    client(h, again, second);
    assert_int_equal(run.status, 0);
    const struct json *log = json_member(harness_result(h, "system.status", "{}"), "log");
    assert_int_equal(harness_integer(log, "size"), 501);
    free(said);
    free(input);
}

/* ---- in the daemon's place ---------------------------------------------------------------------
 */

/* Answers every request with one text. */
struct stand_in {
    nng_socket socket;
    pthread_t thread;
    const char *answer;
};

static void *answer_always(void *argument)
{
    struct stand_in *stand_in = argument;
    nng_msg *request;
    while (nng_recvmsg(stand_in->socket, &request, 0) == 0) {
        nng_msg_clear(request);
        if (nng_msg_append(request, stand_in->answer, strlen(stand_in->answer)) != 0 ||
            nng_sendmsg(stand_in->socket, request, 0) != 0) {
            nng_msg_free(request);
        }
    }
    return NULL;
}

/* What emit of two lines prints with --json, as an error: run and the document of it. */
static const struct json *emit_to(struct harness *h, const char *answer)
{
    struct stand_in stand_in = {.answer = answer};
    char url[400];
    char arguments[500];
    snprintf(url, sizeof url, "ipc://%s/stand-in.sock", h->directory);
    assert_int_equal(nng_rep0_open(&stand_in.socket), 0);
    assert_int_equal(nng_listen(stand_in.socket, url, NULL, 0), 0);
    assert_int_equal(pthread_create(&stand_in.thread, NULL, answer_always, &stand_in), 0);
    snprintf(arguments, sizeof arguments, "--connect %s --json emit --request-id mine", url);
    client(h, arguments, EVENT("1") EVENT("2"));
    nng_close(stand_in.socket);
    pthread_join(stand_in.thread, NULL);
    return error_object(h);
}

#define ERROR(code, reason)                                                                    \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":" code ",\"message\":\"M.\",\"data\":{" \
    "\"reason\":\"" reason "\"}}}"

/* Something may have been recorded unless the answer says that nothing was. */
static void an_answer_that_tells_nothing_leaves_it_uncertain(void **state)
{
    struct harness *h = *state;
    static const char *const telling_nothing[] = {
        ERROR("-32603", "internal"),
        "not JSON",
        "[1]",
        "{\"jsonrpc\":\"2.0\",\"id\":1}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":5}",
        ERROR("-32004", "outcome_unknown"),
    };
    static const char *const telling[] = {
        ERROR("-32602", "bad_value"), ERROR("-32700", "bad_json"), ERROR("-32600", "bad_request"),
        ERROR("-32001", "not_permitted"), ERROR("-32004", "refused")};
    for (size_t i = 0; i < sizeof telling_nothing / sizeof telling_nothing[0]; i++) {
        const struct json *error = emit_to(h, telling_nothing[i]);
        const struct json *uncertain = json_member(error, "uncertain");
        if (run.status == 0 || uncertain == NULL || !uncertain->boolean) {
            fail_msg("%s is taken for an answer: %s", telling_nothing[i], run.err);
        }
        assert_true(harness_text_is(error, "request_id", "mine"));
    }
    for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++) {
        assert_null(json_member(emit_to(h, telling[i]), "uncertain"));
        assert_int_not_equal(run.status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fault_in_the_middle_says_what_was_recorded_before, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_refusal_by_the_daemon_names_the_line, start, stop),
        cmocka_unit_test_setup_teardown(partial_tells_each_refused_line_with_a_sentence, start,
                                        stop),
        cmocka_unit_test_setup_teardown(json_of_several_batches_is_one_document, start, stop),
        cmocka_unit_test_setup_teardown(a_long_request_id_serves_several_batches, start, stop),
        cmocka_unit_test_setup_teardown(an_answer_that_never_came_is_told_with_how_to_go_on, start,
                                        stop),
        cmocka_unit_test_setup_teardown(an_answer_that_tells_nothing_leaves_it_uncertain, start,
                                        stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
