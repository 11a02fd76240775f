#include "tests/integration/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>

#include "audit/base/clock.h"

#define LIMIT_MS 60000 /* sanitizers are slow; a test that hangs is still ended */

static void pause_briefly(void)
{
    const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
    nanosleep(&pause, NULL);
}

char *harness_read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 1);
    size_t length = 0;
    assert_non_null(text);
    while (file != NULL && !feof(file)) {
        text = realloc(text, length + 65537);
        assert_non_null(text);
        length += fread(text + length, 1, 65536, file);
        text[length] = '\0';
    }
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

static void fail_with_errors(const struct harness *harness, const char *what)
{
    char *errors = harness_read_file(harness->errors);
    print_error("%s; the daemon said:\n%s\n", what, errors);
    free(errors);
    fail();
}

void harness_prepare(struct harness *harness)
{
    *harness = (struct harness){.socket = -1};
    snprintf(harness->directory, sizeof harness->directory, "/tmp/guardian-test-XXXXXX");
    assert_non_null(mkdtemp(harness->directory));
    snprintf(harness->url, sizeof harness->url, "ipc://%s/guardian.sock", harness->directory);
    snprintf(harness->sink, sizeof harness->sink, "%s/siem.log", harness->directory);
    snprintf(harness->errors, sizeof harness->errors, "%s/stderr", harness->directory);
    arena_init(&harness->arena, (size_t)1 << 30);
}

