#include "audit/base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const words[] = {
#define REASON(word, meaning) [REASON_##word] = #word,
#include "audit/base/reason.def"
#undef REASON
};

const char *reason_word(enum reason reason)
{
    return words[reason];
}

void fault_clear(struct fault *fault)
{
    *fault = (struct fault){.index = -1};
}

static void clean_controls(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
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
    clean_controls(fault->sentence);
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
