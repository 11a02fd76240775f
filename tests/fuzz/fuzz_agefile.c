/* Any octets as a guardian's key file, and as what such a file holds. scrypt is only asked when the
 * work factor is small: what lies behind it is reached with files of the corpus. */
#include <stdint.h>
#include <stdlib.h>

#include "ceremony/key/agefile.h"
#include "ceremony/key/key.h"

#define WORK_FACTOR_TRIED 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_content(struct slice text)
{
    struct secret *key = NULL;
    struct fault fault;
    if (key_from_file(text, &key, &fault) == OK && key->length != KEY_BYTES) {
        abort();
    }
    secret_free(key);
}

static void open_file(struct slice file)
{
    struct fault fault;
    struct secret *content = NULL;
    struct secret *passphrase = secret_copy("passphrase", 10);
    if (passphrase != NULL && agefile_read(file, passphrase, &content, &fault) == OK) {
        read_content((struct slice){(const char *)content->data, content->length});
    }
    secret_free(content);
    secret_free(passphrase);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice file = {(const char *)data, size};
    struct agefile parsed;
    struct buffer unarmored;
    struct fault fault;
    buffer_init(&unarmored, AGEFILE_BYTES_MAX);
    if (agefile_parse(file, &unarmored, &parsed, &fault) == OK) {
        if (parsed.work_factor < 1 || parsed.work_factor > AGEFILE_WORK_FACTOR_MAX ||
            parsed.header.length + parsed.nonce.length + parsed.sealed.length > size) {
            abort();
        }
        if (parsed.work_factor <= WORK_FACTOR_TRIED) {
            open_file(file);
        }
    }
    buffer_done(&unarmored);
    read_content(file);
    return 0;
}
