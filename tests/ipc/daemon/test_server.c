/* The server against real nng REQ sockets and nngcat, and its start, reload and stop. */
#include "server_fixture.h"

#include <grp.h>

#include "audit/base/memory.h"

static void answers_a_real_req_socket(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    nng_socket socket = req_open(fixture->url);
    for (int i = 0; i < 100; i++) {
        char text[32];
        snprintf(text, sizeof text, "message %d", i);
        assert_answer(socket, text, text);
    }
    nng_close(socket);
    struct server_status status = status_of(fixture);
    assert_int_equal(status.accepted, 1);
    WAIT_FOR(status_of(fixture).messages == 100);
}

static void answers_with_an_empty_body_where_there_is_nothing_to_say(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    nng_socket socket = req_open(fixture->url);
    assert_answer(socket, "nothing", "");
    assert_answer(socket, "", "");
    nng_close(socket);
}

static void takes_messages_of_every_size_up_to_the_limit(void **state)
{
    static const size_t sizes[] = {1,     4095,  4096,   4097,    65535,
                                   65536, 65537, 131073, 1 << 20, 4 << 20};
    struct fixture *fixture = *state;
    serve(fixture);
    nng_socket socket = req_open(fixture->url);
    char *data = malloc(4 << 20);
    assert_non_null(data);
    for (size_t i = 0; i < 4 << 20; i++) {
        data[i] = (char)('a' + i * 2654435761u % 26);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t length;
        char *answer = req_call(socket, data, sizes[i], &length);
        assert_int_equal(length, sizes[i]);
        assert_memory_equal(answer, data, length);
        nng_free(answer, length);
    }
    free(data);
    nng_close(socket);
}

static void answers_a_message_over_the_limit_and_closes(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.message = 100000;
    serve(fixture);
    nng_socket socket = req_open(fixture->url);
    char *data = calloc(1, 100001);
    assert_non_null(data);
    size_t length;
    char *answer = req_call(socket, data, 100001, &length);
    assert_int_equal(length, strlen("too large"));
    assert_memory_equal(answer, "too large", length);
    nng_free(answer, length);
    answer = req_call(socket, data, 100000, &length);
    assert_int_equal(length, 100000);
    nng_free(answer, length);
    free(data);
    nng_close(socket);
    assert_int_equal(atomic_load(&too_large), 1);
}

static void gives_header_words_back_as_they_came(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    int descriptor = raw_greeted(fixture);
    /* Two hops of devices, then the request id: 12 octets of header. */
    static const uint8_t frame[] = {1,    0, 0, 0, 0,    0,    0, 0, 14,   0x01, 0x02, 0x03,
                                    0x04, 0, 0, 0, 0x09, 0xff, 0, 0, 0x07, 'h',  'i'};
    assert_true(raw_send(descriptor, frame, sizeof frame));
    uint8_t answer[sizeof frame];
    assert_true(raw_receive(descriptor, answer, sizeof answer));
    assert_memory_equal(answer, frame, sizeof frame);
    close(descriptor);
}

static void answers_in_any_order_each_with_its_own_id(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    gate_set(true);
    int descriptor = raw_greeted(fixture);
    raw_request(descriptor, 1, "gate");
    raw_request(descriptor, 2, "two");
    assert_raw_answer(descriptor, 2, "two");
    raw_request(descriptor, 3, "three");
    assert_raw_answer(descriptor, 3, "three");
    gate_set(false);
    assert_raw_answer(descriptor, 1, "gate");
    close(descriptor);
}

static void answers_who_has_shut_only_the_sending_side(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    gate_set(true);
    int descriptor = raw_greeted(fixture);
    raw_request(descriptor, 5, "gate");
    WAIT_FOR(atomic_load(&working) == 1);
    assert_int_equal(shutdown(descriptor, SHUT_WR), 0);
    gate_set(false);
    assert_raw_answer(descriptor, 5, "gate");
    assert_closed(descriptor);
    close(descriptor);
}

