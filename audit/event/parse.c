/* JSON -> event: names and values, each refused with the member's pointer. */
#include "audit/event/event.h"

#include <assert.h>

#include "audit/event/parts.h"
#include "audit/event/text.h"
#include "audit/event/value.h"

#define EXTRA_NAME_MAX 32
#define RECORD_DEPTH JSON_DEPTH_MAX /* deeper than any record: a too deep value is a wrong kind */
#define RECORD_MEMBERS 65535

struct parser {
    struct arena *arena;
    struct event *event;
    enum event_form form;
    struct fault *fault;
    size_t extras_room;
    struct slice flat_geo; /* name of the first geo field that stands flat */
    bool has_geo;          /* the object geo holds a fact */
};

/* ---- fields the daemon sets -------------------------------------------------------------------*/

static enum err refuse_value(struct parser *parser, enum reason reason, enum field_id id)
{
    return event_refuse_value(parser->fault, reason, NULL, catalogue_field(id));
}

static enum err parse_stamp(struct parser *parser, enum field_id id, const struct json *member)
{
    struct event *event = parser->event;
    if (member->kind != JSON_STRING) {
        return refuse_value(parser, REASON_bad_type, id);
    }
    if (text_is_empty(member->text)) {
        return OK;
    }
    int64_t us = -1;
    enum reason reason = value_read_stamp(member->text, id == FIELD_TIME, &us);
    if (reason != REASON_none) {
        return event_refuse(parser->fault, reason, NULL, catalogue_field(id)->name,
                            id == FIELD_TIME
                                ? "is no time. It takes RFC 3339 as in 2026-11-24T17:49:41Z, a "
                                  "real date from 1970 to 2099."
                                : "is no time. It takes RFC 3339 as in 2026-11-24T17:49:41Z.");
    }
    if (id == FIELD_TIME) {
        event->time_us = us;
        event->has_time = true;
    } else {
        event->received_us = us;
    }
    return OK;
}

static void set_daemon_value(struct event *event, enum field_id id, const struct event_value *value)
{
    switch (id) {
    case FIELD_EVENT:
        event->event_uuid = value->text;
        break;
    case FIELD_DVC:
        event->dvc = value->text;
        break;
    case FIELD_VIA:
        event->via = value->text;
        break;
    case FIELD_PID:
        event->pid = value->integer;
        break;
    default:
        assert(id == FIELD_INDEX);
        event->index = value->integer;
    }
}

static enum err refuse_daemon_field(struct parser *parser, struct slice name)
{
    return event_refuse(parser->fault, REASON_daemon_field, NULL, name,
                        "is set by the daemon alone. Leave it out.");
}

static enum err parse_daemon_field(struct parser *parser, enum field_id id,
                                   const struct json *member)
{
    if (id == FIELD_TYPE) {
        return OK; /* known already */
    }
    if (id != FIELD_TIME && parser->form != EVENT_FROM_RECORD) {
        return refuse_daemon_field(parser, member->name);
    }
    if (id == FIELD_TIME || id == FIELD_RECEIVED) {
        return parse_stamp(parser, id, member);
    }
    struct event_value value = {.present = false};
    enum reason reason = value_read(catalogue_field(id), member, &value);
    if (reason != REASON_none) {
        return refuse_value(parser, reason, id);
    }
    if (value.present) {
        set_daemon_value(parser->event, id, &value);
    }
    return OK;
}

/* ---- extras -----------------------------------------------------------------------------------*/

/* [a-z][A-Za-z0-9]{0,31} */
static bool is_extra_name(struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        bool small = c >= 'a' && c <= 'z';
        bool other = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!small && (i == 0 || !other)) {
            return false;
        }
    }
    return name.length > 0 && name.length <= EXTRA_NAME_MAX;
}

/* Does the type's line have a key of that name? `reserved` lists most; the rest are names of fields
 * that the type itself does not have, as src. */
static bool is_key(const struct event_type *type, struct slice name)
{
    for (int profile = 0; profile < PROFILE_COUNT; profile++) {
        for (size_t i = 0; i < type->key_count[profile]; i++) {
            if (slice_equal(type->keys[profile][i].name, name)) {
                return true;
            }
        }
    }
    return false;
}

/* Without this the sender of a documented event would look for the field in vain. */
static bool is_made_by_guardian(const struct event_type *type, struct slice name)
{
    return type->documented &&
           (slice_is(name, "msg") || slice_is(name, "act") || slice_is(name, "requestMethod"));
}

