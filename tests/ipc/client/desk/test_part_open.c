/* A sealed part is compared with all that is known otherwise: whoever answers in the daemon's place
 * can seal what he likes to a guardian's public key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "audit/base/base64.h"
#include "ipc/client/desk/part_open.h"
#include "ipc/client/desk/part_page.h"
#include "ipc/client/offline/part_text.h"

#define CEREMONY "6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0d"
#define OTHER_CEREMONY "6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0e"
#define THRESHOLD 2
#define COUNT 3

/* A ceremony, and what part.view would answer guardian `ana`, who has part 2. */
struct dealt {
    struct secret *guardian;
    struct slip39_part parts[COUNT];
    struct secret *words;
    char check[KEY_CHECK_TEXT + 1];
    struct payload_part payload;
    uint8_t header[SLIP39_HEADER_BYTES];
    /* of the answer */
    struct slice ceremony, name, kind, told_check;
    int64_t index, count, threshold;
};

static struct dealt dealt;
static struct arena arena;

static int deal(void **state)
{
    (void)state;
    struct secret *key;
    const struct slip39_plan plan = {.id = 17,
                                     .exponent = 0,
                                     .group_threshold = 1,
                                     .group_count = 1,
                                     .groups = {{THRESHOLD, COUNT}}};
    arena_init(&arena, 1 << 20);
    assert_int_equal(key_make(KEY_AGE, 256, &dealt.guardian, NULL), OK);
    assert_int_equal(key_make(KEY_AGE, 256, &key, NULL), OK);
    assert_int_equal(key_check_value(KEY_AGE, key, slice_of(CEREMONY), dealt.check), OK);
    assert_int_equal(slip39_split(key, &plan, dealt.parts, NULL), OK);
    dealt.words = secret_new(SLIP39_TEXT_BYTES_MAX);
    secret_free(key);
    return 0;
}

static void put_words(size_t i)
{
    secret_clear(dealt.words);
    assert_int_equal(slip39_encode(&dealt.parts[i], dealt.words), OK);
    dealt.payload.mnemonic = (struct slice){(const char *)dealt.words->data, dealt.words->length};
    slip39_header_pack(&dealt.parts[i].header, dealt.header);
}

/* As it should be. */
static void set_right(void)
{
    dealt.payload = (struct payload_part){.ceremony = slice_of(CEREMONY),
                                          .name = slice_of("Root of the vault"),
                                          .guardian = slice_of("ana"),
                                          .group = 1,
                                          .groups = 1,
                                          .group_threshold = 1,
                                          .index = 2,
                                          .count = COUNT,
                                          .threshold = THRESHOLD,
                                          .kind = KEY_AGE,
                                          .check = slice_of(dealt.check),
                                          .created = slice_of("2026-11-24T17:49:41.000000Z")};
    put_words(1);
    dealt.ceremony = slice_of(CEREMONY);
    dealt.name = slice_of("Root of the vault");
    dealt.kind = slice_of("age");
    dealt.told_check = slice_of(dealt.check);
    dealt.index = 2;
    dealt.count = COUNT;
    dealt.threshold = THRESHOLD;
}

static const struct json *answer(void)
{
    static char text[8192];
    const struct json_limits limits = {.depth = 4, .members = 64};
    uint8_t sealed[PAYLOAD_PART_SEALED_BYTES];
    uint8_t receiver[KEY_BYTES];
    char sealed_text[BASE64_CHARACTERS(PAYLOAD_PART_SEALED_BYTES) + 1];
    char header_text[BASE64_CHARACTERS(SLIP39_HEADER_BYTES) + 1];
    struct json *out;
    struct fault fault;
    key_public(dealt.guardian, receiver);
    assert_int_equal(payload_seal_part(&dealt.payload, receiver, sealed, &fault), OK);
    base64_write((struct slice){(const char *)sealed, sizeof sealed}, BASE64_PADDED, sealed_text);
    base64_write((struct slice){(const char *)dealt.header, sizeof dealt.header}, BASE64_PADDED,
                 header_text);
    snprintf(text, sizeof text,
             "{\"ceremony\":\"%s\",\"name\":\"%s\",\"kind\":\"%s\",\"check\":\"%s\",\"index\":%lld,"
             "\"count\":%lld,\"threshold\":%lld,\"header\":\"%s\",\"sealed\":\"%s\"}",
             dealt.ceremony.data, dealt.name.data, dealt.kind.data, dealt.told_check.data,
             (long long)dealt.index, (long long)dealt.count, (long long)dealt.threshold,
             header_text, sealed_text);
    arena_reset(&arena);
    assert_int_equal(json_parse(&arena, slice_of(text), &limits, &out, &fault), OK);
    return out;
}

