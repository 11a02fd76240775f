/* guardianctl as a person and a script use it, against a real daemon. */
#include <fcntl.h>
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
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>

#include "tests/integration/client_fixture.h"

/* ---- what a terminal sees ---- */

#define EVIL "\u202e\u200b\ufeff\xc2\x85"
#define EVIL_SHOWN "\\u{202E}\\u{200B}\\u{FEFF}\\u{85}"

static void no_text_of_the_trail_steers_the_terminal(void **state)
{
    struct harness *h = *state;
    client(h, "emit --type information.viewed suser=e" EVIL " sname=E" EVIL " information=i" EVIL,
           "");
    assert_int_equal(run.status, 0);
    client(h, "audit show 1", "");
    expect_in(run.out, "E" EVIL_SHOWN);
    assert_null(strstr(run.out, "\u202e"));
    client(h, "audit query --type information.viewed", "");
    expect_in(run.out, "\\u{202E}");
    assert_null(strstr(run.out, "\u202e"));
    client(h, "audit tail", "");
    assert_null(strstr(run.out, "\u202e"));
    /* machines get what was sent */
    client(h, "--json audit show 1", "");
    expect_in(run.out, "\"sname\":\"E" EVIL "\"");
}

static void no_refusal_steers_the_terminal(void **state)
{
    struct harness *h = *state;
    client(h, "emit --type information.viewed suser=e sname=E information=i field" EVIL "=1", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "field\\u{202E}\\u{200B}\\u{FEFF}");
    assert_null(strstr(run.err, "\u202e"));
    client(h, "emit --type no" EVIL ".type suser=e", "");
    assert_int_equal(run.status, 1);
    assert_null(strstr(run.err, "\u202e"));
    client(h, "emit --type information.viewed " EVIL, "");
    assert_int_equal(run.status, 2);
    assert_null(strstr(run.err, "\u202e"));
}

/* ---- errors ---- */

