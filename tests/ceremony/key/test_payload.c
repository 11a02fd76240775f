/* The payloads are written out here by hand as parts.md sections 5 and 8 have them, sealed and
 * opened by libsodium alone, and held against what the room writes and reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "audit/base/memory.h"
#include "ceremony/key/payload.h"

#define CEREMONY "6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0d"
#define ATTEMPT "0b9ce7a1-5c3d-4e2f-8a1b-2c3d4e5f6a7b"
#define RECIPIENT "age1t5erdfp7s8y9jqrc5eykeekekj2kqqgewx03g35csprjrstvteesw9v0uh"
#define KEY_HEX "e4234461a61678f551d7bdc9b9e96bd1e21afd6e9fc474da66daccb963cc7382"
#define IDENTITY "AGE-SECRET-KEY-1US35GCDXZEU025WHHHYMN6TT683P4LTWNLZ8FKNXMTXTJC7VWWPQJCAU5M"
#define CHECK "mkcheck1dudrc55dpe9h48ppte8n52cuphtul3yn2xze6d3xt6qujyxjpr7q0h4lyz"
#define WORDS "western apart academic always artist resident briefing sugar"

#define PART_TEXT                                                                               \
    "{\"v\":1,\"type\":\"part\",\"ceremony\":\"" CEREMONY "\",\"name\":\"Vault \\\"A\\\" \\\\ " \
    "S\xc3\xa3o\",\"guardian\":\"jsilva\",\"group\":1,\"groups\":1,\"group_threshold\":1,"      \
    "\"index\":2,\"count\":5,\"threshold\":3,\"kind\":\"age\",\"check\":\"" RECIPIENT           \
    "\",\"created\":\"2026-11-24T17:49:41Z\",\"mnemonic\":\"" WORDS "\"}"
#define SUBMISSION_TEXT                                                                        \
    "{\"v\":1,\"type\":\"submission\",\"attempt\":\"" ATTEMPT "\",\"deliver_to\":\"" RECIPIENT \
    "\",\"mnemonic\":\"" WORDS "\"}"
#define KEY_SUBMISSION_TEXT                                                             \
    "{\"v\":1,\"type\":\"key\",\"attempt\":\"" ATTEMPT "\",\"deliver_to\":\"" RECIPIENT \
    "\",\"key\":\"" KEY_HEX "\"}"
#define AGE_KEY_TEXT                                                                 \
    "{\"v\":1,\"type\":\"key\",\"ceremony\":\"" CEREMONY "\",\"attempt\":\"" ATTEMPT \
    "\",\"kind\":\"age\",\"secret\":\"" KEY_HEX "\",\"identity\":\"" IDENTITY        \
    "\",\"check\":\"" RECIPIENT "\"}"
#define RAW_KEY_TEXT                                                                            \
    "{\"v\":1,\"type\":\"key\",\"ceremony\":\"\",\"attempt\":\"\",\"kind\":\"raw\",\"secret\":" \
    "\"" KEY_HEX "\",\"check\":\"" CHECK "\"}"

static struct secret *key; /* the receiver's */
static struct secret *room;
static uint8_t public_key[KEY_BYTES];

static int prepare(void **state)
{
    (void)state;
    room = secret_new(PAYLOAD_ROOM_BYTES);
    if (room == NULL || key_make(KEY_AGE, 256, &key, NULL) != OK) {
        return -1;
    }
    key_public(key, public_key);
    return 0;
}

static int clear(void **state)
{
    (void)state;
    secret_free(key);
    secret_free(room);
    return 0;
}

static struct payload_part part(void)
{
    return (struct payload_part){.ceremony = slice_of(CEREMONY),
                                 .name = slice_of("Vault \"A\" \\ S\xc3\xa3o"),
                                 .guardian = slice_of("jsilva"),
                                 .group = 1,
                                 .groups = 1,
                                 .group_threshold = 1,
                                 .index = 2,
                                 .count = 5,
                                 .threshold = 3,
                                 .kind = KEY_AGE,
                                 .check = slice_of(RECIPIENT),
                                 .created = slice_of("2026-11-24T17:49:41Z"),
                                 .mnemonic = slice_of(WORDS)};
}

