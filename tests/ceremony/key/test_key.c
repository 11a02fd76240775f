/* Vectors: the example of the age standard, RFC 7748 section 6.1, and parts.md section 17. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "audit/base/memory.h"
#include "ceremony/key/bech32.h"
#include "ceremony/key/key.h"

#define KEY_HEX "e4234461a61678f551d7bdc9b9e96bd1e21afd6e9fc474da66daccb963cc7382"
#define IDENTITY "AGE-SECRET-KEY-1US35GCDXZEU025WHHHYMN6TT683P4LTWNLZ8FKNXMTXTJC7VWWPQJCAU5M"
#define RECIPIENT "age1t5erdfp7s8y9jqrc5eykeekekj2kqqgewx03g35csprjrstvteesw9v0uh"
#define KEY_ID "6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0d"
#define CHECK "mkcheck1dudrc55dpe9h48ppte8n52cuphtul3yn2xze6d3xt6qujyxjpr7q0h4lyz"
#define EXAMPLE_RECIPIENT "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

static struct secret *key_of(const char *hex)
{
    struct secret *key = NULL;
    assert_int_equal(key_from_hex(slice_of(hex), &key, NULL), OK);
    return key;
}

static void assert_secret(struct secret *secret, const char *expected)
{
    assert_int_equal(secret->length, strlen(expected));
    assert_memory_equal(secret->data, expected, secret->length);
    secret_free(secret);
}

/* ---- text ---- */

static void prints_and_reads_the_key_of_the_vectors(void **state)
{
    (void)state;
    struct secret *key = key_of(KEY_HEX);
    struct secret *text = NULL;
    struct secret *again = NULL;
    assert_int_equal(key_to_text(KEY_RAW, key, &text), OK);
    assert_secret(text, KEY_HEX);
    assert_int_equal(key_to_text(KEY_AGE, key, &text), OK);
    assert_secret(text, IDENTITY);
    assert_int_equal(key_from_text(slice_of(IDENTITY), &again, NULL), OK);
    assert_true(secret_equal(key, again));
    secret_free(again);
    assert_int_equal(key_from_text(slice_of(KEY_HEX), &again, NULL), OK);
    assert_true(secret_equal(key, again));
    secret_free(again);
    secret_free(key);
}

static void reads_hexadecimal_digits_of_either_case_and_both_lengths(void **state)
{
    (void)state;
    struct secret *key = key_of("000102030405060708090A0b0c0D0e0F");
    assert_int_equal(key->length, 16);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(key->data[i], i);
    }
    secret_free(key);
}

static void refuses_what_is_no_hexadecimal_digit(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[33] = "00112233445566778899aabbccddeeff";
        struct fault fault;
        struct secret *key = NULL;
        text[19] = (char)c;
        bool digit = c != 0 && strchr("0123456789abcdefABCDEF", c) != NULL;
        enum err err = key_from_hex((struct slice){text, 32}, &key, &fault);
        assert_int_equal(err, digit ? OK : ERR_INVALID_PARAMS);
        assert_true(digit || key == NULL);
        secret_free(key);
    }
}

static void refuses_digits_of_another_number(void **state)
{
    (void)state;
    static const char digits[] = KEY_HEX "00";
    for (size_t length = 0; length < sizeof digits; length++) {
        struct fault fault;
        struct secret *key = NULL;
        if (length != 32 && length != 64) {
            assert_int_equal(key_from_hex((struct slice){digits, length}, &key, &fault),
                             ERR_INVALID_PARAMS);
            assert_int_equal(fault.reason, REASON_bad_secret_length);
        }
    }
}

static void refuses_an_identity_in_lower_case_as_age_does(void **state)
{
    (void)state;
    char text[] = IDENTITY;
    struct fault fault;
    struct secret *key = NULL;
    for (size_t i = 0; text[i] != '\0'; i++) {
        text[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i]);
    }
    assert_int_equal(key_from_text(slice_of(text), &key, &fault), ERR_INVALID_PARAMS);
    assert_non_null(strstr(fault.sentence, "upper case"));
}

