/* The private directory: one rule for daemon and client, and nobody else's hands on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "audit/base/memory.h"
#include "ipc/daemon/config.h"
#include "ipc/daemon/config_paths.h"

#define SOMEBODY_ELSE 65534

static char home[] = "/tmp/test_config_paths_XXXXXX";
static char inside[128]; /* <home>/a/b */
static struct fault fault;

static int make_home(void **state)
{
    (void)state;
    memcpy(strrchr(home, '_') + 1, "XXXXXX", 6);
    assert_non_null(mkdtemp(home));
    snprintf(inside, sizeof inside, "%s/a/b", home);
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "/home/of/tests", 1);
    setenv("GUARDIAN_HOME", inside, 1);
    fault_clear(&fault);
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    char path[160];
    unlink(inside);
    rmdir(inside);
    snprintf(path, sizeof path, "%s/a", home);
    rmdir(path);
    snprintf(path, sizeof path, "%s/link", home);
    unlink(path);
    return rmdir(home);
}

/* Runs as a user that is not root: in a child, so that the other tests keep their rights. */
static void as_somebody_else(void (*check)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && setuid(SOMEBODY_ELSE) != 0) {
            _exit(2);
        }
        check();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static bool url_is(const char *expected)
{
    char url[512] = "";
    return config_default_url(url, sizeof url) == OK && strcmp(url, expected) == 0;
}

static void guardian_home_comes_first(void **state)
{
    (void)state;
    char expected[160];
    snprintf(expected, sizeof expected, "ipc://%s/guardian.sock", inside);
    assert_true(url_is(expected));
    char with_slashes[160];
    snprintf(with_slashes, sizeof with_slashes, "%s//", inside);
    setenv("GUARDIAN_HOME", with_slashes, 1);
    assert_true(url_is(expected));
}

static void root_lives_in_var_lib(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    unsetenv("GUARDIAN_HOME");
    setenv("XDG_STATE_HOME", "/state", 1);
    assert_true(url_is("ipc:///var/lib/master_key_guardian/guardian.sock"));
    setenv("GUARDIAN_HOME", "", 1); /* set but empty counts as not set, as in the XDG rules */
    assert_true(url_is("ipc:///var/lib/master_key_guardian/guardian.sock"));
}

static void look_for_user_directories(void)
{
    unsetenv("GUARDIAN_HOME");
    setenv("XDG_STATE_HOME", "/state", 1);
    bool fine = url_is("ipc:///state/master_key_guardian/guardian.sock");
    setenv("XDG_STATE_HOME", "relative", 1); /* "should be ignored", says the specification */
    fine &= url_is("ipc:///home/of/tests/.local/state/master_key_guardian/guardian.sock");
    unsetenv("XDG_STATE_HOME");
    fine &= url_is("ipc:///home/of/tests/.local/state/master_key_guardian/guardian.sock");
    if (!fine) {
        _exit(1);
    }
}

static void users_live_in_their_state_directory(void **state)
{
    (void)state;
    as_somebody_else(look_for_user_directories);
}

static void refuses_a_relative_guardian_home(void **state)
{
    (void)state;
    setenv("GUARDIAN_HOME", "relative", 1);
    char path[512] = "untouched";
    assert_int_equal(config_private_directory(path, sizeof path, &fault), ERR_CONFIGURATION);
    assert_non_null(strstr(fault.sentence, "GUARDIAN_HOME is not absolute; write a path"));
    assert_string_equal(path, "untouched");
    assert_int_equal(config_default_url(path, sizeof path), ERR_CONFIGURATION);
}

static void refuses_paths_that_do_not_fit(void **state)
{
    (void)state;
    char path[512];
    char small[16];
    assert_int_equal(config_default_url(small, sizeof small), ERR_CONFIGURATION);
    assert_int_equal(config_private_directory(small, sizeof small, &fault), ERR_CONFIGURATION);
    char longest[2048];
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    setenv("GUARDIAN_HOME", longest, 1);
    assert_int_equal(config_private_directory(path, sizeof path, &fault), ERR_CONFIGURATION);
    assert_int_equal(config_default_url(path, sizeof path), ERR_CONFIGURATION);
    assert_int_equal(config_directory_make(longest, &fault), ERR_CONFIGURATION);
}

