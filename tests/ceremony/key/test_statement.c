/* Vectors of parts.md section 17, made of SLIP-39's official vector 45 (its two share values read
 * out of the mnemonics by another program). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "audit/base/memory.h"
#include "ceremony/key/statement.h"

#define CEREMONY "6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0d"
#define DRILL "a3b1c2d4-0000-4000-8000-00000000000d"
#define ATTEMPT "0b9ce7a1-5c3d-4e2f-8a1b-2c3d4e5f6a7b"

static const uint8_t header[] = {0xfa, 0x83, 0x00, 0x00, 0x21};
static const uint8_t other_header[] = {0xfa, 0x83, 0x00, 0x00, 0x01};
static const char value_hex[] = "daef18f6bfd2792749905e41a402dae0365bc2434e455226096a99f941d203bf";
static uint8_t challenge[STATEMENT_CHALLENGE_BYTES];
static uint8_t receiver[STATEMENT_RECEIVER_BYTES];

static int prepare(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof challenge; i++) {
        challenge[i] = (uint8_t)i;
        receiver[i] = (uint8_t)(100 + i);
    }
    return sodium_init() < 0 ? -1 : 0;
}

static void assert_hex(const uint8_t *bytes, size_t length, const char *expected)
{
    char hex[129];
    sodium_bin2hex(hex, sizeof hex, bytes, length);
    assert_string_equal(hex, expected);
}

static struct secret *part_key(const char *hex, const uint8_t *head, uint8_t *out_public)
{
    uint8_t value[32];
    struct secret *signing = NULL;
    assert_int_equal(sodium_hex2bin(value, sizeof value, hex, 64, NULL, NULL, NULL), 0);
    assert_int_equal(part_key_make(slice_of(CEREMONY), head,
                                   (struct slice){(const char *)value, sizeof value}, out_public,
                                   &signing),
                     OK);
    return signing;
}

static struct statement drill(void)
{
    return (struct statement){.purpose = STATEMENT_DRILL,
                              .ceremony = slice_of(CEREMONY),
                              .header = header,
                              .reference = slice_of(DRILL),
                              .challenge = challenge};
}

/* ---- vectors ---- */

static void part_keys_agree_with_the_vectors(void **state)
{
    (void)state;
    uint8_t public_key[STATEMENT_PUBLIC_BYTES];
    struct secret *signing = part_key(value_hex, header, public_key);
    /* libsodium's signing half begins with the seed */
    assert_hex(signing->data, 32,
               "781130bbefc8ec3198a7e04cd16b1a0d768924c79df3544d92706466f53eaad5");
    assert_hex(public_key, sizeof public_key,
               "1cb366de84863b285046093364a5f23272c050bd2402caabde7670b407647782");
    secret_free(signing);
    signing = part_key("b4290e56271e919a44596794aef75071b07536ee113e1529299a08b19190ed81",
                       other_header, public_key);
    assert_hex(public_key, sizeof public_key,
               "fc80d29385583bce749456aee6590c94fcc991514c6f4ea5fd3e092cbb901849");
    secret_free(signing);
}

static void the_statement_of_the_vectors_has_their_signature(void **state)
{
    (void)state;
    uint8_t public_key[STATEMENT_PUBLIC_BYTES];
    uint8_t signature[STATEMENT_SIGNATURE_BYTES];
    struct secret *signing = part_key(value_hex, header, public_key);
    struct statement statement = drill();
    statement_sign(&statement, signing, signature);
    assert_hex(
        signature, sizeof signature,
        "4ffbd6490be220b5ee6bb94beea763a109338a1be4aa0979dcb434146e943985e2db44155a808e902311"
        "05a185bd122cc9cb90b7334c853cfed51b3455b3cd01");
    assert_true(statement_verify(&statement, public_key, signature));
    secret_free(signing);
}

static void the_public_half_alone_can_be_had(void **state)
{
    (void)state;
    uint8_t with[STATEMENT_PUBLIC_BYTES];
    uint8_t without[STATEMENT_PUBLIC_BYTES];
    uint8_t value[32];
    struct secret *signing = part_key(value_hex, header, with);
    assert_int_equal(
        sodium_hex2bin(value, sizeof value, value_hex, sizeof value_hex - 1, NULL, NULL, NULL), 0);
    assert_int_equal(part_key_make(slice_of(CEREMONY), header,
                                   (struct slice){(const char *)value, sizeof value}, without,
                                   NULL),
                     OK);
    assert_memory_equal(with, without, sizeof with);
    secret_free(signing);
}

/* ---- worth nothing for another ---- */

/* A part re-checksummed under another header, or moved to another ceremony, has another key. */
static void another_header_or_ceremony_or_value_has_another_part_key(void **state)
{
    (void)state;
    uint8_t public_key[STATEMENT_PUBLIC_BYTES];
    uint8_t other[STATEMENT_PUBLIC_BYTES];
    uint8_t value[32] = {1};
    struct slice share = {(const char *)value, sizeof value};
    assert_int_equal(part_key_make(slice_of(CEREMONY), header, share, public_key, NULL), OK);
    assert_int_equal(part_key_make(slice_of(CEREMONY), other_header, share, other, NULL), OK);
    assert_memory_not_equal(public_key, other, sizeof other);
    assert_int_equal(part_key_make(slice_of(ATTEMPT), header, share, other, NULL), OK);
    assert_memory_not_equal(public_key, other, sizeof other);
    value[31] = 1;
    assert_int_equal(part_key_make(slice_of(CEREMONY), header, share, other, NULL), OK);
    assert_memory_not_equal(public_key, other, sizeof other);
}

