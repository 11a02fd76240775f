#include "tests/geoip/mmdb_writer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_EMPTY UINT32_MAX
#define RECORD_DATA 0x80000000u /* with an offset in the data; without it, a node */

/* Octets that grow. */
struct pile {
    uint8_t *octets;
    size_t count, room;
};

struct node {
    uint32_t records[2];
};

struct mmdb_writer {
    struct mmdb_options options;
    struct node *nodes;
    uint32_t node_count, node_room;
    struct pile data;
    struct pile metadata; /* empty: made from the options */
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "mmdb_writer: %s\n", what);
    abort();
}

static void pile_add(struct pile *pile, const void *octets, size_t count)
{
    if (count == 0)
        return;
    if (pile->room - pile->count < count) {
        pile->room = 2 * (pile->count + count);
        pile->octets = realloc(pile->octets, pile->room);
        must(pile->octets != NULL, "no memory");
    }
    memcpy(pile->octets + pile->count, octets, count);
    pile->count += count;
}

static void pile_add_octet(struct pile *pile, unsigned octet)
{
    uint8_t one = (uint8_t)octet;
    pile_add(pile, &one, 1);
}

static void pile_add_number(struct pile *pile, uint64_t number, size_t count)
{
    while (count-- > 0)
        pile_add_octet(pile, (unsigned)(number >> (8 * count)) & 255);
}

/* ---- values ---- */

static void put_control(struct pile *pile, unsigned type, size_t size)
{
    unsigned high = type > 7 ? 0 : type << 5;
    size_t more = size < 29 ? 0 : size < 285 ? 1 : size < 65821 ? 2 : 3;
    static const size_t base[] = {0, 29, 285, 65821};
    pile_add_octet(pile, high | (unsigned)(more ? 28 + more : size));
    if (type > 7)
        pile_add_octet(pile, type - 7);
    pile_add_number(pile, size - base[more], more);
}

static void put_text(struct pile *pile, const char *text)
{
    put_control(pile, 2, strlen(text));
    pile_add(pile, text, strlen(text));
}

static void put_number(struct pile *pile, unsigned type, uint64_t number)
{
    size_t count = 0;
    while (count < 8 && number >> (8 * count) != 0)
        count++;
    put_control(pile, type, count);
    pile_add_number(pile, number, count);
}

static void put_double(struct pile *pile, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    put_control(pile, 3, 8);
    pile_add_number(pile, bits, 8);
}

/* Widths one and two of the four a pointer may have; more data than that no test makes. */
static void put_pointer(struct pile *pile, size_t target)
{
    must(target < 526336, "a pointer too far");
    if (target < 2048) {
        pile_add_octet(pile, 1u << 5 | (unsigned)(target >> 8));
        pile_add_number(pile, target, 1);
    } else {
        target -= 2048;
        pile_add_octet(pile, 1u << 5 | 1u << 3 | (unsigned)(target >> 16));
        pile_add_number(pile, target, 2);
    }
}

/* Puts a value, or a pointer to the same octets if the data has them already. */
static void put_shared(struct mmdb_writer *writer, struct pile *pile, const struct pile *value)
{
    const uint8_t *found = NULL;
    if (writer->data.count > 0 && value->count > 4)
        found = memmem(writer->data.octets, writer->data.count, value->octets, value->count);
    if (found)
        put_pointer(pile, (size_t)(found - writer->data.octets));
    else
        pile_add(pile, value->octets, value->count);
}

static unsigned name_languages(const struct mmdb_name *name)
{
    return (name->en ? 1u : 0) + (name->other ? 1u : 0);
}

/* {"names": {language: name, ...}} */
static void put_named(struct mmdb_writer *writer, struct pile *pile, const struct mmdb_name *name)
{
    struct pile names = {0};
    put_control(&names, 7, name_languages(name));
    if (name->other) {
        put_text(&names, name->other_language);
        put_text(&names, name->other);
    }
    if (name->en) {
        put_text(&names, "en");
        put_text(&names, name->en);
    }
    put_control(pile, 7, 1);
    put_text(pile, "names");
    put_shared(writer, pile, &names);
    free(names.octets);
}

