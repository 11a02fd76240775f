/* The words of parts out of files: one part a line, as guardianctl combine takes them, or pages as
 * guardianctl part download writes them. The words are not looked at but for where they stand: a
 * part with a slip in it is given on as it is, so that whoever judges it can say which word.
 * Secrets lie in guarded memory. Not thread-safe. */
#ifndef IPC_CLIENT_OFFLINE_PART_TEXT_H
#define IPC_CLIENT_OFFLINE_PART_TEXT_H

#include <stdbool.h>

#include "audit/base/fault.h"
#include "audit/base/secret.h"
#include "audit/base/slice.h"

#define PART_TEXT_PARTS_MAX 64
#define PART_TEXT_FILE_BYTES_MAX (1024u * 1024)

/* One part: its words, one blank between, and where it stands. */
struct part_text {
    size_t at, length;  /* in the words of the list */
    const char *file;   /* borrowed; NULL: typed */
    unsigned long line; /* its first; typed: its number */
};

/* All zero: none yet. */
struct part_texts {
    struct part_text list[PART_TEXT_PARTS_MAX];
    size_t count;
    struct secret *words;
};

void part_texts_done(struct part_texts *texts);

/* The words of part i: printable ASCII, neither " nor \ among it. */
struct slice part_texts_words(const struct part_texts *texts, size_t i);

/* Appends words that were read elsewhere. ERR_NO_MEMORY; ERR_INVALID_PARAMS (too_large). */
MUST_CHECK enum err part_texts_add(struct part_texts *texts, struct slice words,
                                   struct fault *fault);

/* Is any line made of numbers and words alone ("1 word 12 word 23 word")? Then it holds pages. */
bool part_text_has_page(struct slice text);

/* Refuses a key or a key file, which nobody should have brought here: ERR_INVALID_PARAMS,
 * bad_value. */
MUST_CHECK enum err part_text_refuse_key(const char *name, struct slice text, struct fault *fault);

/* Appends the parts of a text. Lines that are empty or begin with # are passed over. A text
 * that has a page is read as pages: only the lines of numbers and words count, each word in the
 * place of its number, and number 1 begins a part. What cannot stand in a
 * word becomes '?'. ERR_INVALID_PARAMS naming `name` (which is borrowed) and the line: too_large,
 * bad_value (a key file; a page in which a number is missing or stands twice), too_few (no part);
 * ERR_NO_MEMORY. */
MUST_CHECK enum err part_texts_take(struct part_texts *texts, const char *name, struct slice text,
                                    struct fault *fault);

/* The same for a file ("-": standard input). Blocks. ERR_IO. */
MUST_CHECK enum err part_texts_read(struct part_texts *texts, const char *file,
                                    struct fault *fault);

#endif
