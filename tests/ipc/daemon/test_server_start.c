/* A server that cannot start as a whole, while its first listener is served already. */
#include "server_fixture.h"

#include "ipc/daemon/thread.h"

static atomic_uint acceptors;
static atomic_uint acceptors_most = 1; /* so many can be started */

/* In the place of the daemon's own: the acceptor after the last that can be started fails, once a
 * caller of the others is being worked for. */
bool thread_start(pthread_t *out_thread, const char *name, void *(*run)(void *), void *argument)
{
    if (strcmp(name, "acceptor") == 0 &&
        atomic_fetch_add(&acceptors, 1) == atomic_load(&acceptors_most)) {
        WAIT_FOR(atomic_load(&working) == 1);
        return false;
    }
    return pthread_create(out_thread, NULL, run, argument) == 0;
}

struct caller {
    const struct fixture *fixture;
    atomic_bool answered;
};

/* Comes as soon as the socket is there. */
static void *call(void *argument)
{
    struct caller *caller = argument;
    int descriptor;
    while ((descriptor = raw_try_connect(caller->fixture)) < 0) {
        nap();
    }
    uint8_t frame[64];
    uint8_t octets[8 + 13 + 4]; /* the greeting, the head of the answer, and "gate" */
    size_t length = frame_write(frame, 1, "gate", 4);
    bool whole = raw_send(descriptor, req_greeting, sizeof req_greeting) &&
                 raw_send(descriptor, frame, length) &&
                 recv(descriptor, octets, sizeof octets, MSG_WAITALL) == sizeof octets &&
                 memcmp(octets + 8 + 13, "gate", 4) == 0;
    atomic_store(&caller->answered, whole);
    close(descriptor);
    return NULL;
}

/* What a caller waits for may be a lock of whoever starts the server. */
static void a_start_that_fails_waits_for_no_caller(void **state)
{
    struct fixture *fixture = *state;
    struct config *config = fixture->config;
    struct caller caller = {.fixture = fixture};
    struct fault fault;
    pthread_t thread;
    fault_clear(&fault);
    config->listen[1] = config->listen[0];
    snprintf(config->listen[1].url, sizeof config->listen[1].url, "%s.second", fixture->url);
    config->listen_count = 2;
    assert_int_equal(server_new(NULL, config, &fixture->server, &fault), OK);
    assert_int_equal(access(fixture->path, F_OK), -1); /* nobody can come before server_bind */
    assert_int_equal(server_bind(fixture->server, &fault), OK);
    gate_set(true);
    assert_int_equal(pthread_create(&thread, NULL, call, &caller), 0);
    assert_int_equal(server_listen(fixture->server, &fault), ERR_NO_MEMORY);
    assert_int_equal(status_of(fixture).connections, 1); /* which a caller may ask for, too */
    gate_set(false); /* only now: server_listen must not have waited for it */
    server_stop(fixture->server);
    fixture->server = NULL;
    pthread_join(thread, NULL);
    assert_true(atomic_load(&caller.answered));
}

int main(void)
{
    const struct CMUnitTest tests[] = {SERVER_TEST(a_start_that_fails_waits_for_no_caller)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
