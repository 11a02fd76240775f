/* One file below was written by `age -p -a` 1.1.1 over what `age-keygen` would write of the example
 * of the age standard; all else is that form, bent. tests/ceremony/key/test_age_program.c asks the
 * program itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "audit/base/memory.h"
#include "ceremony/key/agefile.h"
#include "ceremony/key/armor.h"

#define CONTENT                                                                      \
    "# created: 2026-11-25T08:00:00Z\n"                                              \
    "# public key: age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj\n" \
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n"
#define PASSPHRASE "correct horse battery"

static const char written_by_age[] =
    "-----BEGIN AGE ENCRYPTED FILE-----\n"
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBJQTNENjJQVU9wSUxwNFZR\n"
    "VlQ0d2xnIDE4CkNveDAvRDJETnpHSGQraitUUENXUHlENFZWOEZSeTc0K3JNMmdF\n"
    "ek9RSWcKLS0tIGxNbG1MOVh6aTdmVmIzTWRCa3pybE90OE9nMjhSVkJ2WGIwMjZj\n"
    "RGVNTTgKUqRatkIqrnadrql8gaI8WP6HWcYQ1K1EGjwJ9vV8Bi3lEjMGfs6WjhKE\n"
    "a3gm//F6qOg7ndfXJtcVnQYNj79kPGSwPk3YEDzwlBKPFCYw+1rocsGizE+TmyPX\n"
    "gFx9n6akATtrJOYeGfggdRD7Ol9TZ+5q07vzbBuCZIYTmtPcVgEBV4mD20RPDX0T\n"
    "BNkdZP/upBQLNw30kJ9sbZD2UHora3YhqYUF4p6NEtcqDsZkChliSnNlm1nDNnBN\n"
    "utPqbldiSlUd6QjdnzLk/yUKfgTr0w0PRFeCcPFv\n"
    "-----END AGE ENCRYPTED FILE-----\n";

static struct secret *passphrase;
static struct buffer
    armored;                 /* CONTENT under PASSPHRASE, factor 1: quick to try a thousand times */
static struct buffer binary; /* the same without armor */

static int prepare(void **state)
{
    (void)state;
    passphrase = secret_copy(PASSPHRASE, sizeof PASSPHRASE - 1);
    struct secret *content = secret_copy(CONTENT, sizeof CONTENT - 1);
    buffer_init(&armored, AGEFILE_BYTES_MAX);
    buffer_init(&binary, AGEFILE_BYTES_MAX);
    bool done = passphrase != NULL && content != NULL &&
                agefile_write(content, passphrase, 1, &armored, NULL) == OK &&
                armor_read(buffer_slice(&armored), &binary, NULL) == OK;
    secret_free(content);
    return done ? 0 : -1;
}

static int clear(void **state)
{
    (void)state;
    buffer_done(&armored);
    buffer_done(&binary);
    secret_free(passphrase);
    return 0;
}

static void assert_opens(struct slice file, const char *expected)
{
    struct secret *content = NULL;
    struct fault fault = {0};
    assert_int_equal(agefile_read(file, passphrase, &content, &fault), OK);
    assert_int_equal(content->length, strlen(expected));
    assert_memory_equal(content->data, expected, content->length);
    secret_free(content);
}

