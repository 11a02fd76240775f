#include "audit/sinks/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "audit/base/clock.h"
#include "audit/base/diag.h"
#include "audit/base/file.h"
#include "audit/base/memory.h"
#include "audit/sinks/batch.h"
#include "audit/sinks/cursor.h"
#include "audit/sinks/transport.h"

#define STACK_BYTES ((size_t)256 * 1024)
#define IDLE_MS 1000 /* a look around at least so often, should a wake be missed */
#define SYNC_MS 1000 /* fdatasync and cursor at most so often */
#define CHECK_MS 500 /* a look at the receiver at most so often */
#define BACKOFF_FIRST_MS 100
#define BACKOFF_LAST_MS 30000
#define UNREADABLE_SAID_MS 60000
#define STOP_WAKE_MS 20

/* What can go wrong and come right again independently. */
enum trouble { TROUBLE_LINES, TROUBLE_CURSOR, TROUBLE_COUNT };

struct sink {
    /* Set by sink_start, then constant. */
    char name[64];
    char url[512];
    char *cursor_directory;
    char *types[SINK_TYPES_MAX];
    struct batch_filter filter;
    struct render_options render;
    struct log *log;
    struct transport *transport;
    pthread_t thread;
    int wake; /* eventfd: ends a back-off */

    /* Asked for from outside. */
    atomic_bool reopen_asked;
    atomic_bool stop_asked;
    atomic_int_least64_t stop_deadline_ms; /* set before stop_asked */
    int ended;                             /* eventfd: the thread is through */

    /* The thread's own. */
    struct batch batch;
    struct cursor synced;  /* what is durable with the receiver */
    uint64_t synced_lines; /* of `lines` */
    uint64_t lines;        /* sent since start */
    bool open;             /* the transport */
    bool dirty;            /* something to sync or to save */
    bool sync_failed;      /* then the next sync does not wait for its time */
    int64_t synced_ms;
    int64_t checked_ms;
    int64_t backoff_ms;
    int64_t unreadable_said_ms;
    bool in_trouble[TROUBLE_COUNT];

    pthread_mutex_t lock; /* leaf; guards shown */
    struct sink_status shown;
};

static void signal_event(int fd)
{
    uint64_t one = 1;
    ssize_t put = write(fd, &one, sizeof one);
    (void)put; /* full: it is signalled then */
}

/* ---- what others see ---------------------------------------------------------------------------
 */

static void sink_show(struct sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    sink->shown.cursor = batch_delivered(&sink->batch);
    sink->shown.lines = sink->lines;
    pthread_mutex_unlock(&sink->lock);
}

/* Notes how an attempt went, and says so when that changes. */
static void sink_report(struct sink *sink, enum trouble trouble, enum err err,
                        const struct fault *fault)
{
    static const char *const begins[] = {
        [TROUBLE_LINES] = "a sink fails: nothing is lost, it goes on as soon as it can",
        [TROUBLE_CURSOR] = "a sink cannot save its cursor: it writes on and tries again"};
    static const char *const is_over[] = {[TROUBLE_LINES] = "a sink works again",
                                          [TROUBLE_CURSOR] = "a sink can save its cursor again"};
    bool was = sink->in_trouble[trouble];
    sink->in_trouble[trouble] = err != OK;
    pthread_mutex_lock(&sink->lock);
    if (err != OK) {
        snprintf(sink->shown.last_error, sizeof sink->shown.last_error, "%s", fault->sentence);
    }
    sink->shown.failing = sink->in_trouble[TROUBLE_LINES] || sink->in_trouble[TROUBLE_CURSOR];
    pthread_mutex_unlock(&sink->lock);
    if (err != OK && !was) {
        diag_say(DIAG_WARNING, begins[trouble], "sink", sink->name, "error", fault->sentence, NULL);
    } else if (err == OK && was) {
        diag_say(DIAG_NOTICE, is_over[trouble], "sink", sink->name, NULL);
    }
}

static void sink_say_note(const struct sink *sink, const struct transport_note *note)
{
    char offset[24];
    char octets[24];
    snprintf(offset, sizeof offset, "%" PRIu64, note->offset);
    snprintf(octets, sizeof octets, "%" PRIu64, note->octets);
    diag_say(DIAG_NOTICE, note->what, "sink", sink->name, "file", note->file, "offset", offset,
             "octets", octets, NULL);
}

/* Entries that are no lines are missing for whoever watches: they are said, but a run of them does
 * not flood stderr. */
