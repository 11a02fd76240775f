/* What stands behind a key or in the place of a {field} of a message: a value of the event in the
 * form its place asks for (formats.md 1.3 and 2). Pure and thread-safe; borrows from the event. */
#ifndef AUDIT_RENDER_CELL_H
#define AUDIT_RENDER_CELL_H

#include <stdint.h>

#include "audit/base/buffer.h"
#include "audit/event/event.h"
#include "audit/render/escape.h"
#include "audit/render/render.h"

#define CELL_TEXT_BYTES 400 /* of a value that is no text; event_number_text asks for so much */

enum cell_form {
    CELL_EMPTY,
    CELL_TEXT,         /* as sent, ends taken off: to be cleaned and escaped */
    CELL_ESCAPED,      /* goes into the line as it is */
    CELL_INTEGER,      /* decimal */
    CELL_NUMBER,       /* real */
    CELL_TIME_PRINTED, /* YYYY-MM-DD HH:MM:SS */
    CELL_TIME_MESSAGE, /* DD/MM/YYYY HH:MM:SS */
    CELL_TIME_MS,      /* milliseconds since 1970 */
    CELL_ENTRY,        /* the log's ID in text, then - and the index in integer */
    CELL_MESSAGE,      /* the message of the event */
};

struct cell {
    enum cell_form form;
    struct slice text;
    union {
        int64_t integer; /* also microseconds since 1970 */
        double real;
    };
};

/* The value of a slot, of a field of the daemon's own, or of any kind; time_form is the form a time
 * takes there. CELL_EMPTY if it is absent or nothing is left of it after cleaning. Cells are filled
 * in their place: copying them would cost more than filling them. */
void cell_of_slot(const struct event *event, size_t slot, enum field_id field,
                  enum cell_form time_form, struct cell *out);
void cell_of_daemon(const struct event *event, enum field_id field, enum cell_form time_form,
                    struct cell *out);
void cell_of_value(const struct event_value *value, enum value_kind kind, enum cell_form time_form,
                   struct cell *out);

/* Text that goes into the line as it is. */
void cell_of_escaped(struct slice text, struct cell *out);

/* Text as sent. */
void cell_of_text(struct slice text, struct cell *out);

/* The text of a cell, not cleaned and not escaped, made in scratch where it is no text already.
 * Not for CELL_ENTRY and CELL_MESSAGE. */
struct slice cell_text(const struct cell *cell, char scratch[CELL_TEXT_BYTES]);

#endif
