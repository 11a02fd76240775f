/* An event: one type of the catalogue and the values of its fields. Parsed from what a producer
 * sends or from a stored record, or made by the guardian itself; encoded into the record that the
 * log keeps. Rules: contract sections 4 and 5; formats.md section 1. Values stand as sent; cleaning
 * (formats.md 1.5) is done where lines are made and for deciding what is empty.
 * An event lives in an arena and borrows from the parsed JSON. Not thread-safe. */
#ifndef AUDIT_EVENT_EVENT_H
#define AUDIT_EVENT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/arena.h"
#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/json.h"
#include "audit/base/slice.h"
#include "audit/catalogue/catalogue.h"

#define EVENT_RECORD_MAX 65535 /* octets of an encoded record */
#define EVENT_EXTRAS_MAX 256

/* A value in one slot. Absent values are all zero. */
struct event_value {
    bool present;
    bool is_text; /* text holds it, as sent (string, ip, hash, enum, and numerals of strings) */
    struct slice text; /* valid if is_text; a numeral for integer, port and number fields sent so */
    union {
        int64_t integer; /* integer, port; time as microseconds since 1970 */
        double real;     /* number */
        bool boolean;
    };
};

struct event_extra {
    struct slice name;
    enum value_kind
        kind; /* dictionary kind, or string, integer (int64, may be negative), boolean */
    struct event_value value;
};

struct event {
    const struct event_type *type;
    struct event_value *slots; /* type->field_count of them, geo fields among them */
    struct event_extra *extras;
    size_t extra_count;
    /* the daemon's own */
    int64_t time_us;                   /* always set after event_parse or event_stamp */
    int64_t received_us;               /* -1: absent */
    int64_t pid;                       /* -1: absent */
    int64_t index;                     /* log index; -1: not in a log yet */
    struct slice event_uuid, dvc, via; /* empty: absent */
    bool has_time;                     /* a producer sent time itself */
};

enum event_form {
    EVENT_FROM_PRODUCER, /* event.emit: the daemon's fields and geo are refused by name (reason
                            daemon_field), time may be absent, msg/act/requestMethod of documented
                            types are refused with reason made_by_guardian */
    EVENT_FROM_RECORD,   /* a stored record or input of render: everything formats.md 1 takes */
};

/* Reads an event from a JSON object. Refuses the whole with ERR_INVALID_PARAMS and a reason of
 * formats.md section 9 (plus those above), field naming the member ("/dst"). The limits of text
 * lengths are the record's (EVENT_RECORD_MAX, checked by event_encode). */
MUST_CHECK enum err event_parse(struct arena *arena, const struct json *object,
                                enum event_form form, struct event **out, struct fault *fault);

/* Reads stored record bytes (one JSON object) and gives the event its index. */
MUST_CHECK enum err event_decode(struct arena *arena, struct slice record, int64_t index,
                                 struct event **out, struct fault *fault);

/* A new event of the guardian's own; NULL when there is no memory. Setters find the slot by field
 * (assert that the type has it) and borrow text. */
struct event *event_new(struct arena *arena, enum event_id id);
void event_set_text(struct event *event, enum field_id field, struct slice text);
void event_set_integer(struct event *event, enum field_id field, int64_t value); /* also time, us */
void event_set_number(struct event *event, enum field_id field, double value);

/* The value of a field of the type, or NULL if the type has no such field or it is absent. */
const struct event_value *event_get(const struct event *event, enum field_id field);

/* Is every required field there and not empty? The same check event_parse ends with. */
MUST_CHECK enum err event_check(const struct event *event, struct fault *fault);

/* Appends the record (contract section 5): one line of compact JSON without newline, members in the
 * order time received type event pid dvc via, the type's fields in catalogue order with geo in the
 * place of its first member, extras as sent. ERR_INVALID_PARAMS too_long over EVENT_RECORD_MAX. */
MUST_CHECK enum err event_encode(const struct event *event, struct buffer *buffer,
                                 struct fault *fault);

/* Text of a `number` as formats.md 1.3: "%.4f" without trailing zeros, "-0" as "0". out[400]. */
void event_number_text(double value, char *out, size_t size);

#endif
