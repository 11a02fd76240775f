/* guardianctl as a person and a script use it, against a real daemon. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/harness.h"

/* ---- running the client ---- */

struct run {
    int status;
    char *out; /* until the next run */
    char *err;
};

static struct run run;

static void forget_run(void)
{
    free(run.out);
    free(run.err);
    run = (struct run){0};
}

/* Runs `guardianctl ARGUMENTS` in a shell (so quotes work) with this input. */
static void client(struct harness *h, const char *arguments, const char *input)
{
    char in[300], out[300], err[300], command[4096];
    forget_run();
    snprintf(in, sizeof in, "%s/in", h->directory);
    snprintf(out, sizeof out, "%s/out", h->directory);
    snprintf(err, sizeof err, "%s/err", h->directory);
    FILE *file = fopen(in, "w");
    assert_non_null(file);
    fputs(input, file);
    assert_int_equal(fclose(file), 0);
    snprintf(command, sizeof command, "GUARDIAN_URL=%s " TEST_CLIENT " %s <%s >%s 2>%s", h->url,
             arguments, in, out, err);
    int status = system(command);
    assert_true(WIFEXITED(status));
    run.status = WEXITSTATUS(status);
    run.out = harness_read_file(out);
    run.err = harness_read_file(err);
}

static void expect_in(const char *text, const char *what)
{
    if (strstr(text, what) == NULL) {
        print_error("'%s' is not in:\n%s\n", what, text);
        fail();
    }
}

/* ---- what a terminal sees ---- */

#define EVIL "\u202e\u200b\ufeff\xc2\x85"
#define EVIL_SHOWN "\\u{202E}\\u{200B}\\u{FEFF}\\u{85}"

static void no_text_of_the_trail_steers_the_terminal(void **state)
{
    struct harness *h = *state;
    client(h, "emit --type information.viewed suser=e" EVIL " sname=E" EVIL " information=i" EVIL,
           "");
    assert_int_equal(run.status, 0);
    client(h, "audit show 1", "");
    expect_in(run.out, "E" EVIL_SHOWN);
    assert_null(strstr(run.out, "\u202e"));
    client(h, "audit query --type information.viewed", "");
    expect_in(run.out, "\\u{202E}");
    assert_null(strstr(run.out, "\u202e"));
    client(h, "audit tail", "");
    assert_null(strstr(run.out, "\u202e"));
    /* machines get what was sent */
    client(h, "--json audit show 1", "");
    expect_in(run.out, "\"sname\":\"E" EVIL "\"");
}

static void no_refusal_steers_the_terminal(void **state)
{
    struct harness *h = *state;
    client(h, "emit --type information.viewed suser=e sname=E information=i field" EVIL "=1", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "field\\u{202E}\\u{200B}\\u{FEFF}");
    assert_null(strstr(run.err, "\u202e"));
    client(h, "emit --type no" EVIL ".type suser=e", "");
    assert_int_equal(run.status, 1);
    assert_null(strstr(run.err, "\u202e"));
    client(h, "emit --type information.viewed " EVIL, "");
    assert_int_equal(run.status, 2);
    assert_null(strstr(run.err, "\u202e"));
}

static int start(void **state)
{
    struct harness *h = calloc(1, sizeof *h);
    assert_non_null(h);
    harness_start(h, NULL);
    *state = h;
    return 0;
}

static int stop(void **state)
{
    harness_stop(*state);
    free(*state);
    forget_run();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_text_of_the_trail_steers_the_terminal, start, stop),
        cmocka_unit_test_setup_teardown(no_refusal_steers_the_terminal, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
