/* Damaged and malicious databases: refused, or harmless. Whatever is accepted is also opened with
 * libmaxminddb and asked. An alarm ends a test that hangs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "geoip/database.h"
#include "geoip/structure.h"
#include "tests/geoip/mmdb_writer.h"

#define HANG_LIMIT_S 300 /* sanitizers on a loaded machine included */

static const struct mmdb_city springfield = {.country = {"Testland", "pt-BR", "Terra de Teste"},
                                             .state = {.en = "North"},
                                             .city = {.en = "Springfield"},
                                             .has_position = true,
                                             .latitude = 12.5,
                                             .longitude = -45.25};

static int start_alarm(void **state)
{
    (void)state;
    alarm(HANG_LIMIT_S);
    return 0;
}

static struct mmdb_writer *tiny_writer(unsigned record_bits)
{
    struct mmdb_writer *writer =
        mmdb_writer_new(&(struct mmdb_options){.record_bits = record_bits});
    struct mmdb_city other = springfield;
    other.city.en = "Shelbyville";
    mmdb_writer_add(writer, "198.20.0.0/16", &springfield);
    mmdb_writer_add(writer, "198.20.128.0/17", &other);
    mmdb_writer_add(writer, "2600::/12", &springfield);
    return writer;
}

/* Opens the octets as a file would be, and asks for addresses in and around the networks. True if
 * the database was accepted. */
static bool open_and_ask(int fd, const uint8_t *octets, size_t size)
{
    static const char *const addresses[] = {"198.20.1.1",  "198.20.200.1", "198.21.0.1",
                                            "1.1.1.1",     "223.1.1.1",    "2600::1",
                                            "260f:ffff::", "2a00::1",      "3ffe:ffff::1"};
    char path[64], message[256] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, octets, size, 0), (ssize_t)size);

    struct database *database = NULL;
    enum geoip_err err = database_open(path, "pt-BR", &database, message, sizeof message);
    if (err != GEOIP_OK) {
        assert_null(database);
        assert_int_equal(err, GEOIP_INVALID);
        assert_non_null(strstr(message, path));
        return false;
    }
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        uint8_t address[ADDRESS_BYTES];
        struct geoip_place place;
        assert_true(address_parse(addresses[i], strlen(addresses[i]), address));
        database_find(database, address, &place);
        assert_non_null(memchr(place.city, '\0', sizeof place.city));
    }
    database_close(database);
    return true;
}

static bool accepts(const uint8_t *octets, size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    bool accepted = open_and_ask(fd, octets, size);
    close(fd);
    return accepted;
}

static bool accepts_writer(struct mmdb_writer *writer)
{
    size_t size;
    uint8_t *octets = mmdb_writer_octets(writer, &size);
    bool accepted = accepts(octets, size);
    free(octets);
    mmdb_writer_free(writer);
    return accepted;
}

/* The first thing wrong with a file, "" if nothing is. */
static const char *fault_of(const uint8_t *octets, size_t size)
{
    struct structure structure;
    struct structure_fault fault = {.what = "no memory"};
    return structure_check(octets, size, &structure, &fault) ? "" : fault.what;
}

/* The fault of a database of one network with this record. */
static const char *fault_of_record(const void *octets, size_t count)
{
    struct mmdb_writer *writer = mmdb_writer_new(NULL);
    mmdb_writer_add_raw(writer, "198.20.0.0/16", octets, count);
    size_t size;
    uint8_t *file = mmdb_writer_octets(writer, &size);
    const char *fault = fault_of(file, size);
    assert_int_equal(accepts(file, size), fault[0] == '\0');
    free(file);
    mmdb_writer_free(writer);
    return fault;
}

static void accepts_the_sound_databases_the_rest_is_made_from(void **state)
{
    (void)state;
    assert_true(accepts_writer(tiny_writer(24)));
    assert_true(accepts_writer(tiny_writer(28)));
    assert_true(accepts_writer(tiny_writer(32)));
    assert_string_equal(fault_of_record("\xe0", 1), "");
}

static void refuses_a_database_cut_at_any_length(void **state)
{
    (void)state;
    struct mmdb_writer *writer = tiny_writer(28);
    size_t size;
    uint8_t *octets = mmdb_writer_octets(writer, &size);
    int fd = memfd_create("test", MFD_CLOEXEC);
    for (size_t length = 0; length < size; length++)
        if (open_and_ask(fd, octets, length))
            fail_msg("accepted when cut to %zu of %zu octets", length, size);
    assert_true(open_and_ask(fd, octets, size));
    close(fd);
    free(octets);
    mmdb_writer_free(writer);
}

