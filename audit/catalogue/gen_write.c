/* The model as C: catalogue_data.h and catalogue_data.c (the tables of catalogue.h). */
#include <assert.h>

#include "audit/base/memory.h"
#include "audit/catalogue/catalogue_hash.h"
#include "audit/catalogue/gen_model.h"

#define SEEDS_MAX 100000 /* tried for one size of a hash table before the next size */
#define BITS_MAX 16

static const char made_by[] = "/* Made by catalogue_gen from catalogue.json: change that. */\n";

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

void model_constant(struct buffer *buffer, struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        bool after_upper = i > 0 && is_upper(name.data[i - 1]);
        bool before_lower = i + 1 < name.length && is_lower(name.data[i + 1]);
        if (i > 0 && is_upper(c) && (!after_upper || before_lower)) {
            buffer_append_char(buffer, '_');
        }
        if (is_lower(c)) {
            c = (char)(c - 'a' + 'A');
        }
        buffer_append_char(buffer, c == '.' ? '_' : c);
    }
}

/* Names at a stride, as they stand in the model. */
struct names {
    const struct slice *first;
    size_t count, stride;
};

static struct slice names_at(const struct names *names, size_t place)
{
    const void *at = (const char *)names->first + place * names->stride;
    return *(const struct slice *)at;
}

static void write_constants(struct buffer *buffer, const char *prefix, const char *total,
                            const struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        buffer_append_format(buffer, "    %s_", prefix);
        model_constant(buffer, names_at(names, i));
        buffer_append_text(buffer, ",\n");
    }
    buffer_append_format(buffer, "    %s,\n};\n", total);
}

static struct names type_names(const struct model *model)
{
    return (struct names){&model->types[0].type, model->type_count, sizeof model->types[0]};
}

static struct names field_names(const struct model *model)
{
    return (struct names){&model->fields[0].name, model->field_count, sizeof model->fields[0]};
}

/* The dictionary has a field count: so the number of fields has another name than FIELD_COUNT. */
void model_write_header(struct buffer *buffer, const struct model *model)
{
    const struct names types = type_names(model);
    const struct names fields = field_names(model);
    buffer_append_text(buffer, made_by);
    buffer_append_text(buffer, "#ifndef CATALOGUE_DATA_H\n#define CATALOGUE_DATA_H\n\n"
                               "enum event_id {\n");
    write_constants(buffer, "EVENT", "EVENT_COUNT", &types);
    buffer_append_text(buffer, "\nenum field_id {\n");
    write_constants(buffer, "FIELD", "FIELD_TOTAL", &fields);
    buffer_append_text(buffer, "\n#endif\n");
}

/* ---- pieces of C ------------------------------------------------------------------------------*/

/* A string literal; everything but plain ASCII as three octal digits, which cannot run on. */
static void write_string(struct buffer *buffer, struct slice text)
{
    buffer_append_char(buffer, '"');
    for (size_t i = 0; i < text.length; i++) {
        unsigned char octet = (unsigned char)text.data[i];
        if (octet < 0x20 || octet > 0x7e || octet == '"' || octet == '\\' || octet == '?') {
            buffer_append_format(buffer, "\\%03o", (unsigned)octet);
        } else {
            buffer_append_char(buffer, (char)octet);
        }
    }
    buffer_append_char(buffer, '"');
}

/* An initialiser of a struct slice. */
static void write_slice(struct buffer *buffer, struct slice text)
{
    buffer_append_char(buffer, '{');
    write_string(buffer, text);
    buffer_append_format(buffer, ", %zu}", text.length);
}

/* The same with a backslash in front of each of the given characters. */
static void write_escaped(struct buffer *buffer, struct slice text, const char *special)
{
    struct buffer escaped;
    buffer_init(&escaped, 2 * text.length + 1);
    for (size_t i = 0; i < text.length; i++) {
        if (strchr(special, text.data[i]) != NULL) {
            buffer_append_char(&escaped, '\\');
        }
        buffer_append_char(&escaped, text.data[i]);
    }
    if (buffer_result(&escaped) != OK) {
        buffer->failed = buffer_result(&escaped);
    }
    write_slice(buffer, buffer_slice(&escaped));
    buffer_done(&escaped);
}

static void write_field_id(struct buffer *buffer, const struct model *model, size_t field)
{
    buffer_append_text(buffer, "FIELD_");
    model_constant(buffer, model->fields[field].name);
}

