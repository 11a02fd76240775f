/* One database file: what is opened, what is refused, and what is read out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <math.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "geoip/database.h"
#include "tests/geoip/mmdb_writer.h"

static char folder[] = "/tmp/guardian-geoip-XXXXXX";
static char file[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof file, "%s/city.mmdb", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(folder);
}

static const struct mmdb_city sao_paulo = {
    .country = {"Brazil", "pt-BR", "Brasil"},
    .registered_country = {"Portugal", "pt-BR", "Portugal"},
    .state = {"Sao Paulo", "pt-BR", "S\xc3\xa3o Paulo"},
    .city = {.en = "Taboao da Serra"},
    .has_position = true,
    .latitude = -23.6,
    .longitude = -46.7,
};

/* Opens the file in a language; it must be sound. */
static struct database *opened(const char *language)
{
    struct database *database = NULL;
    char message[256] = "";
    if (database_open(file, language, &database, message, sizeof message) != GEOIP_OK)
        fail_msg("%s", message);
    return database;
}

static struct database *opened_with(const struct mmdb_city *city, const char *language)
{
    struct mmdb_writer *writer = mmdb_writer_new(NULL);
    mmdb_writer_add(writer, "177.0.0.0/8", city);
    mmdb_writer_save(writer, file);
    mmdb_writer_free(writer);
    return opened(language);
}

static bool find(const struct database *database, const char *text, struct geoip_place *out)
{
    uint8_t address[ADDRESS_BYTES];
    assert_true(address_parse(text, strlen(text), address));
    return database_find(database, address, out);
}

/* Why the file at path is refused. */
static enum geoip_err refusal(const char *path, char message[256])
{
    struct database *database = NULL;
    message[0] = '\0';
    enum geoip_err err = database_open(path, "en", &database, message, 256);
    assert_null(database);
    assert_non_null(strstr(message, path));
    return err;
}

static void finds_a_place_with_all_that_is_known_of_it(void **state)
{
    (void)state;
    struct database *database = opened_with(&sao_paulo, "en");
    struct geoip_place place;
    assert_true(find(database, "177.1.2.3", &place));
    assert_string_equal(place.country, "Brazil");
    assert_string_equal(place.state, "Sao Paulo");
    assert_string_equal(place.city, "Taboao da Serra");
    assert_true(place.has_position);
    assert_true(place.latitude_deg == -23.6 && place.longitude_deg == -46.7);

    assert_false(find(database, "178.0.0.0", &place));
    const struct geoip_place nothing = {0};
    assert_memory_equal(&place, &nothing, sizeof nothing);
    database_close(database);
}

static void finds_names_in_the_language_else_in_english(void **state)
{
    (void)state;
    struct database *database = opened_with(&sao_paulo, "pt-BR");
    struct geoip_place place;
    assert_true(find(database, "177.1.2.3", &place));
    assert_string_equal(place.country, "Brasil");
    assert_string_equal(place.state, "S\xc3\xa3o Paulo");
    assert_string_equal(place.city, "Taboao da Serra");
    database_close(database);

    const struct mmdb_city no_english = {.country = {.other_language = "ja", .other = "X"},
                                         .city = {.en = "Y"}};
    database = opened_with(&no_english, "pt-BR");
    assert_true(find(database, "177.1.2.3", &place));
    assert_string_equal(place.country, "");
    assert_string_equal(place.city, "Y");
    database_close(database);
}

static void does_not_take_the_registered_country_for_the_place(void **state)
{
    (void)state;
    const struct mmdb_city registered = {.registered_country = {.en = "Portugal"}};
    struct database *database = opened_with(&registered, "en");
    struct geoip_place place;
    assert_false(find(database, "177.1.2.3", &place));
    assert_string_equal(place.country, "");
    database_close(database);
}

static void takes_an_unclean_name_for_not_known(void **state)
{
    (void)state;
    const struct mmdb_city city = {.country = {"Good", "pt-BR", "bad\nline"},
                                   .state = {.en = "\xff"},
                                   .city = {.en = "\x1b[31mred"}};
    struct database *database = opened_with(&city, "pt-BR");
    struct geoip_place place;
    assert_true(find(database, "177.1.2.3", &place));
    assert_string_equal(place.country, "Good");
    assert_string_equal(place.state, "");
    assert_string_equal(place.city, "");
    database_close(database);
}

