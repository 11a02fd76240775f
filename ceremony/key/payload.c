#include "ceremony/key/payload.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "audit/base/arena.h"
#include "audit/base/declassify.h"
#include "audit/base/json.h"
#include "ceremony/key/payload_form.h"

#define PAYLOAD_BYTES_MAX 2048
#define GROUP_MAX 16
#define PARTS_MAX 256

static_assert(PAYLOAD_SEAL_BYTES == crypto_box_SEALBYTES, "the box's own octets");
static_assert(PAYLOAD_ROOM_BYTES >= 2 * PAYLOAD_BYTES_MAX + 8192, "opened, written again, tree");
static_assert(PAYLOAD_ROOM_BYTES % 64 == 0 && PAYLOAD_BYTES_MAX % 64 == 0, "pieces are aligned");

#define AT(type, member) offsetof(struct type, member)

static const struct payload_member part_members[] = {
    {"ceremony", PAYLOAD_ID, AT(payload_part, ceremony), 0},
    {"name", PAYLOAD_LABEL, AT(payload_part, name), PAYLOAD_NAME_BYTES_MAX},
    {"guardian", PAYLOAD_LABEL, AT(payload_part, guardian), PAYLOAD_LOGIN_BYTES_MAX},
    {"group", PAYLOAD_NUMBER, AT(payload_part, group), GROUP_MAX},
    {"groups", PAYLOAD_NUMBER, AT(payload_part, groups), GROUP_MAX},
    {"group_threshold", PAYLOAD_NUMBER, AT(payload_part, group_threshold), GROUP_MAX},
    {"index", PAYLOAD_NUMBER, AT(payload_part, index), PARTS_MAX},
    {"count", PAYLOAD_NUMBER, AT(payload_part, count), GROUP_MAX},
    {"threshold", PAYLOAD_NUMBER, AT(payload_part, threshold), GROUP_MAX},
    {"kind", PAYLOAD_KIND, AT(payload_part, kind), 0},
    {"check", PAYLOAD_CHECK, AT(payload_part, check), 0},
    {"created", PAYLOAD_TIME, AT(payload_part, created), 0},
    {"mnemonic", PAYLOAD_WORDS, AT(payload_part, mnemonic), PAYLOAD_WORDS_BYTES_MAX},
};

static const struct payload_member submission_members[] = {
    {"attempt", PAYLOAD_ID_OR_NONE, AT(payload_submission, attempt), 0},
    {"deliver_to", PAYLOAD_RECEIVER, AT(payload_submission, deliver_to), 0},
    {"mnemonic", PAYLOAD_WORDS, AT(payload_submission, mnemonic), PAYLOAD_WORDS_BYTES_MAX},
};

static const struct payload_member key_submission_members[] = {
    {"attempt", PAYLOAD_ID_OR_NONE, AT(payload_key_submission, attempt), 0},
    {"deliver_to", PAYLOAD_RECEIVER, AT(payload_key_submission, deliver_to), 0},
    {"key", PAYLOAD_KEY_TEXT, AT(payload_key_submission, key), 0},
};

static const struct payload_member key_members[] = {
    {"ceremony", PAYLOAD_ID_OR_NONE, AT(payload_key, ceremony), 0},
    {"attempt", PAYLOAD_ID_OR_NONE, AT(payload_key, attempt), 0},
    {"kind", PAYLOAD_KIND, AT(payload_key, kind), 0},
    {"secret", PAYLOAD_KEY_TEXT, AT(payload_key, secret), 0},
    {"identity", PAYLOAD_IDENTITY, AT(payload_key, identity), 0},
    {"check", PAYLOAD_CHECK, AT(payload_key, check), 0},
};

#define SHAPE(type, list, bytes)                            \
    {                                                       \
        type, list, sizeof(list) / sizeof((list)[0]), bytes \
    }

static const struct payload_shape part_shape = SHAPE("part", part_members, 2048);
static const struct payload_shape submission_shape = SHAPE("submission", submission_members, 1024);
static const struct payload_shape key_submission_shape = SHAPE("key", key_submission_members, 1024);
static const struct payload_shape key_shape = SHAPE("key", key_members, 1024);

/* ---- the recovered key says the same twice ------------------------------------------------- */

/* Is the text the secret's, octet for octet? (NULL: is it empty?) */
static bool is_text(struct slice text, const struct secret *secret)
{
    size_t length = secret == NULL ? 0 : secret->length;
    if (text.length != length) {
        return false;
    }
    int differs = length == 0 ? 0 : sodium_memcmp(text.data, secret->data, length);
    secret_declassify(&differs, sizeof differs);
    return differs == 0;
}

/* Digits in lower case, and for age the identity of the same key. *out_wrong is the member that
 * is otherwise, or NULL. */
