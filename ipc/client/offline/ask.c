#include "ipc/client/offline/ask.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ceremony/slip39/entry.h"
#include "ipc/client/offline/terminal.h"

#define LONG_PART 33  /* words of a part of 256 bits: with as many, it is time to look at them */
#define SHORT_PART 20 /* words of a part of 128 bits */
#define ALL_KNOWN 4   /* words that the header fills */
#define UNKNOWN_BYTES 64
#define NEAR_ROWS                                                                   \
    2 /* that hold suggestions until the next line: theirs, and the prompt (or two) \
       */

/* A part on its way in. */
struct asking {
    struct ask_set *set;
    struct entry *entry;
    struct secret *line;
    struct secret *unknown; /* the word typed last, if it is not on the list */
    size_t expected;        /* words a part of this set has; 0: not known yet */
    size_t header_told;
    bool mending;  /* something was wrong: a line may put one word right */
    bool wrong;    /* so it is, or was with words that were thrown away since */
    unsigned rows; /* shown, to be taken away again */
};

static const char help[] =
    "  Type the words of the page in the order of their numbers: down the first column, then down\n"
    "  the next one. As many to a line as you like; the numbers may be typed, too. Four letters "
    "of\n"
    "  a word are enough. Nothing typed is shown.\n"
    "    -       throws the words of this part away and begins it again\n"
    "    Enter   within a part: that was all of it. Before a part: there are no more parts\n"
    "    ?       this help; after a word that is not on the list: words of the list that are near\n"
    "            it, on the screen until the next line\n"
    "    Ctrl-C, Ctrl-D   break it off: nothing is sent or written\n";

/* Says something without a secret in it. */
static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    terminal_write(text);
}

void ask_welcome(void)
{
    terminal_write("Nothing you type is shown. Four letters of a word are enough. ? helps; a line "
                   "with - alone begins\nthe part again.\n");
}

static void begin_again(struct asking *asking)
{
    entry_clear(asking->entry);
    secret_clear(asking->unknown);
    asking->header_told = 0;
    asking->mending = false;
}

/* The same, said. */
static void throw_away(struct asking *asking)
{
    size_t words = entry_count(asking->entry);
    if (words > 0) {
        say("  %s of this part %s thrown away: type it from word 1 on.\n",
            words == 1 ? "The word" : "All words", words == 1 ? "is" : "are");
    }
    begin_again(asking);
}

static void prompt_next(const struct ask_set *set)
{
    const struct slip39_header *header = &set->known[0].header;
    if (header->group_count > 1) {
        say("Part %zu (Enter alone: no more): ", set->count + 1);
    } else if (set->count < header->member_threshold) {
        say("Part %zu (%zu of %u given): ", set->count + 1, set->count, header->member_threshold);
    } else {
        say("Part %zu (enough are given; Enter alone: no more): ", set->count + 1);
    }
}

