/* Help for who types a part: which word was meant, which one may be wrong.
 *
 * Hints come from spelling and from the checksum, but never a word from the checksum: who has a
 * wrong word goes back to the paper, and the program does not guess the key. Unlike the rest of the
 * room this takes time that depends on the words, as typing them does. The numbers lie in guarded
 * memory. Thread-safe; an entry belongs to who made it. Follows parts.md section 11. */
#ifndef CEREMONY_SLIP39_ENTRY_H
#define CEREMONY_SLIP39_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "ceremony/slip39/slip39.h"

#define ENTRY_SUGGESTIONS_MAX 5

/* The words of one part so far. */
struct entry;

/* NULL when there is no memory. */
struct entry *entry_new(void);
void entry_free(struct entry *entry);
void entry_clear(struct entry *entry);
size_t entry_count(const struct entry *entry);

/* Takes a typed word, in any case, whole or shortened to four letters or more, as the next one.
 * False if it is not on the list, or there is no room for more. */
bool entry_add(struct entry *entry, struct slice typed);

/* The same in place of word `number` (1..count). */
bool entry_replace(struct entry *entry, size_t number, struct slice typed);

/* Puts a word in, so that it is word `number` (1..count + 1). False as entry_add. */
bool entry_insert(struct entry *entry, size_t number, struct slice typed);

/* Takes word `number` (1..count) out. */
void entry_remove(struct entry *entry, size_t number);

/* The whole word that a number (1..count) was read as: a string constant, and a secret. */
const char *entry_word(const struct entry *entry, size_t number);

/* List words that may have been meant by one that is not on the list: the one with the same first
 * four letters, else those that at most two slips (a letter wrong, missing, too many, two swapped)
 * lead to, nearest first, then by the alphabet. Returns how many. */
size_t entry_suggest(struct slice typed, const char *out[ENTRY_SUGGESTIONS_MAX]);

/* What is known of the header: 0 nothing yet; 2, from two words on: id, form and exponent; 4: all
 * of it. The rest of *out is 0. */
size_t entry_header(const struct entry *entry, struct slip39_header *out);

/* Does a part have so many words, and is the checksum right? */
bool entry_is_whole(const struct entry *entry);

/* Makes the part: OK, or a fault as of slip39_decode. */
enum err entry_part(const struct entry *entry, struct slip39_part *out,
                    struct fault *fault) MUST_CHECK;

enum entry_slip {
    ENTRY_SWAP, /* words `number` and `number` + 1 may be in the wrong order: that alone mends it */
    ENTRY_ONE,  /* if only one word is wrong, it is `number` */
    ENTRY_MORE, /* at least two words are wrong */
    ENTRY_ACROSS,  /* the columns of the page may have been read across: in the order of a page that
                    * is read downwards the checksum is right */
    ENTRY_MISSING, /* one word is missing; if the others are right, it is word `number` (0: more
                    * than one place is possible, or none) */
    ENTRY_EXTRA,   /* one word is too many; if the others are right, it is word `number` (0: as
                    * above) */
};

/* Where the slip may be, when the checksum of a legal number of words is wrong. Two or more wrong
 * words look like one in 3 of 100,000 cases, so what is found is a "may". Takes some hundredths of
 * a second. */
enum entry_slip entry_find_slip(const struct entry *entry, size_t *out_number);

/* The same when a part should have `full` words: MISSING when there is one less, EXTRA when there
 * is one more, else MORE. Other parts look like one with such a slip in 3 of 100,000 cases. */
enum entry_slip entry_find_count_slip(const struct entry *entry, size_t full, size_t *out_number);

#endif
