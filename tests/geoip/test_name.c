/* Names: only clean UTF-8 goes on, and never half a character. Byte sequences from RFC 3629. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "geoip/name.h"

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

static void keeps_names_of_all_scripts(void **state)
{
    (void)state;
    static const char *const names[] = {"London",
                                        "São Paulo",
                                        "Zürich",
                                        "Москва",
                                        "東京",
                                        "القاهرة",
                                        "O'Fallon \"x\" \\ ~",
                                        "\xc2\xa0",
                                        "\xef\xbf\xbf",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char out[GEOIP_NAME_BYTES];
        assert_true(name_copy(names[i], strlen(names[i]), out));
        assert_string_equal(out, names[i]);
    }
}

static void refuses_what_is_not_utf_8(void **state)
{
    (void)state;
    static const char *const names[] = {
        "S\xe3o Paulo",     /* Latin-1 */
        "\x80",             /* a continuation alone */
        "\xc3",             /* cut off */
        "x\xe6\x9d",        /* cut off */
        "\xc0\xaf",         /* overlong, RFC 3629 section 10 */
        "\xe0\x80\xaf",     /* overlong */
        "\xf0\x80\x80\xaf", /* overlong */
        "\xc1\xbf",         /* overlong */
        "\xe0\x9f\xbf",     /* overlong */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",     /* surrogates, first and last */
        "\xed\xbf\xbf",     /* */
        "\xf4\x90\x80\x80", /* beyond U+10FFFF */
        "\xf5\x80\x80\x80", /* no such lead */
        "\xff",             /* */
        "\xe6\x9d\x41",     /* a letter in place of a continuation */
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char out[GEOIP_NAME_BYTES] = "before";
        if (name_copy(names[i], strlen(names[i]), out))
            fail_msg("case %zu is taken for UTF-8", i);
        assert_string_equal(out, "");
    }
}

static void refuses_control_characters(void **state)
{
    (void)state;
    char out[GEOIP_NAME_BYTES];
    assert_false(name_copy("", 0, out));
    assert_false(name_copy("a\0b", 3, out));
    for (unsigned octet = 0; octet < 256; octet++) {
        char ascii[3] = {'a', (char)octet, 'b'};
        char c1[4] = {'a', '\xc2', (char)octet, 'b'};
        if (octet < 0x80)
            assert_int_equal(name_copy(ascii, 3, out), octet >= 0x20 && octet != 0x7f);
        if (octet >= 0x80 && octet < 0xc0)
            assert_int_equal(name_copy(c1, 4, out), octet >= 0xa0);
    }
}

static void cuts_a_long_name_at_a_code_point(void **state)
{
    (void)state;
    /* A three-octet character at every phase before the last octet that has room. */
    for (size_t letters = GEOIP_NAME_BYTES - 6; letters < GEOIP_NAME_BYTES + 3; letters++) {
        char name[GEOIP_NAME_BYTES + 8], out[GEOIP_NAME_BYTES];
        memset(name, 'x', letters);
        memcpy(name + letters, "\xe6\x9d\xb1", 3);
        assert_true(name_copy(name, letters + 3, out));
        size_t wanted = letters + 3 < GEOIP_NAME_BYTES ? letters + 3
                        : letters < GEOIP_NAME_BYTES   ? letters
                                                       : GEOIP_NAME_BYTES - 1;
        assert_int_equal(strlen(out), wanted);
        assert_memory_equal(out, name, wanted);
    }
}

static void refuses_a_long_name_that_is_bad_beyond_the_cut(void **state)
{
    (void)state;
    char name[2 * GEOIP_NAME_BYTES], out[GEOIP_NAME_BYTES];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\n';
    assert_false(name_copy(name, sizeof name, out));
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_names_of_all_scripts),
        cmocka_unit_test(refuses_what_is_not_utf_8),
        cmocka_unit_test(refuses_control_characters),
        cmocka_unit_test(cuts_a_long_name_at_a_code_point),
        cmocka_unit_test(refuses_a_long_name_that_is_bad_beyond_the_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