static void works_on_as_many_messages_at_once_as_there_are_workers(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.workers = 3;
    serve(fixture);
    gate_set(true);
    int descriptor = raw_greeted(fixture);
    for (uint32_t i = 0; i < 10; i++) {
        raw_request(descriptor, i, "gate");
    }
    WAIT_FOR(atomic_load(&working) == 3);
    gate_set(false);
    for (uint32_t i = 0; i < 10; i++) {
        uint32_t id;
        char text[8];
        assert_int_equal(raw_answer(descriptor, &id, text, sizeof text), 4);
    }
    assert_int_equal(atomic_load(&working_most), 3);
    close(descriptor);
}

static void reads_no_more_than_in_flight_messages_of_one_connection(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.in_flight = 4;
    serve(fixture);
    gate_set(true);
    int descriptor = raw_greeted(fixture);
    for (uint32_t i = 0; i < 12; i++) {
        raw_request(descriptor, i, "gate");
    }
    WAIT_FOR(atomic_load(&working) == 4);
    assert_serves(fixture); /* others are not held up */
    gate_set(false);
    uint64_t seen = 0;
    for (uint32_t i = 0; i < 12; i++) {
        uint32_t id;
        char text[8];
        assert_int_equal(raw_answer(descriptor, &id, text, sizeof text), 4);
        seen |= UINT64_C(1) << id;
    }
    assert_int_equal(seen, 0xfff);
    assert_int_equal(atomic_load(&working_most), 4 + 1);
    close(descriptor);
}

static void disconnects_who_may_not_stay_after_the_answer(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    int descriptor = raw_greeted(fixture);
    raw_request(descriptor, 1, "bye");
    assert_raw_answer(descriptor, 1, "bye");
    assert_closed(descriptor);
    close(descriptor);
}

static void answers_a_caller_without_a_role_once(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    atomic_store(&caller_roles, 0);
    int descriptor = raw_greeted(fixture);
    uint8_t frames[64];
    size_t length = frame_write(frames, 1, "a", 1);
    length += frame_write(frames + length, 2, "b", 1);
    assert_true(raw_send(descriptor, frames, length));
    assert_raw_answer(descriptor, 1, "nobody");
    assert_closed(descriptor);
    close(descriptor);
    assert_int_equal(atomic_load(&asked), 1);
}

static void closes_the_33rd_connection_without_a_role_unanswered(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    atomic_store(&caller_roles, 0);
    for (uint32_t i = 0; i < 32; i++) {
        int descriptor = raw_greeted(fixture);
        raw_request(descriptor, i, "?");
        assert_raw_answer(descriptor, i, "nobody");
        close(descriptor);
    }
    for (unsigned i = 1; i <= 3; i++) {
        int descriptor = raw_connect(fixture);
        assert_closed(descriptor);
        close(descriptor);
        WAIT_FOR(atomic_load(&unanswered) == i);
    }
    assert_int_equal(status_of(fixture).refused, 3);
    atomic_store(&caller_roles, ROLE_AUDITOR);
    assert_serves(fixture);
}

static void refuses_connections_over_the_limit(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.connections = 3;
    serve(fixture);
    int descriptors[3];
    for (int i = 0; i < 3; i++) {
        descriptors[i] = raw_greeted(fixture);
    }
    int refused = raw_connect(fixture);
    assert_closed(refused);
    close(refused);
    assert_int_equal(status_of(fixture).refused, 1);
    WAIT_FOR(status_of(fixture).connections == 3);
    close(descriptors[0]);
    WAIT_FOR(status_of(fixture).connections == 2);
    assert_serves(fixture);
    close(descriptors[1]);
    close(descriptors[2]);
}

/* ---- start, reload, stop ---- */

static void assert_start_fails(struct config *config, enum err wanted, const char *word)
{
    struct server *server = NULL;
    struct fault fault;
    fault_clear(&fault);
    assert_int_equal(start_server(config, &server, &fault), wanted);
    assert_null(server);
    assert_non_null(strstr(fault.sentence, word));
}

static void refuses_a_socket_somebody_listens_on(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    assert_start_fails(fixture->config, ERR_IN_USE, "another process listens there");
    assert_serves(fixture);
}

