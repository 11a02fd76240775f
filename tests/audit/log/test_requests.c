/* Request ids: who repeats one gets the first answer, the last 65,536 are known, no more. */
#include "tests/audit/log/scratch.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "audit/log/requests.h"

static struct log_request request_of(uint64_t number, uint64_t parameters)
{
    struct log_request request;
    uint64_t seed = number * UINT64_C(0x9e3779b97f4a7c15) + 1;
    uint64_t key[2] = {scratch_random(&seed), scratch_random(&seed)};
    memcpy(request.key, key, sizeof request.key);
    memcpy(request.parameters, &parameters, sizeof request.parameters);
    return request;
}

static int make_requests(void **state)
{
    *state = malloc(sizeof(struct requests));
    return requests_init(*state) == OK ? 0 : -1;
}

static int free_requests(void **state)
{
    requests_stop(*state);
    requests_done(*state);
    free(*state);
    return 0;
}

static enum log_request_state begin(struct requests *requests, uint64_t number, uint64_t parameters,
                                    struct log_range *range)
{
    struct log_request request = request_of(number, parameters);
    return requests_begin(requests, &request, range);
}

static void finish(struct requests *requests, uint64_t number, uint64_t parameters)
{
    struct log_request request = request_of(number, parameters);
    requests_finish(requests, &request, (struct log_range){10 * number, 1 + number % 4096});
}

static void a_repeat_gets_the_first_answer(void **state)
{
    struct requests *requests = *state;
    struct log_range range = {0};
    assert_int_equal(begin(requests, 7, 1, &range), LOG_REQUEST_NEW);
    finish(requests, 7, 1);
    assert_int_equal(begin(requests, 7, 1, &range), LOG_REQUEST_DONE);
    assert_int_equal(range.first, 70);
    assert_int_equal(range.count, 8);
    assert_int_equal(begin(requests, 7, 2, &range), LOG_REQUEST_REUSED);
    assert_int_equal(begin(requests, 8, 2, &range), LOG_REQUEST_NEW);
}

static void the_largest_range_fits(void **state)
{
    struct requests *requests = *state;
    struct log_range range = {(UINT64_C(1) << 48) - 4096, 4096};
    struct log_range read;
    struct log_request request = request_of(1, 1);
    requests_finish(requests, &request, range);
    assert_int_equal(begin(requests, 1, 1, &read), LOG_REQUEST_DONE);
    assert_int_equal(read.first, range.first);
    assert_int_equal(read.count, range.count);
}

static void an_abandoned_one_is_free_again(void **state)
{
    struct requests *requests = *state;
    struct log_range range;
    struct log_request request = request_of(7, 1);
    assert_int_equal(begin(requests, 7, 1, &range), LOG_REQUEST_NEW);
    requests_abandon(requests, &request);
    assert_int_equal(begin(requests, 7, 2, &range), LOG_REQUEST_NEW);
}

static void the_last_65536_are_known_and_no_older_one(void **state)
{
    struct requests *requests = *state;
    struct log_range range;
    const uint64_t count = 3 * LOG_REQUESTS / 2;
    for (uint64_t i = 0; i < count; i++) {
        finish(requests, i, 1);
    }
    for (uint64_t i = 0; i < count; i++) {
        enum log_request_state wanted =
            i < count - LOG_REQUESTS ? LOG_REQUEST_NEW : LOG_REQUEST_DONE;
        enum log_request_state got = begin(requests, i, 1, &range);
        assert_int_equal(got, wanted);
        if (got == LOG_REQUEST_DONE) {
            assert_int_equal(range.first, 10 * i);
        } else {
            struct log_request request = request_of(i, 1);
            requests_abandon(requests, &request);
        }
    }
}

/* Round and round the ring: what falls out frees its place, what stands behind it is still found.
 */
static void places_are_used_again(void **state)
{
    struct requests *requests = *state;
    struct log_range range;
    uint64_t number = 0;
    for (int round = 0; round < 8; round++) {
        for (uint64_t i = 0; i < LOG_REQUESTS; i++, number++) {
            finish(requests, number, 1);
        }
        for (uint64_t i = number - LOG_REQUESTS; i < number; i += 13) {
            assert_int_equal(begin(requests, i, 1, &range), LOG_REQUEST_DONE);
            assert_int_equal(range.first, 10 * i);
        }
    }
}

