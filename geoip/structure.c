#include "geoip/structure.h"

#include <stdlib.h>
#include <string.h>

#include "geoip/value.h"

static const uint8_t marker[] = {0xab, 0xcd, 0xef, 'M', 'a', 'x', 'M',
                                 'i',  'n',  'd',  '.', 'c', 'o', 'm'};

#define METADATA_MAX_BYTES 131072 /* with its marker: the format's limit */
#define METADATA_MAX_VALUES 4096
#define SEPARATOR_BYTES 16
#define LAST_SECOND_OF_9999 253402300799

static bool failed(struct structure_fault *out_fault, size_t at, const char *what)
{
    out_fault->what = what;
    out_fault->at = at;
    return false;
}

/* The last marker counts: the data may hold the same octets. 0 if there is none. */
static size_t metadata_offset_find(const uint8_t *file, size_t size)
{
    size_t lowest = size > METADATA_MAX_BYTES ? size - METADATA_MAX_BYTES : 0;
    for (size_t at = size; at >= lowest + sizeof marker; at--)
        if (memcmp(file + at - sizeof marker, marker, sizeof marker) == 0)
            return at;
    return 0;
}

static bool number_find(struct section metadata, const struct value *map, const char *key,
                        enum value_type type, uint64_t *out_number)
{
    struct value value;
    if (!value_find(metadata, map, key, &value) || value.type != type)
        return false;
    *out_number = value_unsigned(metadata, &value);
    return true;
}

/* For messages only, so whatever is not plain ASCII becomes a question mark. */
static void type_copy(struct section metadata, const struct value *text, struct structure *out)
{
    size_t length = 0;
    for (; length < text->size && length + 1 < sizeof out->type; length++) {
        uint8_t octet = metadata.octets[text->payload + length];
        bool plain = octet >= 0x20 && octet < 0x7f && octet != '\'';
        out->type[length] = plain ? (char)octet : '?';
    }
    out->type[length] = '\0';
}

static bool members_are_text(struct section metadata, const struct value *list, uint64_t count)
{
    size_t at = list->next;
    for (uint64_t i = 0; i < count; i++) {
        struct value spelled, member;
        if (!value_decode(metadata, at, &spelled) ||
            !value_decode_followed(metadata, at, &member) || member.type != VALUE_STRING)
            return false;
        at = spelled.next;
    }
    return true;
}

/* The two lists the library demands, and copies when it opens a database. */
static bool lists_are_text(struct section metadata, const struct value *map)
{
    struct value list;
    if (!value_find(metadata, map, "languages", &list) || list.type != VALUE_ARRAY ||
        !members_are_text(metadata, &list, list.size))
        return false;
    return value_find(metadata, map, "description", &list) && list.type == VALUE_MAP &&
           members_are_text(metadata, &list, 2 * (uint64_t)list.size);
}

static const char *metadata_numbers(struct section metadata, const struct value *map,
                                    struct structure *out)
{
    uint64_t major, nodes, bits, version, build_time;
    if (!number_find(metadata, map, "binary_format_major_version", VALUE_UINT16, &major) ||
        major != 2)
        return "a format other than 2.x (binary_format_major_version)";
    if (!number_find(metadata, map, "node_count", VALUE_UINT32, &nodes) || nodes == 0)
        return "no usable node_count";
    if (!number_find(metadata, map, "record_size", VALUE_UINT16, &bits) ||
        (bits != 24 && bits != 28 && bits != 32))
        return "a record_size other than 24, 28 or 32";
    if (!number_find(metadata, map, "ip_version", VALUE_UINT16, &version) ||
        (version != 4 && version != 6))
        return "an ip_version other than 4 or 6";
    if (!number_find(metadata, map, "build_epoch", VALUE_UINT64, &build_time) || build_time == 0 ||
        build_time > LAST_SECOND_OF_9999)
        return "no usable build_epoch";
    out->node_count = (uint32_t)nodes;
    out->record_bits = (unsigned)bits;
    out->ip_version = (unsigned)version;
    out->build_time_s = (int64_t)build_time;
    return NULL;
}

