#include "ceremony/key/statement.h"

#include <assert.h>
#include <sodium.h>

#include "audit/base/declassify.h"
#include "ceremony/key/kdf.h"
#include "ceremony/key/lp.h"

#define PART_KEY_LABEL "mkg/part-key/v1"
#define STATEMENT_LABEL "mkg/statement/v1"
#define FIELDS 7
#define ID_BYTES_MAX 36
#define STATEMENT_BYTES_MAX                                                         \
    LP_BYTES(FIELDS, sizeof STATEMENT_LABEL + sizeof "confirm" + 2 * ID_BYTES_MAX + \
                         STATEMENT_HEADER_BYTES + STATEMENT_CHALLENGE_BYTES +       \
                         STATEMENT_RECEIVER_BYTES)

static_assert(STATEMENT_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "Ed25519");
static_assert(STATEMENT_SIGNATURE_BYTES == crypto_sign_BYTES, "Ed25519");
static_assert(KDF_BYTES == crypto_sign_SEEDBYTES, "HKDF makes a seed");

static struct slice slice_of_octets(const uint8_t *octets, size_t length)
{
    return (struct slice){(const char *)octets, length};
}

enum err part_key_make(struct slice ceremony, const uint8_t header[STATEMENT_HEADER_BYTES],
                       struct slice value, uint8_t out_public[STATEMENT_PUBLIC_BYTES],
                       struct secret **out_signing)
{
    const struct slice fields[] = {slice_of(PART_KEY_LABEL),
                                   slice_of_octets(header, STATEMENT_HEADER_BYTES)};
    uint8_t info[LP_BYTES(2, sizeof PART_KEY_LABEL + STATEMENT_HEADER_BYTES)];
    uint8_t seed[KDF_BYTES];
    struct secret *signing = secret_new(crypto_sign_SECRETKEYBYTES);
    if (signing == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t info_length = lp_write(fields, 2, info);
    kdf_hkdf(ceremony, value, slice_of_octets(info, info_length), seed);
    crypto_sign_seed_keypair(out_public, signing->data, seed); /* never fails */
    sodium_memzero(seed, sizeof seed);
    signing->length = crypto_sign_SECRETKEYBYTES;
    secret_declassify(out_public, STATEMENT_PUBLIC_BYTES);
    if (out_signing == NULL) {
        secret_free(signing);
    } else {
        *out_signing = signing;
    }
    return OK;
}

/* The octets that are signed; how many. */
static size_t write_statement(const struct statement *statement, uint8_t out[STATEMENT_BYTES_MAX])
{
    static const char *const words[] = {[STATEMENT_CONFIRM] = "confirm",
                                        [STATEMENT_DRILL] = "drill",
                                        [STATEMENT_SUBMIT] = "submit"};
    size_t receiver_bytes = statement->deliver_to == NULL ? 0 : STATEMENT_RECEIVER_BYTES;
    assert((statement->purpose == STATEMENT_SUBMIT) == (receiver_bytes > 0));
    assert((statement->purpose == STATEMENT_CONFIRM) == (statement->reference.length == 0));
    assert(statement->ceremony.length <= ID_BYTES_MAX &&
           statement->reference.length <= ID_BYTES_MAX);
    const struct slice fields[FIELDS] = {
        slice_of(STATEMENT_LABEL),
        slice_of(words[statement->purpose]),
        statement->ceremony,
        slice_of_octets(statement->header, STATEMENT_HEADER_BYTES),
        statement->reference,
        slice_of_octets(statement->challenge, STATEMENT_CHALLENGE_BYTES),
        slice_of_octets(statement->deliver_to, receiver_bytes),
    };
    return lp_write(fields, FIELDS, out);
}

void statement_sign(const struct statement *statement, const struct secret *signing,
                    uint8_t out_signature[STATEMENT_SIGNATURE_BYTES])
{
    uint8_t message[STATEMENT_BYTES_MAX];
    assert(signing->length == crypto_sign_SECRETKEYBYTES);
    size_t length = write_statement(statement, message);
    crypto_sign_detached(out_signature, NULL, message, length, signing->data); /* never fails */
    secret_declassify(out_signature, STATEMENT_SIGNATURE_BYTES);
}

bool statement_verify(const struct statement *statement,
                      const uint8_t part_public[STATEMENT_PUBLIC_BYTES],
                      const uint8_t signature[STATEMENT_SIGNATURE_BYTES])
{
    uint8_t message[STATEMENT_BYTES_MAX];
    size_t length = write_statement(statement, message);
    return crypto_sign_verify_detached(signature, message, length, part_public) == 0;
}
