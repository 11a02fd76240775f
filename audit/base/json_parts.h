/* Pieces the JSON reader and writer are made of, shared by the json*.c files and nobody else.
 * Thread-safe: no state. */
#ifndef AUDIT_BASE_JSON_PARTS_H
#define AUDIT_BASE_JSON_PARTS_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "audit/base/json.h"

/* The double nearest to a real number as RFC 8259 writes it; the text is known to be one. Too
 * small a number is 0. ERR_PARSE when it is beyond every finite double; ERR_NO_MEMORY. */
MUST_CHECK enum err json_read_real(struct arena *arena, struct slice text, double *out);

/* Writes the inside of a JSON string without its escapes to out, which holds at least as many
 * octets. Each backslash in it has an octet behind it. NULL when done; else the place of a wrong
 * escape, and *out_what says what is wrong with it. */
MUST_CHECK const char *json_unescape(struct slice inside, char *out, size_t *out_length,
                                     const char **out_what);

/* A member of the object that has the name of an earlier one (of several, any), or NULL when all
 * names differ. ERR_NO_MEMORY. The time is in proportion to the names' octets and to the logarithm
 * of their number, whatever they are. */
MUST_CHECK enum err json_name_twice(struct arena *arena, const struct json *object,
                                    const struct json **out);

/* A word of eight times the same octet. */
static inline uint64_t json_each(uint64_t octet)
{
    return UINT64_C(0x0101010101010101) * octet;
}

/* Eight octets, the first one lowest. */
static inline uint64_t json_load(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return le64toh(word);
}

/* Marks (bit 7) the octets of a word that cannot stand in a JSON string as they are: quote,
 * backslash and controls. Octets above the first marked one may be marked wrongly: a borrow runs
 * upwards. */
static inline uint64_t json_special(uint64_t word)
{
    uint64_t quote = word ^ json_each('"');
    uint64_t backslash = word ^ json_each('\\');
    uint64_t marks = (quote - json_each(1)) & ~quote;
    marks |= (backslash - json_each(1)) & ~backslash;
    marks |= (word - json_each(0x20)) & ~word;
    return marks & json_each(0x80);
}

static inline bool json_is_special(char octet)
{
    return (unsigned char)octet < 0x20 || octet == '"' || octet == '\\';
}

/* The index of the first marked octet; marks must not be 0. */
static inline int json_first_mark(uint64_t marks)
{
    return __builtin_ctzll(marks) / 8;
}

#endif
