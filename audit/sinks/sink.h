/* Where lines go. Each sink is a thread that follows the log by a cursor, renders what its filter
 * lets through and hands the lines to its transport. A sink never delays a request: a dead one only
 * falls behind. Thread-safe. */
#ifndef AUDIT_SINKS_SINK_H
#define AUDIT_SINKS_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/log/log.h"
#include "audit/render/render.h"

#define SINK_TYPES_MAX 32

/* Borrowed by sink_start, which copies what it keeps. */
struct sink_options {
    const char *name;
    const char *url;                   /* file:///path */
    const char *cursor_directory;      /* <state>/sinks */
    struct render_options render;      /* its strings must outlive the sink */
    uint32_t mode;                     /* of a file */
    const char *types[SINK_TYPES_MAX]; /* globs; none: all */
    size_t type_count;
    int severity_max; /* only events whose syslog severity is at most this; 7: all */
};

struct sink;

/* The highest index + 1 that any cursor in the folder knows (0 if none): what the log must at least
 * hold. ERR_DAMAGED names a cursor file that is not one. */
MUST_CHECK enum err sink_known_size(const char *cursor_directory, uint64_t *out,
                                    struct fault *fault);

/* Opens the transport, settles where to go on (cursor and last whole line), starts the thread. */
MUST_CHECK enum err sink_start(const struct sink_options *options, struct log *log,
                               struct sink **out, struct fault *fault);

/* Reopens (after a rename by logrotate): what was written is synced and the cursor saved first. */
void sink_reopen(struct sink *sink);

/* Asks the sink to finish: it drains for at most drain_ms, saves its cursor, ends; frees. */
void sink_stop(struct sink *sink, int64_t drain_ms);

struct sink_status {
    char name[64];
    char url[512];
    uint64_t cursor; /* next index */
    uint64_t lag;    /* entries behind the log */
    uint64_t lines;  /* written since start */
    bool failing;
    char last_error[512]; /* English; kept when it is over; "": none since start */
};
void sink_status(struct sink *sink, struct sink_status *out);

#endif