static enum err check_key(const struct payload_key *payload, const char **out_wrong)
{
    struct secret *key = NULL;
    struct secret *digits = NULL;
    struct secret *identity = NULL;
    struct fault fault;
    *out_wrong = NULL;
    enum err err = key_from_hex(payload->secret, &key, &fault);
    if (err == ERR_INVALID_PARAMS ||
        (err == OK && key_check_length(payload->kind, key->length, &fault) != OK)) {
        *out_wrong = "secret";
        err = OK;
        goto out;
    }
    if (err == OK) {
        err = key_to_hex(key, &digits);
    }
    if (err == OK && payload->kind == KEY_AGE) {
        err = key_to_identity(key, &identity);
    }
    if (err == OK && !is_text(payload->secret, digits)) {
        *out_wrong = "secret";
    } else if (err == OK && !is_text(payload->identity, identity)) {
        *out_wrong = "identity";
    }
out:
    secret_free(identity);
    secret_free(digits);
    secret_free(key);
    return err;
}

/* ---- sealing ------------------------------------------------------------------------------- */

static enum err refuse_member(struct fault *fault, const char *name)
{
    enum err err = fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                             "The member %s cannot stand in a sealed payload as it is: it is "
                             "empty, too long, too large or of another form.",
                             name);
    fault_prefix(fault, "/%s", name);
    return err;
}

static enum err seal(const struct payload_shape *shape, const void *values,
                     const uint8_t receiver[KEY_BYTES], uint8_t *out, struct fault *fault)
{
    struct secret *plain = secret_new(PAYLOAD_BYTES_MAX);
    if (plain == NULL) {
        return fault_no_memory(fault);
    }
    enum err err = OK;
    const char *wrong = payload_write(shape, values, plain);
    if (wrong != NULL) {
        err = refuse_member(fault, wrong);
    } else if (crypto_box_seal(out, plain->data, plain->length, receiver) != 0) {
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_weak_public_key, NULL,
                        "Nothing can be sealed to the receiver's public key. Give another one.");
    }
    secret_free(plain);
    return err;
}

enum err payload_seal_part(const struct payload_part *part, const uint8_t receiver[KEY_BYTES],
                           uint8_t out[PAYLOAD_PART_SEALED_BYTES], struct fault *fault)
{
    return seal(&part_shape, part, receiver, out, fault);
}

enum err payload_seal_submission(const struct payload_submission *submission,
                                 const uint8_t receiver[KEY_BYTES],
                                 uint8_t out[PAYLOAD_SEALED_BYTES], struct fault *fault)
{
    return seal(&submission_shape, submission, receiver, out, fault);
}

enum err payload_seal_key_submission(const struct payload_key_submission *submission,
                                     const uint8_t receiver[KEY_BYTES],
                                     uint8_t out[PAYLOAD_SEALED_BYTES], struct fault *fault)
{
    return seal(&key_submission_shape, submission, receiver, out, fault);
}

enum err payload_seal_key(const struct payload_key *key, const uint8_t receiver[KEY_BYTES],
                          uint8_t out[PAYLOAD_SEALED_BYTES], struct fault *fault)
{
    const char *wrong = NULL;
    if (check_key(key, &wrong) != OK) {
        return fault_no_memory(fault);
    }
    if (wrong != NULL) {
        return refuse_member(fault, wrong);
    }
    return seal(&key_shape, key, receiver, out, fault);
}

/* ---- opening ------------------------------------------------------------------------------- */

static enum err refuse_payload(struct fault *fault, const struct payload_shape *shape,
                               const char *what)
{
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_payload, NULL,
                     "What was sealed is no payload of type %s: %s. Seal it anew with this "
                     "program's own version.",
                     shape->type, what);
}

static enum err refuse_read(struct fault *fault, const struct payload_shape *shape,
                            const char *name)
{
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_payload, NULL,
                     "What was sealed is no payload of type %s: its member %s is missing, "
                     "misplaced or not of its form. Seal it anew with this program's own version.",
                     shape->type, name);
}

/* Opens the box into the beginning of the room. */
static enum err open_box(struct slice sealed, const struct secret *key,
                         const struct payload_shape *shape, struct secret *room,
                         struct fault *fault)
{
    uint8_t public_key[KEY_BYTES];
    if (sealed.length != shape->bytes + PAYLOAD_SEAL_BYTES) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_seal, NULL,
                         "A sealed payload of type %s has %zu octets; this one has %zu.",
                         shape->type, shape->bytes + PAYLOAD_SEAL_BYTES, sealed.length);
    }
    key_public(key, public_key);
    if (crypto_box_seal_open(room->data, (const uint8_t *)sealed.data, sealed.length, public_key,
                             key->data) != 0) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_seal, NULL,
                         "What was sealed does not open with this key: it was sealed to another "
                         "one, or altered on its way.");
    }
    return OK;
}

/* Puts a member's value where the struct has it. False if it is not of its form. */
static bool take_value(const struct payload_member *member, const struct json *value, char *place)
{
    if (member->form == PAYLOAD_NUMBER) {
        bool fits = value->kind == JSON_INTEGER && value->integer >= 1 &&
                    value->integer <= (int64_t)member->most;
        unsigned number = fits ? (unsigned)value->integer : 0;
        memcpy(place, &number, sizeof number);
        return fits;
    }
    if (value->kind != JSON_STRING || !payload_text_fits(member, value->text)) {
        return false;
    }
    enum key_kind kind;
    if (member->form == PAYLOAD_KIND && key_kind_from_word(value->text, &kind)) {
        memcpy(place, &kind, sizeof kind);
    } else {
        memcpy(place, &value->text, sizeof value->text);
    }
    return true;
}

