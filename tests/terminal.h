/* A program at a terminal of its own, as a person sits at it: what it shows is read, what it asks
 * is answered. Each wait has a limit. */
#ifndef TESTS_TERMINAL_H
#define TESTS_TERMINAL_H

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define TERMINAL_WAIT_MS 60000

struct terminal {
    int fd; /* the person's side */
    pid_t child;
    char seen[16384]; /* all that was shown, ended by a NUL */
    size_t length;
    size_t answered; /* how much of it was there at the last expectation */
    bool echoes_at_end;
};

/* As fork: 0 in the child, whose standard streams are the terminal. */
static inline pid_t terminal_fork(struct terminal *terminal)
{
    memset(terminal, 0, sizeof *terminal);
    terminal->child = forkpty(&terminal->fd, NULL, NULL, NULL);
    return terminal->child;
}

/* Starts the program (found in PATH) with its standard streams at the terminal. */
static inline bool terminal_run(struct terminal *terminal, const char *const *argv)
{
    if (terminal_fork(terminal) == 0) {
        char *arguments[16] = {NULL};
        for (size_t i = 0; argv[i] != NULL && i < 15; i++) {
            arguments[i] = strdup(argv[i]);
        }
        execvp(arguments[0], arguments);
        _exit(127);
    }
    return terminal->child > 0;
}

/* Reads what is shown next. False at the end, or when nothing comes. */
static inline bool terminal_read(struct terminal *terminal)
{
    struct pollfd ready = {.fd = terminal->fd, .events = POLLIN};
    size_t room = sizeof terminal->seen - 1 - terminal->length;
    if (room == 0 || poll(&ready, 1, TERMINAL_WAIT_MS) != 1) {
        return false;
    }
    ssize_t got = read(terminal->fd, terminal->seen + terminal->length, room);
    if (got <= 0) {
        return got < 0 && errno == EINTR;
    }
    terminal->length += (size_t)got;
    terminal->seen[terminal->length] = '\0';
    return true;
}

/* Waits until the text is shown behind what was expected before. */
static inline bool terminal_expect(struct terminal *terminal, const char *text)
{
    const char *found;
    while ((found = strstr(terminal->seen + terminal->answered, text)) == NULL) {
        if (!terminal_read(terminal)) {
            fprintf(stderr, "not shown: %s\nshown: %s\n", text, terminal->seen);
            return false;
        }
    }
    terminal->answered = (size_t)(found - terminal->seen) + strlen(text);
    return true;
}

static inline bool terminal_type(struct terminal *terminal, const char *text)
{
    return write(terminal->fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* Does it show what is typed? */
static inline bool terminal_echoes(const struct terminal *terminal)
{
    struct termios mode;
    return tcgetattr(terminal->fd, &mode) == 0 && (mode.c_lflag & ECHO) != 0;
}

/* Reads on to the end; the exit code, or minus the signal it died of. */
static inline int terminal_end(struct terminal *terminal)
{
    int status = 0;
    while (terminal_read(terminal)) {
    }
    if (waitpid(terminal->child, &status, 0) != terminal->child) {
        return -1000;
    }
    terminal->echoes_at_end = terminal_echoes(terminal);
    close(terminal->fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#endif
