/* Every type of the catalogue, by its table: the smallest event, the fullest, each required field
 * missing, a field too many. What is wanted is built from catalogue.json, read by jansson. */
#include "tests/audit/event/event_reading.h"

/* Both readers have kinds of the same names. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_INTEGER JANSSON_INTEGER
#define JSON_REAL JANSSON_REAL
#define JSON_NULL JANSSON_NULL
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_NULL

#define TIME "\"time\":\"2026-11-24T17:49:41.123456Z\""

static json_t *document;

static int begin_with_catalogue(void **state)
{
    document = json_load_file(TEST_SOURCE "/audit/catalogue/catalogue.json", 0, NULL);
    return document == NULL ? -1 : begin(state);
}

static int end_with_catalogue(void **state)
{
    json_decref(document);
    return end(state);
}

static const char *word(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

static json_t *fields_of(const json_t *type)
{
    json_t *own = json_object_get(type, "fields");
    return own != NULL ? own : json_object_get(json_object_get(document, "common"), "fields");
}

static const json_t *dictionary(const char *name)
{
    return json_object_get(json_object_get(document, "fields"), name);
}

/* A value that the field's kind takes, as the record stores it. */
static const char *sample(const json_t *field)
{
    static const struct {
        const char *type, *value;
    } samples[] = {
        {"string", "\"a = b\""},
        {"integer", "9223372036854775807"},
        {"port", "65535"},
        {"number", "-12.3456"},
        {"boolean", "true"},
        {"ip", "\"2001:db8::9\""},
        {"time", "\"2017-01-19 10:41:00\""},
        {"hash", "\"cbf43926\""},
        {"sha256", "\"abababababababababababababababababababababababababababababababab\""},
    };
    static char value[80];
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        if (strcmp(samples[i].type, word(field, "type")) == 0) {
            return samples[i].value;
        }
    }
    assert_string_equal(word(field, "type"), "enum");
    snprintf(value, sizeof value, "\"%s\"",
             json_string_value(json_array_get(json_object_get(field, "values"), 0)));
    return value;
}

/* The event with time and its required fields, but for one (NULL: all); `more` behind them. */
static const char *minimal(const json_t *type, const char *without, const char *more)
{
    static char text[8192];
    size_t at;
    const json_t *field;
    int length = snprintf(text, sizeof text, "{" TIME ",\"type\":\"%s\"", word(type, "type"));
    json_array_foreach(fields_of(type), at, field)
    {
        const char *name = word(field, "name");
        if (is_true(field, "required") && (without == NULL || strcmp(name, without) != 0)) {
            length += snprintf(text + length, sizeof text - (size_t)length, ",\"%s\":%s", name,
                               sample(field));
        }
    }
    length += snprintf(text + length, sizeof text - (size_t)length, "%s}", more);
    assert_true((size_t)length < sizeof text);
    return text;
}

static void every_type_takes_its_smallest_event(void **state)
{
    (void)state;
    size_t at;
    const json_t *type;
    json_array_foreach(json_object_get(document, "types"), at, type)
    {
        const char *text = minimal(type, NULL, "");
        const struct event *event = accepted(EVENT_FROM_PRODUCER, text);
        assert_slice(event->type->type, word(type, "type"));
        event = accepted(EVENT_FROM_RECORD, text);
        assert_string_equal(encoded(event), text);
        arena_reset(&arena);
    }
    assert_int_equal(at, 169);
}

/* The record with every field: in the order of the contract, or its fields backwards and geo flat.
 */
static const char *full(const json_t *type, bool backwards)
{
    static char text[8192];
    json_t *fields = fields_of(type);
    size_t count = json_array_size(fields);
    const char *daemons = TIME ",\"received\":\"2026-11-24T17:49:42.000000Z\"";
    int length = snprintf(text, sizeof text,
                          "{%s,\"type\":\"%s\",\"event\":\"u\",\"pid\":1426,\"dvc\":\"192.0.2.17\""
                          ",\"via\":\"workflow/pam\"",
                          daemons, word(type, "type"));
    bool geo = false;
    for (size_t i = 0; i < count; i++) {
        const json_t *field = json_array_get(fields, backwards ? count - 1 - i : i);
        const char *name = word(field, "name");
        bool is_geo = is_true(dictionary(name), "geo");
        const char *before = ",";
        if (!backwards && is_geo != geo) {
            before = is_geo ? ",\"geo\":{" : "},";
            geo = is_geo;
        }
        length += snprintf(text + length, sizeof text - (size_t)length, "%s\"%s\":%s", before, name,
                           sample(field));
    }
    length += snprintf(text + length, sizeof text - (size_t)length, geo ? "}}" : "}");
    assert_true((size_t)length < sizeof text);
    return text;
}