static void takes_an_impossible_position_for_not_known(void **state)
{
    (void)state;
    static const struct {
        double latitude, longitude;
        bool possible;
    } cases[] = {{90, 180, true},       {-90, -180, true},     {0, 0, true},
                 {90.0001, 0, false},   {-90.0001, 0, false},  {0, 180.0001, false},
                 {0, -180.0001, false}, {NAN, 0, false},       {0, NAN, false},
                 {INFINITY, 0, false},  {0, -INFINITY, false}, {1e300, 1e300, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mmdb_city city = {
            .has_position = true, .latitude = cases[i].latitude, .longitude = cases[i].longitude};
        struct database *database = opened_with(&city, "en");
        struct geoip_place place;
        assert_int_equal(find(database, "177.1.2.3", &place), cases[i].possible);
        assert_int_equal(place.has_position, cases[i].possible);
        if (!cases[i].possible)
            assert_true(place.latitude_deg == 0 && place.longitude_deg == 0);
        database_close(database);
    }
}

static void needs_both_halves_of_a_position(void **state)
{
    (void)state;
    /* {"location": {"latitude": 1.0}}, then {"location": {"latitude": 1.0, "longitude": "1"}} */
    static const char half[] = "\xe1\x48location\xe1\x48latitude\x68\x3f\xf0\0\0\0\0\0\0";
    static const char text[] = "\xe1\x48location\xe2\x48latitude\x68\x3f\xf0\0\0\0\0\0\0"
                               "\x49longitude\x41"
                               "1";
    struct mmdb_writer *writer = mmdb_writer_new(NULL);
    mmdb_writer_add_raw(writer, "177.0.0.0/8", half, sizeof half - 1);
    mmdb_writer_add_raw(writer, "179.0.0.0/8", text, sizeof text - 1);
    mmdb_writer_save(writer, file);
    mmdb_writer_free(writer);
    struct database *database = opened("en");
    struct geoip_place place;
    assert_false(find(database, "177.1.2.3", &place));
    assert_false(find(database, "179.1.2.3", &place));
    database_close(database);
}

static void reads_records_of_another_shape_as_nothing(void **state)
{
    (void)state;
    /* {"city": "X"}, {"city": {"names": "X"}}, {"city": {"names": {"en": 7}}},
     * {"subdivisions": []}, {"location": []} */
    static const struct {
        const char *octets;
        size_t count;
    } records[] = {{"\xe1\x44"
                    "city\x41X",
                    8},
                   {"\xe1\x44"
                    "city\xe1\x45names\x41X",
                    15},
                   {"\xe1\x44"
                    "city\xe1\x45names\xe1\x42"
                    "en\xa1\x07",
                    19},
                   {"\xe1\x4csubdivisions\x00\x04", 16},
                   {"\xe1\x48location\x00\x04", 12}};
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        struct mmdb_writer *writer = mmdb_writer_new(NULL);
        mmdb_writer_add_raw(writer, "177.0.0.0/8", records[i].octets, records[i].count);
        mmdb_writer_save(writer, file);
        mmdb_writer_free(writer);
        struct database *database = opened("en");
        struct geoip_place place;
        assert_false(find(database, "177.1.2.3", &place));
        database_close(database);
    }
}

static void reads_every_record_size_and_both_ip_versions(void **state)
{
    (void)state;
    static const unsigned bits[] = {24, 28, 32};
    for (size_t i = 0; i < 3; i++) {
        for (unsigned version = 4; version <= 6; version += 2) {
            struct mmdb_writer *writer = mmdb_writer_new(
                &(struct mmdb_options){.ip_version = version, .record_bits = bits[i]});
            struct mmdb_city other = {.city = {.en = "Inside"}};
            mmdb_writer_add(writer, "177.0.0.0/8", &sao_paulo);
            mmdb_writer_add(writer, "177.16.0.0/12", &other);
            if (version == 6)
                mmdb_writer_add(writer, "2804::/16", &sao_paulo);
            mmdb_writer_save(writer, file);
            mmdb_writer_free(writer);
            struct database *database = opened("en");
            struct geoip_place place;
            assert_true(find(database, "177.1.2.3", &place));
            assert_string_equal(place.city, "Taboao da Serra");
            assert_true(find(database, "::ffff:177.31.255.255", &place));
            assert_string_equal(place.city, "Inside");
            assert_true(find(database, "177.32.0.0", &place));
            assert_string_equal(place.city, "Taboao da Serra");
            assert_int_equal(find(database, "2804:ffff::1", &place), version == 6);
            assert_false(find(database, "2805::", &place));
            database_close(database);
        }
    }
}

