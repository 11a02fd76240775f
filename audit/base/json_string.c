#include "audit/base/json_parts.h"
#include "audit/base/utf8.h"

bool json_is_utf8(struct slice text)
{
    const char *at = text.data;
    const char *end = text.length == 0 ? at : at + text.length;
    while (at < end) {
        if (end - at >= 8 && (json_load(at) & json_each(0x80)) == 0) {
            at += 8;
            continue;
        }
        size_t length = utf8_sequence(at, end);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

/* ---- reading ----------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The 16 bits of \uXXXX at `at` (its backslash), or -1 if there is no such escape before close. */
static int32_t read_unit(const char *at, const char *close)
{
    if (close - at < 6 || at[0] != '\\' || at[1] != 'u') {
        return -1;
    }
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

static char *put_utf8(char *out, uint32_t character)
{
    if (character < 0x80) {
        *out++ = (char)character;
    } else if (character < 0x800) {
        *out++ = (char)(0xc0 | character >> 6);
        *out++ = (char)(0x80 | (character & 0x3f));
    } else if (character < 0x10000) {
        *out++ = (char)(0xe0 | character >> 12);
        *out++ = (char)(0x80 | (character >> 6 & 0x3f));
        *out++ = (char)(0x80 | (character & 0x3f));
    } else {
        *out++ = (char)(0xf0 | character >> 18);
        *out++ = (char)(0x80 | (character >> 12 & 0x3f));
        *out++ = (char)(0x80 | (character >> 6 & 0x3f));
        *out++ = (char)(0x80 | (character & 0x3f));
    }
    return out;
}

/* Takes one \uXXXX, or two that make one character, at `at`. Gives the octet behind, or NULL and
 * what is wrong. */
static const char *unescape_unit(const char *at, const char *close, char **out,
                                 const char **out_what)
{
    int32_t unit = read_unit(at, close);
    if (unit < 0) {
        *out_what = "\\u needs four hexadecimal digits.";
        return NULL;
    }
    if (unit < 0xd800 || unit > 0xdfff) {
        *out = put_utf8(*out, (uint32_t)unit);
        return at + 6;
    }
    int32_t low = unit < 0xdc00 ? read_unit(at + 6, close) : -1;
    if (low < 0xdc00 || low > 0xdfff) {
        *out_what = "half of a surrogate pair. \\ud800-\\udbff needs \\udc00-\\udfff behind it, "
                    "and that one needs the other before it.";
        return NULL;
    }
    *out = put_utf8(*out, 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
    return at + 12;
}

/* Takes the escape at `at`, as unescape_unit. */
static const char *unescape_one(const char *at, const char *close, char **out,
                                const char **out_what)
{
    static const char letters[] = {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'};
    static const char meanings[] = {'"', '\\', '/', '\b', '\f', '\n', '\r', '\t'};
    const char *letter = memchr(letters, at[1], sizeof letters);
    if (letter != NULL) {
        *(*out)++ = meanings[letter - letters];
        return at + 2;
    }
    if (at[1] == 'u') {
        return unescape_unit(at, close, out, out_what);
    }
    *out_what = "no such escape. There are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX.";
    return NULL;
}

const char *json_unescape(struct slice inside, char *out, size_t *out_length, const char **out_what)
{
    const char *at = inside.data;
    const char *close = at + inside.length;
    char *begin = out;
    while (at < close) {
        if (*at != '\\') {
            *out++ = *at++;
            continue;
        }
        const char *behind = unescape_one(at, close, &out, out_what);
        if (behind == NULL) {
            return at;
        }
        at = behind;
    }
    *out_length = (size_t)(out - begin);
    return NULL;
}

/* ---- writing ----------------------------------------------------------------------------- */

/* The first octet from at that must be escaped, or end. The last word overlaps the one before, of
 * which nothing was marked. */
static const char *skip_unescaped(const char *at, const char *end)
{
    const char *start = at;
    while (at < end) {
        if (end - at < 8) {
            if (end - start < 8) {
                break;
            }
            at = end - 8;
        }
        uint64_t marks = json_special(json_load(at));
        if (marks != 0) {
            return at + json_first_mark(marks);
        }
        at += 8;
    }
    while (at < end && !json_is_special(*at)) {
        at++;
    }
    return at;
}

static void write_escape(struct buffer *buffer, char octet)
{
    static const char octets[] = {'"', '\\', '\b', '\f', '\n', '\r', '\t'};
    static const char letters[] = {'"', '\\', 'b', 'f', 'n', 'r', 't'};
    static const char digits[] = "0123456789abcdef";
    const char *found = memchr(octets, octet, sizeof octets);
    if (found != NULL) {
        const char escape[] = {'\\', letters[found - octets]};
        buffer_append(buffer, escape, sizeof escape);
    } else {
        const char escape[] = {'\\', 'u', '0', '0', digits[octet >> 4], digits[octet & 0xf]};
        buffer_append(buffer, escape, sizeof escape);
    }
}

/* Text without anything to escape, which nearly all is: one piece. */
static void write_plain(struct buffer *buffer, struct slice text)
{
    if (!buffer_reserve(buffer, text.length + 2)) {
        return;
    }
    char *out = buffer->data + buffer->length;
    out[0] = '"';
    if (text.length > 0) {
        memcpy(out + 1, text.data, text.length);
    }
    out[text.length + 1] = '"';
    buffer->length += text.length + 2;
}

void json_write_string(struct buffer *buffer, struct slice text)
{
    const char *at = text.data;
    const char *end = text.length == 0 ? at : at + text.length;
    const char *special = skip_unescaped(at, end);
    if (special == end) {
        write_plain(buffer, text);
        return;
    }
    buffer_append_char(buffer, '"');
    while (at < end) {
        special = skip_unescaped(at, end);
        buffer_append(buffer, at, (size_t)(special - at));
        at = special;
        if (at < end) {
            write_escape(buffer, *at++);
        }
    }
    buffer_append_char(buffer, '"');
}