/* ---- threads ---- */

#define THREADS 8
#define ROUNDS 200

static atomic_uint begun[ROUNDS]; /* how many were told LOG_REQUEST_NEW */
static atomic_uint done[ROUNDS];

static void *ask_the_same(void *argument)
{
    struct requests *requests = argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct log_range range;
        enum log_request_state state = begin(requests, i, 1, &range);
        if (state == LOG_REQUEST_NEW) {
            atomic_fetch_add(&begun[i], 1);
            sched_yield();
            finish(requests, i, 1);
        } else if (state == LOG_REQUEST_DONE && range.first == UINT64_C(10) * i) {
            atomic_fetch_add(&done[i], 1);
        }
    }
    return NULL;
}

static void of_many_who_ask_the_same_at_once_one_is_new(void **state)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, ask_the_same, *state);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        assert_int_equal(atomic_load(&begun[i]), 1);
        assert_int_equal(atomic_load(&done[i]), THREADS - 1);
    }
}

struct waiter {
    struct requests *requests;
    uint64_t number;
    enum log_request_state state;
};

static void *wait_for_turn(void *argument)
{
    struct waiter *waiter = argument;
    struct log_range range;
    waiter->state = begin(waiter->requests, waiter->number, 1, &range);
    return NULL;
}

static void until_waiting(struct requests *requests, size_t count)
{
    size_t waiting;
    do {
        sched_yield();
        pthread_mutex_lock(&requests->lock);
        waiting = requests->waiting;
        pthread_mutex_unlock(&requests->lock);
    } while (waiting < count);
}

static void a_failed_one_lets_the_next_in_line_try(void **state)
{
    struct requests *requests = *state;
    struct log_range range;
    struct log_request request = request_of(3, 1);
    struct waiter waiter = {.requests = requests, .number = 3};
    pthread_t thread;
    assert_int_equal(begin(requests, 3, 1, &range), LOG_REQUEST_NEW);
    pthread_create(&thread, NULL, wait_for_turn, &waiter);
    until_waiting(requests, 1);
    requests_abandon(requests, &request);
    pthread_join(thread, NULL);
    assert_int_equal(waiter.state, LOG_REQUEST_NEW);
}

static void who_waits_is_told_when_it_stops(void **state)
{
    struct requests *requests = *state;
    struct log_range range;
    struct waiter waiter = {.requests = requests, .number = 3};
    pthread_t thread;
    assert_int_equal(begin(requests, 3, 1, &range), LOG_REQUEST_NEW);
    pthread_create(&thread, NULL, wait_for_turn, &waiter);
    until_waiting(requests, 1);
    requests_stop(requests);
    pthread_join(thread, NULL);
    assert_int_equal(waiter.state, LOG_REQUEST_STOPPED);
    assert_int_equal(begin(requests, 4, 1, &range), LOG_REQUEST_STOPPED);
}

static void more_at_once_than_there_is_room_for_wait_their_turn(void **state)
{
    struct requests *requests = *state;
    struct log_range range;
    for (uint64_t i = 0; i < REQUESTS_UNDER_WAY; i++) {
        assert_int_equal(begin(requests, i, 1, &range), LOG_REQUEST_NEW);
    }
    struct waiter waiter = {.requests = requests, .number = 99999};
    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_turn, &waiter);
    until_waiting(requests, 1);
    finish(requests, 17, 1);
    pthread_join(thread, NULL);
    assert_int_equal(waiter.state, LOG_REQUEST_NEW);
}

int main(void)
{
#define WITH_REQUESTS(test) cmocka_unit_test_setup_teardown(test, make_requests, free_requests)
    const struct CMUnitTest tests[] = {
        WITH_REQUESTS(a_repeat_gets_the_first_answer),
        WITH_REQUESTS(the_largest_range_fits),
        WITH_REQUESTS(an_abandoned_one_is_free_again),
        WITH_REQUESTS(the_last_65536_are_known_and_no_older_one),
        WITH_REQUESTS(places_are_used_again),
        WITH_REQUESTS(of_many_who_ask_the_same_at_once_one_is_new),
        WITH_REQUESTS(a_failed_one_lets_the_next_in_line_try),
        WITH_REQUESTS(who_waits_is_told_when_it_stops),
        WITH_REQUESTS(more_at_once_than_there_is_room_for_wait_their_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
