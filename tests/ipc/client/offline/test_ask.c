/* guardian-combine on a terminal: what it asks, how it helps, that nothing typed is shown, and that
 * the terminal is as it was afterwards. */
#include "tests/ipc/client/offline/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sodium.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "audit/base/clock.h"

#define WAIT_MS 20000

/* A program on a terminal of its own; what it printed on standard output goes elsewhere. */
struct session {
    int master;
    int slave; /* kept open, to look at its settings */
    int out;
    pid_t pid;
    char shown[PROGRAM_PRINTED_MAX]; /* all that came on the terminal */
    size_t length;
    size_t looked; /* up to where it was looked at */
};

static struct slip39_part parts[3];
static char lines[3][PROGRAM_LINE];
static char key_hex[65];

static int make_set(void **state)
{
    (void)state;
    const struct slip39_plan plan = {
        .id = 1234, .group_threshold = 1, .group_count = 1, .groups = {{2, 3}}};
    struct secret *key = secret_new(32);
    randombytes_buf(key->data, 32);
    key->length = 32;
    sodium_bin2hex(key_hex, sizeof key_hex, key->data, 32);
    program_split(key, &plan, parts, lines);
    secret_free(key);
    return 0;
}

static int drop_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        slip39_part_done(&parts[i]);
    }
    return 0;
}

/* ---- the terminal
 * -------------------------------------------------------------------------------- */

static void start(struct session *session, const char *program, const char *command)
{
    memset(session, 0, sizeof *session);
    assert_int_equal(openpty(&session->master, &session->slave, NULL, NULL, NULL), 0);
    session->out = program_memory("", 0);
    session->pid = fork();
    if (session->pid == 0) {
        setsid();
        ioctl(session->slave, TIOCSCTTY, 0);
        dup2(session->slave, 0);
        dup2(session->out, 1);
        dup2(session->slave, 2);
        close(session->master);
        execl(program, program, command, (char *)NULL);
        _exit(127);
    }
}

/* Reads what is shown until this text comes; fails after a while. */
static void expect(struct session *session, const char *text)
{
    int64_t end = clock_boot_ms() + WAIT_MS;
    while (strstr(session->shown + session->looked, text) == NULL) {
        struct pollfd input = {.fd = session->master, .events = POLLIN};
        if (clock_boot_ms() > end || poll(&input, 1, 1000) < 0) {
            fail_msg("\"%s\" does not come after: %s", text, session->shown + session->looked);
        }
        if ((input.revents & POLLIN) != 0) {
            ssize_t taken = read(session->master, session->shown + session->length,
                                 sizeof session->shown - 1 - session->length);
            assert_true(taken > 0);
            session->length += (size_t)taken;
        }
    }
    session->looked =
        (size_t)(strstr(session->shown + session->looked, text) - session->shown) + strlen(text);
}

static void type(struct session *session, const char *text)
{
    assert_int_equal(write(session->master, text, strlen(text)), strlen(text));
}

static void type_line(struct session *session, const char *text)
{
    type(session, text);
    type(session, "\n");
}

static bool echoes(const struct session *session)
{
    struct termios settings;
    assert_int_equal(tcgetattr(session->slave, &settings), 0);
    return (settings.c_lflag & ECHO) != 0;
}

