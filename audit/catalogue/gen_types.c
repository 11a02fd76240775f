/* The types of the catalogue, their fields, key lists and templates. */
#include <stdint.h>

#include "audit/catalogue/gen_reader.h"

/* The one signature ID that two types carry, as the vendor does. */
#define SHARED_ID "336.501"
#define ID_MAX 32     /* RFC 5424: a MSGID is 1 to 32 printable characters */
#define NAME_MAX 512  /* a CEF header field; no type comes near */
#define SLOTS_MAX 256 /* an int16_t finds them, and nobody can read more */

size_t model_slot_find(const struct model_layout *layout, size_t field)
{
    for (size_t i = 0; i < layout->slot_count; i++) {
        if (layout->slots[i].field == field) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* ---- fields of a type -------------------------------------------------------------------------*/

static bool same_values(const struct model_field *field, const struct json *values)
{
    if (values == NULL) {
        return field->value_count == 0;
    }
    size_t count = 0;
    for (const struct json *at = values->child; at != NULL; at = at->next) {
        if (count == field->value_count || at->kind != JSON_STRING ||
            !slice_equal(at->text, field->values[count])) {
            return false;
        }
        count++;
    }
    return count == field->value_count;
}

static enum err read_slot(struct reader *reader, const struct json *object,
                          struct model_layout *layout)
{
    enum { NAME, TYPE, REQUIRED, VALUES };
    struct member members[] = {
        [NAME] = {"name", JSON_STRING, true, NULL},
        [TYPE] = {"type", JSON_STRING, true, NULL},
        [REQUIRED] = {"required", JSON_BOOLEAN, true, NULL},
        [VALUES] = {"values", JSON_ARRAY, false, NULL},
    };
    enum err err = reader_members(reader, object, members, sizeof members / sizeof members[0]);
    if (err != OK) {
        return err;
    }
    struct slice name = member_text(&members[NAME]);
    size_t place = model_field_find(reader->model, name);
    if (place == SIZE_MAX) {
        return reader_refuse(reader, "the field %.*s is not in the dictionary", (int)name.length,
                             name.data);
    }
    const struct model_field *field = &reader->model->fields[place];
    if (field->by_daemon) {
        return reader_refuse(reader, "the field %.*s is the daemon's: no type lists it",
                             (int)name.length, name.data);
    }
    if (!slice_is(member_text(&members[TYPE]), field->kind->word) ||
        !same_values(field, members[VALUES].value)) {
        return reader_refuse(reader, "the field %.*s has another type than in the dictionary",
                             (int)name.length, name.data);
    }
    if (model_slot_find(layout, place) != SIZE_MAX) {
        return reader_refuse(reader, "the field %.*s is listed twice", (int)name.length, name.data);
    }
    layout->slots[layout->slot_count++] =
        (struct model_slot){place, member_true(&members[REQUIRED])};
    return OK;
}

/* ---- where a value comes from -----------------------------------------------------------------*/

/* {name} inside a key list or a template. */
static enum err read_source(struct reader *reader, const struct model_layout *layout,
                            struct slice name, struct model_piece *out)
{
    size_t field = model_field_find(reader->model, name);
    size_t slot = field == SIZE_MAX ? SIZE_MAX : model_slot_find(layout, field);
    if (slot != SIZE_MAX) {
        *out = (struct model_piece){.source = SOURCE_SLOT, .field = field, .slot = slot};
        return OK;
    }
    if (field != SIZE_MAX && reader->model->fields[field].by_daemon) {
        *out = (struct model_piece){.source = SOURCE_DAEMON, .field = field};
        return OK;
    }
    return reader_refuse(reader, "{%.*s} is no field of it", (int)name.length, name.data);
}

static bool has_brace(struct slice text)
{
    return text.length > 0 && (memchr(text.data, '{', text.length) != NULL ||
                               memchr(text.data, '}', text.length) != NULL);
}

/* "{name}" gives name; anything else the empty slice. */
static struct slice braced_name(struct slice text)
{
    if (text.length < 3 || text.data[0] != '{' || text.data[text.length - 1] != '}') {
        return (struct slice){NULL, 0};
    }
    return (struct slice){text.data + 1, text.length - 2};
}

/* ---- key lists --------------------------------------------------------------------------------*/

static enum err read_key(struct reader *reader, const struct json *pair,
                         const struct model_layout *layout, struct model_key *key)
{
    if (pair->kind != JSON_ARRAY || pair->count != 2 || pair->child->kind != JSON_STRING ||
        pair->child->next->kind != JSON_STRING) {
        return reader_refuse(reader, "a key list holds something else than [key, source]");
    }
    key->name = pair->child->text;
    struct slice source = pair->child->next->text;
    if (!name_is_word(key->name)) {
        return reader_refuse(reader, "a key must be letters and digits: %.*s",
                             (int)key->name.length, key->name.data);
    }
    if (slice_is(source, "{msg}")) {
        key->piece.source = SOURCE_MESSAGE;
        return OK;
    }
    struct slice name = braced_name(source);
    if (name.length > 0) {
        enum err err = read_source(reader, layout, name, &key->piece);
        if (err == OK && reader->model->fields[key->piece.field].record_only) {
            return reader_refuse(reader, "the field %.*s stands in the record only, in no key list",
                                 (int)name.length, name.data);
        }
        return err;
    }
    if (!name_is_clean(source) || has_brace(source)) {
        return reader_refuse(reader, "the key %.*s has a literal that is empty or not clean text",
                             (int)key->name.length, key->name.data);
    }
    key->piece = (struct model_piece){.source = SOURCE_LITERAL, .literal = source};
    return OK;
}

/* XLabel must stand directly before X: it is left out when X is. */
static enum err check_label(struct reader *reader, struct model_layout *layout, int profile,
                            size_t place)
{
    struct model_key *key = &layout->keys[profile][place];
    size_t stem = key->name.length - 5;
    if (key->name.length <= 5 || memcmp(key->name.data + stem, "Label", 5) != 0) {
        return OK;
    }
    bool before =
        place + 1 < layout->key_count[profile] &&
        slice_equal(layout->keys[profile][place + 1].name, (struct slice){key->name.data, stem});
    if (!before || key->piece.source != SOURCE_LITERAL) {
        return reader_refuse(reader, "%.*s must be a literal directly before its key",
                             (int)key->name.length, key->name.data);
    }
    key->is_label = true;
    return OK;
}

/* Profile standard has no key twice; the vendor's own only act. */
static enum err check_once(struct reader *reader, const struct model_layout *layout, int profile,
                           size_t place)
{
    struct slice name = layout->keys[profile][place].name;
    if (profile == MODEL_SENHASEGURA && slice_is(name, "act")) {
        return OK;
    }
    for (size_t i = 0; i < place; i++) {
        if (slice_equal(layout->keys[profile][i].name, name)) {
            return reader_refuse(reader, "the key %.*s stands twice in profile %s",
                                 (int)name.length, name.data,
                                 profile == MODEL_STANDARD ? "standard" : "senhasegura");
        }
    }
    return OK;
}

static enum err read_keys(struct reader *reader, const struct json *array,
                          struct model_layout *layout, int profile)
{
    layout->keys[profile] = reader_allocate(reader, array->count, sizeof *layout->keys[profile]);
    if (layout->keys[profile] == NULL) {
        return fault_no_memory(reader->fault);
    }
    size_t *count = &layout->key_count[profile];
    for (const struct json *at = array->child; at != NULL; at = at->next) {
        enum err err = read_key(reader, at, layout, &layout->keys[profile][*count]);
        if (err == OK) {
            err = check_once(reader, layout, profile, *count);
        }
        if (err != OK) {
            return err;
        }
        (*count)++;
    }
    for (size_t i = 0; i < *count; i++) {
        enum err err = check_label(reader, layout, profile, i);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

enum err reader_layout(struct reader *reader, const struct json *fields,
                       const struct json *const lists[MODEL_PROFILES], struct model_layout *layout)
{
    layout->number = (size_t)(layout - reader->model->layouts);
    layout->slots = reader_allocate(reader, fields->count, sizeof *layout->slots);
    if (layout->slots == NULL) {
        return fault_no_memory(reader->fault);
    }
    if (fields->count > SLOTS_MAX) {
        return reader_refuse(reader, "more than %d fields", SLOTS_MAX);
    }
    for (const struct json *at = fields->child; at != NULL; at = at->next) {
        enum err err = read_slot(reader, at, layout);
        if (err != OK) {
            return err;
        }
    }
    for (int profile = 0; profile < MODEL_PROFILES; profile++) {
        enum err err = read_keys(reader, lists[profile], layout, profile);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

/* ---- templates --------------------------------------------------------------------------------*/

/* Takes the next piece off the front of rest. */
static enum err read_piece(struct reader *reader, const struct model_type *type, struct slice *rest,
                           struct model_piece *out)
{
    const char *open = memchr(rest->data, '{', rest->length);
    const char *close = memchr(rest->data, '}', rest->length);
    size_t literal = open == NULL ? rest->length : (size_t)(open - rest->data);
    if ((open == NULL) != (close == NULL) || (open != NULL && close < open)) {
        return reader_refuse(reader, "the template has a brace without its partner");
    }
    if (literal > 0) {
        *out = (struct model_piece){.source = SOURCE_LITERAL, .literal = {rest->data, literal}};
        *rest = (struct slice){rest->data + literal, rest->length - literal};
        return OK;
    }
    struct slice name = {open + 1, (size_t)(close - open) - 1};
    *rest = (struct slice){close + 1, rest->length - name.length - 2};
    return read_source(reader, type->layout, name, out);
}

static enum err read_template(struct reader *reader, struct model_type *type)
{
    size_t message = model_field_find(reader->model, slice_of("msg"));
    bool has_field = message != SIZE_MAX && model_slot_find(type->layout, message) != SIZE_MAX;
    type->takes_message = slice_is(type->message_text, "{msg}");
    if (type->takes_message != has_field) {
        return reader_refuse(reader, "the template is {msg} if and only if it has the field msg");
    }
    if (type->takes_message) {
        return OK;
    }
    if (!name_is_clean(type->message_text)) {
        return reader_refuse(reader, "the template is empty or not clean text");
    }
    struct slice rest = type->message_text;
    type->pieces = reader_allocate(reader, rest.length, sizeof *type->pieces);
    if (type->pieces == NULL) {
        return fault_no_memory(reader->fault);
    }
    while (rest.length > 0) {
        enum err err = read_piece(reader, type, &rest, &type->pieces[type->piece_count++]);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

/* ---- a type -----------------------------------------------------------------------------------*/

enum {
    TYPE,
    ID,
    ORIGIN,
    NAME,
    GROUP,
    KIND,
    SYSLOG_SEVERITY,
    CEF_SEVERITY,
    DOCUMENTED,
    OWN,
    EXTRAS,
    EMIT,
    MSG,
    LAYOUT,
    FIELDS,
    SENHASEGURA,
    STANDARD,
    NOTE,
    ID_BASIS,
    VENDOR_SLIP,
    MEMBERS
};

static const char *emit_find(struct slice word)
{
    static const char *const emitters[] = {"daemon", "workflow", "any"};
    for (size_t i = 0; i < sizeof emitters / sizeof emitters[0]; i++) {
        if (slice_is(word, emitters[i])) {
            return emitters[i];
        }
    }
    return NULL;
}

static bool is_signature(struct slice id)
{
    for (size_t i = 0; i < id.length; i++) {
        if (id.data[i] <= ' ' || id.data[i] > '~') {
            return false;
        }
    }
    return id.length > 0 && id.length <= ID_MAX;
}

static enum err check_type(struct reader *reader, const struct model_type *type,
                           const struct member *members)
{
    if (!name_is_type(type->type)) {
        return reader_refuse(reader, "its name must be small letters, digits, _ and .");
    }
    if (!is_signature(type->id)) {
        return reader_refuse(reader, "its id must be 1 to %d printable characters", ID_MAX);
    }
    if (!name_is_clean(type->name) || type->name.length > NAME_MAX || !name_is_type(type->group)) {
        return reader_refuse(reader, "its name or group is empty or not clean text");
    }
    if (!type->incident && !slice_is(member_text(&members[KIND]), "event")) {
        return reader_refuse(reader, "its kind must be event or incident");
    }
    if (type->syslog_severity < 0 || type->syslog_severity > 7) {
        return reader_refuse(reader, "its syslog_severity must be 0 to 7");
    }
    if (type->cef_severity < 0 || type->cef_severity > 10) {
        return reader_refuse(reader, "its cef_severity must be 0 to 10");
    }
    if (type->emit == NULL) {
        return reader_refuse(reader, "its emit must be daemon, workflow or any");
    }
    return OK;
}

static enum err read_own_layout(struct reader *reader, const struct member *members,
                                struct model_type *type)
{
    struct model *model = reader->model;
    const struct json *const lists[MODEL_PROFILES] = {members[SENHASEGURA].value,
                                                      members[STANDARD].value};
    size_t own = (size_t)(members[FIELDS].value != NULL) + (size_t)(lists[0] != NULL) +
                 (size_t)(lists[1] != NULL);
    if (members[LAYOUT].value != NULL) {
        if (!slice_is(member_text(&members[LAYOUT]), "common") || own != 0) {
            return reader_refuse(reader, "its layout can only be common, and then it lists no "
                                         "fields or keys of its own");
        }
        type->layout = &model->layouts[0];
        return OK;
    }
    if (own != 3) {
        return reader_refuse(reader, "it needs fields, senhasegura and standard, or a layout");
    }
    type->layout = &model->layouts[model->layout_count++];
    return reader_layout(reader, members[FIELDS].value, lists, type->layout);
}

enum err reader_type(struct reader *reader, const struct json *object, struct model_type *type)
{
    struct member members[MEMBERS] = {
        [TYPE] = {"type", JSON_STRING, true, NULL},
        [ID] = {"id", JSON_STRING, true, NULL},
        [ORIGIN] = {"origin", JSON_STRING, false, NULL},
        [NAME] = {"name", JSON_STRING, true, NULL},
        [GROUP] = {"group", JSON_STRING, true, NULL},
        [KIND] = {"kind", JSON_STRING, true, NULL},
        [SYSLOG_SEVERITY] = {"syslog_severity", JSON_INTEGER, true, NULL},
        [CEF_SEVERITY] = {"cef_severity", JSON_INTEGER, true, NULL},
        [DOCUMENTED] = {"documented", JSON_BOOLEAN, true, NULL},
        [OWN] = {"own", JSON_BOOLEAN, true, NULL},
        [EXTRAS] = {"extras", JSON_BOOLEAN, true, NULL},
        [EMIT] = {"emit", JSON_STRING, true, NULL},
        [MSG] = {"msg", JSON_STRING, true, NULL},
        [LAYOUT] = {"layout", JSON_STRING, false, NULL},
        [FIELDS] = {"fields", JSON_ARRAY, false, NULL},
        [SENHASEGURA] = {"senhasegura", JSON_ARRAY, false, NULL},
        [STANDARD] = {"standard", JSON_ARRAY, false, NULL},
        [NOTE] = {"note", JSON_STRING, false, NULL},
        [ID_BASIS] = {"id_basis", JSON_STRING, false, NULL},
        [VENDOR_SLIP] = {"msg_vendor_slip", JSON_STRING, false, NULL},
    };
    enum err err = reader_members(reader, object, members, MEMBERS);
    if (err != OK) {
        return err;
    }
    type->type = member_text(&members[TYPE]);
    type->id = member_text(&members[ID]);
    type->origin = member_text(&members[ORIGIN]);
    type->name = member_text(&members[NAME]);
    type->group = member_text(&members[GROUP]);
    type->message_text = member_text(&members[MSG]);
    type->note = member_text(&members[NOTE]);
    type->incident = slice_is(member_text(&members[KIND]), "incident");
    type->syslog_severity = members[SYSLOG_SEVERITY].value->integer;
    type->cef_severity = members[CEF_SEVERITY].value->integer;
    type->documented = member_true(&members[DOCUMENTED]);
    type->own = member_true(&members[OWN]);
    type->extras = member_true(&members[EXTRAS]);
    type->emit = emit_find(member_text(&members[EMIT]));
    reader_begin(reader, "type", type->type);
    err = check_type(reader, type, members);
    if (err == OK) {
        err = read_own_layout(reader, members, type);
    }
    return err == OK ? read_template(reader, type) : err;
}

/* Names that become the same constant would be one type; an ID twice makes two events one in a
 * SIEM. */
static enum err check_doubles(struct reader *reader, const struct model_type *type,
                              const struct model_type *other)
{
    bool same = type->type.length == other->type.length;
    for (size_t i = 0; same && i < type->type.length; i++) {
        char a = type->type.data[i] == '.' ? '_' : type->type.data[i];
        char b = other->type.data[i] == '.' ? '_' : other->type.data[i];
        same = a == b;
    }
    if (same) {
        return reader_refuse(reader, "the type is in the catalogue twice");
    }
    if (slice_equal(type->id, other->id) && !slice_is(type->id, SHARED_ID)) {
        return reader_refuse(reader, "its id %.*s is that of %.*s already", (int)type->id.length,
                             type->id.data, (int)other->type.length, other->type.data);
    }
    return OK;
}

enum err reader_types(struct reader *reader, const struct json *array)
{
    struct model *model = reader->model;
    for (const struct json *at = array->child; at != NULL; at = at->next) {
        struct model_type *type = &model->types[model->type_count];
        const struct json *name = at->kind == JSON_OBJECT ? json_member(at, "type") : NULL;
        reader_begin(reader, "type",
                     name != NULL && name->kind == JSON_STRING ? name->text : slice_of("?"));
        enum err err = reader_type(reader, at, type);
        for (size_t i = 0; err == OK && i < model->type_count; i++) {
            err = check_doubles(reader, type, &model->types[i]);
        }
        if (err != OK) {
            return err;
        }
        model->type_count++;
    }
    if (model->type_count == 0 || model->type_count >= UINT16_MAX) {
        reader_begin(reader, "catalogue", slice_of("as a whole"));
        return reader_refuse(reader, "it has no types, or too many");
    }
    return OK;
}