static void prompt(const struct asking *asking)
{
    size_t words = entry_count(asking->entry);
    if (asking->mending) {
        terminal_write("  17 word puts word 17 right, +17 word puts one in before it, -17 takes it "
                       "out, - alone begins\n  the part again: ");
    } else if (words > 0) {
        say("  %zu so far. Word %zu: ", words, words + 1);
    } else if (asking->set->count == 0) {
        terminal_write(asking->set->own ? "Your part" : "Part 1");
        terminal_write(", its words in order, as many to a line as you like: ");
    } else {
        prompt_next(asking->set);
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

static void tell_unknown(struct asking *asking, struct slice typed, size_t number, bool more)
{
    secret_clear(asking->unknown);
    size_t kept = typed.length < UNKNOWN_BYTES ? typed.length : UNKNOWN_BYTES;
    enum err err = secret_append(asking->unknown, typed.data, kept);
    assert(err == OK); /* there is room */
    (void)err;
    say("  Word %zu is not on the list%s. Look at the page again (? alone shows the words that are "
        "near it).\n",
        number, more ? ", and what was typed behind it is not taken" : "");
}

/* Shows secrets, since it was asked for. */
static void tell_near(struct asking *asking)
{
    const char *near[ENTRY_SUGGESTIONS_MAX];
    struct slice typed = {(const char *)asking->unknown->data, asking->unknown->length};
    size_t count = entry_suggest(typed, near);
    terminal_write(count == 0 ? "  No word of the list is near it." : "  Near it: ");
    for (size_t i = 0; i < count; i++) {
        terminal_write(i == 0 ? "" : ", ");
        terminal_write(near[i]);
    }
    terminal_write("\n");
    asking->rows = NEAR_ROWS + (asking->mending ? 1 : 0);
    secret_clear(asking->unknown);
}

/* "17", "+17" or "-17" at the beginning of a line, and how it goes on. */
struct mending {
    char sign; /* '+', '-', 0 */
    size_t number;
    struct slice word; /* empty with - */
};

static bool read_mending(struct slice line, struct mending *out)
{
    struct slice piece;
    struct slice rest;
    if (!next_piece(&line, &piece)) {
        return false;
    }
    out->sign = piece.data[0] == '+' || piece.data[0] == '-' ? piece.data[0] : '\0';
    size_t skipped = out->sign == '\0' ? 0 : 1;
    piece = (struct slice){piece.data + skipped, piece.length - skipped};
    out->number = drop_number(&piece);
    if (piece.length == 0) {
        (void)next_piece(&line, &piece);
    }
    out->word = piece;
    return out->number > 0 && (piece.length > 0) == (out->sign != '-') && !next_piece(&line, &rest);
}

/* Puts one word right. False if the line is something else. */
static bool take_mended(struct asking *asking, struct slice line)
{
    struct mending mending;
    size_t count = entry_count(asking->entry);
    if (!asking->mending || !read_mending(line, &mending) ||
        mending.number > count + (mending.sign == '+' ? 1 : 0)) {
        return false;
    }
    bool known = true;
    if (mending.sign == '-') {
        entry_remove(asking->entry, mending.number);
    } else if (mending.sign == '+') {
        known = entry_insert(asking->entry, mending.number, mending.word);
    } else {
        known = entry_replace(asking->entry, mending.number, mending.word);
    }
    if (!known) {
        tell_unknown(asking, mending.word, mending.number, false);
    }
    return true;
}

/* Takes the words of a line up to the first that is unknown. */
static void take_words(struct asking *asking, struct slice line)
{
    struct slice piece;
    while (next_piece(&line, &piece)) {
        (void)drop_number(&piece);
        if (piece.length == 0) {
            continue; /* a number alone */
        }
        size_t number = entry_count(asking->entry) + 1;
        if (number > SLIP39_WORDS_MAX) {
            terminal_write("  No part has so many words.\n");
            throw_away(asking);
            return;
        }
        if (!entry_add(asking->entry, piece)) {
            struct slice behind;
            tell_unknown(asking, piece, number, next_piece(&line, &behind));
            return;
        }
    }
}

/* ---- which set ----------------------------------------------------------------------------------
 */

static size_t words_of(const struct slip39_part *part)
{
    size_t bits = 8 * part->value->length;
    return 7 + (bits + 9) / 10;
}

static bool is_wanted(const struct ask_set *set, const struct slip39_header *header)
{
    return set->wanted[0] == '\0' || header->id == set->wanted_id;
}

/* Of the set of the parts given before, as far as `known` words of the header tell? */
static bool is_with_others(const struct ask_set *set, const struct slip39_header *header,
                           size_t known)
{
    if (set->count == 0) {
        return true;
    }
    const struct slip39_header *first = &set->known[0].header;
    return known == ALL_KNOWN
               ? slip39_same_set(header, first)
               : header->id == first->id && header->extendable == first->extendable &&
                     header->exponent == first->exponent;
}

/* The number of the part given before that has this header, 0: none. */
static size_t twin_of(const struct ask_set *set, const struct slip39_header *header)
{
    for (size_t i = 0; i < set->count; i++) {
        if (slip39_same_header(header, &set->known[i].header)) {
            return i + 1;
        }
    }
    return 0;
}

/* Looks at the first words before the others are typed: a guess, since nothing proves them yet. */
static void look_early(struct asking *asking)
{
    struct slip39_header header;
    const struct ask_set *set = asking->set;
    size_t known = entry_header(asking->entry, &header);
    if (known == 0 || known == asking->header_told) {
        return;
    }
    bool warned = asking->header_told != 0 &&
                  !is_with_others(set, &header, 2); /* said with its second word */
    asking->header_told = known;
    size_t twin = known == ALL_KNOWN ? twin_of(set, &header) : 0;
    if (!is_wanted(set, &header)) {
        say("  This page is of another set than %s.\n  Take the page that says so. If it does, "
            "look "
            "at its first two words: word 2 stands below word 1.\n",
            set->wanted);
        throw_away(asking);
    } else if (twin > 0) {
        say("  This one is already in, as part %zu, unless one of its first four words is wrong.\n",
            twin);
        throw_away(asking);
    } else if (!is_with_others(set, &header, known) && !warned) {
        terminal_write("  By its first words this part belongs to another set than part 1. If it "
                       "is the wrong page, type -\n  and take the right one. If part 1 was the "
                       "wrong one, go on: you are asked which to drop.\n");
    }
}

/* ---- when it is whole, and when it is not -------------------------------------------------------
 */

static void tell_slip(struct asking *asking)
{
    size_t number = 0;
    enum entry_slip slip = entry_find_slip(asking->entry, &number);
    terminal_write("  The checksum is wrong. ");
    if (slip == ENTRY_SWAP) {
        say("Words %zu and %zu may be in the wrong order.\n", number, number + 1);
    } else if (slip == ENTRY_ONE) {
        say("If only one word is wrong, it is number %zu: look at the page again.\n", number);
    } else if (slip == ENTRY_ACROSS) {
        terminal_write("The words may have been read across: they go down the first column, then "
                       "down the next\n  one, as their numbers do. Begin the part again with -.\n");
    } else {
        terminal_write("At least two words are wrong: compare all with the page.\n");
    }
}

/* How many words it should have, when that is known or near a length of ours. */
static size_t full_length(const struct asking *asking)
{
    size_t words = entry_count(asking->entry);
    if (asking->expected != 0) {
        return asking->expected;
    }
    return words >= SHORT_PART - 1 && words <= SHORT_PART + 1 ? SHORT_PART : LONG_PART;
}

static void tell_count(struct asking *asking, const struct fault *fault)
{
    size_t number = 0;
    enum entry_slip slip = entry_find_count_slip(asking->entry, full_length(asking), &number);
    say("  %s", fault->sentence);
    if (number == 0) {
        terminal_write("\n");
    } else if (slip == ENTRY_MISSING) {
        say(" It may be word %zu that was left out: look at the page again.\n", number);
    } else {
        say(" It may be number %zu of those that were typed: look at the page again.\n", number);
    }
}

/* Says what is wrong; the words are kept if one of them can be put right. */
static void tell_fault(struct asking *asking, const struct fault *fault)
{
    asking->wrong = true;
    asking->mending = fault->reason == REASON_checksum || fault->reason == REASON_word_count;
    if (fault->reason == REASON_checksum) {
        tell_slip(asking);
    } else if (fault->reason == REASON_word_count) {
        tell_count(asking, fault);
    } else {
        say("  %s\n", fault->sentence);
        throw_away(asking);
    }
}

enum looked { LOOKED_NOT_YET, LOOKED_PART, LOOKED_INSTEAD, LOOKED_FAILED };

/* Two parts, each right for itself, of two sets: only who has the pages knows which is meant. */
static enum looked choose_set(struct asking *asking, struct fault *fault)
{
    const struct ask_set *set = asking->set;
    for (;;) {
        say("  This part is right for itself, but of another set than part 1: one of them is on a "
            "wrong page.\n  1: drop %s, and keep this one.  2: leave this one out.  1 or 2: ",
            set->count == 1 ? "part 1" : "the parts given before");
        enum terminal_read read = terminal_line(asking->line);
        struct slice line = {(const char *)asking->line->data, asking->line->length};
        if (read != TERMINAL_LINE) {
            (void)terminal_fault(read, fault);
            return LOOKED_FAILED;
        }
        if (slice_is(line, "1")) {
            return LOOKED_INSTEAD;
        }
        if (slice_is(line, "2")) {
            return LOOKED_NOT_YET;
        }
    }
}

static void tell_part(const struct slip39_header *header)
{
    if (header->group_count == 1) {
        say("  This is number %u of a set that any %u of its parts open.\n",
            header->member_index + 1u, header->member_threshold);
    } else {
        say("  This is number %u of group %u, which any %u of its parts open; %u groups are "
            "needed.\n",
            header->member_index + 1u, header->group_index + 1u, header->member_threshold,
            header->group_threshold);
    }
}

/* A part that its checksum proves: is it one to go on with? */
static enum looked judge(struct asking *asking, struct slip39_part *part, struct fault *fault)
{
    struct ask_set *set = asking->set;
    size_t twin = twin_of(set, &part->header);
    enum looked looked = LOOKED_PART;
    if (!is_wanted(set, &part->header)) {
        say("  This page is of another set than %s: take the page that says so.\n", set->wanted);
        looked = LOOKED_NOT_YET;
    } else if (twin > 0) {
        say("  This one is already in, as part %zu.\n", twin);
        looked = LOOKED_NOT_YET;
    } else if (!is_with_others(set, &part->header, ALL_KNOWN)) {
        looked = choose_set(asking, fault);
    }
    if (looked == LOOKED_PART || looked == LOOKED_INSTEAD) {
        tell_part(&part->header);
        return looked;
    }
    slip39_part_done(part);
    throw_away(asking);
    asking->wrong = false;
    return looked;
}

/* Looks at the words so far. `ended`: whoever types says that was all. */
static enum looked look(struct asking *asking, bool ended, struct slip39_part *out,
                        struct fault *fault)
{
    struct fault found;
    size_t words = entry_count(asking->entry);
    size_t full = asking->expected == 0 ? LONG_PART : asking->expected;
    if (words == 0) {
        return LOOKED_NOT_YET;
    }
    if (!entry_is_whole(asking->entry) && !ended && words < full) {
        if (words + 1 < full) { /* one left out is looked for when all others are there */
            look_early(asking);
        }
        return LOOKED_NOT_YET;
    }
    fault_clear(&found);
    if (entry_part(asking->entry, out, &found) == OK) {
        return judge(asking, out, fault);
    }
    tell_fault(asking, &found);
    return LOOKED_NOT_YET;
}

/* ---- the dialogue ------------------------------------------------------------------------------
 */

/* A line that is no word; false if it is one. help is the beginning of a word of the list, so it is
 * asked for only where it would be the first. */
static bool take_command(struct asking *asking, struct slice line)
{
    struct slice piece;
    struct slice rest;
    if (!next_piece(&line, &piece) || next_piece(&line, &rest)) {
        return false;
    }
    if (slice_is(piece, "-")) {
        throw_away(asking);
    } else if (slice_is(piece, "?") && asking->unknown->length > 0) {
        tell_near(asking);
    } else if (slice_is(piece, "?")) {
        terminal_write(help);
    } else if (slice_is(piece, "help") && entry_count(asking->entry) == 0) {
        terminal_write(help);
        terminal_write("  If it was the first word of the part: type all its letters.\n");
    } else {
        return false;
    }
    return true;
}

/* One line typed. */
static enum looked take_line(struct asking *asking, struct slip39_part *out, struct fault *fault)
{
    struct slice line = {(const char *)asking->line->data, asking->line->length};
    struct slice rest = line;
    struct slice piece;
    bool empty = !next_piece(&rest, &piece);
    if (take_command(asking, line)) {
        return LOOKED_NOT_YET;
    }
    secret_clear(asking->unknown);
    if (!empty && !take_mended(asking, line)) {
        asking->mending = false;
        take_words(asking, line);
    }
    if (asking->unknown->length > 0) {
        return LOOKED_NOT_YET;
    }
    return look(asking, empty || asking->mending, out, fault);
}

static enum ask_answer talk(struct asking *asking, struct slip39_part *out, struct fault *fault)
{
    for (;;) {
        prompt(asking);
        enum terminal_read read = terminal_line(asking->line);
        terminal_erase_rows(asking->rows);
        asking->rows = 0;
        if (read != TERMINAL_LINE) {
            (void)terminal_fault(read, fault);
            return ASK_FAILED;
        }
        if (asking->line->length == 0 && entry_count(asking->entry) == 0) {
            asking->set->left_out = asking->wrong;
            return ASK_NO_MORE;
        }
        enum looked looked = take_line(asking, out, fault);
        if (looked != LOOKED_NOT_YET) {
            return looked == LOOKED_PART      ? ASK_PART
                   : looked == LOOKED_INSTEAD ? ASK_INSTEAD
                                              : ASK_FAILED;
        }
    }
}

enum ask_answer ask_part(struct ask_set *set, struct slip39_part *out, struct fault *fault)
{
    struct asking asking = {.set = set,
                            .entry = entry_new(),
                            .line = secret_new(TERMINAL_LINE_BYTES),
                            .unknown = secret_new(UNKNOWN_BYTES),
                            .expected =
                                set->count == 0 ? set->wanted_words : words_of(&set->known[0])};
    enum ask_answer answer = ASK_FAILED;
    if (asking.entry == NULL || asking.line == NULL || asking.unknown == NULL) {
        (void)fault_no_memory(fault);
    } else {
        answer = talk(&asking, out, fault);
    }
    entry_free(asking.entry);
    secret_free(asking.line);
    secret_free(asking.unknown);
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
