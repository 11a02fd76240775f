/* Asks for a part at the terminal, word by word, and helps: which word is not on the list, which
 * set the part is of before all of it is typed, where a slip may be. Nothing typed is shown, nor
 * any word of the list but those near one that is not on it, and these when asked for. What the
 * first words say of the set is shown when the checksum proves it. Needs an open terminal. */
#ifndef IPC_CLIENT_OFFLINE_ASK_H
#define IPC_CLIENT_OFFLINE_ASK_H

#include "ceremony/slip39/slip39.h"

#define ASK_WANTED_BYTES 512

enum ask_answer {
    ASK_PART,    /* *out is a part, and the caller's */
    ASK_INSTEAD, /* the same, and those given before are to be dropped: they are of another set */
    ASK_NO_MORE, /* Enter alone */
    ASK_FAILED,  /* the input ended, the terminal is gone, or no memory: a fault */
};

/* What is known of the set whose parts are asked for. */
struct ask_set {
    const struct slip39_part *known; /* given before */
    size_t count;
    bool own; /* the one part that whoever types holds is asked for, whatever its number */
    char wanted[ASK_WANTED_BYTES]; /* what the right pages say, for sentences; "": any set */
    uint16_t wanted_id;
    size_t wanted_words; /* of each part; 0: not known */
    bool left_out;       /* with ASK_NO_MORE: the part typed last was wrong and is not among them */
};

/* Says how to type. */
void ask_welcome(void);

/* Asks for the next part. */
enum ask_answer ask_part(struct ask_set *set, struct slip39_part *out, struct fault *fault);

/* Asks for one line of something else, not shown; blocks. Failed at the end of the input, too. */
enum ask_answer ask_line(const char *prompt, struct secret **out, struct fault *fault);

#endif