static const char *boolean(bool value)
{
    return value ? "true" : "false";
}

/* ---- the dictionary ---------------------------------------------------------------------------*/

static void write_values(struct buffer *buffer, const struct model_field *field, size_t number)
{
    buffer_append_format(buffer, "static const struct slice values_%zu[] = {", number);
    for (size_t i = 0; i < field->value_count; i++) {
        buffer_append_text(buffer, i == 0 ? "" : ", ");
        write_slice(buffer, field->values[i]);
    }
    buffer_append_text(buffer, "};\n");
}

static void write_member(struct buffer *buffer, struct slice name)
{
    struct buffer member;
    buffer_init(&member, name.length + 4);
    buffer_append_text(&member, ",\"");
    buffer_append_slice(&member, name);
    buffer_append_text(&member, "\":");
    if (buffer_result(&member) != OK) {
        buffer->failed = buffer_result(&member);
    }
    write_slice(buffer, buffer_slice(&member));
    buffer_done(&member);
}

static void write_field(struct buffer *buffer, const struct model_field *field, size_t number)
{
    buffer_append_text(buffer, "    {.name = ");
    write_slice(buffer, field->name);
    buffer_append_text(buffer, ", .member = ");
    write_member(buffer, field->name);
    buffer_append_text(buffer, ",\n     .meaning = ");
    write_string(buffer, field->meaning);
    buffer_append_format(buffer,
                         ",\n     .kind = %s, .by_daemon = %s, .geo = %s, .record_only = %s,\n",
                         field->kind->constant, boolean(field->by_daemon), boolean(field->geo),
                         boolean(field->record_only));
    const struct slice none[2] = {slice_of("-DBL_MAX"), slice_of("DBL_MAX")};
    struct slice min = field->min.length > 0 ? field->min : none[0];
    struct slice max = field->max.length > 0 ? field->max : none[1];
    buffer_append_format(buffer, "     .min = %.*s, .max = %.*s", (int)min.length, min.data,
                         (int)max.length, max.data);
    if (field->value_count > 0) {
        buffer_append_format(buffer, ", .values = values_%zu, .value_count = %zu", number,
                             field->value_count);
    }
    buffer_append_text(buffer, "},\n");
}

static void write_dictionary(struct buffer *buffer, const struct model *model)
{
    for (size_t i = 0; i < model->field_count; i++) {
        if (model->fields[i].value_count > 0) {
            write_values(buffer, &model->fields[i], i);
        }
    }
    buffer_append_text(buffer,
                       "\nconst struct catalogue_field catalogue_fields[FIELD_TOTAL] = {\n");
    for (size_t i = 0; i < model->field_count; i++) {
        write_field(buffer, &model->fields[i], i);
    }
    buffer_append_text(buffer, "};\n\nconst struct slice catalogue_reserved[] = {\n");
    for (size_t i = 0; i < model->reserved_count; i++) {
        buffer_append_text(buffer, "    ");
        write_slice(buffer, model->reserved[i]);
        buffer_append_text(buffer, ",\n");
    }
    buffer_append_text(buffer, "    {\"\", 0},\n};\n\n");
}

/* ---- layouts ----------------------------------------------------------------------------------*/

static void write_slots(struct buffer *buffer, const struct model *model,
                        const struct model_layout *layout)
{
    buffer_append_format(buffer, "static const struct event_field fields_%zu[] = {\n",
                         layout->number);
    for (size_t i = 0; i < layout->slot_count; i++) {
        buffer_append_text(buffer, "    {");
        write_field_id(buffer, model, layout->slots[i].field);
        buffer_append_format(buffer, ", %s},\n", boolean(layout->slots[i].required));
    }
    if (layout->slot_count == 0) {
        buffer_append_text(buffer, "    {FIELD_TOTAL, false},\n");
    }
    buffer_append_format(buffer, "};\nstatic const int16_t slots_%zu[FIELD_TOTAL] = {",
                         layout->number);
    for (size_t i = 0; i < model->field_count; i++) {
        size_t slot = model_slot_find(layout, i);
        buffer_append_text(buffer, i % 16 == 0 ? "\n    " : " ");
        buffer_append_signed(buffer, slot == SIZE_MAX ? -1 : (int64_t)slot);
        buffer_append_char(buffer, ',');
    }
    buffer_append_text(buffer, "\n};\n");
}