static void no_fault_holds_a_piece_of_the_key(void **state)
{
    (void)state;
    char text[] = IDENTITY;
    struct fault fault;
    struct secret *key = NULL;
    text[20] = 'b';
    assert_int_equal(key_from_text(slice_of(text), &key, &fault), ERR_INVALID_PARAMS);
    for (size_t i = 16; i + 4 < sizeof text; i++) {
        char piece[5] = {0};
        memcpy(piece, text + i, 4);
        assert_null(strstr(fault.sentence, piece));
    }
}

static void writes_key_txt_as_age_keygen_does(void **state)
{
    (void)state;
    struct secret *key = key_of(KEY_HEX);
    struct secret *text = NULL;
    /* 2026-11-24T17:49:41.123456Z: date -u -d 2026-11-24T17:49:41Z +%s gives 1795542581 */
    assert_int_equal(key_to_file(key, INT64_C(1795542581123456), &text), OK);
    assert_secret(text, "# created: 2026-11-24T17:49:41Z\n"
                        "# public key: " RECIPIENT "\n" IDENTITY "\n");
    secret_free(key);
}

/* ---- bytes ---- */

static void makes_keys_of_the_lengths_their_kind_has(void **state)
{
    (void)state;
    static const struct {
        enum key_kind kind;
        unsigned bits;
        enum err err;
    } cases[] = {{KEY_AGE, 256, OK},
                 {KEY_RAW, 128, OK},
                 {KEY_RAW, 256, OK},
                 {KEY_AGE, 128, ERR_INVALID_PARAMS},
                 {KEY_RAW, 192, ERR_INVALID_PARAMS},
                 {KEY_RAW, 0, ERR_INVALID_PARAMS}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fault fault;
        struct secret *key = NULL;
        assert_int_equal(key_make(cases[i].kind, cases[i].bits, &key, &fault), cases[i].err);
        assert_true((key != NULL) == (cases[i].err == OK));
        if (key != NULL) {
            assert_int_equal(key->length, cases[i].bits / 8);
            assert_false(sodium_is_zero(key->data, key->length));
            assert_int_equal(key_check_length(cases[i].kind, key->length, &fault), OK);
        } else {
            assert_int_equal(fault.reason, REASON_bad_bits);
        }
        secret_free(key);
    }
}

static void no_two_keys_are_alike(void **state)
{
    (void)state;
    struct secret *a = NULL;
    struct secret *b = NULL;
    assert_int_equal(key_make(KEY_RAW, 128, &a, NULL), OK);
    assert_int_equal(key_make(KEY_RAW, 128, &b, NULL), OK);
    assert_false(secret_equal(a, b));
    secret_free(a);
    secret_free(b);
}

static void takes_imported_keys_of_16_or_32_octets_age_of_32_alone(void **state)
{
    (void)state;
    for (size_t length = 0; length < 70; length++) {
        struct fault fault;
        bool age = length == 32;
        bool raw = length == 16 || length == 32;
        assert_int_equal(key_check_length(KEY_AGE, length, &fault), age ? OK : ERR_INVALID_PARAMS);
        assert_int_equal(key_check_length(KEY_RAW, length, &fault), raw ? OK : ERR_INVALID_PARAMS);
        assert_true(raw || fault.reason == REASON_bad_secret_length);
    }
}

static void kinds_have_words(void **state)
{
    (void)state;
    enum key_kind kind = KEY_RAW;
    assert_true(key_kind_from_word(slice_of("age"), &kind));
    assert_int_equal(kind, KEY_AGE);
    assert_true(key_kind_from_word(slice_of("raw"), &kind));
    assert_int_equal(kind, KEY_RAW);
    assert_false(key_kind_from_word(slice_of("AGE"), &kind));
    assert_false(key_kind_from_word(slice_of(""), &kind));
    assert_string_equal(key_kind_word(KEY_RAW), "raw");
}

/* ---- public keys ---- */

static void agrees_with_rfc_7748_and_the_example_of_age(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
         "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"},
        {"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
         "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"},
    };
    uint8_t public_key[KEY_BYTES];
    char text[2 * KEY_BYTES + 1];
    for (size_t i = 0; i < 2; i++) {
        struct secret *key = key_of(pairs[i][0]);
        key_public(key, public_key);
        sodium_bin2hex(text, sizeof text, public_key, sizeof public_key);
        assert_string_equal(text, pairs[i][1]);
        secret_free(key);
    }
    struct secret *example = NULL;
    assert_int_equal(
        key_from_text(slice_of("AGE-SECRET-KEY-"
                               "1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"),
                      &example, NULL),
        OK);
    key_public(example, public_key);
    key_public_text(public_key, text);
    assert_string_equal(text, EXAMPLE_RECIPIENT);
    secret_free(example);
}