static void tells_build_time_and_hash_of_the_file(void **state)
{
    (void)state;
    struct mmdb_writer *writer = mmdb_writer_new(&(struct mmdb_options){.build_epoch = 1764000000});
    mmdb_writer_add(writer, "177.0.0.0/8", &sao_paulo);
    size_t size;
    uint8_t *octets = mmdb_writer_octets(writer, &size);
    mmdb_octets_save(octets, size, file);
    mmdb_writer_free(writer);

    uint8_t digest[32];
    char wanted[65];
    SHA256(octets, size, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(wanted + 2 * i, 3, "%02x", digest[i]);
    free(octets);
    struct database *database = opened("en");
    assert_int_equal(database_build_time_s(database), 1764000000);
    assert_string_equal(database_file_hash(database), wanted);
    database_close(database);
}

static void refuses_a_missing_file(void **state)
{
    (void)state;
    char message[256];
    assert_int_equal(refusal("/nonexistent/city.mmdb", message), GEOIP_UNREADABLE);
    assert_string_equal(message,
                        "'/nonexistent/city.mmdb': cannot be opened: No such file or directory");
}

static void refuses_what_is_not_a_regular_file_without_waiting(void **state)
{
    (void)state;
    char message[256];
    alarm(30); /* ends the test if the FIFO is waited for */
    assert_int_equal(refusal(folder, message), GEOIP_UNREADABLE);
    assert_non_null(strstr(message, "is not a regular file"));
    assert_int_equal(refusal("/dev/zero", message), GEOIP_UNREADABLE);
    unlink(file);
    assert_int_equal(mkfifo(file, 0600), 0);
    assert_int_equal(refusal(file, message), GEOIP_UNREADABLE);
    assert_non_null(strstr(message, "is not a regular file"));
    unlink(file);
    alarm(0);
}

static void refuses_a_file_larger_than_its_bound(void **state)
{
    (void)state;
    char message[256];
    mmdb_octets_save("", 0, file);
    assert_int_equal(truncate(file, (off_t)DATABASE_MAX_BYTES + 1), 0);
    assert_int_equal(refusal(file, message), GEOIP_INVALID);
    assert_non_null(strstr(message, "is larger than 1 GiB"));
}

static void refuses_an_empty_file(void **state)
{
    (void)state;
    char message[256];
    mmdb_octets_save("", 0, file);
    assert_int_equal(refusal(file, message), GEOIP_INVALID);
    assert_non_null(strstr(message, "is empty"));
}

static void says_what_is_wrong_even_of_a_very_long_path(void **state)
{
    (void)state;
    char path[2000], message[256];
    memset(path, 'x', sizeof path);
    for (size_t i = 0; i < sizeof path; i += 100)
        path[i] = '/';
    memcpy(path + sizeof path - 11, "/city.mmdb", 11);
    struct database *database = NULL;
    assert_int_equal(database_open(path, "en", &database, message, sizeof message),
                     GEOIP_UNREADABLE);
    assert_non_null(strstr(message, "/city.mmdb': cannot be opened: "));
}

static void answers_after_the_file_is_cut_or_overwritten(void **state)
{
    (void)state;
    struct database *database = opened_with(&sao_paulo, "en");
    struct stat before;
    assert_int_equal(stat(file, &before), 0);
    struct geoip_place place;
    assert_int_equal(truncate(file, 0), 0);
    assert_true(find(database, "177.1.2.3", &place));
    assert_int_equal(truncate(file, before.st_size), 0); /* all zeros now */
    assert_true(find(database, "177.1.2.4", &place));
    assert_string_equal(place.city, "Taboao da Serra");
    assert_int_equal(unlink(file), 0);
    assert_true(find(database, "177.1.2.5", &place));
    database_close(database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_place_with_all_that_is_known_of_it),
        cmocka_unit_test(finds_names_in_the_language_else_in_english),
        cmocka_unit_test(does_not_take_the_registered_country_for_the_place),
        cmocka_unit_test(takes_an_unclean_name_for_not_known),
        cmocka_unit_test(takes_an_impossible_position_for_not_known),
        cmocka_unit_test(needs_both_halves_of_a_position),
        cmocka_unit_test(reads_records_of_another_shape_as_nothing),
        cmocka_unit_test(reads_every_record_size_and_both_ip_versions),
        cmocka_unit_test(tells_build_time_and_hash_of_the_file),
        cmocka_unit_test(refuses_a_missing_file),
        cmocka_unit_test(refuses_what_is_not_a_regular_file_without_waiting),
        cmocka_unit_test(refuses_a_file_larger_than_its_bound),
        cmocka_unit_test(refuses_an_empty_file),
        cmocka_unit_test(says_what_is_wrong_even_of_a_very_long_path),
        cmocka_unit_test(answers_after_the_file_is_cut_or_overwritten),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