static void every_type_takes_its_fullest_event_in_any_order(void **state)
{
    (void)state;
    size_t at;
    const json_t *type;
    json_array_foreach(json_object_get(document, "types"), at, type)
    {
        /* the catalogue lists the geo fields together, so one object holds them all */
        const char *flat = arena_copy(&arena, slice_of(full(type, true))).data;
        assert_non_null(flat);
        const char *stored = full(type, false);
        assert_string_equal(encoded(accepted(EVENT_FROM_RECORD, flat)), stored);
        assert_string_equal(encoded(accepted(EVENT_FROM_RECORD, stored)), stored);
        arena_reset(&arena);
    }
}

static void every_type_refuses_an_event_without_a_required_field(void **state)
{
    (void)state;
    size_t tried = 0;
    size_t at;
    const json_t *type;
    json_array_foreach(json_object_get(document, "types"), at, type)
    {
        size_t place;
        const json_t *field;
        json_array_foreach(fields_of(type), place, field)
        {
            char pointer[64];
            snprintf(pointer, sizeof pointer, "/%s", word(field, "name"));
            if (is_true(field, "required")) {
                assert_refused(EVENT_FROM_PRODUCER, minimal(type, word(field, "name"), ""),
                               REASON_missing_field, pointer);
                assert_refused(EVENT_FROM_RECORD, minimal(type, word(field, "name"), ""),
                               REASON_missing_field, pointer);
                tried++;
            }
        }
        arena_reset(&arena);
    }
    assert_true(tried > 100);
}

static void every_type_refuses_each_field_of_the_wrong_kind(void **state)
{
    (void)state;
    size_t at;
    const json_t *type;
    json_array_foreach(json_object_get(document, "types"), at, type)
    {
        size_t place;
        const json_t *field;
        json_array_foreach(fields_of(type), place, field)
        {
            char more[80];
            char pointer[64];
            snprintf(more, sizeof more, ",\"%s\":[]", word(field, "name"));
            snprintf(pointer, sizeof pointer, "/%s", word(field, "name"));
            assert_refused(EVENT_FROM_PRODUCER, minimal(type, word(field, "name"), more),
                           REASON_bad_type, pointer);
        }
        arena_reset(&arena);
    }
}

static void every_type_refuses_an_unknown_field(void **state)
{
    (void)state;
    size_t at;
    const json_t *type;
    json_array_foreach(json_object_get(document, "types"), at, type)
    {
        const char *text = minimal(type, NULL, ",\"bogus\":\"x\"");
        if (is_true(type, "extras")) {
            assert_int_equal(accepted(EVENT_FROM_PRODUCER, text)->extra_count, 1);
        } else {
            assert_refused(EVENT_FROM_PRODUCER, text, REASON_unknown_field, "/bogus");
            assert_refused(EVENT_FROM_RECORD, text, REASON_unknown_field, "/bogus");
        }
        text = minimal(type, NULL, ",\"Bogus\":\"x\"");
        assert_refused(EVENT_FROM_PRODUCER, text, REASON_unknown_field, "/Bogus");
        arena_reset(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_takes_its_smallest_event),
        cmocka_unit_test(every_type_takes_its_fullest_event_in_any_order),
        cmocka_unit_test(every_type_refuses_an_event_without_a_required_field),
        cmocka_unit_test(every_type_refuses_each_field_of_the_wrong_kind),
        cmocka_unit_test(every_type_refuses_an_unknown_field),
    };
    return cmocka_run_group_tests(tests, begin_with_catalogue, end_with_catalogue);
}
