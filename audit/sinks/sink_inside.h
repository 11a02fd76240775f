/* The inside of a sink, for sink.c (the door), sink_thread.c (when it works and when it waits),
 * sink_step.c (the work) and sink_report.c (what others see of it) alone. */
#ifndef AUDIT_SINKS_SINK_INSIDE_H
#define AUDIT_SINKS_SINK_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "audit/sinks/batch.h"
#include "audit/sinks/cursor.h"
#include "audit/sinks/sink.h"
#include "audit/sinks/transport.h"

#define SYNC_MS 1000 /* fdatasync and cursor at most so often */
#define BACKOFF_FIRST_MS 100
#define UNREADABLE_SAID_MS 60000

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

/* ---- sink_report.c: callable from the sink's thread, and before it runs ------------------------
 */

/* Shows sink_status how far it is. */
void sink_show(struct sink *sink);

/* Notes how an attempt went, and says so when that changes. */
void sink_report(struct sink *sink, enum trouble trouble, enum err err, const struct fault *fault);

void sink_say_note(const struct sink *sink, const struct transport_note *note);

/* Entries that are no lines are missing for whoever watches: they are said, but a run of them does
 * not flood stderr, unless it must be said at once. */
void sink_say_unreadable(struct sink *sink, bool at_once);

/* ---- sink_step.c: callable from the sink's thread, and before it runs --------------------------
 */

/* Opens the transport and settles where to go on: what the receiver has is not sent again.
 * ERR_DAMAGED: it has more than the log. */
MUST_CHECK enum err sink_open(struct sink *sink, struct fault *fault);

/* What was sent becomes durable with the receiver first, then the cursor says so: it is never ahead
 * of the truth. A cursor that cannot be saved is no reason to stop: the file tells as well. */
MUST_CHECK enum err sink_sync(struct sink *sink, struct fault *fault);

/* One round: whatever is there to be done now. An error leaves everything so that the next round
 * goes on without losing or doubling a line. */
MUST_CHECK enum err sink_step(struct sink *sink, struct fault *fault);

bool sink_is_caught_up(const struct sink *sink);

/* Sets ERR_DAMAGED: who, the beginning of a sentence, knows `knows` entries, the log fewer. */
enum err sink_refuse_shorter_log(const char *who, uint64_t knows, uint64_t size,
                                 struct fault *fault);

/* ---- sink_thread.c -----------------------------------------------------------------------------
 */

/* Starts the thread. Signals are main's: none but those of a fault of our own reaches it. SIGXFSZ
 * too: a file that may not grow further is an error of write, not the end of the process. */
MUST_CHECK enum err sink_start_thread(struct sink *sink, struct fault *fault);

/* Signals an eventfd. */
void sink_signal(int fd);

#endif
