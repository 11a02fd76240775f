#include "ipc/daemon/config_problem.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 2048

/* Also the controls of ISO 8859-1 (C2 80 to C2 9F in UTF-8): some terminals obey them. */
static void clean_controls(char *text)
{
    for (unsigned char *at = (unsigned char *)text; *at != '\0'; at++) {
        if (*at < 0x20 || *at == 0x7f) {
            *at = '?';
        } else if (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) {
            at[0] = '?';
            at[1] = '?';
        }
    }
}

/* Puts the text into the caller's buffer where its line belongs. All ours stand at its end. */
static void insert(struct problems *problems, int line, const char *text, size_t length)
{
    struct buffer *lines = problems->lines;
    if (problems->shown > PROBLEMS_SHOWN || !buffer_reserve(lines, length)) {
        return; /* the buffer remembers why */
    }
    size_t at = problems->shown;
    size_t behind = 0; /* octets of the lines that come after it */
    while (at > 0 && problems->each[at - 1].line > line) {
        problems->each[at] = problems->each[at - 1];
        behind += problems->each[--at].length;
    }
    problems->each[at].line = line;
    problems->each[at].length = length;
    problems->shown++;
    char *place = lines->data + lines->length - behind;
    memmove(place + length, place, behind);
    memcpy(place, text, length);
    lines->length += length;
}

static void add_line(struct problems *problems, int line, int order, const char *sentence)
{
    char text[LINE_BYTES];
    if (problems->file == NULL) {
        snprintf(text, sizeof text, "embedded defaults: %s", sentence);
    } else {
        snprintf(text, sizeof text, "%s:%d: %s", problems->file, line, sentence);
    }
    clean_controls(text);
    size_t length = strlen(text);
    text[length] = '\n'; /* in the place of the NUL */
    insert(problems, order, text, length + 1);
}

void problem_add(struct problems *problems, int line, const char *format, ...)
{
    problems->count++;
    if (problems->count > PROBLEMS_SHOWN) {
        if (problems->count == PROBLEMS_SHOWN + 1) {
            add_line(problems, line, INT_MAX,
                     "more problems follow that are not listed; mend these first");
        }
        return;
    }
    char sentence[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    add_line(problems, line, line, sentence);
}

void problem_warn(struct problems *problems, int line, const char *format, ...)
{
    static const char word[] = "warning: ";
    char sentence[LINE_BYTES];
    memcpy(sentence, word, sizeof word);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence + sizeof word - 1, sizeof sentence - sizeof word + 1, format, arguments);
    va_end(arguments);
    add_line(problems, line, line, sentence);
}

void problem_quote(struct slice text, char out[PROBLEM_QUOTE_BYTES])
{
    static const char cut_mark[] = "...'";
    size_t length = text.length;
    bool cut = length > PROBLEM_QUOTE_BYTES - 3;
    if (cut) {
        length = PROBLEM_QUOTE_BYTES - 1 - sizeof cut_mark;
        while (length > 0 && ((unsigned char)text.data[length] & 0xc0) == 0x80) {
            length--; /* not in the middle of a character */
        }
    }
    *out++ = '\'';
    for (size_t i = 0; i < length; i++) {
        *out++ = text.data[i] == '\0' ? '?' : text.data[i];
    }
    memcpy(out, cut ? cut_mark : "'", cut ? sizeof cut_mark : 2);
}

enum err problems_result(const struct problems *problems)
{
    if (problems->no_memory || buffer_result(problems->lines) == ERR_NO_MEMORY) {
        return ERR_NO_MEMORY;
    }
    return problems->count == 0 ? OK : ERR_CONFIGURATION;
}
