/* The word list is the standard's: its SHA-256 (one word a line, LF) is that of the published file.
 */
#include "tests/ceremony/slip39/help.h"

#include "ceremony/slip39/wordlist.h"

static void is_the_list_of_the_standard(void **state)
{
    (void)state;
    crypto_hash_sha256_state hash;
    uint8_t digest[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof digest + 1];
    crypto_hash_sha256_init(&hash);
    for (size_t i = 0; i < WORDLIST_WORDS; i++) {
        crypto_hash_sha256_update(&hash, (const unsigned char *)wordlist[i], strlen(wordlist[i]));
        crypto_hash_sha256_update(&hash, (const unsigned char *)"\n", 1);
    }
    crypto_hash_sha256_final(&hash, digest);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    assert_string_equal(hex, "bcc4555340332d169718aed8bf31dd9d5248cb7da6e5d355140ef4f1e601eec3");
}

static uint32_t find(const char *letters, uint16_t *out_number)
{
    char padded[WORDLIST_LETTERS_MAX] = {0};
    size_t length = strlen(letters);
    memcpy(padded, letters, length < sizeof padded ? length : sizeof padded);
    return wordlist_find(wordlist_pack(padded), (uint32_t)length, out_number);
}

static void finds_every_word_whole_and_shortened_to_four_letters(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < WORDLIST_WORDS; i++) {
        char letters[WORDLIST_LETTERS_MAX + 1] = {0};
        for (size_t length = WORDLIST_LETTERS_MIN; length <= strlen(wordlist[i]); length++) {
            memcpy(letters, wordlist[i], length);
            uint16_t number = 0xffff;
            assert_int_equal(find(letters, &number), ~0u);
            assert_int_equal(number, i);
        }
    }
}

static void finds_no_word_that_is_not_on_the_list(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "",         "a",        "aca",      "acadexyz",  "academicx", "academics",
        "academia", "abcd",     "zzzz",     "zero ",     "\1\1\1\1",  "academicacademic",
        "acad\xc3", "Academic", "zerozero", "academi c", "_cid",      "husbandd"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        uint16_t number = 0xffff;
        assert_int_equal(find(unknown[i], &number), 0);
        assert_int_equal(number, 0);
    }
}

static void gives_back_the_letters_of_every_word(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < WORDLIST_WORDS; i++) {
        char letters[WORDLIST_LETTERS_MAX];
        wordlist_letters(i, letters);
        assert_memory_equal(letters, wordlist[i], sizeof letters);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_list_of_the_standard),
        cmocka_unit_test(finds_every_word_whole_and_shortened_to_four_letters),
        cmocka_unit_test(finds_no_word_that_is_not_on_the_list),
        cmocka_unit_test(gives_back_the_letters_of_every_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
