#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/base/clock.h"
#include "audit/sinks/sink_inside.h"

#define STACK_BYTES ((size_t)256 * 1024)
#define IDLE_MS 1000 /* a look around at least so often, should a wake be missed */
#define BACKOFF_LAST_MS 30000

void sink_signal(int fd)
{
    uint64_t one = 1;
    ssize_t put = write(fd, &one, sizeof one);
    (void)put; /* full: it is signalled then */
}

/* A waiting sink holds little memory. */
static void sink_rest(struct sink *sink)
{
    if (batch_is_sent(&sink->batch)) {
        batch_clear(&sink->batch, sink->batch.next);
    }
}

static void sink_pause(struct sink *sink, int64_t wait_ms)
{
    if (atomic_load(&sink->stop_asked)) {
        int64_t left_ms = atomic_load(&sink->stop_deadline_ms) - clock_boot_ms();
        wait_ms = left_ms < wait_ms ? left_ms : wait_ms;
    }
    struct pollfd wake = {.fd = sink->wake, .events = POLLIN};
    if (poll(&wake, 1, wait_ms < 0 ? 0 : (int)wait_ms) == 1) {
        uint64_t count;
        ssize_t taken = read(sink->wake, &count, sizeof count);
        (void)taken; /* it only ends the wait */
    }
}

/* Somewhere between half and all of a time that doubles: sinks that failed together do not come
 * back together. */
static void sink_back_off(struct sink *sink)
{
    int64_t half_ms = sink->backoff_ms / 2;
    sink_rest(sink);
    sink_pause(sink, half_ms + (int64_t)arc4random_uniform((uint32_t)half_ms + 1));
    sink->backoff_ms *= 2;
    if (sink->backoff_ms > BACKOFF_LAST_MS) {
        sink->backoff_ms = BACKOFF_LAST_MS;
    }
}

static void sink_wait_for_news(struct sink *sink)
{
    int64_t wait_ms = IDLE_MS;
    if (sink->dirty) {
        int64_t due_ms = sink->synced_ms + SYNC_MS - clock_boot_ms();
        wait_ms = due_ms < 0 ? 0 : due_ms;
    }
    sink_rest(sink);
    if (log_failed(sink->log)) {
        sink_pause(sink, wait_ms); /* a dead log does not let anybody wait */
    } else {
        log_wait_beyond(sink->log, sink->batch.next, wait_ms);
    }
}

static bool sink_goes_on(const struct sink *sink)
{
    if (!atomic_load(&sink->stop_asked)) {
        return true;
    }
    return clock_boot_ms() < atomic_load(&sink->stop_deadline_ms) &&
           (!sink_is_caught_up(sink) || atomic_load(&sink->reopen_asked));
}

static void *sink_main(void *argument)
{
    struct sink *sink = argument;
    while (sink_goes_on(sink)) {
        struct fault fault;
        fault_clear(&fault);
        enum err err = sink_step(sink, &fault);
        sink_report(sink, TROUBLE_LINES, err, &fault);
        sink_show(sink);
        if (err != OK) {
            sink_back_off(sink);
            continue;
        }
        sink->backoff_ms = BACKOFF_FIRST_MS;
        if (sink_is_caught_up(sink) && sink_goes_on(sink) && !atomic_load(&sink->reopen_asked)) {
            sink_wait_for_news(sink);
        }
    }
    if (sink->open && sink->dirty) {
        struct fault fault;
        fault_clear(&fault);
        enum err err = sink_sync(sink, &fault);
        sink_report(sink, TROUBLE_LINES, err, &fault);
    }
    sink_say_unreadable(sink, true);
    sink_rest(sink);
    sink_signal(sink->ended);
    return NULL;
}

enum err sink_start_thread(struct sink *sink, struct fault *fault)
{
    static const int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    sigset_t blocked;
    sigset_t before;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof own_faults / sizeof own_faults[0]; i++) {
        sigdelset(&blocked, own_faults[i]);
    }
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int failed = pthread_create(&sink->thread, &attributes, sink_main, sink);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failed != 0) {
        return fault_set(fault, ERR_IO, REASON_internal, NULL,
                         "The thread of sink %s could not be started: %s", sink->name,
                         strerror(failed));
    }
    return OK;
}
