#include "audit/base/buffer.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audit/base/memory.h"

#define FIRST_CAPACITY 256

void buffer_init(struct buffer *buffer, size_t maximum)
{
    *buffer = (struct buffer){.maximum = maximum};
}

void buffer_init_wiped(struct buffer *buffer, size_t maximum)
{
    *buffer = (struct buffer){.maximum = maximum, .wiped = true};
}

void buffer_done(struct buffer *buffer)
{
    if (buffer->wiped && buffer->data != NULL) {
        sodium_memzero(buffer->data, buffer->capacity);
    }
    memory_free(buffer->data);
    *buffer = (struct buffer){.maximum = buffer->maximum, .wiped = buffer->wiped};
}

void buffer_reset(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = OK;
}

/* realloc would leave what it moves away from as it is. */
static char *move_and_wipe(const struct buffer *buffer, size_t capacity)
{
    char *data = memory_allocate(capacity);
    if (data != NULL && buffer->data != NULL) {
        memcpy(data, buffer->data, buffer->length);
        sodium_memzero(buffer->data, buffer->capacity);
        memory_free(buffer->data);
    }
    return data;
}

bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed != OK) {
        return false;
    }
    if (more <= buffer->capacity - buffer->length) {
        return true;
    }
    if (more > buffer->maximum - buffer->length) {
        buffer->failed = ERR_INVALID_PARAMS;
        return false;
    }
    size_t wanted = buffer->length + more;
    size_t capacity = buffer->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : buffer->capacity;
    while (capacity < wanted) {
        capacity = capacity > buffer->maximum / 2 ? buffer->maximum : capacity * 2;
    }
    if (capacity > buffer->maximum) {
        capacity = buffer->maximum;
    }
    char *data =
        buffer->wiped ? move_and_wipe(buffer, capacity) : memory_resize(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = ERR_NO_MEMORY;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_append(struct buffer *buffer, const void *data, size_t length)
{
    if (length != 0 && buffer_reserve(buffer, length)) {
        memcpy(buffer->data + buffer->length, data, length);
        buffer->length += length;
    }
}

void buffer_append_slice(struct buffer *buffer, struct slice slice)
{
    buffer_append(buffer, slice.data, slice.length);
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_append_char(struct buffer *buffer, char character)
{
    buffer_append(buffer, &character, 1);
}

void buffer_append_unsigned(struct buffer *buffer, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    buffer_append(buffer, digits + at, sizeof digits - at);
}

void buffer_append_signed(struct buffer *buffer, int64_t value)
{
    if (value < 0) {
        buffer_append_char(buffer, '-');
    }
    buffer_append_unsigned(buffer, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static void fail(struct buffer *buffer, enum err err)
{
    if (buffer->failed == OK) {
        buffer->failed = err;
    }
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    char short_text[1024];
    char *text = short_text;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(short_text, sizeof short_text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        fail(buffer, ERR_INTERNAL);
        return;
    }
    if ((size_t)length >= sizeof short_text) {
        text = memory_allocate((size_t)length + 1);
        if (text == NULL) {
            fail(buffer, ERR_NO_MEMORY);
            return;
        }
        va_start(arguments, format);
        vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    buffer_append(buffer, text, (size_t)length);
    if (text != short_text) {
        memory_free(text);
    }
}

struct slice buffer_slice(const struct buffer *buffer)
{
    return (struct slice){buffer->data, buffer->length};
}

enum err buffer_result(const struct buffer *buffer)
{
    return buffer->failed;
}
