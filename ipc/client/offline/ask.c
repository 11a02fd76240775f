#include "ipc/client/offline/ask.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ceremony/slip39/entry.h"
#include "ipc/client/offline/terminal.h"

#define LONG_PART 33 /* words of a part of 256 bits: with as many, it is time to look at them */
#define ALL_KNOWN 4  /* words that the header fills */
#define ROW_WORDS 5  /* words shown in one row */

/* A part on its way in. */
struct asking {
    const struct slip39_part *known;
    size_t count;
    struct entry *entry;
    struct secret *line;
    size_t expected; /* words a part of this set has; 0: not known yet */
    size_t header_told;
    bool mending;  /* the checksum was wrong: a line may put one word right */
    unsigned rows; /* shown, to be taken away again */
};

/* Says something without a secret in it. */
static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    terminal_write(text);
}

static void begin_again(struct asking *asking)
{
    entry_clear(asking->entry);
    asking->header_told = 0;
    asking->mending = false;
}

static void prompt_next(const struct asking *asking)
{
    const struct slip39_header *header = &asking->known[0].header;
    if (header->group_count > 1) {
        say("Part %zu (Enter alone: no more): ", asking->count + 1);
    } else if (asking->count < header->member_threshold) {
        say("Part %zu (%zu of %u given): ", asking->count + 1, asking->count,
            header->member_threshold);
    } else {
        say("Part %zu (enough are given; Enter alone: no more): ", asking->count + 1);
    }
}

static void prompt(const struct asking *asking)
{
    size_t words = entry_count(asking->entry);
    if (asking->mending) {
        terminal_write("  Put one right, as in: 17 word   (- alone: type the part again): ");
    } else if (words > 0) {
        say("  Word %zu: ", words + 1);
    } else if (asking->count == 0) {
        terminal_write("Part 1, its words in order, as many to a line as you like: ");
    } else {
        prompt_next(asking);
    }
}

/* ---- words ----------------------------------------------------------------------------------- */

/* The next piece of a line between blanks; false at its end. */
static bool next_piece(struct slice *line, struct slice *out)
{
    size_t at = 0;
    while (at < line->length && (line->data[at] == ' ' || line->data[at] == '\t')) {
        at++;
    }
    size_t end = at;
    while (end < line->length && line->data[end] != ' ' && line->data[end] != '\t') {
        end++;
    }
    *out = (struct slice){line->data + at, end - at};
    *line = (struct slice){line->data + end, line->length - end};
    return out->length > 0;
}

/* Drops "17." or "17)" in front of a word, as pasted pages have it. Returns the number, 0: none. */
static size_t drop_number(struct slice *piece)
{
    size_t number = 0;
    size_t at = 0;
    while (at < piece->length && piece->data[at] >= '0' && piece->data[at] <= '9') {
        number = number < 1000 ? 10 * number + (size_t)(piece->data[at] - '0') : number;
        at++;
    }
    while (at > 0 && at < piece->length && strchr(".):", piece->data[at]) != NULL) {
        at++;
    }
    *piece = (struct slice){piece->data + at, piece->length - at};
    return number;
}

static void tell_unknown(struct slice typed, size_t number)
{
    const char *near[ENTRY_SUGGESTIONS_MAX];
    size_t count = entry_suggest(typed, near);
    say("  Word %zu is not on the list.", number);
    for (size_t i = 0; i < count; i++) {
        terminal_write(i == 0 ? " Near it: " : ", ");
        terminal_write(near[i]);
    }
    terminal_write(count == 0 ? " Look at the page again.\n"
                              : ". Look at the page which one it is.\n");
}

/* Shows a word that was shortened; taken away with the next line. */
static void show_word(struct asking *asking, size_t number, size_t *shown)
{
    const char *word = entry_word(asking->entry, number);
    say("%s  %2zu ", *shown % ROW_WORDS == 0 && *shown > 0 ? "\n" : "", number);
    terminal_write(word);
    terminal_write(&"          "[strlen(word)]); /* to a column of ten */
    asking->rows += *shown % ROW_WORDS == 0 ? 1 : 0;
    (*shown)++;
}

/* Puts one word right: "17 word". False if the line is something else. */
static bool take_mended(struct asking *asking, struct slice line)
{
    struct slice piece;
    struct slice word;
    struct slice rest;
    if (!asking->mending || !next_piece(&line, &piece)) {
        return false;
    }
    size_t number = drop_number(&piece);
    bool apart = piece.length == 0;
    word = piece;
    if ((apart && !next_piece(&line, &word)) || next_piece(&line, &rest) || number < 1 ||
        number > entry_count(asking->entry)) {
        return false;
    }
    if (!entry_replace(asking->entry, number, word)) {
        tell_unknown(word, number);
    }
    return true;
}

/* Takes the words of a line up to the first that is unknown. */
static void take_words(struct asking *asking, struct slice line)
{
    struct slice piece;
    size_t shown = 0;
    while (next_piece(&line, &piece)) {
        (void)drop_number(&piece);
        if (piece.length == 0) {
            continue; /* a number alone */
        }
        size_t number = entry_count(asking->entry) + 1;
        if (number > SLIP39_WORDS_MAX) {
            terminal_write("  No part has so many words: begin it again.\n");
            begin_again(asking);
            return;
        }
        if (!entry_add(asking->entry, piece)) {
            terminal_write(shown > 0 ? "\n" : "");
            asking->rows = 0; /* other text follows: what is shown stays a line longer */
            tell_unknown(piece, number);
            return;
        }
        if (piece.length < strlen(entry_word(asking->entry, number))) {
            show_word(asking, number, &shown);
        }
    }
    terminal_write(shown > 0 ? "\n" : "");
}

