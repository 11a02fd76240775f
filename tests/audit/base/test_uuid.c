/* RFC 9562 section 5.4: version 4 in the 13th digit, variant 10 in the 17th. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "audit/base/uuid.h"

static void version_and_variant_are_set_and_nothing_else_is_changed(void **state)
{
    (void)state;
    /* the example of RFC 9562, appendix A.3: 919108f7-52d1-4320-9bac-f847db4148a8 */
    uint8_t octets[16] = {0x91, 0x91, 0x08, 0xf7, 0x52, 0xd1, 0xf3, 0x20,
                          0xdb, 0xac, 0xf8, 0x47, 0xdb, 0x41, 0x48, 0xa8};
    char text[UUID_TEXT_BYTES];
    uuid_text(octets, text);
    assert_memory_equal(text, "919108f7-52d1-4320-9bac-f847db4148a8", UUID_TEXT_BYTES);
}

static void what_is_drawn_is_one_and_never_the_same(void **state)
{
    (void)state;
    char first[UUID_TEXT_BYTES + 1];
    char second[UUID_TEXT_BYTES + 1];
    for (int i = 0; i < 200; i++) {
        uuid_draw(first);
        uuid_draw(second);
        assert_true(uuid_is(slice_of(first)));
        assert_string_not_equal(first, second);
    }
}

static void what_is_none_is_told_apart(void **state)
{
    (void)state;
    static const char *const none[] = {"",
                                       "919108f7-52d1-4320-9bac-f847db4148a",
                                       "919108f7-52d1-4320-9bac-f847db4148a88",
                                       "919108F7-52d1-4320-9bac-f847db4148a8",
                                       "919108f7-52d1-5320-9bac-f847db4148a8",
                                       "919108f7-52d1-4320-cbac-f847db4148a8",
                                       "919108f7052d1-4320-9bac-f847db4148a8",
                                       "919108f7-52d1-4320-9bac-f847db4148-8",
                                       "g19108f7-52d1-4320-9bac-f847db4148a8"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_false(uuid_is(slice_of(none[i])));
    }
    assert_false(uuid_is((struct slice){"919108f7-52d1-4320-9bac-f847db4\0"
                                        "48a8",
                                        36}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_and_variant_are_set_and_nothing_else_is_changed),
        cmocka_unit_test(what_is_drawn_is_one_and_never_the_same),
        cmocka_unit_test(what_is_none_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