static void reads_public_keys_and_writes_them_again(void **state)
{
    (void)state;
    static const char *const texts[] = {RECIPIENT, EXAMPLE_RECIPIENT};
    for (size_t i = 0; i < 2; i++) {
        uint8_t key[KEY_BYTES];
        char text[KEY_PUBLIC_TEXT + 1];
        assert_int_equal(key_public_from_text(slice_of(texts[i]), key, NULL), OK);
        key_public_text(key, text);
        assert_string_equal(text, texts[i]);
    }
}

static void refuses_public_keys_of_other_kinds(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "age",
        "age1pq1jm5lmy5qkyaxt6ag4fluwc2j3tq2qdxnt96p2ls2",
        "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4ZD0RQmfhvpMnbcKDWuFnpbbNOmI1oMPx3h2tRmTtY",
        IDENTITY,
        CHECK,
        "mkcheck1",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct fault fault;
        uint8_t key[KEY_BYTES] = {7};
        assert_int_equal(key_public_from_text(slice_of(texts[i]), key, &fault), ERR_INVALID_PARAMS);
        assert_int_equal(fault.reason, REASON_unsupported_public_key);
        assert_int_equal(key[0], 7);
    }
}

static void says_what_is_wrong_with_a_mistyped_public_key(void **state)
{
    (void)state;
    char text[] = RECIPIENT;
    struct fault fault;
    uint8_t key[KEY_BYTES];
    text[30] = '1'; /* typed for an l, as people do */
    assert_int_equal(key_public_from_text(slice_of(text), key, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_bad_value);
    assert_non_null(strstr(fault.sentence, "Character 31 "));
}

/* The points of small order of X25519: whatever key multiplies them, everybody knows the result.
 * As libsodium and RFC 7748 section 6.1 (all-zero output) have it. */
static void refuses_points_that_nothing_can_be_sealed_to(void **state)
{
    (void)state;
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        struct fault fault;
        uint8_t point[KEY_BYTES];
        uint8_t key[KEY_BYTES];
        char text[KEY_PUBLIC_TEXT + 1];
        assert_int_equal(sodium_hex2bin(point, sizeof point, points[i], 64, NULL, NULL, NULL), 0);
        key_public_text(point, text);
        assert_int_equal(key_public_from_text(slice_of(text), key, &fault), ERR_INVALID_PARAMS);
        assert_int_equal(fault.reason, REASON_weak_public_key);
    }
}

/* RFC 7748 section 5: the top bit is masked and values from 2^255 - 19 to 2^255 - 1 are taken
 * modulo that, so these are other texts of the keys 9 (the base point), 2, 18 and of one of
 * section 6.1. */
static void refuses_a_second_text_of_a_key(void **state)
{
    (void)state;
    static const char *const points[] = {
        "0900000000000000000000000000000000000000000000000000000000000080",
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4eea",
        "efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        struct fault fault;
        uint8_t point[KEY_BYTES];
        uint8_t key[KEY_BYTES] = {7};
        char text[KEY_PUBLIC_TEXT + 1];
        assert_int_equal(sodium_hex2bin(point, sizeof point, points[i], 64, NULL, NULL, NULL), 0);
        key_public_text(point, text);
        assert_int_equal(key_public_from_text(slice_of(text), key, &fault), ERR_INVALID_PARAMS);
        assert_int_equal(fault.reason, REASON_bad_value);
        assert_non_null(strstr(fault.sentence, "2^255 - 19 or more"));
        assert_int_equal(key[0], 7);
    }
}

/* The usual texts of three of them, and the largest numbers below 2^255 - 19 that are no weak
 * points. */
static void takes_the_usual_text_of_a_key(void **state)
{
    (void)state;
    static const char *const points[] = {
        "0900000000000000000000000000000000000000000000000000000000000000",
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        "ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "fffeffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7e",
    };
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        uint8_t point[KEY_BYTES];
        uint8_t key[KEY_BYTES];
        char text[KEY_PUBLIC_TEXT + 1];
        assert_int_equal(sodium_hex2bin(point, sizeof point, points[i], 64, NULL, NULL, NULL), 0);
        key_public_text(point, text);
        assert_int_equal(key_public_from_text(slice_of(text), key, NULL), OK);
        assert_memory_equal(key, point, sizeof key);
    }
}

