#include "ceremony/key/agefile.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "audit/base/base64.h"
#include "ceremony/key/armor.h"
#include "ceremony/key/kdf.h"

#define VERSION_LINE "age-encryption.org/v1"
#define RECIPIENT_LINE "-> scrypt "
#define MAC_LINE "---"
#define SCRYPT_LABEL "age-encryption.org/v1/scrypt"
#define SALT_BYTES 16
#define FILE_KEY_BYTES 16
#define NONCE_BYTES 16
#define TAG_BYTES crypto_aead_chacha20poly1305_ietf_ABYTES
#define BASE64_16 22 /* characters of 16 octets without padding */

static_assert(sizeof((struct agefile *)NULL)->wrapped == FILE_KEY_BYTES + TAG_BYTES, "wrapped key");
static_assert(KDF_BYTES == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "HKDF makes a key");

/* All the keys of one file; lives on the stack and is wiped there. */
struct file_keys {
    uint8_t wrapping[KDF_BYTES]; /* of the passphrase */
    uint8_t file[FILE_KEY_BYTES];
    uint8_t mac_key[KDF_BYTES];
    uint8_t content[KDF_BYTES];
    uint8_t mac[KDF_BYTES];
};

static const uint8_t wrapping_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES]; /* zeros */
/* STREAM: 11 octets count the chunks, the last says that this is the last chunk. There is but one
 * chunk, for it holds 64 KiB, more than a file that is read or written. */
static const uint8_t chunk_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES] = {[11] = 1};

static struct slice slice_of_octets(const uint8_t *octets, size_t length)
{
    return (struct slice){(const char *)octets, length};
}

/* ---- keys ---------------------------------------------------------------------------------- */

static enum err derive_wrapping(const struct secret *passphrase, const uint8_t salt[SALT_BYTES],
                                unsigned work_factor, struct file_keys *keys, struct fault *fault)
{
    uint8_t labelled[sizeof SCRYPT_LABEL - 1 + SALT_BYTES];
    memcpy(labelled, SCRYPT_LABEL, sizeof SCRYPT_LABEL - 1);
    memcpy(labelled + sizeof SCRYPT_LABEL - 1, salt, SALT_BYTES);
    if (crypto_pwhash_scryptsalsa208sha256_ll(passphrase->data, passphrase->length, labelled,
                                              sizeof labelled, UINT64_C(1) << work_factor, 8, 1,
                                              keys->wrapping, sizeof keys->wrapping) == 0) {
        return OK;
    }
    return fault_set(fault, ERR_NO_MEMORY, REASON_no_memory, NULL,
                     "The passphrase of this file takes %u MiB of memory for a moment, and they "
                     "cannot be had. Free some and try again.",
                     (1u << work_factor) / 1024);
}

/* From the file's key: those of its header and of its content. */
static void derive_others(struct slice header, struct slice nonce, struct file_keys *keys)
{
    struct slice file_key = slice_of_octets(keys->file, sizeof keys->file);
    kdf_hkdf(slice_of(""), file_key, slice_of("header"), keys->mac_key);
    kdf_hmac(slice_of_octets(keys->mac_key, sizeof keys->mac_key), header, keys->mac);
    kdf_hkdf(nonce, file_key, slice_of("payload"), keys->content);
}

/* ---- the header, read ---------------------------------------------------------------------- */

static enum err refuse(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_key_file, NULL,
                     "This is no key file of a guardian: %s. Wanted is what `guardianctl key new` "
                     "or `age-keygen | age -p` writes.",
                     what);
}

/* The next line of the header, without its LF. False if there is none. */
static bool next_line(struct slice *rest, struct slice *out_line)
{
    const char *end = rest->length == 0 ? NULL : memchr(rest->data, '\n', rest->length);
    if (end == NULL) {
        return false;
    }
    *out_line = (struct slice){rest->data, (size_t)(end - rest->data)};
    size_t taken = out_line->length + 1;
    *rest = (struct slice){rest->data + taken, rest->length - taken};
    return true;
}

static bool begins(struct slice text, const char *with)
{
    size_t length = strlen(with);
    return text.length >= length && memcmp(text.data, with, length) == 0;
}

static bool read_base64(struct slice text, uint8_t *out, size_t length)
{
    size_t read = 0;
    return base64_read(text, BASE64_UNPADDED, out, length, &read) && read == length;
}