static void sink_say_unreadable(struct sink *sink, bool at_once)
{
    struct batch *batch = &sink->batch;
    int64_t now_ms = clock_boot_ms();
    if (batch->unreadable == 0 ||
        (!at_once && now_ms - sink->unreadable_said_ms < UNREADABLE_SAID_MS)) {
        return;
    }
    char index[24];
    char count[24];
    snprintf(index, sizeof index, "%" PRIu64, batch->unreadable_index);
    snprintf(count, sizeof count, "%" PRIu64, batch->unreadable);
    diag_say(DIAG_ERROR, "a sink passes over entries that give no line", "sink", sink->name,
             "first", index, "count", count, "error", batch->unreadable_reason.sentence, NULL);
    pthread_mutex_lock(&sink->lock);
    snprintf(sink->shown.last_error, sizeof sink->shown.last_error,
             "Entry %s gives no line: %.440s", index, batch->unreadable_reason.sentence);
    pthread_mutex_unlock(&sink->lock);
    batch->unreadable = 0;
    sink->unreadable_said_ms = now_ms;
}

/* ---- the work, step by step --------------------------------------------------------------------
 */

/* What was sent becomes durable with the receiver first, then the cursor says so: it is never ahead
 * of the truth. A cursor that cannot be saved is no reason to stop: the file tells as well. */
static enum err sink_sync(struct sink *sink, struct fault *fault)
{
    struct cursor cursor = {.next = batch_delivered(&sink->batch)};
    enum err err = sink->transport->type->sync(sink->transport, cursor.place, fault);
    sink->synced_ms = clock_boot_ms();
    sink->sync_failed = err != OK;
    if (err != OK) {
        batch_clear(&sink->batch, sink->synced.next); /* undone: all of it goes again */
        sink->lines = sink->synced_lines;
        sink->dirty = true;
        return err;
    }
    sink->synced = cursor;
    sink->synced_lines = sink->lines;
    struct fault why;
    fault_clear(&why);
    enum err saved = cursor_save(sink->cursor_directory, sink->name, &cursor, &why);
    sink_report(sink, TROUBLE_CURSOR, saved, &why);
    sink->dirty = saved != OK;
    return OK;
}

static enum err refuse_shorter_log(const char *who, uint64_t knows, uint64_t size,
                                   struct fault *fault)
{
    return fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                     "%s has entry %" PRIu64 ", but the log ends before entry %" PRIu64
                     ": the log has lost entries, or this belongs to another log. Restore the log, "
                     "or move the file away.",
                     who, knows - 1, size);
}

/* Opens the transport and settles where to go on: what the receiver has is not sent again. */
static enum err sink_open(struct sink *sink, struct fault *fault)
{
    struct transport_found found = {0};
    enum err err = sink->transport->type->open(sink->transport, &sink->synced, &found, fault);
    if (err != OK) {
        return err;
    }
    for (size_t i = 0; i < found.note_count; i++) {
        sink_say_note(sink, &found.notes[i]);
    }
    uint64_t size = log_size(sink->log);
    if (found.next > size) {
        sink->transport->type->shut(sink->transport);
        return refuse_shorter_log(found.from, found.next, size, fault);
    }
    if (found.next > batch_delivered(&sink->batch) || found.lost) {
        batch_clear(&sink->batch, found.next);
    }
    sink->open = true;
    return sink_sync(sink, fault);
}

/* A rotated file is let go only when all that went into it is durable and the cursor says so. */
static enum err sink_turn_over(struct sink *sink, struct fault *fault)
{
    enum err err = OK;
    if (sink->open) {
        err = sink_sync(sink, fault);
        sink->transport->type->shut(sink->transport);
        sink->open = false;
    }
    return err;
}

/* The reader lives no longer than this: an open one pins a journal segment, and a sink that then
 * waited for its receiver would in the end let appends wait for it. */
static enum err sink_fill(struct sink *sink, struct fault *fault)
{
    struct log_reader *reader;
    enum err err = log_reader_open(sink->log, &reader);
    if (err != OK) {
        return fault_set(fault, err, REASON_none, NULL, "The log could not be opened to read: %s.",
                         err_text(err));
    }
    uint64_t before = sink->batch.next;
    err =
        batch_fill(&sink->batch, reader, log_size(sink->log), &sink->filter, &sink->render, fault);
    log_reader_close(reader);
    sink->dirty = sink->dirty || sink->batch.next != before;
    sink_say_unreadable(sink, false);
    return err;
}

static enum err sink_send(struct sink *sink, struct fault *fault)
{
    size_t before = sink->batch.sent;
    enum err err = sink->transport->type->send(sink->transport, &sink->batch, fault);
    sink->lines += sink->batch.sent - before;
    return err;
}

