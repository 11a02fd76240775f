/* key.txt, as age-keygen writes it (key.h; parts.md section 3). */
#include <assert.h>
#include <string.h>

#include "audit/base/clock.h"
#include "ceremony/key/key.h"

#define SECONDS_TEXT 19 /* characters of 2026-11-24T17:49:41 */

static enum err append_text(struct secret *secret, const char *text)
{
    return secret_append(secret, text, strlen(text));
}

enum err key_to_file(const struct secret *key, int64_t created_us, struct secret **out_text)
{
    char created[CLOCK_TEXT_BYTES];
    char public_text[KEY_PUBLIC_TEXT + 1];
    uint8_t public_key[KEY_BYTES];
    struct secret *identity = NULL;
    enum err err = key_to_identity(key, &identity);
    if (err != OK) {
        return err;
    }
    clock_format(created_us, created);
    created[SECONDS_TEXT] = '\0';
    key_public(key, public_key);
    key_public_text(public_key, public_text);
    const char *const head[] = {"# created: ", created, "Z\n# public key: ", public_text, "\n"};
    struct secret *text = secret_new(64 + KEY_PUBLIC_TEXT + KEY_IDENTITY_TEXT);
    err = text == NULL ? ERR_NO_MEMORY : OK;
    for (size_t i = 0; i < sizeof head / sizeof head[0] && err == OK; i++) {
        err = append_text(text, head[i]);
    }
    if (err == OK) {
        err = secret_append(text, identity->data, identity->length);
    }
    if (err == OK) {
        err = append_text(text, "\n");
    }
    secret_free(identity);
    if (err != OK) {
        secret_free(text);
        return err;
    }
    *out_text = text;
    return OK;
}

static enum err refuse(struct fault *fault, unsigned line, const char *what)
{
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_key_file, NULL,
                     "Line %u of the key file %s. A key file has comments beginning with # and one "
                     "line AGE-SECRET-KEY-1 and 58 characters.",
                     line, what);
}

/* Cuts the next line off the rest, without LF or CRLF. */
static struct slice cut_line(struct slice *rest)
{
    const char *end = memchr(rest->data, '\n', rest->length);
    struct slice line = {rest->data, end == NULL ? rest->length : (size_t)(end - rest->data)};
    size_t taken = line.length + (end == NULL ? 0 : 1);
    *rest = (struct slice){rest->data + taken, rest->length - taken};
    if (line.length > 0 && line.data[line.length - 1] == '\r') {
        line.length--;
    }
    return line;
}

enum err key_from_file(struct slice text, struct secret **out_key, struct fault *fault)
{
    struct secret *key = NULL;
    enum err err = OK;
    unsigned number = 0;
    while (text.length > 0 && err == OK) {
        struct slice line = cut_line(&text);
        number++;
        if (line.length == 0 || line.data[0] == '#') {
            continue;
        }
        err = key != NULL ? refuse(fault, number, "holds a second key")
                          : key_from_identity(line, &key, fault);
        if (err == ERR_INVALID_PARAMS && key == NULL) {
            err = refuse(fault, number, "is no identity of age");
        }
    }
    if (err == OK && key == NULL) {
        err = refuse(fault, number, "is the last one, and there was no key");
    }
    if (err != OK) {
        secret_free(key);
        return err;
    }
    *out_key = key;
    return OK;
}