static void assert_swap_refused(const struct statement *sign, const struct statement *swapped)
{
    uint8_t public_key[STATEMENT_PUBLIC_BYTES];
    uint8_t signature[STATEMENT_SIGNATURE_BYTES];
    struct secret *signing = part_key(value_hex, header, public_key);
    statement_sign(sign, signing, signature);
    assert_true(statement_verify(sign, public_key, signature));
    assert_false(statement_verify(swapped, public_key, signature));
    secret_free(signing);
}

static void a_statement_of_another_purpose_is_refused(void **state)
{
    (void)state;
    struct statement submit = drill();
    submit.purpose = STATEMENT_SUBMIT;
    submit.deliver_to = receiver;
    struct statement swapped = drill(); /* with the same reference and challenge */
    assert_swap_refused(&submit, &swapped);
    assert_swap_refused(&swapped, &submit);
    struct statement confirm = drill();
    confirm.purpose = STATEMENT_CONFIRM;
    confirm.reference = slice_of("");
    assert_swap_refused(&confirm, &swapped);
}

static void a_statement_of_another_ceremony_is_refused(void **state)
{
    (void)state;
    struct statement statement = drill();
    struct statement swapped = drill();
    swapped.ceremony = slice_of(ATTEMPT);
    assert_swap_refused(&statement, &swapped);
}

static void a_statement_of_another_part_is_refused(void **state)
{
    (void)state;
    struct statement statement = drill();
    struct statement swapped = drill();
    swapped.header = other_header;
    assert_swap_refused(&statement, &swapped);
    uint8_t other[STATEMENT_PUBLIC_BYTES];
    uint8_t public_key[STATEMENT_PUBLIC_BYTES];
    uint8_t signature[STATEMENT_SIGNATURE_BYTES];
    struct secret *signing = part_key(value_hex, header, public_key);
    struct secret *others = part_key(value_hex, other_header, other);
    statement_sign(&statement, others, signature);
    assert_true(statement_verify(&statement, other, signature));
    assert_false(statement_verify(&statement, public_key, signature));
    secret_free(others);
    secret_free(signing);
}

static void a_statement_of_another_challenge_is_refused(void **state)
{
    (void)state;
    uint8_t other[STATEMENT_CHALLENGE_BYTES];
    struct statement statement = drill();
    struct statement swapped = drill();
    memcpy(other, challenge, sizeof other);
    other[31] ^= 1;
    swapped.challenge = other;
    assert_swap_refused(&statement, &swapped);
}

static void a_statement_for_another_attempt_or_receiver_is_refused(void **state)
{
    (void)state;
    uint8_t other[STATEMENT_RECEIVER_BYTES];
    struct statement submit = {.purpose = STATEMENT_SUBMIT,
                               .ceremony = slice_of(CEREMONY),
                               .header = header,
                               .reference = slice_of(ATTEMPT),
                               .challenge = challenge,
                               .deliver_to = receiver};
    struct statement swapped = submit;
    swapped.reference = slice_of(DRILL);
    assert_swap_refused(&submit, &swapped);
    swapped = submit;
    memcpy(other, receiver, sizeof other);
    other[0] ^= 0x80;
    swapped.deliver_to = other;
    assert_swap_refused(&submit, &swapped);
}

static void one_bit_of_a_signature_wrong_and_it_is_refused(void **state)
{
    (void)state;
    uint8_t public_key[STATEMENT_PUBLIC_BYTES];
    uint8_t signature[STATEMENT_SIGNATURE_BYTES];
    struct secret *signing = part_key(value_hex, header, public_key);
    struct statement statement = drill();
    statement_sign(&statement, signing, signature);
    for (size_t bit = 0; bit < 8 * sizeof signature; bit++) {
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(statement_verify(&statement, public_key, signature));
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(statement_verify(&statement, public_key, signature));
    secret_free(signing);
}

static void without_memory_there_is_no_part_key(void **state)
{
    (void)state;
    uint8_t public_key[STATEMENT_PUBLIC_BYTES] = {7};
    struct secret *signing = NULL;
    memory_fail_from(1);
    enum err err = part_key_make(slice_of(CEREMONY), header, slice_of("0123456789abcdef"),
                                 public_key, &signing);
    memory_fail_from(0);
    assert_int_equal(err, ERR_NO_MEMORY);
    assert_null(signing);
    assert_int_equal(public_key[0], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(part_keys_agree_with_the_vectors),
        cmocka_unit_test(the_statement_of_the_vectors_has_their_signature),
        cmocka_unit_test(the_public_half_alone_can_be_had),
        cmocka_unit_test(another_header_or_ceremony_or_value_has_another_part_key),
        cmocka_unit_test(a_statement_of_another_purpose_is_refused),
        cmocka_unit_test(a_statement_of_another_ceremony_is_refused),
        cmocka_unit_test(a_statement_of_another_part_is_refused),
        cmocka_unit_test(a_statement_of_another_challenge_is_refused),
        cmocka_unit_test(a_statement_for_another_attempt_or_receiver_is_refused),
        cmocka_unit_test(one_bit_of_a_signature_wrong_and_it_is_refused),
        cmocka_unit_test(without_memory_there_is_no_part_key),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
