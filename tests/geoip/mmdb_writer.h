/* Makes small MaxMind DB files (format 2.0) for tests: the shape of a City database, with chosen
 * networks, languages, record sizes, and faults. Any failure ends the program: it is a test's. */
#ifndef TESTS_GEOIP_MMDB_WRITER_H
#define TESTS_GEOIP_MMDB_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The database as a whole; zero means the value in brackets. */
struct mmdb_options {
    const char *type;     /* [GeoLite2-City] */
    unsigned ip_version;  /* [6] */
    unsigned record_bits; /* [28] 24, 28 or 32 */
    uint64_t build_epoch; /* [1700000000] */
};

/* A name in English and in one other language. NULL: not there. */
struct mmdb_name {
    const char *en;
    const char *other_language, *other;
};

/* A record as a City database has it. Empty names are left out, as is a position without both. */
struct mmdb_city {
    struct mmdb_name country, registered_country, state, city;
    bool has_position;
    double latitude, longitude;
};

struct mmdb_writer;

struct mmdb_writer *mmdb_writer_new(const struct mmdb_options *options);
void mmdb_writer_free(struct mmdb_writer *writer);

/* Puts a record on a network such as "203.0.114.0/24" or "2600::/32"; later ones cut into earlier
 * ones. */
void mmdb_writer_add(struct mmdb_writer *writer, const char *network, const struct mmdb_city *city);

/* The same with a record of count octets as they shall stand in the data section. */
void mmdb_writer_add_raw(struct mmdb_writer *writer, const char *network, const void *octets,
                         size_t count);

/* The same with a record that lies at an offset of the data section already. */
void mmdb_writer_add_at(struct mmdb_writer *writer, const char *network, size_t offset);

/* Replaces the whole metadata behind the marker by count octets. */
void mmdb_writer_set_metadata(struct mmdb_writer *writer, const void *octets, size_t count);

/* The file: *out_size octets, to be freed. */
uint8_t *mmdb_writer_octets(const struct mmdb_writer *writer, size_t *out_size);

/* Writes the file at path anew (in place if it is there). */
void mmdb_writer_save(const struct mmdb_writer *writer, const char *path);

/* Writes any octets at path, in place. */
void mmdb_octets_save(const void *octets, size_t count, const char *path);

#endif