static void replaces_the_socket_file_of_a_killed_daemon(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture->path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(descriptor, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(descriptor, 1), 0);
    close(descriptor); /* the file stays, as after kill -9 */
    assert_int_equal(access(fixture->path, F_OK), 0);
    serve(fixture);
    assert_serves(fixture);
}

static void leaves_a_file_alone_that_is_no_socket(void **state)
{
    struct fixture *fixture = *state;
    int descriptor = open(fixture->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(descriptor >= 0);
    close(descriptor);
    assert_start_fails(fixture->config, ERR_IN_USE, "not a socket");
    assert_int_equal(unlink(fixture->path), 0);
    assert_int_equal(symlink("/dev/null", fixture->path), 0);
    assert_start_fails(fixture->config, ERR_IN_USE, "not a socket");
    assert_int_equal(unlink(fixture->path), 0);
}

static void says_what_is_wrong_with_an_address(void **state)
{
    struct fixture *fixture = *state;
    char *url = fixture->config->listen[0].url;
    size_t size = sizeof fixture->config->listen[0].url;
    snprintf(url, size, "ipc://%s/no/folder/socket", fixture->folder);
    assert_start_fails(fixture->config, ERR_IO, "folder");
    snprintf(url, size, "tcp://127.0.0.1:0");
    assert_start_fails(fixture->config, ERR_CONFIGURATION, "ipc:///path");
    snprintf(url, size, "ipc://@abstract");
    assert_start_fails(fixture->config, ERR_CONFIGURATION, "ipc:///path");
    snprintf(url, size, "ipc:///%0200d", 0);
    assert_start_fails(fixture->config, ERR_CONFIGURATION, "at most 107 octets");
}

static void gives_the_socket_file_its_mode_and_owner(void **state)
{
    struct fixture *fixture = *state;
    struct config_listen *listen = &fixture->config->listen[0];
    mode_t before = umask(0);
    listen->mode = 0660;
    snprintf(listen->owner, sizeof listen->owner, "%u:%u", (unsigned)getuid(), (unsigned)getgid());
    serve(fixture);
    umask(before);
    struct stat status;
    assert_int_equal(lstat(fixture->path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0660);
    assert_int_equal(status.st_uid, getuid());
    assert_serves(fixture);
}

static void gives_the_socket_file_to_a_named_group(void **state)
{
    struct fixture *fixture = *state;
    const struct group *group = getgrnam("daemon");
    if (geteuid() != 0 || group == NULL) {
        skip();
    }
    gid_t wanted = group->gr_gid;
    snprintf(fixture->config->listen[0].owner, CONFIG_WORD_BYTES, "daemon:daemon");
    serve(fixture);
    struct stat status;
    assert_int_equal(lstat(fixture->path, &status), 0);
    assert_int_equal(status.st_gid, wanted);
    assert_int_not_equal(status.st_uid, 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void says_so_when_there_is_no_descriptor_left(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture); /* so that nng itself has started */
    server_stop(fixture->server);
    fixture->server = NULL;
    struct rlimit usual, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    low = usual;
    low.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    struct server *server = NULL;
    struct fault fault;
    enum err err = start_server(fixture->config, &server, &fault);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_int_equal(err, ERR_IO);
    assert_non_null(strstr(fault.sentence, "files"));
    serve(fixture);
    assert_serves(fixture);
}

static void refuses_an_owner_that_does_not_exist(void **state)
{
    struct fixture *fixture = *state;
    char *owner = fixture->config->listen[0].owner;
    snprintf(owner, CONFIG_WORD_BYTES, "no-such-user");
    assert_start_fails(fixture->config, ERR_CONFIGURATION, "no user no-such-user");
    snprintf(owner, CONFIG_WORD_BYTES, "root:no-such-group");
    assert_start_fails(fixture->config, ERR_CONFIGURATION, "no group no-such-group");
    assert_int_equal(access(fixture->path, F_OK), -1);
}

static void listens_on_all_addresses_or_none(void **state)
{
    struct fixture *fixture = *state;
    struct config *config = fixture->config;
    config->listen[1] = config->listen[0];
    snprintf(config->listen[1].url, sizeof config->listen[1].url, "%s.second", fixture->url);
    snprintf(config->listen[1].owner, CONFIG_WORD_BYTES, "no-such-user");
    config->listen_count = 2;
    assert_start_fails(config, ERR_CONFIGURATION, "no user");
    assert_int_equal(access(fixture->path, F_OK), -1);
    config->listen[1].owner[0] = '\0';
    serve(fixture);
    nng_socket socket = req_open(config->listen[1].url);
    assert_answer(socket, "second", "second");
    nng_close(socket);
    assert_serves(fixture);
}

static void a_reload_holds_for_connections_made_after_it(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    nng_socket before = req_open(fixture->url);
    char *data = calloc(1, 2000);
    assert_non_null(data);
    size_t length;
    nng_free(req_call(before, data, 2000, &length), length);
    assert_int_equal(length, 2000);

    struct config *old = fixture->config;
    struct config *changed = config_new(fixture);
    *changed = *old;
    changed->limits.message = 1000;
    /* The fixture counts holds of whatever configuration; the old one lives on by its connection,
     * so it is freed by hand once that is gone. */
    assert_true(server_reconfigure(fixture->server, changed));
    nng_free(req_call(before, data, 2000, &length), length);
    assert_int_equal(length, 2000);
    nng_socket after = req_open(fixture->url);
    nng_free(req_call(after, data, 2000, &length), length);
    assert_int_equal(length, strlen("too large"));
    /* The server has closed that connection and the client dials again by itself. nng 1.5.2 leaks
     * in the client when it is closed in the middle of that: a call that is served says it is
     * through. */
    nng_free(req_call(after, data, 1000, &length), length);
    assert_int_equal(length, 1000);
    nng_close(before);
    nng_close(after);
    WAIT_FOR(status_of(fixture).connections == 0);

    struct config *moved = config_new(fixture);
    snprintf(moved->listen[0].url, sizeof moved->listen[0].url, "%s.elsewhere", fixture->url);
    assert_false(server_reconfigure(fixture->server, moved));
    assert_serves(fixture);
    WAIT_FOR(status_of(fixture).connections == 0);
    free(data);
    free(old);
    free(changed);
    fixture->config = moved;
}

static void *stop(void *server)
{
    server_stop(server);
    return NULL;
}

static void stop_lets_answers_under_way_finish(void **state)
{
    struct fixture *fixture = *state;
    serve(fixture);
    gate_set(true);
    int descriptor = raw_greeted(fixture);
    int idle = raw_greeted(fixture);
    raw_request(descriptor, 9, "gate");
    WAIT_FOR(atomic_load(&working) == 1);
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop, fixture->server), 0);
    assert_closed(idle); /* stop has begun, and who waits for nothing is let go */
    assert_int_equal(raw_try_connect(fixture), -1);
    gate_set(false);
    assert_raw_answer(descriptor, 9, "gate");
    assert_closed(descriptor);
    pthread_join(stopper, NULL);
    fixture->server = NULL;
    close(descriptor);
    close(idle);
}

static void stop_does_not_wait_for_ever_for_who_reads_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.drain_ms = 100;
    serve(fixture);
    int descriptor = raw_greeted(fixture);
    raw_request(descriptor, 1, "size 8000000");
    WAIT_FOR(atomic_load(&asked) == 1);
    int64_t before_ms = clock_boot_ms();
    server_stop(fixture->server);
    fixture->server = NULL;
    assert_true(clock_boot_ms() - before_ms < fixture->config->limits.answer_ms / 2);
    close(descriptor);
}