static void survives_every_single_bit_flipped(void **state)
{
    (void)state;
    struct mmdb_writer *writer = tiny_writer(24);
    size_t size, refused = 0, accepted = 0;
    uint8_t *octets = mmdb_writer_octets(writer, &size);
    int fd = memfd_create("test", MFD_CLOEXEC);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
        *(open_and_ask(fd, octets, size) ? &accepted : &refused) += 1;
        octets[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(refused > 100 && accepted > 100);
    close(fd);
    free(octets);
    mmdb_writer_free(writer);
}

/* Octets at random places to random values, many at a time. */
static void survives_random_damage(void **state)
{
    (void)state;
    struct mmdb_writer *writer = tiny_writer(32);
    size_t size;
    uint8_t *sound = mmdb_writer_octets(writer, &size);
    uint8_t *octets = malloc(size);
    assert_non_null(octets);
    int fd = memfd_create("test", MFD_CLOEXEC);
    uint64_t seed = 1;
    for (unsigned round = 0; round < 3000; round++) {
        memcpy(octets, sound, size);
        for (unsigned i = 0; i < 1 + round % 8; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            octets[(seed >> 16) % size] = (uint8_t)(seed >> 56);
        }
        open_and_ask(fd, octets, size);
    }
    close(fd);
    free(octets);
    free(sound);
    mmdb_writer_free(writer);
}

static void refuses_values_nested_too_deep(void **state)
{
    (void)state;
    /* {"a": [[[...]]]}: each octet pair opens an array of one; the last is empty. */
    uint8_t record[3 + 2 * 100000] = {0xe1, 0x41, 'a'};
    size_t levels = (sizeof record - 3) / 2;
    for (size_t i = 0; i < levels; i++) {
        record[3 + 2 * i] = i + 1 < levels ? 1 : 0;
        record[4 + 2 * i] = 4;
    }
    assert_string_equal(fault_of_record(record, sizeof record), "values nested too deep");
}

static void refuses_a_map_with_more_values_than_any_place_needs(void **state)
{
    (void)state;
    /* A map of 5000 pairs "" : "": 285 + 4715 in the two octets of size. */
    uint8_t record[3 + 10000];
    memset(record, 0x40, sizeof record);
    memcpy(record, "\xfe\x12\x6b", 3);
    assert_string_equal(fault_of_record(record, sizeof record), "too many values");
    /* One of 16 million pairs that is not there. */
    assert_string_not_equal(fault_of_record("\xff\xff\xff\xff", 4), "");
}

static void refuses_records_that_overlap_to_cost_time(void **state)
{
    (void)state;
    /* {"": {"": ... {2000 pairs}}}, 30 levels, and a network for the map of each level: 30 records
     * of some 4000 values each, in 4063 octets. */
    uint8_t run[2 * 30 + 3 + 4000];
    for (size_t i = 0; i < 30; i++)
        memcpy(run + 2 * i, "\xe1\x40", 2);
    memcpy(run + 60, "\xfe\x06\xb3", 3);
    for (size_t i = 63; i < sizeof run; i += 2)
        memcpy(run + i, "\x40\xe0", 2);
    assert_string_equal(fault_of_record(run, sizeof run), "");

    struct mmdb_writer *writer = mmdb_writer_new(NULL);
    mmdb_writer_add_raw(writer, "198.20.0.0/32", run, sizeof run);
    for (unsigned i = 1; i < 30; i++) {
        char network[32];
        snprintf(network, sizeof network, "198.20.0.%u/32", i);
        mmdb_writer_add_at(writer, network, 2 * i);
    }
    size_t size;
    uint8_t *octets = mmdb_writer_octets(writer, &size);
    assert_string_equal(fault_of(octets, size), "too many values");
    free(octets);
    mmdb_writer_free(writer);
}

static void refuses_broken_pointers(void **state)
{
    (void)state;
    /* {"a": pointer}: far away, at a pointer, at half a value; a pointer in place of a key at a
     * number. */
    static const char no_value[] = "a pointer that points at no value";
    assert_string_equal(fault_of_record("\xe1\x41\x61\x27\xff", 5), no_value);
    assert_string_equal(fault_of_record("\xe1\x41\x61\x38\xff\xff\xff\xff", 8), no_value);
    assert_string_equal(fault_of_record("\xe1\x41\x61\x20\x03", 5), no_value);
    assert_string_equal(fault_of_record("\xe2\x41\x61\x20\x07\x41\x62\x5c", 8), no_value);
    assert_string_equal(fault_of_record("\xe1\x20\x03\xa1\x01", 5), "a key that is not text");
    assert_string_equal(fault_of_record("\xe1\xa1\x01\x40", 4), "a key that is not text");
}

static void takes_a_circle_of_pointers_without_turning_in_it(void **state)
{
    (void)state;
    /* {"city": pointer to this map}, and {"city": [pointer to the array]} */
    assert_string_equal(fault_of_record("\xe1\x44\x63\x69\x74\x79\x20\x00", 8), "");
    assert_string_equal(fault_of_record("\xe1\x44\x63\x69\x74\x79\x01\x04\x20\x06", 10), "");
}

static void refuses_values_of_unknown_type_or_wrong_size(void **state)
{
    (void)state;
    static const struct {
        const char *octets;
        size_t count;
    } values[] = {
        {"\x00\x00", 2},                                      /* extended type 7 */
        {"\x00\x05", 2},                                      /* 12, cache container */
        {"\x00\x06", 2},                                      /* 13, end marker */
        {"\x00\x09", 2},                                      /* 16 */
        {"\x00\xff", 2},                                      /* 262 */
        {"\x64\x00\x00\x00\x00", 5},                          /* a double of four octets */
        {"\x03\x08\x00\x00\x00", 5},                          /* a float of three */
        {"\xa3\x00\x00\x00", 4},                              /* a uint16 of three */
        {"\xc5\x00\x00\x00\x00\x00", 6},                      /* a uint32 of five */
        {"\x05\x01\x00\x00\x00\x00\x00", 7},                  /* an int32 of five */
        {"\x02\x07", 2},                                      /* a boolean of 2 */
        {"\x09\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00", 11}, /* a uint64 of nine */
        {"\x5f\xff\xff\xff", 4},                              /* text of 16 MiB */
        {"\x5d", 1},                                          /* no octet of size */
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t record[32] = "\xe1\x41\x61";
        memcpy(record + 3, values[i].octets, values[i].count);
        const char *fault = fault_of_record(record, 3 + values[i].count);
        if (strcmp(fault, "a value that is cut off or of no known type or size") != 0)
            fail_msg("value %zu: '%s'", i, fault);
    }
    assert_string_equal(fault_of_record("\xa1\x07", 2),
                        "a record of the tree that points at no map");
}

/* A tree whose every record is the root: no look-up may walk it for ever. */
static void survives_a_tree_that_leads_back_to_its_root(void **state)
{
    (void)state;
    struct mmdb_writer *writer = tiny_writer(24);
    size_t size;
    uint8_t *octets = mmdb_writer_octets(writer, &size);
    for (size_t at = 0; at < 6; at++)
        octets[at] = 0;
    accepts(octets, size);
    /* And a node in the middle that leads to itself. */
    octets[6 * 20 + 2] = octets[6 * 20 + 5] = 20;
    accepts(octets, size);
    free(octets);
    mmdb_writer_free(writer);
}

static void refuses_tree_records_into_nowhere(void **state)
{
    (void)state;
    struct mmdb_writer *writer = tiny_writer(32);
    size_t size;
    uint8_t *octets = mmdb_writer_octets(writer, &size);
    struct structure structure;
    struct structure_fault fault;
    assert_true(structure_check(octets, size, &structure, &fault));
    uint32_t nodes = structure.node_count;
    uint32_t beyond = nodes + 16 + (uint32_t)structure.data_size;
    const uint32_t records[] = {nodes + 1, nodes + 15, nodes + 17, beyond, beyond + 30, UINT32_MAX};
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        for (size_t octet = 0; octet < 4; octet++)
            octets[4 + octet] = (uint8_t)(records[i] >> (24 - 8 * octet));
        if (accepts(octets, size))
            fail_msg("record %u accepted in a tree of %u nodes", records[i], nodes);
    }
    free(octets);
    mmdb_writer_free(writer);
}

