#include "ceremony/slip39/mnemonic.h"

#include <assert.h>
#include <sodium.h>

#include "audit/base/declassify.h"
#include "ceremony/slip39/mask.h"
#include "ceremony/slip39/rs1024.h"
#include "ceremony/slip39/wordlist.h"

#define WORD_BITS 10
#define TEXT_BYTES_READ 4096 /* no part is so long, however many blanks stand between its words */
#define FRAME_WORDS (MNEMONIC_HEADER_WORDS + RS1024_WORDS)

/* ---- how many words -----------------------------------------------------------------------------
 */

/* Bits in front of the value: what is over a multiple of 16. */
static size_t padding_bits(size_t count)
{
    return WORD_BITS * (count - FRAME_WORDS) % 16;
}

static size_t value_bytes(size_t count)
{
    return (WORD_BITS * (count - FRAME_WORDS) - padding_bits(count)) / 8;
}

bool mnemonic_count_legal(size_t count)
{
    return count > FRAME_WORDS && count <= SLIP39_WORDS_MAX && padding_bits(count) <= 8 &&
           value_bytes(count) >= SLIP39_VALUE_BYTES_MIN;
}

enum err mnemonic_count_fault(size_t count, struct fault *fault)
{
    const char *hint = "a part has 20 or 33";
    if (count == 19 || count == 32) {
        hint = "one is missing";
    } else if (count == 21 || count == 34) {
        hint = "one is too many";
    }
    if (count > SLIP39_WORDS_MAX) {
        return fault_set(fault, ERR_PARTS, REASON_word_count, NULL, "More than %d words: %s.",
                         SLIP39_WORDS_MAX, hint);
    }
    return fault_set(fault, ERR_PARTS, REASON_word_count, NULL, "%zu word%s: %s.", count,
                     count == 1 ? "" : "s", hint);
}

/* ---- text to numbers ----------------------------------------------------------------------------
 */

/* Where words lie in the text is as secret as the words, so each character goes into its word by
 * looking at every place a word may have. */
struct scan {
    uint64_t words[SLIP39_WORDS_MAX];   /* packed letters */
    uint32_t lengths[SLIP39_WORDS_MAX]; /* letters of each */
    uint32_t known[SLIP39_WORDS_MAX];   /* masks: is it on the list? */
    uint64_t word;                      /* the one being read */
    uint32_t length;
    uint32_t count;       /* words begun, more than there is room for, too */
    uint32_t after_blank; /* mask */
};

static void scan_character(struct scan *scan, uint8_t character)
{
    uint32_t blank = mask_equal(character, ' ') | mask_equal(character, '\t');
    uint32_t upper = ~mask_less(character, 'A') & mask_less(character, 'Z' + 1);
    uint32_t letter = character | (upper & 0x20);
    uint32_t other = mask_less(letter, 'a') | ~mask_less(letter, 'z' + 1);
    letter = mask_choose(other, 1, letter); /* on no word of the list */

    uint32_t begins = scan->after_blank & ~blank;
    scan->count += begins & 1;
    scan->length = (scan->length & ~begins) + (~blank & 1);
    scan->word &= mask_wide(~begins);
    uint32_t fits = ~blank & mask_less(scan->length, WORDLIST_LETTERS_MAX + 1);
    uint32_t shift = 8 * (WORDLIST_LETTERS_MAX - scan->length);
    scan->word |= (uint64_t)(letter & fits) << (shift & 63);
    scan->after_blank = blank;
    for (uint32_t i = 0; i < SLIP39_WORDS_MAX; i++) {
        uint32_t here = mask_equal(i + 1, scan->count);
        scan->words[i] ^= mask_wide(here) & (scan->words[i] ^ scan->word);
        scan->lengths[i] = mask_choose(here, scan->length, scan->lengths[i]);
    }
}

static void scan_text(struct scan *scan, struct slice text)
{
    scan->after_blank = ~0u;
    for (size_t i = 0; i < text.length; i++) {
        scan_character(scan, (uint8_t)text.data[i]);
    }
    secret_declassify(&scan->count, sizeof scan->count);
}