static struct payload_submission submission(void)
{
    return (struct payload_submission){slice_of(ATTEMPT), slice_of(RECIPIENT), slice_of(WORDS)};
}

static struct payload_key_submission key_submission(void)
{
    return (struct payload_key_submission){slice_of(ATTEMPT), slice_of(RECIPIENT),
                                           slice_of(KEY_HEX)};
}

static struct payload_key age_key(void)
{
    return (struct payload_key){.ceremony = slice_of(CEREMONY),
                                .attempt = slice_of(ATTEMPT),
                                .kind = KEY_AGE,
                                .secret = slice_of(KEY_HEX),
                                .identity = slice_of(IDENTITY),
                                .check = slice_of(RECIPIENT)};
}

static struct payload_key raw_key(void)
{
    return (struct payload_key){
        .kind = KEY_RAW, .secret = slice_of(KEY_HEX), .check = slice_of(CHECK)};
}

/* ---- what libsodium alone says ---- */

static void assert_sealed(const uint8_t *sealed, size_t length, const char *expected)
{
    uint8_t plain[2048];
    assert_int_equal(crypto_box_seal_open(plain, sealed, length, public_key, key->data), 0);
    size_t text = strlen(expected);
    assert_memory_equal(plain, expected, text);
    for (size_t i = text; i < length - crypto_box_SEALBYTES; i++) {
        assert_int_equal(plain[i], ' ');
    }
}

static struct slice seal(const char *text, size_t text_length, size_t length)
{
    static uint8_t sealed[4096 + crypto_box_SEALBYTES];
    uint8_t plain[4096];
    memset(plain, ' ', sizeof plain);
    memcpy(plain, text, text_length);
    assert_int_equal(crypto_box_seal(sealed, plain, length, public_key), 0);
    return (struct slice){(const char *)sealed, length + crypto_box_SEALBYTES};
}

/* ---- there and back ---- */

static void seals_a_part_as_it_is_specified(void **state)
{
    (void)state;
    uint8_t sealed[PAYLOAD_PART_SEALED_BYTES];
    struct payload_part given = part();
    assert_int_equal(payload_seal_part(&given, public_key, sealed, NULL), OK);
    assert_int_equal(sizeof sealed, 2048 + 48);
    assert_sealed(sealed, sizeof sealed, PART_TEXT);
}

static void seals_submissions_and_keys_as_they_are_specified(void **state)
{
    (void)state;
    uint8_t sealed[PAYLOAD_SEALED_BYTES];
    assert_int_equal(sizeof sealed, 1024 + 48);
    struct payload_submission words = submission();
    assert_int_equal(payload_seal_submission(&words, public_key, sealed, NULL), OK);
    assert_sealed(sealed, sizeof sealed, SUBMISSION_TEXT);
    struct payload_key_submission digits = key_submission();
    assert_int_equal(payload_seal_key_submission(&digits, public_key, sealed, NULL), OK);
    assert_sealed(sealed, sizeof sealed, KEY_SUBMISSION_TEXT);
    struct payload_key delivered = age_key();
    assert_int_equal(payload_seal_key(&delivered, public_key, sealed, NULL), OK);
    assert_sealed(sealed, sizeof sealed, AGE_KEY_TEXT);
    delivered = raw_key();
    assert_int_equal(payload_seal_key(&delivered, public_key, sealed, NULL), OK);
    assert_sealed(sealed, sizeof sealed, RAW_KEY_TEXT);
}

