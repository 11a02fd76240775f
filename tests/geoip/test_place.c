/* Places out of data sections written by hand, by the MaxMind DB file format 2.0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "geoip/place.h"

/* The section is text with its NUL left out, the record what begins at an offset. */
#define READ(text, at, language, out) read_text(text, sizeof(text) - 1, at, language, out)

static bool read_text(const char *text, size_t size, size_t at, const char *language,
                      struct geoip_place *out)
{
    memset(out, 0, sizeof *out);
    return place_read((struct section){(const uint8_t *)text, size}, at, language, out);
}

/* "names", {"en": "Brazil"} and "country" stand first; the record points at all three. */
static void follows_a_pointer_as_key_and_as_value(void **state)
{
    (void)state;
    static const char section[] = "\x45names" /* 0 */
                                  "\xe1\x42"
                                  "en\x46"
                                  "Brazil" /* 6 */
                                  "\x47"
                                  "country"               /* 17 */
                                  "\xe1\x20\x00\x20\x06"  /* 25: {"names": the names} */
                                  "\xe1\x20\x11\x20\x19"; /* 30: {"country": that} */
    struct geoip_place place;
    assert_true(READ(section, 30, "en", &place));
    assert_string_equal(place.country, "Brazil");
    assert_string_equal(place.state, "");
    assert_string_equal(place.city, "");
    assert_false(place.has_position);
}

static void takes_the_first_of_equal_keys(void **state)
{
    (void)state;
    static const char section[] = "\xe2\x44"
                                  "city\xe1\x45names\xe2\x42"
                                  "en\x41"
                                  "A\x42"
                                  "en\x41"
                                  "B\x44"
                                  "city\xe1\x45names\xe1\x42"
                                  "en\x41"
                                  "C";
    struct geoip_place place;
    assert_true(READ(section, 0, "en", &place));
    assert_string_equal(place.city, "A");
}

/* Maps and arrays inside each other, to be stepped over: continent, a list in it, then city. */
static void steps_over_what_it_does_not_look_for(void **state)
{
    (void)state;
    static const char section[] = "\xe2\x49"
                                  "continent\xe2\x44"
                                  "city\x02\x04\x41x\xe0\x45names\x20\x00\x44"
                                  "city\xe1\x45names\xe3\x42"
                                  "de\x41"
                                  "D\x42"
                                  "en\x41"
                                  "E\x42"
                                  "ja\x41"
                                  "J";
    struct geoip_place place;
    assert_true(READ(section, 0, "ja", &place));
    assert_string_equal(place.city, "J");
    assert_true(READ(section, 0, "de", &place));
    assert_string_equal(place.city, "D");
    assert_true(READ(section, 0, "fr", &place));
    assert_string_equal(place.city, "E");
}

/* -23.5 and -46.625 are whole in IEEE 754 of both widths: c1bc0000, c047500000000000. */
static void reads_positions_of_both_widths(void **state)
{
    (void)state;
    static const char section[] = "\xe1\x48location\xe2\x48latitude\x04\x08\xc1\xbc\x00\x00\x49"
                                  "longitude\x68\xc0\x47\x50\x00\x00\x00\x00\x00";
    struct geoip_place place;
    assert_true(READ(section, 0, "en", &place));
    assert_true(place.has_position);
    assert_true(place.latitude_deg == -23.5);
    assert_true(place.longitude_deg == -46.625);
}

static void takes_the_first_subdivision(void **state)
{
    (void)state;
    static const char section[] = "\xe1\x4csubdivisions\x02\x04\xe1\x45names\xe1\x42"
                                  "en\x41"
                                  "S\xe1\x45names\xe1\x42"
                                  "en\x41"
                                  "T";
    struct geoip_place place;
    assert_true(READ(section, 0, "en", &place));
    assert_string_equal(place.state, "S");
}

/* structure_check lets none of these through; were one to come all the same, it ends here. */
static void reads_nothing_beyond_the_section(void **state)
{
    (void)state;
    struct geoip_place place;
    assert_false(READ("\xe1\x44"
                      "city\x20\x7f",
                      0, "en", &place));
    assert_false(READ("\xe1\x44"
                      "city\x20\x06",
                      0, "en", &place)); /* a pointer to itself */
    assert_false(READ("\xe1\x20\x01", 0, "en", &place));
    assert_false(READ("\xe1\x44"
                      "cit",
                      0, "en", &place));
    assert_false(READ("\xe1", 0, "en", &place));
    assert_false(READ("\xe1", 1, "en", &place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_a_pointer_as_key_and_as_value),
        cmocka_unit_test(takes_the_first_of_equal_keys),
        cmocka_unit_test(steps_over_what_it_does_not_look_for),
        cmocka_unit_test(reads_positions_of_both_widths),
        cmocka_unit_test(takes_the_first_subdivision),
        cmocka_unit_test(reads_nothing_beyond_the_section),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
