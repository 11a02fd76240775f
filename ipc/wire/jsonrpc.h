/* JSON-RPC 2.0: requests, batches, answers. Limits are enforced before anything is done. Pure; used
 * by daemon and client. Source: JSON-RPC 2.0 specification; codes: contract, section 3. */
#ifndef IPC_WIRE_JSONRPC_H
#define IPC_WIRE_JSONRPC_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/arena.h"
#include "audit/base/buffer.h"
#include "audit/base/fault.h"
#include "audit/base/json.h"

/* A message: one request or a batch of them, not yet looked into. */
struct rpc_message {
    bool batch;
    uint32_t count;           /* elements; 1 if it is no batch */
    const struct json *first; /* the request, or the first of a batch (then along next) */
};

/* One request. Borrows from the message. */
struct rpc_request {
    struct slice method;
    const struct json *params; /* a JSON_OBJECT, or NULL if there are none */
    struct slice id;           /* as written, to be given back; "null" if it cannot be known */
    bool notification;
};

/* Parses a message. Faults: those of json_parse; -32600 batch_empty, batch_too_long (over batch_max
 * requests, whatever limits->members is; what stands behind those is not looked at). */
MUST_CHECK enum err jsonrpc_parse(struct arena *arena, struct slice text,
                                  const struct json_limits *limits, uint32_t batch_max,
                                  struct rpc_message *out, struct fault *fault);

/* Reads one element of a message. Faults: -32600 bad_request (out->id is then what could be read of
 * it, else null). By-position params are refused: every method here names its parameters. */
MUST_CHECK enum err jsonrpc_read(struct arena *arena, const struct json *element,
                                 struct rpc_request *out, struct fault *fault);

/* Appends an answer: result is JSON text. */
void jsonrpc_write_result(struct buffer *answer, struct slice id, struct slice result);

/* Appends an error object: code and message of fault->err, data with reason, field, index and what
 * fault->data has. */
void jsonrpc_write_error_object(struct buffer *buffer, const struct fault *fault);

/* Appends an error answer with that object; or with one that was written before. */
void jsonrpc_write_error(struct buffer *answer, struct slice id, const struct fault *fault);
void jsonrpc_write_error_again(struct buffer *answer, struct slice id, struct slice object);

#endif
