#include "ipc/client/desk/part_page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PAGE_BYTES 16384
#define LONG_PART 33
#define COLUMNS_LONG 3  /* of 11 words */
#define COLUMNS_SHORT 4 /* of 5 */
#define CELL_BYTES 14

/* Appending remembers a failure, so that a page is written without a check a line. */
struct page {
    struct secret *text;
    enum err failed;
};

static void append(struct page *page, const void *data, size_t length)
{
    if (page->failed == OK && length > 0) {
        page->failed = secret_append(page->text, data, length);
    }
}

/* Never given a word of the part. */
static void say(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct page *page, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof line) {
        page->failed = ERR_NO_MEMORY;
        return;
    }
    append(page, line, (size_t)length);
}

/* ---- words -------------------------------------------------------------------------------------
 */

/* Where each word stands; how many there are. */
static size_t find_words(struct slice mnemonic, struct slice out[SLIP39_WORDS_MAX])
{
    size_t count = 0;
    while (mnemonic.length > 0 && count < SLIP39_WORDS_MAX) {
        const char *blank = memchr(mnemonic.data, ' ', mnemonic.length);
        size_t length = blank == NULL ? mnemonic.length : (size_t)(blank - mnemonic.data);
        size_t taken = blank == NULL ? length : length + 1;
        out[count++] = (struct slice){mnemonic.data, length};
        mnemonic = (struct slice){mnemonic.data + taken, mnemonic.length - taken};
    }
    return count;
}

static void write_words(struct page *page, struct slice mnemonic)
{
    static const char blanks[] = "              ";
    struct slice words[SLIP39_WORDS_MAX];
    size_t count = find_words(mnemonic, words);
    size_t columns = count >= LONG_PART ? COLUMNS_LONG : COLUMNS_SHORT;
    size_t rows = (count + columns - 1) / columns;
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = row; i < count; i += rows) {
            bool last = i + rows >= count;
            say(page, "    %2zu ", i + 1);
            append(page, words[i].data, words[i].length);
            append(page, blanks, last ? 0 : CELL_BYTES - words[i].length);
        }
        say(page, "\n");
    }
}

static void write_title(struct page *page, const struct payload_part *part)
{
    say(page, "Part %u of %u - any %u of the %u parts open the key\n", part->index, part->count,
        part->threshold, part->count);
}

/* ---- the page ----------------------------------------------------------------------------------
 */

static void write_facts(struct page *page, const struct part_opened *opened, const char *others)
{
    const struct payload_part *part = &opened->payload;
    int day = part->created.length < 10 ? (int)part->created.length : 10;
    say(page, "\nCeremony     %.*s\n             %.*s, %.*s\n", (int)part->name.length,
        part->name.data, (int)part->ceremony.length, part->ceremony.data, day, part->created.data);
    say(page, "Guardian     %.*s\n", (int)part->guardian.length, part->guardian.data);
    if (others[0] != '\0') {
        say(page, "The others   %s\n", others);
    }
    say(page, "Key          %s\n", part->kind == KEY_AGE ? "age identity" : "hexadecimal digits");
    say(page, "Check value  %.*s\n", (int)part->check.length, part->check.data);
    say(page, "\nThe words, to be read downwards:\n\n");
}

static void write_advice(struct page *page, const struct part_opened *opened)
{
    const struct payload_part *part = &opened->payload;
    say(page, "\nThis is one part of a key, and useless alone.\n"
              "Keep it where only you can get it: no photo, no mail, no cloud.\n"
              "Never type it into a web page.\n"
              "Give it only in a recovery whose purpose and receiver you were shown.\n");
    say(page, "Once a year look that it is there and can be read.\n");
    say(page, "If it is lost, or you leave, or a recovery seems odd, call at once:\n"
              "Name _____________________________  Phone _____________________\n");
    say(page,
        "\nThe key comes back from %u parts with guardianctl recover, which records it. Without\n"
        "the system any SLIP-39 program does it, without a passphrase; best guardian-combine\n"
        "--expect with the check value above.\n",
        part->threshold);
    say(page, "\nBag or seal number ______________  Place ______________________\n"
              "Date _____________  Signature _________________________________\n");
}

static enum err finish(struct page *page, struct secret **out)
{
    if (page->failed != OK) {
        secret_free(page->text);
        return ERR_NO_MEMORY;
    }
    *out = page->text;
    return OK;
}

static struct page begin(void)
{
    struct page page = {.text = secret_new(PAGE_BYTES)};
    page.failed = page.text == NULL ? ERR_NO_MEMORY : OK;
    return page;
}

enum err part_page_write(const struct part_opened *opened, const char *others, struct secret **out)
{
    struct page page = begin();
    write_title(&page, &opened->payload);
    write_facts(&page, opened, others);
    write_words(&page, opened->payload.mnemonic);
    write_advice(&page, opened);
    return finish(&page, out);
}

enum err part_page_words(const struct part_opened *opened, struct secret **out)
{
    struct page page = begin();
    write_title(&page, &opened->payload);
    say(&page, "\n");
    write_words(&page, opened->payload.mnemonic);
    return finish(&page, out);
}
