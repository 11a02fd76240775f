/* Why something was refused: what a person or a program needs to mend it. */
#ifndef AUDIT_BASE_FAULT_H
#define AUDIT_BASE_FAULT_H

#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/slice.h"

#define REASON(word, meaning) REASON_##word,
enum reason {
#include "audit/base/reason.def"
};
#undef REASON

/* Lives on the caller's stack; owns nothing. Made by fault_set, empty after fault_clear. */
struct fault {
    enum err err;
    enum reason reason;
    int64_t index;      /* number of the event in its batch, -1 if it does not apply */
    char field[256];    /* JSON pointer (RFC 6901) into params, "" if it does not apply */
    char sentence[512]; /* English: what is wrong, then what would be right */
    struct slice data;  /* more members of error.data, as JSON text without braces; borrowed from
                           the request's arena; mostly empty */
};

/* The snake_case word of a reason, as error.data.reason has it. */
const char *reason_word(enum reason reason);

/* The reason of a word; REASON_none if there is no such. */
enum reason reason_from_word(const char *word);

void fault_clear(struct fault *fault);

/* Fills the fault (which may be NULL: then nobody wants to know) and returns err, so that
 * `return fault_set(…)` is one line. field may be NULL. The index is set to -1. Control characters
 * in the formatted sentence, and octets that are not UTF-8, become '?', so that it can stand on a
 * terminal, in a log line or in an answer. What is too long is cut between two characters. */
enum err fault_set(struct fault *fault, enum err err, enum reason reason, const char *field,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same without format, for out of memory. */
enum err fault_no_memory(struct fault *fault);

/* Puts a JSON pointer in front of the field: fault_prefix(f, "/events/%d", 3) turns "/dst" into
 * "/events/3/dst". Does nothing when fault is NULL. */
void fault_prefix(struct fault *fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends "/name" to a JSON pointer in field[size], escaping ~ and / (RFC 6901); cut between two
 * characters when full. */
void fault_pointer_append(char *field, int size, const char *name, int length);

#endif
