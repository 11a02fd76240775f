/* The server among clients that mean it harm, or know no better. After each of them the next
 * caller, a real nng REQ socket, is served, and descriptors and memory are back. */
#include "ipc/daemon/server_inside.h"
#include "server_fixture.h"

static void serves_after_3000_clients_that_left_at_every_octet(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    struct before before = settle(fixture);
    uint8_t octets[64];
    size_t length = good_octets(octets);
    for (size_t i = 0; i < 3000; i++) {
        int descriptor = raw_connect(fixture);
        (void)raw_send(descriptor, octets, i % (length + 1));
        close(descriptor);
    }
    assert_settled(fixture, before);
}

static void serves_after_clients_that_left_once_they_were_greeted(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    struct before before = settle(fixture);
    uint8_t octets[64];
    size_t length = good_octets(octets);
    for (size_t i = 0; i < 500; i++) {
        int descriptor = raw_greeted(fixture);
        (void)raw_send(descriptor, octets + 8, i % (length - 8 + 1));
        close(descriptor);
    }
    assert_settled(fixture, before);
}

static void serves_after_clients_that_left_while_their_message_was_worked_on(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    struct before before = settle(fixture);
    gate_set(true);
    for (uint32_t i = 0; i < 50; i++) {
        int descriptor = raw_greeted(fixture);
        raw_request(descriptor, i, "gate");
        WAIT_FOR(atomic_load(&working) == i + 1);
        close(descriptor);
    }
    gate_set(false);
    assert_settled(fixture, before);
}

static void serves_after_garbage(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.handshake_ms = 100;
    fixture->config->limits.message_ms = 100;
    serve(fixture);
    struct before before = settle(fixture);
    uint32_t seed = 20260101;
    static uint8_t octets[8192];
    for (size_t i = 0; i < 600; i++) {
        size_t good = i % 3 == 0 ? 0 : i % 3 == 1 ? 8 : 17; /* up to greeting, up to head */
        size_t length = 1 + (size_t)next_octet(&seed) * 32;
        for (size_t j = 0; j < length; j++) {
            octets[j] = next_octet(&seed);
        }
        uint8_t start[64];
        good_octets(start);
        int descriptor = raw_connect(fixture);
        (void)raw_send(descriptor, start, good);
        (void)raw_send(descriptor, octets, length);
        close(descriptor);
    }
    assert_settled(fixture, before);
}

static void closes_on_a_greeting_of_another_protocol(void **state)
{
    /* REP, PUB, SUB, PAIR1, version 1, HTTP, TLS. */
    static const char *const greetings[] = {"\0SP\0\0\x31\0\0",
                                            "\0SP\0\0\x20\0\0",
                                            "\0SP\0\0\x21\0\0",
                                            "\0SP\0\0\x11\0\0",
                                            "\0SP\1\0\x30\0\0",
                                            "GET / HT",
                                            "\x16\x03\x01\x02\0\x01\0\x01"};
    struct fixture *fixture = *state;
    serve(fixture);
    struct before before = settle(fixture);
    for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++) {
        int descriptor = raw_connect(fixture);
        uint8_t greeting[8];
        assert_true(raw_receive(descriptor, greeting, sizeof greeting));
        assert_true(raw_send(descriptor, greetings[i], 8));
        assert_closed(descriptor);
        close(descriptor);
    }
    assert_settled(fixture, before);
}

/* ---- lengths ---- */

static void send_head(int descriptor, uint64_t length)
{
    uint8_t head[9] = {1};
    for (int i = 0; i < 8; i++) {
        head[1 + i] = (uint8_t)(length >> (56 - 8 * i));
    }
    assert_true(raw_send(descriptor, head, sizeof head));
}

static void answers_lengths_over_the_limit_and_closes(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    struct before before = settle(fixture);
    const uint64_t limit = fixture->config->limits.message;
    const uint64_t lengths[] = {limit + 4 + 1, UINT64_C(1) << 32, UINT64_C(1) << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int descriptor = raw_greeted(fixture);
        send_head(descriptor, lengths[i]);
        assert_true(raw_send(descriptor, "\x80\x00\x00\x05{", 5));
        assert_raw_answer(descriptor, 5, "too large");
        assert_int_equal(shutdown(descriptor, SHUT_WR), 0);
        assert_closed(descriptor);
        close(descriptor);
    }
    assert_settled(fixture, before);
}

