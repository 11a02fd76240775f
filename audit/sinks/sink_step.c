#include <inttypes.h>

#include "audit/base/clock.h"
#include "audit/sinks/sink_inside.h"

#define CHECK_MS 500 /* a look at the receiver at most so often */

enum err sink_sync(struct sink *sink, struct fault *fault)
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

enum err sink_refuse_shorter_log(const char *who, uint64_t knows, uint64_t size,
                                 struct fault *fault)
{
    return fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                     "%s has entry %" PRIu64 ", but the log ends before entry %" PRIu64
                     ": the log has lost entries, or this belongs to another log. Restore the log, "
                     "or move the file away.",
                     who, knows - 1, size);
}

enum err sink_open(struct sink *sink, struct fault *fault)
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
        return sink_refuse_shorter_log(found.from, found.next, size, fault);
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

bool sink_is_caught_up(const struct sink *sink)
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

enum err sink_step(struct sink *sink, struct fault *fault)
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
