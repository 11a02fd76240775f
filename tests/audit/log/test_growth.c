/* The committed size: who waits for it is woken, by growth, by a wake, by the end, by time. */
#include "tests/audit/log/scratch.h"

#include <pthread.h>
#include <sched.h>

#include "audit/log/growth.h"

#define AN_HOUR_MS (INT64_C(3600) * 1000)

struct waiter {
    struct growth *growth;
    uint64_t size;
};

static void *wait_beyond_ten(void *argument)
{
    struct waiter *waiter = argument;
    waiter->size = growth_wait(waiter->growth, 10, AN_HOUR_MS);
    return NULL;
}

static void start_waiting(struct growth *growth, struct waiter *waiter, pthread_t *thread)
{
    growth_init(growth, 10);
    *waiter = (struct waiter){.growth = growth};
    pthread_create(thread, NULL, wait_beyond_ten, waiter);
    while (atomic_load(&growth->waiting) == 0) {
        sched_yield();
    }
}

static void growing_wakes(void **state)
{
    (void)state;
    struct growth growth;
    struct waiter waiter;
    pthread_t thread;
    start_waiting(&growth, &waiter, &thread);
    growth_set(&growth, 11);
    pthread_join(thread, NULL);
    assert_int_equal(waiter.size, 11);
    assert_int_equal(growth_wait(&growth, 10, AN_HOUR_MS), 11);
    growth_done(&growth);
}

static void a_wake_wakes(void **state)
{
    (void)state;
    struct growth growth;
    struct waiter waiter;
    pthread_t thread;
    start_waiting(&growth, &waiter, &thread);
    growth_wake(&growth);
    pthread_join(thread, NULL);
    assert_int_equal(waiter.size, 10);
    growth_done(&growth);
}

static void the_end_wakes_and_waits_until_all_have_left(void **state)
{
    (void)state;
    struct growth *growth = malloc(sizeof *growth);
    struct waiter waiter;
    pthread_t thread;
    start_waiting(growth, &waiter, &thread);
    growth_end(growth);
    growth_done(growth);
    memset(growth, 0xff, sizeof *growth);
    free(growth);
    pthread_join(thread, NULL);
    assert_int_equal(waiter.size, 10);
}

static void nobody_waits_after_the_end(void **state)
{
    (void)state;
    struct growth growth;
    growth_init(&growth, 3);
    growth_end(&growth);
    assert_int_equal(growth_wait(&growth, 3, AN_HOUR_MS), 3);
    growth_done(&growth);
}

static void time_passes(void **state)
{
    (void)state;
    struct growth growth;
    growth_init(&growth, 3);
    assert_int_equal(growth_wait(&growth, 3, 0), 3);
    assert_int_equal(growth_wait(&growth, 3, -5), 3);
    assert_int_equal(growth_wait(&growth, 3, 5), 3);
    growth_done(&growth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growing_wakes),
        cmocka_unit_test(a_wake_wakes),
        cmocka_unit_test(the_end_wakes_and_waits_until_all_have_left),
        cmocka_unit_test(nobody_waits_after_the_end),
        cmocka_unit_test(time_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