/* `-> scrypt SALT FACTOR` */
static enum err read_recipient(struct slice line, struct agefile *out, struct fault *fault)
{
    if (begins(line, "-> ") && !begins(line, RECIPIENT_LINE)) {
        return refuse(fault, "it is encrypted to public keys and not with a passphrase");
    }
    size_t salt_at = sizeof RECIPIENT_LINE - 1;
    size_t factor_at = salt_at + BASE64_16 + 1;
    if (!begins(line, RECIPIENT_LINE) || line.length <= factor_at ||
        line.data[factor_at - 1] != ' ' || line.data[factor_at] == '0' ||
        !read_base64((struct slice){line.data + salt_at, BASE64_16}, out->salt, SALT_BYTES)) {
        return refuse(fault, "its second line is not -> scrypt, a salt and a work factor");
    }
    unsigned factor = 0;
    for (size_t i = factor_at; i < line.length; i++) {
        if (line.data[i] < '0' || line.data[i] > '9') {
            return refuse(fault, "the work factor in its second line is no number");
        }
        factor = factor > 1000 ? factor : 10 * factor + (unsigned)(line.data[i] - '0');
    }
    if (factor > AGEFILE_WORK_FACTOR_MAX) {
        return refuse(fault, "its work factor is over 20, which takes more than 1 GiB of memory");
    }
    out->work_factor = factor;
    return OK;
}

static enum err read_header(struct slice file, struct agefile *out, struct fault *fault)
{
    struct slice rest = file;
    struct slice line;
    if (!next_line(&rest, &line) || !slice_is(line, VERSION_LINE)) {
        return refuse(fault, "it does not begin with " VERSION_LINE);
    }
    if (!next_line(&rest, &line)) {
        return refuse(fault, "it ends in its first lines");
    }
    enum err err = read_recipient(line, out, fault);
    if (err != OK) {
        return err;
    }
    if (!next_line(&rest, &line) || !read_base64(line, out->wrapped, sizeof out->wrapped)) {
        return refuse(fault, "its third line is not 43 characters of base64");
    }
    out->header = (struct slice){file.data, (size_t)(rest.data - file.data) + strlen(MAC_LINE)};
    if (!next_line(&rest, &line) || !begins(line, MAC_LINE " ") ||
        !read_base64((struct slice){line.data + 4, line.length - 4}, out->mac, sizeof out->mac)) {
        return refuse(fault, "its fourth line is not --- and 43 characters of base64");
    }
    if (rest.length < NONCE_BYTES + TAG_BYTES) {
        return refuse(fault, "it is cut: its content is missing");
    }
    out->nonce = (struct slice){rest.data, NONCE_BYTES};
    out->sealed = (struct slice){rest.data + NONCE_BYTES, rest.length - NONCE_BYTES};
    return OK;
}

enum err agefile_parse(struct slice file, struct buffer *unarmored, struct agefile *out,
                       struct fault *fault)
{
    if (file.length > AGEFILE_BYTES_MAX) {
        return refuse(fault, "it is larger than 64 KiB");
    }
    if (armor_is(file)) {
        enum err err = armor_read(file, unarmored, fault);
        if (err != OK) {
            return err;
        }
        file = buffer_slice(unarmored);
    }
    return read_header(file, out, fault);
}

/* ---- reading ------------------------------------------------------------------------------- */

static enum err refuse_passphrase(struct fault *fault)
{
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_wrong_passphrase, NULL,
                     "The passphrase is wrong, or the first lines of the file were changed. Type "
                     "it again, or take a copy of the file.");
}

/* The keys of a file; the MAC must agree. */
static enum err open_header(const struct agefile *file, const struct secret *passphrase,
                            struct file_keys *keys, struct fault *fault)
{
    enum err err = derive_wrapping(passphrase, file->salt, file->work_factor, keys, fault);
    if (err != OK) {
        return err;
    }
    if (crypto_aead_chacha20poly1305_ietf_decrypt(keys->file, NULL, NULL, file->wrapped,
                                                  sizeof file->wrapped, NULL, 0, wrapping_nonce,
                                                  keys->wrapping) != 0) {
        return refuse_passphrase(fault);
    }
    derive_others(file->header, file->nonce, keys);
    return sodium_memcmp(keys->mac, file->mac, sizeof file->mac) == 0
               ? OK
               : refuse(fault, "its first lines were changed");
}

