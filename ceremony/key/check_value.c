/* The check value of a master key (key.h; parts.md section 4). */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "audit/base/declassify.h"
#include "audit/base/uuid.h"
#include "ceremony/key/bech32.h"
#include "ceremony/key/key.h"
#include "ceremony/key/lp.h"

#define CHECK_PREFIX "mkcheck"
#define CHECK_LABEL "mkg/check/v1"
#define ID_BYTES 16
#define TAG_BYTES 16

static_assert(BECH32_CHARACTERS(sizeof CHECK_PREFIX - 1, ID_BYTES + TAG_BYTES) == KEY_CHECK_TEXT,
              "mkcheck1…");
static_assert(ID_BYTES + TAG_BYTES == KEY_BYTES, "read into the same place");
static_assert(crypto_pwhash_argon2id_SALTBYTES == ID_BYTES, "the id of the key is the salt");

/* What a check value of a raw key says. */
struct raw_check {
    uint8_t id[ID_BYTES];
    uint8_t tag[TAG_BYTES];
};

bool key_id_from_text(struct slice text, uint8_t out[ID_BYTES])
{
    size_t length = 0;
    uint8_t id[ID_BYTES];
    if (!uuid_is(text) ||
        sodium_hex2bin(id, sizeof id, text.data, text.length, "-", &length, NULL) != 0 ||
        length != sizeof id) {
        return false;
    }
    memcpy(out, id, sizeof id);
    return true;
}

static enum err make_tag(const struct secret *key, struct raw_check *check)
{
    const struct slice fields[] = {slice_of(CHECK_LABEL), {(const char *)key->data, key->length}};
    struct secret *password = secret_new(lp_length(fields, 2));
    if (password == NULL) {
        return ERR_NO_MEMORY;
    }
    password->length = lp_write(fields, 2, password->data);
    int failed =
        crypto_pwhash(check->tag, TAG_BYTES, (const char *)password->data, password->length,
                      check->id, 3, (size_t)64 << 20, crypto_pwhash_ALG_ARGON2ID13);
    secret_free(password);
    return failed == 0 ? OK : ERR_NO_MEMORY;
}

enum err key_check_value(enum key_kind kind, const struct secret *key, struct slice key_id,
                         char out[KEY_CHECK_TEXT + 1])
{
    if (kind == KEY_AGE) {
        uint8_t public_key[KEY_BYTES];
        key_public(key, public_key);
        key_public_text(public_key, out);
        return OK;
    }
    struct raw_check check;
    if (!key_id_from_text(key_id, check.id)) {
        return ERR_INVALID_PARAMS;
    }
    enum err err = make_tag(key, &check);
    if (err == OK) {
        secret_declassify(check.tag, sizeof check.tag);
        bech32_encode(CHECK_PREFIX, (struct slice){(const char *)&check, sizeof check}, out);
    }
    return err;
}

static enum err refuse_key(struct fault *fault)
{
    return fault_set(fault, ERR_PARTS, REASON_check_mismatch, NULL,
                     "This is another key than the one the check value was made of. Use the parts, "
                     "or the key, of the ceremony that the check value belongs to.");
}

static enum err prove_age(const struct secret *key, struct slice text, struct fault *fault)
{
    uint8_t expected[KEY_BYTES];
    uint8_t found[KEY_BYTES];
    enum err err = key_public_from_text(text, expected, fault);
    if (err != OK) {
        return err;
    }
    if (key->length != KEY_BYTES) {
        return refuse_key(fault);
    }
    key_public(key, found);
    return sodium_memcmp(found, expected, sizeof found) == 0 ? OK : refuse_key(fault);
}

static enum err prove_raw(const struct secret *key, struct slice text, struct fault *fault)
{
    struct raw_check expected;
    struct raw_check found;
    enum err err = bech32_decode(text, CHECK_PREFIX, (uint8_t *)&expected, sizeof expected, fault);
    if (err != OK) {
        return err;
    }
    memcpy(found.id, expected.id, sizeof found.id);
    if (make_tag(key, &found) != OK) {
        return fault_no_memory(fault);
    }
    int differs = sodium_memcmp(found.tag, expected.tag, sizeof found.tag);
    secret_declassify(&differs, sizeof differs);
    return differs == 0 ? OK : refuse_key(fault);
}

enum err key_prove(const struct secret *key, struct slice check, struct fault *fault)
{
    bool raw = check.length > 2 && memcmp(check.data, "mk", 2) == 0;
    return raw ? prove_raw(key, check, fault) : prove_age(key, check, fault);
}

bool key_check_fits(struct slice text)
{
    uint8_t octets[KEY_BYTES];
    bool raw = text.length > 2 && memcmp(text.data, "mk", 2) == 0;
    enum err err = raw ? bech32_decode(text, CHECK_PREFIX, octets, sizeof octets, NULL)
                       : key_public_from_text(text, octets, NULL);
    return err == OK;
}
