#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/base/memory.h"
#include "audit/base/secret.h"

static void a_new_secret_is_empty_and_zero(void **state)
{
    (void)state;
    struct secret *secret = secret_new(100);
    assert_non_null(secret);
    assert_int_equal(secret->length, 0);
    assert_int_equal(secret->capacity, 100);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(secret->data[i], 0);
    }
    secret_free(secret);
    secret_free(NULL);
}

static void appends_up_to_its_capacity_and_not_one_octet_more(void **state)
{
    (void)state;
    struct secret *secret = secret_new(6);
    assert_int_equal(secret_append(secret, "abcd", 4), OK);
    assert_int_equal(secret_append(secret, "xyz", 3), ERR_NO_MEMORY);
    assert_int_equal(secret->length, 4);
    assert_int_equal(secret_append(secret, "ef", 2), OK);
    assert_memory_equal(secret->data, "abcdef", 6);
    secret_free(secret);
}

static void clearing_wipes_every_octet(void **state)
{
    (void)state;
    struct secret *secret = secret_copy("never again", 11);
    secret_clear(secret);
    assert_int_equal(secret->length, 0);
    for (size_t i = 0; i < secret->capacity; i++) {
        assert_int_equal(secret->data[i], 0);
    }
    secret_free(secret);
}

static void compares_length_and_octets(void **state)
{
    (void)state;
    struct secret *a = secret_copy("open sesame", 11);
    struct secret *b = secret_copy("open sesame", 11);
    struct secret *c = secret_copy("open sesamf", 11);
    struct secret *d = secret_copy("open", 4);
    assert_true(secret_equal(a, b));
    assert_false(secret_equal(a, c));
    assert_false(secret_equal(a, d));
    secret_free(a);
    secret_free(b);
    secret_free(c);
    secret_free(d);
}

static void without_memory_there_is_no_secret(void **state)
{
    (void)state;
    memory_fail_from(1);
    assert_null(secret_new(32));
    memory_fail_from(0);
}

/* A guard page begins right behind a secret (of a size that needs no filling up to be aligned): one
 * octet too far ends the process instead of reading on. */
static void reading_past_the_end_ends_the_process(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        secret_protect_process();
        const struct secret *secret = secret_new(64);
        const volatile uint8_t *octets = secret->data;
        _exit(octets[63] == 0 && octets[64] == 0 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_true(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

static void a_protected_process_dumps_no_core_and_is_not_readable(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit;
        bool good = secret_protect_process() && getrlimit(RLIMIT_CORE, &limit) == 0 &&
                    limit.rlim_cur == 0 && limit.rlim_max == 0 && prctl(PR_GET_DUMPABLE) == 0;
        _exit(good ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void says_whether_memory_can_be_locked(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* the sanitizer answers mlock itself, and always with yes */
#endif
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* Root may lock whatever the limit is; anybody else may not lock an octet at a limit of 0.
         */
        const struct rlimit none = {0, 0};
        bool refused = setrlimit(RLIMIT_MEMLOCK, &none) == 0 &&
                       (geteuid() != 0 || setuid(65534) == 0) && !secret_memory_locks();
        _exit(refused ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_secret_is_empty_and_zero),
        cmocka_unit_test(appends_up_to_its_capacity_and_not_one_octet_more),
        cmocka_unit_test(clearing_wipes_every_octet),
        cmocka_unit_test(compares_length_and_octets),
        cmocka_unit_test(without_memory_there_is_no_secret),
        cmocka_unit_test(reading_past_the_end_ends_the_process),
        cmocka_unit_test(a_protected_process_dumps_no_core_and_is_not_readable),
        cmocka_unit_test(says_whether_memory_can_be_locked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
