#include "audit/base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audit/base/json.h"

static const char *const words[] = {
#define REASON(word, meaning) [REASON_##word] = #word,
#include "audit/base/reason.def"
#undef REASON
};

const char *reason_word(enum reason reason)
{
    return words[reason];
}

enum reason reason_from_word(const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], word) == 0) {
            return (enum reason)i;
        }
    }
    return REASON_none;
}

void fault_clear(struct fault *fault)
{
    *fault = (struct fault){.index = -1};
}

/* What was formatted may hold a sender's text, cut anywhere: it must stand on a terminal, in a log
 * line and in JSON. */
static void clean(char *text)
{
    bool utf8 = json_is_utf8(slice_of(text));
    for (; *text != '\0'; text++) {
        unsigned char octet = (unsigned char)*text;
        if (octet < 0x20 || octet == 0x7f || (octet >= 0x80 && !utf8)) {
            *text = '?';
        }
    }
}

enum err fault_set(struct fault *fault, enum err err, enum reason reason, const char *field,
                   const char *format, ...)
{
    if (fault == NULL) {
        return err;
    }
    fault->err = err;
    fault->reason = reason;
    fault->index = -1;
    snprintf(fault->field, sizeof fault->field, "%s", field == NULL ? "" : field);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->sentence, sizeof fault->sentence, format, arguments);
    va_end(arguments);
    clean(fault->sentence);
    clean(fault->field);
    return err;
}

enum err fault_no_memory(struct fault *fault)
{
    return fault_set(fault, ERR_NO_MEMORY, REASON_no_memory, NULL,
                     "Out of memory: nothing was done. Try again later or give the guardian more.");
}

void fault_prefix(struct fault *fault, const char *format, ...)
{
    if (fault == NULL) {
        return;
    }
    char joined[sizeof fault->field];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(joined, sizeof joined, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof joined) {
        return;
    }
    snprintf(joined + length, sizeof joined - (size_t)length, "%s", fault->field);
    memcpy(fault->field, joined, sizeof joined);
}

void fault_pointer_append(char *field, int size, const char *name, int length)
{
    int at = (int)strlen(field);
    if (at + 2 > size) {
        return;
    }
    field[at++] = '/';
    for (int i = 0; i < length && at + 3 <= size; i++) {
        if (name[i] == '~' || name[i] == '/') {
            field[at++] = '~';
            field[at++] = name[i] == '~' ? '0' : '1';
        } else {
            field[at++] = name[i];
        }
    }
    field[at] = '\0';
}