static bool metadata_check(struct section metadata, struct structure *out,
                           struct structure_fault *out_fault)
{
    size_t base = out->metadata_offset;
    struct value_check check = {.section = metadata, .values_left = METADATA_MAX_VALUES};
    size_t end;
    if (!value_check_all(&check, 0, 0, &end))
        return failed(out_fault, base + check.at, check.what);
    struct value map, type;
    if (!value_decode(metadata, 0, &map) || map.type != VALUE_MAP)
        return failed(out_fault, base, "metadata that is not a map");
    const char *problem = metadata_numbers(metadata, &map, out);
    if (problem)
        return failed(out_fault, base, problem);
    if (!value_find(metadata, &map, "database_type", &type) || type.type != VALUE_STRING)
        return failed(out_fault, base, "no usable database_type");
    type_copy(metadata, &type, out);
    if (!memmem(metadata.octets + type.payload, type.size, "City", 4))
        return failed(out_fault, base, "a database_type without 'City'");
    if (!lists_are_text(metadata, &map))
        return failed(out_fault, base, "languages or description missing or not text");
    return true;
}

/* Sets where the data lies. The metadata's own marker ends the data. */
static bool layout_check(const uint8_t *file, struct structure *out,
                         struct structure_fault *out_fault)
{
    static const uint8_t zeros[SEPARATOR_BYTES];
    uint64_t tree_size = (uint64_t)out->node_count * out->record_bits / 4;
    uint64_t data_end = out->metadata_offset - sizeof marker;
    if (tree_size + SEPARATOR_BYTES >= data_end)
        return failed(out_fault, out->metadata_offset, "a node_count larger than the file");
    if (memcmp(file + tree_size, zeros, sizeof zeros) != 0)
        return failed(out_fault, tree_size, "no gap of zeros between tree and data");
    out->data_offset = tree_size + SEPARATOR_BYTES;
    out->data_size = data_end - out->data_offset;
    return true;
}

static uint32_t record_read(const uint8_t *node, unsigned bits, unsigned side)
{
    if (bits == 24) {
        node += 3 * side;
        return (uint32_t)node[0] << 16 | (uint32_t)node[1] << 8 | node[2];
    }
    if (bits == 32) {
        node += 4 * side;
        return (uint32_t)node[0] << 24 | (uint32_t)node[1] << 16 | (uint32_t)node[2] << 8 | node[3];
    }
    uint32_t high = side == 0 ? node[3] >> 4 : node[3] & 15u;
    node += 4 * side;
    return high << 24 | (uint32_t)node[0] << 16 | (uint32_t)node[1] << 8 | node[2];
}

/* A record that is not a node and not empty: must point at a map. Each map is walked once. */
static bool record_check(const struct structure *structure, struct value_check *check,
                         uint32_t record, size_t node_at, struct structure_fault *out_fault)
{
    uint32_t behind = record - structure->node_count;
    size_t at = behind - SEPARATOR_BYTES;
    struct value map;
    if (behind < SEPARATOR_BYTES || !value_decode(check->section, at, &map) ||
        map.type != VALUE_MAP)
        return failed(out_fault, node_at, "a record of the tree that points at no map");
    uint8_t bit = (uint8_t)(1u << (at % 8));
    if (check->seen[at / 8] & bit)
        return true;
    check->seen[at / 8] |= bit;
    check->values_in_extent = 0;
    size_t ignored;
    if (!value_check_all(check, at, 0, &ignored))
        return failed(out_fault, structure->data_offset + check->at, check->what);
    return true;
}

/* All nodes in the order of the file, reached from the root or not: that is simpler than a walk,
 * reads memory in order, and leaves nothing to prove about cycles. */
static bool tree_check(const uint8_t *file, const struct structure *structure,
                       struct value_check *check, struct structure_fault *out_fault)
{
    size_t node_size = structure->record_bits / 4;
    for (uint32_t node = 0; node < structure->node_count; node++) {
        size_t at = (size_t)node * node_size;
        for (unsigned side = 0; side < 2; side++) {
            uint32_t record = record_read(file + at, structure->record_bits, side);
            if (record > structure->node_count &&
                !record_check(structure, check, record, at, out_fault))
                return false;
        }
    }
    return true;
}

bool structure_check(const uint8_t *file, size_t size, struct structure *out,
                     struct structure_fault *out_fault)
{
    struct structure structure = {.metadata_offset = metadata_offset_find(file, size)};
    if (structure.metadata_offset == 0)
        return failed(out_fault, size, "no metadata (not a MaxMind database, or cut off)");
    struct section metadata = {file + structure.metadata_offset, size - structure.metadata_offset};
    if (!metadata_check(metadata, &structure, out_fault) ||
        !layout_check(file, &structure, out_fault))
        return false;

    struct value_check check = {.section = {file + structure.data_offset, structure.data_size},
                                .values_left = structure.data_size,
                                .seen = calloc(structure.data_size / 8 + 1, 1)};
    if (!check.seen)
        return failed(out_fault, 0, NULL);
    bool good = tree_check(file, &structure, &check, out_fault);
    free(check.seen);
    if (good)
        *out = structure;
    return good;
}