static enum err check_extra_name(struct parser *parser, struct slice name)
{
    const struct event_type *type = parser->event->type;
    if (parser->form != EVENT_FROM_RECORD && is_made_by_guardian(type, name)) {
        return event_refuse(parser->fault, REASON_made_by_guardian, NULL, name,
                            "is made by the guardian from the other fields. Leave it out.");
    }
    if (!type->extras) {
        return event_refuse(parser->fault, REASON_unknown_field, NULL, name,
                            "is not one of this type of event, which takes no others. "
                            "catalogue.list names them.");
    }
    if (!is_extra_name(name)) {
        return event_refuse(parser->fault, REASON_unknown_field, NULL, name,
                            "cannot be added. A name has 1 to 32 letters and digits, a small "
                            "letter first.");
    }
    if (catalogue_is_reserved(name) || is_key(type, name)) {
        return event_refuse(parser->fault, REASON_unknown_field, NULL, name,
                            "cannot be added: it would take the place of a key of the line. "
                            "Choose another name.");
    }
    return OK;
}

/* Of a name that is not in the dictionary: a string, an int64 or a boolean. */
static enum reason read_free_value(const struct json *member, struct event_extra *extra)
{
    struct event_value *value = &extra->value;
    value->present = true;
    switch (member->kind) {
    case JSON_STRING:
        extra->kind = VALUE_STRING;
        value->is_text = true;
        value->text = member->text;
        return REASON_none;
    case JSON_INTEGER:
        extra->kind = VALUE_INTEGER;
        value->integer = member->integer;
        return REASON_none;
    case JSON_BOOLEAN:
        extra->kind = VALUE_BOOLEAN;
        value->boolean = member->boolean;
        return REASON_none;
    default:
        return REASON_bad_type;
    }
}

static enum reason read_known_value(const struct catalogue_field *field, const struct json *member,
                                    struct event_extra *extra)
{
    extra->kind = field->kind;
    enum reason reason = value_read(field, member, &extra->value);
    if (extra->value.present && extra->quoted) {
        extra->value.is_text = true;
        extra->value.text = member->text;
    }
    return reason;
}

static struct event_extra *extra_new(struct parser *parser, size_t members)
{
    struct event *event = parser->event;
    if (event->extras == NULL) {
        parser->extras_room = members < EVENT_EXTRAS_MAX ? members : EVENT_EXTRAS_MAX;
        event->extras =
            arena_allocate_zeroed(parser->arena, parser->extras_room * sizeof *event->extras);
    }
    return event->extras == NULL ? NULL : &event->extras[event->extra_count];
}

/* field: the dictionary's of that name, or NULL; members: of the object it stands in. */
static enum err parse_extra(struct parser *parser, const struct catalogue_field *field,
                            const struct json *member, size_t members)
{
    enum err err = check_extra_name(parser, member->name);
    if (err != OK) {
        return err;
    }
    if (parser->event->extra_count == EVENT_EXTRAS_MAX) {
        return event_refuse(parser->fault, REASON_too_many_members, NULL, member->name,
                            "is one too many: an event takes 256 fields beyond those of its "
                            "type.");
    }
    struct event_extra *extra = extra_new(parser, members);
    if (extra == NULL) {
        return fault_no_memory(parser->fault);
    }
    *extra = (struct event_extra){.name = member->name, .quoted = member->kind == JSON_STRING};
    enum reason reason =
        field == NULL ? read_free_value(member, extra) : read_known_value(field, member, extra);
    if (reason != REASON_none && field != NULL) {
        return event_refuse_value(parser->fault, reason, NULL, field);
    }
    if (reason != REASON_none) {
        return event_refuse(parser->fault, reason, NULL, member->name,
                            "is of another kind. It takes a string, an integer, true or false.");
    }
    parser->event->extra_count += extra->value.present;
    return OK;
}

/* ---- fields of the type -----------------------------------------------------------------------*/

static enum err parse_geo_member(struct parser *parser, const struct json *member)
{
    enum field_id id = FIELD_TOTAL;
    const struct catalogue_field *field = catalogue_field_find(member->name, &id);
    int16_t slot = field == NULL || !field->geo ? -1 : parser->event->type->slot_of[id];
    if (member->kind == JSON_NULL) {
        return OK;
    }
    if (slot < 0) {
        return event_refuse(parser->fault, REASON_unknown_field, "geo", member->name,
                            "is not one of geo, or this type of event has no place.");
    }
    parser->has_geo = true;
    enum reason reason = value_read(field, member, &parser->event->slots[slot]);
    return reason == REASON_none ? OK : event_refuse_value(parser->fault, reason, "geo", field);
}