/* Waits for the end; checks code and standard output. */
static void finish(struct session *session, int code, const char *printed)
{
    char out[PROGRAM_PRINTED_MAX];
    int status = 0;
    assert_int_equal(waitpid(session->pid, &status, 0), session->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
    program_printed(session->out, out);
    assert_string_equal(out, printed);
    assert_true(echoes(session));
    close(session->slave);
    close(session->master);
}

static void finish_with_key(struct session *session)
{
    char printed[70];
    snprintf(printed, sizeof printed, "%s\n", key_hex);
    finish(session, 0, printed);
}

/* Words `from` to `to`, counted from 1, of a line. */
static const char *words(const char *line, size_t from, size_t to)
{
    static char text[PROGRAM_LINE];
    size_t number = 1;
    size_t length = 0;
    for (const char *at = line; *at != '\0'; at++) {
        number += *at == ' ' ? 1 : 0;
        if (number >= from && number <= to && (length > 0 || *at != ' ')) {
            text[length++] = *at;
        }
    }
    text[length] = '\0';
    return text;
}

/* No two neighbouring words of it. (One alone may be a word of the dialogue.) */
static void assert_not_shown(const struct session *session, const char *line)
{
    for (size_t i = 1; i < 33; i++) {
        assert_null(strstr(session->shown, words(line, i, i + 1)));
    }
}

/* ---- the dialogue
 * -------------------------------------------------------------------------------- */

static void two_parts_typed_give_the_key_and_are_not_shown(void **state)
{
    (void)state;
    struct session session;
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    assert_false(echoes(&session));
    type_line(&session, lines[2]);
    expect(&session, "number 3 of a set that any 2 of its parts open");
    expect(&session, "The part is in.");
    expect(&session, "Part 2 (1 of 2 given)");
    type_line(&session, words(lines[0], 1, 10));
    expect(&session, "Word 11:");
    type_line(&session, words(lines[0], 11, 32));
    expect(&session, "Word 33:");
    type_line(&session, words(lines[0], 33, 33));
    expect(&session, "Part 3 (enough are given; Enter alone: no more)");
    type_line(&session, "");
    finish_with_key(&session);
    assert_not_shown(&session, lines[0]);
    assert_not_shown(&session, lines[2]);
}

static void pasted_numbers_are_dropped_and_short_words_are_not_shown_whole(void **state)
{
    (void)state;
    struct session session;
    char text[2 * PROGRAM_LINE] = "";
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    for (size_t i = 1; i <= 33; i++) {
        const char *form = i % 3 == 0 ? "%zu. %s " : i % 3 == 1 ? "%zu) %s " : "%zu.%s ";
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, form, i, words(lines[1], i, i));
    }
    type_line(&session, text);
    expect(&session, "The part is in.");
    expect(&session, "Part 2");
    type_line(&session, "ACAD acid");
    expect(&session, "belongs to another set than part 1");
    expect(&session, "2 so far. Word 3:");
    type_line(&session, "-");
    expect(&session, "All words of this part are thrown away");
    type_line(&session, lines[0]);
    expect(&session, "Part 3");
    type_line(&session, "");
    finish_with_key(&session);
    assert_null(strstr(session.shown, "academic"));
}

static void the_end_of_the_input_is_no_yes(void **state)
{
    (void)state;
    struct session session;
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    type_line(&session, lines[1]);
    expect(&session, "Part 2");
    type_line(&session, lines[0]);
    expect(&session, "Enter alone: no more)");
    type(&session, "\x04");
    expect(&session,
           "The input ended (Ctrl-D, or the terminal was closed). Nothing was recovered.");
    finish(&session, 1, "");
}

static void a_terminal_that_hangs_up_prints_no_key(void **state)
{
    (void)state;
    for (int ignored = 0; ignored < 2; ignored++) {
        struct session session;
        char out[PROGRAM_PRINTED_MAX];
        int status = 0;
        void (*before)(int) = signal(SIGHUP, ignored ? SIG_IGN : SIG_DFL); /* as under nohup */
        start(&session, PROGRAM_COMBINE, NULL);
        signal(SIGHUP, before);
        expect(&session, "Part 1");
        type_line(&session, lines[1]);
        expect(&session, "Part 2");
        type_line(&session, lines[0]);
        expect(&session, "Enter alone: no more)");
        close(session.slave);
        close(session.master);
        assert_int_equal(waitpid(session.pid, &status, 0), session.pid);
        assert_true(ignored ? WIFEXITED(status) && WEXITSTATUS(status) == 1
                            : WIFSIGNALED(status) || WEXITSTATUS(status) == 1);
        program_printed(session.out, out);
        assert_string_equal(out, "");
    }
}