static void opens_a_part_that_another_program_sealed(void **state)
{
    (void)state;
    struct payload_part got;
    struct payload_part wanted = part();
    struct slice sealed = seal(PART_TEXT, sizeof PART_TEXT - 1, 2048);
    assert_int_equal(payload_open_part(sealed, key, room, &got, NULL), OK);
    assert_true(slice_equal(got.ceremony, wanted.ceremony));
    assert_true(slice_equal(got.name, wanted.name));
    assert_true(slice_equal(got.guardian, wanted.guardian));
    assert_int_equal(got.group, 1);
    assert_int_equal(got.groups, 1);
    assert_int_equal(got.group_threshold, 1);
    assert_int_equal(got.index, 2);
    assert_int_equal(got.count, 5);
    assert_int_equal(got.threshold, 3);
    assert_int_equal(got.kind, KEY_AGE);
    assert_true(slice_equal(got.check, wanted.check));
    assert_true(slice_equal(got.created, wanted.created));
    assert_true(slice_equal(got.mnemonic, wanted.mnemonic));
}

static void opens_submissions_and_keys_that_another_program_sealed(void **state)
{
    (void)state;
    struct payload_submission words;
    struct slice sealed = seal(SUBMISSION_TEXT, sizeof SUBMISSION_TEXT - 1, 1024);
    assert_int_equal(payload_open_submission(sealed, key, room, &words, NULL), OK);
    assert_true(slice_is(words.attempt, ATTEMPT));
    assert_true(slice_is(words.deliver_to, RECIPIENT));
    assert_true(slice_is(words.mnemonic, WORDS));
    struct payload_key_submission digits;
    sealed = seal(KEY_SUBMISSION_TEXT, sizeof KEY_SUBMISSION_TEXT - 1, 1024);
    assert_int_equal(payload_open_key_submission(sealed, key, room, &digits, NULL), OK);
    assert_true(slice_is(digits.attempt, ATTEMPT));
    assert_true(slice_is(digits.deliver_to, RECIPIENT));
    assert_true(slice_is(digits.key, KEY_HEX));
    struct payload_key delivered;
    sealed = seal(AGE_KEY_TEXT, sizeof AGE_KEY_TEXT - 1, 1024);
    assert_int_equal(payload_open_key(sealed, key, room, &delivered, NULL), OK);
    assert_int_equal(delivered.kind, KEY_AGE);
    assert_true(slice_is(delivered.secret, KEY_HEX));
    assert_true(slice_is(delivered.identity, IDENTITY));
    assert_true(slice_is(delivered.check, RECIPIENT));
    sealed = seal(RAW_KEY_TEXT, sizeof RAW_KEY_TEXT - 1, 1024);
    assert_int_equal(payload_open_key(sealed, key, room, &delivered, NULL), OK);
    assert_int_equal(delivered.kind, KEY_RAW);
    assert_int_equal(delivered.identity.length, 0);
    assert_true(slice_is(delivered.check, CHECK));
}

static void takes_an_identity_as_submitted_key_and_empty_attempt_and_receiver(void **state)
{
    (void)state;
    uint8_t sealed[PAYLOAD_SEALED_BYTES];
    struct payload_key_submission given = {.key = slice_of(IDENTITY)};
    struct payload_key_submission got;
    assert_int_equal(payload_seal_key_submission(&given, public_key, sealed, NULL), OK);
    assert_int_equal(
        payload_open_key_submission((struct slice){(const char *)sealed, sizeof sealed}, key, room,
                                    &got, NULL),
        OK);
    assert_int_equal(got.attempt.length, 0);
    assert_int_equal(got.deliver_to.length, 0);
    assert_true(slice_is(got.key, IDENTITY));
}

/* Names of 256 and logins of 128 octets, all of which are escaped, the highest numbers, 59 words of
 * 8 letters. */
