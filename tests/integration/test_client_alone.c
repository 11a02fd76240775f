/* guardianctl for somebody who acts as himself, and against something that only answers as a
 * guardian would. */
#include "tests/integration/client_people.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>

static void who_acts_as_himself_needs_no_as(void **state)
{
    (void)state;
    struct harness h;
    char text[2048];
    char arguments[400];
    char key[KEY_PUBLIC_TEXT + 1];
    harness_prepare(&h);
    snprintf(text, sizeof text,
             "state:\n  directory: %s\nlisten:\n  - url: %s\naccess:\n  - uid: %u\n"
             "    roles: [operator, guardian]\n    login: ana\n    id: 7\n    name: Ana Souza\n"
             "sinks:\n  - name: siem\n    url: file://%s\n",
             h.directory, h.url, (unsigned)getuid(), h.sink);
    harness_write_config(&h, text);
    harness_restart(&h);
    write_text_file(&h, "pw", PASSPHRASE "\n");
    for (size_t i = 0; i < 2; i++) {
        snprintf(arguments, sizeof arguments, "%s.age", logins[i]);
        make_key_file(&h, arguments, key);
        snprintf(arguments, sizeof arguments, "guardian add %s --name N --id %zu --public-key %s",
                 logins[i], i, key);
        ctl_done(&h, arguments);
    }
    ctl(&h, "--as ana guardian list", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "Leave --as and --from out");
    ctl_done(&h, "ceremony start --name Root --threshold 2 --guardians ana,max --kind age "
                 "--all-required");
    expect_in(run.out, "    guardianctl part download ");
    ctl_done(&h, "part download Root -o @d/ana.txt --key @d/ana.age --passphrase-file @d/pw");
    ctl_done(&h, "part confirm Root --words-file @d/ana.txt");
    ctl_done(&h, "guardian show");
    expect_in(run.out, "last part    confirmed");
    forget_run();
    harness_stop(&h);
}

/* ---- in the daemon's place ---------------------------------------------------------------------
 */

/* Hands requests on to the real daemon, and changes what it answers. */
struct relay {
    struct harness *harness;
    nng_socket socket;
    pthread_t thread;
    char url[400];
    _Atomic(const char *) from; /* NULL: nothing is changed */
    _Atomic(const char *) to;   /* of the same length */
};

static void *relay_run(void *argument)
{
    struct relay *relay = argument;
    void *request;
    size_t length;
    while (nng_recv(relay->socket, &request, &length, NNG_FLAG_ALLOC) == 0) {
        const char *answer = harness_exchange(relay->harness, request, length);
        char *copy = strdup(answer);
        const char *from = relay->from;
        const char *to = relay->to;
        bool meant = from != NULL && strstr(copy, "\"sealed\"") != NULL;
        char *at = meant ? strstr(copy, from) : NULL;
        if (at != NULL) {
            memcpy(at, to, strlen(to));
        }
        nng_free(request, length);
        (void)nng_send(relay->socket, copy, strlen(copy), 0);
        free(copy);
    }
    return NULL;
}

static void a_part_that_is_not_what_was_announced_is_an_alarm(void **state)
{
    struct harness *h = *state;
    static const char *const changes[][2] = {{"\"index\":1", "\"index\":2"},
                                             {"\"threshold\":2", "\"threshold\":3"},
                                             {"\"name\":\"Root\"", "\"name\":\"Roof\""}};
    struct relay relay = {.harness = h};
    char arguments[1000];
    register_three(h);
    start_ceremony(h, "--threshold 2 --kind age");
    snprintf(relay.url, sizeof relay.url, "ipc://%s/relay.sock", h->directory);
    assert_int_equal(nng_rep0_open(&relay.socket), 0);
    assert_int_equal(nng_listen(relay.socket, relay.url, NULL, 0), 0);
    assert_int_equal(pthread_create(&relay.thread, NULL, relay_run, &relay), 0);
    snprintf(arguments, sizeof arguments,
             "--connect %s --as ana part view @c --key @d/ana.age --passphrase-file @d/pw",
             relay.url);
    ctl_done(h, arguments);
    for (size_t i = 0; i < 3; i++) {
        relay.from = changes[i][0];
        relay.to = changes[i][1];
        ctl(h, arguments, "");
        assert_int_equal(run.status, 4);
        assert_string_equal(run.out, "");
        expect_in(run.err, "STOP");
        expect_in(run.err, "(part_mismatch)");
    }
    snprintf(arguments, sizeof arguments,
             "--connect %s --as ana --json part download @c -o @d/ana.txt --key @d/ana.age "
             "--passphrase-file @d/pw",
             relay.url);
    ctl(h, arguments, "");
    nng_close(relay.socket);
    pthread_join(relay.thread, NULL); /* from here on the harness is this thread's alone again */
    assert_int_equal(run.status, 4);
    assert_true(harness_text_is(error_object(h), "reason", "part_mismatch"));
    char path[400];
    path_in(h, "ana.txt", path);
    assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_acts_as_himself_needs_no_as),
        cmocka_unit_test_setup_teardown(a_part_that_is_not_what_was_announced_is_an_alarm, start,
                                        stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
