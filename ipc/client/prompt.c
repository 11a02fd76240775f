#include "ipc/client/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* What would end or stop the program and leave the terminal mute. */
static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

#define CAUGHT (sizeof caught / sizeof caught[0])

static volatile sig_atomic_t arrived; /* the signal, 0 if none */

static void take_down(int signal_number)
{
    arrived = signal_number;
}

/* The terminal while it asks, and what is to be put back. */
struct asking {
    int fd;
    struct termios mode;
    sigset_t mask;
    struct sigaction actions[CAUGHT];
};

static enum err refuse_terminal(struct fault *fault, const char *what)
{
    const char *why = strerrordesc_np(errno);
    return fault_set(fault, ERR_IO, REASON_io, NULL,
                     "The terminal cannot be %s: %s. A secret is asked for on a terminal only; "
                     "without one, give it as a file.",
                     what, why == NULL ? "unknown error" : why);
}

/* ---- octets ---- */

static bool write_all(int fd, const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t written = write(fd, at, length);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        at += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

static bool write_text(int fd, const char *text)
{
    return write_all(fd, text, strlen(text));
}

/* ---- the terminal without echo, signals held back ---- */

/* Signals come in while it waits and nowhere else, so that none is missed between a look and a
 * wait. Those that are ignored stay so. */
static void hold_signals(struct asking *asking)
{
    struct sigaction take = {.sa_handler = take_down};
    sigset_t held;
    sigemptyset(&take.sa_mask);
    sigemptyset(&held);
    for (size_t i = 0; i < CAUGHT; i++) {
        sigaddset(&held, caught[i]);
    }
    arrived = 0;
    sigprocmask(SIG_BLOCK, &held, &asking->mask);
    for (size_t i = 0; i < CAUGHT; i++) {
        sigaction(caught[i], NULL, &asking->actions[i]);
        if (asking->actions[i].sa_handler != SIG_IGN) {
            sigaction(caught[i], &take, NULL);
        }
    }
}

/* Puts all back as it was; a signal that came in meanwhile does now what it would have done. */
static void let_go(struct asking *asking)
{
    int why = errno;
    tcsetattr(asking->fd, TCSAFLUSH, &asking->mode); /* what was typed too much is thrown away */
    for (size_t i = 0; i < CAUGHT; i++) {
        sigaction(caught[i], &asking->actions[i], NULL);
    }
    if (arrived != 0) {
        kill(getpid(), arrived);
    }
    sigprocmask(SIG_SETMASK, &asking->mask, NULL);
    errno = why;
}

static bool silence(struct asking *asking)
{
    struct termios silent = asking->mode;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    silent.c_lflag |= ICANON | ISIG; /* a line at a time, and Ctrl-C, whatever was before */
    silent.c_iflag |= ICRNL;
    return tcsetattr(asking->fd, TCSAFLUSH, &silent) == 0;
}

/* ---- asking ---- */

enum answer { ANSWER_READ, ANSWER_TOO_LONG, ANSWER_NONE, ANSWER_INTERRUPTED };

/* Takes what the terminal has; true when the line is whole. */
static bool take_octets(struct secret *answer, ssize_t got, enum answer *out)
{
    if (got <= 0) {
        *out = ANSWER_NONE;
        return true;
    }
    answer->length += (size_t)got;
    if (answer->data[answer->length - 1] == '\n') {
        answer->length--;
        answer->data[answer->length] = 0;
        *out = ANSWER_READ;
        return true;
    }
    *out = ANSWER_TOO_LONG;
    return answer->length == answer->capacity;
}

/* Reads one line into guarded memory, no more than it holds. */
static enum answer read_line(const struct asking *asking, struct secret *answer)
{
    struct pollfd ready = {.fd = asking->fd, .events = POLLIN};
    enum answer result = ANSWER_NONE;
    bool done = false;
    while (!done) {
        int waited = ppoll(&ready, 1, NULL, &asking->mask);
        if (arrived != 0) {
            return ANSWER_INTERRUPTED;
        }
        if (waited < 0 && errno == EINTR) {
            continue;
        }
        ssize_t got = waited < 0 ? -1
                                 : read(asking->fd, answer->data + answer->length,
                                        answer->capacity - answer->length);
        done = take_octets(answer, got, &result);
    }
    return result;
}

/* Asks once. */
static enum answer ask(struct asking *asking, const char *question, struct secret *answer)
{
    enum answer result = ANSWER_NONE;
    hold_signals(asking);
    if (silence(asking) && write_text(asking->fd, question)) {
        result = read_line(asking, answer);
        (void)write_text(asking->fd, "\n"); /* the person's own was not shown */
    }
    let_go(asking);
    return result;
}

static enum err refuse_answer(enum answer result, size_t most, struct fault *fault)
{
    switch (result) {
    case ANSWER_TOO_LONG:
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_long, NULL,
                         "The answer has more than %zu octets. Give a shorter one.", most);
    case ANSWER_INTERRUPTED:
        return fault_set(fault, ERR_IO, REASON_io, NULL, "Asking was interrupted.");
    case ANSWER_NONE:
    case ANSWER_READ:
        break;
    }
    return fault_set(fault, ERR_IO, REASON_io, NULL,
                     "The terminal gave no answer: it was closed, or the input ended.");
}

enum err prompt_secret(const char *question, size_t most, struct secret **out_answer,
                       struct fault *fault)
{
    struct asking asking = {.fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)};
    if (asking.fd < 0) {
        return refuse_terminal(fault, "opened");
    }
    enum err err = OK;
    struct secret *answer = secret_new(most + 1); /* and the line's end */
    if (answer == NULL) {
        err = fault_no_memory(fault);
    } else if (tcgetattr(asking.fd, &asking.mode) != 0) {
        err = refuse_terminal(fault, "asked");
    } else {
        enum answer result = ask(&asking, question, answer);
        while (result == ANSWER_INTERRUPTED && arrived == SIGTSTP) {
            secret_clear(answer); /* stopped and brought back: ask anew */
            result = ask(&asking, question, answer);
        }
        err = result == ANSWER_READ ? OK : refuse_answer(result, most, fault);
    }
    close(asking.fd);
    if (err != OK) {
        secret_free(answer);
        return err;
    }
    *out_answer = answer;
    return OK;
}

enum err prompt_show(const char *before, const struct secret *secret, const char *behind,
                     struct fault *fault)
{
    int fd = open("/dev/tty", O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return refuse_terminal(fault, "opened");
    }
    bool shown = write_text(fd, before) && write_all(fd, secret->data, secret->length) &&
                 write_text(fd, behind);
    enum err err = shown ? OK : refuse_terminal(fault, "written to");
    close(fd);
    return err;
}
