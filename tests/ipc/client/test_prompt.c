/* A person at a terminal: answers, Ctrl-C, Ctrl-D, Ctrl-Z, signals. What matters after each is that
 * nothing was shown and that the terminal shows again what is typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ipc/client/prompt.h"
#include "tests/terminal.h"

#define MOST 20

enum { GOT_EXPECTED = 10, GOT_OTHER = 11, REFUSED_IO = 12, REFUSED_TOO_LONG = 13, OTHER = 14 };

/* In the child: asks, and says by its exit code what came of it. */
static int ask(const char *expected)
{
    struct secret *answer = NULL;
    struct fault fault;
    enum err err = prompt_secret("Secret? ", MOST, &answer, &fault);
    if (err == OK) {
        size_t length = strlen(expected);
        bool same = answer->length == length && memcmp(answer->data, expected, length) == 0;
        secret_free(answer);
        return same ? GOT_EXPECTED : GOT_OTHER;
    }
    return err == ERR_IO && fault.reason == REASON_io                     ? REFUSED_IO
           : err == ERR_INVALID_PARAMS && fault.reason == REASON_too_long ? REFUSED_TOO_LONG
                                                                          : OTHER;
}

/* Types into a prompt; the child's exit code, or minus the signal. */
static int type_into(struct terminal *terminal, const char *typed, const char *expected)
{
    pid_t child = terminal_fork(terminal);
    assert_true(child >= 0);
    if (child == 0) {
        _exit(ask(expected));
    }
    assert_true(terminal_expect(terminal, "Secret? "));
    assert_false(terminal_echoes(terminal));
    assert_true(terminal_type(terminal, typed));
    return terminal_end(terminal);
}

static void an_answer_is_read_and_not_shown(void **state)
{
    (void)state;
    struct terminal terminal;
    assert_int_equal(type_into(&terminal, "open sesame\n", "open sesame"), GOT_EXPECTED);
    assert_null(strstr(terminal.seen, "sesame"));
    assert_true(terminal.echoes_at_end);
}

static void a_slip_can_be_rubbed_out(void **state)
{
    (void)state;
    struct terminal terminal;
    assert_int_equal(type_into(&terminal, "opem\x7fn sesame\n", "open sesame"), GOT_EXPECTED);
}

static void an_answer_may_be_empty(void **state)
{
    (void)state;
    struct terminal terminal;
    assert_int_equal(type_into(&terminal, "\n", ""), GOT_EXPECTED);
}

static void an_answer_may_be_as_long_as_asked_and_no_longer(void **state)
{
    (void)state;
    struct terminal terminal;
    assert_int_equal(type_into(&terminal, "12345678901234567890\n", "12345678901234567890"),
                     GOT_EXPECTED);
    assert_int_equal(type_into(&terminal, "123456789012345678901\n", ""), REFUSED_TOO_LONG);
    assert_true(terminal.echoes_at_end);
}

static void the_end_of_input_is_no_answer(void **state)
{
    (void)state;
    struct terminal terminal;
    assert_int_equal(type_into(&terminal, "\x04", ""), REFUSED_IO);
    assert_true(terminal.echoes_at_end);
}

static void ctrl_c_ends_it_and_the_terminal_echoes_again(void **state)
{
    (void)state;
    struct terminal terminal;
    assert_int_equal(type_into(&terminal, "half\x03", ""), -SIGINT);
    assert_true(terminal.echoes_at_end);
    assert_null(strstr(terminal.seen, "half"));
}

static void a_signal_from_elsewhere_ends_it_and_the_terminal_echoes_again(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGQUIT, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct terminal terminal;
        if (terminal_fork(&terminal) == 0) {
            signal(signals[i], SIG_DFL);
            _exit(ask(""));
        }
        assert_true(terminal_expect(&terminal, "Secret? "));
        assert_int_equal(kill(terminal.child, signals[i]), 0);
        assert_int_equal(terminal_end(&terminal), -signals[i]);
        assert_true(terminal.echoes_at_end);
    }
}

