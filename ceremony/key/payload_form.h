/* What each member of a payload is, and how it is written: shared by the payload*.c files and
 * nobody else. Thread-safe: no state. */
#ifndef CEREMONY_KEY_PAYLOAD_FORM_H
#define CEREMONY_KEY_PAYLOAD_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/base/secret.h"
#include "audit/base/slice.h"

enum payload_form {
    PAYLOAD_ID,         /* UUID */
    PAYLOAD_ID_OR_NONE, /* UUID or empty */
    PAYLOAD_LABEL,      /* text of people */
    PAYLOAD_NUMBER,     /* 1..most */
    PAYLOAD_KIND,       /* age, raw */
    PAYLOAD_CHECK,      /* age1…, mkcheck1… */
    PAYLOAD_RECEIVER,   /* age1… or empty */
    PAYLOAD_TIME,       /* RFC 3339 with Z */
    PAYLOAD_WORDS,      /* secret: words */
    PAYLOAD_KEY_TEXT,   /* secret: digits or an identity */
    PAYLOAD_IDENTITY,   /* secret: an identity; the member is missing when it is empty */
};

/* A member, and where it lies in its struct. */
struct payload_member {
    const char *name;
    enum payload_form form;
    size_t offset;
    unsigned most; /* octets of a label or of words; the highest number */
};

struct payload_shape {
    const char *type;
    const struct payload_member *members;
    size_t count;
    size_t bytes; /* of the payload */
};

/* Is the text one of this form? Secrets are looked at only so far as the answer tells. */
bool payload_text_fits(const struct payload_member *member, struct slice text);

/* Writes the payload of the struct, filled up to its length, behind the end of out. NULL when done,
 * else the name of the member that is not of its form. */
const char *payload_write(const struct payload_shape *shape, const void *values,
                          struct secret *out);

#endif
