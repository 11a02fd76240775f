#include "ipc/client/offline/terminal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT};
#define SIGNALS (sizeof signals / sizeof signals[0])

/* The one that is open. Signals have no other way to it. */
static struct {
    bool open;
    int screen;       /* to write on */
    int signalled[2]; /* a pipe of the signals that came, an octet each */
    const char *stopped;
    struct termios before;
    struct sigaction actions_before[SIGNALS];
    sigset_t mask_before;
} terminal;

/* A program that talks to a daemon has other threads, and the kernel may choose one of them: so who
 * waits for a line hears of it through a pipe. */
static void catch_signal(int number)
{
    int kept = errno;
    uint8_t octet = (uint8_t)number;
    ssize_t written = write(terminal.signalled[1], &octet, 1);
    (void)written; /* a full pipe holds signals enough */
    errno = kept;
}

/* The signal that came, 0: none. */
static int next_signal(void)
{
    uint8_t octet = 0;
    return read(terminal.signalled[0], &octet, 1) == 1 ? octet : 0;
}

static bool hide(void)
{
    struct termios hidden = terminal.before;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    hidden.c_lflag |= ICANON | ISIG;
    return tcsetattr(STDIN_FILENO, TCSADRAIN, &hidden) == 0;
}

/* What they do is done while waiting for a line: so nothing comes between hiding and being ready to
 * show again. */
static void take_signals(void)
{
    sigset_t held;
    struct sigaction action = {.sa_handler = catch_signal};
    sigemptyset(&held);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaddset(&held, signals[i]);
    }
    sigprocmask(SIG_BLOCK, &held, &terminal.mask_before);
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &terminal.actions_before[i]);
        if (terminal.actions_before[i].sa_handler != SIG_IGN) {
            sigaction(signals[i], &action, NULL);
        }
    }
}

static void give_back_signals(void)
{
    for (size_t i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], &terminal.actions_before[i], NULL);
    }
    sigprocmask(SIG_SETMASK, &terminal.mask_before, NULL);
}

enum err terminal_open(const char *stopped, struct fault *fault)
{
    assert(!terminal.open);
    terminal.screen = open("/dev/tty", O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (terminal.screen < 0) {
        terminal.screen = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    }
    if (terminal.screen < 0 || tcgetattr(STDIN_FILENO, &terminal.before) != 0) {
        return fault_set(fault, ERR_IO, REASON_io, NULL, "The terminal cannot be used: %s.",
                         strerror(errno));
    }
    if (pipe2(terminal.signalled, O_CLOEXEC | O_NONBLOCK) != 0) {
        (void)close(terminal.screen);
        return fault_set(fault, ERR_IO, REASON_io, NULL, "The terminal cannot be used: %s.",
                         strerror(errno));
    }
    take_signals();
    terminal.stopped = stopped;
    terminal.open = true;
    if (!hide()) {
        terminal_close();
        return fault_set(fault, ERR_IO, REASON_io, NULL,
                         "The terminal does not let typing be hidden: %s.", strerror(errno));
    }
    return OK;
}

void terminal_close(void)
{
    if (terminal.open) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal.before);
        give_back_signals();
        int late = next_signal(); /* it came when no line was waited for any more */
        (void)close(terminal.signalled[0]);
        (void)close(terminal.signalled[1]);
        (void)close(terminal.screen);
        terminal.open = false;
        if (late != 0) {
            (void)raise(late);
        }
    }
}

/* Lets a signal that came do what it would have done, the terminal shown again meanwhile. */
static void pass_on(int number)
{
    if (number != SIGCONT) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal.before);
        terminal_write("\n");
        if (number != SIGTSTP) {
            terminal_write(terminal.stopped);
            terminal_write("\n");
        }
        give_back_signals();
        (void)raise(number); /* most end the process here; after a stop it goes on below */
        take_signals();
    }
    (void)hide(); /* whoever continued us may have shown it */
    terminal_write(number == SIGCONT ? "" : "(go on) ");
}

/* Waits for a line to be typed; false if that fails. */
static bool wait_for_line(void)
{
    struct pollfd inputs[] = {{.fd = terminal.signalled[0], .events = POLLIN},
                              {.fd = STDIN_FILENO, .events = POLLIN}};
    for (;;) {
        int ready = ppoll(inputs, 2, NULL, &terminal.mask_before);
        if (ready < 0 && errno != EINTR) {
            return false;
        }
        int number = next_signal();
        if (number != 0) {
            pass_on(number);
        } else if (ready > 0 && inputs[1].revents != 0) {
            return true;
        }
    }
}

enum terminal_read terminal_line(struct secret *out)
{
    assert(out->capacity >= TERMINAL_LINE_BYTES);
    secret_clear(out);
    ssize_t taken = -1;
    while (taken < 0) {
        if (!wait_for_line()) {
            return TERMINAL_FAILED;
        }
        taken = read(STDIN_FILENO, out->data, out->capacity);
        if (taken < 0 && errno != EINTR && errno != EAGAIN) {
            return TERMINAL_FAILED;
        }
    }
    terminal_write("\n"); /* the one typed was not shown */
    if (taken == 0) {
        return TERMINAL_END;
    }
    out->length = (size_t)taken;
    while (out->length > 0 &&
           (out->data[out->length - 1] == '\n' || out->data[out->length - 1] == '\r')) {
        out->length--;
    }
    return TERMINAL_LINE;
}

enum err terminal_fault(enum terminal_read read, struct fault *fault)
{
    return fault_set(fault, ERR_IO, REASON_io, NULL, "%s %s",
                     read == TERMINAL_END ? "The input ended (Ctrl-D, or the terminal was closed)."
                                          : "The terminal could not be read.",
                     terminal.stopped);
}

void terminal_write_slice(struct slice text)
{
    size_t written = 0;
    while (written < text.length) {
        ssize_t taken = write(terminal.screen, text.data + written, text.length - written);
        if (taken < 0 && errno != EINTR) {
            return; /* a terminal that is gone: the next read says so */
        }
        written += taken > 0 ? (size_t)taken : 0;
    }
}

void terminal_write(const char *text)
{
    terminal_write_slice(slice_of(text));
}

void terminal_erase_rows(unsigned rows)
{
    for (unsigned i = 0; i < rows; i++) {
        terminal_write("\033[A\033[2K"); /* one row up, emptied */
    }
    terminal_write("\r");
}
