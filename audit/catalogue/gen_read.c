/* catalogue.json -> model, with every check. Whatever passes here can be rendered without a check
 * at run time: that is why the generator is strict. */
#include "audit/catalogue/gen_reader.h"

static const struct model_kind kinds[] = {
    {"string", "VALUE_STRING"}, {"integer", "VALUE_INTEGER"}, {"port", "VALUE_PORT"},
    {"number", "VALUE_NUMBER"}, {"boolean", "VALUE_BOOLEAN"}, {"ip", "VALUE_IP"},
    {"time", "VALUE_TIME"},     {"hash", "VALUE_HASH"},       {"sha256", "VALUE_SHA256"},
    {"enum", "VALUE_ENUM"},
};

size_t model_field_find(const struct model *model, struct slice name)
{
    for (size_t i = 0; i < model->field_count; i++) {
        if (slice_equal(model->fields[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static const struct model_kind *kind_find(struct slice word)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (slice_is(word, kinds[i].word)) {
            return &kinds[i];
        }
    }
    return NULL;
}

static enum err check_field(struct reader *reader, const struct model_field *field)
{
    if (!name_is_word(field->name)) {
        return reader_refuse(reader, "the name must be letters and digits, a letter first");
    }
    if (field->kind == NULL) {
        return reader_refuse(reader,
                             "its type is none of string integer port number boolean ip time hash "
                             "sha256 enum");
    }
    bool is_enum = strcmp(field->kind->word, "enum") == 0;
    if (is_enum != (field->value_count > 0)) {
        return reader_refuse(reader, "an enum, and nothing else, has values");
    }
    if (field->min.length + field->max.length > 0 && strcmp(field->kind->word, "number") != 0) {
        return reader_refuse(reader, "only a number has min and max");
    }
    return OK;
}

static bool is_number(const struct member *member)
{
    return member->value == NULL || member->value->kind == JSON_INTEGER ||
           member->value->kind == JSON_REAL;
}

static enum err read_field(struct reader *reader, const struct json *object,
                           struct model_field *field)
{
    enum { TYPE, MEANING, BY, GEO, RECORD_ONLY, MIN, MAX, VALUES };
    struct member members[] = {
        [TYPE] = {"type", JSON_STRING, true, NULL},
        [MEANING] = {"meaning", JSON_STRING, true, NULL},
        [BY] = {"by", JSON_STRING, false, NULL},
        [GEO] = {"geo", JSON_BOOLEAN, false, NULL},
        [RECORD_ONLY] = {"record_only", JSON_BOOLEAN, false, NULL},
        [MIN] = {"min", JSON_NULL, false, NULL},
        [MAX] = {"max", JSON_NULL, false, NULL},
        [VALUES] = {"values", JSON_ARRAY, false, NULL},
    };
    reader_begin(reader, "field", object->name);
    enum err err = reader_members(reader, object, members, sizeof members / sizeof members[0]);
    if (err == OK && members[VALUES].value != NULL) {
        err = reader_texts(reader, members[VALUES].value, &field->values, &field->value_count);
    }
    if (err != OK) {
        return err;
    }
    if (members[BY].value != NULL && !slice_is(member_text(&members[BY]), "daemon")) {
        return reader_refuse(reader, "by can only be daemon");
    }
    if (!is_number(&members[MIN]) || !is_number(&members[MAX])) {
        return reader_refuse(reader, "min and max must be numbers");
    }
    field->name = object->name;
    field->meaning = member_text(&members[MEANING]);
    field->kind = kind_find(member_text(&members[TYPE]));
    field->by_daemon = members[BY].value != NULL;
    field->geo = member_true(&members[GEO]);
    field->record_only = member_true(&members[RECORD_ONLY]);
    field->min = member_text(&members[MIN]);
    field->max = member_text(&members[MAX]);
    return check_field(reader, field);
}

static enum err read_dictionary(struct reader *reader, const struct json *object)
{
    struct model *model = reader->model;
    model->fields = reader_allocate(reader, object->count, sizeof *model->fields);
    if (model->fields == NULL) {
        return fault_no_memory(reader->fault);
    }
    for (const struct json *at = object->child; at != NULL; at = at->next) {
        enum err err = read_field(reader, at, &model->fields[model->field_count]);
        if (err != OK) {
            return err;
        }
        model->field_count++;
    }
    return OK;
}

static enum err read_common(struct reader *reader, const struct json *object)
{
    struct member members[] = {
        {"fields", JSON_ARRAY, true, NULL},
        {"senhasegura", JSON_ARRAY, true, NULL},
        {"standard", JSON_ARRAY, true, NULL},
    };
    reader_begin(reader, "layout", slice_of("common"));
    enum err err = reader_members(reader, object, members, sizeof members / sizeof members[0]);
    if (err != OK) {
        return err;
    }
    const struct json *const lists[MODEL_PROFILES] = {members[1].value, members[2].value};
    reader->model->layout_count = 1;
    return reader_layout(reader, members[0].value, lists, &reader->model->layouts[0]);
}

static enum err read_document(struct reader *reader, const struct json *document)
{
    enum { NOTE, FIELDS, RESERVED, COMMON, TYPES };
    struct member members[] = {
        [NOTE] = {"note", JSON_OBJECT, false, NULL},
        [FIELDS] = {"fields", JSON_OBJECT, true, NULL},
        [RESERVED] = {"reserved", JSON_ARRAY, true, NULL},
        [COMMON] = {"common", JSON_OBJECT, true, NULL},
        [TYPES] = {"types", JSON_ARRAY, true, NULL},
    };
    struct model *model = reader->model;
    enum err err = reader_members(reader, document, members, sizeof members / sizeof members[0]);
    if (err == OK) {
        err =
            reader_texts(reader, members[RESERVED].value, &model->reserved, &model->reserved_count);
    }
    if (err == OK) {
        err = read_dictionary(reader, members[FIELDS].value);
    }
    if (err != OK) {
        return err;
    }
    size_t types = members[TYPES].value->count;
    model->layouts = reader_allocate(reader, types + 1, sizeof *model->layouts);
    model->types = reader_allocate(reader, types, sizeof *model->types);
    if (model->layouts == NULL || model->types == NULL) {
        return fault_no_memory(reader->fault);
    }
    err = read_common(reader, members[COMMON].value);
    return err == OK ? reader_types(reader, members[TYPES].value) : err;
}

enum err model_read(struct arena *arena, struct slice text, struct model *out, struct fault *fault)
{
    static const struct json_limits limits = {.depth = 8, .members = 4096};
    struct json *document = NULL;
    enum err err = json_parse(arena, text, &limits, &document, fault);
    if (err != OK) {
        return err;
    }
    struct model model = {0};
    struct reader reader = {.arena = arena, .model = &model, .fault = fault};
    reader_begin(&reader, "catalogue", slice_of("as a whole"));
    err = read_document(&reader, document);
    if (err == OK) {
        *out = model;
    }
    return err;
}
