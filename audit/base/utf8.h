/* UTF-8 as RFC 3629 has it, a character at a time. Thread-safe: no state. */
#ifndef AUDIT_BASE_UTF8_H
#define AUDIT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Octets (1 to 4) of the character that begins at `at` and ends before or at `end`; 0 if none
 * does: overlong forms, coded surrogates, what is beyond U+10FFFF, cut or stray octets. `at` must
 * be before `end`. */
size_t utf8_sequence(const char *at, const char *end);

/* Is the character of that length at `at` a control: U+0000-U+001F, U+007F, U+0080-U+009F? */
bool utf8_is_control(const char *at, size_t length);

/* How many of the first `length` octets at `at` remain when a character cut off at their end is
 * left out: length, or up to 3 less. Says nothing about the octets before. */
size_t utf8_whole(const char *at, size_t length);

#endif
