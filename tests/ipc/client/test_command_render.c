/* `guardianctl render` as a shell sees it: formats.md 9. The command runs in a child whose standard
 * streams are files or pipes. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/client/command_render.h"

#define RECORD(msg) \
    "{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"auth.message\",\"msg\":\"" msg "\"}"
#define LINE(msg) "CEF:0|MT4|senhasegura|3.27.0-4|37|Authentication messages|5|msg=" msg "\n"
#define OUTPUT_BYTES (1024 * 1024)
#define LINE_LIMIT_MS 10000 /* a line that has not come by then never comes */

/* ---- running it ---- */

struct run {
    int status;
    size_t out_length;
    char out[OUTPUT_BYTES];
    char err[OUTPUT_BYTES];
};

static struct run run;

static int file_of(const char *text, size_t length)
{
    int file = memfd_create("render", 0);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, length), length);
    assert_int_equal(lseek(file, 0, SEEK_SET), 0);
    return file;
}

static size_t read_back(int file, char *out)
{
    ssize_t length = pread(file, out, OUTPUT_BYTES - 1, 0);
    assert_true(length >= 0);
    out[length] = '\0';
    return (size_t)length;
}

/* Cuts the words, separated by single spaces, in place. */
static int split(char *words, char **argv)
{
    int argc = 0;
    while (words != NULL && *words != '\0') {
        argv[argc++] = words;
        words = strchr(words, ' ');
        if (words != NULL) {
            *words++ = '\0';
        }
    }
    return argc;
}

/* A child that is the command with these arguments. */
static pid_t start(const char *arguments, int in, int out, int err)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static char words[1024];
        char *argv[32] = {NULL};
        snprintf(words, sizeof words, "render %s", arguments);
        dup2(in, STDIN_FILENO);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        int status = command_render(split(words, argv), argv);
        _exit(fflush(NULL) == 0 ? status : 99);
    }
    return child;
}

