#include "ceremony/slip39/entry.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "audit/base/memory.h"
#include "ceremony/slip39/mnemonic.h"
#include "ceremony/slip39/wordlist.h"

#define TYPED_LETTERS_MAX 24 /* longer is near no word of 8 */
#define SLIPS_MAX 2

struct entry {
    struct secret *secret;
    struct mnemonic *words; /* lies in it */
};

struct entry *entry_new(void)
{
    struct entry *entry = memory_allocate_zeroed(sizeof *entry);
    if (entry == NULL) {
        return NULL;
    }
    entry->secret = secret_new(sizeof *entry->words);
    if (entry->secret == NULL) {
        memory_free(entry);
        return NULL;
    }
    entry->words = (void *)entry->secret->data;
    return entry;
}

void entry_free(struct entry *entry)
{
    if (entry != NULL) {
        secret_free(entry->secret);
        memory_free(entry);
    }
}

void entry_clear(struct entry *entry)
{
    secret_clear(entry->secret);
}

size_t entry_count(const struct entry *entry)
{
    return entry->words->count;
}

/* ---- one word
 * ------------------------------------------------------------------------------------ */

/* Lower case, without looking at more than ASCII. Returns the length, 0 if it is none that is near
 * a word. */
static size_t lower(struct slice typed, char out[TYPED_LETTERS_MAX])
{
    memset(out, 0, TYPED_LETTERS_MAX);
    if (typed.length > TYPED_LETTERS_MAX) {
        return 0;
    }
    for (size_t i = 0; i < typed.length; i++) {
        char letter = typed.data[i];
        out[i] = (char)(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
    }
    return typed.length;
}

static bool find(struct slice typed, uint16_t *out_number)
{
    char letters[TYPED_LETTERS_MAX];
    size_t length = lower(typed, letters);
    bool found = wordlist_find(wordlist_pack(letters), (uint32_t)length, out_number) != 0;
    sodium_memzero(letters, sizeof letters);
    return found;
}

bool entry_add(struct entry *entry, struct slice typed)
{
    if (entry->words->count == SLIP39_WORDS_MAX ||
        !find(typed, &entry->words->numbers[entry->words->count])) {
        return false;
    }
    entry->words->count++;
    return true;
}

bool entry_replace(struct entry *entry, size_t number, struct slice typed)
{
    assert(number >= 1 && number <= entry->words->count);
    uint16_t found = 0;
    if (!find(typed, &found)) {
        return false;
    }
    entry->words->numbers[number - 1] = found;
    return true;
}

bool entry_insert(struct entry *entry, size_t number, struct slice typed)
{
    uint16_t found = 0;
    size_t count = entry->words->count;
    assert(number >= 1 && number <= count + 1);
    if (count == SLIP39_WORDS_MAX || !find(typed, &found)) {
        return false;
    }
    uint16_t *place = &entry->words->numbers[number - 1];
    memmove(place + 1, place, (count - (number - 1)) * sizeof *place);
    *place = found;
    entry->words->count++;
    return true;
}

void entry_remove(struct entry *entry, size_t number)
{
    size_t count = entry->words->count;
    assert(number >= 1 && number <= count);
    uint16_t *place = &entry->words->numbers[number - 1];
    memmove(place, place + 1, (count - number) * sizeof *place);
    entry->words->numbers[count - 1] = 0;
    entry->words->count--;
}

const char *entry_word(const struct entry *entry, size_t number)
{
    assert(number >= 1 && number <= entry->words->count);
    return wordlist[entry->words->numbers[number - 1]];
}

/* ---- which word was meant
 * ------------------------------------------------------------------------ */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Damerau and Levenshtein's distance: the fewest letters to change, drop, add or swap (with letters
 * between the swapped ones counted as added or dropped). Row and column 0 of the table are for what
 * lies in front of both words. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t table[TYPED_LETTERS_MAX + 2][WORDLIST_LETTERS_MAX + 2];
    size_t last_row[256] = {0}; /* where a letter stood last in a */
    size_t far = a_length + b_length;
    for (size_t i = 0; i <= a_length; i++) {
        table[i + 1][0] = far;
        table[i + 1][1] = i;
    }
    for (size_t j = 0; j <= b_length; j++) {
        table[0][j + 1] = far;
        table[1][j + 1] = j;
    }
    table[0][0] = far;
    for (size_t i = 1; i <= a_length; i++) {
        size_t last_column = 0; /* where a letter of b was the one of this row */
        for (size_t j = 1; j <= b_length; j++) {
            size_t row = last_row[(uint8_t)b[j - 1]];
            size_t column = last_column;
            bool same = a[i - 1] == b[j - 1];
            size_t swapped = table[row][column] + (i - row - 1) + 1 + (j - column - 1);
            size_t changed = table[i][j] + (same ? 0 : 1);
            size_t added = smaller(table[i + 1][j], table[i][j + 1]) + 1;
            table[i + 1][j + 1] = smaller(smaller(swapped, changed), added);
            last_column = same ? j : last_column;
        }
        last_row[(uint8_t)a[i - 1]] = i;
    }
    return table[a_length + 1][b_length + 1];
}

