#include "audit/base/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audit/base/utf8.h"

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

/* Controls of both sets and octets that are not UTF-8 (as a character cut off at the end) become
 * '?'. */
static void clean(char *text)
{
    const char *end = text + strlen(text);
    while (text < end) {
        size_t length = utf8_sequence(text, end);
        size_t octets = length == 0 ? 1 : length;
        if (length == 0 || utf8_is_control(text, length)) {
            memset(text, '?', octets);
        }
        text += octets;
    }
}

/* Ends a text that was cut when it did not fit before the character that was cut in two. */
static void end_whole(char *text)
{
    text[utf8_whole(text, strlen(text))] = '\0';
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
    fault->data = (struct slice){0};
    if (field != fault->field) {
        snprintf(fault->field, sizeof fault->field, "%s", field == NULL ? "" : field);
        end_whole(fault->field);
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->sentence, sizeof fault->sentence, format, arguments);
    va_end(arguments);
    end_whole(fault->sentence);
    clean(fault->sentence);
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
    end_whole(joined);
    memcpy(fault->field, joined, sizeof joined);
}

void fault_pointer_append(char *field, int size, const char *name, int length)
{
    int at = (int)strlen(field);
    if (at + 2 > size) {
        return;
    }
    field[at++] = '/';
    int i = 0;
    for (; i < length && at + 3 <= size; i++) {
        if (name[i] == '~' || name[i] == '/') {
            field[at++] = '~';
            field[at++] = name[i] == '~' ? '0' : '1';
        } else {
            field[at++] = name[i];
        }
    }
    field[at] = '\0';
    if (i < length) {
        end_whole(field);
    }
}
