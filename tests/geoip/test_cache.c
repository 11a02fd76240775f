/* The cache: gives back what was put, for that address alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "geoip/cache.h"

static void address_make(uint32_t number, uint8_t out[ADDRESS_BYTES])
{
    memset(out, 0, ADDRESS_BYTES);
    out[10] = out[11] = 0xff;
    for (size_t i = 0; i < 4; i++)
        out[12 + i] = (uint8_t)(number >> (24 - 8 * i));
}

static void gives_back_an_answer_whole(void **state)
{
    (void)state;
    struct cache *cache = cache_new();
    struct geoip_place put = {.country = "Brazil",
                              .state = "S\xc3\xa3o Paulo",
                              .city = "Tabo\xc3\xa3o da Serra",
                              .has_position = true,
                              .latitude_deg = -23.6,
                              .longitude_deg = -46.7};
    struct geoip_place got;
    bool known = false;
    uint8_t address[ADDRESS_BYTES];
    address_make(1, address);
    assert_false(cache_get(cache, address, &got, &known));
    cache_put(cache, address, &put, true);
    memset(&got, 0xaa, sizeof got);
    assert_true(cache_get(cache, address, &got, &known));
    assert_true(known);
    assert_string_equal(got.country, put.country);
    assert_string_equal(got.state, put.state);
    assert_string_equal(got.city, put.city);
    assert_true(got.has_position);
    assert_true(got.latitude_deg == -23.6 && got.longitude_deg == -46.7);
    cache_free(cache);
}

static void remembers_that_nothing_is_known(void **state)
{
    (void)state;
    struct cache *cache = cache_new();
    struct geoip_place place = {0};
    bool known = true;
    uint8_t address[ADDRESS_BYTES] = {0}; /* :: must not look like an entry never used */
    assert_false(cache_get(cache, address, &place, &known));
    cache_put(cache, address, &place, false);
    assert_true(cache_get(cache, address, &place, &known));
    assert_false(known);
    assert_string_equal(place.country, "");
    assert_false(place.has_position);
    cache_free(cache);
}

/* Ten times as many addresses as entries: every answer found is that of its address, and many are.
 */
static void never_mixes_addresses_up(void **state)
{
    (void)state;
    struct cache *cache = cache_new();
    uint8_t address[ADDRESS_BYTES];
    struct geoip_place place;
    bool known;
    for (uint32_t i = 0; i < 10 * GEOIP_CACHE_ENTRIES; i++) {
        memset(&place, 0, sizeof place);
        snprintf(place.city, sizeof place.city, "%u", i);
        address_make(i, address);
        cache_put(cache, address, &place, true);
    }
    size_t found = 0;
    for (uint32_t i = 0; i < 10 * GEOIP_CACHE_ENTRIES; i++) {
        char wanted[16];
        snprintf(wanted, sizeof wanted, "%u", i);
        address_make(i, address);
        if (!cache_get(cache, address, &place, &known))
            continue;
        found++;
        assert_string_equal(place.city, wanted);
    }
    assert_int_equal(found, GEOIP_CACHE_ENTRIES);
    cache_free(cache);
}

static void does_not_keep_names_too_long_for_an_entry(void **state)
{
    (void)state;
    struct cache *cache = cache_new();
    struct geoip_place place = {0}, got;
    bool known;
    uint8_t address[ADDRESS_BYTES];
    address_make(7, address);
    memset(place.country, 'c', 40);
    memset(place.state, 's', 40);
    memset(place.city, 'x', 9);
    cache_put(cache, address, &place, true);
    assert_true(cache_get(cache, address, &got, &known));
    assert_memory_equal(&got, &place, sizeof got);

    address_make(8, address);
    place.city[9] = 'x';
    cache_put(cache, address, &place, true);
    assert_false(cache_get(cache, address, &got, &known));
    cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_an_answer_whole),
        cmocka_unit_test(remembers_that_nothing_is_known),
        cmocka_unit_test(never_mixes_addresses_up),
        cmocka_unit_test(does_not_keep_names_too_long_for_an_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
