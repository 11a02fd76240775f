/* SLIP-39: a key into parts of which some open it, each part a page of words.
 *
 * A set has one or more groups; GT groups open it, and of each of them as many members as its own
 * threshold says. Words, values and the key are secrets: they lie in struct secret, and neither
 * time nor addresses depend on them, only on what is public: the header of a part, how many words
 * it has, and whether its checksum is right, and how parts fit together. Headers are public, but
 * for a part that is wrongly read they say no more than what somebody typed.
 *
 * Thread-safe: nothing is shared. Follows SLIP-0039 of SatoshiLabs; both forms of it (extendable or
 * not) are read, extendable sets alone are written. */
#ifndef CEREMONY_SLIP39_SLIP39_H
#define CEREMONY_SLIP39_SLIP39_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/secret.h"
#include "audit/base/slice.h"

#define SLIP39_GROUPS_MAX 16
#define SLIP39_MEMBERS_MAX 16 /* of one group */
#define SLIP39_LIST_MAX (SLIP39_GROUPS_MAX * SLIP39_MEMBERS_MAX)
#define SLIP39_EXPONENT_MAX 15
#define SLIP39_EXPONENT_DEFAULT 1 /* 20,000 iterations */
#define SLIP39_VALUE_BYTES_MIN 16 /* a key has an even number of octets, and a value as many */
#define SLIP39_VALUE_BYTES_MAX 64
#define SLIP39_WORDS_MAX 59                              /* 20 for 16 octets, 33 for 32 */
#define SLIP39_TEXT_BYTES_MAX (SLIP39_WORDS_MAX * 9 - 1) /* canonical: one blank between words */
#define SLIP39_HEADER_BYTES 5
#define SLIP39_PASSPHRASE_BYTES_MAX 1024

/* What a part says of itself in its first four words. */
struct slip39_header {
    uint16_t id;              /* 15 bits, the same in the whole set */
    bool extendable;          /* the newer form, in which the id does not go into the cipher */
    uint8_t exponent;         /* 0..15: 10000 * 2^exponent iterations of PBKDF2 */
    uint8_t group_index;      /* 0..15 */
    uint8_t group_threshold;  /* 1..16: groups that open the set */
    uint8_t group_count;      /* 1..16, at least group_threshold */
    uint8_t member_index;     /* 0..15 within its group */
    uint8_t member_threshold; /* 1..16: members that open the group */
};

/* A part that was read or made. Owned by whoever has it: slip39_part_done. */
struct slip39_part {
    struct slip39_header header;
    struct secret *value; /* its share: 16..64 octets */
};

/* Wipes and gives back the value; a part that is all zero is fine. */
void slip39_part_done(struct slip39_part *part);

/* The header as its 40 bits, and back (any 40 bits are a header; group_count may be too small). */
void slip39_header_pack(const struct slip39_header *header, uint8_t out[SLIP39_HEADER_BYTES]);
void slip39_header_unpack(const uint8_t octets[SLIP39_HEADER_BYTES], struct slip39_header *out);

/* Do both belong to one set, as far as headers tell: id, form, exponent, groups? */
bool slip39_same_set(const struct slip39_header *a, const struct slip39_header *b);
bool slip39_same_header(const struct slip39_header *a, const struct slip39_header *b);

/* Reads the words of one part: blanks or tabs between them, any case, each word whole or shortened
 * to four letters or more. The text is hostile and secret. On a fault (ERR_PARTS) nothing is
 * made; its reason is the first of
 *   unknown_word  fault.index is the number of the first such word, counted from 1
 *   word_count    no part has so many words
 *   checksum      a word is wrong, or two changed places
 *   padding       right by its checksum, yet nothing that a splitter writes
 *   wrong_header  it asks for more groups than there are
 * and the sentence never holds a word. ERR_NO_MEMORY otherwise. */
enum err slip39_decode(struct slice text, struct slip39_part *out, struct fault *fault) MUST_CHECK;

