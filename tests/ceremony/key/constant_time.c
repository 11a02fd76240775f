/* Neither a jump nor an address depends on a key: run under valgrind, which follows the octets that
 * are marked as secret here (tests/CMakeLists.txt). With the argument `leak`, one does. */
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/base/declassify.h"
#include "ceremony/key/kdf.h"
#include "ceremony/key/key.h"
#include "ceremony/key/payload.h"
#include "ceremony/key/statement.h"

#define CHECK "mkcheck1dudrc55dpe9h48ppte8n52cuphtul3yn2xze6d3xt6qujyxjpr7q0h4lyz"
#define IDENTITY_SECRET_FROM 16 /* AGE-SECRET-KEY-1 is no secret */

static void must(enum err err)
{
    if (err != OK) {
        fprintf(stderr, "failed: %s\n", err_text(err));
        exit(1);
    }
}

static struct slice slice_of_secret(const struct secret *secret)
{
    return (struct slice){(const char *)secret->data, secret->length};
}

static struct secret *make_key(unsigned bits)
{
    struct secret *key = NULL;
    must(key_make(KEY_RAW, bits, &key, NULL));
    secret_classify(key->data, key->length);
    return key;
}

/* Both are what they were: not looked at, but said openly. */
static void must_be_equal(const struct secret *a, const struct secret *b)
{
    bool equal = secret_equal(a, b);
    secret_declassify(&equal, sizeof equal);
    must(equal ? OK : ERR_INTERNAL);
}

static void digits(unsigned bits)
{
    struct secret *key = make_key(bits);
    struct secret *text = NULL;
    struct secret *again = NULL;
    must(key_to_hex(key, &text));
    must(key_from_text(slice_of_secret(text), &again, NULL));
    must_be_equal(key, again);
    text->data[3] = 'x'; /* refused without looking at more than that it is wrong */
    secret_classify(text->data, text->length);
    if (key_from_text(slice_of_secret(text), &again, NULL) == OK) {
        must(ERR_INTERNAL);
    }
    secret_free(again);
    secret_free(text);
    secret_free(key);
}

static void identity(void)
{
    struct secret *key = make_key(256);
    struct secret *text = NULL;
    struct secret *again = NULL;
    struct fault fault;
    must(key_to_identity(key, &text));
    secret_classify(text->data + IDENTITY_SECRET_FROM, KEY_IDENTITY_TEXT - IDENTITY_SECRET_FROM);
    must(key_from_identity(slice_of_secret(text), &again, NULL));
    must_be_equal(key, again);
    text->data[40] ^= 1;
    if (key_from_identity(slice_of_secret(text), &again, &fault) == OK) {
        must(ERR_INTERNAL);
    }
    secret_free(again);
    secret_free(text);
    secret_free(key);
}

static void file_and_recipient(void)
{
    struct secret *key = make_key(256);
    struct secret *text = NULL;
    char check[KEY_CHECK_TEXT + 1];
    must(key_to_file(key, 0, &text));
    must(key_check_value(KEY_AGE, key, slice_of(""), check));
    must(key_prove(key, slice_of(check), NULL));
    key->data[7] ^= 1;
    if (key_prove(key, slice_of(check), NULL) == OK) {
        must(ERR_INTERNAL);
    }
    secret_free(text);
    secret_free(key);
}

static void part_key_and_statement(void)
{
    static const uint8_t header[STATEMENT_HEADER_BYTES] = {1, 2, 3, 4, 5};
    static const uint8_t challenge[STATEMENT_CHALLENGE_BYTES] = {6, 7, 8};
    struct secret *value = make_key(256);
    struct secret *signing = NULL;
    uint8_t public_key[STATEMENT_PUBLIC_BYTES];
    uint8_t signature[STATEMENT_SIGNATURE_BYTES];
    const struct statement statement = {.purpose = STATEMENT_CONFIRM,
                                        .ceremony = slice_of("ceremony"),
                                        .header = header,
                                        .challenge = challenge};
    must(part_key_make(slice_of("ceremony"), header, slice_of_secret(value), public_key, &signing));
    statement_sign(&statement, signing, signature);
    must(statement_verify(&statement, public_key, signature) ? OK : ERR_INTERNAL);
    secret_free(signing);
    secret_free(value);
}

/* What stands in a payload is put there and sealed unseen. */
static void sealing(void)
{
    static const char words[] = "western apart academic always";
    uint8_t sealed[PAYLOAD_SEALED_BYTES];
    uint8_t receiver[KEY_BYTES];
    struct secret *key = make_key(256);
    struct secret *mnemonic = secret_copy(words, sizeof words - 1);
    struct secret *digits = NULL;
    key_public(key, receiver);
    must(key_to_hex(key, &digits));
    secret_classify(mnemonic->data, mnemonic->length);
    const struct payload_submission submission = {.mnemonic = slice_of_secret(mnemonic)};
    const struct payload_key delivered = {
        .kind = KEY_RAW, .secret = slice_of_secret(digits), .check = slice_of(CHECK)};
    must(payload_seal_submission(&submission, receiver, sealed, NULL));
    must(payload_seal_key(&delivered, receiver, sealed, NULL));
    secret_free(digits);
    secret_free(mnemonic);
    secret_free(key);
}

static void derivations(void)
{
    struct secret *key = make_key(256);
    uint8_t out[KDF_BYTES];
    kdf_hkdf(slice_of("salt"), slice_of_secret(key), slice_of("info"), out);
    kdf_pbkdf2(slice_of_secret(key), slice_of("salt"), 10, out, sizeof out);
    secret_free(key);
}

static void leak(void)
{
    struct secret *key = make_key(128);
    puts((key->data[0] & 1) != 0 ? "odd" : "even");
    secret_free(key);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        leak();
        return 0;
    }
    digits(128);
    digits(256);
    identity();
    file_and_recipient();
    part_key_and_statement();
    sealing();
    derivations();
    puts("no jump, no address depended on a secret");
    return 0;
}
