/* A recovered key is opened, proven and written; or it is not. The key and its forms are those of
 * the specification (parts.md section 17), whose recipient age-keygen agrees with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ipc/client/desk/key_receive.h"

#define CEREMONY "6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0d"
#define DIGITS "e4234461a61678f551d7bdc9b9e96bd1e21afd6e9fc474da66daccb963cc7382"
#define IDENTITY "AGE-SECRET-KEY-1US35GCDXZEU025WHHHYMN6TT683P4LTWNLZ8FKNXMTXTJC7VWWPQJCAU5M"
#define RECIPIENT "age1t5erdfp7s8y9jqrc5eykeekekj2kqqgewx03g35csprjrstvteesw9v0uh"
#define RAW_CHECK "mkcheck1dudrc55dpe9h48ppte8n52cuphtul3yn2xze6d3xt6qujyxjpr7q0h4lyz"
#define OTHER "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

static struct secret *receiver;
static uint8_t sealed[PAYLOAD_SEALED_BYTES];
static struct key_received received;
static struct fault fault;

static void seal(enum key_kind kind, const char *check)
{
    uint8_t public_key[KEY_BYTES];
    const struct payload_key key = {.ceremony = slice_of(CEREMONY),
                                    .attempt = slice_of(CEREMONY),
                                    .kind = kind,
                                    .secret = slice_of(DIGITS),
                                    .identity = slice_of(kind == KEY_AGE ? IDENTITY : ""),
                                    .check = slice_of(check)};
    key_public(receiver, public_key);
    assert_int_equal(payload_seal_key(&key, public_key, sealed, &fault), OK);
}

static enum err receive(const char *ceremony, const char *check)
{
    fault_clear(&fault);
    return key_receive((struct slice){(const char *)sealed, sizeof sealed}, receiver,
                       slice_of(ceremony), slice_of(check), &received, &fault);
}

static void assert_written(const char *ending, size_t whole)
{
    struct secret *text;
    assert_int_equal(key_received_text(&received, &text), OK);
    size_t length = strlen(ending);
    assert_true(text->length >= length);
    assert_memory_equal(text->data + text->length - length, ending, length);
    assert_true(whole == 0 || text->length == whole);
    secret_free(text);
}

static void an_age_key_becomes_the_file_that_age_reads(void **state)
{
    (void)state;
    seal(KEY_AGE, RECIPIENT);
    assert_int_equal(receive(CEREMONY, RECIPIENT), OK);
    assert_written("# public key: " RECIPIENT "\n" IDENTITY "\n", 0);
    key_received_done(&received);
}

static void a_raw_key_becomes_its_digits(void **state)
{
    (void)state;
    seal(KEY_RAW, RAW_CHECK);
    assert_int_equal(receive("", NULL), OK);
    assert_written(DIGITS "\n", 65);
    key_received_done(&received);
}

static void another_key_than_expected_is_not_given_out(void **state)
{
    (void)state;
    seal(KEY_AGE, OTHER); /* the box contradicts itself */
    assert_int_equal(receive("", NULL), ERR_PARTS);
    assert_int_equal(fault.reason, REASON_check_mismatch);
    assert_null(received.key);
    seal(KEY_AGE, RECIPIENT); /* sound, but not the one on the page */
    assert_int_equal(receive("", OTHER), ERR_PARTS);
    assert_int_equal(fault.reason, REASON_check_mismatch);
    assert_null(received.key);
    assert_int_equal(receive("", ""), ERR_INVALID_PARAMS); /* an empty one is none, and no proof */
    assert_null(received.key);
    assert_int_equal(receive("6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0e", NULL), ERR_PARTS);
    assert_int_equal(fault.reason, REASON_part_mismatch);
    assert_null(received.room);
}

static void what_is_altered_does_not_open(void **state)
{
    (void)state;
    seal(KEY_AGE, RECIPIENT);
    sealed[700] ^= 1;
    assert_int_equal(receive("", NULL), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_bad_seal);
}

static int make(void **state)
{
    (void)state;
    return key_make(KEY_AGE, 256, &receiver, NULL) == OK ? 0 : -1;
}

static int done(void **state)
{
    (void)state;
    secret_free(receiver);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_age_key_becomes_the_file_that_age_reads),
        cmocka_unit_test(a_raw_key_becomes_its_digits),
        cmocka_unit_test(another_key_than_expected_is_not_given_out),
        cmocka_unit_test(what_is_altered_does_not_open),
    };
    return cmocka_run_group_tests(tests, make, done);
}
