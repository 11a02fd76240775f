/* What age-keygen writes and takes: comments, empty lines, CRLF (tried with age-keygen 1.1.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ceremony/key/key.h"

#define IDENTITY "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"

static void reads_the_one_key_whatever_stands_around_it(void **state)
{
    (void)state;
    static const char *const texts[] = {
        IDENTITY,
        IDENTITY "\n",
        IDENTITY "\r\n",
        "# created: 2026-11-25T08:00:00Z\n# public key: age1…\n" IDENTITY "\n",
        "# created: 2026-11-25T08:00:00Z\r\n\r\n" IDENTITY "\r\n# behind\r\n",
        "\n\n#\n" IDENTITY "\n\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct secret *key = NULL;
        assert_int_equal(key_from_file(slice_of(texts[i]), &key, NULL), OK);
        assert_int_equal(key->length, 32);
        for (size_t octet = 0; octet < 32; octet++) {
            assert_int_equal(key->data[octet], 0x42);
        }
        secret_free(key);
    }
}

static void refuses_files_without_exactly_one_key_and_names_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } files[] = {
        {"", "no key"},
        {"# nothing\n", "Line 1 "},
        {"# one\n\n# two\n", "Line 3 "},
        {IDENTITY "\n" IDENTITY "\n", "Line 2 of the key file holds a second key"},
        {"# one\nage-secret-key-1gfpyy\n", "Line 2 "},
        {" " IDENTITY "\n", "Line 1 "},
        {IDENTITY " \n", "Line 1 "},
        {IDENTITY "\r\r\n", "Line 1 "},
        {"AGE-PLUGIN-YUBIKEY-1XXXXX\n", "Line 1 "},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\n", "Line 1 "},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct fault fault;
        struct secret *key = NULL;
        assert_int_equal(key_from_file(slice_of(files[i].text), &key, &fault), ERR_INVALID_PARAMS);
        assert_int_equal(fault.reason, REASON_bad_key_file);
        assert_non_null(strstr(fault.sentence, files[i].says));
        assert_null(strstr(fault.sentence, "GFPYY"));
        assert_null(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_one_key_whatever_stands_around_it),
        cmocka_unit_test(refuses_files_without_exactly_one_key_and_names_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
