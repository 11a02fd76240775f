/* The methods, as one table: name, roles, parameters, flags, handler. It drives permission,
 * parameter checks and the interface test. Handlers translate; the rooms decide. */
#ifndef IPC_DAEMON_METHODS_H
#define IPC_DAEMON_METHODS_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/base/arena.h"
#include "audit/base/buffer.h"
#include "audit/base/fault.h"
#include "audit/base/json.h"
#include "audit/event/actor.h"
#include "ipc/daemon/access.h"
#include "ipc/daemon/daemon.h"

/* One call on its way: all of it borrowed, alive until the answer is written. */
struct call {
    struct daemon *daemon;
    const struct config *config; /* in force when the call came */
    const struct peer *peer;
    struct arena *arena;
    const struct method *method;
    const struct json *params; /* an object, or NULL */
    struct actor actor;        /* who acts: the caller, or whom a workflow names */
    int64_t now_us;            /* the daemon's clock for this call */
    /* refusals of permission that stand inside a result (event.emit with partial): audited like
     * those that are the answer */
    bool denied_reserved, denied_not_permitted;
};

/* Appends the result (JSON text). On an error what it appended is thrown away. */
typedef enum err (*method_handler)(struct call *call, struct buffer *result, struct fault *fault);

enum parameter_kind {
    PARAMETER_STRING,
    PARAMETER_INTEGER,
    PARAMETER_BOOLEAN,
    PARAMETER_ARRAY,
    PARAMETER_OBJECT,
};

struct method_parameter {
    const char *name;
    enum parameter_kind kind;
    bool required;
};

#define METHOD_PARAMETERS_MAX 12
#define METHOD_CHANGES 1u /* takes request_id */

struct method {
    const char *name;
    unsigned roles; /* enum role, or-ed: one of them is enough */
    unsigned flags;
    method_handler handler;
    struct method_parameter parameters[METHOD_PARAMETERS_MAX]; /* up to the first without name */
};

/* The method of that name, or NULL. */
const struct method *method_find(struct slice name);

/* Handlers, in method_<noun>.c. */
enum err method_system_ping(struct call *call, struct buffer *result, struct fault *fault);
enum err method_system_status(struct call *call, struct buffer *result, struct fault *fault);
enum err method_catalogue_list(struct call *call, struct buffer *result, struct fault *fault);
enum err method_event_emit(struct call *call, struct buffer *result, struct fault *fault);
enum err method_audit_entry(struct call *call, struct buffer *result, struct fault *fault);
enum err method_audit_query(struct call *call, struct buffer *result, struct fault *fault);

/* A parameter of the call, or NULL. Its kind has been checked against the table. */
const struct json *call_parameter(const struct call *call, const char *name);

#endif
