/* Valid and invalid strings of BIP-173, and the example of the age standard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "ceremony/key/bech32.h"

struct example {
    const char *text;
    const char *prefix;
    const char *hex;
};

/* BIP-173, "Test vectors"; each holds a whole number of octets. */
static const struct example valid[] = {
    {"A12UEL5L", "A", ""},
    {"a12uel5l", "a", ""},
    {"an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
     "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio", ""},
    {"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "abcdef",
     "00443214c74254b635cf84653a56d7c675be77df"},
    {"11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
     "1",
     "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "000"
     "000000"},
    {"split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", "split",
     "c5f38b70305f519bf66d85fb6cf03058f3dde463ecd7918f2dc743918f2d"},
    {"?1ezyfcl", "?", ""},
};

#define VALID (sizeof valid / sizeof valid[0])

static void writes_what_bip_173_has(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALID; i++) {
        uint8_t data[64];
        size_t length = 0;
        char text[BECH32_CHARACTERS_MAX + 1];
        assert_int_equal(sodium_hex2bin(data, sizeof data, valid[i].hex, strlen(valid[i].hex), NULL,
                                        &length, NULL),
                         0);
        bech32_encode(valid[i].prefix, (struct slice){(const char *)data, length}, text);
        assert_string_equal(text, valid[i].text);
    }
}

static void reads_what_bip_173_has(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALID; i++) {
        uint8_t data[64];
        char hex[129];
        size_t length = strlen(valid[i].hex) / 2;
        struct fault fault;
        assert_int_equal(
            bech32_decode(slice_of(valid[i].text), valid[i].prefix, data, length, &fault), OK);
        sodium_bin2hex(hex, sizeof hex, data, length);
        assert_string_equal(hex, valid[i].hex);
    }
}

static void refuses_what_bip_173_refuses(void **state)
{
    (void)state;
    static const struct example invalid[] = {
        {"x1b4n0q5v", "x", ""},        /* b is none of the characters */
        {"li1dgmt3", "li", ""},        /* the checksum is too short */
        {"de1lg7wt\xff", "de", ""},    /* an octet beyond ASCII */
        {"A1G7SGD8", "A", ""},         /* the checksum of an upper-case prefix */
        {"1pzry9x0s0muk", "1", ""},    /* no prefix */
        {"pzry9x0s0muk", "pzry9x", ""} /* nothing between prefix and data */
    };
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
        uint8_t data[64];
        struct fault fault;
        for (size_t length = 0; length < 6; length++) {
            assert_int_equal(
                bech32_decode(slice_of(invalid[i].text), invalid[i].prefix, data, length, &fault),
                ERR_INVALID_PARAMS);
            assert_int_equal(fault.reason, REASON_bad_value);
        }
    }
}

static void writes_and_reads_the_example_of_the_age_standard(void **state)
{
    (void)state;
    uint8_t key[32];
    uint8_t read[32];
    char text[BECH32_CHARACTERS_MAX + 1];
    memset(key, 0x42, sizeof key);
    bech32_encode("AGE-SECRET-KEY-", (struct slice){(const char *)key, sizeof key}, text);
    assert_string_equal(
        text, "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX");
    assert_int_equal(bech32_decode(slice_of(text), "AGE-SECRET-KEY-", read, sizeof read, NULL), OK);
    assert_memory_equal(read, key, sizeof key);
}

/* ---- every slip is seen ---- */

static const char recipient[] = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

static enum err read_recipient(const char *text, struct fault *fault)
{
    uint8_t key[32];
    memset(key, 0xff, sizeof key);
    enum err err = bech32_decode(slice_of(text), "age", key, sizeof key, fault);
    assert_true(err == OK || sodium_is_zero(key, sizeof key));
    return err;
}

static void sees_every_single_wrong_character(void **state)
{
    (void)state;
    struct fault fault;
    assert_int_equal(read_recipient(recipient, NULL), OK);
    for (size_t i = 0; recipient[i] != '\0'; i++) {
        for (int c = 1; c < 256; c++) {
            char text[sizeof recipient];
            memcpy(text, recipient, sizeof text);
            text[i] = (char)c;
            bool same = text[i] == recipient[i];
            assert_int_equal(read_recipient(text, &fault), same ? OK : ERR_INVALID_PARAMS);
        }
    }
}

static void sees_two_neighbours_in_each_others_place(void **state)
{
    (void)state;
    struct fault fault;
    for (size_t i = 4; recipient[i + 1] != '\0'; i++) {
        char text[sizeof recipient];
        memcpy(text, recipient, sizeof text);
        text[i] = recipient[i + 1];
        text[i + 1] = recipient[i];
        bool same = text[i] == text[i + 1];
        assert_int_equal(read_recipient(text, &fault), same ? OK : ERR_INVALID_PARAMS);
    }
}