static void refuses_a_tree_that_runs_into_the_data(void **state)
{
    (void)state;
    struct mmdb_writer *writer = tiny_writer(24);
    size_t size;
    uint8_t *octets = mmdb_writer_octets(writer, &size);
    struct structure structure;
    struct structure_fault fault;
    assert_true(structure_check(octets, size, &structure, &fault));
    for (size_t at = structure.data_offset - 16; at < structure.data_offset; at++) {
        octets[at] = 1;
        assert_string_equal(fault_of(octets, size), "no gap of zeros between tree and data");
        octets[at] = 0;
    }
    free(octets);
    mmdb_writer_free(writer);
}

/* ---- metadata ---- */

/* Metadata with what stands in place of node_count, languages and build_epoch. */
struct metadata {
    uint8_t octets[600];
    size_t count;
};

static void put(struct metadata *metadata, const char *octets, size_t count)
{
    assert_true(count <= sizeof metadata->octets - metadata->count);
    memcpy(metadata->octets + metadata->count, octets, count);
    metadata->count += count;
}

static void put_key(struct metadata *metadata, const char *key)
{
    char control = (char)(0x40 + strlen(key));
    put(metadata, &control, 1);
    put(metadata, key, strlen(key));
}

#define LANGUAGES_AT 146 /* where the value of "languages" begins, with the usual node_count */

