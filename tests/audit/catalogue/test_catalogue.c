/* The generated tables say what catalogue.json says, read here by another JSON reader (jansson),
 * and the counts are those its note gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "audit/catalogue/catalogue.h"

static json_t *document;

static int read_catalogue(void **state)
{
    (void)state;
    document =
        json_load_file(TEST_SOURCE "/audit/catalogue/catalogue.json", JSON_REJECT_DUPLICATES, NULL);
    return document == NULL ? -1 : 0;
}

static int forget_catalogue(void **state)
{
    (void)state;
    json_decref(document);
    return 0;
}

static const char *word(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static void assert_slice(struct slice slice, const char *wanted)
{
    if (!slice_is(slice, wanted)) {
        fail_msg("\"%.*s\" is not \"%s\"", (int)slice.length, slice.data, wanted);
    }
}

/* The list or text of a type, or of the layout it shares. */
static const json_t *part(const json_t *type, const char *name)
{
    const json_t *own = json_object_get(type, name);
    return own != NULL ? own : json_object_get(json_object_get(document, "common"), name);
}

/* ---- types ------------------------------------------------------------------------------------*/

static void has_the_types_the_specification_counts(void **state)
{
    (void)state;
    size_t documented = 0;
    size_t own = 0;
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        documented += catalogue_type((enum event_id)i)->documented;
        own += catalogue_type((enum event_id)i)->own;
    }
    assert_int_equal(EVENT_COUNT, 169);
    assert_int_equal(documented, 29);
    assert_int_equal(own, 44);
    assert_int_equal(EVENT_COUNT - documented - own, 96);
}

static void gives_every_type_as_the_catalogue_has_it(void **state)
{
    (void)state;
    size_t at;
    const json_t *json;
    json_array_foreach(json_object_get(document, "types"), at, json)
    {
        const struct event_type *type = catalogue_find(slice_of(word(json, "type")));
        assert_non_null(type);
        assert_ptr_equal(type, catalogue_type((enum event_id)at));
        assert_int_equal(type->id, at);
        assert_slice(type->type, word(json, "type"));
        assert_slice(type->signature, word(json, "id"));
        assert_slice(type->name, word(json, "name"));
        assert_slice(type->name_cef, word(json, "name")); /* no name has a bar or backslash */
        assert_slice(type->group, word(json, "group"));
        assert_slice(type->origin, word(json, "origin"));
        assert_int_equal(type->incident, strcmp(word(json, "kind"), "incident") == 0);
        assert_int_equal(type->syslog_severity,
                         json_integer_value(json_object_get(json, "syslog_severity")));
        assert_int_equal(type->cef_severity,
                         json_integer_value(json_object_get(json, "cef_severity")));
        assert_int_equal(type->documented, json_is_true(json_object_get(json, "documented")));
        assert_int_equal(type->own, json_is_true(json_object_get(json, "own")));
        assert_int_equal(type->extras, json_is_true(json_object_get(json, "extras")));
    }
}

static void says_who_may_emit_a_type(void **state)
{
    (void)state;
    static const char *const words[] = {
        [EMIT_DAEMON] = "daemon", [EMIT_WORKFLOW] = "workflow", [EMIT_ANY] = "any"};
    size_t at;
    const json_t *json;
    json_array_foreach(json_object_get(document, "types"), at, json)
    {
        assert_string_equal(words[catalogue_type((enum event_id)at)->emit], word(json, "emit"));
    }
    assert_int_equal(catalogue_type(EVENT_DAEMON_STARTED)->emit, EMIT_DAEMON);
    assert_int_equal(catalogue_type(EVENT_MASTER_KEY_PART_VIEWED)->emit, EMIT_WORKFLOW);
    assert_int_equal(catalogue_type(EVENT_SESSION_STARTED)->emit, EMIT_ANY);
}

static void only_one_signature_id_is_shared(void **state)
{
    (void)state;
    size_t pairs = 0;
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        for (size_t j = i + 1; j < EVENT_COUNT; j++) {
            struct slice id = catalogue_type((enum event_id)i)->signature;
            if (slice_equal(id, catalogue_type((enum event_id)j)->signature)) {
                assert_slice(id, "336.501");
                pairs++;
            }
        }
    }
    assert_int_equal(pairs, 1);
    assert_slice(catalogue_type(EVENT_MASTER_KEY_GUARDIAN_INACTIVE)->signature, "336.501");
    assert_slice(catalogue_type(EVENT_INCIDENT_UPDATED)->signature, "336.501");
}

