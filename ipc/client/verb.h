/* The words behind a command: its options and arguments, read into places by a table. Says what is
 * wrong with them as all of guardianctl does. Not thread-safe (getopt). */
#ifndef IPC_CLIENT_VERB_H
#define IPC_CLIENT_VERB_H

#include "ipc/client/client.h"

#define VERB_LIST_MAX 64

/* What an option that may stand several times was given. */
struct verb_list {
    const char *items[VERB_LIST_MAX];
    size_t count;
};

/* Exactly one place. Texts go to the daemon and must be UTF-8; a number is one without a sign. */
struct verb_option {
    const char *name; /* without --; NULL ends a table */
    char letter;      /* 0: none */
    bool required;
    const char **text;
    const char **file;
    const char **number;
    bool *flag;
    struct verb_list *files;
};

struct verb_argument {
    const char *name; /* as the help has it: LOGIN; NULL ends a table */
    const char **text;
    bool optional;
};

struct verb {
    const char *name; /* "guardian add" */
    const char *help;
    const struct verb_option *options;
    const struct verb_argument *arguments;
};

/* Reads them, in any order. Returns an exit code to end with (--help, wrong usage), or -1. */
int verb_read(const struct client *client, const struct verb *verb, int argc, char **argv);

/* Writing params of a call: "name":value, each but the first with a comma in front. Texts that are
 * NULL, and what is false, are left out. */
void params_text(struct buffer *params, const char *name, const char *text);
void params_slice(struct buffer *params, const char *name, struct slice text);
void params_number(struct buffer *params, const char *name, const char *digits);
void params_true(struct buffer *params, const char *name, bool value);

/* The list of "a,b,c" as a JSON array of texts. */
void params_list(struct buffer *params, const char *name, const char *list);

#endif
