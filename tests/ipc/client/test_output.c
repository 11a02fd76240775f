/* What reaches a terminal. The characters are those Unicode calls Bidi_Control (UAX 9), and the
 * format characters and separators that have no shape (UnicodeData.txt, categories Cf, Zl, Zp). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/client/output.h"

static char shown[4096];

/* What output_text prints. */
static const char *show(struct slice text, size_t columns)
{
    int file = memfd_create("shown", 0);
    int saved = dup(STDOUT_FILENO);
    assert_true(file >= 0 && saved >= 0);
    fflush(stdout);
    assert_true(dup2(file, STDOUT_FILENO) >= 0);
    output_text(text, columns);
    fflush(stdout);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    ssize_t length = pread(file, shown, sizeof shown - 1, 0);
    assert_true(length >= 0);
    shown[length] = '\0';
    close(saved);
    close(file);
    return shown;
}

static size_t encode(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t tails = 3;
    if (point < 0x800) {
        tails = 1;
    } else if (point < 0x10000) {
        tails = 2;
    }
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[tails] | point >> (6 * tails));
    for (size_t i = 1; i <= tails; i++) {
        out[i] = (char)(0x80 | ((point >> (6 * (tails - i))) & 0x3f));
    }
    return tails + 1;
}

static void characters_nobody_sees_are_written_out(void **state)
{
    (void)state;
    static const uint32_t ranges[][2] = {
        {0x00, 0x08},     {0x0b, 0x0c},     {0x0e, 0x1f},     {0x7f, 0x9f},      {0xad, 0xad},
        {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},  {0x2060, 0x2064},
        {0x2066, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        for (uint32_t point = ranges[i][0]; point <= ranges[i][1]; point++) {
            char text[8] = "a";
            char wanted[32];
            size_t length = 1 + encode(point, text + 1);
            text[length++] = 'b';
            snprintf(wanted, sizeof wanted, "a\\u{%X}b", (unsigned)point);
            assert_string_equal(show((struct slice){text, length}, 0), wanted);
        }
    }
}

static void every_other_character_stands_as_it_is(void **state)
{
    (void)state;
    static const char *const texts[] = {"José da Silva", "田中 太郎",  "Ελλάδα ў ©", "👩 ❤️",
                                        "שלום",          "a\\u{202E}", "‐ ‧ ⁰"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_string_equal(show(slice_of(texts[i]), 0), texts[i]);
    }
}

static void blanks_and_line_breaks_cannot_forge_a_row(void **state)
{
    (void)state;
    assert_string_equal(show(slice_of("\n eve\r\n\t0  x \n"), 0), "eve   0  x");
}

static void octets_that_are_not_utf8_are_replaced_one_by_one(void **state)
{
    (void)state;
    assert_string_equal(show(slice_of("a\xc3(\xff"), 0), "a\xef\xbf\xbd(\xef\xbf\xbd");
    assert_string_equal(show((struct slice){NULL, 0}, 0), "");
}

static void a_column_keeps_its_width(void **state)
{
    (void)state;
    assert_string_equal(show(slice_of("José"), 6), "José  ");
    assert_string_equal(show(slice_of("Joséphine"), 6), "Joséph");
    assert_string_equal(show(slice_of("a\u202eb"), 10), "a\\u{202E}b");
    assert_string_equal(show(slice_of("ab\u202e"), 9), "ab       "); /* an escape is not cut */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_nobody_sees_are_written_out),
        cmocka_unit_test(every_other_character_stands_as_it_is),
        cmocka_unit_test(blanks_and_line_breaks_cannot_forge_a_row),
        cmocka_unit_test(octets_that_are_not_utf8_are_replaced_one_by_one),
        cmocka_unit_test(a_column_keeps_its_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
