/* Shared by the sources of the event: private to them. */
#ifndef AUDIT_EVENT_PARTS_H
#define AUDIT_EVENT_PARTS_H

#include "audit/event/event.h"

/* An event without values; NULL when there is no memory. */
struct event *event_allocate(struct arena *arena, const struct event_type *type);

/* Fills the fault with "The field NAME " and the sentence's rest; the pointer is /inside/name, or
 * /name if inside is NULL. Always ERR_INVALID_PARAMS. */
enum err event_refuse(struct fault *fault, enum reason reason, const char *inside,
                      struct slice name, const char *sentence);

/* bad_type or bad_value: says what the field takes. */
enum err event_refuse_value(struct fault *fault, enum reason reason, const char *inside,
                            const struct catalogue_field *field);

/* missing_field if a required field is absent or empty. */
enum err event_check_required(const struct event *event, struct fault *fault);

#endif