static int wait_for(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void render_bytes(const char *arguments, const char *input, size_t length)
{
    int in = file_of(input, length);
    int out = file_of("", 0);
    int err = file_of("", 0);
    run.status = wait_for(start(arguments, in, out, err));
    run.out_length = read_back(out, run.out);
    read_back(err, run.err);
    close(in);
    close(out);
    close(err);
}

static void render(const char *arguments, const char *input)
{
    render_bytes(arguments, input, strlen(input));
}

static void expect_run(int status, const char *out, const char *err)
{
    assert_string_equal(run.err, err);
    assert_string_equal(run.out, out);
    assert_int_equal(run.status, status);
}

/* ---- lines ---- */

static void each_record_is_a_line_in_order(void **state)
{
    (void)state;
    render("", RECORD("a") "\n" RECORD("b") "\n" RECORD("c") "\n");
    expect_run(0, LINE("a") LINE("b") LINE("c"), "");
}

static void nothing_in_is_nothing_out(void **state)
{
    (void)state;
    render("", "");
    expect_run(0, "", "");
}

static void the_last_line_needs_no_line_end(void **state)
{
    (void)state;
    render("", RECORD("a") "\n" RECORD("b"));
    expect_run(0, LINE("a") LINE("b"), "");
}

static void blank_lines_are_skipped_but_counted(void **state)
{
    (void)state;
    render("", "\n \t\r\n" RECORD("a") "\r\n\n{\n");
    expect_run(1, LINE("a"), "line 5: bad_json\n");
}

static void options_choose_format_profile_limit_and_envelope(void **state)
{
    (void)state;
    render("--format sensage --profile=standard", RECORD("a"));
    expect_run(0,
               "time=2026-11-24T17:49:41.000000Z\thost=-\tid=37\tname=Authentication messages\t"
               "severity=5\trt=1795542581000\tcat=Event\tmsg=a\n",
               "");
    render("--format rfc5424 --profile senhasegura", RECORD("a"));
    expect_run(0, "<13>1 2026-11-24T17:49:41.000000Z - senhasegura - 37 [senhasegura@32473] a\n",
               "");
    render("--envelope syslog --format cef", RECORD("a"));
    expect_run(0, "<13>1 2026-11-24T17:49:41.000000Z - senhasegura - 37 - " LINE("a"), "");
    render("--envelope none", RECORD("a"));
    expect_run(0, LINE("a"), "");
}

static void a_limit_shortens_lines(void **state)
{
    (void)state;
    static char record[2048];
    char text[1001];
    memset(text, 'm', 1000);
    text[1000] = '\0';
    snprintf(record, sizeof record, RECORD("%s"), text);
    render("--limit 480", record);
    assert_int_equal(run.out_length, 481);
    assert_string_equal(run.out + 480 - 17, "... shortened=msg\n");
    render("--limit 1048576", record);
    assert_int_equal(run.status, 0);
    assert_null(strstr(run.out, "shortened"));
}

/* ---- refusals ---- */

static void a_refused_record_is_named_and_the_rest_goes_on(void **state)
{
    (void)state;
    render("", RECORD("a") "\n"
                           "{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"no.such\"}\n" RECORD(
                               "b") "\n");
    expect_run(1, LINE("a") LINE("b"), "line 2: unknown_type type\n");
}

static void every_reason_has_its_word(void **state)
{
    (void)state;
#define AT "{\"time\":\"2026-11-24T17:49:41Z\","
    render("", "{\"a\":\"\xff\"}\n"
               "[]\n"
               "{}}\n" AT "\"type\":\"auth.message\",\"msg\":\"a\",\"msg\":\"b\"}\n" AT
               "\"type\":\"nothing\"}\n" AT
               "\"type\":\"information.viewed\",\"suser\":\"e\",\"sname\":\"E\","
               "\"information\":\"i\",\"foo\":1}\n" AT "\"type\":\"information.viewed\"}\n" AT
               "\"type\":\"auth.message\",\"msg\":1.5}\n" AT
               "\"type\":\"auth.message\",\"src\":\"300.0.0.1\"}\n" AT
               "\"type\":\"auth.message\",\"geo\":{\"latitude\":91}}\n");
    expect_run(1, "",
               "line 1: bad_utf8 a\n"
               "line 2: bad_json\n"
               "line 3: bad_json\n"
               "line 4: duplicate msg\n"
               "line 5: unknown_type type\n"
               "line 6: unknown_field foo\n"
               "line 7: missing_field suser\n"
               "line 8: bad_type msg\n"
               "line 9: bad_value src\n"
               "line 10: bad_value geo/latitude\n");
#undef AT
}

static void a_nul_is_no_end_of_a_line(void **state)
{
    (void)state;
    static const char input[] = RECORD("a") "\0\n\0\n" RECORD("b") "\n" RECORD("c\0d") "\n";
    render_bytes("", input, sizeof input - 1);
    assert_string_equal(run.out, LINE("b"));
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "line 1: bad_json\nline 2: bad_json\nline 4: bad_json"));
}

static void a_hostile_field_name_does_not_reach_the_terminal(void **state)
{
    (void)state;
    render("", "{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"information.viewed\",\"suser\":\"e\","
               "\"sname\":\"E\",\"information\":\"i\",\"\\u001b[31m\\n\xc2\x9b\":1}\n");
    assert_int_equal(run.status, 1);
    assert_string_equal(run.err, "line 1: unknown_field \\u{1B}[31m \\u{9B}\n");
}

static void a_line_over_the_limit_is_refused_and_the_rest_goes_on(void **state)
{
    (void)state;
    size_t length = COMMAND_RENDER_LINE_MAX + 1;
    char *input = malloc(3 * length);
    assert_non_null(input);
    memset(input, ' ', length - 1);
    input[0] = '{';
    input[length - 1] = '}';
    memcpy(input + length, "\n" RECORD("a") "\n", sizeof RECORD("a") + 1);
    size_t used = length + sizeof RECORD("a") + 1;
    memset(input + used, 'x', length); /* and the last, which never ends */
    render_bytes("", input, used + length);
    expect_run(1, LINE("a"), "line 1: too_large\nline 3: too_large\n");
    free(input);
}

