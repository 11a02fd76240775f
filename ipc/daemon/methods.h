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
#include "ceremony/act.h"
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
    struct slice denied_type; /* of the first event that was refused so */
    struct act *act;          /* of a method with METHOD_ACT, while its handler runs */
    /* an error that was answered before, as it was written: it goes out again. Empty: none */
    struct slice error_object;
};

/* Appends the result (JSON text). On an error what it appended is thrown away. */
typedef enum err (*method_handler)(struct call *call, struct buffer *result, struct fault *fault);

enum parameter_kind {
    PARAMETER_STRING,
    PARAMETER_INTEGER,
    PARAMETER_BOOLEAN,
    PARAMETER_ARRAY,
    PARAMETER_OBJECT,
    PARAMETER_SECRET,  /* a string of which no disk gets an image */
    PARAMETER_SECRETS, /* an array of them */
};

struct method_parameter {
    const char *name;
    enum parameter_kind kind;
    bool required;
};

#define METHOD_PARAMETERS_MAX 12
#define METHOD_CHANGES 1u /* takes request_id */
#define METHOD_ACT 2u     /* an act of the ceremony room: the handler runs within one */
#define METHOD_SECRET 8u  /* takes secrets: only in a message short enough to be wiped whole */
#define METHOD_SECRET_BYTES 65536
#define METHOD_PERSON 4u /* done by a person: a workflow must say for whom (actor) */

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
enum err method_guardian_add(struct call *call, struct buffer *result, struct fault *fault);
enum err method_guardian_update(struct call *call, struct buffer *result, struct fault *fault);
enum err method_guardian_activate(struct call *call, struct buffer *result, struct fault *fault);
enum err method_guardian_deactivate(struct call *call, struct buffer *result, struct fault *fault);
enum err method_guardian_list(struct call *call, struct buffer *result, struct fault *fault);
enum err method_guardian_show(struct call *call, struct buffer *result, struct fault *fault);
enum err method_ceremony_start(struct call *call, struct buffer *result, struct fault *fault);
enum err method_ceremony_track(struct call *call, struct buffer *result, struct fault *fault);
enum err method_ceremony_status(struct call *call, struct buffer *result, struct fault *fault);
enum err method_ceremony_list(struct call *call, struct buffer *result, struct fault *fault);
enum err method_ceremony_cancel(struct call *call, struct buffer *result, struct fault *fault);
enum err method_part_view(struct call *call, struct buffer *result, struct fault *fault);
enum err method_part_download(struct call *call, struct buffer *result, struct fault *fault);
enum err method_part_confirm(struct call *call, struct buffer *result, struct fault *fault);
enum err method_recovery_attempt(struct call *call, struct buffer *result, struct fault *fault);
enum err method_recovery_record(struct call *call, struct buffer *result, struct fault *fault);

/* A parameter of the call, or NULL. Its kind has been checked against the table. */
const struct json *call_parameter(const struct call *call, const char *name);

/* The same as its value; what stands behind when it is left out (text: empty, with data NULL). */
struct slice call_text(const struct call *call, const char *name);
int64_t call_integer(const struct call *call, const char *name, int64_t otherwise);
bool call_boolean(const struct call *call, const char *name, bool otherwise);

/* May a name that came with a request be repeated in an answer? Not if it looks like what somebody
 * has put into the wrong place, as the words of a part: over 64 octets or with a blank in it. */
bool name_may_be_told(struct slice name);

/* ERR_INVALID_PARAMS about the parameter (or member of one) of that name; the sentence goes on
 * behind the name, or behind words in place of one that is empty or not to be told. */
enum err call_parameter_fault(struct fault *fault, enum reason reason, struct slice name,
                              const char *sentence);

/* Do the caller's roles show everybody's guardians and ceremonies, or only the own? */
bool call_sees_all(const struct call *call);

#endif