static void undocumented_vendor_types_share_one_layout(void **state)
{
    (void)state;
    const struct event_type *first = catalogue_type(EVENT_CREDENTIAL_PASSWORD_EXPIRED);
    size_t sharing = 0;
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        const struct event_type *type = catalogue_type((enum event_id)i);
        bool shares = type->fields == first->fields && type->slot_of == first->slot_of &&
                      type->keys[0] == first->keys[0] && type->keys[1] == first->keys[1];
        assert_int_equal(shares, !type->documented && !type->own);
        sharing += shares;
    }
    assert_int_equal(sharing, 96);
}

/* ---- fields -----------------------------------------------------------------------------------*/

static enum value_kind kind_of(const char *type)
{
    static const char *const words[] = {
        [VALUE_STRING] = "string", [VALUE_INTEGER] = "integer", [VALUE_PORT] = "port",
        [VALUE_NUMBER] = "number", [VALUE_BOOLEAN] = "boolean", [VALUE_IP] = "ip",
        [VALUE_TIME] = "time",     [VALUE_HASH] = "hash",       [VALUE_SHA256] = "sha256",
        [VALUE_ENUM] = "enum"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], type) == 0) {
            return (enum value_kind)i;
        }
    }
    fail_msg("kind %s", type);
    return VALUE_STRING;
}

static void gives_every_field_of_the_dictionary(void **state)
{
    (void)state;
    json_t *fields = json_object_get(document, "fields");
    const char *name;
    json_t *json;
    assert_int_equal(json_object_size(fields), FIELD_TOTAL);
    json_object_foreach(fields, name, json)
    {
        enum field_id id = FIELD_TOTAL;
        const struct catalogue_field *field = catalogue_field_find(slice_of(name), &id);
        assert_non_null(field);
        assert_ptr_equal(field, catalogue_field(id));
        assert_slice(field->name, name);
        char member[80];
        snprintf(member, sizeof member, ",\"%s\":", name);
        assert_slice(field->member, member);
        assert_string_equal(field->meaning, word(json, "meaning"));
        assert_int_equal(field->kind, kind_of(word(json, "type")));
        assert_int_equal(field->by_daemon, strcmp(word(json, "by"), "daemon") == 0);
        assert_int_equal(field->geo, json_is_true(json_object_get(json, "geo")));
        assert_int_equal(field->record_only, json_is_true(json_object_get(json, "record_only")));
        assert_int_equal(field->value_count, json_array_size(json_object_get(json, "values")));
        for (size_t i = 0; i < field->value_count; i++) {
            assert_slice(field->values[i],
                         json_string_value(json_array_get(json_object_get(json, "values"), i)));
        }
    }
    assert_true(catalogue_field(FIELD_LATITUDE)->min == -90.0);
    assert_true(catalogue_field(FIELD_LONGITUDE)->max == 180.0);
}

static void gives_every_type_its_fields_in_order(void **state)
{
    (void)state;
    size_t at;
    const json_t *json;
    json_array_foreach(json_object_get(document, "types"), at, json)
    {
        const struct event_type *type = catalogue_type((enum event_id)at);
        const json_t *fields = part(json, "fields");
        size_t found = 0;
        assert_int_equal(type->field_count, json_array_size(fields));
        for (size_t i = 0; i < type->field_count; i++) {
            const json_t *field = json_array_get(fields, i);
            assert_slice(catalogue_field(type->fields[i].field)->name, word(field, "name"));
            assert_int_equal(type->fields[i].required,
                             json_is_true(json_object_get(field, "required")));
            assert_int_equal(type->slot_of[type->fields[i].field], i);
        }
        for (size_t i = 0; i < FIELD_TOTAL; i++) {
            found += type->slot_of[i] >= 0;
        }
        assert_int_equal(found, type->field_count);
    }
}

/* ---- keys and messages ------------------------------------------------------------------------*/

/* "{name}" or the literal, as the catalogue writes a source. */
static void source_text(char *out, size_t size, const struct event_type *type,
                        enum key_source source, uint16_t slot, enum field_id field,
                        struct slice literal)
{
    struct slice name = {"msg", 3};
    switch (source) {
    case KEY_LITERAL:
        snprintf(out, size, "%.*s", (int)literal.length, literal.data);
        return;
    case KEY_SLOT:
        assert_int_equal(type->fields[slot].field, field);
        assert_false(catalogue_field(field)->record_only);
        name = catalogue_field(field)->name;
        break;
    case KEY_DAEMON:
        assert_true(catalogue_field(field)->by_daemon);
        name = catalogue_field(field)->name;
        break;
    case KEY_MESSAGE:
        break;
    }
    snprintf(out, size, "{%.*s}", (int)name.length, name.data);
}