static void a_line_of_four_mebibytes_is_taken(void **state)
{
    (void)state;
    char *input = malloc(COMMAND_RENDER_LINE_MAX);
    assert_non_null(input);
    memset(input, ' ', COMMAND_RENDER_LINE_MAX);
    memcpy(input, RECORD("a"), sizeof RECORD("a") - 1);
    render_bytes("", input, COMMAND_RENDER_LINE_MAX);
    expect_run(0, LINE("a"), "");
    free(input);
}

/* ---- usage ---- */

static void wrong_usage_is_status_2_and_says_what_is_right(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        const char *held;
    } wrong[] = {
        {"--format leef", "'leef': use cef, rfc5424 or sensage"},
        {"--profile x", "'x': use senhasegura or standard"},
        {"--envelope x", "'x': use syslog or none"},
        {"--limit 479", "'479': use a number of octets from 480 to 1048576"},
        {"--limit 1048577", "480 to 1048576"},
        {"--limit 480x", "480 to 1048576"},
        {"--limit -480", "480 to 1048576"},
        {"--limit +480", "480 to 1048576"},
        {"--limit 0480", "480 to 1048576"},
        {"--limit 99999999999999999999999", "480 to 1048576"},
        {"--limit=", "480 to 1048576"},
        {"--limit", "'--limit'"},
        {"--colour", "'--colour'"},
        {"-x", "'-x'"},
        {"--help=yes", "'--help=yes'"},
        {"events.jsonl", "'events.jsonl': records are read from standard input"},
        {"-- --format", "'--format'"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        render(wrong[i].arguments, RECORD("a"));
        assert_int_equal(run.status, 2);
        assert_string_equal(run.out, "");
        if (strstr(run.err, wrong[i].held) == NULL) {
            fail_msg("%s: '%s' is missing in: %s", wrong[i].arguments, wrong[i].held, run.err);
        }
        assert_true(strchr(run.err, '\n') == run.err + strlen(run.err) - 1);
    }
}

static void help_is_for_standard_output(void **state)
{
    (void)state;
    render("--help", RECORD("a"));
    assert_int_equal(run.status, 0);
    assert_string_equal(run.err, "");
    static const char *const options[] = {"--format", "--profile", "--limit", "--envelope"};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        assert_non_null(strstr(run.out, options[i]));
    }
}

static void the_command_can_run_twice_in_one_process(void **state)
{
    (void)state;
    char *wrong[] = {(char[]){"render"}, (char[]){"--limit"}, (char[]){"1"}, NULL};
    assert_int_equal(command_render(3, wrong), 2);
    char *help[] = {(char[]){"render"}, (char[]){"--help"}, NULL};
    assert_int_equal(command_render(2, help), 0);
}

/* ---- streams ---- */

static void lines_come_before_more_records_are_waited_for(void **state)
{
    (void)state;
    int in[2];
    int out[2];
    char line[sizeof LINE("a")] = "";
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    int err = file_of("", 0);
    pid_t child = start("", in[0], out[1], err);
    close(in[0]);
    close(out[1]);
    /* the input does not end: the child itself holds its writing end open */
    assert_int_equal(write(in[1], RECORD("a") "\n{\"ti", sizeof RECORD("a") + 5),
                     sizeof RECORD("a") + 5);
    size_t used = 0;
    while (used < sizeof line - 1) {
        struct pollfd ready = {.fd = out[0], .events = POLLIN};
        int polled = poll(&ready, 1, LINE_LIMIT_MS);
        if (polled != 1) {
            kill(child, SIGKILL);
        }
        assert_int_equal(polled, 1);
        ssize_t got = read(out[0], line + used, sizeof line - 1 - used);
        assert_true(got > 0);
        used += (size_t)got;
    }
    assert_string_equal(line, LINE("a"));
    assert_int_equal(kill(child, SIGTERM), 0);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    close(in[1]);
    close(out[0]);
    close(err);
}

