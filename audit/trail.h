/* THE way into the audit trail: stamp, locate, encode, append, wait until durable. Thread-safe. */
#ifndef AUDIT_TRAIL_H
#define AUDIT_TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/arena.h"
#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/event/actor.h"
#include "audit/event/event.h"
#include "audit/log/log.h"
#include "geoip/geoip.h"

struct trail;

/* log and geoip are borrowed and must outlive the trail. dvc: address text of the PAM server put
 * into every record (may be "": then none). NULL when there is no memory. */
struct trail *trail_new(struct log *log, struct geoip *geoip, const char *dvc);
void trail_free(struct trail *trail);

/* The device address after a configuration reload. */
void trail_set_dvc(struct trail *trail, const char *dvc);

/* What is to be recorded together. All borrowed. */
struct trail_batch {
    struct event **events; /* parsed or made; stamped here: time and event (the UUID) if absent,
                              received, pid, dvc, via */
    size_t count;
    const struct actor *actor; /* fills suid suser sname spriv originIP of types that have them
                                  where the event has none; via. NULL: the daemon itself */
    int64_t now_us;            /* the daemon's clock for the whole batch */
    const struct log_request *request; /* NULL, or claimed with log_request_begin; free again after
                                          any failure */
    bool urgent;                       /* may use the disk reserve */
};

/* Fills suid suser sname spriv originIP of a type that has them where the event has none; borrows
 * the actor's texts. Pure. */
void trail_fill(struct event *event, const struct actor *actor);

/* Only stamps and locates them, as trail_emit will do (again: of the same length), so that somebody
 * can see how long the records will be. Fills nothing that is there. ERR_NO_MEMORY, or what
 * event_check finds, with fault->index. */
MUST_CHECK enum err trail_stamp(struct trail *trail, struct arena *arena,
                                const struct trail_batch *batch, struct fault *fault);

/* Makes the events records of one batch and waits until they are durable.
 * ERR_INVALID_PARAMS too_long or what event_check finds, with fault->index (nothing written),
 * ERR_NO_MEMORY, or the errors of log_append. Blocks for one commit. */
MUST_CHECK enum err trail_emit(struct trail *trail, struct arena *arena,
                               const struct trail_batch *batch, struct log_range *out_range,
                               struct fault *fault);

#endif