static void the_longest_part_fits(void **state)
{
    (void)state;
    uint8_t sealed[PAYLOAD_PART_SEALED_BYTES];
    char quotes[PAYLOAD_NAME_BYTES_MAX];
    char words[PAYLOAD_WORDS_BYTES_MAX];
    struct payload_part given = part();
    struct payload_part got;
    memset(quotes, '"', sizeof quotes);
    for (size_t i = 0; i < sizeof words; i++) {
        words[i] = i % 9 == 8 ? ' ' : 'z';
    }
    given.name = (struct slice){quotes, sizeof quotes};
    given.guardian = (struct slice){quotes, PAYLOAD_LOGIN_BYTES_MAX};
    given.group = given.groups = given.group_threshold = given.count = given.threshold = 16;
    given.index = 256;
    given.kind = KEY_RAW;
    given.check = slice_of(CHECK);
    given.created = slice_of("2026-11-24T17:49:41.123456Z");
    given.mnemonic = (struct slice){words, sizeof words};
    assert_int_equal(payload_seal_part(&given, public_key, sealed, NULL), OK);
    assert_int_equal(payload_open_part((struct slice){(const char *)sealed, sizeof sealed}, key,
                                       room, &got, NULL),
                     OK);
    assert_true(slice_equal(got.name, given.name));
    assert_true(slice_equal(got.mnemonic, given.mnemonic));
    assert_int_equal(got.index, 256);
}

/* ---- refused when sealing ---- */