static void expect_write_error(int out)
{
    static char input[400 * sizeof RECORD("a")];
    size_t used = 0;
    for (int i = 0; i < 400; i++) {
        memcpy(input + used, RECORD("a") "\n", sizeof RECORD("a"));
        used += sizeof RECORD("a");
    }
    int in = file_of(input, used);
    int err = file_of("", 0);
    run.status = wait_for(start("", in, out, err));
    read_back(err, run.err);
    assert_int_equal(run.status, 1);
    char *end = strchr(run.err, '\n');
    assert_non_null(end);
    assert_string_equal(end, "\n"); /* one line, once */
    assert_non_null(strstr(run.err, "cannot write to standard output: "));
    close(in);
    close(err);
}

static void a_full_disk_is_one_clear_error(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY);
    assert_true(full >= 0);
    expect_write_error(full);
    assert_non_null(strstr(run.err, "No space left on device"));
    close(full);
}

static void a_reader_that_has_left_is_one_clear_error(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    expect_write_error(ends[1]);
    assert_non_null(strstr(run.err, "Broken pipe"));
    close(ends[1]);
}

static void an_input_that_cannot_be_read_is_one_clear_error(void **state)
{
    (void)state;
    int folder = open("/", O_RDONLY | O_DIRECTORY);
    int out = file_of("", 0);
    int err = file_of("", 0);
    assert_true(folder >= 0);
    assert_int_equal(wait_for(start("", folder, out, err)), 1);
    read_back(err, run.err);
    assert_string_equal(run.err,
                        "guardianctl render: cannot read standard input: Is a directory\n");
    close(folder);
    close(out);
    close(err);
}

/* A slow reader behind a pipe that does not block: every line arrives all the same. */
static void a_pipe_that_does_not_block_loses_nothing(void **state)
{
    (void)state;
    enum { RECORDS = 4000 };
    static char input[RECORDS * sizeof RECORD("a")];
    static char got[RECORDS * sizeof LINE("a")];
    int ends[2];
    for (size_t i = 0; i < RECORDS; i++) {
        memcpy(input + i * sizeof RECORD("a"), RECORD("a") "\n", sizeof RECORD("a"));
    }
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    int in = file_of(input, RECORDS * sizeof RECORD("a"));
    int err = file_of("", 0);
    pid_t child = start("", in, ends[1], err);
    close(ends[1]);
    size_t used = 0;
    ssize_t octets;
    while ((octets = read(ends[0], got + used, sizeof got - used)) > 0) {
        used += (size_t)octets;
    }
    assert_int_equal(wait_for(child), 0);
    assert_int_equal(used, RECORDS * (sizeof LINE("a") - 1));
    for (size_t i = 0; i < RECORDS; i++) {
        assert_memory_equal(got + i * (sizeof LINE("a") - 1), LINE("a"), sizeof LINE("a") - 1);
    }
    close(ends[0]);
    close(in);
    close(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_is_a_line_in_order),
        cmocka_unit_test(nothing_in_is_nothing_out),
        cmocka_unit_test(the_last_line_needs_no_line_end),
        cmocka_unit_test(blank_lines_are_skipped_but_counted),
        cmocka_unit_test(options_choose_format_profile_limit_and_envelope),
        cmocka_unit_test(a_limit_shortens_lines),
        cmocka_unit_test(a_refused_record_is_named_and_the_rest_goes_on),
        cmocka_unit_test(every_reason_has_its_word),
        cmocka_unit_test(a_nul_is_no_end_of_a_line),
        cmocka_unit_test(a_hostile_field_name_does_not_reach_the_terminal),
        cmocka_unit_test(a_line_over_the_limit_is_refused_and_the_rest_goes_on),
        cmocka_unit_test(a_line_of_four_mebibytes_is_taken),
        cmocka_unit_test(wrong_usage_is_status_2_and_says_what_is_right),
        cmocka_unit_test(help_is_for_standard_output),
        cmocka_unit_test(the_command_can_run_twice_in_one_process),
        cmocka_unit_test(lines_come_before_more_records_are_waited_for),
        cmocka_unit_test(a_full_disk_is_one_clear_error),
        cmocka_unit_test(a_reader_that_has_left_is_one_clear_error),
        cmocka_unit_test(an_input_that_cannot_be_read_is_one_clear_error),
        cmocka_unit_test(a_pipe_that_does_not_block_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