void harness_write_config(struct harness *harness, const char *text)
{
    snprintf(harness->config, sizeof harness->config, "%s/guardian.yaml", harness->directory);
    FILE *file = fopen(harness->config, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void launch(struct harness *harness)
{
    fflush(NULL);
    harness->daemon = fork();
    assert_true(harness->daemon >= 0);
    if (harness->daemon == 0) {
        /* Ends with the test, and holds none of its pipes open: a failed test must not hang. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int errors = open(harness->errors, O_WRONLY | O_CREAT | O_APPEND, 0600);
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(errors, STDERR_FILENO);
        dup2(nowhere, STDOUT_FILENO);
        setenv("GUARDIAN_HOME", harness->directory, 1);
        if (harness->config[0] == '\0') {
            execl(TEST_DAEMON, TEST_DAEMON, (char *)NULL);
        } else {
            execl(TEST_DAEMON, TEST_DAEMON, "-c", harness->config, (char *)NULL);
        }
        _exit(127);
    }
}

static int wait_for_end(struct harness *harness)
{
    int status = 0;
    int64_t until_ms = clock_boot_ms() + LIMIT_MS;
    pid_t ended;
    while ((ended = waitpid(harness->daemon, &status, WNOHANG)) == 0) {
        if (clock_boot_ms() > until_ms) {
            fail_with_errors(harness, "the daemon did not end");
        }
        pause_briefly();
    }
    assert_int_equal(ended, harness->daemon);
    harness->daemon = 0;
    return status;
}

static void hang_up(struct harness *harness)
{
    if (harness->socket >= 0) {
        nng_socket socket = {.id = (uint32_t)harness->socket};
        nng_close(socket);
        harness->socket = -1;
    }
}

static void dial(struct harness *harness)
{
    nng_socket socket;
    assert_int_equal(nng_req0_open(&socket), 0);
    nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, LIMIT_MS);
    nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, LIMIT_MS);
    nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, 0);
    int64_t until_ms = clock_boot_ms() + LIMIT_MS;
    while (nng_dial(socket, harness->url, NULL, 0) != 0) {
        int status;
        if (clock_boot_ms() > until_ms || waitpid(harness->daemon, &status, WNOHANG) != 0) {
            fail_with_errors(harness, "the daemon does not listen");
        }
        pause_briefly();
    }
    harness->socket = (int)socket.id;
}

void harness_restart(struct harness *harness)
{
    launch(harness);
    dial(harness);
    harness_result(harness, "system.ping", "{}");
}

void harness_start(struct harness *harness, const char *extra)
{
    harness_prepare(harness);
    if (extra != NULL) {
        char text[8192];
        snprintf(text, sizeof text,
                 "state:\n  directory: %s\n"
                 "listen:\n  - url: %s\n"
                 "access:\n  - uid: %u\n    roles: [workflow]\n    login: pam\n"
                 "%s%s%s%s",
                 harness->directory, harness->url, (unsigned)getuid(),
                 strstr(extra, "sinks:") == NULL ? "sinks:\n  - name: siem\n    url: file://" : "",
                 strstr(extra, "sinks:") == NULL ? harness->sink : "",
                 strstr(extra, "sinks:") == NULL ? "\n" : "", extra);
        harness_write_config(harness, text);
    }
    harness_restart(harness);
}

int harness_wait_end(struct harness *harness)
{
    int status = wait_for_end(harness);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int harness_run_to_end(struct harness *harness)
{
    launch(harness);
    return harness_wait_end(harness);
}

void harness_kill(struct harness *harness)
{
    hang_up(harness);
    kill(harness->daemon, SIGKILL);
    wait_for_end(harness);
}

void harness_terminate(struct harness *harness)
{
    hang_up(harness);
    kill(harness->daemon, SIGTERM);
    int status = wait_for_end(harness);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_with_errors(harness, "the daemon did not stop cleanly");
    }
}

void harness_stop(struct harness *harness)
{
    char command[400];
    if (harness->daemon != 0) {
        harness_terminate(harness);
    }
    arena_done(&harness->arena);
    snprintf(command, sizeof command, "rm -rf '%s'", harness->directory);
    assert_int_equal(system(command), 0);
}

void harness_signal(struct harness *harness, int number)
{
    assert_int_equal(kill(harness->daemon, number), 0);
}

const char *harness_exchange(struct harness *harness, const void *message, size_t length)
{
    nng_socket socket = {.id = (uint32_t)harness->socket};
    nng_msg *msg;
    arena_reset(&harness->arena);
    assert_int_equal(nng_msg_alloc(&msg, 0), 0);
    assert_int_equal(nng_msg_append(msg, message, length), 0);
    assert_int_equal(nng_sendmsg(socket, msg, 0), 0);
    int code = nng_recvmsg(socket, &msg, 0);
    if (code != 0) {
        fail_with_errors(harness, nng_strerror(code));
    }
    struct slice answer =
        arena_copy(&harness->arena, (struct slice){nng_msg_body(msg), nng_msg_len(msg)});
    nng_msg_free(msg);
    assert_non_null(answer.data);
    return answer.data;
}

const struct json *harness_call(struct harness *harness, const char *method, const char *params)
{
    size_t size = strlen(method) + strlen(params) + 100;
    char *text = malloc(size);
    assert_non_null(text);
    int length =
        snprintf(text, size, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"%s\",\"params\":%s}",
                 method, params);
    const char *answer = harness_exchange(harness, text, (size_t)length);
    free(text);
    const struct json_limits limits = {.depth = 64, .members = UINT32_MAX};
    struct json *json;
    struct fault fault;
    if (json_parse(&harness->arena, slice_of(answer), &limits, &json, &fault) != OK) {
        print_error("not JSON (%s): %s\n", fault.sentence, answer);
        fail();
    }
    return json;
}

const struct json *harness_result(struct harness *harness, const char *method, const char *params)
{
    const struct json *answer = harness_call(harness, method, params);
    const struct json *result = json_member(answer, "result");
    if (result == NULL) {
        print_error("%s was refused: %.*s\n", method, (int)answer->text.length, answer->text.data);
        fail();
    }
    return result;
}

const struct json *harness_error(struct harness *harness, const char *method, const char *params,
                                 int code, const char *reason)
{
    const struct json *answer = harness_call(harness, method, params);
    const struct json *error = json_member(answer, "error");
    if (error == NULL || harness_integer(error, "code") != code ||
        !harness_text_is(json_member(error, "data"), "reason", reason)) {
        print_error("wanted %d %s, got %.*s\n", code, reason, (int)answer->text.length,
                    answer->text.data);
        fail();
    }
    return json_member(error, "data");
}

int64_t harness_integer(const struct json *object, const char *name)
{
    const struct json *value = json_member(object, name);
    assert_non_null(value);
    assert_int_equal(value->kind, JSON_INTEGER);
    return value->integer;
}

bool harness_text_is(const struct json *object, const char *name, const char *text)
{
    const struct json *value = json_member(object, name);
    return value != NULL && value->kind == JSON_STRING && slice_is(value->text, text);
}

size_t harness_count(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what)) {
        count++;
    }
    return count;
}

static void wait_for(const char *path, const char *what, size_t times)
{
    int64_t until_ms = clock_boot_ms() + LIMIT_MS;
    for (;;) {
        char *text = harness_read_file(path);
        bool there = harness_count(text, what) >= times;
        if (!there && clock_boot_ms() > until_ms) {
            print_error("%s never had %zu times '%s'; it holds:\n%.4000s\n", path, times, what,
                        text);
            fail();
        }
        free(text);
        if (there) {
            return;
        }
        pause_briefly();
    }
}

void harness_wait_lines(const char *path, size_t lines)
{
    wait_for(path, "\n", lines);
}

void harness_wait_text(const char *path, const char *text)
{
    wait_for(path, text, 1);
}

void harness_wait_times(const char *path, const char *text, size_t times)
{
    wait_for(path, text, times);
}

void harness_check_sink(const char *path, uint64_t first, uint64_t last)
{
    char *text = harness_read_file(path);
    char *at = text;
    for (uint64_t index = first; index <= last; index++) {
        char *end = strchr(at, '\n');
        if (end == NULL) {
            print_error("the sink ends before index %llu\n", (unsigned long long)index);
            fail();
        }
        *end = '\0';
        char wanted[64];
        snprintf(wanted, sizeof wanted, " externalId=%llu", (unsigned long long)index);
        size_t length = strlen(wanted);
        if ((size_t)(end - at) < length || strcmp(end - length, wanted) != 0 ||
            strncmp(at, "CEF:0|", 6) != 0) {
            print_error("wanted index %llu, the line is: %s\n", (unsigned long long)index, at);
            fail();
        }
        at = end + 1;
    }
    assert_string_equal(at, "");
    free(text);
}
