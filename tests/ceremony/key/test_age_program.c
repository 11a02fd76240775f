/* Debian's `age` and `age-keygen` open what we write and we open what they write. Skipped where the
 * programs are not installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include "ceremony/key/agefile.h"
#include "ceremony/key/key.h"
#include "tests/terminal.h"

#define PASSPHRASE "correct horse battery"
#define MESSAGE "the backup of Monday\n"

struct scene {
    char folder[64];
    struct secret *key;
    struct secret *passphrase;
    char recipient[KEY_PUBLIC_TEXT + 1];
};

static struct scene scene;

static int begin(void **state)
{
    (void)state;
    uint8_t public_key[KEY_BYTES];
    strcpy(scene.folder, "/tmp/guardian_age_XXXXXX");
    scene.passphrase = secret_copy(PASSPHRASE, sizeof PASSPHRASE - 1);
    if (mkdtemp(scene.folder) == NULL || chdir(scene.folder) != 0 ||
        key_make(KEY_AGE, 256, &scene.key, NULL) != OK) {
        return -1;
    }
    key_public(scene.key, public_key);
    key_public_text(public_key, scene.recipient);
    return 0;
}

static int end(void **state)
{
    (void)state;
    static const char *const names[] = {"key.txt", "key.age",  "message",  "message.age",
                                        "opened",  "made.txt", "made.age", "made.bin"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unlink(names[i]);
    }
    secret_free(scene.key);
    secret_free(scene.passphrase);
    return chdir("/") == 0 ? rmdir(scene.folder) : -1;
}

static void need_age(void)
{
    if (access("/usr/bin/age", X_OK) != 0 || access("/usr/bin/age-keygen", X_OK) != 0) {
        skip();
    }
}

static void write_file(const char *name, const void *data, size_t length)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, length), (ssize_t)length);
    close(fd);
}

static struct slice read_file(const char *name)
{
    static char data[AGEFILE_BYTES_MAX];
    int fd = open(name, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t length = read(fd, data, sizeof data);
    assert_true(length >= 0);
    close(fd);
    return (struct slice){data, (size_t)length};
}

static void write_key_txt(void)
{
    struct secret *text = NULL;
    assert_int_equal(key_to_file(scene.key, INT64_C(1795542581123456), &text), OK);
    write_file("key.txt", text->data, text->length);
    secret_free(text);
}

static void write_key_age(unsigned work_factor)
{
    struct buffer file;
    struct secret *text = NULL;
    buffer_init(&file, AGEFILE_BYTES_MAX);
    assert_int_equal(key_to_file(scene.key, INT64_C(1795542581123456), &text), OK);
    assert_int_equal(agefile_write(text, scene.passphrase, work_factor, &file, NULL), OK);
    write_file("key.age", file.data, file.length);
    buffer_done(&file);
    secret_free(text);
}

/* Runs a program that asks for the passphrase so many times; its exit code. */
static int run(const char *const *argv, int times)
{
    struct terminal terminal;
    assert_true(terminal_run(&terminal, argv));
    for (int i = 0; i < times; i++) {
        assert_true(terminal_expect(&terminal, "assphrase"));
        assert_true(terminal_expect(&terminal, ": "));
        assert_true(terminal_type(&terminal, PASSPHRASE "\n"));
    }
    int code = terminal_end(&terminal);
    if (code != 0) {
        fprintf(stderr, "%s\n", terminal.seen);
    }
    return code;
}

static void encrypt_message(void)
{
    const char *const argv[] = {"age", "-r", scene.recipient, "-o", "message.age", "message", NULL};
    write_file("message", MESSAGE, sizeof MESSAGE - 1);
    assert_int_equal(run(argv, 0), 0);
}

static void assert_opened(void)
{
    struct slice opened = read_file("opened");
    assert_true(slice_is(opened, MESSAGE));
    unlink("opened");
}

static void age_keygen_gives_our_recipient_of_our_key_txt(void **state)
{
    (void)state;
    need_age();
    const char *const argv[] = {"age-keygen", "-y", "key.txt", NULL};
    struct terminal terminal;
    write_key_txt();
    assert_true(terminal_run(&terminal, argv));
    assert_int_equal(terminal_end(&terminal), 0);
    assert_non_null(strstr(terminal.seen, scene.recipient));
}

static void age_decrypts_with_our_key_txt_what_it_encrypted_to_our_recipient(void **state)
{
    (void)state;
    need_age();
    const char *const argv[] = {"age", "-d", "-i", "key.txt", "-o", "opened", "message.age", NULL};
    write_key_txt();
    encrypt_message();
    assert_int_equal(run(argv, 0), 0);
    assert_opened();
}

static void age_opens_our_key_file(void **state)
{
    (void)state;
    need_age();
    const char *const argv[] = {"age", "-d", "-o", "opened", "key.age", NULL};
    struct secret *text = NULL;
    write_key_age(AGEFILE_WORK_FACTOR);
    assert_int_equal(run(argv, 1), 0);
    assert_int_equal(key_to_file(scene.key, INT64_C(1795542581123456), &text), OK);
    struct slice opened = read_file("opened");
    assert_int_equal(opened.length, text->length);
    assert_memory_equal(opened.data, text->data, text->length);
    secret_free(text);
    unlink("opened");
}

static void age_takes_our_key_file_as_identity(void **state)
{
    (void)state;
    need_age();
    const char *const argv[] = {"age", "-d", "-i", "key.age", "-o", "opened", "message.age", NULL};
    write_key_age(10);
    encrypt_message();
    assert_int_equal(run(argv, 1), 0);
    assert_opened();
}

static void assert_we_open(const char *name)
{
    struct secret *text = NULL;
    struct secret *key = NULL;
    struct secret *made = NULL;
    struct fault fault = {0};
    assert_int_equal(agefile_read(read_file(name), scene.passphrase, &text, &fault), OK);
    assert_int_equal(
        key_from_file((struct slice){(const char *)text->data, text->length}, &key, &fault), OK);
    assert_int_equal(key_from_file(read_file("made.txt"), &made, &fault), OK);
    assert_true(secret_equal(key, made));
    secret_free(text);
    secret_free(key);
    secret_free(made);
}

static void we_open_what_age_keygen_and_age_made_in_armor_and_without(void **state)
{
    (void)state;
    need_age();
    const char *const keygen[] = {"age-keygen", "-o", "made.txt", NULL};
    const char *const armored[] = {"age", "-p", "-a", "-o", "made.age", "made.txt", NULL};
    const char *const binary[] = {"age", "-p", "-o", "made.bin", "made.txt", NULL};
    assert_int_equal(run(keygen, 0), 0);
    assert_int_equal(run(armored, 2), 0);
    assert_we_open("made.age");
    assert_int_equal(run(binary, 2), 0);
    assert_we_open("made.bin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(age_keygen_gives_our_recipient_of_our_key_txt),
        cmocka_unit_test(age_decrypts_with_our_key_txt_what_it_encrypted_to_our_recipient),
        cmocka_unit_test(age_opens_our_key_file),
        cmocka_unit_test(age_takes_our_key_file_as_identity),
        cmocka_unit_test(we_open_what_age_keygen_and_age_made_in_armor_and_without),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
