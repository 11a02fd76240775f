/* The tools of the desk drawer: joining and splitting a key without daemon, network, configuration
 * or state. guardian-combine and guardianctl are the same code here.
 *
 * Both protect the process (no core dumps, no debugger) before they read a secret, read with
 * read(2) and write with write(2), and on any failure print nothing on standard output and one line
 * on standard error that never holds a word of a part or a piece of a key. Not thread-safe: they
 * are a program's whole work. Follows parts.md section 10. */
#ifndef IPC_CLIENT_OFFLINE_OFFLINE_H
#define IPC_CLIENT_OFFLINE_OFFLINE_H

enum offline_exit {
    OFFLINE_DONE = 0,
    OFFLINE_REFUSED = 1,
    OFFLINE_USAGE = 2,
    OFFLINE_MISMATCH = 4, /* the parts combine, but not to --expect */
};

/* From now on refusals and wrong usage ({"error":{…}}) and notes ({"note":…}) are JSON documents on
 * standard error, one a line: guardianctl --json. */
void offline_tell_json(void);

/* Combines parts from standard input to a key on standard output. program is what messages begin
 * with
 * ("guardian-combine"); argv[0] is not looked at. */
enum offline_exit offline_combine(const char *program, int argc, char **argv);

/* Splits a key from standard input to parts on standard output. */
enum offline_exit offline_split(const char *program, int argc, char **argv);

#endif