static void a_signal_that_is_ignored_stays_ignored(void **state)
{
    (void)state;
    struct terminal terminal;
    if (terminal_fork(&terminal) == 0) {
        signal(SIGINT, SIG_IGN);
        _exit(ask("still here"));
    }
    assert_true(terminal_expect(&terminal, "Secret? "));
    assert_int_equal(kill(terminal.child, SIGINT), 0);
    assert_true(terminal_type(&terminal, "still here\n"));
    assert_int_equal(terminal_end(&terminal), GOT_EXPECTED);
}

static void say(const char *text)
{
    (void)!write(STDOUT_FILENO, text, strlen(text));
}

/* What a shell does: the job in its own group before the terminal, waited for until it stops. */
static int run_as_a_shell(const char *expected)
{
    int status = 0;
    signal(SIGTTOU, SIG_IGN);
    pid_t job = fork();
    if (job == 0) {
        setpgid(0, 0);
        tcsetpgrp(STDIN_FILENO, getpid());
        signal(SIGTTOU, SIG_DFL);
        _exit(ask(expected));
    }
    if (waitpid(job, &status, WUNTRACED) != job || !WIFSTOPPED(status)) {
        return OTHER;
    }
    say("stopped\n");
    char go_on;
    tcsetpgrp(STDIN_FILENO, getpid());
    if (read(STDIN_FILENO, &go_on, 1) != 1) {
        return OTHER;
    }
    tcsetpgrp(STDIN_FILENO, job);
    kill(job, SIGCONT);
    return waitpid(job, &status, 0) == job && WIFEXITED(status) ? WEXITSTATUS(status) : OTHER;
}

static void ctrl_z_stops_it_with_echo_and_brought_back_it_asks_again(void **state)
{
    (void)state;
    struct terminal terminal;
    if (terminal_fork(&terminal) == 0) {
        _exit(run_as_a_shell("whole answer"));
    }
    assert_true(terminal_expect(&terminal, "Secret? "));
    assert_true(terminal_type(&terminal, "half\x1a"));
    assert_true(terminal_expect(&terminal, "stopped"));
    assert_true(terminal_echoes(&terminal));
    assert_true(terminal_type(&terminal, "\n"));
    assert_true(terminal_expect(&terminal, "Secret? "));
    assert_true(terminal_type(&terminal, "whole answer\n"));
    assert_int_equal(terminal_end(&terminal), GOT_EXPECTED);
    assert_true(terminal.echoes_at_end);
    assert_null(strstr(terminal.seen, "whole answer"));
}

static void without_a_terminal_it_is_refused(void **state)
{
    (void)state;
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setsid(); /* leaves the terminal there may be */
        struct fault fault;
        struct secret *secret = secret_copy("x", 1);
        bool hidden = prompt_show("", secret, "", &fault) == ERR_IO;
        _exit(hidden ? ask("") : OTHER);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), REFUSED_IO);
}

static void a_secret_is_shown_on_the_terminal_whatever_standard_output_is(void **state)
{
    (void)state;
    struct terminal terminal;
    if (terminal_fork(&terminal) == 0) {
        struct secret *secret = secret_copy("sesame", 6);
        close(STDOUT_FILENO);
        close(STDERR_FILENO);
        _exit(prompt_show("It is ", secret, ".\n", NULL) == OK ? 0 : 1);
    }
    assert_true(terminal_expect(&terminal, "It is sesame."));
    assert_int_equal(terminal_end(&terminal), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_read_and_not_shown),
        cmocka_unit_test(a_slip_can_be_rubbed_out),
        cmocka_unit_test(an_answer_may_be_empty),
        cmocka_unit_test(an_answer_may_be_as_long_as_asked_and_no_longer),
        cmocka_unit_test(the_end_of_input_is_no_answer),
        cmocka_unit_test(ctrl_c_ends_it_and_the_terminal_echoes_again),
        cmocka_unit_test(a_signal_from_elsewhere_ends_it_and_the_terminal_echoes_again),
        cmocka_unit_test(a_signal_that_is_ignored_stays_ignored),
        cmocka_unit_test(ctrl_z_stops_it_with_echo_and_brought_back_it_asks_again),
        cmocka_unit_test(without_a_terminal_it_is_refused),
        cmocka_unit_test(a_secret_is_shown_on_the_terminal_whatever_standard_output_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