/* The members behind v and type, in their order. The name of the one that is wrong, or NULL. */
static const char *take_members(const struct payload_shape *shape, const struct json *member,
                                void *values)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct payload_member *wanted = &shape->members[i];
        bool there = member != NULL && slice_is(member->name, wanted->name);
        if (!there && wanted->form == PAYLOAD_IDENTITY) {
            continue; /* *values is zeros: an empty text */
        }
        if (!there || !take_value(wanted, member, (char *)values + wanted->offset)) {
            return wanted->name;
        }
        member = member->next;
    }
    return NULL;
}

/* v and type: the member behind them, or NULL. */
static const struct json *take_head(const struct payload_shape *shape, const struct json *object)
{
    const struct json *version = object->kind == JSON_OBJECT ? object->child : NULL;
    const struct json *type = version == NULL ? NULL : version->next;
    bool good = type != NULL && slice_is(version->name, "v") && version->kind == JSON_INTEGER &&
                version->integer == 1 && slice_is(type->name, "type") &&
                type->kind == JSON_STRING && slice_is(type->text, shape->type);
    return good ? type->next : NULL;
}

/* Reads the opened payload; behind it in the room lie what would be written, and the tree. */
static enum err read_payload(const struct payload_shape *shape, struct secret *room, void *values,
                             struct fault *fault)
{
    static const struct json_limits limits = {.depth = 1, .members = 16};
    struct secret again = {room->data + PAYLOAD_BYTES_MAX, 0, PAYLOAD_BYTES_MAX};
    struct arena arena;
    struct json *object = NULL;
    struct fault why;
    arena_init_over(&arena, room->data + (size_t)2 * PAYLOAD_BYTES_MAX,
                    PAYLOAD_ROOM_BYTES - (size_t)2 * PAYLOAD_BYTES_MAX);
    struct slice text = {(const char *)room->data, shape->bytes};
    if (json_parse(&arena, text, &limits, &object, &why) != OK) {
        return refuse_payload(fault, shape, "it is not JSON, or not of this shape");
    }
    const struct json *first = take_head(shape, object);
    if (first == NULL) {
        return refuse_payload(fault, shape, "it does not begin with this type in version 1");
    }
    const char *wrong = take_members(shape, first, values);
    if (wrong != NULL) {
        return refuse_read(fault, shape, wrong);
    }
    /* What is more, stands elsewhere or is written otherwise shows here. */
    if (payload_write(shape, values, &again) != NULL ||
        sodium_memcmp(again.data, room->data, shape->bytes) != 0) {
        return refuse_payload(fault, shape, "it is not written exactly as it must be");
    }
    return OK;
}

static enum err open_payload(const struct payload_shape *shape, struct slice sealed,
                             const struct secret *key, struct secret *room, void *values,
                             struct fault *fault)
{
    assert(room->capacity >= PAYLOAD_ROOM_BYTES);
    secret_clear(room);
    enum err err = open_box(sealed, key, shape, room, fault);
    if (err == OK) {
        err = read_payload(shape, room, values, fault);
    }
    if (err != OK) {
        secret_clear(room);
    }
    return err;
}

enum err payload_open_part(struct slice sealed, const struct secret *key, struct secret *room,
                           struct payload_part *out, struct fault *fault)
{
    struct payload_part part = {0};
    enum err err = open_payload(&part_shape, sealed, key, room, &part, fault);
    if (err == OK) {
        *out = part;
    }
    return err;
}

enum err payload_open_submission(struct slice sealed, const struct secret *key, struct secret *room,
                                 struct payload_submission *out, struct fault *fault)
{
    struct payload_submission submission = {0};
    enum err err = open_payload(&submission_shape, sealed, key, room, &submission, fault);
    if (err == OK) {
        *out = submission;
    }
    return err;
}

enum err payload_open_key_submission(struct slice sealed, const struct secret *key,
                                     struct secret *room, struct payload_key_submission *out,
                                     struct fault *fault)
{
    struct payload_key_submission submission = {0};
    enum err err = open_payload(&key_submission_shape, sealed, key, room, &submission, fault);
    if (err == OK) {
        *out = submission;
    }
    return err;
}

enum err payload_open_key(struct slice sealed, const struct secret *key, struct secret *room,
                          struct payload_key *out, struct fault *fault)
{
    const char *wrong = NULL;
    struct payload_key payload = {0};
    enum err err = open_payload(&key_shape, sealed, key, room, &payload, fault);
    if (err != OK) {
        return err;
    }
    err = check_key(&payload, &wrong);
    if (err == OK && wrong == NULL) {
        *out = payload;
        return OK;
    }
    secret_clear(room);
    return err != OK ? fault_no_memory(fault) : refuse_read(fault, &key_shape, wrong);
}