static void a_fingerprint_is_the_first_16_characters_in_fours(void **state)
{
    (void)state;
    uint8_t key[KEY_BYTES];
    char fingerprint[KEY_FINGERPRINT_TEXT + 1];
    assert_int_equal(key_public_from_text(slice_of(RECIPIENT), key, NULL), OK);
    key_fingerprint(key, fingerprint);
    assert_string_equal(fingerprint, "t5er dfp7 s8y9 jqrc");
}

/* ---- check values ---- */

static void tells_what_can_be_a_check_value(void **state)
{
    (void)state;
    static const char *const fit[] = {RECIPIENT, EXAMPLE_RECIPIENT, CHECK};
    static const char *const none[] = {
        "", "m", "mk", "mkcheck1", "age1", "age1nonsense", "mkcheck1nonsense", IDENTITY, KEY_HEX};
    for (size_t i = 0; i < sizeof fit / sizeof fit[0]; i++) {
        assert_true(key_check_fits(slice_of(fit[i])));
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_false(key_check_fits(slice_of(none[i])));
    }
    assert_false(key_check_fits((struct slice){NULL, 0}));
}

static void check_values_agree_with_the_vectors(void **state)
{
    (void)state;
    char text[KEY_CHECK_TEXT + 1];
    struct secret *key = key_of(KEY_HEX);
    assert_int_equal(key_check_value(KEY_RAW, key, slice_of(KEY_ID), text), OK);
    assert_string_equal(text, CHECK);
    assert_int_equal(key_check_value(KEY_AGE, key, slice_of(KEY_ID), text), OK);
    assert_string_equal(text, RECIPIENT);
    assert_int_equal(key_check_value(KEY_RAW, key, slice_of("no id"), text), ERR_INVALID_PARAMS);
    secret_free(key);
}

static void the_tag_in_the_check_value_is_that_of_the_vectors(void **state)
{
    (void)state;
    uint8_t both[32];
    char hex[65];
    assert_int_equal(bech32_decode(slice_of(CHECK), "mkcheck", both, sizeof both, NULL), OK);
    sodium_bin2hex(hex, sizeof hex, both, sizeof both);
    assert_string_equal(hex, "6f1a3c528d0e4b7a9c215e4f3a2b1c0d"
                             "d7cfc49351859d36265e81c910d208fc");
}

static void proves_the_key_and_no_other(void **state)
{
    (void)state;
    struct fault fault;
    struct secret *key = key_of(KEY_HEX);
    assert_int_equal(key_prove(key, slice_of(CHECK), &fault), OK);
    assert_int_equal(key_prove(key, slice_of(RECIPIENT), &fault), OK);
    key->data[31] ^= 0x10;
    assert_int_equal(key_prove(key, slice_of(CHECK), &fault), ERR_PARTS);
    assert_int_equal(fault.reason, REASON_check_mismatch);
    assert_int_equal(key_prove(key, slice_of(RECIPIENT), &fault), ERR_PARTS);
    assert_int_equal(fault.reason, REASON_check_mismatch);
    key->length = 16; /* a key of 128 bits is no age key */
    assert_int_equal(key_prove(key, slice_of(RECIPIENT), &fault), ERR_PARTS);
    assert_int_equal(key_prove(key, slice_of(CHECK), &fault), ERR_PARTS);
    secret_free(key);
}

static void a_check_value_that_cannot_be_read_proves_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "m",
                                        "mkcheck1",
                                        "age1",
                                        "mkcheck",
                                        KEY_HEX,
                                        "mkcheck1dudrc55dpe9h48ppte8n52cuphtul3yn2xze6d3xt6qujyxjpr"
                                        "7q0h4lyq"};
    struct fault fault;
    struct secret *key = key_of(KEY_HEX);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(key_prove(key, slice_of(texts[i]), &fault), ERR_INVALID_PARAMS);
    }
    secret_free(key);
}

