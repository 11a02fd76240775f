/* The server with much to do and little to do it with: many messages, large ones, few descriptors,
 * callers that come and leave, and what all that costs. */
#include "server_fixture.h"

/* ---- many at once ---- */

static void answers_64_requests_in_flight_on_one_connection(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    gate_set(true);
    int descriptor = raw_greeted(fixture);
    static uint8_t frames[64 * 32];
    size_t length = 0;
    for (uint32_t i = 0; i < 64; i++) {
        length += frame_write(frames + length, i, "gate", 4);
    }
    assert_true(raw_send(descriptor, frames, length));
    WAIT_FOR(atomic_load(&working) == 64);
    gate_set(false);
    uint64_t seen = 0;
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t id;
        char text[8];
        assert_int_equal(raw_answer(descriptor, &id, text, sizeof text), 4);
        assert_memory_equal(text, "gate", 4);
        seen |= UINT64_C(1) << id;
    }
    assert_int_equal(seen, UINT64_MAX);
    close(descriptor);
}

static void keeps_64_in_flight_for_long(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    struct before before = settle(fixture);
    const uint32_t count = 20000;
    int descriptor = raw_greeted(fixture);
    static uint8_t seen[20000];
    memset(seen, 0, sizeof seen);
    uint32_t asked_for = 0;
    for (uint32_t answered = 0; answered < count; answered++) {
        while (asked_for < count && asked_for - answered < 64) {
            char text[32];
            snprintf(text, sizeof text, "number %u", asked_for);
            raw_request(descriptor, asked_for++, text);
        }
        uint32_t id;
        char text[32], wanted[32];
        size_t length = raw_answer(descriptor, &id, text, sizeof text);
        assert_true(id < count && seen[id] == 0);
        seen[id] = 1;
        snprintf(wanted, sizeof wanted, "number %u", id);
        assert_int_equal(length, strlen(wanted));
        assert_memory_equal(text, wanted, length);
    }
    close(descriptor);
    assert_settled(fixture, before);
}

static void large_messages_wait_for_each_other_and_small_ones_pass(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    assert_serves(fixture);
    gate_set(true);
    enum { COUNT = 20 }; /* 80 MiB; 64 MiB are read at a time */
    int descriptors[COUNT];
    uint8_t *frame = calloc(1, 13 + LARGE_BYTES);
    uint8_t *payload = calloc(1, LARGE_BYTES);
    assert_true(frame != NULL && payload != NULL);
    memcpy(payload, "gate ", 5);
    size_t length = frame_write(frame, 7, payload, LARGE_BYTES);
    size_t sent[COUNT] = {0};
    for (size_t i = 0; i < COUNT; i++) {
        descriptors[i] = raw_greeted(fixture);
        assert_int_equal(fcntl(descriptors[i], F_SETFL, O_NONBLOCK), 0);
    }
    /* All send as fast as they are read, until for a while nothing goes any more. */
    int64_t moved_ms = clock_boot_ms();
    while (clock_boot_ms() - moved_ms < 300) {
        for (size_t i = 0; i < COUNT; i++) {
            ssize_t now = send(descriptors[i], frame + sent[i], length - sent[i], MSG_NOSIGNAL);
            sent[i] += now > 0 ? (size_t)now : 0;
            moved_ms = now > 0 ? clock_boot_ms() : moved_ms;
        }
        nap();
    }
    assert_int_equal(atomic_load(&working), 16);
    assert_serves(fixture); /* small: not held up */
    size_t whole = 0;
    for (size_t i = 0; i < COUNT; i++) {
        whole += sent[i] == length;
    }
    assert_int_equal(whole, 16);
    gate_set(false);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(fcntl(descriptors[i], F_SETFL, 0), 0);
        assert_true(raw_send(descriptors[i], frame + sent[i], length - sent[i]));
        assert_raw_answer(descriptors[i], 7, "gate");
        close(descriptors[i]);
    }
    free(frame);
    free(payload);
}