/* Looks up every word; the number of the first unknown one, counted from 1, or 0. */
static size_t scan_find(struct scan *scan, struct mnemonic *out)
{
    size_t unknown = 0;
    size_t count = scan->count < SLIP39_WORDS_MAX ? scan->count : SLIP39_WORDS_MAX;
    for (size_t i = 0; i < count; i++) {
        scan->known[i] = wordlist_find(scan->words[i], scan->lengths[i], &out->numbers[i]);
    }
    secret_declassify(scan->known, sizeof scan->known);
    for (size_t i = count; i > 0; i--) {
        unknown = scan->known[i - 1] == 0 ? i : unknown;
    }
    out->count = count;
    return unknown;
}

enum err mnemonic_read(struct slice text, struct mnemonic *out, struct fault *fault)
{
    if (text.length > TEXT_BYTES_READ) {
        return fault_set(fault, ERR_PARTS, REASON_word_count, NULL,
                         "It is longer than %d characters: no part is.", TEXT_BYTES_READ);
    }
    struct scan scan = {0};
    enum err err = OK;
    scan_text(&scan, text);
    size_t unknown = scan_find(&scan, out);
    if (unknown != 0) {
        err = fault_set(fault, ERR_PARTS, REASON_unknown_word, NULL,
                        "Word %zu is not on the SLIP-39 word list.", unknown);
        if (fault != NULL) {
            fault->index = (int64_t)unknown;
        }
    } else if (!mnemonic_count_legal(scan.count)) {
        err = mnemonic_count_fault(scan.count, fault);
    }
    sodium_memzero(&scan, sizeof scan);
    return err;
}

bool slip39_peek(struct slice text, struct slip39_header *out)
{
    struct mnemonic mnemonic = {.count = 0};
    struct fault fault;
    fault_clear(&fault);
    enum err err = mnemonic_read(text, &mnemonic, &fault);
    bool known = mnemonic.count >= MNEMONIC_HEADER_WORDS &&
                 (err == OK || fault.reason == REASON_word_count ||
                  (fault.reason == REASON_unknown_word && fault.index > MNEMONIC_HEADER_WORDS));
    if (known) {
        mnemonic_header(mnemonic.numbers, out);
    }
    sodium_memzero(&mnemonic, sizeof mnemonic);
    return known;
}

/* ---- numbers to a part --------------------------------------------------------------------------
 */

void mnemonic_header(const uint16_t numbers[MNEMONIC_HEADER_WORDS], struct slip39_header *out)
{
    uint64_t bits = 0;
    uint8_t octets[SLIP39_HEADER_BYTES];
    for (size_t i = 0; i < MNEMONIC_HEADER_WORDS; i++) {
        bits = bits << WORD_BITS | numbers[i];
    }
    secret_declassify(&bits, sizeof bits);
    for (size_t i = 0; i < SLIP39_HEADER_BYTES; i++) {
        octets[i] = (uint8_t)(bits >> (8 * (SLIP39_HEADER_BYTES - 1 - i)));
    }
    slip39_header_unpack(octets, out);
}

uint32_t mnemonic_checksum(const struct mnemonic *mnemonic)
{
    struct slip39_header header;
    mnemonic_header(mnemonic->numbers, &header);
    return rs1024_verify(mnemonic->numbers, mnemonic->count, header.extendable);
}

/* Words to octets; returns what stands in front of the value: zero in a right part. */
static uint32_t unpack_value(const struct mnemonic *mnemonic, uint8_t *out)
{
    uint32_t bits = 0;
    uint32_t padding = 0;
    size_t held = 0; /* bits not yet given out */
    size_t pad = padding_bits(mnemonic->count);
    size_t end = mnemonic->count - RS1024_WORDS;
    for (size_t i = MNEMONIC_HEADER_WORDS; i < end; i++) {
        bits = bits << WORD_BITS | mnemonic->numbers[i];
        held += WORD_BITS;
        if (i == MNEMONIC_HEADER_WORDS) {
            held -= pad;
            padding = bits >> held;
            bits &= (1u << held) - 1;
        }
        for (; held >= 8; held -= 8) {
            *out++ = (uint8_t)(bits >> (held - 8));
        }
        bits &= (1u << held) - 1;
    }
    assert(held == 0);
    return padding;
}