static void assert_refused(struct slice file, enum reason reason, const char *says)
{
    struct secret *content = NULL;
    struct fault fault;
    assert_int_equal(agefile_read(file, passphrase, &content, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, reason);
    assert_null(content);
    assert_non_null(strstr(fault.sentence, says));
}

/* ---- there and back ---- */

static void opens_what_age_wrote(void **state)
{
    (void)state;
    assert_opens(slice_of(written_by_age), CONTENT);
}

static void opens_what_it_wrote_in_armor_and_without(void **state)
{
    (void)state;
    assert_opens(buffer_slice(&armored), CONTENT);
    assert_opens(buffer_slice(&binary), CONTENT);
}

static void the_header_is_as_the_standard_has_it(void **state)
{
    (void)state;
    static const char begin[] = "age-encryption.org/v1\n-> scrypt ";
    assert_memory_equal(binary.data, begin, sizeof begin - 1);
    const char *rest = binary.data + sizeof begin - 1 + 22;
    assert_memory_equal(rest, " 1\n", 3);
    assert_int_equal(rest[3 + 43], '\n');
    assert_memory_equal(rest + 3 + 44, "--- ", 4);
    assert_int_equal(rest[3 + 44 + 4 + 43], '\n');
    size_t header = sizeof begin - 1 + 22 + 3 + 44 + 4 + 44;
    assert_int_equal(binary.length, header + 16 + sizeof CONTENT - 1 + 16);
}

static void no_two_files_are_alike(void **state)
{
    (void)state;
    struct buffer again;
    struct secret *content = secret_copy(CONTENT, sizeof CONTENT - 1);
    buffer_init(&again, AGEFILE_BYTES_MAX);
    assert_int_equal(agefile_write(content, passphrase, 1, &again, NULL), OK);
    assert_int_equal(again.length, armored.length);
    assert_memory_not_equal(again.data + 100, armored.data + 100, 100);
    buffer_done(&again);
    secret_free(content);
}

static void holds_nothing_and_as_much_as_fits(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 47, 48, 49, 1000, 40000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct buffer file;
        struct secret *read = NULL;
        struct secret *content = secret_new(lengths[i] + 1);
        content->length = lengths[i];
        randombytes_buf(content->data, content->length);
        buffer_init(&file, AGEFILE_BYTES_MAX);
        assert_int_equal(agefile_write(content, passphrase, 1, &file, NULL), OK);
        assert_int_equal(agefile_read(buffer_slice(&file), passphrase, &read, NULL), OK);
        assert_true(secret_equal(content, read));
        buffer_done(&file);
        secret_free(read);
        secret_free(content);
    }
}

static void refuses_to_write_what_it_would_not_read(void **state)
{
    (void)state;
    static const size_t lengths[] = {50000, 70000};
    for (size_t i = 0; i < 2; i++) {
        struct fault fault;
        struct buffer file;
        struct secret *content = secret_new(lengths[i]);
        content->length = content->capacity;
        buffer_init(&file, AGEFILE_BYTES_MAX);
        assert_int_equal(agefile_write(content, passphrase, 1, &file, &fault), ERR_INVALID_PARAMS);
        assert_int_equal(fault.reason, REASON_too_large);
        buffer_done(&file);
        secret_free(content);
    }
}

/* ---- damaged and hostile ---- */

static void a_wrong_passphrase_is_named_as_such(void **state)
{
    (void)state;
    struct secret *content = NULL;
    struct fault fault;
    struct secret *wrong = secret_copy("correct horse batterz", sizeof PASSPHRASE - 1);
    assert_int_equal(agefile_read(buffer_slice(&binary), wrong, &content, &fault),
                     ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_wrong_passphrase);
    assert_null(content);
    secret_free(wrong);
}

static void no_bit_can_be_changed(void **state)
{
    (void)state;
    char changed[1024];
    assert_in_range(binary.length, 1, sizeof changed);
    for (size_t bit = 0; bit < 8 * binary.length; bit++) {
        struct secret *content = NULL;
        struct fault fault;
        memcpy(changed, binary.data, binary.length);
        changed[bit / 8] = (char)(changed[bit / 8] ^ (1 << bit % 8));
        assert_int_equal(
            agefile_read((struct slice){changed, binary.length}, passphrase, &content, &fault),
            ERR_INVALID_PARAMS);
        assert_null(content);
    }
}

static void no_end_can_be_cut_and_nothing_added(void **state)
{
    (void)state;
    char longer[1024];
    for (size_t length = 0; length < binary.length; length++) {
        struct secret *content = NULL;
        assert_int_equal(
            agefile_read((struct slice){binary.data, length}, passphrase, &content, NULL),
            ERR_INVALID_PARAMS);
    }
    memcpy(longer, binary.data, binary.length);
    longer[binary.length] = '\n';
    assert_refused((struct slice){longer, binary.length + 1}, REASON_bad_key_file, "content");
}

