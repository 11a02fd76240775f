#include "audit/base/diag.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/base/utf8.h"

#define LINE_BYTES 4096

static atomic_int shown = DIAG_NOTICE;

struct line {
    size_t length;
    bool full;
    char text[LINE_BYTES];
};

/* A piece is put whole or not at all, and nothing behind one that did not fit: so a line that is
 * too long ends between characters. A newline always fits. */
static void put_piece(struct line *line, const char *piece, size_t length)
{
    if (line->full || length > LINE_BYTES - 1 - line->length) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->length, piece, length);
    line->length += length;
}

static void put(struct line *line, const char *text)
{
    put_piece(line, text, strlen(text));
}

static void put_escaped(struct line *line, const char *text)
{
    const char *end = text + strlen(text);
    for (const char *at = text; at < end;) {
        size_t length = utf8_sequence(at, end);
        if (length != 0 && !utf8_is_control(at, length)) {
            const char escaped[] = {'\\', *at};
            bool escape = *at == '\'' || *at == '\\';
            put_piece(line, escape ? escaped : at, escape ? sizeof escaped : length);
            at += length;
            continue;
        }
        size_t octets = length == 0 ? 1 : length;
        for (; octets > 0; octets--, at++) {
            char piece[8];
            int piece_length = snprintf(piece, sizeof piece, "\\x%02x", (unsigned char)*at);
            put_piece(line, piece, (size_t)piece_length);
        }
    }
}

void diag_set_level(enum diag_level level)
{
    atomic_store(&shown, (int)level);
}

void diag_say(enum diag_level level, const char *what, ...)
{
    static const char *const names[] = {"error", "warning", "notice"};
    if ((int)level > atomic_load(&shown)) {
        return;
    }
    struct line line;
    line.length = 0;
    line.full = false;
    put(&line, names[level]);
    put(&line, ": ");
    put(&line, what);
    va_list pairs;
    va_start(pairs, what);
    const char *key;
    while ((key = va_arg(pairs, const char *)) != NULL) {
        const char *value = va_arg(pairs, const char *);
        put(&line, " ");
        put(&line, key);
        put(&line, "='");
        put_escaped(&line, value == NULL ? "-" : value);
        put(&line, "'");
    }
    va_end(pairs);
    line.text[line.length++] = '\n';
    ssize_t written = write(STDERR_FILENO, line.text, line.length);
    (void)written; /* nobody is left to tell */
}