enum err mnemonic_to_part(const struct mnemonic *mnemonic, struct slip39_part *out,
                          struct fault *fault)
{
    assert(mnemonic_count_legal(mnemonic->count));
    struct slip39_part part = {0};
    mnemonic_header(mnemonic->numbers, &part.header);
    uint32_t right = mnemonic_checksum(mnemonic);
    secret_declassify(&right, sizeof right);
    if (right == 0) {
        return fault_set(fault, ERR_PARTS, REASON_checksum, NULL,
                         "The checksum is wrong: a word is wrong, or two changed places.");
    }
    part.value = secret_new(value_bytes(mnemonic->count));
    if (part.value == NULL) {
        return fault_no_memory(fault);
    }
    part.value->length = part.value->capacity;
    uint32_t padding = unpack_value(mnemonic, part.value->data);
    uint32_t clean = mask_zero(padding);
    secret_declassify(&clean, sizeof clean);
    enum err err = OK;
    if (clean == 0) {
        err = fault_set(fault, ERR_PARTS, REASON_padding, NULL,
                        "The bits in front of its value are not zero: no splitter writes that.");
    } else if (part.header.group_threshold > part.header.group_count) {
        err = fault_set(fault, ERR_PARTS, REASON_wrong_header, NULL,
                        "It asks for %u groups where there are %u.", part.header.group_threshold,
                        part.header.group_count);
    }
    if (err != OK) {
        slip39_part_done(&part);
        return err;
    }
    *out = part;
    return OK;
}

/* ---- a part to numbers and text -----------------------------------------------------------------
 */

void mnemonic_of_part(const struct slip39_part *part, struct mnemonic *out)
{
    uint8_t header[SLIP39_HEADER_BYTES];
    uint64_t bits = 0;
    slip39_header_pack(&part->header, header);
    for (size_t i = 0; i < SLIP39_HEADER_BYTES; i++) {
        bits = bits << 8 | header[i];
    }
    out->count = 0;
    for (size_t i = 0; i < MNEMONIC_HEADER_WORDS; i++) {
        size_t below = WORD_BITS * (MNEMONIC_HEADER_WORDS - 1 - i);
        out->numbers[out->count++] = (uint16_t)(bits >> below & 1023);
    }
    size_t value_bits = 8 * part->value->length;
    size_t held = (WORD_BITS - value_bits % WORD_BITS) % WORD_BITS; /* the padding */
    uint32_t waiting = 0;
    for (size_t i = 0; i < part->value->length; i++) {
        waiting = waiting << 8 | part->value->data[i];
        held += 8;
        if (held >= WORD_BITS) {
            held -= WORD_BITS;
            out->numbers[out->count++] = (uint16_t)(waiting >> held & 1023);
            waiting &= (1u << held) - 1;
        }
    }
    assert(held == 0);
    rs1024_create(out->numbers, out->count, part->header.extendable, out->numbers + out->count);
    out->count += RS1024_WORDS;
}

/* Puts a character at a place that is secret; NUL is no character and takes no place. */
static void place_character(char *text, size_t size, uint32_t *place, uint8_t character)
{
    for (uint32_t i = 0; i < size; i++) {
        text[i] = (char)((uint8_t)text[i] | (mask_equal(i, *place) & character));
    }
    *place += ~mask_zero(character) & 1;
}

enum err mnemonic_write(const struct mnemonic *mnemonic, struct secret *out)
{
    char text[SLIP39_TEXT_BYTES_MAX + 1] = {0};
    char letters[WORDLIST_LETTERS_MAX];
    uint32_t length = 0;
    for (size_t i = 0; i < mnemonic->count; i++) {
        wordlist_letters(mnemonic->numbers[i], letters);
        for (size_t j = 0; j < WORDLIST_LETTERS_MAX; j++) {
            place_character(text, sizeof text, &length, (uint8_t)letters[j]);
        }
        place_character(text, sizeof text, &length, ' ');
    }
    secret_declassify(&length, sizeof length);
    enum err err = secret_append(out, text, length - 1); /* without the last blank */
    sodium_memzero(text, sizeof text);
    sodium_memzero(letters, sizeof letters);
    return err;
}

/* ---- the door -----------------------------------------------------------------------------------
 */

enum err slip39_decode(struct slice text, struct slip39_part *out, struct fault *fault)
{
    struct mnemonic mnemonic = {.count = 0};
    enum err err = mnemonic_read(text, &mnemonic, fault);
    if (err == OK) {
        err = mnemonic_to_part(&mnemonic, out, fault);
    }
    sodium_memzero(&mnemonic, sizeof mnemonic);
    return err;
}

enum err slip39_encode(const struct slip39_part *part, struct secret *out)
{
    struct mnemonic mnemonic;
    mnemonic_of_part(part, &mnemonic);
    enum err err = mnemonic_write(&mnemonic, out);
    sodium_memzero(&mnemonic, sizeof mnemonic);
    return err;
}
