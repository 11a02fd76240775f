#include "ipc/client/offline/part_text.h"

#include <string.h>
#include <unistd.h>

#include "ceremony/slip39/slip39.h"
#include "ipc/client/offline/stream.h"

#define WORDS_BYTES (PART_TEXT_PARTS_MAX * 1024u)
#define LINE_BYTES_MAX 1000 /* above the longest part (530), with room for slips */

/* A file on its way in. */
struct reading {
    struct part_texts *texts;
    const char *file;
    unsigned long line;
    struct fault *fault;
};

/* A page on its way in: where the word of each number stands. */
struct page {
    struct slice words[SLIP39_WORDS_MAX];
    size_t highest;
    unsigned long line; /* where it began; 0: none is begun */
};

void part_texts_done(struct part_texts *texts)
{
    secret_free(texts->words);
    *texts = (struct part_texts){.count = 0};
}

struct slice part_texts_words(const struct part_texts *texts, size_t i)
{
    return (struct slice){(const char *)texts->words->data + texts->list[i].at,
                          texts->list[i].length};
}

/* ---- appending ---------------------------------------------------------------------------------
 */

static enum err begin_part(struct part_texts *texts, const char *file, unsigned long line,
                           struct fault *fault)
{
    if (texts->words == NULL) {
        texts->words = secret_new(WORDS_BYTES);
    }
    if (texts->words == NULL) {
        return fault_no_memory(fault);
    }
    if (texts->count == PART_TEXT_PARTS_MAX) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_large, NULL,
                         "There are more than %d parts.", PART_TEXT_PARTS_MAX);
    }
    texts->list[texts->count++] =
        (struct part_text){.at = texts->words->length, .file = file, .line = line};
    return OK;
}

/* Appends one word to the part begun last; what no word has becomes '?'. */
static enum err add_word(struct part_texts *texts, struct slice word, struct fault *fault)
{
    struct part_text *part = &texts->list[texts->count - 1];
    enum err err = part->length > 0 ? secret_append(texts->words, " ", 1) : OK;
    for (size_t i = 0; i < word.length && err == OK; i++) {
        char letter = word.data[i];
        bool plain = letter > ' ' && letter < 0x7f && letter != '"' && letter != '\\';
        err = secret_append(texts->words, plain ? &letter : "?", 1);
    }
    part->length = texts->words->length - part->at;
    return err == OK ? OK
                     : fault_set(fault, ERR_INVALID_PARAMS, REASON_too_large, NULL,
                                 "These are more words than parts have.");
}

static bool is_blank(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\r';
}

/* The next piece between blanks; false at the end of the line. */
static bool next_piece(struct slice *line, struct slice *out)
{
    while (line->length > 0 && is_blank(line->data[0])) {
        line->data++;
        line->length--;
    }
    size_t length = 0;
    while (length < line->length && !is_blank(line->data[length])) {
        length++;
    }
    *out = (struct slice){line->data, length};
    line->data += length;
    line->length -= length;
    return length > 0;
}

static enum err add_line(struct part_texts *texts, struct slice line, struct fault *fault)
{
    struct slice word;
    enum err err = OK;
    while (err == OK && next_piece(&line, &word)) {
        err = add_word(texts, word, fault);
    }
    return err;
}

enum err part_texts_add(struct part_texts *texts, struct slice words, struct fault *fault)
{
    enum err err = begin_part(texts, NULL, texts->count + 1, fault);
    return err == OK ? add_line(texts, words, fault) : err;
}

/* ---- pages -------------------------------------------------------------------------------------
 */

/* "17", "17." or "17)"; 0 if it is no such number. */
static size_t number_of(struct slice piece)
{
    size_t number = 0;
    size_t at = 0;
    while (at < piece.length && piece.data[at] >= '0' && piece.data[at] <= '9' && at < 3) {
        number = 10 * number + (size_t)(piece.data[at++] - '0');
    }
    bool dotted = at + 1 == piece.length && strchr(".):", piece.data[at]) != NULL;
    return at > 0 && (at == piece.length || dotted) ? number : 0;
}

/* Is the line made of numbers, each with one word behind it? */
static bool is_row(struct slice line)
{
    struct slice piece;
    size_t pieces = 0;
    while (next_piece(&line, &piece)) {
        bool numbered = number_of(piece) > 0;
        if (numbered == (pieces % 2 == 1)) {
            return false;
        }
        pieces++;
    }
    return pieces > 0 && pieces % 2 == 0;
}

static enum err refuse_page(const struct reading *reading, unsigned long line, const char *what,
                            size_t number)
{
    return fault_set(reading->fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                     "%.200s, line %lu: word %zu %s. A page has every number once.", reading->file,
                     line, number, what);
}

static enum err end_page(struct reading *reading, struct page *page)
{
    enum err err = page->line == 0
                       ? OK
                       : begin_part(reading->texts, reading->file, page->line, reading->fault);
    for (size_t i = 0; page->line != 0 && i < page->highest && err == OK; i++) {
        err =
            page->words[i].length == 0
                ? refuse_page(reading, page->line, "is missing on the page that begins here", i + 1)
                : add_word(reading->texts, page->words[i], reading->fault);
    }
    *page = (struct page){.line = 0};
    return err;
}

