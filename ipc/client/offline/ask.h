/* Asks for a part at the terminal, word by word, and helps: which word is not on the list, which
 * set the part is of before all of it is typed, where a slip may be. Nothing typed is shown; a word
 * that was shortened is shown whole until the next line. Needs an open terminal. */
#ifndef IPC_CLIENT_OFFLINE_ASK_H
#define IPC_CLIENT_OFFLINE_ASK_H

#include "ceremony/slip39/slip39.h"

enum ask_answer {
    ASK_PART,    /* *out is a part, and the caller's */
    ASK_NO_MORE, /* Enter alone */
    ASK_FAILED,  /* the input ended, the terminal is gone, or no memory: a fault */
};

/* Asks for part number `count` + 1; parts given before are known by their headers. */
enum ask_answer ask_part(const struct slip39_part *known, size_t count, struct slip39_part *out,
                         struct fault *fault);

/* Asks for one line of something else, not shown; blocks. Failed at the end of the input, too. */
enum ask_answer ask_line(const char *prompt, struct secret **out, struct fault *fault);

#endif