/* ---- what is known before the part is whole
 * -------------------------------------------------------- */

static size_t words_of(const struct slip39_part *part)
{
    size_t bits = 8 * part->value->length;
    return 7 + (bits + 9) / 10;
}

/* Is the part one to go on with? Says why not. */
static bool header_fits(struct asking *asking)
{
    struct slip39_header header;
    size_t known = entry_header(asking->entry, &header);
    if (known == 0 || known == asking->header_told) {
        return true;
    }
    asking->header_told = known;
    for (size_t i = 0; i < asking->count && known == ALL_KNOWN; i++) {
        if (slip39_same_header(&header, &asking->known[i].header)) {
            say("  This one is already in, as part %zu.\n", i + 1);
            return false;
        }
    }
    if (asking->count > 0) {
        const struct slip39_header *first = &asking->known[0].header;
        bool same = known == 2 ? header.id == first->id && header.extendable == first->extendable &&
                                     header.exponent == first->exponent
                               : slip39_same_set(&header, first);
        if (!same) {
            terminal_write("  This part belongs to another set than part 1.\n");
            return false;
        }
    }
    if (known == ALL_KNOWN && header.group_count == 1) {
        say("  This is number %u of a set that any %u of its parts open.\n",
            header.member_index + 1u, header.member_threshold);
    } else if (known == ALL_KNOWN) {
        say("  This is number %u of group %u, which any %u of its parts open; %u groups are "
            "needed.\n",
            header.member_index + 1u, header.group_index + 1u, header.member_threshold,
            header.group_threshold);
    }
    return true;
}

/* ---- when it is whole, and when it is not
 * ----------------------------------------------------------- */

static void tell_slip(struct asking *asking)
{
    size_t number = 0;
    enum entry_slip slip = entry_find_slip(asking->entry, &number);
    terminal_write("  The checksum is wrong. ");
    if (slip == ENTRY_SWAP) {
        say("Words %zu and %zu may be in the wrong order.\n", number, number + 1);
    } else if (slip == ENTRY_ONE) {
        say("If only one word is wrong, it is number %zu: look at the page again.\n", number);
    } else {
        terminal_write("At least two words are wrong: compare all with the page.\n");
    }
    asking->mending = true;
}

/* Looks at the words so far; true when they are a part. `ended`: whoever types says that was all.
 */
static bool look(struct asking *asking, bool ended, struct slip39_part *out)
{
    struct fault fault;
    size_t words = entry_count(asking->entry);
    size_t full = asking->expected == 0 ? LONG_PART : asking->expected;
    bool whole = entry_is_whole(asking->entry);
    if (!whole && !ended && words < full) {
        return false;
    }
    fault_clear(&fault);
    enum err err = entry_part(asking->entry, out, &fault);
    if (err == OK) {
        return true;
    }
    if (fault.reason == REASON_checksum) {
        tell_slip(asking);
        return false;
    }
    say("  %s\n", fault.sentence);
    if (fault.reason != REASON_word_count || words > full) {
        begin_again(asking);
    }
    return false;
}

/* ---- the dialogue ------------------------------------------------------------------------------
 */

/* One line typed; true when the part is whole. */
static bool take_line(struct asking *asking, struct slip39_part *out)
{
    struct slice line = {(const char *)asking->line->data, asking->line->length};
    struct slice rest = line;
    struct slice piece;
    bool empty = !next_piece(&rest, &piece);
    if (!empty && slice_is(piece, "-")) {
        begin_again(asking);
        return false;
    }
    if (!empty && !take_mended(asking, line)) {
        asking->mending = false;
        take_words(asking, line);
    }
    if (!header_fits(asking)) {
        begin_again(asking);
        return false;
    }
    return look(asking, empty || asking->mending, out);
}

static enum ask_answer talk(struct asking *asking, struct slip39_part *out, struct fault *fault)
{
    for (;;) {
        prompt(asking);
        enum terminal_read read = terminal_line(asking->line);
        terminal_erase_rows(asking->rows > 0 ? asking->rows + 1 : 0);
        asking->rows = 0;
        bool begun = entry_count(asking->entry) > 0;
        if (read != TERMINAL_LINE) {
            (void)terminal_fault(read, fault);
            return ASK_FAILED;
        }
        if (asking->line->length == 0 && !begun) {
            return ASK_NO_MORE;
        }
        if (take_line(asking, out)) {
            return ASK_PART;
        }
    }
}

enum ask_answer ask_part(const struct slip39_part *known, size_t count, struct slip39_part *out,
                         struct fault *fault)
{
    struct asking asking = {.known = known,
                            .count = count,
                            .entry = entry_new(),
                            .line = secret_new(TERMINAL_LINE_BYTES),
                            .expected = count == 0 ? 0 : words_of(&known[0])};
    enum ask_answer answer = ASK_FAILED;
    if (asking.entry == NULL || asking.line == NULL) {
        (void)fault_no_memory(fault);
    } else {
        answer = talk(&asking, out, fault);
    }
    entry_free(asking.entry);
    secret_free(asking.line);
    return answer;
}

enum ask_answer ask_line(const char *text, struct secret **out, struct fault *fault)
{
    struct secret *line = secret_new(TERMINAL_LINE_BYTES);
    if (line == NULL) {
        (void)fault_no_memory(fault);
        return ASK_FAILED;
    }
    terminal_write(text);
    enum terminal_read read = terminal_line(line);
    if (read != TERMINAL_LINE) {
        secret_free(line);
        (void)terminal_fault(read, fault);
        return ASK_FAILED;
    }
    *out = line;
    return ASK_PART;
}
