/* The REP side of nng's scalability protocol wire format, without I/O: greeting, frame heads, and
 * the request-id header in front of a body. Architecture section 9.8; nng's SP mappings for TCP and
 * IPC. Lengths are checked before anything is allocated. */
#ifndef IPC_WIRE_SP_H
#define IPC_WIRE_SP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/slice.h"

#define SP_GREETING_BYTES 8
#define SP_HEADER_WORDS_MAX 8
#define SP_HEADER_BYTES_MAX (SP_HEADER_WORDS_MAX * 4)

enum sp_mapping { SP_IPC, SP_TCP }; /* IPC frames begin with octet 01; TCP and TLS do not */

/* Our greeting (REP, 0x0031) and the check of the peer's (REQ, 0x0030). */
extern const uint8_t sp_greeting[SP_GREETING_BYTES];
bool sp_greeting_is_req(const uint8_t greeting[SP_GREETING_BYTES]);

/* Octets of a frame head: 9 on IPC, 8 on TCP. */
size_t sp_head_bytes(enum sp_mapping mapping);

/* Reads a head; false if it is malformed (wrong first octet). */
bool sp_head_read(enum sp_mapping mapping, const uint8_t *head, uint64_t *out_length);
void sp_head_write(enum sp_mapping mapping, uint64_t length, uint8_t *head);

/* Splits a frame's body: 1 to 8 words of four octets, the last of which has its top bit set, then
 * the payload. False if there is no such word. out_header borrows the words to be given back
 * unchanged in front of the answer. A body of which only the beginning has come may be asked too:
 * false then means "not yet" as long as it is shorter than SP_HEADER_BYTES_MAX. */
bool sp_split(struct slice body, struct slice *out_header, struct slice *out_payload);

#endif