/* The words that many slips away, behind those that are there. */
static size_t add_near(const char *letters, size_t length, size_t slips, const char **out,
                       size_t count)
{
    for (size_t i = 0; i < WORDLIST_WORDS && count < ENTRY_SUGGESTIONS_MAX; i++) {
        if (distance(letters, length, wordlist[i], strlen(wordlist[i])) == slips) {
            out[count++] = wordlist[i];
        }
    }
    return count;
}

size_t entry_suggest(struct slice typed, const char *out[ENTRY_SUGGESTIONS_MAX])
{
    char letters[TYPED_LETTERS_MAX];
    size_t length = lower(typed, letters);
    size_t count = 0;
    for (size_t i = 0; i < WORDLIST_WORDS && length >= WORDLIST_LETTERS_MIN; i++) {
        if (memcmp(wordlist[i], letters, WORDLIST_LETTERS_MIN) == 0) {
            out[count++] = wordlist[i]; /* no other begins so */
        }
    }
    bool found = count > 0;
    for (size_t slips = 1; slips <= SLIPS_MAX && length > 0 && !found; slips++) {
        count = add_near(letters, length, slips, out, count);
    }
    sodium_memzero(letters, sizeof letters);
    return count;
}

/* ---- the part so far
 * ----------------------------------------------------------------------------- */

size_t entry_header(const struct entry *entry, struct slip39_header *out)
{
    uint16_t numbers[MNEMONIC_HEADER_WORDS] = {0};
    size_t known = smaller(entry->words->count, MNEMONIC_HEADER_WORDS) & ~(size_t)1;
    memset(out, 0, sizeof *out);
    if (known == 0) {
        return 0;
    }
    memcpy(numbers, entry->words->numbers, known * sizeof numbers[0]);
    mnemonic_header(numbers, out);
    if (known == 2) {
        *out = (struct slip39_header){
            .id = out->id, .extendable = out->extendable, .exponent = out->exponent};
    }
    return known;
}

bool entry_is_whole(const struct entry *entry)
{
    return mnemonic_count_legal(entry->words->count) && mnemonic_checksum(entry->words) != 0;
}

enum err entry_part(const struct entry *entry, struct slip39_part *out, struct fault *fault)
{
    if (!mnemonic_count_legal(entry->words->count)) {
        return mnemonic_count_fault(entry->words->count, fault);
    }
    return mnemonic_to_part(entry->words, out, fault);
}

/* ---- where the slip may be
 * ----------------------------------------------------------------------- */

static void swap(uint16_t *numbers)
{
    uint16_t kept = numbers[0];
    numbers[0] = numbers[1];
    numbers[1] = kept;
}

/* How many swaps of neighbours mend it; the last such to *out_number. */
static size_t count_swaps(struct mnemonic *words, size_t *out_number)
{
    size_t found = 0;
    for (size_t i = 0; i + 1 < words->count; i++) {
        swap(&words->numbers[i]);
        if (mnemonic_checksum(words) != 0) {
            *out_number = i + 1;
            found++;
        }
        swap(&words->numbers[i]);
    }
    return found;
}

