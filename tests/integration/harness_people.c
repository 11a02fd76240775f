#include "tests/integration/people.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ceremony/key/payload.h"
#include "ceremony/key/statement.h"
#include "ceremony/slip39/slip39.h"

#define PARAMS_BYTES 8192

static void make_person(struct person *person, const char *login)
{
    uint8_t public_key[KEY_BYTES];
    snprintf(person->login, sizeof person->login, "%s", login);
    assert_int_equal(key_make(KEY_AGE, 256, &person->key, NULL), OK);
    key_public(person->key, public_key);
    key_public_text(public_key, person->public_key);
}

void people_register(struct harness *harness, struct people *people, size_t count)
{
    memset(people, 0, sizeof *people);
    people->count = count;
    make_person(&people->receiver, "receiver");
    for (size_t i = 0; i < count; i++) {
        char login[32];
        char params[PARAMS_BYTES];
        snprintf(login, sizeof login, "guardian%zu", i + 1);
        make_person(&people->list[i], login);
        snprintf(params, sizeof params,
                 "{\"login\":\"%s\",\"name\":\"Guardian "
                 "%zu\",\"id\":\"%zu\",\"public_key\":\"%s\"," OPERATOR "}",
                 login, i + 1, 100 + i, people->list[i].public_key);
        const struct json *added = harness_result(harness, "guardian.add", params);
        assert_true(harness_text_is(added, "login", login));
    }
}

static void copy_text(const struct json *object, const char *name, char *out, size_t size)
{
    const struct json *member = json_member(object, name);
    assert_non_null(member);
    assert_true(member->text.length < size);
    memcpy(out, member->text.data, member->text.length);
    out[member->text.length] = '\0';
}

void people_start(struct harness *harness, struct people *people, int threshold, const char *kind,
                  const char *extra)
{
    char params[PARAMS_BYTES];
    size_t used = (size_t)snprintf(params, sizeof params,
                                   "{\"name\":\"Root of the vault\",\"threshold\":%d,\"kind\":"
                                   "\"%s\",\"guardians\":[",
                                   threshold, kind);
    for (size_t i = 0; i < people->count; i++) {
        used += (size_t)snprintf(params + used, sizeof params - used, "%s\"%s\"", i == 0 ? "" : ",",
                                 people->list[i].login);
    }
    snprintf(params + used, sizeof params - used, "]%s," OPERATOR "}", extra);
    const struct json *started = harness_result(harness, "ceremony.start", params);
    copy_text(started, "ceremony", people->ceremony, sizeof people->ceremony);
}

static void decode(const struct json *object, const char *name, uint8_t *out, size_t length)
{
    const struct json *member = json_member(object, name);
    size_t found = 0;
    assert_non_null(member);
    assert_int_equal(sodium_base642bin(out, length, member->text.data, member->text.length, NULL,
                                       &found, NULL, sodium_base64_VARIANT_ORIGINAL),
                     0);
    assert_int_equal(found, length);
}

void person_take(struct harness *harness, struct people *people, size_t index, bool download)
{
    struct person *person = &people->list[index];
    char params[PARAMS_BYTES];
    uint8_t sealed[PAYLOAD_PART_SEALED_BYTES];
    struct payload_part part;
    snprintf(params, sizeof params,
             "{\"ceremony\":\"%s\",\"actor\":{\"suid\":\"9\",\"suser\":\"%s\",\"sname\":\"G\","
             "\"spriv\":\"User\",\"originIP\":\"203.0.113.9\"}}",
             people->ceremony, person->login);
    const struct json *answer =
        harness_result(harness, download ? "part.download" : "part.view", params);
    decode(answer, "sealed", sealed, sizeof sealed);
    decode(answer, "header", person->header, sizeof person->header);
    copy_text(answer, "challenge", person->challenge, sizeof person->challenge);
    assert_int_equal(harness_integer(answer, "index"), (int64_t)index + 1);
    struct secret *room = secret_new(PAYLOAD_ROOM_BYTES);
    struct fault fault;
    fault_clear(&fault);
    assert_int_equal(payload_open_part((struct slice){(const char *)sealed, sizeof sealed},
                                       person->key, room, &part, &fault),
                     OK);
    assert_true(slice_is(part.ceremony, people->ceremony));
    assert_true(slice_is(part.guardian, person->login));
    snprintf(person->words, sizeof person->words, "%.*s", (int)part.mnemonic.length,
             part.mnemonic.data);
    secret_free(room);
}