struct piece {
    const char *octets;
    size_t count;
};

/* A tiny tree with the given values; the default ones where octets is NULL. */
static const char *fault_of_metadata(struct piece nodes, struct piece languages, struct piece epoch)
{
    struct mmdb_writer *writer = mmdb_writer_new(NULL);
    mmdb_writer_add(writer, "8000::/1", &springfield);
    struct metadata metadata = {.count = 0};
    put(&metadata, "\xe9", 1);
    put_key(&metadata, "binary_format_major_version");
    put(&metadata, "\xa1\x02", 2);
    put_key(&metadata, "binary_format_minor_version");
    put(&metadata, "\xa0", 1);
    put_key(&metadata, "database_type");
    put_key(&metadata, "Our-City");
    put_key(&metadata, "description");
    put(&metadata, "\xe0", 1);
    put_key(&metadata, "ip_version");
    put(&metadata, "\xa1\x06", 2);
    put_key(&metadata, "record_size");
    put(&metadata, "\xa1\x1c", 2);
    put_key(&metadata, "node_count");
    put(&metadata, nodes.octets ? nodes.octets : "\xc1\x01", nodes.octets ? nodes.count : 2);
    put_key(&metadata, "languages");
    assert_true(nodes.octets || metadata.count == LANGUAGES_AT);
    put(&metadata, languages.octets ? languages.octets : "\x00\x04",
        languages.octets ? languages.count : 2);
    put_key(&metadata, "build_epoch");
    put(&metadata, epoch.octets ? epoch.octets : "\x01\x02\x07", epoch.octets ? epoch.count : 3);
    mmdb_writer_set_metadata(writer, metadata.octets, metadata.count);
    size_t size;
    uint8_t *file = mmdb_writer_octets(writer, &size);
    const char *fault = fault_of(file, size);
    assert_int_equal(accepts(file, size), fault[0] == '\0');
    free(file);
    mmdb_writer_free(writer);
    return fault;
}

static void refuses_metadata_out_of_bounds(void **state)
{
    (void)state;
    const struct piece usual = {0};
    assert_string_equal(fault_of_metadata(usual, usual, usual), "");
    assert_string_equal(fault_of_metadata((struct piece){"\xc1\x00", 2}, usual, usual),
                        "no usable node_count");
    assert_string_equal(fault_of_metadata((struct piece){"\xa1\x01", 2}, usual, usual),
                        "no usable node_count"); /* a uint16 */
    /* 0x924924a nodes of 28 bits a record are 2^32 + 24 bits: in 32 bits, a tree of six octets. */
    assert_string_equal(fault_of_metadata((struct piece){"\xc4\x09\x24\x92\x4a", 5}, usual, usual),
                        "a node_count larger than the file");
    assert_string_equal(fault_of_metadata((struct piece){"\xc4\xff\xff\xff\xff", 5}, usual, usual),
                        "a node_count larger than the file");
    assert_string_equal(fault_of_metadata(usual, usual, (struct piece){"\x00\x02", 2}),
                        "no usable build_epoch");
    /* 253402300800 is the first second of the year 10000. */
    assert_string_equal(
        fault_of_metadata(usual, usual, (struct piece){"\x05\x02\x3a\xff\xf4\x41\x80", 7}),
        "no usable build_epoch");
    assert_string_equal(
        fault_of_metadata(usual, usual, (struct piece){"\x05\x02\x3a\xff\xf4\x41\x7f", 7}), "");
    assert_string_equal(fault_of_metadata(usual, (struct piece){"\xe0", 1}, usual),
                        "languages or description missing or not text");
    assert_string_equal(fault_of_metadata(usual, (struct piece){"\x01\x04\xa0", 3}, usual),
                        "languages or description missing or not text");
}

