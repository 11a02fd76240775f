#include <inttypes.h>
#include <stdio.h>

#include "audit/base/clock.h"
#include "audit/base/diag.h"
#include "audit/sinks/sink_inside.h"

void sink_show(struct sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    sink->shown.cursor = batch_delivered(&sink->batch);
    sink->shown.lines = sink->lines;
    pthread_mutex_unlock(&sink->lock);
}

void sink_report(struct sink *sink, enum trouble trouble, enum err err, const struct fault *fault)
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

void sink_say_note(const struct sink *sink, const struct transport_note *note)
{
    char offset[24];
    char octets[24];
    snprintf(offset, sizeof offset, "%" PRIu64, note->offset);
    snprintf(octets, sizeof octets, "%" PRIu64, note->octets);
    diag_say(DIAG_NOTICE, note->what, "sink", sink->name, "file", note->file, "offset", offset,
             "octets", octets, NULL);
}

void sink_say_unreadable(struct sink *sink, bool at_once)
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
