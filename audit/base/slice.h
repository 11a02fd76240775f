/* Borrowed bytes: a pointer and a length, nothing owned, not ended by NUL. */
#ifndef AUDIT_BASE_SLICE_H
#define AUDIT_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *data; /* may be NULL when length is 0 */
    size_t length;    /* octets */
};

/* A slice over a NUL-ended string (NULL gives the empty slice). */
static inline struct slice slice_of(const char *text)
{
    return (struct slice){text, text == NULL ? 0 : strlen(text)};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static inline bool slice_is(struct slice slice, const char *text)
{
    return slice_equal(slice, slice_of(text));
}

#endif
