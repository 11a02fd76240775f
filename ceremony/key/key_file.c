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
