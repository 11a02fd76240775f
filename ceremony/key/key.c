#include "ceremony/key/key.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "audit/base/declassify.h"
#include "ceremony/key/bech32.h"

#define PUBLIC_PREFIX "age"
#define IDENTITY_PREFIX "AGE-SECRET-KEY-"

static_assert(BECH32_CHARACTERS(sizeof PUBLIC_PREFIX - 1, KEY_BYTES) == KEY_PUBLIC_TEXT, "age1…");
static_assert(BECH32_CHARACTERS(sizeof IDENTITY_PREFIX - 1, KEY_BYTES) == KEY_IDENTITY_TEXT,
              "AGE-SECRET-KEY-1…");

/* ---- kinds ---- */

static const char *const kind_words[] = {[KEY_AGE] = "age", [KEY_RAW] = "raw"};

const char *key_kind_word(enum key_kind kind)
{
    return kind_words[kind];
}

bool key_kind_from_word(struct slice word, enum key_kind *out)
{
    for (enum key_kind kind = KEY_AGE; kind <= KEY_RAW; kind++) {
        if (slice_is(word, kind_words[kind])) {
            *out = kind;
            return true;
        }
    }
    return false;
}

/* ---- bytes ---- */

enum err key_make(enum key_kind kind, unsigned bits, struct secret **out_key, struct fault *fault)
{
    if (bits != 256 && (bits != 128 || kind == KEY_AGE)) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_bits, NULL,
                         "A key of kind %s cannot have %u bits. It has %s.", key_kind_word(kind),
                         bits, kind == KEY_AGE ? "256" : "128 or 256");
    }
    struct secret *key = secret_new(bits / 8);
    if (key == NULL) {
        return fault_no_memory(fault);
    }
    randombytes_buf(key->data, bits / 8);
    key->length = bits / 8;
    *out_key = key;
    return OK;
}

enum err key_check_length(enum key_kind kind, size_t length, struct fault *fault)
{
    if (length == KEY_BYTES || (length == 16 && kind == KEY_RAW)) {
        return OK;
    }
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_secret_length, NULL,
                     "A key of kind %s has %s octets; this one has %zu.", key_kind_word(kind),
                     kind == KEY_AGE ? "32" : "16 or 32", length);
}

/* ---- text ---- */

enum err key_to_hex(const struct secret *key, struct secret **out_text)
{
    struct secret *text = secret_new(2 * key->length + 1);
    if (text == NULL) {
        return ERR_NO_MEMORY;
    }
    sodium_bin2hex((char *)text->data, text->capacity, key->data, key->length);
    text->length = 2 * key->length;
    *out_text = text;
    return OK;
}

enum err key_to_identity(const struct secret *key, struct secret **out_text)
{
    assert(key->length == KEY_BYTES);
    struct secret *text = secret_new(KEY_IDENTITY_TEXT + 1);
    if (text == NULL) {
        return ERR_NO_MEMORY;
    }
    bech32_encode(IDENTITY_PREFIX, (struct slice){(const char *)key->data, key->length},
                  (char *)text->data);
    text->length = KEY_IDENTITY_TEXT;
    *out_text = text;
    return OK;
}

enum err key_to_text(enum key_kind kind, const struct secret *key, struct secret **out_text)
{
    return kind == KEY_AGE ? key_to_identity(key, out_text) : key_to_hex(key, out_text);
}

static enum err refuse_hex(struct fault *fault)
{
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                     "A key is wanted as 32 or 64 hexadecimal digits, and something else stands "
                     "among them. Give the digits 0 to 9 and a to f alone.");
}

/* The value of a digit of either case; *wrong is not 0 if it is none. */
static uint32_t hex_digit(uint32_t octet, uint32_t *wrong)
{
    uint32_t digit = octet - '0';
    uint32_t letter = (octet | 0x20) - 'a';
    uint32_t is_digit = 0 - ((digit | (9 - digit)) >> 31 ^ 1);
    uint32_t is_letter = 0 - ((letter | (5 - letter)) >> 31 ^ 1);
    *wrong |= ~(is_digit | is_letter);
    return (digit & is_digit) | ((letter + 10) & is_letter);
}

static enum err read_hex(struct slice text, uint8_t out[KEY_BYTES], struct fault *fault)
{
    if (text.length != 32 && text.length != 64) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_secret_length, NULL,
                         "A key is wanted as 32 or 64 hexadecimal digits; this text has %zu "
                         "characters.",
                         text.length);
    }
    uint32_t wrong = 0;
    for (size_t i = 0; i < text.length / 2; i++) {
        uint32_t high = hex_digit((uint8_t)text.data[2 * i], &wrong);
        uint32_t low = hex_digit((uint8_t)text.data[2 * i + 1], &wrong);
        out[i] = (uint8_t)(high << 4 | low);
    }
    secret_declassify(&wrong, sizeof wrong);
    return wrong == 0 ? OK : refuse_hex(fault);
}

static bool is_identity(struct slice text)
{
    /* What has the length of digits is not looked at: its first characters are secret. */
    size_t length = sizeof IDENTITY_PREFIX - 1;
    return text.length != 32 && text.length != 64 && text.length > length &&
           strncasecmp(text.data, IDENTITY_PREFIX, length) == 0;
}

