/* Where lines go. Each sink is a thread that follows the log by a cursor, renders what its filter
 * lets through and hands the lines to its transport. A sink never delays a request: a dead one only
 * falls behind. Thread-safe.
 *
 * Every line is with the receiver exactly once, through kills, restarts, rotations and full disks.
 * What a sink meets is said on stderr: once when it begins to fail, once when that is over, and
 * what it mended at the end of its file. It then tries again after 100 ms, and ever more rarely up
 * to 30 s. A file that was deleted while it was written is said and made anew within a second. An
 * entry that is no event any more is said with its index and passed over; a log that cannot be read
 * (ERR_DAMAGED) is not passed over: the sink stays failing there.
 *
 * file:///folder/name: a regular file that this sink alone writes, made with the mode if it is
 * missing; its folder must exist. Folders, devices, FIFOs, sockets and symbolic links as the last
 * name are refused. A torn last line is cut off; one that is nothing of ours is ended with LF
 * instead. */
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

/* The highest index + 1 that any cursor in the folder knows (0 if none, or no folder): what the log
 * must at least hold. ERR_DAMAGED names a cursor file that is not one; ERR_IO. */
MUST_CHECK enum err sink_known_size(const char *cursor_directory, uint64_t *out,
                                    struct fault *fault);

/* Would a sink of this URL start? Looks, and changes nothing. ERR_CONFIGURATION: the URL, or what
 * stands at the path; ERR_IO: it cannot be opened just now (a sink would try again and again);
 * ERR_NO_MEMORY. */
MUST_CHECK enum err sink_look(const char *url, struct fault *fault);

/* Opens the transport, settles where to go on (cursor and last whole line), starts the thread. The
 * cursor's folder is made if it is missing (its parent must exist). log must outlive the sink. A
 * new sink begins at index 0. ERR_CONFIGURATION: name or URL; ERR_IN_USE:
 * another sink or process writes that file; ERR_DAMAGED: the cursor file is none, or cursor or file
 * know an entry that the log does not have; ERR_IO: the cursor cannot be saved; ERR_NO_MEMORY. A
 * receiver that cannot be opened just now (ERR_IO) is no error: that is said, the sink is failing
 * and tries again. Blocks for some syncs. */
MUST_CHECK enum err sink_start(const struct sink_options *options, struct log *log,
                               struct sink **out, struct fault *fault);

/* Reopens (after a rename by logrotate): what was written is synced and the cursor saved first.
 * Does not block: the sink does so after the batch it is at. Ends a back-off too. */
void sink_reopen(struct sink *sink);

/* Asks the sink to finish: it drains for at most drain_ms from the first time it is asked, saves
 * its cursor and ends. Does not block: many sinks that are asked first, and stopped then, drain at
 * the same time. */
void sink_ask_stop(struct sink *sink, int64_t drain_ms);

/* Asks, unless that was done; waits until the sink has ended (so long, and for a call to the disk
 * that is under way); frees. NULL is fine. */
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

/* How it stands now. Does not block. */
void sink_status(struct sink *sink, struct sink_status *out);

#endif
