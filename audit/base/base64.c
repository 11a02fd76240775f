#include "audit/base/base64.h"

#include <sodium.h>

static int variant(enum base64_padding padding)
{
    return padding == BASE64_PADDED ? sodium_base64_VARIANT_ORIGINAL
                                    : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
}

/* libsodium 1.0.18 takes octets over 127 for characters of the alphabet, so they are looked for
 * before it is asked. */
static bool is_ascii(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.data[i] > 0x7f) {
            return false;
        }
    }
    return true;
}

bool base64_read(struct slice text, enum base64_padding padding, uint8_t *out, size_t capacity,
                 size_t *out_length)
{
    size_t length = 0;
    if (!is_ascii(text) || sodium_base642bin(out, capacity, text.data, text.length, NULL, &length,
                                             NULL, variant(padding)) != 0) {
        return false;
    }
    *out_length = length;
    return true;
}

void base64_write(struct slice octets, enum base64_padding padding, char *out)
{
    sodium_bin2base64(out, sodium_base64_encoded_len(octets.length, variant(padding)),
                      (const unsigned char *)octets.data, octets.length, variant(padding));
}
