/* What the tests of the server share: a dispatcher that does as the message says, callers over raw
 * sockets whose every octet the test chooses, and a real nng REQ socket to see whether the next
 * caller is served. Included once by each test program. */
#ifndef TESTS_IPC_DAEMON_SERVER_FIXTURE_H
#define TESTS_IPC_DAEMON_SERVER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>

#include "audit/base/clock.h"
#include "ipc/daemon/dispatch.h"
#include "ipc/daemon/server.h"
#include "ipc/wire/sp.h"

#define MAYBE_UNUSED __attribute__((unused))
#define PATIENCE_MS 20000 /* no condition takes longer than this, however slow the machine */

/* ---- waiting ---- */

MAYBE_UNUSED static void nap(void)
{
    poll(NULL, 0, 1);
}

/* Waits until the expression holds, at most PATIENCE_MS, and fails the test if it never does. */
#define WAIT_FOR(condition)                                  \
    do {                                                     \
        int64_t until_ms = clock_boot_ms() + PATIENCE_MS;    \
        while (!(condition) && clock_boot_ms() < until_ms) { \
            nap();                                           \
        }                                                    \
        assert_true(condition);                              \
    } while (0)

/* ---- the rooms behind the server, as the tests need them ---- */

static atomic_uint caller_roles = ROLE_WORKFLOW; /* of whoever connects from now on */
static atomic_uint unanswered, too_large, asked;
static atomic_uint working, working_most; /* messages in dispatch_message, now and at most */
static atomic_int config_holds;

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static bool gate_shut;

MAYBE_UNUSED static void gate_set(bool shut)
{
    pthread_mutex_lock(&gate_lock);
    gate_shut = shut;
    pthread_cond_broadcast(&gate_moved);
    pthread_mutex_unlock(&gate_lock);
}

static void gate_pass(void)
{
    pthread_mutex_lock(&gate_lock);
    while (gate_shut) {
        pthread_cond_wait(&gate_moved, &gate_lock);
    }
    pthread_mutex_unlock(&gate_lock);
}

struct config *config_hold(struct config *config)
{
    atomic_fetch_add(&config_holds, 1);
    return config;
}

void config_release(struct config *config)
{
    if (config != NULL && atomic_fetch_sub(&config_holds, 1) == 1) {
        free(config);
    }
}

void access_identify(const struct config *config, uint32_t uid, struct peer *out)
{
    (void)config;
    *out = (struct peer){.roles = atomic_load(&caller_roles), .uid = uid};
}

static void count_working(void)
{
    unsigned now = atomic_fetch_add(&working, 1) + 1;
    unsigned most = atomic_load(&working_most);
    while (now > most && !atomic_compare_exchange_weak(&working_most, &most, now)) {
    }
}

static bool is_command(struct slice request, const char *word)
{
    size_t length = strlen(word);
    return request.length >= length && memcmp(request.data, word, length) == 0 &&
           (request.length == length || request.data[length] == ' ');
}

static void append_octets(struct buffer *answer, struct slice request)
{
    size_t count = 0;
    for (size_t i = strlen("size "); i < request.length; i++) {
        count = count * 10 + (size_t)(request.data[i] - '0');
    }
    if (buffer_reserve(answer, count)) {
        memset(answer->data + answer->length, 'x', count);
        answer->length += count;
    }
}

/* "size N": an answer of N octets; "gate": waits for the gate and answers "gate"; "bye": the
 * connection may not stay; "nothing": no answer; anything else comes back as it is. What comes
 * after a blank is not looked at, but for the size. */
