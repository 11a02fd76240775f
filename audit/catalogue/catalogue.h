/* The event catalogue: every type, its fields and the key lists of its lines, as constant tables
 * made from catalogue.json at build (catalogue_gen.c). Adding a type is one entry there. */
#ifndef AUDIT_CATALOGUE_CATALOGUE_H
#define AUDIT_CATALOGUE_CATALOGUE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/slice.h"
#include "catalogue_data.h" /* generated: enum event_id { EVENT_DAEMON_STARTED, … },
                               enum field_id { FIELD_TIME, …, FIELD_SUSER, … },
                               EVENT_COUNT and FIELD_TOTAL (FIELD_COUNT is the field "count") */

enum value_kind {
    VALUE_STRING,
    VALUE_INTEGER, /* 0 … 2^63-1 */
    VALUE_PORT,
    VALUE_NUMBER,
    VALUE_BOOLEAN,
    VALUE_IP,
    VALUE_TIME,
    VALUE_HASH,
    VALUE_SHA256,
    VALUE_ENUM,
};

/* One entry of the field dictionary. */
struct catalogue_field {
    struct slice name;
    struct slice member; /* ,"name": as it stands in a record */
    const char *meaning;
    enum value_kind kind;
    bool by_daemon; /* only the daemon sets it */
    bool geo;       /* stands in the object geo of a stored record */
    bool record_only;
    double min, max;            /* of a VALUE_NUMBER */
    const struct slice *values; /* of a VALUE_ENUM, value_count of them */
    size_t value_count;
};

/* A field as one type has it. Its place in event_type.fields is its slot. */
struct event_field {
    enum field_id field;
    bool required;
};

enum key_source {
    KEY_SLOT,    /* the value of a slot of the type */
    KEY_DAEMON,  /* a daemon's field: time, event, pid, dvc, via, index */
    KEY_MESSAGE, /* the message */
    KEY_LITERAL,
};

/* One key of a line. */
struct event_key {
    struct slice name; /* as it stands before '=' */
    enum key_source source;
    uint16_t slot;                /* of KEY_SLOT */
    enum field_id field;          /* of KEY_SLOT and KEY_DAEMON */
    struct slice literal;         /* of KEY_LITERAL, as it is (not escaped) */
    struct slice literal_cef;     /* escaped for a CEF extension value */
    struct slice literal_rfc5424; /* escaped for a PARAM-VALUE */
    bool is_label;                /* XLabel of the key X directly behind it: left out when X is */
};

/* A piece of a message template. */
struct message_piece {
    enum key_source source; /* KEY_LITERAL, KEY_SLOT or KEY_DAEMON */
    uint16_t slot;
    enum field_id field;
    struct slice literal;
};

enum emit_by { EMIT_DAEMON, EMIT_WORKFLOW, EMIT_ANY };
enum profile { PROFILE_SENHASEGURA, PROFILE_STANDARD, PROFILE_COUNT };

struct event_type {
    struct slice type;      /* "master_key.recovery_failed" */
    struct slice signature; /* CEF signature ID, RFC 5424 MSGID */
    struct slice name;      /* for people, and in the CEF header */
    struct slice name_cef;  /* escaped for the CEF header */
    struct slice group;     /* "master_key" */
    struct slice origin;    /* the vendor's module code, "" if none */
    const struct message_piece *message;
    size_t message_count;
    const struct event_field *fields;
    size_t field_count;
    const int16_t
        *slot_of; /* [FIELD_TOTAL]: slot of a dictionary field, -1 if the type has it not */
    const struct event_key *keys[PROFILE_COUNT];
    size_t key_count[PROFILE_COUNT];
    enum event_id id;
    enum emit_by emit;
    uint8_t syslog_severity; /* 0-7 */
    uint8_t cef_severity;    /* 0-10 */
    bool incident;           /* kind: incident, else event */
    bool documented, own, extras;
    bool takes_message; /* the template is {msg}: the producer's own text */
};

/* The type of that name, or NULL. */
const struct event_type *catalogue_find(struct slice type);

/* The dictionary's field of that name and its number, or NULL. */
const struct catalogue_field *catalogue_field_find(struct slice name, enum field_id *out_id);

/* May an extra field never have this name (it would take a key's place)? Ends in "Label" counts. */
bool catalogue_is_reserved(struct slice name);

/* The tables, in the order of the numbers. Use them by the functions below, which are inline
 * because making a record or a line asks for every field. */
extern const struct event_type catalogue_types[EVENT_COUNT];
extern const struct catalogue_field catalogue_fields[FIELD_TOTAL];

/* The type of that number; id < EVENT_COUNT. */
static inline const struct event_type *catalogue_type(enum event_id id)
{
    assert(id < EVENT_COUNT);
    return &catalogue_types[id];
}

/* The dictionary's field of that number; id < FIELD_TOTAL. */
static inline const struct catalogue_field *catalogue_field(enum field_id id)
{
    assert(id < FIELD_TOTAL);
    return &catalogue_fields[id];
}

#endif