static enum err parse_geo(struct parser *parser, const struct json *geo)
{
    if (parser->form != EVENT_FROM_RECORD) {
        return refuse_daemon_field(parser, geo->name);
    }
    if (geo->kind != JSON_OBJECT) {
        return event_refuse(parser->fault, REASON_bad_type, NULL, geo->name,
                            "is of another kind. It takes an object.");
    }
    for (const struct json *at = geo->child; at != NULL; at = at->next) {
        enum err err = parse_geo_member(parser, at);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

static enum err parse_member(struct parser *parser, const struct json *member, size_t members)
{
    enum field_id id = FIELD_TOTAL;
    if (member->kind == JSON_NULL) {
        return OK;
    }
    const struct catalogue_field *field = catalogue_field_find(member->name, &id);
    if (field == NULL) {
        return slice_is(member->name, "geo") ? parse_geo(parser, member)
                                             : parse_extra(parser, NULL, member, members);
    }
    if (field->by_daemon) {
        return parse_daemon_field(parser, id, member);
    }
    int16_t slot = parser->event->type->slot_of[id];
    if (slot < 0) {
        return parse_extra(parser, field, member, members);
    }
    if (field->geo && parser->flat_geo.length == 0) {
        parser->flat_geo = field->name;
    }
    enum reason reason = value_read(field, member, &parser->event->slots[slot]);
    return reason == REASON_none ? OK : event_refuse_value(parser->fault, reason, NULL, field);
}

/* ---- the whole --------------------------------------------------------------------------------*/

static enum err parse_type(const struct json *object, const struct event_type **out,
                           struct fault *fault)
{
    const struct json *member = json_member(object, "type");
    struct slice name = slice_of("type");
    if (member == NULL || member->kind == JSON_NULL ||
        (member->kind == JSON_STRING && text_is_empty(member->text))) {
        return event_refuse(fault, REASON_missing_field, NULL, name,
                            "is missing. Every event needs its type.");
    }
    if (member->kind != JSON_STRING && member->kind != JSON_INTEGER) {
        return event_refuse(fault, REASON_bad_type, NULL, name,
                            "is of another kind. It takes the name of an event type.");
    }
    const struct event_type *type = catalogue_find(text_trim(member->text));
    if (type == NULL) {
        return event_refuse(fault, REASON_unknown_type, NULL, name,
                            "names no event type. catalogue.list names them all.");
    }
    *out = type;
    return OK;
}

static enum err check_whole(const struct parser *parser)
{
    if (parser->has_geo && parser->flat_geo.length != 0) {
        return event_refuse(parser->fault, REASON_duplicate, NULL, parser->flat_geo,
                            "stands beside the object geo. The place stands in one of the two.");
    }
    if (parser->form == EVENT_FROM_RECORD && !parser->event->has_time) {
        return event_refuse(parser->fault, REASON_missing_field, NULL, slice_of("time"),
                            "is missing or empty. Every record needs its time.");
    }
    return parser->form == EVENT_FOR_ACTOR ? OK
                                           : event_check_required(parser->event, parser->fault);
}

enum err event_parse(struct arena *arena, const struct json *object, enum event_form form,
                     struct event **out, struct fault *fault)
{
    if (object->kind != JSON_OBJECT) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_json, NULL,
                         "An event is one JSON object.");
    }
    const struct event_type *type = NULL;
    enum err err = parse_type(object, &type, fault);
    if (err != OK) {
        return err;
    }
    struct parser parser = {.arena = arena, .form = form, .fault = fault};
    parser.event = event_allocate(arena, type);
    if (parser.event == NULL) {
        return fault_no_memory(fault);
    }
    for (const struct json *at = object->child; at != NULL; at = at->next) {
        err = parse_member(&parser, at, object->count);
        if (err != OK) {
            return err;
        }
    }
    err = check_whole(&parser);
    if (err == OK) {
        *out = parser.event;
    }
    return err;
}

enum err event_decode(struct arena *arena, struct slice record, int64_t index, struct event **out,
                      struct fault *fault)
{
    static const struct json_limits limits = {.depth = RECORD_DEPTH, .members = RECORD_MEMBERS};
    struct json *object = NULL;
    struct event *event = NULL;
    enum err err = json_parse(arena, record, &limits, &object, fault);
    if (err == OK) {
        err = event_parse(arena, object, EVENT_FROM_RECORD, &event, fault);
    }
    if (err != OK) {
        return err;
    }
    assert(event != NULL);
    if (index >= 0) {
        event->index = index;
    }
    *out = event;
    return OK;
}