static bool sink_is_caught_up(const struct sink *sink)
{
    return batch_delivered(&sink->batch) >= log_size(sink->log);
}

/* A file that was deleted, say: nobody would say so if there is nothing to send. */
static enum err sink_check(struct sink *sink, struct fault *fault)
{
    int64_t now_ms = clock_boot_ms();
    struct transport_note note = {0};
    if (now_ms - sink->checked_ms < CHECK_MS) {
        return OK;
    }
    sink->checked_ms = now_ms;
    enum err err = sink->transport->type->check(sink->transport, &note, fault);
    if (note.what != NULL) {
        sink_say_note(sink, &note);
    }
    return err;
}

/* The receiver is gone: what is not surely with it goes again when it is back. */
static void sink_let_go(struct sink *sink)
{
    if (sink->open) {
        sink->transport->type->shut(sink->transport);
        sink->open = false;
        batch_clear(&sink->batch, sink->synced.next);
        sink->lines = sink->synced_lines;
    }
}

/* One round: whatever is there to be done now. An error leaves everything so that the next round
 * goes on without losing or doubling a line. */
static enum err sink_step(struct sink *sink, struct fault *fault)
{
    enum err err = OK;
    if (atomic_exchange(&sink->reopen_asked, false)) {
        err = sink_turn_over(sink, fault);
    }
    if (err == OK && !sink->open) {
        err = sink_open(sink, fault);
    } else if (err == OK) {
        err = sink_check(sink, fault);
    }
    if (err == OK && batch_is_sent(&sink->batch) && !sink_is_caught_up(sink)) {
        err = sink_fill(sink, fault);
    }
    if (err == OK && !batch_is_sent(&sink->batch)) {
        err = sink_send(sink, fault);
    }
    if (err == OK && sink->dirty &&
        (sink->sync_failed || clock_boot_ms() - sink->synced_ms >= SYNC_MS)) {
        err = sink_sync(sink, fault);
    }
    if (err == ERR_CLOSED) {
        sink_let_go(sink);
    }
    return err;
}

/* ---- waiting -----------------------------------------------------------------------------------
 */

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
    signal_event(sink->ended);
    return NULL;
}

/* ---- the door ----------------------------------------------------------------------------------
 */

enum err sink_known_size(const char *cursor_directory, uint64_t *out, struct fault *fault)
{
    return cursor_known_size(cursor_directory, out, fault);
}

static char *copy_text(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = memory_allocate(bytes);
    if (copy != NULL) {
        memcpy(copy, text, bytes);
    }
    return copy;
}

static void sink_free(struct sink *sink)
{
    if (sink->transport != NULL) {
        sink->transport->type->free(sink->transport);
    }
    batch_done(&sink->batch);
    for (size_t i = 0; i < SINK_TYPES_MAX; i++) {
        memory_free(sink->types[i]);
    }
    memory_free(sink->cursor_directory);
    if (sink->wake >= 0) {
        close(sink->wake);
    }
    if (sink->ended >= 0) {
        close(sink->ended);
    }
    pthread_mutex_destroy(&sink->lock);
    memory_free(sink);
}

static enum err check_options(const struct sink_options *options, struct fault *fault)
{
    if (!cursor_name_is_good(options->name)) {
        return fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                         "\"%s\" cannot be the name of a sink: it names its cursor file. It has 1 "
                         "to %d letters, digits, '_', '-' or '.', and does not begin with '.'.",
                         options->name, CURSOR_NAME_MAX);
    }
    if (transport_find(options->url) == NULL ||
        strlen(options->url) >= sizeof((struct sink){0}.url)) {
        return fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                         "Sink %s cannot write to %.200s. It is written file:///folder/name.",
                         options->name, options->url);
    }
    if (options->type_count > SINK_TYPES_MAX) {
        return fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                         "Sink %s has %zu type patterns; it takes at most %d.", options->name,
                         options->type_count, SINK_TYPES_MAX);
    }
    return OK;
}

static enum err copy_options(struct sink *sink, const struct sink_options *options,
                             struct fault *fault)
{
    snprintf(sink->name, sizeof sink->name, "%s", options->name);
    snprintf(sink->url, sizeof sink->url, "%s", options->url);
    snprintf(sink->shown.name, sizeof sink->shown.name, "%s", options->name);
    snprintf(sink->shown.url, sizeof sink->shown.url, "%s", options->url);
    sink->render = options->render;
    sink->filter = (struct batch_filter){.types = (const char *const *)sink->types,
                                         .type_count = options->type_count,
                                         .severity_max = options->severity_max};
    sink->cursor_directory = copy_text(options->cursor_directory);
    bool copied = sink->cursor_directory != NULL;
    for (size_t i = 0; copied && i < options->type_count; i++) {
        sink->types[i] = copy_text(options->types[i]);
        copied = sink->types[i] != NULL;
    }
    if (!copied) {
        return fault_no_memory(fault);
    }
    sink->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sink->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (sink->wake < 0 || sink->ended < 0) {
        return fault_set(fault, ERR_IO, REASON_io, NULL, "eventfd failed: %s", strerror(errno));
    }
    return OK;
}