static void check_keys(const struct event_type *type, const json_t *json, enum profile profile,
                       const char *list)
{
    const json_t *keys = part(json, list);
    assert_int_equal(type->key_count[profile], json_array_size(keys));
    for (size_t i = 0; i < type->key_count[profile]; i++) {
        const struct event_key *key = &type->keys[profile][i];
        const json_t *pair = json_array_get(keys, i);
        const char *name = json_string_value(json_array_get(pair, 0));
        char source[256];
        source_text(source, sizeof source, type, key->source, key->slot, key->field, key->literal);
        assert_slice(key->name, name);
        assert_string_equal(source, json_string_value(json_array_get(pair, 1)));
        size_t length = strlen(name);
        assert_int_equal(key->is_label, length > 5 && strcmp(name + length - 5, "Label") == 0);
    }
}

static void gives_both_key_lists_in_order(void **state)
{
    (void)state;
    size_t at;
    const json_t *json;
    json_array_foreach(json_object_get(document, "types"), at, json)
    {
        const struct event_type *type = catalogue_type((enum event_id)at);
        check_keys(type, json, PROFILE_SENHASEGURA, "senhasegura");
        check_keys(type, json, PROFILE_STANDARD, "standard");
    }
}

static void literals_are_escaped_for_each_format(void **state)
{
    (void)state;
    /* No literal of the catalogue holds a character either format escapes. */
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        const struct event_type *type = catalogue_type((enum event_id)i);
        for (int profile = 0; profile < PROFILE_COUNT; profile++) {
            for (size_t k = 0; k < type->key_count[profile]; k++) {
                const struct event_key *key = &type->keys[profile][k];
                assert_true(slice_equal(key->literal, key->literal_cef));
                assert_true(slice_equal(key->literal, key->literal_rfc5424));
            }
        }
    }
}

static void gives_every_type_its_message(void **state)
{
    (void)state;
    size_t at;
    const json_t *json;
    json_array_foreach(json_object_get(document, "types"), at, json)
    {
        const struct event_type *type = catalogue_type((enum event_id)at);
        char text[1024] = "";
        for (size_t i = 0; i < type->message_count; i++) {
            const struct message_piece *piece = &type->message[i];
            size_t length = strlen(text);
            source_text(text + length, sizeof text - length, type, piece->source, piece->slot,
                        piece->field, piece->literal);
        }
        assert_string_equal(type->takes_message ? "{msg}" : text, word(json, "msg"));
        assert_int_equal(type->takes_message, type->slot_of[FIELD_MSG] >= 0);
    }
}

/* ---- look-up ----------------------------------------------------------------------------------*/

static void finds_nothing_under_a_name_that_is_nearly_right(void **state)
{
    (void)state;
    enum field_id id;
    for (size_t i = 0; i < EVENT_COUNT; i++) {
        struct slice name = catalogue_type((enum event_id)i)->type;
        assert_null(catalogue_find((struct slice){name.data, name.length - 1}));
        assert_null(catalogue_find((struct slice){name.data + 1, name.length - 1}));
    }
    for (size_t length = 0; length < 70; length++) {
        const char *many = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        assert_null(catalogue_find((struct slice){many, length}));
        assert_null(catalogue_field_find((struct slice){many, length}, &id));
        assert_false(catalogue_is_reserved((struct slice){many, length}));
    }
    assert_null(catalogue_find((struct slice){NULL, 0}));
    assert_null(catalogue_field_find(slice_of("originip"), &id));
    assert_null(catalogue_field_find(slice_of("geo"), &id));
}

static void knows_every_reserved_name_and_every_label(void **state)
{
    (void)state;
    size_t at;
    const json_t *json;
    json_array_foreach(json_object_get(document, "reserved"), at, json)
    {
        assert_true(catalogue_is_reserved(slice_of(json_string_value(json))));
    }
    assert_true(catalogue_is_reserved(slice_of("anyLabel")));
    assert_true(catalogue_is_reserved(slice_of("Label")));
    assert_false(catalogue_is_reserved(slice_of("label")));
    assert_false(catalogue_is_reserved(slice_of("Labels")));
    assert_false(catalogue_is_reserved(slice_of("ticket")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_types_the_specification_counts),
        cmocka_unit_test(gives_every_type_as_the_catalogue_has_it),
        cmocka_unit_test(says_who_may_emit_a_type),
        cmocka_unit_test(only_one_signature_id_is_shared),
        cmocka_unit_test(undocumented_vendor_types_share_one_layout),
        cmocka_unit_test(gives_every_field_of_the_dictionary),
        cmocka_unit_test(gives_every_type_its_fields_in_order),
        cmocka_unit_test(gives_both_key_lists_in_order),
        cmocka_unit_test(literals_are_escaped_for_each_format),
        cmocka_unit_test(gives_every_type_its_message),
        cmocka_unit_test(finds_nothing_under_a_name_that_is_nearly_right),
        cmocka_unit_test(knows_every_reserved_name_and_every_label),
    };
    return cmocka_run_group_tests(tests, read_catalogue, forget_catalogue);
}
