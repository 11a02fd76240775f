/* (private) One value of the MaxMind DB data format 2.0: its control octets, and the check of all
 * that hangs under it. Thread-safe, no allocation, never blocks. */
#ifndef GEOIP_VALUE_H
#define GEOIP_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_type {
    VALUE_NONE = 0, /* of no value in a file: a key that was not found */
    VALUE_POINTER = 1,
    VALUE_STRING = 2,
    VALUE_DOUBLE = 3,
    VALUE_BYTES = 4,
    VALUE_UINT16 = 5,
    VALUE_UINT32 = 6,
    VALUE_MAP = 7,
    VALUE_INT32 = 8,
    VALUE_UINT64 = 9,
    VALUE_UINT128 = 10,
    VALUE_ARRAY = 11,
    VALUE_BOOLEAN = 14,
    VALUE_FLOAT = 15
};

/* A data section (that of the file, or the metadata, which is one by itself). */
struct section {
    const uint8_t *octets;
    size_t size;
};

struct value {
    enum value_type type;
    uint32_t size;  /* octets; pairs of a map, members of an array; a boolean's value; a pointer's
                     * target */
    size_t payload; /* offset in the section */
    size_t next;    /* offset of what follows; for a map or array, of its first member */
};

/* Reads the value at an offset. False if it reaches out of the section, is of no known type, or has
 * a size its type cannot have. */
bool value_decode(struct section section, size_t at, struct value *out);

/* The same, and if it is a pointer, what it points at. False also for a pointer to a pointer. */
bool value_decode_followed(struct section section, size_t at, struct value *out);

/* An unsigned integer of at most 8 octets, as the file has it. */
uint64_t value_unsigned(struct section section, const struct value *value);

/* Finds a key in a map that value_check passed. False if it is not there. A pointer is followed. */
bool value_find(struct section section, const struct value *map, const char *key,
                struct value *out);

struct value_key {
    const char *text;
    size_t length;
};

/* The same for several keys in one walk of the map: out[i] is that of keys[i], VALUE_NONE if it is
 * not there. Of equal keys in the map the first counts. */
void value_find_several(struct section section, const struct value *map,
                        const struct value_key *keys, size_t count, struct value *out);

/* A check of many values in one section. Zero it, then set section, values_left, and seen. */
struct value_check {
    struct section section;
    uint64_t values_left;      /* that may still be met in all */
    uint8_t *seen;             /* a bit an octet: a value that starts here was checked, and is not
                                * followed again; NULL: pointers are followed each time */
    unsigned values_in_extent; /* met in this record, not counting what it points at */
    const char *what;          /* set on failure: English, static */
    size_t at;                 /* set on failure: offset in the section */
};

#define VALUE_EXTENT_MAX 4096
#define VALUE_DEPTH_MAX 32

/* Checks the value at an offset and all below it. *out_next: offset of what follows it. False, and
 * what and at, at the first thing wrong. depth: 0 for the first call. */
bool value_check_all(struct value_check *check, size_t at, unsigned depth, size_t *out_next);

#endif