static void more_messages_than_the_queue_holds_wait_and_are_all_answered(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.workers = 1;
    serve(fixture);
    gate_set(true);
    /* The queue holds 1,024 of these 1,920; what the kernel holds is some 200 KiB a connection. */
    enum { COUNT = 30, EACH = 64, BYTES = 32 * 1024 };
    int descriptors[COUNT];
    size_t sent[COUNT] = {0};
    uint8_t *frames = malloc(EACH * (13 + BYTES));
    uint8_t *payload = calloc(1, BYTES);
    assert_true(frames != NULL && payload != NULL);
    memcpy(payload, "gate ", 5);
    size_t length = 0;
    for (uint32_t i = 0; i < EACH; i++) {
        length += frame_write(frames + length, i, payload, BYTES);
    }
    for (size_t i = 0; i < COUNT; i++) {
        descriptors[i] = raw_greeted(fixture);
        assert_int_equal(fcntl(descriptors[i], F_SETFL, O_NONBLOCK), 0);
    }
    int64_t moved_ms = clock_boot_ms();
    while (clock_boot_ms() - moved_ms < 300) {
        for (size_t i = 0; i < COUNT; i++) {
            ssize_t now = send(descriptors[i], frames + sent[i], length - sent[i], MSG_NOSIGNAL);
            sent[i] += now > 0 ? (size_t)now : 0;
            moved_ms = now > 0 ? clock_boot_ms() : moved_ms;
        }
        nap();
    }
    size_t whole = 0;
    for (size_t i = 0; i < COUNT; i++) {
        whole += sent[i] / (13 + BYTES);
    }
    assert_in_range(whole, 1024, 1024 + 1 + COUNT * 10);
    gate_set(false);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(fcntl(descriptors[i], F_SETFL, 0), 0);
        assert_true(raw_send(descriptors[i], frames + sent[i], length - sent[i]));
        uint64_t seen = 0;
        for (uint32_t j = 0; j < EACH; j++) {
            uint32_t id;
            char text[8];
            assert_int_equal(raw_answer(descriptors[i], &id, text, sizeof text), 4);
            seen |= UINT64_C(1) << id;
        }
        assert_int_equal(seen, UINT64_MAX);
        close(descriptors[i]);
    }
    free(frames);
    free(payload);
}

/* ---- descriptors ---- */

static void recovers_when_descriptors_run_out(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    struct before before = settle(fixture);
    enum { COUNT = 50 };
    int clients[COUNT];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture->path);
    for (size_t i = 0; i < COUNT; i++) {
        clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(clients[i] >= 0);
    }
    struct rlimit usual, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    int next = dup(0); /* the lowest that is free: hardly a descriptor from here on */
    close(next);
    low = usual;
    low.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    int failed = 0;
    for (size_t i = 0; i < COUNT; i++) {
        failed += connect(clients[i], (const struct sockaddr *)&address, sizeof address) != 0;
    }
    struct pollfd poller = {.fd = clients[COUNT - 1], .events = POLLIN};
    int greeted = poll(&poller, 1, 300); /* they are accepted in turn: not the last one */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(failed, 0);
    assert_int_equal(greeted, 0);
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t greeting[8];
        assert_true(raw_receive(clients[i], greeting, sizeof greeting));
        assert_true(raw_send(clients[i], req_greeting, sizeof req_greeting));
        raw_request(clients[i], 3, "still here");
        assert_raw_answer(clients[i], 3, "still here");
    }
    for (size_t i = 0; i < COUNT; i++) {
        close(clients[i]);
    }
    assert_settled(fixture, before);
}

static atomic_uint flooding;

static void *flood(void *argument)
{
    const struct fixture *fixture = argument;
    for (size_t i = 0; i < 5000; i++) {
        int descriptor = raw_try_connect(fixture);
        if (descriptor >= 0) {
            close(descriptor);
        }
    }
    atomic_fetch_sub(&flooding, 1);
    return NULL;
}

static void clients_that_come_and_leave_fast_do_not_heap_up(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    struct before before = settle(fixture);
    pthread_t threads[2];
    unsigned most = 0;
    atomic_store(&flooding, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, flood, fixture), 0);
    }
    while (atomic_load(&flooding) != 0) {
        unsigned now = descriptors_open();
        most = now > most ? now : most;
        nap();
    }
    for (size_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    /* Connections, those about to be closed, and the two the flood has in its hands. */
    assert_true(most <= before.descriptors + 256 + 64 + 2);
    assert_settled(fixture, before);
}

