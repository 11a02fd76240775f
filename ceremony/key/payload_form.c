#include "ceremony/key/payload_form.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "audit/base/clock.h"
#include "audit/base/declassify.h"
#include "audit/base/json.h"
#include "ceremony/key/bech32.h"
#include "ceremony/key/key.h"

#define CHECK_BYTES 32 /* behind mkcheck1: id and tag */

/* ---- forms --------------------------------------------------------------------------------- */

static bool is_label(struct slice text, size_t most)
{
    if (text.length == 0 || text.length > most || !json_is_utf8(text)) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        unsigned char octet = (unsigned char)text.data[i];
        unsigned char before = i == 0 ? 0 : (unsigned char)text.data[i - 1];
        if (octet < 0x20 || octet == 0x7f || (before == 0xc2 && octet < 0xa0)) {
            return false;
        }
    }
    return true;
}

static bool is_check(struct slice text)
{
    uint8_t read[CHECK_BYTES];
    return bech32_decode(text, "age", read, KEY_BYTES, NULL) == OK ||
           bech32_decode(text, "mkcheck", read, CHECK_BYTES, NULL) == OK;
}

static bool is_receiver(struct slice text)
{
    uint8_t public_key[KEY_BYTES];
    return text.length == 0 || key_public_from_text(text, public_key, NULL) == OK;
}

static bool is_time(struct slice text)
{
    int64_t us = 0;
    return text.length < CLOCK_TEXT_BYTES && clock_parse(text, &us) &&
           text.data[text.length - 1] == 'Z';
}

/* Letters a to z and blanks: nothing that JSON would have to escape. Which they are is secret. */
static bool is_words(struct slice text, size_t most)
{
    uint32_t wrong = 0;
    if (text.length == 0 || text.length > most) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        uint32_t octet = (uint8_t)text.data[i];
        uint32_t no_letter = ((octet - 'a') | ('z' - octet)) >> 31;
        uint32_t no_blank = (uint32_t)(((uint64_t)(octet ^ ' ') + UINT32_MAX) >> 32);
        wrong |= no_letter & no_blank;
    }
    secret_declassify(&wrong, sizeof wrong);
    return wrong == 0;
}

bool payload_text_fits(const struct payload_member *member, struct slice text)
{
    uint8_t id[16];
    enum key_kind kind;
    switch (member->form) {
    case PAYLOAD_ID:
        return key_id_from_text(text, id);
    case PAYLOAD_ID_OR_NONE:
        return text.length == 0 || key_id_from_text(text, id);
    case PAYLOAD_LABEL:
        return is_label(text, member->most);
    case PAYLOAD_KIND:
        return key_kind_from_word(text, &kind);
    case PAYLOAD_CHECK:
        return is_check(text);
    case PAYLOAD_RECEIVER:
        return is_receiver(text);
    case PAYLOAD_TIME:
        return is_time(text);
    case PAYLOAD_WORDS:
        return is_words(text, member->most);
    case PAYLOAD_KEY_TEXT:
        return key_text_fits(text);
    case PAYLOAD_IDENTITY:
        return text.length == 0 || (text.length == KEY_IDENTITY_TEXT && key_text_fits(text));
    case PAYLOAD_NUMBER:
        break;
    }
    return false;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void put(struct secret *out, struct slice text)
{
    enum err err = secret_append(out, text.data, text.length);
    assert(err == OK); /* the forms' longest texts fit: see the test */
    (void)err;
}

/* Labels alone can hold what must be escaped; secrets are not looked at. */
static void put_label(struct secret *out, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            put(out, slice_of("\\"));
        }
        put(out, (struct slice){text.data + i, 1});
    }
}

static bool put_number(struct secret *out, const struct payload_member *member, unsigned number)
{
    char digits[16];
    if (number < 1 || number > member->most) {
        return false;
    }
    snprintf(digits, sizeof digits, "%u", number);
    put(out, slice_of(digits));
    return true;
}

static struct slice text_of(const struct payload_member *member, const char *value)
{
    if (member->form == PAYLOAD_KIND) {
        enum key_kind kind;
        memcpy(&kind, value, sizeof kind);
        return slice_of(key_kind_word(kind));
    }
    struct slice text;
    memcpy(&text, value, sizeof text);
    return text;
}

/* `,"name":` and the value. False if that is not of its form. */
static bool put_member(struct secret *out, const struct payload_member *member, const char *value)
{
    bool number = member->form == PAYLOAD_NUMBER;
    struct slice text = number ? slice_of("") : text_of(member, value);
    if (member->form == PAYLOAD_IDENTITY && text.length == 0) {
        return true;
    }
    put(out, slice_of(",\""));
    put(out, slice_of(member->name));
    put(out, slice_of("\":"));
    if (number) {
        unsigned count;
        memcpy(&count, value, sizeof count);
        return put_number(out, member, count);
    }
    if (!payload_text_fits(member, text)) {
        return false;
    }
    put(out, slice_of("\""));
    if (member->form == PAYLOAD_LABEL) {
        put_label(out, text);
    } else {
        put(out, text);
    }
    put(out, slice_of("\""));
    return true;
}

const char *payload_write(const struct payload_shape *shape, const void *values, struct secret *out)
{
    size_t begin = out->length;
    put(out, slice_of("{\"v\":1,\"type\":\""));
    put(out, slice_of(shape->type));
    put(out, slice_of("\""));
    for (size_t i = 0; i < shape->count; i++) {
        const struct payload_member *member = &shape->members[i];
        if (!put_member(out, member, (const char *)values + member->offset)) {
            return member->name;
        }
    }
    put(out, slice_of("}"));
    assert(out->length - begin <= shape->bytes);
    size_t blanks = shape->bytes - (out->length - begin);
    memset(out->data + out->length, ' ', blanks);
    out->length += blanks;
    return NULL;
}
