/* The door: look-ups, reload, status, many threads. With GUARDIAN_CITY_DATABASE in the environment
 * also the real City database that it names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "geoip/geoip.h"
#include "tests/geoip/mmdb_writer.h"

static char folder[] = "/tmp/guardian-geoip-XXXXXX";
static char file[64], other_file[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof file, "%s/city.mmdb", folder);
    snprintf(other_file, sizeof other_file, "%s/other.mmdb", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(file);
    unlink(other_file);
    return rmdir(folder);
}

/* A database that puts all of IPv4 and IPv6 in one city, special ranges too. */
static void save_everywhere(const char *city, const char *path)
{
    const struct mmdb_city place = {.country = {"Brazil", "pt-BR", "Brasil"}, .city = {.en = city}};
    struct mmdb_writer *writer = mmdb_writer_new(NULL);
    mmdb_writer_add(writer, "::/1", &place);
    mmdb_writer_add(writer, "8000::/1", &place);
    mmdb_writer_save(writer, path);
    mmdb_writer_free(writer);
}

static void must_load(struct geoip *geoip, const char *path)
{
    char message[256] = "before";
    if (geoip_load(geoip, path, message, sizeof message) != GEOIP_OK)
        fail_msg("%s", message);
    assert_string_equal(message, "");
}

static struct geoip *new_with(const char *language, const char *path)
{
    struct geoip *geoip = geoip_new(language);
    assert_non_null(geoip);
    must_load(geoip, path);
    return geoip;
}

static bool find(struct geoip *geoip, const char *address, struct geoip_place *out)
{
    return geoip_lookup(geoip, address, strlen(address), out);
}

static void finds_nothing_without_a_database(void **state)
{
    (void)state;
    struct geoip *geoip = geoip_new(NULL);
    struct geoip_place place;
    struct geoip_status status;
    const struct geoip_place nothing = {0};
    memset(&place, 0xaa, sizeof place);
    assert_false(find(geoip, "8.8.8.8", &place));
    assert_memory_equal(&place, &nothing, sizeof nothing);
    geoip_status(geoip, &status);
    assert_false(status.loaded);
    assert_string_equal(status.path, "");
    assert_string_equal(status.file_hash, "");
    assert_string_equal(status.last_error, "");
    assert_int_equal(status.lookups, 1);
    geoip_free(geoip);
    geoip_free(NULL);
}

static void finds_every_spelling_of_an_address(void **state)
{
    (void)state;
    save_everywhere("A", file);
    struct geoip *geoip = new_with("pt-BR", file);
    static const char *const spellings[] = {"198.20.1.1", "::ffff:198.20.1.1", "::ffff:c614:101",
                                            "64:ff9b::198.20.1.1", "2600::1%eth0"};
    struct geoip_place place;
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        assert_true(find(geoip, spellings[i], &place));
        assert_string_equal(place.country, "Brasil");
        assert_string_equal(place.city, "A");
    }
    struct geoip_status status;
    geoip_status(geoip, &status);
    assert_int_equal(status.lookups, 5);
    assert_int_equal(status.cache_hits, 3); /* the first four are one address */
    geoip_free(geoip);
}

static void finds_nothing_for_special_ranges_whatever_the_database_says(void **state)
{
    (void)state;
    save_everywhere("A", file);
    struct geoip *geoip = new_with(NULL, file);
    static const char *const special[] = {"10.1.2.3",
                                          "172.16.0.1",
                                          "192.168.1.1",
                                          "127.0.0.1",
                                          "100.64.0.1",
                                          "169.254.1.1",
                                          "192.0.2.1",
                                          "224.0.0.1",
                                          "255.255.255.255",
                                          "0.0.0.0",
                                          "::",
                                          "::1",
                                          "fe80::1%lo",
                                          "fc00::1",
                                          "2001:db8::1",
                                          "2002:808:808::1",
                                          "2001::1",
                                          "ff02::1",
                                          "::ffff:10.0.0.1",
                                          "64:ff9b::10.0.0.1",
                                          "::8.8.8.8",
                                          "not an address",
                                          ""};
    struct geoip_place place;
    const struct geoip_place nothing = {0};
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        memset(&place, 0xaa, sizeof place);
        if (find(geoip, special[i], &place))
            fail_msg("a place is guessed for '%s'", special[i]);
        assert_memory_equal(&place, &nothing, sizeof nothing);
    }
    assert_true(find(geoip, "8.8.8.8", &place));
    geoip_free(geoip);
}