static void every_verb_refuses_in_json_when_json_is_asked_for(void **state)
{
    struct harness *h = *state;
    static const struct {
        const char *arguments;
        int status;
        int code;
        const char *reason;
        const char *field;
    } cases[] = {
        {"audit query --severity-min 99", 1, -32602, "bad_value", "/severity_min"},
        {"audit query --from yesterday", 1, -32602, "bad_value", "/from"},
        {"audit show 999", 1, -32002, "no_such_entry", "/index"},
        {"emit --type no.such x=1", 1, -32602, "unknown_type", "/events/0/type"},
        {"emit --type daemon.started", 1, -32001, "reserved_type", "/events/0/type"},
        {"catalogue show no.such", 1, -32002, "unknown_type", NULL},
        {"audit query --limit 0", 2, -32602, "bad_usage", NULL},
        {"audit tail --bogus", 2, -32602, "bad_usage", NULL},
        {"emit --type x nonsense", 2, -32602, "bad_usage", NULL},
        {"status now", 2, -32602, "bad_usage", NULL},
        {"audit", 2, -32602, "bad_usage", NULL},
        {"nonsense", 2, -32602, "bad_usage", NULL},
        {"--connect ipc:///nowhere/x status", 3, -32603, "unreachable", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char arguments[200];
        snprintf(arguments, sizeof arguments, "--json %s", cases[i].arguments);
        client(h, arguments, "");
        assert_int_equal(run.status, cases[i].status);
        assert_string_equal(run.out, "");
        const struct json *error = error_object(h);
        assert_int_equal(harness_integer(error, "code"), cases[i].code);
        assert_true(harness_text_is(error, "reason", cases[i].reason));
        assert_true(cases[i].field == NULL || harness_text_is(error, "field", cases[i].field));
        /* for people: a sentence, and nothing on standard output either */
        client(h, cases[i].arguments, "");
        assert_int_equal(run.status, cases[i].status);
        assert_string_equal(run.out, "");
        assert_memory_equal(run.err, "guardianctl: ", 13);
    }
}

static void wrong_usage_names_the_word_at_fault(void **state)
{
    struct harness *h = *state;
    static const struct {
        const char *arguments;
        const char *sentence;
    } cases[] = {
        {"audit query --foo", "unknown option '--foo'; see guardianctl audit query --help\n"},
        {"ceremony list --as boss", "general options stand before the command, as in guardianctl "
                                    "--as LOGIN COMMAND; here stands '--as'; see"},
        {"audit query -x", "unknown option '-x'; see guardianctl audit query --help\n"},
        {"audit tail --limit 3", "unknown option '--limit'; see guardianctl audit tail --help\n"},
        {"audit query more", "unknown argument 'more'; see guardianctl audit query --help\n"},
        {"audit query --user", "a value is missing behind '--user'; see"},
        {"audit query --limit 0", "--limit takes a number, 1 or more, not '0'; see"},
        {"audit query --limit 1x", "--limit takes a number, 1 or more, not '1x'; see"},
        {"emit --partial=yes", "this option takes no value: '--partial=yes'; see"},
        {"emit --bar", "unknown option '--bar'; see guardianctl emit --help\n"},
        {"--bogus status", "unknown option '--bogus'; see guardianctl --help\n"},
        {"--timeout 0 status", "--timeout takes 1 to 3600 seconds, not '0'; see"},
        {"catalogue list --all", "unknown option '--all'; see guardianctl catalogue list --help\n"},
        {"status --foo", "unknown option '--foo'; see guardianctl status --help\n"},
        {"audit", "audit takes one of: query, tail, show; see guardianctl --help\n"},
        {"catalogue", "catalogue takes one of: list, show; see guardianctl --help\n"},
        {"audit verify", "audit takes one of: query, tail, show; there is no 'verify'; see"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        client(h, cases[i].arguments, "");
        assert_int_equal(run.status, 2);
        expect_in(run.err, cases[i].sentence);
    }
}

static void who_is_not_there_is_told_with_its_socket_and_what_named_it(void **state)
{
    struct harness *h = *state;
    client(h, "--connect ipc:///nowhere/x.sock status", "");
    assert_int_equal(run.status, 3);
    expect_in(run.err, "ipc:///nowhere/x.sock (from --connect)");
    expect_in(run.err, "There is no such socket: start master_key_guardian");
    harness_terminate(h);
    client(h, "status", "");
    assert_int_equal(run.status, 3);
    expect_in(run.err, h->url);
    expect_in(run.err, "(from GUARDIAN_URL)");
    char home[700], wanted[350];
    snprintf(wanted, sizeof wanted, "ipc://%s/guardian.sock (from GUARDIAN_HOME)", h->directory);
    snprintf(home, sizeof home,
             "status; export GUARDIAN_HOME=%s GUARDIAN_URL=; " TEST_CLIENT " status", h->directory);
    client(h, home, "");
    assert_int_equal(run.status, 3);
    expect_in(run.err, wanted);
}

/* Takes one request; answers it, if there is an answer, as a guardian does. */
static void serve(nng_socket guardian, const char *answer)
{
    nng_msg *message;
    assert_int_equal(nng_recvmsg(guardian, &message, 0), 0);
    nng_msg_clear(message);
    if (answer == NULL) {
        nng_msg_free(message);
        return;
    }
    assert_int_equal(nng_msg_append(message, answer, strlen(answer)), 0);
    assert_int_equal(nng_sendmsg(guardian, message, 0), 0);
}

static void a_connection_that_broke_is_said_to_have_broken(void **state)
{
    struct harness *h = *state;
    char arguments[400], url[300], out[300], err[304];
    nng_socket guardian;
    snprintf(url, sizeof url, "ipc://%.200s/dying", h->directory);
    snprintf(arguments, sizeof arguments, "--connect %s ceremony status Root", url);
    snprintf(out, sizeof out, "%s/status", h->directory);
    snprintf(err, sizeof err, "%.299s.err", out);
    assert_int_equal(nng_rep0_open(&guardian), 0);
    nng_socket_set_ms(guardian, NNG_OPT_RECVTIMEO, 60000);
    assert_int_equal(nng_listen(guardian, url, NULL, 0), 0);
    int nothing = open("/dev/null", O_RDONLY);
    pid_t asking = start_client(h, arguments, nothing, out);
    serve(guardian, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"ceremonies\":[{\"ceremony\":"
                    "\"6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0d\",\"name\":\"Root\"}]}}");
    serve(guardian, NULL);
    nng_close(guardian);
    assert_int_equal(end_of(asking), 3);
    harness_wait_text(err, "broke before it answered: it was stopped, or it died.");
    close(nothing);
}

/* ---- a daemon that is busy ---- */

static void a_full_house_is_tried_again(void **state)
{
    struct harness *h = *state;
    char out[300], seen[300];
    snprintf(out, sizeof out, "%s/tail", h->directory);
    snprintf(seen, sizeof seen, "%s/seen", h->directory);
    int nothing = open("/dev/null", O_RDONLY);
    /* the harness has one connection, the follower takes the other */
    pid_t follower = start_client(h, "audit tail -f", nothing, out);
    harness_wait_text(out, "daemon.started");
    client(h, "--timeout 1 status", "");
    assert_int_equal(run.status, 3);
    expect_in(run.err, "takes no further connection");
    pid_t waiting = start_client(h, "--timeout 60 status", nothing, seen);
    const struct json *status;
    do { /* until it was refused at least once */
        status = json_member(harness_result(h, "system.status", "{}"), "connections");
    } while (harness_integer(status, "refused") < 3);
    kill(follower, SIGTERM);
    waitpid(follower, NULL, 0);
    assert_int_equal(end_of(waiting), 0);
    harness_wait_text(seen, "running");
    close(nothing);
}

/* ---- query, tail, catalogue ---- */

static void a_query_prints_as_many_as_asked_for(void **state)
{
    struct harness *h = *state;
    char *input = events(20, "");
    client(h, "emit", input);
    client(h, "audit query --limit 7 --type information.viewed", "");
    assert_int_equal(run.status, 0);
    assert_int_equal(harness_count(run.out, "information.viewed"), 7);
    expect_in(run.out, "there is more: guardianctl audit query --after 7 ");
    client(h, "--json audit query --after 7 --limit 7", "");
    assert_int_equal(json_member(document(h), "entries")->count, 7);
    assert_int_equal(harness_integer(document(h), "next"), 14);
    client(h, "audit tail -n 3 --json", "");
    assert_int_equal(json_member(document(h), "entries")->count, 3);
    client(h, "--json audit query --user nobody", "");
    assert_string_equal(run.out, "{\"entries\":[]}\n");
    free(input);
}

static void following_in_json_prints_an_entry_a_line(void **state)
{
    struct harness *h = *state;
    char out[300];
    snprintf(out, sizeof out, "%s/followed", h->directory);
    int nothing = open("/dev/null", O_RDONLY);
    pid_t child = start_client(h, "--json audit tail -f", nothing, out);
    harness_wait_lines(out, 1);
    client(h, "emit", EVENT("1") EVENT("2"));
    harness_wait_lines(out, 3);
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    close(nothing);
    char *text = harness_read_file(out);
    assert_int_equal(harness_count(text, "{\"index\":"), 3);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        free(run.out);
        run.out = strdup(line);
        assert_non_null(json_member(document(h), "index"));
    }
    free(text);
}

static void the_catalogue_can_be_read_from_the_command_line(void **state)
{
    struct harness *h = *state;
    client(h, "catalogue list", "");
    assert_int_equal(run.status, 0);
    assert_int_equal(harness_count(run.out, "\n"), 1 + 169); /* as many as catalogue.json has */
    client(h, "catalogue list 'session.*'", "");
    assert_int_equal(harness_count(run.out, "\nsession."), 6);
    assert_int_equal(harness_count(run.out, "\n"), 1 + 6);
    client(h, "--json catalogue list recovery_f", "");
    assert_true(harness_text_is(json_member(document(h), "types")->child, "type",
                                "master_key.recovery_failed"));
    client(h, "catalogue list nothing.like.it", "");
    assert_int_equal(run.status, 1);
    assert_string_equal(run.out, "");
    client(h, "catalogue show session.started", "");
    assert_int_equal(run.status, 0);
    expect_in(run.out, "name      Session Started\n");
    expect_in(run.out, "emit      any\n");
    expect_in(run.out, "\nsuser                    string   required  login of that user\n");
    expect_in(run.out, "\ndpt                      port               port of the target device\n");
    client(h, "--json catalogue show session.started", "");
    assert_true(harness_text_is(document(h), "id", "16"));
    client(h, "catalogue show", "");
    assert_int_equal(run.status, 2);
}

/* Room for the test's own connection and one more. */
static int start_narrow(void **state)
{
    struct harness *h = calloc(1, sizeof *h);
    assert_non_null(h);
    harness_start(h, "limits:\n  connections: 2\n");
    *state = h;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_text_of_the_trail_steers_the_terminal, start, stop),
        cmocka_unit_test_setup_teardown(no_refusal_steers_the_terminal, start, stop),
        cmocka_unit_test_setup_teardown(every_verb_refuses_in_json_when_json_is_asked_for, start,
                                        stop),
        cmocka_unit_test_setup_teardown(wrong_usage_names_the_word_at_fault, start, stop),
        cmocka_unit_test_setup_teardown(who_is_not_there_is_told_with_its_socket_and_what_named_it,
                                        start, stop),
        cmocka_unit_test_setup_teardown(a_query_prints_as_many_as_asked_for, start, stop),
        cmocka_unit_test_setup_teardown(following_in_json_prints_an_entry_a_line, start, stop),
        cmocka_unit_test_setup_teardown(the_catalogue_can_be_read_from_the_command_line, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_connection_that_broke_is_said_to_have_broken, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_full_house_is_tried_again, start_narrow, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
