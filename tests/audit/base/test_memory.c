/* Memory, and its failing on demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>

#include <cmocka.h>

#include "audit/base/memory.h"

static void gives_resizes_and_frees(void **state)
{
    (void)state;
    unsigned char *memory = memory_allocate_zeroed(100);
    assert_non_null(memory);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(memory[i], 0);
        memory[i] = (unsigned char)i;
    }
    memory = memory_resize(memory, 10000);
    assert_non_null(memory);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(memory[i], i);
    }
    memory_free(memory);
    memory_free(NULL);
}

static void fails_from_the_nth_on_and_counts(void **state)
{
    (void)state;
    memory_fail_from(3);
    void *first = memory_allocate(1);
    void *second = memory_allocate_zeroed(1);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(memory_resize(first, 2)); /* what was there remains */
    assert_null(memory_allocate(1));
    assert_int_equal(memory_fail_from(0), 4);
    void *third = memory_resize(NULL, 1);
    assert_non_null(third);
    assert_int_equal(memory_fail_from(0), 1);
    memory_free(first);
    memory_free(second);
    memory_free(third);
}

static void *allocate_elsewhere(void *unused)
{
    (void)unused;
    return memory_allocate(1);
}

static void fails_in_the_thread_that_asked_alone(void **state)
{
    (void)state;
    pthread_t thread;
    void *elsewhere = NULL;
    memory_fail_from(1);
    assert_int_equal(pthread_create(&thread, NULL, allocate_elsewhere, NULL), 0);
    assert_int_equal(pthread_join(thread, &elsewhere), 0);
    assert_null(memory_allocate(1));
    assert_int_equal(memory_fail_from(0), 1);
    assert_non_null(elsewhere);
    memory_free(elsewhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_resizes_and_frees),
        cmocka_unit_test(fails_from_the_nth_on_and_counts),
        cmocka_unit_test(fails_in_the_thread_that_asked_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