static void an_unknown_word_is_numbered_and_near_words_are_shown_when_asked_for(void **state)
{
    (void)state;
    struct session session;
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    type_line(&session, "academic husbnad acid");
    expect(&session, "Word 2 is not on the list, and what was typed behind it is not taken.");
    expect(&session, "Word 2:");
    assert_null(strstr(session.shown, "husband"));
    type_line(&session, "?");
    expect(&session, "Near it: husband");
    expect(&session, "Word 2:");
    type_line(&session, "qqqqqqq");
    expect(&session, "Word 2 is not on the list. Look at the page again");
    type_line(&session, "?");
    expect(&session, "No word of the list is near it.");
    type_line(&session, "?");
    expect(&session, "down the first column");
    type_line(&session, "-");
    expect(&session, "thrown away");
    expect(&session, "Part 1");
    type_line(&session, "");
    finish(&session, 1, "");
}

static void a_swap_is_named_and_put_right(void **state)
{
    (void)state;
    struct session session;
    char text[2 * PROGRAM_LINE] = "";
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    for (size_t i = 1; i <= 33; i++) {
        size_t number = i == 7 ? 8 : i == 8 ? 7 : i;
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s ", words(lines[0], number, number));
    }
    type_line(&session, text);
    expect(&session, "Words 7 and 8 may be in the wrong order.");
    expect(&session, "17 word puts word 17 right");
    assert_null(strstr(session.shown, "of a set that")); /* what the words say is not proven yet */
    snprintf(text, sizeof text, "7 %s", words(lines[0], 7, 7));
    type_line(&session, text);
    expect(&session, "If only one word is wrong, it is number 8");
    snprintf(text, sizeof text, "8. %s", words(lines[0], 8, 8));
    type_line(&session, text);
    expect(&session, "The part is in.");
    assert_not_shown(&session, lines[0]);
    type_line(&session, lines[1]);
    expect(&session, "Part 3");
    type_line(&session, "");
    finish_with_key(&session);
}

static void a_missing_word_is_told(void **state)
{
    (void)state;
    struct session session;
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    type_line(&session, words(lines[0], 1, 32));
    expect(&session, "Word 33:");
    type_line(&session, "");
    expect(&session, "32 words: one is missing. It may be word 33 that was left out");
    assert_null(strstr(session.shown, "of a set that"));
    type_line(&session, words(lines[0], 33, 33));
    expect(&session, "The part is in.");
    expect(&session, "Part 2");
    type_line(&session, "");
    expect(&session, "1 of 2 parts given");
    finish(&session, 1, "");
}

static void type_but(struct session *session, const char *line, size_t left_out, size_t doubled)
{
    char text[2 * PROGRAM_LINE] = "";
    for (size_t i = 1; i <= 33; i++) {
        for (size_t j = i == left_out ? 1 : 0; j < (i == doubled ? 2u : 1u); j++) {
            size_t length = strlen(text);
            snprintf(text + length, sizeof text - length, "%s ", words(line, i, i));
        }
    }
    type_line(session, text);
}

static void a_word_left_out_or_typed_twice_is_placed_and_mended(void **state)
{
    (void)state;
    struct session session;
    char text[64];
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    type_but(&session, lines[0], 14, 0);
    expect(&session, "32 so far.");
    type_line(&session, "");
    expect(&session, "32 words: one is missing. It may be word 14 that was left out");
    snprintf(text, sizeof text, "+14 %s", words(lines[0], 14, 14));
    type_line(&session, text);
    expect(&session, "The part is in.");
    type_but(&session, lines[1], 0, 20);
    expect(&session, "34 words: one is too many. It may be number 21 of those");
    type_line(&session, "-21");
    expect(&session, "The part is in.");
    type_line(&session, "");
    finish_with_key(&session);
    assert_not_shown(&session, lines[0]);
}

