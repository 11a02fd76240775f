#include "ipc/daemon/write.h"

#include <assert.h>

#include "audit/base/base64.h"
#include "audit/base/clock.h"
#include "audit/base/json.h"

#define OCTETS_MAX 4096

static void write_name(struct buffer *out, const char *name)
{
    buffer_append_format(out, ",\"%s\":", name);
}

void write_text(struct buffer *out, const char *name, struct slice text)
{
    write_name(out, name);
    json_write_string(out, text);
}

void write_integer(struct buffer *out, const char *name, int64_t value)
{
    write_name(out, name);
    buffer_append_signed(out, value);
}

void write_boolean(struct buffer *out, const char *name, bool value)
{
    write_name(out, name);
    buffer_append_text(out, value ? "true" : "false");
}

void write_time(struct buffer *out, const char *name, int64_t us)
{
    char text[CLOCK_TEXT_BYTES];
    if (us != 0) {
        clock_format(us, text);
        write_text(out, name, slice_of(text));
    }
}

void write_base64(struct buffer *out, const char *name, const void *octets, size_t length)
{
    char text[BASE64_CHARACTERS(OCTETS_MAX) + 1];
    assert(length <= OCTETS_MAX);
    base64_write((struct slice){octets, length}, BASE64_PADDED, text);
    write_text(out, name, slice_of(text));
}