/* ---- memory ---- */

static void an_idle_connection_costs_little(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    struct before before = settle(fixture);
    int descriptors[200];
    for (size_t i = 0; i < 200; i++) {
        descriptors[i] = raw_greeted(fixture);
        raw_request(descriptors[i], 1, "hello");
        assert_raw_answer(descriptors[i], 1, "hello");
    }
    if (!SANITIZED) {
        assert_true(status_kib("RssAnon:") - before.kib <= 200 * 8);
    }
    for (size_t i = 0; i < 200; i++) {
        close(descriptors[i]);
    }
    assert_settled(fixture, before);
}

static unsigned threads_running(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/task");
    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

static void workers_end_when_there_is_nothing_to_do(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    assert_serves(fixture);
    unsigned before = threads_running();
    gate_set(true);
    int descriptor = raw_greeted(fixture);
    for (uint32_t i = 0; i < 32; i++) {
        raw_request(descriptor, i, "gate");
    }
    WAIT_FOR(atomic_load(&working) == 32);
    assert_true(threads_running() >= before + 16); /* one or two were there before */
    gate_set(false);
    WAIT_FOR(threads_running() <= before);
    raw_request(descriptor, 40, "still one there");
    for (uint32_t i = 0; i < 33; i++) {
        uint32_t id;
        char text[32];
        (void)raw_answer(descriptor, &id, text, sizeof text);
        assert_true(i < 32 || id == 40);
    }
    close(descriptor);
}

#define SECRET_BYTES 32
#define SECRET_MASK 0x5a

/* What a part's words would be; kept masked, so that it is found only where a message left it. */
static uint8_t masked_secret[SECRET_BYTES];

/* Another process, so that the secret is in this one as the server got it and not otherwise. */
static void send_secret(const struct fixture *fixture, size_t length)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static uint8_t frame[13 + 65536];
        static uint8_t payload[65536];
        memcpy(payload, "nothing ", 8);
        for (size_t i = 8; i < length; i++) {
            payload[i] = masked_secret[i % SECRET_BYTES] ^ SECRET_MASK;
        }
        int descriptor = raw_try_connect(fixture);
        uint8_t greeting[8], answer[13];
        bool good = descriptor >= 0 && raw_send(descriptor, req_greeting, 8) &&
                    raw_receive(descriptor, greeting, 8) &&
                    raw_send(descriptor, frame, frame_write(frame, 1, payload, length)) &&
                    raw_receive(descriptor, answer, sizeof answer);
        _exit(good ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static size_t count_secrets(const uint8_t *data, size_t length)
{
    size_t count = 0;
    for (size_t at = 0; at + SECRET_BYTES <= length; at++) {
        size_t same = 0;
        while (same < SECRET_BYTES && (data[at + same] ^ SECRET_MASK) == masked_secret[same]) {
            same++;
        }
        count += same == SECRET_BYTES;
    }
    return count;
}

/* In all memory of this process that can be written to, but for the window it is looked at in. */
static size_t secrets_in_memory(void)
{
    static uint8_t window[1 << 20];
    size_t count = 0;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "re");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_true(maps != NULL && memory >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        char *rest;
        uintptr_t begin = strtoul(line, &rest, 16);
        uintptr_t end = strtoul(rest + 1, &rest, 16);
        if (strncmp(rest, " rw-p", 5) != 0) {
            continue;
        }
        for (uintptr_t at = begin; at < end; at += 4096) {
            if (at + 4096 > (uintptr_t)window && at < (uintptr_t)window + sizeof window) {
                continue;
            }
            ssize_t got = pread(memory, window, 4096, (off_t)at);
            count += count_secrets(window, got > 0 ? (size_t)got : 0);
        }
    }
    memset(window, 0, sizeof window);
    fclose(maps);
    close(memory);
    return count;
}

static void leaves_nothing_of_a_message_in_memory(void **state)
{
    static const size_t lengths[] = {100, 3000, 5000, 20000, 65000};
    struct fixture *fixture = *state;
    if (SANITIZED) {
        skip(); /* freed memory is kept, and shadowed */
    }
    serve(fixture);
    settle(fixture);
    uint32_t seed = (uint32_t)clock_boot_ms();
    for (size_t i = 0; i < SECRET_BYTES; i++) {
        masked_secret[i] = next_octet(&seed);
    }
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        send_secret(fixture, lengths[i]);
    }
    WAIT_FOR(status_of(fixture).connections == 0);
    assert_int_equal(secrets_in_memory(), 0);
    /* That it would be found is shown by a producer, whose messages hold no secrets. */
    atomic_store(&caller_roles, ROLE_PRODUCER);
    send_secret(fixture, 5000);
    WAIT_FOR(status_of(fixture).connections == 0);
    assert_int_not_equal(secrets_in_memory(), 0);
}

