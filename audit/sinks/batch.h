/* A run of lines on their way to a transport: read from the log, filtered, rendered. Each line ends
 * with LF in the text (no line contains one), so that files and streams send it as it is and others
 * take line by line. Not thread-safe. */
#ifndef AUDIT_SINKS_BATCH_H
#define AUDIT_SINKS_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/arena.h"
#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/log/log.h"
#include "audit/render/render.h"

#define BATCH_BYTES ((size_t)256 * 1024) /* no further line is begun beyond this */
#define BATCH_LINES 1024

struct batch_line {
    uint64_t index;
    size_t end; /* behind its LF in the text */
};

struct batch {
    struct buffer text;
    struct batch_line *lines; /* BATCH_LINES of them, or NULL while it is empty */
    size_t count;
    size_t sent;                    /* lines that the transport has taken */
    uint64_t next;                  /* the first index it has not looked at */
    struct arena arena;             /* one event at a time */
    uint64_t unreadable;            /* entries passed over since the caller last set this to 0 */
    uint64_t unreadable_index;      /* the first of them */
    struct fault unreadable_reason; /* and why */
};

/* What of the log goes into a sink. Borrowed. */
struct batch_filter {
    const char *const *types; /* globs; type_count 0: all */
    size_t type_count;
    int severity_max;
};

void batch_init(struct batch *batch, uint64_t next);
void batch_done(struct batch *batch);

/* Empties it and goes on at `next`; gives its memory back. */
void batch_clear(struct batch *batch, uint64_t next);

/* Are all its lines sent? */
bool batch_is_sent(const struct batch *batch);

/* The first index not yet delivered: that of the first unsent line, or `next`. */
uint64_t batch_delivered(const struct batch *batch);

/* Fills an all-sent batch anew with entries from `next` up to below `size`, until it is full. An
 * entry that is no event any more or cannot be rendered is passed over and counted: one bad record
 * must not keep all later ones from whoever watches. ERR_NO_MEMORY, or what log_read says
 * (ERR_DAMAGED: the log itself is unreadable there, and nothing may be passed over), if that befell
 * the first entry; a later one ends the batch and shows at the next fill. */
MUST_CHECK enum err batch_fill(struct batch *batch, struct log_reader *reader, uint64_t size,
                               const struct batch_filter *filter,
                               const struct render_options *render, struct fault *fault);

#endif
