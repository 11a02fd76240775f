/* RFC 4648 section 10, and everything that is not it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit/base/base64.h"

static const struct {
    const char *octets;
    const char *padded;
    const char *unpadded;
} examples[] = {{"", "", ""},
                {"f", "Zg==", "Zg"},
                {"fo", "Zm8=", "Zm8"},
                {"foo", "Zm9v", "Zm9v"},
                {"foob", "Zm9vYg==", "Zm9vYg"},
                {"fooba", "Zm9vYmE=", "Zm9vYmE"},
                {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                {"\xfb\xff\xbf", "+/+/", "+/+/"}};

#define EXAMPLES (sizeof examples / sizeof examples[0])

static void assert_reads(const char *text, enum base64_padding padding, const char *octets)
{
    uint8_t out[16];
    size_t length = 99;
    assert_true(base64_read(slice_of(text), padding, out, sizeof out, &length));
    assert_int_equal(length, strlen(octets));
    assert_memory_equal(out, octets, length);
}

static void reads_and_writes_the_examples_of_rfc_4648(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        char text[16];
        assert_reads(examples[i].padded, BASE64_PADDED, examples[i].octets);
        assert_reads(examples[i].unpadded, BASE64_UNPADDED, examples[i].octets);
        base64_write(slice_of(examples[i].octets), BASE64_PADDED, text);
        assert_string_equal(text, examples[i].padded);
        assert_int_equal(strlen(text), BASE64_CHARACTERS(strlen(examples[i].octets)));
        base64_write(slice_of(examples[i].octets), BASE64_UNPADDED, text);
        assert_string_equal(text, examples[i].unpadded);
    }
}

/* Each octet in each place: of those that are read, none gives what another gives. */
static void takes_exactly_the_64_characters(void **state)
{
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t place = 0; place < 4; place++) {
        for (int octet = 0; octet < 256; octet++) {
            uint8_t out[3];
            size_t length = 0;
            char text[4] = {'Z', 'm', '9', 'v'};
            text[place] = (char)octet;
            bool known = octet != 0 && strchr(alphabet, octet) != NULL;
            bool read =
                base64_read((struct slice){text, 4}, BASE64_UNPADDED, out, sizeof out, &length);
            assert_int_equal(read, known);
        }
    }
}

static void refuses_what_is_not_written_exactly_so(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum base64_padding padding;
    } bad[] = {
        {"Z", BASE64_UNPADDED},
        {"Zg", BASE64_PADDED},
        {"Zg=", BASE64_PADDED},
        {"Zg==", BASE64_UNPADDED},
        {"Zg===", BASE64_PADDED},
        {"Zg==Zg==", BASE64_PADDED},
        {"Zh==", BASE64_PADDED},
        {"Zm9=", BASE64_PADDED},
        {"Zm9v=", BASE64_PADDED},
        {"Zm9v====", BASE64_PADDED},
        {"=", BASE64_PADDED},
        {" Zm9v", BASE64_PADDED},
        {"Zm9v\n", BASE64_PADDED},
        {"Zm\n9v", BASE64_PADDED},
        {"Zm9v-_-_", BASE64_PADDED},
        {"\xda\xed\xb9\xf6", BASE64_PADDED}, /* Zm9v with its highest bits set */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t out[16];
        size_t length = 99;
        assert_false(base64_read(slice_of(bad[i].text), bad[i].padding, out, sizeof out, &length));
        assert_int_equal(length, 99);
    }
}

static void refuses_more_than_there_is_room_for(void **state)
{
    (void)state;
    uint8_t out[6] = {0, 0, 0, 0, 0, 77};
    size_t length = 99;
    assert_false(base64_read(slice_of("Zm9vYmFy"), BASE64_PADDED, out, 5, &length));
    assert_int_equal(out[5], 77);
    assert_true(base64_read(slice_of("Zm9vYmFy"), BASE64_PADDED, out, 6, &length));
    assert_int_equal(length, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_the_examples_of_rfc_4648),
        cmocka_unit_test(takes_exactly_the_64_characters),
        cmocka_unit_test(refuses_what_is_not_written_exactly_so),
        cmocka_unit_test(refuses_more_than_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