static void columns_read_across_are_told(void **state)
{
    (void)state;
    struct session session;
    char text[2 * PROGRAM_LINE] = "";
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    type_line(&session, lines[1]);
    expect(&session, "Part 2");
    for (size_t i = 0; i < 33; i++) {
        size_t length = strlen(text);
        size_t number = i % 3 * 11 + i / 3 + 1;
        snprintf(text + length, sizeof text - length, "%s ", words(lines[0], number, number));
    }
    type_line(&session, text);
    expect(&session, "may have been read across");
    assert_null(strstr(session.shown, "another set"));
    assert_int_equal(kill(session.pid, SIGKILL), 0);
    assert_int_equal(waitpid(session.pid, NULL, 0), session.pid);
    close(session.out);
    close(session.slave);
    close(session.master);
}

static void of_two_sets_the_person_says_which_one_is_meant(void **state)
{
    (void)state;
    struct session session;
    struct slip39_part other[2];
    char other_lines[2][PROGRAM_LINE];
    const struct slip39_plan plan = {
        .id = 77, .group_threshold = 1, .group_count = 1, .groups = {{2, 2}}};
    struct secret *key = secret_copy("0123456789abcdef0123456789abcdef", 32);
    program_split(key, &plan, other, other_lines);
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    type_line(&session, other_lines[0]);
    expect(&session, "The part is in.");
    type_line(&session, lines[0]);
    expect(&session, "but of another set than part 1");
    type_line(&session, "");
    expect(&session, "1 or 2: ");
    type_line(&session, "1");
    expect(&session, "The part is in.");
    expect(&session, "Part 2 (1 of 2 given)");
    type_line(&session, other_lines[1]);
    expect(&session, "1 or 2: ");
    type_line(&session, "2");
    expect(&session, "All words of this part are thrown away");
    expect(&session, "Part 2 (1 of 2 given)");
    type_line(&session, lines[2]);
    expect(&session, "Part 3");
    type_line(&session, "");
    finish_with_key(&session);
    slip39_part_done(&other[0]);
    slip39_part_done(&other[1]);
    secret_free(key);
}

static void a_wrong_part_that_was_given_up_is_spoken_of_at_the_end(void **state)
{
    (void)state;
    struct session session;
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    type_line(&session, "help");
    expect(&session, "down the first column");
    type_line(&session, lines[0]);
    expect(&session, "Part 2");
    type_but(&session, lines[1], 3, 5);
    expect(&session, "The checksum is wrong.");
    type_line(&session, "-");
    expect(&session, "Part 2");
    type_line(&session, "");
    expect(&session, "The part typed last was wrong: it is not among those given.");
    expect(&session, "1 of 2 parts given");
    finish(&session, 1, "");
}

static void a_part_that_is_already_in_is_named_after_four_words(void **state)
{
    (void)state;
    struct session session;
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    type_line(&session, lines[0]);
    expect(&session, "Part 2");
    type_line(&session, words(lines[0], 1, 4));
    expect(&session, "already in, as part 1");
    expect(&session, "Part 2");
    type_line(&session, lines[1]);
    expect(&session, "Part 3");
    type_line(&session, "");
    finish_with_key(&session);
}

static void a_short_part_needs_no_sign_that_it_ends(void **state)
{
    (void)state;
    struct session session;
    struct slip39_part small[2];
    char small_lines[2][PROGRAM_LINE];
    const struct slip39_plan plan = {.group_threshold = 1, .group_count = 1, .groups = {{2, 2}}};
    struct secret *key = secret_copy("0123456789abcdef", 16);
    program_split(key, &plan, small, small_lines);
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    type_line(&session, small_lines[0]);
    expect(&session, "The part is in.");
    type_line(&session, small_lines[1]);
    expect(&session, "Part 3");
    type_line(&session, "");
    finish(&session, 0, "30313233343536373839616263646566\n");
    slip39_part_done(&small[0]);
    slip39_part_done(&small[1]);
    secret_free(key);
}

