/* (private) Is this file a City database, sound in every octet a look-up can come to?
 *
 * libmaxminddb trusts a database more than we may: in the version Debian 12 ships, a crafted file
 * can make it recurse without end, expand one list beyond all memory, or miscount the tree. So all
 * of the file is checked here first, by our own reading of the MaxMind DB file format 2.0, and the
 * library sees it only if every bound holds:
 *
 *   metadata    the fields we need, of the right types; at most 4,096 values with all pointers
 *               followed, 32 levels deep (a pointer is a level)
 *   tree        fits before the data; 16 zero octets after it; each of its records is a node of it,
 *               empty, or points at a map in the data
 *   data        every value reachable: right size for its type, inside the data section, keys are
 *               strings, no pointer to a pointer, 32 levels deep with pointers; at most 4,096
 *               values in one record without what it points to, and over all records at most as
 *               many values as the data has octets. A cycle of pointers is harmless: a look-up
 *               names its path, each step follows one pointer.
 *
 * So a look-up costs at most 128 steps in the tree and a few thousand values, in any file. The
 * check itself is linear in the size of the file. */
#ifndef GEOIP_STRUCTURE_H
#define GEOIP_STRUCTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STRUCTURE_TYPE_BYTES 64

/* Where the parts lie and what the metadata says. Offsets and sizes in octets of the file. */
struct structure {
    uint32_t node_count;
    unsigned record_bits; /* 24, 28 or 32 */
    unsigned ip_version;  /* 4 or 6 */
    int64_t build_time_s;
    char type[STRUCTURE_TYPE_BYTES]; /* printable ASCII, cut, for messages */
    size_t data_offset, data_size;
    size_t metadata_offset; /* behind the marker */
};

/* What is wrong with a file. */
struct structure_fault {
    const char *what; /* English, static; NULL: out of memory */
    size_t at;        /* offset in the file */
};

/* Checks size octets at file. True and *out, or false and *out_fault. Needs size / 8 octets of
 * memory while it runs. Thread-safe, does not block. */
bool structure_check(const uint8_t *file, size_t size, struct structure *out,
                     struct structure_fault *out_fault);

#endif