/* ---- everything together ---- */

static atomic_bool storm_over;

/* nng 1.5.2 loses a message it is sending when the connection closes: the client's leak, which is a
 * real nng here, and not the server's. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:good_caller\n";
}

static void *good_caller(void *argument)
{
    const struct fixture *fixture = argument;
    nng_socket socket;
    uintptr_t answered = 0;
    if (nng_req0_open(&socket) != 0) {
        return NULL;
    }
    nng_socket_set_ms(socket, NNG_OPT_SENDTIMEO, 100);
    nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, 100);
    nng_socket_set_ms(socket, NNG_OPT_RECONNMINT, 5);
    nng_socket_set_ms(socket, NNG_OPT_RECONNMAXT, 10);
    nng_dial(socket, fixture->url, NULL, NNG_FLAG_NONBLOCK);
    while (!atomic_load(&storm_over)) {
        nng_msg *message = NULL; /* nng_send of 1.5.2 loses its message when it times out */
        if (nng_msg_alloc(&message, 8) == 0 && nng_sendmsg(socket, message, 0) == 0) {
            message = NULL;
        }
        nng_msg_free(message);
        if (nng_recvmsg(socket, &message, 0) == 0) {
            nng_msg_free(message);
            answered++;
        }
    }
    nng_close(socket);
    return (void *)answered;
}

static void *bad_caller(void *argument)
{
    const struct fixture *fixture = argument;
    uint8_t octets[64];
    size_t length = good_octets(octets);
    for (size_t i = 0; !atomic_load(&storm_over); i++) {
        int descriptor = raw_try_connect(fixture);
        if (descriptor >= 0) {
            (void)raw_send(descriptor, octets, i % (length + 1));
            close(descriptor);
        }
        if (i % 4 == 0) {
            nap(); /* or the kernel's queue of 128 would be full of them all the time */
        }
    }
    return NULL;
}

static void stops_and_starts_in_a_storm(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.drain_ms = 20;
    pthread_t threads[6];
    atomic_store(&storm_over, false);
    serve(fixture);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < 4 ? good_caller : bad_caller, fixture), 0);
    }
    for (int i = 0; i < 30; i++) {
        WAIT_FOR(status_of(fixture).messages >= 20);
        server_stop(fixture->server);
        serve(fixture);
    }
    WAIT_FOR(status_of(fixture).messages >= 20);
    atomic_store(&storm_over, true);
    for (size_t i = 0; i < 6; i++) {
        void *answered;
        assert_int_equal(pthread_join(threads[i], &answered), 0);
        assert_true(i >= 4 || answered != NULL);
    }
    assert_serves(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(answers_64_requests_in_flight_on_one_connection),
        SERVER_TEST(keeps_64_in_flight_for_long),
        SERVER_TEST(large_messages_wait_for_each_other_and_small_ones_pass),
        SERVER_TEST(more_messages_than_the_queue_holds_wait_and_are_all_answered),
        SERVER_TEST(recovers_when_descriptors_run_out),
        SERVER_TEST(clients_that_come_and_leave_fast_do_not_heap_up),
        SERVER_TEST(an_idle_connection_costs_little),
        SERVER_TEST(workers_end_when_there_is_nothing_to_do),
        SERVER_TEST(leaves_nothing_of_a_message_in_memory),
        SERVER_TEST(stops_and_starts_in_a_storm),
    };
    cmocka_set_test_filter(getenv("TEST_FILTER"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