/* Each list holds the one behind it twice: 14 levels are 32,767 lists. (Those behind the first
 * stand where keys should, but the walk comes to them by pointer first.) */
static void refuses_metadata_that_expands_without_end(void **state)
{
    (void)state;
    const struct piece usual = {0};
    char list[200];
    size_t count = 0;
    for (unsigned level = 0; level < 14; level++) {
        size_t next = LANGUAGES_AT + count + 6;
        char pointer[2] = {(char)(0x20 | next >> 8), (char)(next & 255)};
        memcpy(list + count, "\x02\x04", 2);
        memcpy(list + count + 2, pointer, 2);
        memcpy(list + count + 4, pointer, 2);
        count += 6;
    }
    memcpy(list + count, "\x00\x04", 2);
    const char *fault = fault_of_metadata(usual, (struct piece){list, count + 2}, usual);
    assert_string_equal(fault, "too many values");
}

static void takes_the_last_of_two_markers(void **state)
{
    (void)state;
    struct mmdb_writer *writer = mmdb_writer_new(NULL);
    struct mmdb_city odd = springfield;
    odd.city.en = "\xab\xcd\xefMaxMind.com";
    mmdb_writer_add(writer, "198.20.0.0/16", &odd);
    assert_true(accepts_writer(writer));
}

static void refuses_other_types_of_database(void **state)
{
    (void)state;
    static const char *const refused[] = {"GeoLite2-Country", "GeoLite2-ASN", "", "city"};
    static const char *const accepted[] = {"GeoLite2-City", "GeoIP2-City", "GeoIP2-City-Europe",
                                           "DBIP-City-Lite"};
    for (size_t i = 0; i < 4; i++) {
        struct mmdb_writer *writer = mmdb_writer_new(&(struct mmdb_options){.type = refused[i]});
        mmdb_writer_add(writer, "198.20.0.0/16", &springfield);
        assert_false(accepts_writer(writer));
        writer = mmdb_writer_new(&(struct mmdb_options){.type = accepted[i]});
        mmdb_writer_add(writer, "198.20.0.0/16", &springfield);
        assert_true(accepts_writer(writer));
    }
}

static void refuses_what_is_no_database_at_all(void **state)
{
    (void)state;
    static uint8_t zeros[300000];
    assert_false(accepts((const uint8_t *)"", 0));
    assert_false(accepts((const uint8_t *)"\xab\xcd\xefMaxMind.com", 14));
    assert_false(accepts(zeros, sizeof zeros));
    assert_string_equal(fault_of(zeros, sizeof zeros),
                        "no metadata (not a MaxMind database, or cut off)");
    /* The marker counts only in the last 128 KiB. */
    memcpy(zeros, "\xab\xcd\xefMaxMind.com", 14);
    assert_string_equal(fault_of(zeros, sizeof zeros),
                        "no metadata (not a MaxMind database, or cut off)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_the_sound_databases_the_rest_is_made_from),
        cmocka_unit_test(refuses_a_database_cut_at_any_length),
        cmocka_unit_test(survives_every_single_bit_flipped),
        cmocka_unit_test(survives_random_damage),
        cmocka_unit_test(refuses_values_nested_too_deep),
        cmocka_unit_test(refuses_a_map_with_more_values_than_any_place_needs),
        cmocka_unit_test(refuses_records_that_overlap_to_cost_time),
        cmocka_unit_test(refuses_broken_pointers),
        cmocka_unit_test(takes_a_circle_of_pointers_without_turning_in_it),
        cmocka_unit_test(refuses_values_of_unknown_type_or_wrong_size),
        cmocka_unit_test(survives_a_tree_that_leads_back_to_its_root),
        cmocka_unit_test(refuses_tree_records_into_nowhere),
        cmocka_unit_test(refuses_a_tree_that_runs_into_the_data),
        cmocka_unit_test(refuses_metadata_out_of_bounds),
        cmocka_unit_test(refuses_metadata_that_expands_without_end),
        cmocka_unit_test(takes_the_last_of_two_markers),
        cmocka_unit_test(refuses_other_types_of_database),
        cmocka_unit_test(refuses_what_is_no_database_at_all),
    };
    return cmocka_run_group_tests(tests, start_alarm, NULL);
}