static void ids_are_uuids_in_lower_case(void **state)
{
    (void)state;
    uint8_t id[16];
    char hex[33];
    assert_true(key_id_from_text(slice_of(KEY_ID), id));
    sodium_bin2hex(hex, sizeof hex, id, sizeof id);
    assert_string_equal(hex, "6f1a3c528d0e4b7a9c215e4f3a2b1c0d");
    assert_false(key_id_from_text(slice_of("6F1A3C52-8D0E-4B7A-9C21-5E4F3A2B1C0D"), id));
    assert_false(key_id_from_text(slice_of("6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0"), id));
    assert_false(key_id_from_text(slice_of("6f1a3c528-d0e-4b7a-9c21-5e4f3a2b1c0d"), id));
    assert_false(key_id_from_text(slice_of("6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0g"), id));
    assert_false(key_id_from_text(slice_of("6f1a3c52_8d0e-4b7a-9c21-5e4f3a2b1c0d"), id));
}

/* ---- memory ---- */

static void out_of_memory_is_an_error_like_any_other(void **state)
{
    (void)state;
    struct fault fault;
    struct secret *key = key_of(KEY_HEX);
    struct secret *out = NULL;
    char text[KEY_CHECK_TEXT + 1];
    for (unsigned long n = 1; n <= 2; n++) {
        memory_fail_from(n);
        enum err err = key_to_file(key, 0, &out);
        memory_fail_from(0);
        assert_int_equal(err, ERR_NO_MEMORY);
    }
    memory_fail_from(1);
    enum err made = key_make(KEY_RAW, 256, &out, &fault);
    enum err hex = key_to_hex(key, &out);
    enum err read = key_from_text(slice_of(IDENTITY), &out, &fault);
    enum err digits = key_from_text(slice_of(KEY_HEX), &out, &fault);
    enum err check = key_check_value(KEY_RAW, key, slice_of(KEY_ID), text);
    enum err proof = key_prove(key, slice_of(CHECK), &fault);
    memory_fail_from(0);
    assert_int_equal(made, ERR_NO_MEMORY);
    assert_int_equal(hex, ERR_NO_MEMORY);
    assert_int_equal(read, ERR_NO_MEMORY);
    assert_int_equal(digits, ERR_NO_MEMORY);
    assert_int_equal(check, ERR_NO_MEMORY);
    assert_int_equal(proof, ERR_NO_MEMORY);
    assert_null(out);
    secret_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_and_reads_the_key_of_the_vectors),
        cmocka_unit_test(reads_hexadecimal_digits_of_either_case_and_both_lengths),
        cmocka_unit_test(refuses_what_is_no_hexadecimal_digit),
        cmocka_unit_test(refuses_digits_of_another_number),
        cmocka_unit_test(refuses_an_identity_in_lower_case_as_age_does),
        cmocka_unit_test(no_fault_holds_a_piece_of_the_key),
        cmocka_unit_test(writes_key_txt_as_age_keygen_does),
        cmocka_unit_test(makes_keys_of_the_lengths_their_kind_has),
        cmocka_unit_test(no_two_keys_are_alike),
        cmocka_unit_test(takes_imported_keys_of_16_or_32_octets_age_of_32_alone),
        cmocka_unit_test(kinds_have_words),
        cmocka_unit_test(agrees_with_rfc_7748_and_the_example_of_age),
        cmocka_unit_test(reads_public_keys_and_writes_them_again),
        cmocka_unit_test(refuses_public_keys_of_other_kinds),
        cmocka_unit_test(says_what_is_wrong_with_a_mistyped_public_key),
        cmocka_unit_test(refuses_points_that_nothing_can_be_sealed_to),
        cmocka_unit_test(refuses_a_second_text_of_a_key),
        cmocka_unit_test(takes_the_usual_text_of_a_key),
        cmocka_unit_test(a_fingerprint_is_the_first_16_characters_in_fours),
        cmocka_unit_test(tells_what_can_be_a_check_value),
        cmocka_unit_test(check_values_agree_with_the_vectors),
        cmocka_unit_test(the_tag_in_the_check_value_is_that_of_the_vectors),
        cmocka_unit_test(proves_the_key_and_no_other),
        cmocka_unit_test(a_check_value_that_cannot_be_read_proves_nothing),
        cmocka_unit_test(ids_are_uuids_in_lower_case),
        cmocka_unit_test(out_of_memory_is_an_error_like_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
