/* The words of a part as numbers, and what they mean.
 *
 * A part is 4 words of header, the value in words of 10 bits (filled with zeros in front), and 3
 * words of checksum. Numbers are secret but for the header's. Thread-safe. Follows SLIP-0039,
 * section "Format of the share mnemonic". */
#ifndef CEREMONY_SLIP39_MNEMONIC_H
#define CEREMONY_SLIP39_MNEMONIC_H

#include "ceremony/slip39/slip39.h"

#define MNEMONIC_HEADER_WORDS 4

/* Wiped by whoever has it. */
struct mnemonic {
    uint16_t numbers[SLIP39_WORDS_MAX]; /* 0..1023 */
    size_t count;
};

/* Has a part so many words? */
bool mnemonic_count_legal(size_t count);

/* The sentence for a number of words that no part has, as "32 words: one is missing". */
enum err mnemonic_count_fault(size_t count, struct fault *fault);

/* Reads words as slip39_decode does: unknown_word or word_count. */
enum err mnemonic_read(struct slice text, struct mnemonic *out, struct fault *fault) MUST_CHECK;

/* What the first four words say. */
void mnemonic_header(const uint16_t numbers[MNEMONIC_HEADER_WORDS], struct slip39_header *out);

/* All ones if the checksum is right, else 0. */
uint32_t mnemonic_checksum(const struct mnemonic *mnemonic);

/* Numbers to a part: checksum, padding, wrong_header. The count is legal. */
enum err mnemonic_to_part(const struct mnemonic *mnemonic, struct slip39_part *out,
                          struct fault *fault) MUST_CHECK;

/* A part to numbers. */
void mnemonic_of_part(const struct slip39_part *part, struct mnemonic *out);

/* Appends the words to a secret. */
enum err mnemonic_write(const struct mnemonic *mnemonic, struct secret *out) MUST_CHECK;

#endif