static void answers_from_the_cache_what_the_database_said(void **state)
{
    (void)state;
    const struct mmdb_city place_put = {
        .city = {.en = "A"}, .has_position = true, .latitude = 1.5, .longitude = 2.5};
    struct mmdb_writer *writer = mmdb_writer_new(NULL);
    mmdb_writer_add(writer, "198.20.0.0/16", &place_put);
    mmdb_writer_save(writer, file);
    mmdb_writer_free(writer);
    struct geoip *geoip = new_with(NULL, file);
    struct geoip_place first, second;
    assert_true(find(geoip, "198.20.0.1", &first));
    assert_true(find(geoip, "198.20.0.1", &second));
    assert_memory_equal(&first, &second, sizeof first);
    assert_false(find(geoip, "8.8.8.8", &second));
    assert_false(find(geoip, "8.8.8.8", &second));
    struct geoip_status status;
    geoip_status(geoip, &status);
    assert_int_equal(status.cache_hits, 2);
    geoip_free(geoip);
}

static void drops_the_cache_when_the_database_changes(void **state)
{
    (void)state;
    struct geoip_place place;
    save_everywhere("A", file);
    struct geoip *geoip = new_with(NULL, file);
    assert_true(find(geoip, "8.8.8.8", &place));
    assert_true(find(geoip, "8.8.8.8", &place));
    save_everywhere("B", file);
    assert_true(find(geoip, "8.8.8.8", &place));
    assert_string_equal(place.city, "A"); /* not before it is loaded */
    must_load(geoip, file);
    assert_true(find(geoip, "8.8.8.8", &place));
    assert_string_equal(place.city, "B");
    geoip_free(geoip);
}

static void unloads(void **state)
{
    (void)state;
    struct geoip_place place;
    struct geoip_status status;
    save_everywhere("A", file);
    struct geoip *geoip = new_with(NULL, file);
    must_load(geoip, NULL);
    assert_false(find(geoip, "8.8.8.8", &place));
    geoip_status(geoip, &status);
    assert_false(status.loaded);
    assert_string_equal(status.path, "");
    must_load(geoip, file);
    assert_true(find(geoip, "8.8.8.8", &place));
    must_load(geoip, "");
    assert_false(find(geoip, "8.8.8.8", &place));
    geoip_free(geoip);
}

static void keeps_the_old_database_when_the_new_one_is_refused(void **state)
{
    (void)state;
    struct geoip_place place;
    struct geoip_status before, after;
    char message[256];
    save_everywhere("A", file);
    struct geoip *geoip = new_with(NULL, file);
    geoip_status(geoip, &before);
    assert_true(before.loaded);
    assert_int_equal(before.build_time_s, 1700000000);

    mmdb_octets_save("not a database", 14, other_file);
    assert_int_equal(geoip_load(geoip, other_file, message, sizeof message), GEOIP_INVALID);
    assert_non_null(strstr(message, other_file));
    assert_true(find(geoip, "8.8.8.8", &place));
    assert_string_equal(place.city, "A");
    geoip_status(geoip, &after);
    assert_true(after.loaded);
    assert_string_equal(after.path, file);
    assert_string_equal(after.file_hash, before.file_hash);
    assert_string_equal(after.last_error, message);

    assert_int_equal(geoip_load(geoip, "/nonexistent", message, sizeof message), GEOIP_UNREADABLE);
    geoip_status(geoip, &after);
    assert_string_equal(after.last_error, message);
    assert_int_equal(geoip_load(geoip, "/nonexistent", NULL, 0), GEOIP_UNREADABLE);
    must_load(geoip, file);
    geoip_status(geoip, &after);
    assert_string_equal(after.last_error, "");
    geoip_free(geoip);
}

/* ---- threads ---- */

#define LOOKING 4
#define RELOADS 40

struct crowd {
    struct geoip *geoip;
    atomic_bool stop;
    atomic_size_t lookups, lost;
};

static void *look_up_until_told(void *argument)
{
    struct crowd *crowd = argument;
    for (uint32_t i = 0; !atomic_load(&crowd->stop); i++) {
        char address[32];
        struct geoip_place place;
        snprintf(address, sizeof address, "198.20.%u.%u", i >> 8 & 255, i & 255);
        bool known = geoip_lookup(crowd->geoip, address, strlen(address), &place);
        if (!known || (strcmp(place.city, "A") != 0 && strcmp(place.city, "B") != 0))
            atomic_fetch_add(&crowd->lost, 1);
        atomic_fetch_add(&crowd->lookups, 1);
    }
    return NULL;
}