static void sees_characters_lost_and_added(void **state)
{
    (void)state;
    struct fault fault;
    char text[sizeof recipient + 1];
    for (size_t length = 0; length < sizeof recipient - 1; length++) {
        memcpy(text, recipient, length);
        text[length] = '\0';
        assert_int_equal(read_recipient(text, &fault), ERR_INVALID_PARAMS);
    }
    memcpy(text, recipient, sizeof recipient);
    for (const char *added = "q p1"; *added != '\0'; added++) {
        text[sizeof recipient - 1] = *added;
        text[sizeof recipient] = '\0';
        assert_int_equal(read_recipient(text, &fault), ERR_INVALID_PARAMS);
    }
}

static void names_the_place_of_a_wrong_character_and_not_the_character(void **state)
{
    (void)state;
    struct fault fault;
    char text[sizeof recipient];
    memcpy(text, recipient, sizeof text);
    text[16] = 'b';
    text[40] = 'o';
    assert_int_equal(read_recipient(text, &fault), ERR_INVALID_PARAMS);
    assert_non_null(strstr(fault.sentence, "Character 17 "));
}

static void says_which_case_is_wanted(void **state)
{
    (void)state;
    struct fault fault;
    char text[sizeof recipient];
    for (size_t i = 0; i < sizeof text; i++) {
        char c = recipient[i];
        text[i] = (char)(c >= 'a' && c <= 'z' ? c - 0x20 : c);
    }
    assert_int_equal(read_recipient(text, &fault), ERR_INVALID_PARAMS);
    assert_non_null(strstr(fault.sentence, "lower case"));
    memcpy(text, recipient, sizeof text);
    text[4] = 'Z'; /* one alone */
    assert_int_equal(read_recipient(text, &fault), ERR_INVALID_PARAMS);
    assert_non_null(strstr(fault.sentence, "lower case"));
}

static void says_how_long_it_is_and_should_be(void **state)
{
    (void)state;
    struct fault fault;
    assert_int_equal(read_recipient("age1zvkyg2lqzraa2lnjv", &fault), ERR_INVALID_PARAMS);
    assert_non_null(strstr(fault.sentence, "62"));
    assert_non_null(strstr(fault.sentence, "21"));
}

/* One step of the checksum, as BIP-173 defines it. */
static uint32_t step(uint32_t checksum, uint32_t group)
{
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                         0x2a1462b3};
    uint32_t top = checksum >> 25;
    checksum = (checksum & 0x1ffffff) << 5 ^ group;
    for (int i = 0; i < 5; i++) {
        checksum ^= (top >> i & 1) != 0 ? generator[i] : 0;
    }
    return checksum;
}

/* 32 octets fill 51 groups and one bit of the 52nd, whose other four must be 0. Here the lowest is
 * 1, under a checksum that is right. */
static void refuses_padding_that_is_not_zero(void **state)
{
    (void)state;
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    static const uint8_t prefix[] = {3, 3, 3, 0, 1, 7, 5}; /* "age", expanded */
    struct fault fault;
    uint32_t checksum = 1;
    char text[63] = "age1";
    memset(text + 4, 'q', 51);
    text[4 + 51] = 'p';
    for (size_t i = 0; i < sizeof prefix; i++) {
        checksum = step(checksum, prefix[i]);
    }
    for (size_t i = 0; i < 52 + 6; i++) {
        checksum = step(checksum, i == 51 ? 1 : 0);
    }
    checksum ^= 1;
    for (size_t i = 0; i < 6; i++) {
        text[4 + 52 + i] = alphabet[checksum >> (25 - 5 * i) & 31];
    }
    assert_int_equal(read_recipient(text, &fault), ERR_INVALID_PARAMS);
    assert_non_null(strstr(fault.sentence, "last bits"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_bip_173_has),
        cmocka_unit_test(reads_what_bip_173_has),
        cmocka_unit_test(refuses_what_bip_173_refuses),
        cmocka_unit_test(writes_and_reads_the_example_of_the_age_standard),
        cmocka_unit_test(sees_every_single_wrong_character),
        cmocka_unit_test(sees_two_neighbours_in_each_others_place),
        cmocka_unit_test(sees_characters_lost_and_added),
        cmocka_unit_test(names_the_place_of_a_wrong_character_and_not_the_character),
        cmocka_unit_test(says_which_case_is_wanted),
        cmocka_unit_test(says_how_long_it_is_and_should_be),
        cmocka_unit_test(refuses_padding_that_is_not_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