static enum reason reason_of_opening(void)
{
    struct part_opened opened;
    struct fault fault;
    const struct part_expected expected = {slice_of(CEREMONY), slice_of("ana")};
    fault_clear(&fault);
    enum err err = part_open(answer(), &expected, dealt.guardian, &opened, &fault);
    if (err == OK) {
        part_opened_done(&opened);
        return REASON_none;
    }
    assert_null(opened.room); /* nothing is left of it */
    assert_int_equal(err, fault.err);
    return fault.reason;
}

static void a_part_that_is_what_it_claims_to_be_opens(void **state)
{
    (void)state;
    set_right();
    assert_int_equal(reason_of_opening(), REASON_none);
}

static void nothing_that_was_told_may_differ_from_what_was_sealed(void **state)
{
    (void)state;
    static const char other_check[] =
        "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
    set_right();
    dealt.payload.ceremony = slice_of(OTHER_CEREMONY);
    assert_int_equal(reason_of_opening(), REASON_part_mismatch);
    set_right();
    dealt.ceremony = slice_of(OTHER_CEREMONY);
    assert_int_equal(reason_of_opening(), REASON_part_mismatch);
    set_right();
    dealt.payload.guardian = slice_of("max");
    assert_int_equal(reason_of_opening(), REASON_part_mismatch);
    set_right();
    dealt.name = slice_of("Another");
    assert_int_equal(reason_of_opening(), REASON_part_mismatch);
    set_right();
    dealt.index = 3;
    assert_int_equal(reason_of_opening(), REASON_part_mismatch);
    set_right();
    dealt.count = 4;
    assert_int_equal(reason_of_opening(), REASON_part_mismatch);
    set_right();
    dealt.threshold = 3;
    assert_int_equal(reason_of_opening(), REASON_part_mismatch);
    set_right();
    dealt.kind = slice_of("raw");
    assert_int_equal(reason_of_opening(), REASON_part_mismatch);
    set_right();
    dealt.told_check = slice_of(other_check);
    assert_int_equal(reason_of_opening(), REASON_part_mismatch);
}

static void the_words_must_be_those_of_the_part(void **state)
{
    (void)state;
    set_right();
    put_words(0); /* and the header told with them, so that only the index betrays it */
    assert_int_equal(reason_of_opening(), REASON_part_mismatch);
    set_right();
    dealt.header[2] ^= 1; /* told another than the words have */
    assert_int_equal(reason_of_opening(), REASON_part_mismatch);
    set_right();
    dealt.payload.threshold = 3; /* both say three, the words say two */
    dealt.threshold = 3;
    assert_int_equal(reason_of_opening(), REASON_part_mismatch);
    set_right();
    dealt.payload.groups = 2;
    dealt.payload.group = 2;
    assert_int_equal(reason_of_opening(), REASON_part_mismatch);
}

static void what_was_sealed_to_somebody_else_does_not_open(void **state)
{
    (void)state;
    struct part_opened opened;
    struct fault fault;
    struct secret *other;
    const struct part_expected expected = {slice_of(CEREMONY), slice_of("ana")};
    set_right();
    assert_int_equal(key_make(KEY_AGE, 256, &other, NULL), OK);
    assert_int_equal(part_open(answer(), &expected, other, &opened, &fault), ERR_INVALID_PARAMS);
    assert_int_equal(fault.reason, REASON_bad_seal);
    secret_free(other);
}