static void sign(const struct people *people, const struct person *person, char *out, size_t size)
{
    struct slip39_part part;
    uint8_t challenge[STATEMENT_CHALLENGE_BYTES];
    uint8_t signature[STATEMENT_SIGNATURE_BYTES];
    uint8_t public_part[STATEMENT_PUBLIC_BYTES];
    struct secret *signing;
    size_t length;
    assert_int_equal(slip39_decode(slice_of(person->words), &part, NULL), OK);
    assert_int_equal(sodium_base642bin(challenge, sizeof challenge, person->challenge,
                                       strlen(person->challenge), NULL, &length, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    struct slice value = {(const char *)part.value->data, part.value->length};
    assert_int_equal(
        part_key_make(slice_of(people->ceremony), person->header, value, public_part, &signing),
        OK);
    const struct statement statement = {.purpose = STATEMENT_CONFIRM,
                                        .ceremony = slice_of(people->ceremony),
                                        .header = person->header,
                                        .challenge = challenge};
    statement_sign(&statement, signing, signature);
    sodium_bin2base64(out, size, signature, sizeof signature, sodium_base64_VARIANT_ORIGINAL);
    secret_free(signing);
    slip39_part_done(&part);
}

void person_confirm_params(const struct people *people, size_t index, char *out, size_t size)
{
    const struct person *person = &people->list[index];
    char signature[128];
    sign(people, person, signature, sizeof signature);
    snprintf(out, size,
             "{\"ceremony\":\"%s\",\"signature\":\"%s\",\"actor\":{\"suid\":\"9\",\"suser\":"
             "\"%s\",\"sname\":\"G\",\"spriv\":\"User\"}}",
             people->ceremony, signature, person->login);
}

void person_confirm(struct harness *harness, struct people *people, size_t index)
{
    char params[PARAMS_BYTES];
    person_confirm_params(people, index, params, sizeof params);
    const struct json *answer = harness_result(harness, "part.confirm", params);
    assert_true(harness_text_is(answer, "state", "confirmed"));
}

void people_recover_params(const struct people *people, const int *indexes, const char *extra,
                           char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "{\"parts\":[");
    for (size_t i = 0; indexes[i] >= 0; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s\"%s\"", i == 0 ? "" : ",",
                                 people->list[indexes[i]].words);
    }
    snprintf(out + used, size - used, "],\"deliver_to\":\"%s\"%s," OPERATOR "}",
             people->receiver.public_key, extra);
}

void people_open_key(const struct people *people, const struct json *answer, char *out, size_t size)
{
    uint8_t sealed[PAYLOAD_SEALED_BYTES];
    struct payload_key key;
    decode(answer, "sealed_key", sealed, sizeof sealed);
    struct secret *room = secret_new(PAYLOAD_ROOM_BYTES);
    assert_int_equal(payload_open_key((struct slice){(const char *)sealed, sizeof sealed},
                                      people->receiver.key, room, &key, NULL),
                     OK);
    struct slice text = key.identity.length > 0 ? key.identity : key.secret;
    snprintf(out, size, "%.*s", (int)text.length, text.data);
    secret_free(room);
}

void people_done(struct people *people)
{
    for (size_t i = 0; i < people->count; i++) {
        secret_free(people->list[i].key);
    }
    secret_free(people->receiver.key);
    sodium_memzero(people, sizeof *people);
}