static void reads_on_for_a_while_so_that_the_answer_arrives(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    struct before before = settle(fixture);
    int descriptor = raw_greeted(fixture);
    static const uint8_t zeros[64 * 1024];
    send_head(descriptor, UINT64_C(1) << 63);
    assert_true(raw_send(descriptor, "\x80\x00\x00\x05", 4));
    size_t sent = 0;
    while (sent < (size_t)1 << 30 && raw_send(descriptor, zeros, sizeof zeros)) {
        sent += sizeof zeros;
    }
    /* All of a message a little too large is taken, and not any amount of one far too large. */
    assert_in_range(sent, 2 * LARGE_BYTES, 32 * LARGE_BYTES);
    assert_raw_answer(descriptor, 5, "too large");
    close(descriptor);
    assert_settled(fixture, before);
}

static void takes_the_longest_message_and_not_one_octet_more(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.message = 5;
    serve(fixture);
    int descriptor = raw_greeted(fixture);
    raw_request(descriptor, 1, "12345");
    assert_raw_answer(descriptor, 1, "12345");
    raw_request(descriptor, 2, "123456");
    assert_raw_answer(descriptor, 2, "too large");
    assert_closed(descriptor);
    close(descriptor);
    /* The header words do not count. */
    descriptor = raw_greeted(fixture);
    send_head(descriptor, 32 + 5);
    assert_true(raw_send(descriptor,
                         "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff"
                         "abc12345",
                         32 + 5));
    uint8_t answer[9 + 32 + 5];
    assert_true(raw_receive(descriptor, answer, sizeof answer));
    assert_memory_equal(answer + 9 + 28,
                        "\xff"
                        "abc12345",
                        9);
    close(descriptor);
}

static void reads_little_of_a_caller_without_a_role(void **state)
{
    struct fixture *fixture = *state;
    atomic_store(&caller_roles, 0);
    serve(fixture);
    uint8_t *frame = calloc(1, 13 + DISPATCH_NOBODY_BYTES + 1);
    char *payload = calloc(1, DISPATCH_NOBODY_BYTES + 1);
    assert_non_null(frame);
    assert_non_null(payload);
    for (unsigned more = 0; more <= 1; more++) {
        int descriptor = raw_greeted(fixture);
        size_t length = frame_write(frame, 1, payload, DISPATCH_NOBODY_BYTES + more);
        assert_true(raw_send(descriptor, frame, length));
        assert_raw_answer(descriptor, 1, more == 0 ? "nobody" : "too large");
        assert_closed(descriptor);
        close(descriptor);
        assert_int_equal(atomic_load(&too_large), more);
    }
    free(payload);
    free(frame);
    atomic_store(&caller_roles, ROLE_WORKFLOW);
}

/* nng's own clients look at a hang-up before they look at what has arrived. */
static void is_not_hung_up_on_before_the_answer_can_be_read(void **state)
{
    struct fixture *fixture = *state;
    atomic_store(&caller_roles, 0);
    serve(fixture);
    int descriptor = raw_greeted(fixture);
    raw_request(descriptor, 1, "hello");
    struct pollfd answered = {.fd = descriptor, .events = POLLIN};
    assert_int_equal(poll(&answered, 1, 10000), 1);
    struct pollfd hung_up = {.fd = descriptor, .events = 0};
    assert_int_equal(poll(&hung_up, 1, 100), 0);
    assert_raw_answer(descriptor, 1, "nobody");
    assert_closed(descriptor); /* and yet nobody stays for long */
    close(descriptor);
    atomic_store(&caller_roles, ROLE_WORKFLOW);
}

static void closes_unanswered_where_no_header_can_be_read(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    struct before before = settle(fixture);
    static const char words[64];
    static const uint64_t lengths[] = {0, 1, 3, 4, 7, 31, 32, 40, UINT64_C(1) << 40, UINT64_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int descriptor = raw_greeted(fixture);
        send_head(descriptor, lengths[i]);
        (void)raw_send(descriptor, words, sizeof words);
        assert_closed(descriptor);
        close(descriptor);
    }
    assert_int_equal(atomic_load(&asked), 1); /* what settle asked */
    assert_int_equal(atomic_load(&too_large), 0);
    assert_settled(fixture, before);
}

static void a_length_costs_no_memory_before_its_octets_come(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    struct before before = settle(fixture);
    long asked_for = status_kib("VmData:");
    int descriptors[15];
    for (size_t i = 0; i < 15; i++) {
        descriptors[i] = raw_greeted(fixture);
        send_head(descriptors[i], LARGE_BYTES);
        assert_true(raw_send(descriptors[i], "\x80\x00\x00\x05{\"jsonrpc\":", 15));
    }
    assert_serves(fixture); /* by then they have been read */
    if (!SANITIZED) {       /* a sixteenth of what was announced, and some for the connections */
        assert_true(status_kib("VmData:") <= asked_for + 15 * 64 + 2048);
    }
    for (size_t i = 0; i < 15; i++) {
        close(descriptors[i]);
    }
    assert_settled(fixture, before);
}