static enum err take_row(struct reading *reading, struct page *page, struct slice line)
{
    struct slice piece;
    struct slice word;
    enum err err = OK;
    while (err == OK && next_piece(&line, &piece) && next_piece(&line, &word)) {
        size_t number = number_of(piece);
        if (number == 1) {
            err = end_page(reading, page);
            page->line = reading->line;
        }
        if (err == OK && (number > SLIP39_WORDS_MAX || page->line == 0)) {
            err = refuse_page(reading, reading->line, "cannot stand here", number);
        } else if (err == OK && page->words[number - 1].length > 0) {
            err = refuse_page(reading, reading->line, "stands here for the second time", number);
        } else if (err == OK) {
            page->words[number - 1] = word;
            page->highest = number > page->highest ? number : page->highest;
        }
    }
    return err;
}

/* ---- files -------------------------------------------------------------------------------------
 */

/* The next line, without its end; false behind the last. */
static bool next_line(struct slice *text, struct slice *out)
{
    if (text->length == 0) {
        return false;
    }
    const char *end = memchr(text->data, '\n', text->length);
    size_t length = end == NULL ? text->length : (size_t)(end - text->data);
    size_t taken = end == NULL ? length : length + 1;
    *out = (struct slice){text->data, length};
    *text = (struct slice){text->data + taken, text->length - taken};
    return true;
}

bool part_text_has_page(struct slice text)
{
    struct slice line;
    while (next_line(&text, &line)) {
        if (is_row(line)) {
            return true;
        }
    }
    return false;
}

static enum err read_pages(struct reading *reading, struct slice text)
{
    struct page page = {.line = 0};
    struct slice line;
    enum err err = OK;
    while (err == OK && next_line(&text, &line)) {
        reading->line++;
        err = is_row(line) ? take_row(reading, &page, line) : OK;
    }
    return err == OK ? end_page(reading, &page) : err;
}

static enum err read_lines(struct reading *reading, struct slice text)
{
    struct slice line;
    enum err err = OK;
    while (err == OK && next_line(&text, &line)) {
        struct slice rest = line;
        struct slice piece;
        reading->line++;
        if (!next_piece(&rest, &piece) || piece.data[0] == '#') {
            continue;
        }
        if (line.length > LINE_BYTES_MAX) {
            return fault_set(reading->fault, ERR_INVALID_PARAMS, REASON_too_large, NULL,
                             "%.200s, line %lu: no part is so long. One part stands in one line.",
                             reading->file, reading->line);
        }
        err = begin_part(reading->texts, reading->file, reading->line, reading->fault);
        err = err == OK ? add_line(reading->texts, line, reading->fault) : err;
    }
    return err;
}

static bool has(struct slice text, const char *what)
{
    return memmem(text.data, text.length, what, strlen(what)) != NULL;
}

enum err part_text_refuse_key(const char *name, struct slice text, struct fault *fault)
{
    static const char *const marks[] = {"age-encryption.org/v1", "-----BEGIN AGE ENCRYPTED FILE"};
    bool sealed = false;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t length = strlen(marks[i]);
        sealed |= text.length >= length && memcmp(text.data, marks[i], length) == 0;
    }
    if (!sealed && !has(text, "AGE-SECRET-KEY-1")) {
        return OK;
    }
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                     "%.200s is a key file, not the page of a part. Keep it to yourself; wanted is "
                     "what guardianctl part download wrote, or the words.",
                     name);
}

enum err part_texts_take(struct part_texts *texts, const char *name, struct slice text,
                         struct fault *fault)
{
    static const char mark[] = "\xef\xbb\xbf";
    struct reading reading = {.texts = texts, .file = name, .fault = fault};
    size_t before = texts->count;
    if (text.length >= 3 && memcmp(text.data, mark, 3) == 0) {
        text = (struct slice){text.data + 3, text.length - 3};
    }
    enum err err = part_text_refuse_key(name, text, fault);
    if (err == OK) {
        err = part_text_has_page(text) ? read_pages(&reading, text) : read_lines(&reading, text);
    }
    if (err == OK && texts->count == before) {
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_too_few, NULL,
                        "%.200s holds no part: one a line, or a page of guardianctl part download.",
                        name);
    }
    return err;
}

enum err part_texts_read(struct part_texts *texts, const char *file, struct fault *fault)
{
    struct secret *content = NULL;
    bool is_stdin = strcmp(file, "-") == 0;
    const char *name = is_stdin ? "Standard input" : file;
    enum err err = is_stdin
                       ? stream_read(STDIN_FILENO, name, PART_TEXT_FILE_BYTES_MAX, &content, fault)
                       : stream_read_file(file, PART_TEXT_FILE_BYTES_MAX, &content, fault);
    if (err == OK) {
        err = part_texts_take(texts, name,
                              (struct slice){(const char *)content->data, content->length}, fault);
    }
    secret_free(content);
    return err;
}