static void refuses_headers_that_are_not_of_a_passphrase_file(void **state)
{
    (void)state;
#define SALT "IA3D62PUOpILp4VQVT4wlg"
#define WRAPPED "Cox0/D2DNzGHd+j+TPCWPyD4VV8FRy74+rM2gEzOQIg"
#define MAC "lMlmL9Xzi7fVb3MdBkzrlOt8Og28RVBvXb026cDeMM8"
#define REST "\n" WRAPPED "\n--- " MAC "\n0123456789abcdef0123456789abcdef"
    static const struct {
        const char *text;
        const char *says;
    } files[] = {
        {"", "age-encryption.org/v1"},
        {"age-encryption.org/v1", "age-encryption.org/v1"},
        {"age-encryption.org/v2\n-> scrypt " SALT " 1" REST, "age-encryption.org/v1"},
        {"age-encryption.org/v1\r\n-> scrypt " SALT " 1" REST, "age-encryption.org/v1"},
        {"age-encryption.org/v1\n", "first lines"},
        {"age-encryption.org/v1\n-> X25519 " SALT REST, "public keys"},
        {"age-encryption.org/v1\n-> ssh-ed25519 xx " SALT REST, "public keys"},
        {"age-encryption.org/v1\n-> scrypt " SALT REST, "second line"},
        {"age-encryption.org/v1\n-> scrypt " SALT " " REST, "second line"},
        {"age-encryption.org/v1\n-> scrypt " SALT " 01" REST, "second line"},
        {"age-encryption.org/v1\n-> scrypt " SALT " 0" REST, "second line"},
        {"age-encryption.org/v1\n-> scrypt " SALT " +1" REST, "no number"},
        {"age-encryption.org/v1\n-> scrypt " SALT " 1 " REST, "no number"},
        {"age-encryption.org/v1\n-> scrypt " SALT " 1\r" REST, "no number"},
        {"age-encryption.org/v1\n-> scrypt " SALT "= 1" REST, "second line"},
        {"age-encryption.org/v1\n-> scrypt IA3D62PUOpILp4VQVT4wlh 1" REST, "second line"},
        {"age-encryption.org/v1\n-> scrypt " SALT " 21" REST, "over 20"},
        {"age-encryption.org/v1\n-> scrypt " SALT " 4294967297" REST, "over 20"},
        {"age-encryption.org/v1\n-> scrypt " SALT " 1\n" WRAPPED "=\n--- " MAC "\n", "third line"},
        {"age-encryption.org/v1\n-> scrypt " SALT " 1\n\n--- " MAC "\n", "third line"},
        {"age-encryption.org/v1\n-> scrypt " SALT " 1\n" WRAPPED "\n-> X25519 " SALT "\n" WRAPPED
         "\n--- " MAC "\n",
         "fourth line"},
        {"age-encryption.org/v1\n-> scrypt " SALT " 1\n" WRAPPED "\n---" MAC "\n", "fourth line"},
        {"age-encryption.org/v1\n-> scrypt " SALT " 1\n" WRAPPED "\n---\n", "fourth line"},
        {"age-encryption.org/v1\n-> scrypt " SALT " 1\n" WRAPPED "\n--- " MAC "\n0123456789abcdef"
         "0123456789abcde",
         "content is missing"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        assert_refused(slice_of(files[i].text), REASON_bad_key_file, files[i].says);
    }
    /* as it stands, but for the passphrase, it is fine */
    assert_refused(slice_of("age-encryption.org/v1\n-> scrypt " SALT " 1" REST),
                   REASON_wrong_passphrase, "passphrase");
}

static void refuses_files_over_64_kib(void **state)
{
    (void)state;
    static char large[AGEFILE_BYTES_MAX + 1];
    memcpy(large, binary.data, binary.length);
    assert_refused((struct slice){large, sizeof large}, REASON_bad_key_file, "64 KiB");
}

/* ---- armor ---- */

static struct slice armor_changed(const char *from, const char *to, char *out, size_t size)
{
    const char *at = strstr(armored.data, from);
    assert_non_null(at);
    size_t before = (size_t)(at - armored.data);
    size_t after = armored.length - before - strlen(from);
    assert_true(before + strlen(to) + after <= size);
    memcpy(out, armored.data, before);
    memcpy(out + before, to, strlen(to));
    memcpy(out + before + strlen(to), at + strlen(from), after);
    return (struct slice){out, before + strlen(to) + after};
}

static void armor_may_have_crlf_and_white_space_around(void **state)
{
    (void)state;
    char text[2048] = " \r\n\t\n";
    size_t length = strlen(text);
    for (size_t i = 0; i < armored.length; i++) {
        if (armored.data[i] == '\n') {
            text[length++] = '\r';
        }
        text[length++] = armored.data[i];
    }
    assert_opens((struct slice){text, length}, CONTENT);
    memcpy(text + length, "\n \n", 3);
    assert_opens((struct slice){text, length + 3}, CONTENT);
    assert_opens((struct slice){armored.data, armored.length - 1}, CONTENT); /* no last LF */
}

static void armor_may_not_be_bent(void **state)
{
    (void)state;
    char text[2048];
    char line[66] = {0};
    memcpy(line, armored.data + 35, 64); /* its first line of base64 */
    char broken[80];
    snprintf(broken, sizeof broken, "%.32s\n%s", line, line + 32);
    assert_refused(armor_changed(line, broken, text, sizeof text), REASON_bad_key_file, "Line 3");
    snprintf(broken, sizeof broken, "%s\n\n", line);
    assert_refused(armor_changed(line, broken, text, sizeof text), REASON_bad_key_file, "Line 3");
    snprintf(broken, sizeof broken, " %s", line);
    assert_refused(armor_changed(line, broken, text, sizeof text), REASON_bad_key_file, "Line 2");
    snprintf(broken, sizeof broken, "%.63s*", line);
    assert_refused(armor_changed(line, broken, text, sizeof text), REASON_bad_key_file, "Line 2");
    snprintf(broken, sizeof broken, "%.60s", line);
    assert_refused(armor_changed(line, broken, text, sizeof text), REASON_bad_key_file, "Line 3");
    assert_refused(armor_changed("-----END AGE", "-----END PGP", text, sizeof text),
                   REASON_bad_key_file, "Line");
    assert_refused(armor_changed("FILE-----\n", "FILE-----x\n", text, sizeof text),
                   REASON_bad_key_file, "Line 1 ");
    assert_refused(armor_changed("END AGE ENCRYPTED FILE-----\n",
                                 "END AGE ENCRYPTED FILE-----\nmore", text, sizeof text),
                   REASON_bad_key_file, "Line");
    assert_refused(armor_changed("\n-----END AGE ENCRYPTED FILE-----\n", "", text, sizeof text),
                   REASON_bad_key_file, "Line");
}

static void armor_of_octets_agrees_with_rfc_4648(void **state)
{
    (void)state;
    struct buffer out;
    struct buffer back;
    buffer_init(&out, 1000);
    buffer_init(&back, 1000);
    armor_write(&out, slice_of("fooba")); /* RFC 4648 section 10 */
    assert_true(slice_is(buffer_slice(&out), "-----BEGIN AGE ENCRYPTED FILE-----\nZm9vYmE=\n"
                                             "-----END AGE ENCRYPTED FILE-----\n"));
    assert_int_equal(armor_read(buffer_slice(&out), &back, NULL), OK);
    assert_true(slice_is(buffer_slice(&back), "fooba"));
    buffer_done(&out);
    buffer_done(&back);
}

static void out_of_memory_is_an_error_like_any_other(void **state)
{
    (void)state;
    struct secret *content = NULL;
    struct secret *copy = secret_copy(CONTENT, sizeof CONTENT - 1);
    enum err err = ERR_NO_MEMORY;
    unsigned long n;
    for (n = 1; err == ERR_NO_MEMORY && n < 20; n++) {
        struct fault fault;
        memory_fail_from(n);
        err = agefile_read(buffer_slice(&armored), passphrase, &content, &fault);
        memory_fail_from(0);
    }
    assert_int_equal(err, OK);
    assert_in_range(n, 3, 19);
    secret_free(content);
    for (err = ERR_NO_MEMORY, n = 1; err == ERR_NO_MEMORY && n < 20; n++) {
        struct fault fault;
        struct buffer file;
        buffer_init(&file, AGEFILE_BYTES_MAX);
        memory_fail_from(n);
        err = agefile_write(copy, passphrase, 1, &file, &fault);
        memory_fail_from(0);
        buffer_done(&file);
    }
    assert_int_equal(err, OK);
    assert_in_range(n, 3, 19);
    secret_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_age_wrote),
        cmocka_unit_test(opens_what_it_wrote_in_armor_and_without),
        cmocka_unit_test(the_header_is_as_the_standard_has_it),
        cmocka_unit_test(no_two_files_are_alike),
        cmocka_unit_test(holds_nothing_and_as_much_as_fits),
        cmocka_unit_test(refuses_to_write_what_it_would_not_read),
        cmocka_unit_test(a_wrong_passphrase_is_named_as_such),
        cmocka_unit_test(no_bit_can_be_changed),
        cmocka_unit_test(no_end_can_be_cut_and_nothing_added),
        cmocka_unit_test(refuses_headers_that_are_not_of_a_passphrase_file),
        cmocka_unit_test(refuses_files_over_64_kib),
        cmocka_unit_test(armor_may_have_crlf_and_white_space_around),
        cmocka_unit_test(armor_may_not_be_bent),
        cmocka_unit_test(armor_of_octets_agrees_with_rfc_4648),
        cmocka_unit_test(out_of_memory_is_an_error_like_any_other),
    };
    return cmocka_run_group_tests(tests, prepare, clear);
}
