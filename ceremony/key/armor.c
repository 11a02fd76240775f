#include "ceremony/key/armor.h"

#include <string.h>

#include "audit/base/base64.h"

#define BEGIN "-----BEGIN AGE ENCRYPTED FILE-----"
#define END "-----END AGE ENCRYPTED FILE-----"
#define COLUMNS 64
#define LINE_BYTES (COLUMNS / 4 * 3)

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice trim(struct slice text)
{
    while (text.length > 0 && is_space(text.data[text.length - 1])) {
        text.length--;
    }
    while (text.length > 0 && is_space(text.data[0])) {
        text.data++;
        text.length--;
    }
    return text;
}

bool armor_is(struct slice text)
{
    text = trim(text);
    return text.length >= sizeof BEGIN - 1 &&
           slice_is((struct slice){text.data, sizeof BEGIN - 1}, BEGIN);
}

void armor_write(struct buffer *out, struct slice octets)
{
    buffer_append_text(out, BEGIN "\n");
    for (size_t at = 0; at < octets.length; at += LINE_BYTES) {
        char line[COLUMNS + 1];
        size_t left = octets.length - at;
        base64_write((struct slice){octets.data + at, left < LINE_BYTES ? left : LINE_BYTES},
                     BASE64_PADDED, line);
        buffer_append_text(out, line);
        buffer_append_char(out, '\n');
    }
    buffer_append_text(out, END "\n");
}

static enum err refuse(struct fault *fault, unsigned line, const char *what)
{
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_key_file, NULL,
                     "Line %u of the armored file, counted from its BEGIN line, %s. The file was "
                     "changed or cut: take a copy of it.",
                     line, what);
}

/* The next line without its end. False at the end of the text. */
static bool next_line(struct slice *rest, struct slice *out_line)
{
    if (rest->length == 0) {
        return false;
    }
    const char *end = memchr(rest->data, '\n', rest->length);
    size_t length = end == NULL ? rest->length : (size_t)(end - rest->data);
    *out_line = (struct slice){rest->data, length};
    if (end != NULL && length > 0 && rest->data[length - 1] == '\r') {
        out_line->length--;
    }
    length += end == NULL ? 0 : 1;
    *rest = (struct slice){rest->data + length, rest->length - length};
    return true;
}

/* One line of base64; only the last one may be short. */
static bool read_line(struct slice line, struct buffer *out)
{
    uint8_t octets[LINE_BYTES];
    size_t length = 0;
    if (line.length == 0 || line.length > COLUMNS ||
        !base64_read(line, BASE64_PADDED, octets, sizeof octets, &length)) {
        return false;
    }
    buffer_append(out, octets, length);
    return true;
}

enum err armor_read(struct slice text, struct buffer *out, struct fault *fault)
{
    struct slice rest = trim(text);
    struct slice line = {NULL, 0};
    unsigned number = 1;
    bool last = false;
    if (!next_line(&rest, &line) || !slice_is(line, BEGIN)) {
        return refuse(fault, number, "is not " BEGIN);
    }
    for (number = 2; next_line(&rest, &line) && !slice_is(line, END); number++) {
        if (last || !read_line(line, out)) {
            return refuse(fault, number, "is not 64 characters of base64, or fewer in the last");
        }
        last = line.length < COLUMNS || line.data[COLUMNS - 1] == '=';
    }
    if (!slice_is(line, END) || rest.length != 0) {
        return refuse(fault, number, "is not the last one, " END);
    }
    return buffer_result(out) == OK ? OK : fault_no_memory(fault);
}