/* Reads into a secret of its own what stood as text. */
static enum err read_key(struct slice text, bool identity, struct secret **out_key,
                         struct fault *fault)
{
    uint8_t octets[KEY_BYTES];
    enum err err = identity ? bech32_decode(text, IDENTITY_PREFIX, octets, sizeof octets, fault)
                            : read_hex(text, octets, fault);
    if (err == OK) {
        struct secret *key = secret_copy(octets, identity ? KEY_BYTES : text.length / 2);
        err = key == NULL ? fault_no_memory(fault) : OK;
        *out_key = key == NULL ? *out_key : key;
    }
    sodium_memzero(octets, sizeof octets);
    return err;
}

enum err key_from_hex(struct slice text, struct secret **out_key, struct fault *fault)
{
    return read_key(text, false, out_key, fault);
}

enum err key_from_identity(struct slice text, struct secret **out_key, struct fault *fault)
{
    return read_key(text, true, out_key, fault);
}

enum err key_from_text(struct slice text, struct secret **out_key, struct fault *fault)
{
    return read_key(text, is_identity(text), out_key, fault);
}

bool key_text_fits(struct slice text)
{
    uint8_t octets[KEY_BYTES];
    enum err err = is_identity(text)
                       ? bech32_decode(text, IDENTITY_PREFIX, octets, sizeof octets, NULL)
                       : read_hex(text, octets, NULL);
    sodium_memzero(octets, sizeof octets);
    return err == OK;
}

/* ---- public keys ---- */

void key_public(const struct secret *key, uint8_t out[KEY_BYTES])
{
    assert(key->length == KEY_BYTES);
    int failed = crypto_scalarmult_base(out, key->data);
    assert(failed == 0); /* the base point's multiples by clamped numbers are none of them zero */
    secret_declassify(out, KEY_BYTES);
    (void)failed;
}

void key_public_text(const uint8_t public_key[KEY_BYTES], char out[KEY_PUBLIC_TEXT + 1])
{
    bech32_encode(PUBLIC_PREFIX, (struct slice){(const char *)public_key, KEY_BYTES}, out);
}

static bool is_supported(struct slice text)
{
    size_t length = sizeof PUBLIC_PREFIX; /* with the 1 */
    if (text.length < length || strncasecmp(text.data, PUBLIC_PREFIX "1", length) != 0) {
        return false;
    }
    /* A plugin's recipient is age1NAME1…: a 1 that ours cannot have. In a text of the right length
     * it is rather a slip of the pen, which the reader names. */
    return text.length == KEY_PUBLIC_TEXT ||
           memchr(text.data + length, '1', text.length - length) == NULL;
}

/* X25519 ignores the top bit and reckons modulo p = 2^255 - 19 (RFC 7748 section 5): a number of p
 * or more is another text of a key that has one already, so that two could pass for two keys. */
static bool is_canonical(const uint8_t public_key[KEY_BYTES])
{
    bool beyond = public_key[0] >= 0xed && public_key[KEY_BYTES - 1] == 0x7f;
    for (size_t i = 1; i < KEY_BYTES - 1; i++) {
        beyond = beyond && public_key[i] == 0xff;
    }
    return !beyond && public_key[KEY_BYTES - 1] < 0x80;
}

enum err key_public_from_text(struct slice text, uint8_t out[KEY_BYTES], struct fault *fault)
{
    if (!is_supported(text) || (text.length > 6 && memcmp(text.data, "age1pq1", 7) == 0)) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_unsupported_public_key, NULL,
                         "This is no X25519 public key of age. It must be age1 and 58 characters, "
                         "as `guardianctl key new` or age-keygen prints it; SSH keys, plugins and "
                         "post-quantum keys (age1pq1) cannot be used.");
    }
    uint8_t public_key[KEY_BYTES];
    uint8_t sealed[crypto_box_SEALBYTES + 1];
    enum err err = bech32_decode(text, PUBLIC_PREFIX, public_key, sizeof public_key, fault);
    if (err != OK) {
        return err;
    }
    if (crypto_box_seal(sealed, (const uint8_t *)"", 1, public_key) != 0) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_weak_public_key, NULL,
                         "Nothing can be sealed to this public key: whatever is, everybody could "
                         "open. Make another one with `guardianctl key new`.");
    }
    if (!is_canonical(public_key)) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                         "This is a second way to write a public key that has a usual one: its "
                         "number is 2^255 - 19 or more. Give it as `guardianctl key new` or "
                         "age-keygen prints it.");
    }
    memcpy(out, public_key, sizeof public_key);
    return OK;
}

void key_fingerprint(const uint8_t public_key[KEY_BYTES], char out[KEY_FINGERPRINT_TEXT + 1])
{
    char text[KEY_PUBLIC_TEXT + 1];
    key_public_text(public_key, text);
    for (size_t i = 0; i < KEY_FINGERPRINT_TEXT; i++) {
        out[i] = i % 5 == 4 ? ' ' : text[sizeof PUBLIC_PREFIX + i - i / 5];
    }
    out[KEY_FINGERPRINT_TEXT] = '\0';
}