static void a_signal_leaves_the_terminal_as_it_was(void **state)
{
    (void)state;
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct session session;
        int status = 0;
        start(&session, PROGRAM_COMBINE, NULL);
        expect(&session, "Part 1");
        assert_false(echoes(&session));
        if (numbers[i] == SIGINT) {
            type(&session, "\x03"); /* as a person does it */
            expect(&session, "Nothing was recovered.");
        } else {
            assert_int_equal(kill(session.pid, numbers[i]), 0);
        }
        assert_int_equal(waitpid(session.pid, &status, 0), session.pid);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), numbers[i]);
        assert_true(echoes(&session));
        close(session.out);
        close(session.slave);
        close(session.master);
    }
}

static void a_stop_shows_typing_and_going_on_hides_it(void **state)
{
    (void)state;
    struct session session;
    int status = 0;
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    assert_int_equal(kill(session.pid, SIGTSTP), 0);
    /* A process group without a shell above it is not stopped by SIGTSTP: it goes on at once. */
    expect(&session, "(go on) ");
    type_line(&session, lines[0]);
    expect(&session, "The part is in.");
    assert_not_shown(&session, lines[0]);
    assert_false(echoes(&session));
    assert_int_equal(kill(session.pid, SIGKILL), 0);
    assert_int_equal(waitpid(session.pid, &status, 0), session.pid);
    close(session.out);
    close(session.slave);
    close(session.master);
}

static void no_core_dump_is_made_of_what_is_typed(void **state)
{
    (void)state;
    struct session session;
    char path[64];
    char line[256];
    bool limited = false;
    int status = 0;
    start(&session, PROGRAM_COMBINE, NULL);
    expect(&session, "Part 1");
    snprintf(path, sizeof path, "/proc/%d/limits", (int)session.pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        char soft[20] = "";
        char hard[20] = "";
        limited |= sscanf(line, "Max core file size %19s %19s", soft, hard) == 2 &&
                   strcmp(soft, "0") == 0 && strcmp(hard, "0") == 0;
    }
    fclose(file);
    assert_true(limited);
    assert_int_equal(kill(session.pid, SIGKILL), 0);
    assert_int_equal(waitpid(session.pid, &status, 0), session.pid);
    close(session.out);
    close(session.slave);
    close(session.master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_parts_typed_give_the_key_and_are_not_shown),
        cmocka_unit_test(pasted_numbers_are_dropped_and_short_words_are_not_shown_whole),
        cmocka_unit_test(the_end_of_the_input_is_no_yes),
        cmocka_unit_test(a_terminal_that_hangs_up_prints_no_key),
        cmocka_unit_test(an_unknown_word_is_numbered_and_near_words_are_shown_when_asked_for),
        cmocka_unit_test(a_swap_is_named_and_put_right),
        cmocka_unit_test(a_missing_word_is_told),
        cmocka_unit_test(a_word_left_out_or_typed_twice_is_placed_and_mended),
        cmocka_unit_test(columns_read_across_are_told),
        cmocka_unit_test(of_two_sets_the_person_says_which_one_is_meant),
        cmocka_unit_test(a_wrong_part_that_was_given_up_is_spoken_of_at_the_end),
        cmocka_unit_test(a_part_that_is_already_in_is_named_after_four_words),
        cmocka_unit_test(a_short_part_needs_no_sign_that_it_ends),
        cmocka_unit_test(a_signal_leaves_the_terminal_as_it_was),
        cmocka_unit_test(a_stop_shows_typing_and_going_on_hides_it),
        cmocka_unit_test(no_core_dump_is_made_of_what_is_typed),
    };
    return cmocka_run_group_tests(tests, make_set, drop_set);
}