static const char *const sources[] = {
    [SOURCE_SLOT] = "KEY_SLOT",
    [SOURCE_DAEMON] = "KEY_DAEMON",
    [SOURCE_MESSAGE] = "KEY_MESSAGE",
    [SOURCE_LITERAL] = "KEY_LITERAL",
};

/* source, slot and field: the same in keys and in pieces of a message. */
static void write_source(struct buffer *buffer, const struct model *model,
                         const struct model_piece *piece)
{
    buffer_append_format(buffer, ".source = %s, .slot = %zu, .field = ", sources[piece->source],
                         piece->slot);
    if (piece->source == SOURCE_SLOT || piece->source == SOURCE_DAEMON) {
        write_field_id(buffer, model, piece->field);
    } else {
        buffer_append_text(buffer, "FIELD_TOTAL");
    }
    if (piece->source == SOURCE_LITERAL) {
        buffer_append_text(buffer, ", .literal = ");
        write_slice(buffer, piece->literal);
    }
}

static void write_keys(struct buffer *buffer, const struct model *model,
                       const struct model_layout *layout, int profile)
{
    buffer_append_format(buffer, "static const struct event_key keys_%zu_%d[] = {\n",
                         layout->number, profile);
    for (size_t i = 0; i < layout->key_count[profile]; i++) {
        const struct model_key *key = &layout->keys[profile][i];
        buffer_append_text(buffer, "    {.name = ");
        write_slice(buffer, key->name);
        buffer_append_text(buffer, ", ");
        write_source(buffer, model, &key->piece);
        if (key->piece.source == SOURCE_LITERAL) {
            buffer_append_text(buffer, ", .literal_cef = ");
            write_escaped(buffer, key->piece.literal, "\\=");
            buffer_append_text(buffer, ", .literal_rfc5424 = ");
            write_escaped(buffer, key->piece.literal, "\\\"]");
        }
        buffer_append_format(buffer, ", .is_label = %s},\n", boolean(key->is_label));
    }
    if (layout->key_count[profile] == 0) {
        buffer_append_text(buffer, "    {.source = KEY_LITERAL},\n");
    }
    buffer_append_text(buffer, "};\n");
}

/* ---- types ------------------------------------------------------------------------------------*/

static void write_pieces(struct buffer *buffer, const struct model *model, size_t number)
{
    const struct model_type *type = &model->types[number];
    buffer_append_format(buffer, "static const struct message_piece message_%zu[] = {\n", number);
    for (size_t i = 0; i < type->piece_count; i++) {
        buffer_append_text(buffer, "    {");
        write_source(buffer, model, &type->pieces[i]);
        buffer_append_text(buffer, "},\n");
    }
    buffer_append_text(buffer, "};\n");
}

static void write_texts(struct buffer *buffer, const struct model_type *type)
{
    const struct {
        const char *member;
        struct slice text;
    } texts[] = {{"type", type->type},
                 {"signature", type->id},
                 {"name", type->name},
                 {"group", type->group},
                 {"origin", type->origin}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        buffer_append_format(buffer, ".%s = ", texts[i].member);
        write_slice(buffer, texts[i].text);
        buffer_append_text(buffer, ",\n     ");
    }
    buffer_append_text(buffer, ".name_cef = ");
    write_escaped(buffer, type->name, "\\|");
}

static void write_type(struct buffer *buffer, const struct model *model, size_t number)
{
    const struct model_type *type = &model->types[number];
    const struct model_layout *layout = type->layout;
    buffer_append_text(buffer, "    {.id = EVENT_");
    model_constant(buffer, type->type);
    buffer_append_text(buffer, ", ");
    write_texts(buffer, type);
    buffer_append_format(
        buffer,
        ",\n     .incident = %s, .syslog_severity = %d, .cef_severity = %d, .documented = %s,\n"
        "     .own = %s, .extras = %s, .takes_message = %s, .emit = EMIT_",
        boolean(type->incident), (int)type->syslog_severity, (int)type->cef_severity,
        boolean(type->documented), boolean(type->own), boolean(type->extras),
        boolean(type->takes_message));
    model_constant(buffer, slice_of(type->emit));
    if (type->piece_count > 0) {
        buffer_append_format(buffer, ",\n     .message = message_%zu, .message_count = %zu", number,
                             type->piece_count);
    }
    buffer_append_format(buffer,
                         ",\n     .fields = fields_%zu, .field_count = %zu, .slot_of = slots_%zu,\n"
                         "     .keys = {keys_%zu_0, keys_%zu_1}, .key_count = {%zu, %zu}},\n",
                         layout->number, layout->slot_count, layout->number, layout->number,
                         layout->number, layout->key_count[0], layout->key_count[1]);
}