static enum err open_content(const struct agefile *file, const struct secret *passphrase,
                             struct secret **out_content, struct fault *fault)
{
    assert(file->sealed.data != NULL && file->sealed.length >= TAG_BYTES);
    struct file_keys keys;
    size_t length = file->sealed.length - TAG_BYTES;
    struct secret *content = secret_new(length == 0 ? 1 : length);
    if (content == NULL) {
        return fault_no_memory(fault);
    }
    enum err err = open_header(file, passphrase, &keys, fault);
    if (err == OK && crypto_aead_chacha20poly1305_ietf_decrypt(
                         content->data, NULL, NULL, (const uint8_t *)file->sealed.data,
                         file->sealed.length, NULL, 0, chunk_nonce, keys.content) != 0) {
        err = refuse(fault, "its content was changed or cut");
    }
    sodium_memzero(&keys, sizeof keys);
    if (err != OK) {
        secret_free(content);
        return err;
    }
    content->length = length;
    *out_content = content;
    return OK;
}

enum err agefile_read(struct slice file, const struct secret *passphrase,
                      struct secret **out_content, struct fault *fault)
{
    struct agefile parsed = {0};
    struct buffer unarmored;
    buffer_init(&unarmored, AGEFILE_BYTES_MAX);
    enum err err = agefile_parse(file, &unarmored, &parsed, fault);
    if (err == OK) {
        err = open_content(&parsed, passphrase, out_content, fault);
    }
    buffer_done(&unarmored);
    return err;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void append_base64(struct buffer *out, const uint8_t *octets, size_t length)
{
    char text[BASE64_CHARACTERS(32) + 1];
    base64_write(slice_of_octets(octets, length), BASE64_UNPADDED, text);
    buffer_append_text(out, text);
}

/* The header up to its MAC. */
static void write_header(struct buffer *out, const uint8_t salt[SALT_BYTES], unsigned work_factor,
                         const struct file_keys *keys)
{
    uint8_t wrapped[FILE_KEY_BYTES + TAG_BYTES];
    crypto_aead_chacha20poly1305_ietf_encrypt(wrapped, NULL, keys->file, sizeof keys->file, NULL, 0,
                                              NULL, wrapping_nonce, keys->wrapping);
    buffer_append_text(out, VERSION_LINE "\n" RECIPIENT_LINE);
    append_base64(out, salt, SALT_BYTES);
    buffer_append_format(out, " %u\n", work_factor);
    append_base64(out, wrapped, sizeof wrapped);
    buffer_append_text(out, "\n" MAC_LINE);
}

static void write_content(struct buffer *out, const uint8_t nonce[NONCE_BYTES],
                          const struct secret *content, const struct file_keys *keys)
{
    buffer_append(out, nonce, NONCE_BYTES);
    if (buffer_reserve(out, content->length + TAG_BYTES)) {
        crypto_aead_chacha20poly1305_ietf_encrypt((uint8_t *)out->data + out->length, NULL,
                                                  content->data, content->length, NULL, 0, NULL,
                                                  chunk_nonce, keys->content);
        out->length += content->length + TAG_BYTES;
    }
}

/* The file without armor. */
static enum err write_binary(const struct secret *content, const struct secret *passphrase,
                             unsigned work_factor, struct buffer *out, struct fault *fault)
{
    uint8_t salt[SALT_BYTES];
    uint8_t nonce[NONCE_BYTES];
    struct file_keys keys;
    randombytes_buf(salt, sizeof salt);
    randombytes_buf(nonce, sizeof nonce);
    randombytes_buf(keys.file, sizeof keys.file);
    enum err err = derive_wrapping(passphrase, salt, work_factor, &keys, fault);
    if (err == OK) {
        write_header(out, salt, work_factor, &keys);
        derive_others(buffer_slice(out), slice_of_octets(nonce, sizeof nonce), &keys);
        buffer_append_char(out, ' ');
        append_base64(out, keys.mac, sizeof keys.mac);
        buffer_append_char(out, '\n');
        write_content(out, nonce, content, &keys);
    }
    sodium_memzero(&keys, sizeof keys);
    return err;
}

enum err agefile_write(const struct secret *content, const struct secret *passphrase,
                       unsigned work_factor, struct buffer *out, struct fault *fault)
{
    struct buffer binary;
    assert(passphrase->length > 0 && work_factor >= 1 && work_factor <= AGEFILE_WORK_FACTOR_MAX);
    buffer_init(&binary, AGEFILE_BYTES_MAX);
    enum err err = write_binary(content, passphrase, work_factor, &binary, fault);
    if (err == OK) {
        armor_write(out, buffer_slice(&binary));
        err = buffer_result(&binary) != OK ? buffer_result(&binary) : buffer_result(out);
        err = err == OK              ? OK
              : err == ERR_NO_MEMORY ? fault_no_memory(fault)
                                     : fault_set(fault, err, REASON_too_large, NULL,
                                                 "A key file holds at most 64 KiB. Give it less.");
    }
    buffer_done(&binary);
    return err;
}