bool dispatch_message(struct dispatch *dispatch, const struct peer *peer, struct arena *arena,
                      struct slice request, struct buffer *answer)
{
    (void)dispatch;
    count_working();
    if (arena_allocate(arena, request.length + 1) == NULL) {
        abort(); /* cmocka's asserts are for the test's own thread */
    }
    if (peer->roles == 0) {
        buffer_append_text(answer, "nobody");
    } else if (is_command(request, "size")) {
        append_octets(answer, request);
    } else if (is_command(request, "gate")) {
        gate_pass();
        buffer_append_text(answer, "gate");
    } else if (!is_command(request, "nothing")) {
        buffer_append_slice(answer, request);
    }
    bool stay = peer->roles != 0 && !is_command(request, "bye");
    arena_reset(arena);
    atomic_fetch_sub(&working, 1);
    atomic_fetch_add(&asked, 1);
    return stay;
}

void dispatch_unanswered(struct dispatch *dispatch, const struct peer *peer)
{
    (void)dispatch;
    atomic_fetch_add(&unanswered, peer->roles == 0 ? 1 : 1000);
}

void dispatch_too_large(struct dispatch *dispatch, const struct peer *peer, struct arena *arena,
                        struct buffer *answer)
{
    (void)dispatch;
    (void)peer;
    (void)arena;
    atomic_fetch_add(&too_large, 1);
    buffer_append_text(answer, "too large");
}

/* ---- a server of our own ---- */

struct fixture {
    char folder[64];
    char path[96];
    char url[128];
    struct config *config; /* held by the fixture */
    struct server *server;
};

MAYBE_UNUSED static struct config *config_new(const struct fixture *fixture)
{
    struct config *config = calloc(1, sizeof *config);
    assert_non_null(config);
    snprintf(config->listen[0].url, sizeof config->listen[0].url, "%s", fixture->url);
    config->listen[0].mode = 0600;
    config->listen_count = 1;
    config->limits.connections = 256;
    config->limits.workers = 64;
    config->limits.in_flight = 64;
    config->limits.message = 4 * 1024 * 1024;
    config->limits.handshake_ms = 5000;
    config->limits.message_ms = 30000;
    config->limits.answer_ms = 30000;
    config->limits.drain_ms = 5000;
    return config;
}

MAYBE_UNUSED static enum err start_server(struct config *config, struct server **out,
                                          struct fault *fault)
{
    struct server *server = NULL;
    enum err err = server_new(NULL, config, &server, fault);
    if (err == OK) {
        err = server_bind(server, fault);
    }
    if (err == OK) {
        err = server_listen(server, fault);
    }
    if (err == OK) {
        *out = server;
    } else {
        server_stop(server);
    }
    return err;
}

MAYBE_UNUSED static void serve(struct fixture *fixture)
{
    struct fault fault;
    fault_clear(&fault);
    if (start_server(fixture->config, &fixture->server, &fault) != OK) {
        fail_msg("start_server: %s", fault.sentence);
    }
}

MAYBE_UNUSED static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/guardian-server-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/socket", fixture->folder);
    snprintf(fixture->url, sizeof fixture->url, "ipc://%s", fixture->path);
    atomic_store(&caller_roles, ROLE_WORKFLOW);
    atomic_store(&unanswered, 0);
    atomic_store(&too_large, 0);
    atomic_store(&asked, 0);
    atomic_store(&working_most, 0);
    atomic_store(&config_holds, 1);
    gate_set(false);
    fixture->config = config_new(fixture);
    *state = fixture;
    return 0;
}

MAYBE_UNUSED static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    gate_set(false);
    server_stop(fixture->server);
    assert_int_equal(atomic_load(&config_holds), 1);
    config_release(fixture->config);
    assert_int_equal(access(fixture->path, F_OK), -1); /* stop removes its socket file */
    assert_int_equal(rmdir(fixture->folder), 0);
    free(fixture);
    return 0;
}

MAYBE_UNUSED static struct server_status status_of(const struct fixture *fixture)
{
    struct server_status status;
    server_status(fixture->server, &status);
    return status;
}

/* ---- a real client ---- */

