/* Guardians with key files of their own, registered through guardianctl, for the tests of its
 * verbs. Static like the fixture it stands on. */
#ifndef TESTS_INTEGRATION_CLIENT_PEOPLE_H
#define TESTS_INTEGRATION_CLIENT_PEOPLE_H

#include <sys/stat.h>

#include "ceremony/key/agefile.h"
#include "ceremony/key/key.h"
#include "tests/integration/client_fixture.h"

#define PASSPHRASE "correct horse battery"
#define QUICK_FACTOR 8 /* of scrypt: made for a test, not to last */
#define BOSS "--as 'boss:1:The Boss:Administrator' --from 200.160.2.3 "

static const char *const logins[] = {"ana", "max", "taro"};

static char ceremony[40]; /* started last */
static char recipient[KEY_PUBLIC_TEXT + 1];

static inline void path_in(const struct harness *h, const char *name, char out[400])
{
    snprintf(out, 400, "%s/%s", h->directory, name);
}

static inline void write_text_file(const struct harness *h, const char *name, const char *text)
{
    char path[400];
    path_in(h, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static inline char *read_text_file(const struct harness *h, const char *name)
{
    char path[400];
    path_in(h, name, path);
    return harness_read_file(path);
}

static inline mode_t mode_of(const struct harness *h, const char *name)
{
    char path[400];
    struct stat found;
    path_in(h, name, path);
    assert_int_equal(stat(path, &found), 0);
    return found.st_mode & 07777;
}

/* guardianctl with @d in the arguments as the directory of the test, @c the ceremony's id. */
static inline void ctl(struct harness *h, const char *arguments, const char *input)
{
    char text[3000];
    size_t used = 0;
    for (const char *at = arguments; *at != '\0'; at++) {
        bool directory = at[0] == '@' && at[1] == 'd';
        bool id = at[0] == '@' && at[1] == 'c';
        if (directory || id) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s",
                                     directory ? h->directory : ceremony);
            at++;
        } else {
            text[used++] = *at;
        }
        assert_true(used < sizeof text - 1);
    }
    text[used] = '\0';
    client(h, text, input);
}

static inline void ctl_done(struct harness *h, const char *arguments)
{
    ctl(h, arguments, "");
    if (run.status != 0) {
        print_error("guardianctl %s: %d\n%s%s", arguments, run.status, run.out, run.err);
        fail();
    }
}

/* A key file that opens quickly; its public half as text. */
static inline void make_key_file(struct harness *h, const char *name,
                                 char public_text[KEY_PUBLIC_TEXT + 1])
{
    uint8_t public_key[KEY_BYTES];
    struct secret *key;
    struct secret *text;
    struct buffer file;
    struct secret *passphrase = secret_copy(PASSPHRASE, strlen(PASSPHRASE));
    buffer_init(&file, AGEFILE_BYTES_MAX);
    assert_int_equal(key_make(KEY_AGE, 256, &key, NULL), OK);
    assert_int_equal(key_to_file(key, 0, &text), OK);
    assert_int_equal(agefile_write(text, passphrase, QUICK_FACTOR, &file, NULL), OK);
    buffer_append_char(&file, '\0');
    assert_int_equal(buffer_result(&file), OK);
    write_text_file(h, name, file.data);
    key_public(key, public_key);
    key_public_text(public_key, public_text);
    buffer_done(&file);
    secret_free(passphrase);
    secret_free(text);
    secret_free(key);
}

/* ana, max and taro, with ana.age … and the passphrase in pw. */
static inline void register_three(struct harness *h)
{
    char arguments[600];
    char key[KEY_PUBLIC_TEXT + 1];
    char file[64];
    write_text_file(h, "pw", PASSPHRASE "\n");
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s.age", logins[i]);
        make_key_file(h, file, key);
        snprintf(arguments, sizeof arguments,
                 BOSS "guardian add %s --name 'Name of %s' --id %zu --public-key %s", logins[i],
                 logins[i], 10 + i, key);
        ctl_done(h, arguments);
    }
}

static inline void copy_member(const struct json *object, const char *name, char *out, size_t size)
{
    const struct json *value = json_member(object, name);
    assert_non_null(value);
    snprintf(out, size, "%.*s", (int)value->text.length, value->text.data);
}

/* A ceremony among the three; extra options. */
static inline void start_ceremony(struct harness *h, const char *options)
{
    char arguments[600];
    snprintf(arguments, sizeof arguments,
             BOSS "--json ceremony start --name Root --guardians ana,max,taro %s", options);
    ctl_done(h, arguments);
    const struct json *made = document(h);
    copy_member(made, "ceremony", ceremony, sizeof ceremony);
    if (json_member(made, "recipient") != NULL) {
        copy_member(made, "recipient", recipient, sizeof recipient);
    }
}

#endif
