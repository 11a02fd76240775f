#include "ipc/client/output.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "audit/base/clock.h"
#include "audit/base/utf8.h"
#include "audit/event/text.h"

#define ESCAPE_BYTES 12 /* \u{10FFFF} and its NUL */
#define REPLACEMENT "\xef\xbf\xbd"

/* Controls, and what Unicode gives no shape of its own: soft hyphen, the marks, embeddings,
 * overrides and isolates of bidirectional text, zero-width characters, separators, annotation
 * characters, tags. Variation selectors are not here: they stand in ordinary emoji. */
static bool is_hidden(uint32_t point)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},   {0x061c, 0x061c},
        {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},
        {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

static uint32_t point_of(const char *at, size_t length)
{
    static const unsigned char lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = (unsigned char)at[0] & lead_bits[length];
    for (size_t i = 1; i < length; i++) {
        point = point << 6 | ((unsigned char)at[i] & 0x3f);
    }
    return point;
}

/* What is shown for the character at `at`: its own octets, or those written to escape. */
static struct slice shown_character(const char *at, size_t length, char escape[ESCAPE_BYTES])
{
    if (length == 0) {
        return slice_of(REPLACEMENT);
    }
    uint32_t point = point_of(at, length);
    if (point == '\t' || point == '\n' || point == '\r') {
        return slice_of(" ");
    }
    if (!is_hidden(point)) {
        return (struct slice){at, length};
    }
    (void)snprintf(escape, ESCAPE_BYTES, "\\u{%X}", (unsigned)point);
    return slice_of(escape);
}

static void output_to(FILE *file, struct slice text, size_t columns)
{
    struct slice trimmed = text_trim(text);
    const char *end = trimmed.data + trimmed.length;
    size_t shown = 0;
    for (const char *at = trimmed.data; at < end;) {
        char escape[ESCAPE_BYTES];
        size_t length = utf8_sequence(at, end);
        struct slice piece = shown_character(at, length, escape);
        size_t width = piece.data == escape ? piece.length : 1;
        if (columns != 0 && shown + width > columns) {
            break; /* an escape is shown whole or not at all */
        }
        (void)fwrite(piece.data, 1, piece.length, file); /* client_finish looks */
        shown += width;
        at += length == 0 ? 1 : length;
    }
    for (; shown < columns; shown++) {
        (void)fputc(' ', file);
    }
}

void output_text(struct slice text, size_t columns)
{
    output_to(stdout, text, columns);
}

void output_error_text(struct slice text)
{
    output_to(stderr, text, 0);
}

void output_pair(const char *label, struct slice text)
{
    if (text.length > 0) {
        printf("%-13s", label);
        output_text(text, 0);
        putchar('\n');
    }
}

void output_moment(struct slice time, size_t columns)
{
    char text[CLOCK_TEXT_BYTES];
    int64_t us;
    if (time.length == 0) {
        output_text(slice_of("-"), columns);
    } else if (!clock_parse(time, &us)) {
        output_text(time, columns);
    } else {
        clock_format(us, text);
        text[10] = ' ';
        text[19] = 'Z';
        output_text((struct slice){text, 20}, columns);
    }
}

struct slice output_member(const struct json *object, const char *name)
{
    static const struct slice words[] = {{"false", 5}, {"true", 4}};
    const struct json *value =
        object != NULL && object->kind == JSON_OBJECT ? json_member(object, name) : NULL;
    if (value == NULL || value->kind == JSON_NULL) {
        return (struct slice){"", 0};
    }
    return value->kind == JSON_BOOLEAN ? words[value->boolean ? 1 : 0] : value->text;
}

static struct slice beginning(struct slice text, size_t length)
{
    return (struct slice){text.data, text.length < length ? text.length : length};
}

void output_ceremony(const struct json *ceremony, char *out, size_t size)
{
    struct slice started = output_member(ceremony, "started");
    out[0] = '\0';
    FILE *file = fmemopen(out, size, "w");
    if (file == NULL) {
        return;
    }
    output_to(file, output_member(ceremony, "name"), 0);
    fputs(" (", file);
    output_to(file, beginning(output_member(ceremony, "ceremony"), 8), 0);
    fputs(started.length == 0 ? "" : ", begun ", file);
    output_to(file, beginning(started, 10), 0);
    fputs(")", file);
    (void)fclose(file);
    out[size - 1] = '\0';
}