static void makes_what_is_missing_for_nobody_else(void **state)
{
    (void)state;
    mode_t before = umask(0);
    assert_int_equal(config_directory_make(inside, &fault), OK);
    umask(before);
    struct stat status;
    assert_int_equal(stat(inside, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    *strrchr(inside, '/') = '\0';
    assert_int_equal(stat(inside, &status), 0);
    inside[strlen(inside)] = '/';
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_int_equal(config_directory_make(inside, &fault), OK); /* and again */
}

static void refuses_a_directory_that_others_may_write(void **state)
{
    (void)state;
    assert_int_equal(config_directory_make(inside, &fault), OK);
    static const mode_t bad[] = {0720, 0702, 0777, 01777};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(chmod(inside, bad[i]), 0);
        assert_int_equal(config_directory_make(inside, &fault), ERR_CONFIGURATION);
        assert_non_null(strstr(fault.sentence, "may be written by others"));
        assert_non_null(strstr(fault.sentence, "make it 0700"));
    }
    assert_int_equal(chmod(inside, 0755), 0); /* reading is the files' own matter */
    assert_int_equal(config_directory_make(inside, &fault), OK);
}

static void refuses_a_directory_of_somebody_else(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(config_directory_make(inside, &fault), OK);
    assert_int_equal(chown(inside, SOMEBODY_ELSE, 0), 0);
    assert_int_equal(config_directory_make(inside, &fault), ERR_CONFIGURATION);
    assert_non_null(strstr(fault.sentence, "belongs to another user (uid 65534)"));
}

static void refuses_links_files_and_what_cannot_be_made(void **state)
{
    (void)state;
    assert_int_equal(config_directory_make(inside, &fault), OK);
    char link_path[160];
    snprintf(link_path, sizeof link_path, "%s/link", home);
    assert_int_equal(symlink(inside, link_path), 0);
    assert_int_equal(config_directory_make(link_path, &fault), ERR_IO);
    assert_non_null(strstr(fault.sentence, "a directory is needed here"));
    assert_int_equal(rmdir(inside), 0);
    FILE *file = fopen(inside, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(config_directory_make(inside, &fault), ERR_IO);
    char below[160];
    snprintf(below, sizeof below, "%s/c", inside);
    assert_int_equal(config_directory_make(below, &fault), ERR_IO);
    assert_non_null(strstr(fault.sentence, "cannot be made"));
}

/* ---- what a daemon without a file gets ------------------------------------------------------ */

static void the_embedded_defaults_live_in_the_private_directory(void **state)
{
    (void)state;
    struct buffer lines;
    struct config *config = NULL;
    buffer_init(&lines, 4096);
    assert_int_equal(config_defaults(&config, &lines), OK);
    assert_int_equal(access(inside, X_OK), 0);
    char expected[160];
    assert_string_equal(config->file, "");
    assert_string_equal(config->state_directory, inside);
    assert_int_equal(config->listen_count, 1);
    assert_true(url_is(config->listen[0].url)); /* the client looks where the daemon listens */
    assert_int_equal(config->listen[0].mode, 0600);
    assert_int_equal(config->sink_count, 1);
    snprintf(expected, sizeof expected, "file://%s/siem.log", inside);
    assert_string_equal(config->sinks[0].url, expected);
    assert_int_equal(config->access_count, 1);
    assert_int_equal(config->access[0].uid, geteuid());
    assert_int_equal(config->access[0].roles, ROLE_WORKFLOW);
    assert_int_equal(config->limits.workers, 64);
    config_release(config);
    buffer_done(&lines);
}

static void embedded_defaults_say_what_keeps_them_from_working(void **state)
{
    (void)state;
    struct buffer lines;
    struct config *config = NULL;
    buffer_init(&lines, 4096);
    setenv("GUARDIAN_HOME", "relative", 1);
    assert_int_equal(config_defaults(&config, &lines), ERR_CONFIGURATION);
    buffer_append_char(&lines, '\0');
    assert_non_null(strstr(lines.data, "embedded defaults: GUARDIAN_HOME is not absolute"));
    assert_null(config);
    buffer_done(&lines);
    /* a directory that fits a path but leaves no room for a socket's */
    char longer[200];
    memset(longer, 'a', sizeof longer);
    memcpy(longer, home, strlen(home));
    longer[strlen(home)] = '/';
    longer[199] = '\0';
    setenv("GUARDIAN_HOME", longer, 1);
    buffer_init(&lines, 4096);
    assert_int_equal(config_defaults(&config, &lines), ERR_CONFIGURATION);
    buffer_append_char(&lines, '\0');
    assert_non_null(strstr(lines.data, "too long for the socket"));
    buffer_done(&lines);
    rmdir(longer);
}

static void embedded_defaults_survive_a_lack_of_memory(void **state)
{
    (void)state;
    enum err err = ERR_NO_MEMORY;
    unsigned long n = 0;
    while (err == ERR_NO_MEMORY && n < 100) {
        struct buffer lines;
        struct config *config = NULL;
        buffer_init(&lines, 4096);
        memory_fail_from(++n);
        err = config_defaults(&config, &lines);
        memory_fail_from(0);
        config_release(config);
        buffer_done(&lines);
    }
    assert_int_equal(err, OK);
    assert_true(n > 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_home, remove_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(guardian_home_comes_first),
        TEST(root_lives_in_var_lib),
        TEST(users_live_in_their_state_directory),
        TEST(refuses_a_relative_guardian_home),
        TEST(refuses_paths_that_do_not_fit),
        TEST(makes_what_is_missing_for_nobody_else),
        TEST(refuses_a_directory_that_others_may_write),
        TEST(refuses_a_directory_of_somebody_else),
        TEST(refuses_links_files_and_what_cannot_be_made),
        TEST(the_embedded_defaults_live_in_the_private_directory),
        TEST(embedded_defaults_say_what_keeps_them_from_working),
        TEST(embedded_defaults_survive_a_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
