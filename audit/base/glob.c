#include "audit/base/glob.h"

#include <stddef.h>

bool glob_match(struct slice pattern, struct slice text)
{
    size_t at = 0;     /* in the pattern */
    size_t read = 0;   /* in the text */
    bool star = false; /* has one been met? */
    size_t after_star = 0;
    size_t covered_to = 0; /* text up to here belongs to that star or to what stands before it */
    while (read < text.length) {
        if (at < pattern.length && pattern.data[at] == '*') {
            star = true;
            after_star = ++at;
            covered_to = read;
        } else if (at < pattern.length &&
                   (pattern.data[at] == '?' || pattern.data[at] == text.data[read])) {
            at++;
            read++;
        } else if (star) {
            /* Only the newest star has to give way: whatever an older one could cover instead,
             * this one can cover too. That keeps the work quadratic at most. */
            at = after_star;
            read = ++covered_to;
        } else {
            return false;
        }
    }
    while (at < pattern.length && pattern.data[at] == '*') {
        at++;
    }
    return at == pattern.length;
}
