/* The strict JSON reader and the one string writer.
 *
 * Reads RFC 8259 and refuses everything doubtful: text that is not UTF-8 (overlong forms and coded
 * surrogates included), a \ud800-\udfff escape without its partner, a member name twice in one
 * object (compared after unescaping), a NUL in a member name, control characters in strings,
 * integers beyond int64, reals beyond double, anything behind the value, and whatever is over the
 * limits. \u0000 in a string value is taken (it is cleaned where a line is made). It is held to
 * jansson (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY): what jansson refuses is
 * refused here. Not recursive: depth costs memory of the caller's choosing, never stack. */
#ifndef AUDIT_BASE_JSON_H
#define AUDIT_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/arena.h"
#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/slice.h"

#define JSON_DEPTH_MAX 128 /* the highest limit a caller may set */

enum json_kind {
    JSON_NULL,
    JSON_BOOLEAN,
    JSON_INTEGER, /* no fraction, no exponent: exact within int64 */
    JSON_REAL,    /* has a fraction or an exponent; finite as a double */
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

/* A value. Lives in the arena; name and text borrow from the input where nothing had to be
 * unescaped, else from the arena. Neither may be changed while the tree is in use. */
struct json {
    enum json_kind kind;
    uint32_t count;    /* elements or members */
    struct slice name; /* unescaped; of members of an object, else empty */
    struct slice text; /* string: unescaped octets; number: as written; array, object: the octets
                          of the input from bracket to bracket */
    union {
        bool boolean;
        int64_t integer;
        double real;
        struct json *child; /* first element or member, NULL if none */
    };
    struct json *next; /* next element or member of the same parent, NULL at the end */
};

struct json_limits {
    uint32_t depth;   /* nested arrays and objects; at most JSON_DEPTH_MAX */
    uint32_t members; /* elements or members of one array or object */
    uint32_t outer;   /* elements of the outermost array; 0: as members */
};

/* Reads exactly one value (blanks around it allowed) out of text. On a fault: ERR_PARSE with reason
 * bad_utf8 (octets that are not UTF-8), duplicate, or bad_json (all else: grammar, half surrogate
 * pairs, NUL in a name, numbers out of range); ERR_INVALID_PARAMS with too_deep, too_many_members;
 * ERR_NO_MEMORY. The sentence begins with the octet, counted from 0 (duplicate: that of the
 * later of the two names). fault->field is the JSON pointer of the value it happened in or at. *out
 * untouched then; what the arena holds is given back by its reset. */
MUST_CHECK enum err json_parse(struct arena *arena, struct slice text,
                               const struct json_limits *limits, struct json **out,
                               struct fault *fault);

/* The member of that name, or NULL. object must be a JSON_OBJECT. */
const struct json *json_member(const struct json *object, const char *name);

/* Appends the string as a JSON string: escapes \" \\ \b \f \n \r \t, other controls \u00xx, and
 * nothing else (contract, section 5). The text must be UTF-8. */
void json_write_string(struct buffer *buffer, struct slice text);

/* Is the text UTF-8 as RFC 3629 has it? */
bool json_is_utf8(struct slice text);

#endif