/* What the first four words of a part say, if they are words of the list, however wrong the rest
 * may be: which part it claims to be. False if they cannot be read. */
bool slip39_peek(struct slice text, struct slip39_header *out) MUST_CHECK;

/* Appends the canonical words of a part: lower case, one blank between them, no line end. `out` has
 * room for SLIP39_TEXT_BYTES_MAX octets more, else ERR_NO_MEMORY. */
enum err slip39_encode(const struct slip39_part *part, struct secret *out) MUST_CHECK;

struct slip39_group {
    uint8_t threshold; /* 1 only in a group of one; at most count */
    uint8_t count;     /* 1..16 */
};

/* What a set shall be. One group: group_threshold and group_count 1. */
struct slip39_plan {
    uint16_t id; /* slip39_draw_id */
    uint8_t exponent;
    uint8_t group_threshold;
    uint8_t group_count;
    struct slip39_group groups[SLIP39_GROUPS_MAX];
};

/* A random id. It names the set among others, so draw again while another set has it. */
uint16_t slip39_draw_id(void);

/* How many parts the plan makes. */
size_t slip39_plan_parts(const struct slip39_plan *plan);

/* Splits a key (16..64 octets, even) without passphrase into the parts of the plan, group by group,
 * member by member, and proves them (slip39_prove). out_parts has room for slip39_plan_parts, and
 * on success is the caller's; on a fault none is made: ERR_INVALID_PARAMS for a key or plan that
 * cannot be (no set is made that a single part opens), ERR_INTERNAL if the proof fails,
 * ERR_NO_MEMORY. Takes milliseconds, twice as many with every step of the exponent. */
enum err slip39_split(const struct secret *key, const struct slip39_plan *plan,
                      struct slip39_part *out_parts, struct fault *fault) MUST_CHECK;

/* The dealer's proof that these parts, in order, are what the plan says and open this key: each is
 * read back from its words, all of a group lie on one polynomial, together they give the key.
 * ERR_INTERNAL with a fault otherwise. */
enum err slip39_prove(const struct slip39_part *parts, const struct slip39_plan *plan,
                      const struct secret *key, struct fault *fault) MUST_CHECK;

/* What became of a part in a list. */
enum slip39_fate {
    SLIP39_FITS,      /* combined, or found to agree with those that were */
    SLIP39_REPEATED,  /* stands earlier in the list as well: counted once */
    SLIP39_UNCHECKED, /* its group has too few parts: neither used nor checked */
    SLIP39_FOREIGN,   /* belongs to another set than most */
    SLIP39_DOUBLED,   /* another part has its index */
    SLIP39_MISFIT,    /* disagrees, where all others agree */
};

struct slip39_report {
    enum slip39_fate fates[SLIP39_LIST_MAX]; /* one for each part in the list */
    bool proven; /* a digest was checked; not so in a set that one single part opens */
};

/* How to combine. */
struct slip39_way {
    struct slice passphrase; /* 0..1024 octets; empty: none. A wrong one cannot be told. */
    bool drop_bad;           /* go on without parts that are found to be misfits */
};

/* Combines a list of 1..256 parts, in any order; more than needed are checked against each other.
 * *out_key is new and the caller's. out_report is filled in any case. Faults are ERR_PARTS:
 *   foreign    of another set than most; fault.index is the position of the first, from 0
 *   duplicate  two different parts with one index; fault.index as above
 *   too_few    the sentence says how many of how many there are
 *   digest     the parts do not fit together. If only one choice leaves parts that do, the others
 *              are SLIP39_MISFIT and fault.index is the first; else nobody can tell which.
 * or ERR_NO_MEMORY. Nothing but the headers is looked at before foreign and duplicate. Takes
 * milliseconds, twice as many with every step of the exponent: two minutes at 15. */
enum err slip39_combine(const struct slip39_part *parts, size_t count, const struct slip39_way *way,
                        struct secret **out_key, struct slip39_report *out_report,
                        struct fault *fault) MUST_CHECK;

#endif
