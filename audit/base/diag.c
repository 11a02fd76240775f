#include "audit/base/diag.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 4096

static atomic_int shown = DIAG_NOTICE;

struct line {
    size_t length;
    char text[LINE_BYTES];
};

static void put(struct line *line, const char *text)
{
    size_t length = strlen(text);
    if (length > LINE_BYTES - 2 - line->length) { /* a newline always fits */
        length = LINE_BYTES - 2 - line->length;
    }
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void put_escaped(struct line *line, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        char piece[8];
        if (*at == '\'' || *at == '\\') {
            snprintf(piece, sizeof piece, "\\%c", *at);
        } else if (*at < 0x20 || *at == 0x7f) {
            snprintf(piece, sizeof piece, "\\x%02x", *at);
        } else {
            snprintf(piece, sizeof piece, "%c", *at);
        }
        put(line, piece);
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
    struct line line = {0};
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