/* ---- time ---- */

static void closes_silent_connections_in_time(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.handshake_ms = 300;
    fixture->config->limits.message_ms = 300;
    serve(fixture);
    struct before before = settle(fixture);
    int descriptors[200];
    int64_t before_ms = clock_boot_ms();
    for (size_t i = 0; i < 200; i++) {
        uint8_t octets[64];
        good_octets(octets);
        descriptors[i] = raw_connect(fixture);
        /* Nothing, part of the greeting, part of the head, of the words, of the payload. */
        static const size_t parts[] = {0, 5, 11, 19, 22};
        assert_true(raw_send(descriptors[i], octets, parts[i % 5]));
    }
    assert_int_equal(status_of(fixture).refused, 0);
    WAIT_FOR(status_of(fixture).connections == 0);
    assert_true(clock_boot_ms() - before_ms >= 300);
    for (size_t i = 0; i < 200; i++) {
        close(descriptors[i]);
    }
    assert_settled(fixture, before);
}

static void an_idle_connection_stays_unless_its_caller_has_no_role(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.handshake_ms = 100;
    fixture->config->limits.message_ms = 100;
    serve(fixture);
    int idle = raw_greeted(fixture);
    raw_request(idle, 1, "first");
    assert_raw_answer(idle, 1, "first");
    atomic_store(&caller_roles, 0);
    int nobody = raw_greeted(fixture);
    assert_closed(nobody); /* which takes message_ms, more than the other needs to be overdue */
    int later = raw_greeted(fixture);
    assert_closed(later);
    raw_request(idle, 2, "second");
    assert_raw_answer(idle, 2, "second");
    close(idle);
    close(nobody);
    close(later);
}

static void reads_a_message_that_comes_octet_by_octet(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    int descriptor = raw_connect(fixture);
    uint8_t octets[64];
    size_t length = good_octets(octets);
    for (size_t i = 0; i < length; i++) {
        assert_true(raw_send(descriptor, octets + i, 1));
        nap();
    }
    uint8_t greeting[8];
    assert_true(raw_receive(descriptor, greeting, sizeof greeting));
    assert_raw_answer(descriptor, 1, "hello");
    close(descriptor);
}

static void drops_a_message_that_drips_for_longer_than_it_may(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.message_ms = 200;
    serve(fixture);
    struct before before = settle(fixture);
    int descriptor = raw_greeted(fixture);
    send_head(descriptor, 1000000);
    int64_t before_ms = clock_boot_ms();
    assert_true(raw_send(descriptor, "\x80\x00\x00\x01", 4));
    while (raw_send(descriptor, "x", 1)) { /* each octet is in time, all together are not */
        nap();
        assert_true(clock_boot_ms() - before_ms < PATIENCE_MS);
    }
    close(descriptor);
    assert_settled(fixture, before);
}

/* ---- answers nobody reads ---- */

static void drops_a_client_that_never_reads_and_holds_no_worker_for_it(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.workers = 1;
    fixture->config->limits.in_flight = 8;
    fixture->config->limits.answer_ms = 500;
    serve(fixture);
    struct before before = settle(fixture);
    int descriptor = raw_greeted(fixture);
    for (uint32_t i = 0; i < 8; i++) {
        raw_request(descriptor, i, "size 1000000");
    }
    WAIT_FOR(atomic_load(&asked) == 1 + 8); /* the one worker has done all of them */
    assert_serves(fixture);
    WAIT_FOR(status_of(fixture).connections == 0);
    close(descriptor);
    assert_settled(fixture, before);
}

static void sends_a_long_answer_to_a_slow_reader(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    int descriptor = raw_greeted(fixture);
    raw_request(descriptor, 1, "size 1000000");
    raw_request(descriptor, 2, "size 10");
    uint32_t id;
    static char text[1000000];
    size_t lengths[3] = {0};
    for (int i = 0; i < 2; i++) {
        size_t length = raw_answer(descriptor, &id, text, sizeof text); /* octet by octet */
        assert_in_range(id, 1, 2);
        lengths[id] = length;
    }
    assert_int_equal(lengths[1], 1000000);
    assert_int_equal(lengths[2], 10);
    close(descriptor);
}

