#include "audit/render/escape.h"

#include <stdint.h>
#include <string.h>

/* What an octet does to the text. */
enum mark {
    PLAIN,
    REPLACED,  /* a control character: U+FFFD */
    BLANKED,   /* a space instead */
    LETTERED,  /* LF and CR: backslash and n or r */
    SLASHED,   /* a backslash before it */
    LEADS_C1,  /* 0xC2: U+0080 to U+009F are control characters */
    LEADS_END, /* 0xE2: U+2028 and U+2029 end lines */
};

/* U+0000-U+001F but TAB, LF and CR; U+007F; the leads of longer ones; TAB. */
#define CLEANING                                                              \
    [0x00 ... 0x08] = REPLACED, [0x09] = BLANKED, [0x0b ... 0x0c] = REPLACED, \
              [0x0e ... 0x1f] = REPLACED, [0x7f] = REPLACED, [0xc2] = LEADS_C1, [0xe2] = LEADS_END

static const unsigned char marks[ESCAPE_COUNT][256] = {
    [ESCAPE_CEF_HEADER] =
        {CLEANING, ['\n'] = BLANKED, ['\r'] = BLANKED, ['\\'] = SLASHED, ['|'] = SLASHED},
    [ESCAPE_CEF_VALUE] =
        {CLEANING, ['\n'] = LETTERED, ['\r'] = LETTERED, ['\\'] = SLASHED, ['='] = SLASHED},
    [ESCAPE_PARAM] = {CLEANING, ['\n'] = BLANKED, ['\r'] = BLANKED, ['\\'] = SLASHED,
                      ['"'] = SLASHED, [']'] = SLASHED},
    [ESCAPE_MSG] = {CLEANING, ['\n'] = BLANKED, ['\r'] = BLANKED},
    [ESCAPE_SENSAGE] = {CLEANING, ['\n'] = LETTERED, ['\r'] = LETTERED, ['\\'] = SLASHED},
};

static const char replacement[] = "\xef\xbf\xbd";
#define REPLACEMENT_BYTES 3
#define GROWTH 3 /* an octet becomes at most three */

static unsigned char octet_at(struct slice text, size_t at)
{
    return (unsigned char)text.data[at];
}

/* Octets from `at` up to the first that is marked. Eight at a time: most values have none. */
static size_t plain_octets(const unsigned char *mark, struct slice text, size_t at)
{
    const char *start = text.data + at;
    const char *end = text.data + text.length;
    const char *now = start;
    while (end - now >= 8) {
        const unsigned char *eight = (const unsigned char *)now;
        if ((mark[eight[0]] | mark[eight[1]] | mark[eight[2]] | mark[eight[3]] | mark[eight[4]] |
             mark[eight[5]] | mark[eight[6]] | mark[eight[7]]) != PLAIN) {
            break;
        }
        now += 8;
    }
    while (now < end && mark[(unsigned char)*now] == PLAIN) {
        now++;
    }
    return (size_t)(now - start);
}

/* Copies octets from `at` up to the first that is marked, for which there is room; returns how
 * many. One scan and one copy of short values is half of what a line costs. */
static size_t copy_plain(struct buffer *out, const unsigned char *mark, struct slice text,
                         size_t at)
{
    const char *now = text.data + at;
    const char *end = text.data + text.length;
    char *to = out->data + out->length;
    while (end - now >= 8) {
        const unsigned char *eight = (const unsigned char *)now;
        if ((mark[eight[0]] | mark[eight[1]] | mark[eight[2]] | mark[eight[3]] | mark[eight[4]] |
             mark[eight[5]] | mark[eight[6]] | mark[eight[7]]) != PLAIN) {
            break;
        }
        memcpy(to, now, 8);
        to += 8;
        now += 8;
    }
    while (now < end && mark[(unsigned char)*now] == PLAIN) {
        *to++ = *now++;
    }
    out->length = (size_t)(to - out->data);
    return (size_t)(now - (text.data + at));
}