static void loses_no_lookup_while_it_reloads_under_load(void **state)
{
    (void)state;
    save_everywhere("A", file);
    save_everywhere("B", other_file);
    struct crowd crowd = {.geoip = new_with(NULL, file)};
    pthread_t threads[LOOKING];
    for (size_t i = 0; i < LOOKING; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_up_until_told, &crowd), 0);

    char message[256];
    struct geoip_status status;
    for (unsigned i = 0; i < RELOADS; i++) {
        size_t seen = atomic_load(&crowd.lookups);
        must_load(crowd.geoip, i % 2 ? file : other_file);
        geoip_load(crowd.geoip, folder, message, sizeof message); /* refused: no matter */
        geoip_status(crowd.geoip, &status);
        assert_true(status.loaded);
        while (atomic_load(&crowd.lookups) < seen + 100)
            sched_yield();
    }
    atomic_store(&crowd.stop, true);
    for (size_t i = 0; i < LOOKING; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&crowd.lost), 0);
    geoip_status(crowd.geoip, &status);
    assert_int_equal(status.lookups, atomic_load(&crowd.lookups));
    geoip_free(crowd.geoip);
}

/* ---- the real database ---- */

static struct geoip *real_database(const char *language)
{
    const char *path = getenv("GUARDIAN_CITY_DATABASE");
    if (!path || !path[0])
        skip();
    return new_with(language, path);
}

/* Facts that outlive a release of the database: universities and public services that have held
 * their networks for decades. Within 200 km of where they are, or anywhere in the country. */
static const struct {
    const char *address, *country, *city;
    double latitude, longitude; /* 0, 0: not checked */
} facts[] = {
    {"8.8.8.8", "United States", NULL, 0, 0},                      /* Google DNS */
    {"2001:4860:4860::8888", "United States", NULL, 0, 0},         /* the same */
    {"18.9.22.69", "United States", "Cambridge", 42.36, -71.09},   /* MIT */
    {"81.2.69.160", "United Kingdom", NULL, 51.5, -0.1},           /* Andrews & Arnold */
    {"::ffff:81.2.69.160", "United Kingdom", NULL, 51.5, -0.1},    /* mapped */
    {"64:ff9b::81.2.69.160", "United Kingdom", NULL, 51.5, -0.1},  /* through NAT64 */
    {"200.160.2.3", "Brazil", "S\xc3\xa3o Paulo", -23.55, -46.63}, /* registro.br */
    {"2804:14c::1", "Brazil", NULL, 0, 0},                         /* Claro */
    {"133.11.0.1", "Japan", "Tokyo", 35.68, 139.69},               /* University of Tokyo */
    {"130.102.6.1", "Australia", "Brisbane", -27.47, 153.02},      /* University of Queensland */
    {"128.178.1.1", "Switzerland", "Lausanne", 46.52, 6.63},       /* EPFL */
};

static void finds_well_known_addresses_in_the_real_database(void **state)
{
    (void)state;
    struct geoip *geoip = real_database(NULL);
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        struct geoip_place place;
        if (!find(geoip, facts[i].address, &place))
            fail_msg("%s is not found", facts[i].address);
        assert_string_equal(place.country, facts[i].country);
        if (facts[i].city)
            assert_string_equal(place.city, facts[i].city);
        assert_true(place.has_position);
        if (facts[i].latitude != 0 && (fabs(place.latitude_deg - facts[i].latitude) > 2 ||
                                       fabs(place.longitude_deg - facts[i].longitude) > 2))
            fail_msg("%s is at %f, %f", facts[i].address, place.latitude_deg, place.longitude_deg);
    }
    geoip_free(geoip);
}

static void finds_names_of_the_real_database_in_portuguese(void **state)
{
    (void)state;
    struct geoip *geoip = real_database("pt-BR");
    struct geoip_place place;
    assert_true(find(geoip, "200.160.2.3", &place));
    assert_string_equal(place.country, "Brasil");
    assert_true(find(geoip, "133.11.0.1", &place));
    assert_string_equal(place.city, "T\xc3\xb3quio");
    geoip_free(geoip);
}

static void finds_nothing_special_in_the_real_database(void **state)
{
    (void)state;
    struct geoip *geoip = real_database(NULL);
    static const char *const special[] = {"10.0.0.1",          "192.168.0.1", "2002:808:808::1",
                                          "2001:0:808:808::1", "203.0.113.9", "::8.8.8.8"};
    struct geoip_place place;
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        assert_false(find(geoip, special[i], &place));
    geoip_free(geoip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_nothing_without_a_database),
        cmocka_unit_test(finds_every_spelling_of_an_address),
        cmocka_unit_test(finds_nothing_for_special_ranges_whatever_the_database_says),
        cmocka_unit_test(answers_from_the_cache_what_the_database_said),
        cmocka_unit_test(drops_the_cache_when_the_database_changes),
        cmocka_unit_test(unloads),
        cmocka_unit_test(keeps_the_old_database_when_the_new_one_is_refused),
        cmocka_unit_test(loses_no_lookup_while_it_reloads_under_load),
        cmocka_unit_test(finds_well_known_addresses_in_the_real_database),
        cmocka_unit_test(finds_names_of_the_real_database_in_portuguese),
        cmocka_unit_test(finds_nothing_special_in_the_real_database),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