static void stop_drops_messages_no_worker_has_begun_with(void **state)
{
    struct fixture *fixture = *state;
    fixture->config->limits.drain_ms = 50;
    fixture->config->limits.message_ms = 60000; /* nothing but the stop is to close it */
    fixture->config->limits.answer_ms = 60000;
    fixture->config->limits.workers = 1;
    serve(fixture);
    gate_set(true);
    int descriptor = raw_greeted(fixture);
    for (uint32_t i = 0; i < 20; i++) {
        raw_request(descriptor, i, "gate");
    }
    WAIT_FOR(atomic_load(&working) == 1);
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop, fixture->server), 0);
    assert_closed(descriptor); /* after drain_ms, though a worker is busy yet */
    gate_set(false);
    pthread_join(stopper, NULL);
    fixture->server = NULL;
    assert_int_equal(atomic_load(&asked), 1);
    close(descriptor);
}

static void start_without_memory_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    enum err err = ERR_NO_MEMORY;
    unsigned long n = 1;
    for (; n < 100 && err != OK; n++) {
        struct fault fault;
        fault_clear(&fault);
        memory_fail_from(n);
        err = start_server(fixture->config, &fixture->server, &fault);
        memory_fail_from(0);
        if (err != OK) {
            assert_int_equal(err, ERR_NO_MEMORY);
            assert_int_equal(fault.reason, REASON_no_memory);
            assert_int_equal(access(fixture->path, F_OK), -1);
            assert_int_equal(atomic_load(&config_holds), 1);
        }
    }
    assert_in_range(n, 5, 99);
    assert_serves(fixture);
}