/* The cursor as it was left, and a proof that it can be saved: better now than in an hour. */
static enum err take_cursor(struct sink *sink, struct fault *fault)
{
    enum err err = file_make_directory(sink->cursor_directory, fault);
    if (err == OK) {
        err = cursor_load(sink->cursor_directory, sink->name, &sink->synced, fault);
    }
    if (err != OK) {
        return err;
    }
    uint64_t size = log_size(sink->log);
    if (sink->synced.next > size) {
        char file[256];
        snprintf(file, sizeof file, "The cursor %s/%s", sink->cursor_directory, sink->name);
        return refuse_shorter_log(file, sink->synced.next, size, fault);
    }
    return cursor_save(sink->cursor_directory, sink->name, &sink->synced, fault);
}

/* Signals are main's: none but those of a fault of our own reaches this thread. SIGXFSZ too: a file
 * that may not grow further is an error of write, not the end of the process. */
static enum err start_thread(struct sink *sink, struct fault *fault)
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

/* A receiver that is not there yet (a disk not mounted, a full one) does not keep the rest from
 * starting: the thread tries again. */
static enum err open_or_wait(struct sink *sink, struct fault *fault)
{
    enum err err = sink_open(sink, fault);
    if (err == ERR_IO) {
        sink_report(sink, TROUBLE_LINES, err, fault);
        fault_clear(fault);
        err = OK;
    }
    return err;
}

enum err sink_start(const struct sink_options *options, struct log *log, struct sink **out,
                    struct fault *fault)
{
    enum err err = check_options(options, fault);
    if (err != OK) {
        return err;
    }
    struct sink *sink = memory_allocate_zeroed(sizeof *sink);
    if (sink == NULL) {
        return fault_no_memory(fault);
    }
    sink->wake = -1;
    sink->ended = -1;
    sink->log = log;
    sink->backoff_ms = BACKOFF_FIRST_MS;
    sink->unreadable_said_ms = -UNREADABLE_SAID_MS;
    pthread_mutex_init(&sink->lock, NULL);
    batch_init(&sink->batch, 0);
    err = copy_options(sink, options, fault);
    if (err == OK) {
        err = take_cursor(sink, fault);
    }
    if (err == OK) {
        batch_clear(&sink->batch, sink->synced.next);
        const struct transport_options transport = {
            .url = sink->url, .log_id = options->render.log_id, .mode = options->mode};
        err = transport_find(sink->url)->make(&transport, &sink->transport, fault);
    }
    if (err == OK) {
        err = open_or_wait(sink, fault);
    }
    if (err == OK) {
        sink_show(sink);
        err = start_thread(sink, fault);
    }
    if (err != OK) {
        sink_free(sink);
        return err;
    }
    *out = sink;
    return OK;
}

static void sink_wake(struct sink *sink)
{
    signal_event(sink->wake);
    log_wake(sink->log);
}

void sink_reopen(struct sink *sink)
{
    atomic_store(&sink->reopen_asked, true);
    sink_wake(sink);
}

void sink_ask_stop(struct sink *sink, int64_t drain_ms)
{
    if (!atomic_load(&sink->stop_asked)) {
        atomic_store(&sink->stop_deadline_ms, clock_boot_ms() + drain_ms);
        atomic_store(&sink->stop_asked, true);
        sink_wake(sink);
    }
}

void sink_stop(struct sink *sink, int64_t drain_ms)
{
    if (sink == NULL) {
        return;
    }
    sink_ask_stop(sink, drain_ms);
    /* Again and again: a wake between its look at stop_asked and its wait would be lost. */
    struct pollfd ended = {.fd = sink->ended, .events = POLLIN};
    do {
        sink_wake(sink);
    } while (poll(&ended, 1, STOP_WAKE_MS) != 1);
    pthread_join(sink->thread, NULL);
    sink_free(sink);
}

void sink_status(struct sink *sink, struct sink_status *out)
{
    pthread_mutex_lock(&sink->lock);
    *out = sink->shown;
    pthread_mutex_unlock(&sink->lock);
    uint64_t size = log_size(sink->log);
    out->lag = size > out->cursor ? size - out->cursor : 0;
}
