/* The client's end of the wire: one nng REQ socket, one call at a time. Not thread-safe. */
#ifndef IPC_CLIENT_SESSION_H
#define IPC_CLIENT_SESSION_H

#include "audit/base/arena.h"
#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/json.h"

struct session;

/* Where the daemon is looked for. Strings borrowed. */
struct session_place {
    const char *url;
    const char *source;  /* what named the URL: "--connect", "GUARDIAN_URL", … */
    unsigned timeout_ms; /* for connecting, and for each answer */
};

/* Dials the daemon. One that is there but has no room for a connection at the moment is tried
 * again, later and later, up to the time-out. ERR_CLOSED or ERR_TIMEOUT: nobody answers there (the
 * fault says what was tried, what named it and what to look at). */
MUST_CHECK enum err session_open(const struct session_place *place, struct session **out,
                                 struct fault *fault);
void session_close(struct session *session);

/* A call: params is JSON text of an object, in pieces that are put together only in the message
 * that leaves (so that a secret among them is copied nowhere else). */
struct session_request {
    const char *method;
    const struct slice *params;
    size_t count; /* 0: no params */
};

/* Calls a method. *out_result lives in the arena. Errors: ERR_CLOSED or ERR_TIMEOUT (no daemon, no
 * answer); ERR_INTERNAL (not a JSON-RPC answer); any other: the daemon's own answer, with its
 * reason, field, index and sentence in the fault. */
MUST_CHECK enum err session_call(struct session *session, struct arena *arena,
                                 const struct session_request *request,
                                 const struct json **out_result, struct fault *fault);

/* error.data of the last call if the daemon refused it with such, else NULL (also without a
 * session). Lives in the arena of that call. */
const struct json *session_error_data(const struct session *session);

#endif