/* Does some other word at this place mend it? (Which, nobody is told.) */
static bool mends(struct mnemonic *words, size_t place)
{
    uint16_t kept = words->numbers[place];
    bool found = false;
    for (uint16_t number = 0; number < WORDLIST_WORDS && !found; number++) {
        words->numbers[place] = number;
        found = mnemonic_checksum(words) != 0;
    }
    words->numbers[place] = kept;
    return found;
}

/* Are they right in the order of a page (parts.md section 12: 3 columns of 11 words, 4 of 5) that
 * was read row by row instead of downwards? */
static bool is_read_across(struct mnemonic *words)
{
    size_t columns = words->count == 33 ? 3 : 4;
    uint16_t typed[SLIP39_WORDS_MAX];
    if (words->count != 33 && words->count != 20) {
        return false;
    }
    memcpy(typed, words->numbers, sizeof typed);
    size_t rows = words->count / columns;
    for (size_t i = 0; i < words->count; i++) {
        words->numbers[i % columns * rows + i / columns] = typed[i];
    }
    bool right = mnemonic_checksum(words) != 0;
    memcpy(words->numbers, typed, sizeof typed);
    sodium_memzero(typed, sizeof typed);
    return right;
}

enum entry_slip entry_find_slip(const struct entry *entry, size_t *out_number)
{
    /* Tried on a copy of their own memory: words are only ever changed by who types them. */
    struct secret *copy = secret_copy(entry->secret->data, entry->secret->capacity);
    if (copy == NULL) {
        return ENTRY_MORE;
    }
    struct mnemonic *words = (void *)copy->data;
    enum entry_slip slip = ENTRY_MORE;
    if (count_swaps(words, out_number) == 1) {
        slip = ENTRY_SWAP;
    } else if (is_read_across(words)) {
        slip = ENTRY_ACROSS;
    } else {
        size_t found = 0;
        for (size_t i = 0; i < words->count; i++) {
            if (mends(words, i)) {
                *out_number = i + 1;
                found++;
            }
        }
        slip = found == 1 ? ENTRY_ONE : ENTRY_MORE;
    }
    secret_free(copy);
    return slip;
}

/* The places at which some word more mends it; the last such to *out_number. */
static size_t count_gaps(struct mnemonic *words, size_t *out_number)
{
    size_t found = 0;
    uint16_t *numbers = words->numbers;
    memmove(numbers + 1, numbers, words->count * sizeof numbers[0]);
    words->count++;
    for (size_t i = 0; i < words->count; i++) {
        if (mends(words, i)) {
            *out_number = i + 1;
            found++;
        }
        if (i + 1 < words->count) {
            numbers[i] = numbers[i + 1]; /* the gap goes on by one place */
        }
    }
    return found;
}

/* The words without which it is right; of two neighbours that are the same the second counts. */
static size_t count_extras(struct mnemonic *words, size_t *out_number)
{
    size_t found = 0;
    uint16_t *numbers = words->numbers;
    size_t last = --words->count;
    uint16_t out = numbers[last]; /* the one that is left out */
    for (size_t i = last + 1; i > 0; i--) {
        bool same = i <= last && numbers[i - 1] == out;
        if (i <= last) {
            uint16_t kept = numbers[i - 1];
            numbers[i - 1] = out;
            out = kept;
        }
        if (!same && mnemonic_checksum(words) != 0) {
            *out_number = i;
            found++;
        }
    }
    return found;
}

enum entry_slip entry_find_count_slip(const struct entry *entry, size_t full, size_t *out_number)
{
    size_t count = entry->words->count;
    bool missing = count + 1 == full;
    *out_number = 0;
    if ((!missing && count != full + 1) || full > SLIP39_WORDS_MAX ||
        full < MNEMONIC_HEADER_WORDS) {
        return ENTRY_MORE;
    }
    struct secret *copy = secret_copy(entry->secret->data, entry->secret->capacity);
    if (copy != NULL) {
        struct mnemonic *words = (void *)copy->data;
        size_t found = missing ? count_gaps(words, out_number) : count_extras(words, out_number);
        *out_number = found == 1 ? *out_number : 0;
    }
    secret_free(copy);
    return missing ? ENTRY_MISSING : ENTRY_EXTRA;
}
