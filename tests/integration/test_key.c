/* guardianctl key new and key public, as a guardian uses them at his terminal and as a script does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "ceremony/key/agefile.h"
#include "ceremony/key/key.h"
#include "tests/terminal.h"

#define PASSPHRASE "correct horse battery"
#define KEY_FILE "my key.age"

static char folder[64];

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/guardian_key_XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

static int remove_folder(void **state)
{
    (void)state;
    return chdir("/") != 0 ? -1 : nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *name, const char *text)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* Runs guardianctl with these arguments at a terminal and begins with the answer to a question. */
static void begin(struct terminal *terminal, const char *const *arguments)
{
    const char *argv[12] = {TEST_CLIENT};
    for (size_t i = 0; arguments[i] != NULL; i++) {
        argv[i + 1] = arguments[i];
    }
    assert_true(terminal_run(terminal, argv));
}

static void answer(struct terminal *terminal, const char *question, const char *typed)
{
    assert_true(terminal_expect(terminal, question));
    assert_true(terminal_expect(terminal, ": "));
    assert_true(terminal_type(terminal, typed));
    assert_true(terminal_type(terminal, "\n"));
}

/* The age1… shown behind a word, as it is in the key file opened with the passphrase. */
static void assert_shows_the_key_of_the_file(const struct terminal *terminal, const char *opens)
{
    static char data[AGEFILE_BYTES_MAX];
    struct secret *passphrase = secret_copy(opens, strlen(opens));
    struct secret *text = NULL;
    struct secret *key = NULL;
    uint8_t public_key[KEY_BYTES];
    char public_text[KEY_PUBLIC_TEXT + 1];
    char fingerprint[KEY_FINGERPRINT_TEXT + 1];
    int fd = open(KEY_FILE, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t length = read(fd, data, sizeof data);
    close(fd);
    assert_true(length > 0);
    assert_int_equal(agefile_read((struct slice){data, (size_t)length}, passphrase, &text, NULL),
                     OK);
    assert_int_equal(
        key_from_file((struct slice){(const char *)text->data, text->length}, &key, NULL), OK);
    key_public(key, public_key);
    key_public_text(public_key, public_text);
    key_fingerprint(public_key, fingerprint);
    assert_non_null(strstr(terminal->seen, public_text));
    assert_non_null(strstr(terminal->seen, fingerprint));
    assert_null(strstr(terminal->seen, "AGE-SECRET"));
    secret_free(key);
    secret_free(text);
    secret_free(passphrase);
}

static const char *const new_key[] = {"key", "new", KEY_FILE, NULL};
static const char *const public_key_of[] = {"key", "public", KEY_FILE, NULL};

static void makes_a_key_that_only_its_owner_can_read_and_prints_what_is_public(void **state)
{
    (void)state;
    struct stat status;
    struct terminal terminal;
    begin(&terminal, new_key);
    answer(&terminal, "New passphrase for " KEY_FILE " (12 characters or more", PASSPHRASE);
    answer(&terminal, "again", PASSPHRASE);
    assert_int_equal(terminal_end(&terminal), 0);
    assert_null(strstr(terminal.seen, "horse"));
    assert_true(terminal.echoes_at_end);
    assert_int_equal(stat(KEY_FILE, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_shows_the_key_of_the_file(&terminal, PASSPHRASE);
    begin(&terminal, public_key_of);
    answer(&terminal, "Passphrase of " KEY_FILE, PASSPHRASE);
    assert_int_equal(terminal_end(&terminal), 0);
    assert_shows_the_key_of_the_file(&terminal, PASSPHRASE);
}

/* Six times four characters of Bech32, with dashes, four blanks before them. */
static void drawn_passphrase(const struct terminal *terminal, char out[30])
{
    const char *at = strstr(terminal->seen, "    ");
    assert_non_null(at);
    memcpy(out, at + 4, 29);
    out[29] = '\0';
    for (size_t i = 0; i < 29; i++) {
        bool good =
            i % 5 == 4 ? out[i] == '-' : strchr("qpzry9x8gf2tvdw0s3jn54khce6mua7l", out[i]) != NULL;
        assert_true(good);
    }
}

static void draws_a_passphrase_for_who_types_none(void **state)
{
    (void)state;
    struct terminal terminal;
    char drawn[2][30];
    for (size_t i = 0; i < 2; i++) {
        unlink(KEY_FILE);
        begin(&terminal, new_key);
        answer(&terminal, "12 characters or more", "");
        assert_int_equal(terminal_end(&terminal), 0);
        drawn_passphrase(&terminal, drawn[i]);
        assert_shows_the_key_of_the_file(&terminal, drawn[i]);
    }
    assert_string_not_equal(drawn[0], drawn[1]);
}

static void asks_again_when_it_is_too_short_or_differs(void **state)
{
    (void)state;
    struct terminal terminal;
    begin(&terminal, new_key);
    answer(&terminal, "12 characters or more", "elevenchars");
    answer(&terminal, "too short", PASSPHRASE);
    answer(&terminal, "again", PASSPHRASE "x");
    answer(&terminal, "differ", "zw\xc3\xb6lf\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc!");
    answer(&terminal, "again", "zw\xc3\xb6lf\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc!");
    assert_int_equal(terminal_end(&terminal), 0);
}

static void three_tries_without_a_passphrase_make_no_file(void **state)
{
    (void)state;
    struct terminal terminal;
    begin(&terminal, new_key);
    answer(&terminal, "12 characters or more", "short");
    answer(&terminal, "too short", "\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6"); /* six */
    answer(&terminal, "too short", "short");
    assert_int_equal(terminal_end(&terminal), 1);
    assert_int_equal(access(KEY_FILE, F_OK), -1);
}

static void ctrl_c_makes_no_file_and_leaves_the_terminal_as_it_was(void **state)
{
    (void)state;
    struct terminal terminal;
    begin(&terminal, new_key);
    answer(&terminal, "12 characters or more", PASSPHRASE);
    assert_true(terminal_expect(&terminal, "again: "));
    assert_true(terminal_type(&terminal, "correct\x03"));
    assert_int_equal(terminal_end(&terminal), -SIGINT);
    assert_true(terminal.echoes_at_end);
    assert_int_equal(access(KEY_FILE, F_OK), -1);
}

static void a_file_that_is_there_is_left_as_it_is_and_nothing_asked(void **state)
{
    (void)state;
    struct terminal terminal;
    struct stat status;
    write_file(KEY_FILE, "precious");
    begin(&terminal, new_key);
    assert_int_equal(terminal_end(&terminal), 1);
    assert_null(strstr(terminal.seen, "assphrase"));
    assert_non_null(strstr(terminal.seen, KEY_FILE));
    assert_int_equal(stat(KEY_FILE, &status), 0);
    assert_int_equal(status.st_size, 8);
}

static void what_is_no_key_file_is_said_before_anything_is_asked(void **state)
{
    (void)state;
    struct terminal terminal;
    write_file(KEY_FILE, "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZ\n");
    begin(&terminal, public_key_of);
    assert_int_equal(terminal_end(&terminal), 1);
    assert_null(strstr(terminal.seen, "Passphrase"));
    assert_null(strstr(terminal.seen, "GFPYY"));
    assert_non_null(strstr(terminal.seen, "bad_key_file"));
}

static void a_wrong_passphrase_is_refused(void **state)
{
    (void)state;
    struct terminal terminal;
    const char *const make[] = {"key", "new", "--passphrase-file", "secret", KEY_FILE, NULL};
    write_file("secret", PASSPHRASE "\n");
    begin(&terminal, make);
    assert_int_equal(terminal_end(&terminal), 0);
    begin(&terminal, public_key_of);
    answer(&terminal, "Passphrase", PASSPHRASE " ");
    assert_int_equal(terminal_end(&terminal), 1);
    assert_non_null(strstr(terminal.seen, "wrong_passphrase"));
}

static void a_script_gives_the_passphrase_as_a_file_and_reads_json(void **state)
{
    (void)state;
    struct terminal terminal;
    const char *const make[] = {"--json", "key", "new", KEY_FILE, "--passphrase-file",
                                "secret", NULL};
    const char *const show[] = {"key",    "public", "--passphrase-file", "secret", KEY_FILE,
                                "--json", NULL};
    write_file("secret", PASSPHRASE "\r\n");
    begin(&terminal, make);
    assert_int_equal(terminal_end(&terminal), 0);
    assert_memory_equal(terminal.seen, "{\"public_key\":\"age1", 19);
    assert_shows_the_key_of_the_file(&terminal, PASSPHRASE);
    begin(&terminal, show);
    assert_int_equal(terminal_end(&terminal), 0);
    assert_memory_equal(terminal.seen, "{\"public_key\":\"age1", 19);
    assert_shows_the_key_of_the_file(&terminal, PASSPHRASE);
}

static void the_fingerprint_alone_can_be_had(void **state)
{
    (void)state;
    struct terminal terminal;
    const char *const make[] = {"key", "new", "--passphrase-file", "secret", KEY_FILE, NULL};
    const char *const show[] = {"key",    "public",        KEY_FILE, "--passphrase-file",
                                "secret", "--fingerprint", NULL};
    write_file("secret", PASSPHRASE);
    begin(&terminal, make);
    assert_int_equal(terminal_end(&terminal), 0);
    begin(&terminal, show);
    assert_int_equal(terminal_end(&terminal), 0);
    assert_int_equal(terminal.length, KEY_FINGERPRINT_TEXT + 2); /* and CR, LF of the terminal */
}

static void passphrase_files_that_hold_none_are_refused(void **state)
{
    (void)state;
    static const char *const contents[] = {"", "\n", "\r\n", "elevenchars\n"};
    const char *const make[] = {"key", "new", "--passphrase-file", "secret", KEY_FILE, NULL};
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        struct terminal terminal;
        write_file("secret", contents[i]);
        begin(&terminal, make);
        assert_int_equal(terminal_end(&terminal), 1);
        assert_int_equal(access(KEY_FILE, F_OK), -1);
    }
}

static void wrong_usage_is_exit_code_2_and_help_teaches(void **state)
{
    (void)state;
    static const char *const wrong[][6] = {
        {"key", "new"},
        {"key", "public"},
        {"key", "new", "a", "b"},
        {"key", "new", "a", "--fingerprint"},
        {"key", "public", "a", "--passphrase-file"},
        {"key", "none"},
    };
    struct terminal terminal;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        begin(&terminal, wrong[i]);
        assert_int_equal(terminal_end(&terminal), 2);
    }
    const char *const help[] = {"key", "new", "--help", NULL};
    begin(&terminal, help);
    assert_int_equal(terminal_end(&terminal), 0);
    assert_non_null(strstr(terminal.seen, "fingerprint by voice"));
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(makes_a_key_that_only_its_owner_can_read_and_prints_what_is_public),
        IN_FOLDER(draws_a_passphrase_for_who_types_none),
        IN_FOLDER(asks_again_when_it_is_too_short_or_differs),
        IN_FOLDER(three_tries_without_a_passphrase_make_no_file),
        IN_FOLDER(ctrl_c_makes_no_file_and_leaves_the_terminal_as_it_was),
        IN_FOLDER(a_file_that_is_there_is_left_as_it_is_and_nothing_asked),
        IN_FOLDER(what_is_no_key_file_is_said_before_anything_is_asked),
        IN_FOLDER(a_wrong_passphrase_is_refused),
        IN_FOLDER(a_script_gives_the_passphrase_as_a_file_and_reads_json),
        IN_FOLDER(the_fingerprint_alone_can_be_had),
        IN_FOLDER(passphrase_files_that_hold_none_are_refused),
        IN_FOLDER(wrong_usage_is_exit_code_2_and_help_teaches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