static void starts_again_where_it_stopped(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 20; i++) {
        serve(fixture);
        assert_serves(fixture);
        server_stop(fixture->server);
        fixture->server = NULL;
        assert_int_equal(access(fixture->path, F_OK), -1);
    }
}

/* ---- nngcat ---- */

static void answers_nngcat(void **state)
{
    struct fixture *fixture = *state;
    if (access("/usr/bin/nngcat", X_OK) != 0) {
        skip();
    }
    serve(fixture);
    char command[512];
    snprintf(command, sizeof command,
             "exec /usr/bin/nngcat --req --dial '%s' --data 'over the wire' --quoted",
             fixture->url);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    char line[128] = "";
    assert_non_null(fgets(line, sizeof line, pipe));
    assert_int_equal(pclose(pipe), 0);
    assert_string_equal(line, "\"over the wire\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(answers_a_real_req_socket),
        SERVER_TEST(answers_with_an_empty_body_where_there_is_nothing_to_say),
        SERVER_TEST(takes_messages_of_every_size_up_to_the_limit),
        SERVER_TEST(answers_a_message_over_the_limit_and_closes),
        SERVER_TEST(gives_header_words_back_as_they_came),
        SERVER_TEST(answers_in_any_order_each_with_its_own_id),
        SERVER_TEST(answers_who_has_shut_only_the_sending_side),
        SERVER_TEST(works_on_as_many_messages_at_once_as_there_are_workers),
        SERVER_TEST(reads_no_more_than_in_flight_messages_of_one_connection),
        SERVER_TEST(disconnects_who_may_not_stay_after_the_answer),
        SERVER_TEST(answers_a_caller_without_a_role_once),
        SERVER_TEST(closes_the_33rd_connection_without_a_role_unanswered),
        SERVER_TEST(refuses_connections_over_the_limit),
        SERVER_TEST(refuses_a_socket_somebody_listens_on),
        SERVER_TEST(replaces_the_socket_file_of_a_killed_daemon),
        SERVER_TEST(leaves_a_file_alone_that_is_no_socket),
        SERVER_TEST(says_what_is_wrong_with_an_address),
        SERVER_TEST(gives_the_socket_file_its_mode_and_owner),
        SERVER_TEST(gives_the_socket_file_to_a_named_group),
        SERVER_TEST(says_so_when_there_is_no_descriptor_left),
        SERVER_TEST(refuses_an_owner_that_does_not_exist),
        SERVER_TEST(listens_on_all_addresses_or_none),
        SERVER_TEST(a_reload_holds_for_connections_made_after_it),
        SERVER_TEST(stop_lets_answers_under_way_finish),
        SERVER_TEST(stop_does_not_wait_for_ever_for_who_reads_nothing),
        SERVER_TEST(stop_drops_messages_no_worker_has_begun_with),
        SERVER_TEST(start_without_memory_changes_nothing),
        SERVER_TEST(starts_again_where_it_stopped),
        SERVER_TEST(answers_nngcat),
    };
    cmocka_set_test_filter(getenv("TEST_FILTER"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
