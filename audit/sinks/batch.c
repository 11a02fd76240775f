#include "audit/sinks/batch.h"

#include "audit/base/glob.h"
#include "audit/base/memory.h"
#include "audit/event/event.h"

#define LINE_MAX_BYTES \
    ((size_t)8 * 1024 * 1024) /* a record has 64 KiB, shown a few times, escaped */
#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define LOOKED_AT_MAX 4096 /* entries of one fill: a sink that filters much still hears a stop */

void batch_init(struct batch *batch, uint64_t next)
{
    *batch = (struct batch){.next = next};
    buffer_init(&batch->text, BATCH_BYTES + LINE_MAX_BYTES);
    arena_init(&batch->arena, ARENA_BYTES);
}

void batch_done(struct batch *batch)
{
    buffer_done(&batch->text);
    arena_done(&batch->arena);
    memory_free(batch->lines);
    batch->lines = NULL;
    batch->count = 0;
    batch->sent = 0;
}

void batch_clear(struct batch *batch, uint64_t next)
{
    batch_done(batch);
    batch->next = next;
}

bool batch_is_sent(const struct batch *batch)
{
    return batch->sent == batch->count;
}

uint64_t batch_delivered(const struct batch *batch)
{
    return batch_is_sent(batch) ? batch->next : batch->lines[batch->sent].index;
}

static bool filter_passes(const struct batch_filter *filter, const struct event_type *type)
{
    if ((int)type->syslog_severity > filter->severity_max) {
        return false;
    }
    for (size_t i = 0; i < filter->type_count; i++) {
        if (glob_match(slice_of(filter->types[i]), type->type)) {
            return true;
        }
    }
    return filter->type_count == 0;
}

static void pass_over(struct batch *batch, const struct fault *reason)
{
    if (batch->unreadable++ == 0) {
        batch->unreadable_index = batch->next;
        batch->unreadable_reason = *reason;
    }
}

static enum err append_line(struct batch *batch, const struct event *event,
                            const struct render_options *render, struct fault *fault)
{
    size_t before = batch->text.length;
    enum err err = render_line(event, render, &batch->text);
    if (err == OK) {
        buffer_append_char(&batch->text, '\n');
        err = buffer_result(&batch->text);
    }
    if (err != OK) {
        batch->text.length = before;
        batch->text.failed = OK;
        return fault_set(fault, err, REASON_none, NULL, "The line could not be made: %s.",
                         err_text(err));
    }
    batch->lines[batch->count++] = (struct batch_line){batch->next, batch->text.length};
    return OK;
}

/* One entry: onto the batch, filtered out or passed over. */
static enum err take_entry(struct batch *batch, struct slice record,
                           const struct batch_filter *filter, const struct render_options *render,
                           struct fault *fault)
{
    arena_reset(&batch->arena);
    struct event *event;
    struct fault reason;
    fault_clear(&reason);
    enum err err = event_decode(&batch->arena, record, (int64_t)batch->next, &event, &reason);
    if (err == OK && filter_passes(filter, event->type)) {
        err = append_line(batch, event, render, &reason);
    }
    if (err == ERR_NO_MEMORY) {
        return fault_no_memory(fault);
    }
    if (err != OK) {
        pass_over(batch, &reason);
    }
    return OK;
}

enum err batch_fill(struct batch *batch, struct log_reader *reader, uint64_t size,
                    const struct batch_filter *filter, const struct render_options *render,
                    struct fault *fault)
{
    if (batch->lines == NULL) {
        batch->lines = memory_allocate(BATCH_LINES * sizeof *batch->lines);
        if (batch->lines == NULL) {
            return fault_no_memory(fault);
        }
    }
    buffer_reset(&batch->text);
    batch->count = 0;
    batch->sent = 0;
    uint64_t first = batch->next;
    enum err err = OK;
    while (err == OK && batch->next < size && batch->next - first < LOOKED_AT_MAX &&
           batch->count < BATCH_LINES && batch->text.length < BATCH_BYTES) {
        struct slice record;
        err = log_read(reader, batch->next, &record, fault);
        if (err == OK) {
            err = take_entry(batch, record, filter, render, fault);
        }
        if (err == OK) {
            batch->next++;
        }
    }
    return batch->next > first ? OK : err;
}