/* 60 answers of 1 MiB would be 60 MiB: the connection is closed long before. */
static void who_reads_no_answer_cannot_fill_the_memory(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    int descriptor = raw_greeted(fixture);
    for (uint32_t i = 0; i < 60; i++) {
        raw_request(descriptor, i, "size 1048576");
    }
    WAIT_FOR(status_of(fixture).connections == 0); /* and not after answer_time, 30 s */
    assert_serves(fixture);
    close(descriptor);
}

/* Asks for an answer of that many octets; true if it comes, false if the server hangs up. */
static bool is_answered(const struct fixture *fixture, const char *request)
{
    int descriptor = raw_greeted(fixture);
    char octet;
    raw_request(descriptor, 1, request);
    bool answered = raw_receive(descriptor, &octet, 1);
    close(descriptor);
    return answered;
}

/* The same, again and again until it comes: what callers before left is given back soon, not at
 * once. */
static void wait_answered(const struct fixture *fixture, const char *request)
{
    int64_t until_ms = clock_boot_ms() + PATIENCE_MS;
    bool answered = false;
    while (!answered && clock_boot_ms() < until_ms) {
        answered = is_answered(fixture, request);
    }
    assert_true(answered);
}

static size_t count_complaints(const char *path)
{
    char text[4096] = "";
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    size_t count = 0;
    for (char *at = strstr(text, "answers wait to be read"); at != NULL;
         at = strstr(at + 1, "answers wait to be read")) {
        count++;
    }
    return count;
}

static void all_who_read_no_answers_together_cannot_fill_the_memory(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    char octet;
    snprintf(path, sizeof path, "%s/stderr", fixture->folder);
    int errors = dup(STDERR_FILENO);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(errors >= 0 && file >= 0);
    serve(fixture);
    connection_set_unsent_limit(fixture->server->connections, 3 << 20);
    int64_t began_ms = clock_boot_ms();
    dup2(file, STDERR_FILENO);
    int unread = raw_greeted(fixture);
    raw_request(unread, 1, "size 2000000");
    bool begun = raw_receive(unread, &octet, 1); /* so it is counted */
    bool answered = false;
    for (int i = 0; i < 8; i++) { /* none of them has anything unread of its own */
        answered = is_answered(fixture, "size 2000000") || answered;
    }
    bool small = is_answered(fixture, "hello");
    dup2(errors, STDERR_FILENO);
    size_t seconds = (size_t)(clock_boot_ms() - began_ms) / 1000;
    size_t complaints = count_complaints(path);
    assert_true(begun);
    assert_false(answered);
    assert_true(small);
    assert_in_range(complaints, 1, seconds + 1);
    close(unread); /* what it left is given back, and so is what was refused */
    for (int i = 0; i < 4; i++) {
        wait_answered(fixture, "size 2000000");
    }
    unlink(path);
    close(file);
    close(errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(all_who_read_no_answers_together_cannot_fill_the_memory),
        SERVER_TEST(who_reads_no_answer_cannot_fill_the_memory),
        SERVER_TEST(serves_after_3000_clients_that_left_at_every_octet),
        SERVER_TEST(serves_after_clients_that_left_once_they_were_greeted),
        SERVER_TEST(serves_after_clients_that_left_while_their_message_was_worked_on),
        SERVER_TEST(serves_after_garbage),
        SERVER_TEST(closes_on_a_greeting_of_another_protocol),
        SERVER_TEST(answers_lengths_over_the_limit_and_closes),
        SERVER_TEST(reads_on_for_a_while_so_that_the_answer_arrives),
        SERVER_TEST(takes_the_longest_message_and_not_one_octet_more),
        SERVER_TEST(reads_little_of_a_caller_without_a_role),
        SERVER_TEST(is_not_hung_up_on_before_the_answer_can_be_read),
        SERVER_TEST(closes_unanswered_where_no_header_can_be_read),
        SERVER_TEST(a_length_costs_no_memory_before_its_octets_come),
        SERVER_TEST(closes_silent_connections_in_time),
        SERVER_TEST(an_idle_connection_stays_unless_its_caller_has_no_role),
        SERVER_TEST(reads_a_message_that_comes_octet_by_octet),
        SERVER_TEST(drops_a_message_that_drips_for_longer_than_it_may),
        SERVER_TEST(drops_a_client_that_never_reads_and_holds_no_worker_for_it),
        SERVER_TEST(sends_a_long_answer_to_a_slow_reader),
    };
    cmocka_set_test_filter(getenv("TEST_FILTER"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
