/* The official vectors of SLIP-39 (read from beside the tree, where they are: skipped otherwise),
 * and what is published of one of them: header, share value and key of vector 45. */
#include "tests/ceremony/slip39/help.h"

#include <stdio.h>

#include "audit/base/json.h"
#include "ceremony/key/kdf.h"
#include "ceremony/slip39/cipher.h"
#include "ceremony/slip39/shamir.h"

#define VECTORS TEST_SOURCE "/../shared/vectors/slip39.json"
#define VECTORS_BYTES_MAX (256 * 1024)
#define VECTORS_COUNT 45
#define PASSPHRASE "TREZOR"

/* ---- one published set, without the file
 * --------------------------------------------------------- */

#define PUBLISHED_VALUE "daef18f6bfd2792749905e41a402dae0365bc2434e455226096a99f941d203bf"
#define PUBLISHED_KEY "e4234461a61678f551d7bdc9b9e96bd1e21afd6e9fc474da66daccb963cc7382"

static struct slip39_part published_part(void)
{
    static const uint8_t octets[SLIP39_HEADER_BYTES] = {0xfa, 0x83, 0x00, 0x00, 0x21};
    struct slip39_part part = {.value = help_hex(PUBLISHED_VALUE)};
    slip39_header_unpack(octets, &part.header);
    return part;
}

static void published_header_reads_as_it_is_described(void **state)
{
    (void)state;
    struct slip39_part part = published_part();
    uint8_t octets[SLIP39_HEADER_BYTES];
    assert_int_equal(part.header.id, 0xfa83 >> 1);
    assert_true(part.header.extendable);
    assert_int_equal(part.header.exponent, 0);
    assert_int_equal(part.header.group_index, 0);
    assert_int_equal(part.header.group_threshold, 1);
    assert_int_equal(part.header.group_count, 1);
    assert_int_equal(part.header.member_index, 2);
    assert_int_equal(part.header.member_threshold, 2);
    slip39_header_pack(&part.header, octets);
    assert_memory_equal(octets, "\xfa\x83\x00\x00\x21", sizeof octets);
    slip39_part_done(&part);
}

static void published_value_gives_the_published_words(void **state)
{
    (void)state;
    struct slip39_part part = published_part();
    struct secret *words = help_words(&part);
    const char *text = (const char *)words->data;
    static const char begin[] = "western apart academic always ";
    assert_memory_equal(text, begin, strlen(begin));
    assert_string_equal(text + words->length - strlen(" making"), " making");
    secret_free(words);
    slip39_part_done(&part);
}

/* Two parts open the set, and one of them and the key make the line: so the other part, of index 0,
 * follows from what is published, and its public key is published as well. */
static void published_part_and_key_give_the_other_published_part(void **state)
{
    (void)state;
    struct slip39_part parts[2] = {published_part(), published_part()};
    struct secret *key = help_hex(PUBLISHED_KEY);
    uint8_t encrypted[32];
    cipher_encrypt(&parts[0].header, (struct slice){NULL, 0}, key->data, 32, encrypted);
    const struct shamir_point line[2] = {{2, parts[0].value->data}, {255, encrypted}};
    shamir_interpolate(line, 2, 0, parts[1].value->data, 32);
    parts[1].header.member_index = 0;

    uint8_t header[SLIP39_HEADER_BYTES];
    uint8_t seed[32];
    uint8_t public_key[32];
    uint8_t secret_key[64];
    char info[64];
    char hex[65];
    slip39_header_pack(&parts[1].header, header);
    memcpy(info, "\0\0\0\x0fmkg/part-key/v1\0\0\0\x05", 23);
    memcpy(info + 23, header, sizeof header);
    kdf_hkdf(slice_of("6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0d"),
             (struct slice){(const char *)parts[1].value->data, 32}, (struct slice){info, 28},
             seed);
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    sodium_bin2hex(hex, sizeof hex, public_key, sizeof public_key);
    assert_string_equal(hex, "fc80d29385583bce749456aee6590c94fcc991514c6f4ea5fd3e092cbb901849");

    struct secret *combined = NULL;
    struct slip39_report report;
    struct fault fault;
    assert_int_equal(slip39_combine(parts, 2, &(struct slip39_way){0}, &combined, &report, &fault),
                     OK);
    help_assert_hex(combined, PUBLISHED_KEY);
    assert_true(report.proven);
    secret_free(combined);
    secret_free(key);
    help_done(parts, 2);
}

/* ---- the official file
 * --------------------------------------------------------------------------- */

/* Does one vector come out as it says? */
static void try_vector(const struct json *vector)
{
    const struct json *description = vector->child;
    const struct json *mnemonics = description->next;
    struct slice expected = mnemonics->next->text;
    struct slip39_part parts[SLIP39_LIST_MAX];
    size_t count = 0;
    enum err err = OK;
    struct fault fault;
    for (const struct json *at = mnemonics->child; at != NULL && err == OK; at = at->next) {
        err = slip39_decode(at->text, &parts[count], &fault);
        if (err == OK) {
            struct secret *words = help_words(&parts[count]);
            assert_int_equal(words->length, at->text.length);
            assert_memory_equal(words->data, at->text.data, words->length);
            secret_free(words);
            count++;
        }
    }
    struct secret *key = NULL;
    struct slip39_report report;
    const struct slip39_way way = {.passphrase = slice_of(PASSPHRASE)};
    if (err == OK) {
        err = slip39_combine(parts, count, &way, &key, &report, &fault);
    }
    if (expected.length == 0 ? err != ERR_PARTS : err != OK) {
        fail_msg("%.*s: %s", (int)description->text.length, description->text.data,
                 err == OK ? "taken" : fault.sentence);
    }
    if (err == OK) {
        char hex[2 * SLIP39_VALUE_BYTES_MAX + 1];
        sodium_bin2hex(hex, sizeof hex, key->data, key->length);
        assert_int_equal(strlen(hex), expected.length);
        assert_memory_equal(hex, expected.data, expected.length);
        secret_free(key);
    }
    help_done(parts, count);
}

static void all_official_vectors_come_out_as_they_say(void **state)
{
    (void)state;
    FILE *file = fopen(VECTORS, "r");
    if (file == NULL) {
        skip();
    }
    static char text[VECTORS_BYTES_MAX];
    size_t length = fread(text, 1, sizeof text, file);
    fclose(file);
    const struct json_limits limits = {.depth = 8, .members = 1024};
    struct arena arena;
    struct json *vectors = NULL;
    struct fault fault;
    size_t count = 0;
    arena_init(&arena, (size_t)16 * 1024 * 1024);
    assert_int_equal(json_parse(&arena, (struct slice){text, length}, &limits, &vectors, &fault),
                     OK);
    for (const struct json *at = vectors->child; at != NULL; at = at->next) {
        try_vector(at);
        count++;
    }
    assert_int_equal(count, VECTORS_COUNT);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_header_reads_as_it_is_described),
        cmocka_unit_test(published_value_gives_the_published_words),
        cmocka_unit_test(published_part_and_key_give_the_other_published_part),
        cmocka_unit_test(all_official_vectors_come_out_as_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