static nng_socket req_open(const char *url)
{
    nng_socket socket;
    assert_int_equal(nng_req0_open(&socket), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, PATIENCE_MS), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, PATIENCE_MS), 0);
    assert_int_equal(nng_socket_set_size(socket, NNG_OPT_RECVMAXSZ, 0), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, 10), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, 100), 0);
    /* Not blocking: such a dialer tries again while the listener's queue is full. */
    int result = nng_dial(socket, url, NULL, NNG_FLAG_NONBLOCK);
    if (result != 0) {
        fail_msg("nng_dial %s: %s", url, nng_strerror(result));
    }
    return socket;
}

/* Sends and gives the answer's octets, to be freed by nng_free. */
static char *req_call(nng_socket socket, const void *data, size_t length, size_t *out_length)
{
    nng_msg *message;
    assert_int_equal(nng_msg_alloc(&message, 0), 0);
    assert_int_equal(nng_msg_append(message, data, length), 0);
    assert_int_equal(nng_sendmsg(socket, message, 0), 0);
    char *answer = NULL;
    int result = nng_recv(socket, &answer, out_length, NNG_FLAG_ALLOC);
    if (result != 0) {
        fail_msg("nng_recv: %s", nng_strerror(result));
    }
    return answer;
}

MAYBE_UNUSED static void assert_answer(nng_socket socket, const char *text, const char *wanted)
{
    size_t length;
    char *answer = req_call(socket, text, strlen(text), &length);
    assert_int_equal(length, strlen(wanted));
    assert_memory_equal(answer, wanted, length);
    nng_free(answer, length);
}

/* A caller like any other is served, now. */
MAYBE_UNUSED static void assert_serves(const struct fixture *fixture)
{
    nng_socket socket = req_open(fixture->url);
    assert_answer(socket, "are you there?", "are you there?");
    nng_close(socket);
}

/* ---- a client of raw octets ---- */

static const uint8_t req_greeting[8] = {0x00, 'S', 'P', 0x00, 0x00, 0x30, 0x00, 0x00};

/* -1 with errno if it cannot be. Waits while the queue of the listener is full. */
static int raw_try_connect(const struct fixture *fixture)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture->path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 &&
        connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        close(descriptor);
        errno = error;
        descriptor = -1;
    }
    return descriptor;
}

MAYBE_UNUSED static int raw_connect(const struct fixture *fixture)
{
    int descriptor = raw_try_connect(fixture);
    if (descriptor < 0) {
        fail_msg("connect: %s", strerror(errno));
    }
    return descriptor;
}

