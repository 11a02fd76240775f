/* Start of the journal (log.md section 4): read everything, decide, and only then change anything.
 *
 * In this version segments are kept, so all of them are read and every frame is proven, whatever
 * the size of the log; the request ids are collected on the way. Once segments are recycled behind
 * tiles, what is left to read is bounded by their number. Not thread-safe: nobody else is there
 * yet. */
#ifndef AUDIT_LOG_RECOVER_H
#define AUDIT_LOG_RECOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/log/journal.h"
#include "audit/log/requests.h"

/* What was found, for recover_repair. */
struct recovery {
    bool torn;           /* a group that was never acknowledged stands behind the last frame */
    uint64_t torn_end;   /* where what is left of it ends; it begins at journal->offset */
    bool has_last;       /* there is a last frame */
    size_t last_segment; /* number of the segment it is in */
    uint64_t last_offset;
    uint64_t last_length;
    uint32_t last_entries;
};

/* Reads all segments, proves heads, frames and their links, and fills the journal's list, position,
 * link and edge, and the requests. ERR_DAMAGED names file and offset; nothing on disk is changed,
 * whatever the outcome. */
MUST_CHECK enum err recover_scan(struct journal *journal, struct requests *requests,
                                 struct recovery *out, struct fault *fault);

/* Removes the torn group, writes what may not be durable again and syncs; opens the newest segment
 * for the writer. For a journal with at least one segment. ERR_IO. */
MUST_CHECK enum err recover_repair(struct journal *journal, const struct recovery *recovery,
                                   struct fault *fault);

#endif
