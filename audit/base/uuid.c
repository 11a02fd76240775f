#include "audit/base/uuid.h"

#include <sodium.h>
#include <string.h>

static bool is_dash_place(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

void uuid_text(uint8_t random[16], char out[UUID_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    random[6] = (uint8_t)((random[6] & 0x0f) | 0x40);
    random[8] = (uint8_t)((random[8] & 0x3f) | 0x80);
    char *at = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *at++ = '-';
        }
        *at++ = digits[random[i] >> 4];
        *at++ = digits[random[i] & 15];
    }
}

void uuid_draw(char out[UUID_TEXT_BYTES + 1])
{
    uint8_t random[16];
    randombytes_buf(random, sizeof random);
    uuid_text(random, out);
    out[UUID_TEXT_BYTES] = '\0';
}

bool uuid_is(struct slice text)
{
    if (text.length != UUID_TEXT_BYTES) {
        return false;
    }
    for (size_t i = 0; i < UUID_TEXT_BYTES; i++) {
        bool digit = text.data[i] != '\0' && strchr("0123456789abcdef", text.data[i]) != NULL;
        if (is_dash_place(i) ? text.data[i] != '-' : !digit) {
            return false;
        }
    }
    return text.data[14] == '4' && strchr("89ab", text.data[19]) != NULL;
}
