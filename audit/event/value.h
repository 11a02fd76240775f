/* What a value of each kind may be (formats.md 1.3). Private to the room. Thread-safe. */
#ifndef AUDIT_EVENT_VALUE_H
#define AUDIT_EVENT_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/fault.h"
#include "audit/base/json.h"
#include "audit/catalogue/catalogue.h"
#include "audit/event/event.h"

/* Reads a JSON value (not null) as a value of the field. REASON_none, REASON_bad_type or
 * REASON_bad_value; *out is touched only for REASON_none, and stays absent for an empty string of
 * another kind than string. Borrows from the JSON. */
enum reason value_read(const struct catalogue_field *field, const struct json *json,
                       struct event_value *out);

/* The same for text of the kinds string, ip, time, hash, sha256, enum. */
enum reason value_read_text(const struct catalogue_field *field, struct slice text,
                            struct event_value *out);

/* The record's own times: RFC 3339 alone; `time` (not `received`) before 2100. */
enum reason value_read_stamp(struct slice text, bool before_2100, int64_t *out_us);

/* What the field takes, for the sentence of a fault: "an integer from 0 to 9223372036854775807". */
const char *value_wanted(const struct catalogue_field *field);

/* An address as inet_pton takes it, a zone behind IPv6 allowed. */
bool value_is_address(struct slice text);

#endif