static void write_types(struct buffer *buffer, const struct model *model)
{
    for (size_t i = 0; i < model->layout_count; i++) {
        write_slots(buffer, model, &model->layouts[i]);
        write_keys(buffer, model, &model->layouts[i], MODEL_SENHASEGURA);
        write_keys(buffer, model, &model->layouts[i], MODEL_STANDARD);
    }
    for (size_t i = 0; i < model->type_count; i++) {
        if (model->types[i].piece_count > 0) {
            write_pieces(buffer, model, i);
        }
    }
    buffer_append_text(buffer, "\nconst struct event_type catalogue_types[EVENT_COUNT] = {\n");
    for (size_t i = 0; i < model->type_count; i++) {
        write_type(buffer, model, i);
    }
    buffer_append_text(buffer, "};\n");
}

/* ---- look-up by name --------------------------------------------------------------------------*/

/* Fills place[2^bits] if no two names share a bucket under this seed. */
static bool seed_fits(const struct names *names, uint64_t seed, unsigned bits, uint16_t *place)
{
    memset(place, 0xff, sizeof *place << bits);
    for (size_t i = 0; i < names->count; i++) {
        size_t bucket = catalogue_bucket(names_at(names, i), seed, bits);
        if (place[bucket] != CATALOGUE_NOWHERE) {
            return false;
        }
        place[bucket] = (uint16_t)i;
    }
    return true;
}

static bool index_find(const struct names *names, uint64_t *seed, unsigned *bits, uint16_t *place)
{
    for (*bits = 1; *bits <= BITS_MAX; (*bits)++) {
        if (((size_t)1 << *bits) < 4 * names->count) {
            continue;
        }
        for (*seed = 1; *seed <= SEEDS_MAX; (*seed)++) {
            if (seed_fits(names, *seed * UINT64_C(0xd1342543de82ef95), *bits, place)) {
                *seed *= UINT64_C(0xd1342543de82ef95);
                return true;
            }
        }
    }
    return false;
}

static enum err write_index(struct buffer *buffer, const char *what, const struct names *names,
                            struct fault *fault)
{
    uint16_t *place = memory_allocate(sizeof *place << BITS_MAX);
    if (place == NULL) {
        return fault_no_memory(fault);
    }
    uint64_t seed = 0;
    unsigned bits = 0;
    enum err err = OK;
    if (!index_find(names, &seed, &bits, place)) {
        err = fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                        "no hash without collisions found for the %s names", what);
        goto out;
    }
    buffer_append_format(buffer, "\nstatic const uint16_t %s_places[] = {", what);
    for (size_t i = 0; i < (size_t)1 << bits; i++) {
        buffer_append_text(buffer, i % 16 == 0 ? "\n    " : " ");
        buffer_append_unsigned(buffer, place[i]);
        buffer_append_char(buffer, ',');
    }
    buffer_append_format(buffer,
                         "\n};\nconst struct catalogue_index catalogue_%s_index = {\n"
                         "    .seed = UINT64_C(%llu), .bits = %u, .place = %s_places};\n",
                         what, (unsigned long long)seed, bits, what);
out:
    memory_free(place);
    return err;
}

enum err model_write_tables(struct buffer *buffer, const struct model *model, struct fault *fault)
{
    buffer_append_text(buffer, made_by);
    buffer_append_text(buffer, "#include \"audit/catalogue/catalogue_tables.h\"\n\n"
                               "#include <float.h>\n\n");
    write_dictionary(buffer, model);
    write_types(buffer, model);
    const struct names types = type_names(model);
    const struct names fields = field_names(model);
    const struct names reserved = {model->reserved, model->reserved_count,
                                   sizeof model->reserved[0]};
    enum err err = write_index(buffer, "type", &types, fault);
    if (err == OK) {
        err = write_index(buffer, "field", &fields, fault);
    }
    if (err == OK) {
        err = write_index(buffer, "reserved", &reserved, fault);
    }
    return err;
}