static void assert_part_refused(const struct payload_part *given, const char *field)
{
    struct fault fault;
    uint8_t sealed[PAYLOAD_PART_SEALED_BYTES];
    assert_int_equal(payload_seal_part(given, public_key, sealed, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_bad_value);
    assert_string_equal(fault.field, field);
}

static void refuses_a_part_of_which_a_member_is_not_of_its_form(void **state)
{
    (void)state;
    static char long_text[PAYLOAD_WORDS_BYTES_MAX + 1];
    struct payload_part bad = part();
    memset(long_text, 'a', sizeof long_text);
    bad.name = slice_of("line\nbreak");
    assert_part_refused(&bad, "/name");
    bad.name = slice_of("next line \xc2\x85");
    assert_part_refused(&bad, "/name");
    bad.name = slice_of("no UTF-8 \xff");
    assert_part_refused(&bad, "/name");
    bad.name = slice_of("");
    assert_part_refused(&bad, "/name");
    bad.name = (struct slice){long_text, PAYLOAD_NAME_BYTES_MAX + 1};
    assert_part_refused(&bad, "/name");
    bad = part();
    bad.guardian = (struct slice){long_text, PAYLOAD_LOGIN_BYTES_MAX + 1};
    assert_part_refused(&bad, "/guardian");
    bad = part();
    bad.ceremony = slice_of("cer-1");
    assert_part_refused(&bad, "/ceremony");
    bad = part();
    bad.index = 0;
    assert_part_refused(&bad, "/index");
    bad = part();
    bad.threshold = 17;
    assert_part_refused(&bad, "/threshold");
    bad = part();
    bad.check = slice_of("age1");
    assert_part_refused(&bad, "/check");
    bad = part();
    bad.created = slice_of("2026-11-24T17:49:41+01:00");
    assert_part_refused(&bad, "/created");
    bad = part();
    bad.mnemonic = (struct slice){long_text, sizeof long_text};
    assert_part_refused(&bad, "/mnemonic");
    bad.mnemonic = slice_of("western, apart");
    assert_part_refused(&bad, "/mnemonic");
    bad.mnemonic = slice_of("Western apart");
    assert_part_refused(&bad, "/mnemonic");
}

static void assert_key_refused(const struct payload_key *given, const char *field)
{
    struct fault fault;
    uint8_t sealed[PAYLOAD_SEALED_BYTES];
    assert_int_equal(payload_seal_key(given, public_key, sealed, &fault), ERR_INVALID_PARAMS);
    assert_string_equal(fault.field, field);
}

static void refuses_a_key_whose_two_forms_differ(void **state)
{
    (void)state;
    static const char other[] = "f4234461a61678f551d7bdc9b9e96bd1e21afd6e9fc474da66daccb963cc7382";
    struct payload_key bad = age_key();
    bad.secret = slice_of(other);
    assert_key_refused(&bad, "/identity");
    bad = age_key();
    bad.identity = slice_of("");
    assert_key_refused(&bad, "/identity");
    bad = raw_key();
    bad.identity = slice_of(IDENTITY);
    assert_key_refused(&bad, "/identity");
    bad = age_key();
    bad.secret = slice_of("00112233445566778899aabbccddeeff"); /* too short for age */
    assert_key_refused(&bad, "/secret");
    bad = raw_key();
    bad.secret = slice_of("00112233445566778899AABBCCDDEEFF");
    assert_key_refused(&bad, "/secret");
    bad.secret = slice_of("00112233445566778899aabbccddeeff");
    uint8_t sealed[PAYLOAD_SEALED_BYTES];
    assert_int_equal(payload_seal_key(&bad, public_key, sealed, NULL), OK);
}

static void refuses_a_receiver_that_nothing_can_be_sealed_to(void **state)
{
    (void)state;
    struct fault fault;
    uint8_t nobody[KEY_BYTES] = {0};
    uint8_t sealed[PAYLOAD_SEALED_BYTES];
    struct payload_submission words = submission();
    assert_int_equal(payload_seal_submission(&words, nobody, sealed, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_weak_public_key);
}

/* ---- refused when opening: hostile ---- */

static void assert_not_opened(struct slice sealed, enum reason reason)
{
    struct fault fault;
    struct payload_part got = {.index = 77};
    assert_int_equal(payload_open_part(sealed, key, room, &got, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, reason);
    assert_null(strstr(fault.sentence, "western"));
    assert_int_equal(got.index, 77);
    assert_true(sodium_is_zero(room->data, room->capacity));
}

static void an_altered_box_does_not_open(void **state)
{
    (void)state;
    struct slice sealed = seal(PART_TEXT, sizeof PART_TEXT - 1, 2048);
    uint8_t altered[PAYLOAD_PART_SEALED_BYTES];
    for (size_t at = 0; at < sizeof altered; at += 97) {
        memcpy(altered, sealed.data, sizeof altered);
        altered[at] ^= 1;
        assert_not_opened((struct slice){(const char *)altered, sizeof altered}, REASON_bad_seal);
    }
    assert_not_opened((struct slice){sealed.data, sealed.length - 1}, REASON_bad_seal);
    assert_not_opened((struct slice){NULL, 0}, REASON_bad_seal);
    assert_not_opened(seal(SUBMISSION_TEXT, sizeof SUBMISSION_TEXT - 1, 1024), REASON_bad_seal);
    assert_not_opened(seal(PART_TEXT, sizeof PART_TEXT - 1, 4096), REASON_bad_seal);
}

static void a_box_for_another_key_does_not_open(void **state)
{
    (void)state;
    struct fault fault;
    struct payload_part got;
    struct secret *other = NULL;
    struct slice sealed = seal(PART_TEXT, sizeof PART_TEXT - 1, 2048);
    assert_int_equal(key_make(KEY_AGE, 256, &other, NULL), OK);
    assert_int_equal(payload_open_part(sealed, other, room, &got, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_bad_seal);
    secret_free(other);
}

/* Each octet of the text lost, doubled and changed: nothing else is taken for the part. */
static void a_part_written_otherwise_by_one_octet_is_refused_or_another_part(void **state)
{
    (void)state;
    static const char text[] = PART_TEXT;
    struct payload_part got;
    char changed[sizeof text + 1];
    for (size_t at = 0; at < sizeof text - 1; at++) {
        memcpy(changed, text, at);
        memcpy(changed + at, text + at + 1, sizeof text - at - 1);
        struct slice sealed = seal(changed, sizeof text - 2, 2048);
        enum err err = payload_open_part(sealed, key, room, &got, NULL);
        assert_true(err != OK || !slice_is(got.mnemonic, WORDS) ||
                    !slice_is(got.guardian, "jsilva") || got.name.length != part().name.length ||
                    got.index != 2 || got.count != 5);
        memcpy(changed, text, at + 1);
        changed[at] = ' ';
        memcpy(changed + at + 1, text + at, sizeof text - at);
        sealed = seal(changed, sizeof text, 2048);
        err = payload_open_part(sealed, key, room, &got, NULL);
        assert_true(err != OK || got.name.length > part().name.length || got.guardian.length > 6 ||
                    got.mnemonic.length > strlen(WORDS));
    }
}

static void refuses_payloads_that_are_not_written_exactly_so(void **state)
{
    (void)state;
    static const struct {
        const char *from;
        const char *to;
    } changes[] = {
        {"{\"v\":1", "{\"v\":2"},
        {"{\"v\":1", "{\"v\":1.0"},
        {"{\"v\":1", "{ \"v\":1"},
        {"{\"v\":1,", "{"},
        {"{\"v\":1", "[\"v\""},
        {"\"type\":\"part\"", "\"type\":\"key\""},
        {"\"type\":\"part\",", ""},
        {"\"group\":1,\"groups\":1", "\"groups\":1,\"group\":1"},
        {"\"index\":2", "\"index\":02"},
        {"\"index\":2", "\"index\":-2"},
        {"\"index\":2", "\"index\":2.0"},
        {"\"index\":2", "\"index\":\"2\""},
        {"\"index\":2", "\"index\":0"},
        {"\"index\":2", "\"index\":257"},
        {"\"index\":2", "\"index\":4294967298"},
        {"\"index\":2", "\"index\":2,\"index\":2"},
        {"\"index\":2", "\"index\":2,\"extra\":2"},
        {"\"index\":2", "\"index\":[2]"},
        {"\"index\":2", "\"index\":null"},
        {"\"kind\":\"age\"", "\"kind\":\"none\""},
        {"jsilva", "js\\u0069lva"},
        {"jsilva", "js\\/ilva"},
        {"jsilva", "js\\nilva"},
        {"jsilva", ""},
        {"western", "Western"},
        {"western", "w\\u0065stern"},
        {"western", "western\xc3\xa3"},
        {"sugar\"}", "sugar\",\"more\":1}"},
        {"sugar\"}", "sugar\"}x"},
        {"sugar\"}", "sugar\"}\n"},
        {"sugar\"}", "sugar\""},
        {"2026-11-24T17:49:41Z", "2026-13-24T17:49:41Z"},
        {"2026-11-24T17:49:41Z", ""},
        {"6f1a3c52", "6F1A3C52"},
    };
    static const char text[] = PART_TEXT;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char changed[2048];
        const char *at = strstr(text, changes[i].from);
        assert_non_null(at);
        int length = snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text,
                              changes[i].to, at + strlen(changes[i].from));
        assert_not_opened(seal(changed, (size_t)length, 2048), REASON_bad_payload);
    }
}

static void names_the_member_that_is_wrong(void **state)
{
    (void)state;
    static const char text[] = "{\"v\":1,\"type\":\"submission\",\"attempt\":\"" ATTEMPT
                               "\",\"deliver_to\":\"age1zz\",\"mnemonic\":\"" WORDS "\"}";
    struct fault fault;
    struct payload_submission got;
    struct slice sealed = seal(text, sizeof text - 1, 1024);
    assert_int_equal(payload_open_submission(sealed, key, room, &got, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_bad_payload);
    assert_non_null(strstr(fault.sentence, "deliver_to"));
}

static void one_type_is_not_taken_for_another(void **state)
{
    (void)state;
    struct payload_key delivered;
    struct payload_key_submission digits;
    struct payload_submission words;
    struct slice sealed = seal(AGE_KEY_TEXT, sizeof AGE_KEY_TEXT - 1, 1024);
    assert_int_equal(payload_open_key_submission(sealed, key, room, &digits, NULL),
                     ERR_INVALID_PARAMS);
    assert_int_equal(payload_open_submission(sealed, key, room, &words, NULL), ERR_INVALID_PARAMS);
    sealed = seal(KEY_SUBMISSION_TEXT, sizeof KEY_SUBMISSION_TEXT - 1, 1024);
    assert_int_equal(payload_open_key(sealed, key, room, &delivered, NULL), ERR_INVALID_PARAMS);
}

static void refuses_a_delivered_key_whose_two_forms_differ(void **state)
{
    (void)state;
    char text[] = AGE_KEY_TEXT;
    struct fault fault;
    struct payload_key got;
    char *digit = strstr(text, KEY_HEX);
    digit[0] = 'f';
    assert_int_equal(payload_open_key(seal(text, sizeof text - 1, 1024), key, room, &got, &fault),
                     ERR_INVALID_PARAMS);
    assert_non_null(strstr(fault.sentence, "identity"));
    assert_true(sodium_is_zero(room->data, room->capacity));
}

/* ---- memory ---- */

static void what_was_opened_lies_in_the_room_alone(void **state)
{
    (void)state;
    struct payload_part got;
    struct slice sealed = seal(PART_TEXT, sizeof PART_TEXT - 1, 2048);
    memory_fail_from(0);
    assert_int_equal(payload_open_part(sealed, key, room, &got, NULL), OK);
    assert_int_equal(memory_fail_from(0), 0); /* nothing was asked of the heap */
    const struct slice texts[] = {got.ceremony, got.name,    got.guardian,
                                  got.check,    got.created, got.mnemonic};
    const char *begin = (const char *)room->data;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_true(texts[i].data >= begin &&
                    texts[i].data + texts[i].length <= begin + room->capacity);
    }
}

static void out_of_memory_is_an_error_like_any_other(void **state)
{
    (void)state;
    uint8_t sealed[PAYLOAD_SEALED_BYTES];
    struct payload_key delivered = age_key();
    struct payload_key got;
    for (unsigned long n = 1; n <= 4; n++) { /* key, digits, identity, payload */
        struct fault fault;
        memory_fail_from(n);
        enum err err = payload_seal_key(&delivered, public_key, sealed, &fault);
        memory_fail_from(0);
        assert_int_equal(err, ERR_NO_MEMORY);
    }
    assert_int_equal(payload_seal_key(&delivered, public_key, sealed, NULL), OK);
    for (unsigned long n = 1; n <= 3; n++) {
        struct fault fault;
        memory_fail_from(n);
        enum err err = payload_open_key((struct slice){(const char *)sealed, sizeof sealed}, key,
                                        room, &got, &fault);
        memory_fail_from(0);
        assert_int_equal(err, ERR_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_a_part_as_it_is_specified),
        cmocka_unit_test(seals_submissions_and_keys_as_they_are_specified),
        cmocka_unit_test(opens_a_part_that_another_program_sealed),
        cmocka_unit_test(opens_submissions_and_keys_that_another_program_sealed),
        cmocka_unit_test(takes_an_identity_as_submitted_key_and_empty_attempt_and_receiver),
        cmocka_unit_test(the_longest_part_fits),
        cmocka_unit_test(refuses_a_part_of_which_a_member_is_not_of_its_form),
        cmocka_unit_test(refuses_a_key_whose_two_forms_differ),
        cmocka_unit_test(refuses_a_receiver_that_nothing_can_be_sealed_to),
        cmocka_unit_test(an_altered_box_does_not_open),
        cmocka_unit_test(a_box_for_another_key_does_not_open),
        cmocka_unit_test(a_part_written_otherwise_by_one_octet_is_refused_or_another_part),
        cmocka_unit_test(refuses_payloads_that_are_not_written_exactly_so),
        cmocka_unit_test(names_the_member_that_is_wrong),
        cmocka_unit_test(one_type_is_not_taken_for_another),
        cmocka_unit_test(refuses_a_delivered_key_whose_two_forms_differ),
        cmocka_unit_test(what_was_opened_lies_in_the_room_alone),
        cmocka_unit_test(out_of_memory_is_an_error_like_any_other),
    };
    return cmocka_run_group_tests(tests, prepare, clear);
}