static void put_city(struct mmdb_writer *writer, struct pile *pile, const struct mmdb_city *city)
{
    const struct mmdb_name *names[] = {&city->city, &city->country, &city->registered_country};
    static const char *const keys[] = {"city", "country", "registered_country"};
    unsigned members = (city->has_position ? 1u : 0) + (name_languages(&city->state) ? 1u : 0);
    for (size_t i = 0; i < 3; i++)
        members += name_languages(names[i]) ? 1u : 0;
    put_control(pile, 7, members);
    for (size_t i = 0; i < 3; i++) {
        if (name_languages(names[i]) == 0)
            continue;
        put_text(pile, keys[i]);
        put_named(writer, pile, names[i]);
    }
    if (name_languages(&city->state) > 0) {
        put_text(pile, "subdivisions");
        put_control(pile, 11, 1);
        put_named(writer, pile, &city->state);
    }
    if (city->has_position) {
        put_text(pile, "location");
        put_control(pile, 7, 3);
        put_text(pile, "accuracy_radius");
        put_number(pile, 5, 20);
        put_text(pile, "latitude");
        put_double(pile, city->latitude);
        put_text(pile, "longitude");
        put_double(pile, city->longitude);
    }
}

/* ---- tree ---- */

static uint32_t node_new(struct mmdb_writer *writer, uint32_t both)
{
    if (writer->node_count == writer->node_room) {
        writer->node_room = 2 * writer->node_room + 64;
        writer->nodes = realloc(writer->nodes, writer->node_room * sizeof *writer->nodes);
        must(writer->nodes != NULL, "no memory");
    }
    writer->nodes[writer->node_count] = (struct node){{both, both}};
    return writer->node_count++;
}

static unsigned network_parse(const struct mmdb_writer *writer, const char *network,
                              uint8_t octets[16])
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", network);
    char *slash = strchr(copy, '/');
    must(slash != NULL, "a network without its bits");
    *slash = '\0';
    unsigned bits = (unsigned)strtoul(slash + 1, NULL, 10);
    memset(octets, 0, 16);
    if (strchr(copy, ':')) {
        must(inet_pton(AF_INET6, copy, octets) == 1, "not an IPv6 network");
        return bits;
    }
    bool alone = writer->options.ip_version == 4; /* else IPv4 lies under ::/96 */
    must(inet_pton(AF_INET, copy, octets + (alone ? 0 : 12)) == 1, "not an IPv4 network");
    return alone ? bits : bits + 96;
}

static void tree_insert(struct mmdb_writer *writer, const char *network, size_t offset)
{
    uint8_t octets[16];
    unsigned bits = network_parse(writer, network, octets);
    uint32_t node = 0;
    must(bits > 0, "a network of everything");
    for (unsigned bit = 0;; bit++) {
        unsigned octet = octets[bit / 8];
        unsigned side = octet >> (7 - bit % 8) & 1;
        uint32_t record = writer->nodes[node].records[side];
        if (bit + 1 == bits) {
            writer->nodes[node].records[side] = RECORD_DATA | (uint32_t)offset;
            return;
        }
        if (record & RECORD_DATA) { /* empty has that bit too */
            record = node_new(writer, record);
            writer->nodes[node].records[side] = record;
        }
        node = record;
    }
}

/* ---- file ---- */

struct mmdb_writer *mmdb_writer_new(const struct mmdb_options *options)
{
    struct mmdb_writer *writer = calloc(1, sizeof *writer);
    must(writer != NULL, "no memory");
    if (options)
        writer->options = *options;
    if (!writer->options.type)
        writer->options.type = "GeoLite2-City";
    if (!writer->options.ip_version)
        writer->options.ip_version = 6;
    if (!writer->options.record_bits)
        writer->options.record_bits = 28;
    if (!writer->options.build_epoch)
        writer->options.build_epoch = 1700000000;
    node_new(writer, RECORD_EMPTY);
    return writer;
}

