/* The 1024 words of SLIP-39: each 4 to 8 letters, no two alike in their first four.
 *
 * Both ways look at the whole table and choose with masks, so that neither time nor addresses tell
 * which word it was. Thread-safe; nothing is allocated. Follows SLIP-0039, section "Wordlist". */
#ifndef CEREMONY_SLIP39_WORDLIST_H
#define CEREMONY_SLIP39_WORDLIST_H

#include <stddef.h>
#include <stdint.h>

#define WORDLIST_WORDS 1024
#define WORDLIST_LETTERS_MAX 8
#define WORDLIST_LETTERS_MIN 4 /* what a word may be shortened to */

/* The table, in order; shorter words are filled with NUL. */
extern const char wordlist[WORDLIST_WORDS][WORDLIST_LETTERS_MAX + 1];

/* A word as a number: its letters from the top octet down, filled with zeros. */
uint64_t wordlist_pack(const char *letters);

/* The number of the word that equals the packed letters or is longer and begins with them. Returns
 * all ones, or 0 when there is none or the letters are fewer than four (*out_number is then 0).
 * letters is what wordlist_pack makes of them, length their count (secret, like the letters). */
uint32_t wordlist_find(uint64_t packed, uint32_t length, uint16_t *out_number);

/* Writes the letters of a word (number 0..1023, secret), filled with NUL. */
void wordlist_letters(uint16_t number, char out[WORDLIST_LETTERS_MAX]);

#endif
