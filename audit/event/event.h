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

/* A value in one slot. Absent values are all zero; of another kind than string, an empty one
 * (formats.md 1.5) is absent. */
struct event_value {
    bool present;
    bool is_text;      /* text holds it as sent: always for string, ip, hash, sha256 and enum, for
                          time if it was not set by event_set_integer; of the other kinds only in
                          extras that came as a JSON string. The union is filled all the same */
    struct slice text; /* as sent, not cleaned: a string is cleaned where it is shown (text.h) */
    union {
        int64_t integer;    /* integer, port; time as microseconds since 1970 */
        double real;        /* number */
        bool boolean;       /* boolean */
        struct slice plain; /* ip (without its zone), hash, sha256, enum: as a line shows it */
    };
};

struct event_extra {
    struct slice name;
    enum value_kind
        kind;    /* dictionary kind, or string, integer (int64, may be negative), boolean */
    bool quoted; /* came as a JSON string, and is stored so */
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
                            daemon_field), time may be absent; msg, act, requestMethod where the
                            guardian makes them are refused with reason made_by_guardian */
    EVENT_FOR_ACTOR,   /* the same, of an event whose actor is named beside it: required fields may
                          be missing yet; event_check looks for them when the actor's are there */
    EVENT_FROM_RECORD, /* a stored record or input of render: everything formats.md 1 takes */
};

/* Reads an event from a JSON object. Refuses the whole with ERR_INVALID_PARAMS and a reason of
 * formats.md section 9 (plus those above, and too_many_members over EVENT_EXTRAS_MAX), field naming
 * the member ("/dst", "/geo/city"). A member that is null counts as absent, whatever its name.
 * A value that is no JSON number, string or boolean as the field takes is bad_type (3.0 where an
 * integer is wanted too); one of the right kind that does not fit is bad_value; a fact both in geo
 * and flat is a duplicate. The limits of text lengths are the record's (EVENT_RECORD_MAX, checked
 * by event_encode). */
MUST_CHECK enum err event_parse(struct arena *arena, const struct json *object,
                                enum event_form form, struct event **out, struct fault *fault);

/* Reads stored record bytes (one JSON object), as EVENT_FROM_RECORD, and gives the event its index;
 * index -1: that of the record's own member `index`, if it has one. Faults of the JSON text are
 * ERR_PARSE with bad_utf8, bad_json or duplicate. The event borrows from record. */
MUST_CHECK enum err event_decode(struct arena *arena, struct slice record, int64_t index,
                                 struct event **out, struct fault *fault);

/* A new event of the guardian's own, without a time yet; NULL when there is no memory. Setters find
 * the slot by field (assert that the type has it and that the kind is right) and borrow text. They
 * take any value: event_check refuses what does not fit. Empty text where the kind is not string
 * leaves the slot absent. */
struct event *event_new(struct arena *arena, enum event_id id);
void event_set_text(struct event *event, enum field_id field, struct slice text);
void event_set_integer(struct event *event, enum field_id field, int64_t value); /* also time, us */
void event_set_number(struct event *event, enum field_id field, double value);
void event_set_boolean(struct event *event, enum field_id field, bool value);

/* The value of a field of the type, or NULL if the type has no such field or it is absent. */
const struct event_value *event_get(const struct event *event, enum field_id field);

/* Is every required field there and not empty, and does every value fit its field? For events made
 * with the setters: what event_parse gives has passed. Faults as those of event_parse. */
MUST_CHECK enum err event_check(const struct event *event, struct fault *fault);

/* Appends the record (contract section 5): one line of compact JSON without newline, members in the
 * order time received type event pid dvc via, the type's fields in catalogue order with geo in the
 * place of its first member, extras as sent. ERR_INVALID_PARAMS too_long over EVENT_RECORD_MAX
 * (what was appended is taken off again); ERR_NO_MEMORY. */
MUST_CHECK enum err event_encode(const struct event *event, struct buffer *buffer,
                                 struct fault *fault);

/* Text of a `number` as formats.md 1.3: "%.4f" without trailing zeros, "-0" as "0". The value must
 * be finite. out has at least EVENT_NUMBER_BYTES octets; ended by NUL. */
#define EVENT_NUMBER_BYTES 400
void event_number_text(double value, char *out, size_t size);

#endif