/* Sends all; false when the server has closed. */
MAYBE_UNUSED static bool raw_send(int descriptor, const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t sent = send(descriptor, at, length, MSG_NOSIGNAL);
        if (sent < 0) {
            return false;
        }
        at += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* Receives exactly so many octets; false if the server closes before. */
MAYBE_UNUSED static bool raw_receive(int descriptor, void *out, size_t length)
{
    char *at = out;
    while (length > 0) {
        struct pollfd poller = {.fd = descriptor, .events = POLLIN};
        if (poll(&poller, 1, PATIENCE_MS) != 1) {
            fail_msg("nothing came for %d ms", PATIENCE_MS);
        }
        ssize_t received = recv(descriptor, at, length, 0);
        if (received <= 0) {
            return false;
        }
        at += received;
        length -= (size_t)received;
    }
    return true;
}

/* The server has closed: nothing but the end comes, in time. */
MAYBE_UNUSED static void assert_closed(int descriptor)
{
    char octet;
    assert_false(raw_receive(descriptor, &octet, 1));
}

MAYBE_UNUSED static int raw_greeted(const struct fixture *fixture)
{
    static const uint8_t rep[8] = {0x00, 'S', 'P', 0x00, 0x00, 0x31, 0x00, 0x00};
    int descriptor = raw_connect(fixture);
    uint8_t greeting[8];
    assert_true(raw_send(descriptor, req_greeting, sizeof req_greeting));
    assert_true(raw_receive(descriptor, greeting, sizeof greeting));
    assert_memory_equal(greeting, rep, sizeof rep);
    return descriptor;
}

/* Head, one header word and payload into out[13 + length]; returns the octets. */
MAYBE_UNUSED static size_t frame_write(uint8_t *out, uint32_t id, const void *payload,
                                       size_t length)
{
    uint64_t body = length + 4;
    out[0] = 1;
    for (int i = 0; i < 8; i++) {
        out[1 + i] = (uint8_t)(body >> (56 - 8 * i));
    }
    for (int i = 0; i < 4; i++) {
        out[9 + i] = (uint8_t)((id | UINT32_C(0x80000000)) >> (24 - 8 * i));
    }
    if (length != 0) {
        memcpy(out + 13, payload, length);
    }
    return 13 + length;
}

MAYBE_UNUSED static void raw_request(int descriptor, uint32_t id, const char *text)
{
    uint8_t frame[13 + 256];
    size_t length = frame_write(frame, id, text, strlen(text));
    assert_true(raw_send(descriptor, frame, length));
}

/* One answer: its id, and up to size octets of its payload (more are read and forgotten). */
MAYBE_UNUSED static size_t raw_answer(int descriptor, uint32_t *out_id, char *out, size_t size)
{
    uint8_t head[13];
    assert_true(raw_receive(descriptor, head, sizeof head));
    uint64_t length;
    assert_true(sp_head_read(SP_IPC, head, &length));
    assert_true(length >= 4);
    assert_true((head[9] & 0x80) != 0);
    *out_id = (uint32_t)(head[9] & 0x7f) << 24 | (uint32_t)head[10] << 16 |
              (uint32_t)head[11] << 8 | head[12];
    length -= 4;
    for (size_t got = 0; got < length; got++) {
        char octet;
        assert_true(raw_receive(descriptor, got < size ? out + got : &octet, 1));
    }
    return (size_t)length;
}

MAYBE_UNUSED static void assert_raw_answer(int descriptor, uint32_t id, const char *wanted)
{
    char text[256];
    uint32_t answered;
    size_t length = raw_answer(descriptor, &answered, text, sizeof text);
    assert_int_equal(answered, id);
    assert_int_equal(length, strlen(wanted));
    assert_memory_equal(text, wanted, length);
}

/* ---- what a process uses ---- */

MAYBE_UNUSED static unsigned descriptors_open(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

/* KiB of one line of /proc/self/status: "RssAnon:" is memory of our own that was touched, "VmData:"
 * what was asked for. */
MAYBE_UNUSED static long status_kib(const char *name)
{
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            kib = strtol(line + strlen(name), NULL, 10);
        }
    }
    fclose(file);
    return kib;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true /* memory is then the sanitizer's, and says nothing */
#else
#define SANITIZED false
#endif

#define LARGE_BYTES (4 << 20)

/* What must be as it was: taken when the server has served once, so that threads and buffers made
 * once are there. */
struct before {
    unsigned descriptors;
    long kib;
};

MAYBE_UNUSED static struct before settle(const struct fixture *fixture)
{
    assert_serves(fixture);
    WAIT_FOR(status_of(fixture).connections == 0);
    return (struct before){.descriptors = descriptors_open(), .kib = status_kib("RssAnon:")};
}

MAYBE_UNUSED static void assert_settled(const struct fixture *fixture, struct before before)
{
    assert_serves(fixture);
    WAIT_FOR(status_of(fixture).connections == 0);
    WAIT_FOR(descriptors_open() <= before.descriptors);
    if (!SANITIZED) {
        WAIT_FOR(status_kib("RssAnon:") <= before.kib + 8192);
    }
}

/* The whole of what a good client sends: greeting, head, header word, payload. */
MAYBE_UNUSED static size_t good_octets(uint8_t *out)
{
    memcpy(out, req_greeting, sizeof req_greeting);
    return sizeof req_greeting + frame_write(out + sizeof req_greeting, 1, "hello", 5);
}

/* A fixed sequence (a linear congruence), so that a failure can be had again. */
MAYBE_UNUSED static uint8_t next_octet(uint32_t *seed)
{
    *seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return (uint8_t)(*seed >> 24);
}

#define SERVER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