/* Octets of the code point at `at`. */
static size_t point_octets(struct slice text, size_t at)
{
    unsigned char lead = octet_at(text, at);
    size_t octets = 1;
    if (lead >= 0xf0) {
        octets = 4;
    } else if (lead >= 0xe0) {
        octets = 3;
    } else if (lead >= 0xc0) {
        octets = 2;
    }
    size_t left = text.length - at;
    return octets < left ? octets : left;
}

/* Is the code point at `at`, led by 0xC2 or 0xE2, one that cleaning replaces? */
static bool is_replaced(struct slice text, size_t at, size_t octets)
{
    if (octets == 2) {
        unsigned char second = octet_at(text, at + 1);
        return second >= 0x80 && second <= 0x9f;
    }
    return octets == 3 && octet_at(text, at + 1) == 0x80 &&
           (octet_at(text, at + 2) == 0xa8 || octet_at(text, at + 2) == 0xa9);
}

/* Appends the marked code point at `at`; returns its octets in the text. */
static size_t append_marked(struct buffer *out, enum mark mark, struct slice text, size_t at)
{
    char octet = text.data[at];
    size_t octets = 1;
    switch (mark) {
    case PLAIN:
    case REPLACED:
        buffer_append(out, replacement, REPLACEMENT_BYTES);
        break;
    case BLANKED:
        buffer_append_char(out, ' ');
        break;
    case LETTERED:
        buffer_append(out, octet == '\n' ? "\\n" : "\\r", 2);
        break;
    case SLASHED:
        buffer_append(out, (const char[]){'\\', octet}, 2);
        break;
    case LEADS_C1:
    case LEADS_END:
        octets = point_octets(text, at);
        if (is_replaced(text, at, octets)) {
            buffer_append(out, replacement, REPLACEMENT_BYTES);
        } else {
            buffer_append(out, text.data + at, octets);
        }
        break;
    }
    return octets;
}

/* The text goes into the room of the buffer, which holds it at its longest. */
static void append_with_room(struct buffer *out, const unsigned char *mark, struct slice text)
{
    size_t at = 0;
    while (at < text.length) {
        at += copy_plain(out, mark, text, at);
        if (at < text.length) {
            at += append_marked(out, (enum mark)mark[octet_at(text, at)], text, at);
        }
    }
}

void escape_append(struct buffer *out, enum escape escape, struct slice text)
{
    const unsigned char *mark = marks[escape];
    size_t at = 0;
    if (out->failed == OK && text.length <= (out->capacity - out->length) / GROWTH) {
        append_with_room(out, mark, text);
        return;
    }
    while (at < text.length) {
        size_t plain = plain_octets(mark, text, at);
        buffer_append(out, text.data + at, plain);
        at += plain;
        if (at < text.length) {
            at += append_marked(out, (enum mark)mark[octet_at(text, at)], text, at);
        }
    }
}

/* What a code point becomes. */
struct point {
    size_t octets;  /* in the text */
    size_t cleaned; /* after cleaning */
    size_t escaped; /* in the line */
};

static struct point point_at(const unsigned char *mark, struct slice text, size_t at)
{
    size_t octets = point_octets(text, at);
    switch ((enum mark)mark[octet_at(text, at)]) {
    case REPLACED:
        return (struct point){octets, REPLACEMENT_BYTES, REPLACEMENT_BYTES};
    case LETTERED:
    case SLASHED:
        return (struct point){octets, 1, 2};
    case LEADS_C1:
    case LEADS_END:
        if (is_replaced(text, at, octets)) {
            return (struct point){octets, REPLACEMENT_BYTES, REPLACEMENT_BYTES};
        }
        break;
    case PLAIN:
    case BLANKED:
        break;
    }
    return (struct point){octets, octets, octets};
}

size_t escape_run(enum escape escape, struct slice text, struct escape_room *room)
{
    size_t at = 0;
    while (at < text.length) {
        struct point point = point_at(marks[escape], text, at);
        bool non_ascii = point.cleaned > 1;
        if (point.escaped > room->octets || point.cleaned > room->cleaned ||
            (non_ascii && room->ascii_only)) {
            break;
        }
        room->octets -= point.escaped;
        room->cleaned -= point.cleaned;
        room->non_ascii |= non_ascii;
        at += point.octets;
    }
    return at;
}