/* ---- claims ---- */

static enum reason reason_of_claim(size_t part, int64_t index, const char *status)
{
    const struct json_limits limits = {.depth = 4, .members = 64};
    struct json *ceremony;
    struct fault fault;
    arena_reset(&arena);
    fault_clear(&fault);
    assert_int_equal(json_parse(&arena, slice_of(status), &limits, &ceremony, &fault), OK);
    enum err err = part_claims(&dealt.parts[part], ceremony, index, &fault);
    return err == OK ? REASON_none : fault.reason;
}

static void the_wrong_paper_is_known_before_anything_is_sent(void **state)
{
    (void)state;
    static const char right[] = "{\"identifier\":17,\"bits\":256,\"threshold\":2}";
    assert_int_equal(reason_of_claim(1, 2, right), REASON_none);
    assert_int_equal(reason_of_claim(1, 1, right), REASON_not_yours);
    assert_int_equal(reason_of_claim(1, 2, "{\"identifier\":18,\"bits\":256,\"threshold\":2}"),
                     REASON_foreign);
    assert_int_equal(reason_of_claim(1, 2, "{\"identifier\":17,\"bits\":128,\"threshold\":2}"),
                     REASON_foreign);
    assert_int_equal(reason_of_claim(1, 2, "{\"identifier\":17,\"bits\":256,\"threshold\":3}"),
                     REASON_wrong_header);
    assert_int_equal(reason_of_claim(1, 2, "{}"), REASON_foreign);
}

/* ---- the page ---- */

static void the_page_has_every_word_in_the_place_of_its_number(void **state)
{
    (void)state;
    struct part_opened opened;
    struct fault fault;
    struct secret *page;
    struct part_texts texts = {.count = 0};
    const struct part_expected expected = {slice_of(CEREMONY), slice_of("ana")};
    set_right();
    assert_int_equal(part_open(answer(), &expected, dealt.guardian, &opened, &fault), OK);
    assert_int_equal(part_page_write(&opened, "max, 1 taro", &page), OK);
    struct slice text = {(const char *)page->data, page->length};
    assert_int_equal(part_texts_take(&texts, "page", text, &fault), OK);
    assert_int_equal(texts.count, 1);
    assert_true(slice_equal(part_texts_words(&texts, 0), dealt.payload.mnemonic));
    assert_memory_equal(text.data, "Part 2 of 3 - any 2 of the 3 parts open the key\n", 48);
    assert_non_null(memmem(text.data, text.length, dealt.check, strlen(dealt.check)));
    assert_non_null(memmem(text.data, text.length, "Root of the vault", 17));
    static const char *const lines[] = {"\nThe others   max, 1 taro\n", "guardianctl recover",
                                        "\nName ____", "  Phone ____"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_non_null(memmem(text.data, text.length, lines[i], strlen(lines[i])));
    }
    /* read downwards: the row of word 1 goes on with words 12 and 23 */
    const char *first = memmem(text.data, text.length, "\n     1 ", 8);
    assert_non_null(first);
    const char *end = memchr(first + 1, '\n', 100);
    assert_non_null(end);
    assert_non_null(memmem(first, (size_t)(end - first), " 12 ", 4));
    assert_non_null(memmem(first, (size_t)(end - first), " 23 ", 4));
    part_texts_done(&texts);
    secret_free(page);
    part_opened_done(&opened);
}

static int done(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        slip39_part_done(&dealt.parts[i]);
    }
    secret_free(dealt.words);
    secret_free(dealt.guardian);
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_that_is_what_it_claims_to_be_opens),
        cmocka_unit_test(nothing_that_was_told_may_differ_from_what_was_sealed),
        cmocka_unit_test(the_words_must_be_those_of_the_part),
        cmocka_unit_test(what_was_sealed_to_somebody_else_does_not_open),
        cmocka_unit_test(the_wrong_paper_is_known_before_anything_is_sent),
        cmocka_unit_test(the_page_has_every_word_in_the_place_of_its_number),
    };
    return cmocka_run_group_tests(tests, deal, done);
}