void mmdb_writer_free(struct mmdb_writer *writer)
{
    if (!writer)
        return;
    free(writer->nodes);
    free(writer->data.octets);
    free(writer->metadata.octets);
    free(writer);
}

void mmdb_writer_add_at(struct mmdb_writer *writer, const char *network, size_t offset)
{
    tree_insert(writer, network, offset);
}

void mmdb_writer_add_raw(struct mmdb_writer *writer, const char *network, const void *octets,
                         size_t count)
{
    size_t offset = writer->data.count;
    pile_add(&writer->data, octets, count);
    tree_insert(writer, network, offset);
}

void mmdb_writer_add(struct mmdb_writer *writer, const char *network, const struct mmdb_city *city)
{
    struct pile record = {0};
    put_city(writer, &record, city);
    mmdb_writer_add_raw(writer, network, record.octets, record.count);
    free(record.octets);
}

void mmdb_writer_set_metadata(struct mmdb_writer *writer, const void *octets, size_t count)
{
    writer->metadata.count = 0;
    pile_add(&writer->metadata, octets, count);
}

static void put_metadata(struct pile *pile, const struct mmdb_writer *writer)
{
    put_control(pile, 7, 9);
    put_text(pile, "binary_format_major_version");
    put_number(pile, 5, 2);
    put_text(pile, "binary_format_minor_version");
    put_number(pile, 5, 0);
    put_text(pile, "build_epoch");
    put_number(pile, 9, writer->options.build_epoch);
    put_text(pile, "database_type");
    put_text(pile, writer->options.type);
    put_text(pile, "description");
    put_control(pile, 7, 1);
    put_text(pile, "en");
    put_text(pile, "made by a test");
    put_text(pile, "ip_version");
    put_number(pile, 5, writer->options.ip_version);
    put_text(pile, "languages");
    put_control(pile, 11, 2);
    put_text(pile, "en");
    put_text(pile, "pt-BR");
    put_text(pile, "node_count");
    put_number(pile, 6, writer->node_count);
    put_text(pile, "record_size");
    put_number(pile, 5, writer->options.record_bits);
}

static uint32_t record_of(const struct mmdb_writer *writer, uint32_t record)
{
    if (record == RECORD_EMPTY)
        return writer->node_count;
    if (record & RECORD_DATA)
        return writer->node_count + 16 + (record & ~RECORD_DATA);
    return record;
}

static void put_node(struct pile *pile, const struct mmdb_writer *writer, const struct node *node)
{
    uint32_t left = record_of(writer, node->records[0]);
    uint32_t right = record_of(writer, node->records[1]);
    if (writer->options.record_bits == 28) { /* the high nibbles share the octet in the middle */
        pile_add_number(pile, left & 0xffffff, 3);
        pile_add_octet(pile, left >> 24 << 4 | right >> 24);
        pile_add_number(pile, right & 0xffffff, 3);
        return;
    }
    pile_add_number(pile, left, writer->options.record_bits / 8);
    pile_add_number(pile, right, writer->options.record_bits / 8);
}

uint8_t *mmdb_writer_octets(const struct mmdb_writer *writer, size_t *out_size)
{
    static const uint8_t gap[16];
    struct pile file = {0};
    for (uint32_t i = 0; i < writer->node_count; i++)
        put_node(&file, writer, &writer->nodes[i]);
    pile_add(&file, gap, sizeof gap);
    pile_add(&file, writer->data.octets, writer->data.count);
    pile_add(&file, "\xab\xcd\xefMaxMind.com", 14);
    if (writer->metadata.count > 0)
        pile_add(&file, writer->metadata.octets, writer->metadata.count);
    else
        put_metadata(&file, writer);
    *out_size = file.count;
    return file.octets;
}

void mmdb_octets_save(const void *octets, size_t count, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0, "cannot make the file");
    must(write(fd, octets, count) == (ssize_t)count, "cannot write the file");
    close(fd);
}

void mmdb_writer_save(const struct mmdb_writer *writer, const char *path)
{
    size_t size;
    uint8_t *octets = mmdb_writer_octets(writer, &size);
    mmdb_octets_save(octets, size, path);
    free(octets);
}
