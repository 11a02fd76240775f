/* What is wrong with a configuration, line by line, for the person who mends it: every problem is
 * "file:line: what is wrong, then what would be right". Not thread-safe. */
#ifndef IPC_DAEMON_CONFIG_PROBLEM_H
#define IPC_DAEMON_CONFIG_PROBLEM_H

#include <stdbool.h>

#include "audit/base/buffer.h"
#include "audit/base/slice.h"

#define PROBLEMS_SHOWN 200 /* a file with more is not worth listing further */
#define PROBLEM_QUOTE_BYTES                                               \
    100 /* a piece of the file inside a sentence, quotes and NUL included \
         */

/* Begins as {.lines = …, .file = …}. */
struct problems {
    struct buffer *lines; /* the caller's; one problem a line, in the order of the file's lines */
    const char *file;     /* NULL: there is no file, lines begin with "embedded defaults" */
    unsigned count;
    bool no_memory; /* something could not be done at all: the result is ERR_NO_MEMORY */
    size_t shown;
    struct {
        int line;
        size_t length; /* octets of its text in lines, LF included */
    } each[PROBLEMS_SHOWN + 1];
};

/* Adds one line, behind those of the same or an earlier line of the file. Control characters in it
 * become '?', so that a hostile file cannot forge lines or colour a terminal. */
void problem_add(struct problems *problems, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a line "file:line: warning: …" in the same way; it is no problem, only shown. */
void problem_warn(struct problems *problems, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes 'text' with quotes, cut at a character when it is long. */
void problem_quote(struct slice text, char out[PROBLEM_QUOTE_BYTES]);

/* OK, ERR_NO_MEMORY or ERR_CONFIGURATION. */
MUST_CHECK enum err problems_result(const struct problems *problems);

#endif
