#include "audit/sinks/sink.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "audit/base/clock.h"
#include "audit/base/file.h"
#include "audit/base/memory.h"
#include "audit/sinks/sink_inside.h"

#define STOP_WAKE_MS 20

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
        return sink_refuse_shorter_log(file, sink->synced.next, size, fault);
    }
    return cursor_save(sink->cursor_directory, sink->name, &sink->synced, fault);
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
        err = sink_start_thread(sink, fault);
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
    sink_signal(sink->wake);
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
