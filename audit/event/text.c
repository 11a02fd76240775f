#include "audit/event/text.h"

#include <stdint.h>

#define EVERY(octet) (UINT64_C(0x0101010101010101) * (octet))

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool text_is_empty(struct slice text)
{
    size_t at = 0;
    while (at < text.length && is_blank(text.data[at])) {
        at++;
    }
    return at == text.length;
}

struct slice text_trim(struct slice text)
{
    while (text.length > 0 && is_blank(text.data[text.length - 1])) {
        text.length--;
    }
    while (text.length > 0 && is_blank(text.data[0])) {
        text.data++;
        text.length--;
    }
    return text;
}

static uint64_t zero_octets(uint64_t word)
{
    return (word - EVERY(0x01)) & ~word & EVERY(0x80);
}

/* Does none of the eight octets begin anything that could need cleaning: a control, DEL, or the
 * lead octets C2 (of U+0080-U+00BF) and E2 (of U+2000-U+2FFF)? Octet by octet would cost more than
 * the rest of a line. */
static bool is_ordinary(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t controls = (word - EVERY(0x20)) & ~word & EVERY(0x80);
    return (controls | zero_octets(word ^ EVERY(0x7f)) | zero_octets(word ^ EVERY(0xc2)) |
            zero_octets(word ^ EVERY(0xe2))) == 0;
}

/* Octets of the character at the place that cleaning replaces, 0 if it stays. */
static size_t replaced_octets(struct slice text, size_t place)
{
    const unsigned char *at = (const unsigned char *)text.data + place;
    size_t left = text.length - place;
    if (at[0] < 0x20 || at[0] == 0x7f) {
        return at[0] == '\n' || at[0] == '\r' ? 0 : 1;
    }
    if (at[0] == 0xc2 && left >= 2 && at[1] < 0xa0) {
        return 2;
    }
    if (at[0] == 0xe2 && left >= 3 && at[1] == 0x80 && (at[2] == 0xa8 || at[2] == 0xa9)) {
        return 3;
    }
    return 0;
}

/* The first place from `place` on where something is replaced; the length if there is none. */
static size_t next_replaced(struct slice text, size_t place)
{
    while (place < text.length) {
        if (text.length - place >= 8 && is_ordinary(text.data + place)) {
            place += 8;
        } else if (replaced_octets(text, place) != 0) {
            return place;
        } else {
            place++;
        }
    }
    return place;
}

bool text_clean_borrow(struct slice text, struct slice *out_trimmed)
{
    struct slice trimmed = text_trim(text);
    if (next_replaced(trimmed, 0) != trimmed.length) {
        return false;
    }
    *out_trimmed = trimmed;
    return true;
}

size_t text_clean(struct slice text, char *out)
{
    struct slice trimmed = text_trim(text);
    size_t written = 0;
    size_t place = 0;
    while (place < trimmed.length) {
        size_t next = next_replaced(trimmed, place);
        memcpy(out + written, trimmed.data + place, next - place);
        written += next - place;
        place = next;
        if (place == trimmed.length) {
            break;
        }
        if (trimmed.data[place] == '\t') {
            out[written++] = ' ';
        } else {
            memcpy(out + written, "\xef\xbf\xbd", 3);
            written += 3;
        }
        place += replaced_octets(trimmed, place);
    }
    return written;
}

struct slice text_address(struct slice text)
{
    struct slice address = text_trim(text);
    const char *zone = address.length == 0 ? NULL : memchr(address.data, '%', address.length);
    if (zone != NULL) {
        address.length = (size_t)(zone - address.data);
    }
    return address;
}
