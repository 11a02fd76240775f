/* A terminal on which somebody types secrets: what is typed is not shown.
 *
 * One at a time in a process. The terminal is as it was again when the terminal is closed, and
 * before a signal (hang-up, interrupt, quit, termination, stop) takes its course. */
#ifndef IPC_CLIENT_OFFLINE_TERMINAL_H
#define IPC_CLIENT_OFFLINE_TERMINAL_H

#include <stdbool.h>

#include "audit/base/fault.h"
#include "audit/base/secret.h"
#include "audit/base/slice.h"

#define TERMINAL_LINE_BYTES 4096 /* what the kernel holds of a line */

/* Takes standard input, which is a terminal, and the controlling terminal (or standard input
 * itself) to write on: never standard output or error, which may go to a file. stopped is a
 * sentence for whoever breaks it off, as "Nothing was recovered.", and borrowed until the terminal
 * is closed. ERR_IO. */
enum err terminal_open(const char *stopped, struct fault *fault) MUST_CHECK;

/* Gives the terminal back as it was; what was typed ahead is thrown away, so that no word of a part
 * ends in a shell. Does nothing if none is open. */
void terminal_close(void);

enum terminal_read { TERMINAL_LINE, TERMINAL_END, TERMINAL_FAILED };

/* Reads one line, without its end, not shown, into a secret of at least TERMINAL_LINE_BYTES. END:
 * no more will come (Ctrl-D, or the terminal hung up), which is never a yes. Blocks. */
enum terminal_read terminal_line(struct secret *out);

/* The fault of a line that did not come, with the sentence given to terminal_open. */
enum err terminal_fault(enum terminal_read read, struct fault *fault);

/* Writes text on the terminal; it is not kept anywhere else. */
void terminal_write(const char *text);
void terminal_write_slice(struct slice text);

/* Takes the last rows that were written away again. */
void terminal_erase_rows(unsigned rows);

#endif
