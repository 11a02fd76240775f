/* The event reference: catalogue_gen --markdown catalogue.json > EVENTS.md */
#include "audit/catalogue/gen_model.h"

/* Text inside a table: a bar would end the cell, and < would begin HTML. */
static void write_cell(struct buffer *buffer, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '|' || text.data[i] == '<' || text.data[i] == '\\') {
            buffer_append_char(buffer, '\\');
        }
        buffer_append_char(buffer, text.data[i]);
    }
}

static void write_code(struct buffer *buffer, struct slice text)
{
    buffer_append_char(buffer, '`');
    buffer_append_slice(buffer, text);
    buffer_append_char(buffer, '`');
}

static void write_severity(struct buffer *buffer, const struct model_type *type)
{
    static const char *const words[] = {"emergency", "alert",  "critical",      "error",
                                        "warning",   "notice", "informational", "debug"};
    buffer_append_format(buffer, "%s (%d), CEF %d", words[type->syslog_severity],
                         (int)type->syslog_severity, (int)type->cef_severity);
}

static const char *emit_text(const struct model_type *type)
{
    switch (type->emit[0]) {
    case 'd':
        return "the daemon alone";
    case 'w':
        return "workflow";
    default:
        return "producer, workflow";
    }
}

static void write_fields(struct buffer *buffer, const struct model *model,
                         const struct model_layout *layout)
{
    buffer_append_text(buffer, "| field | required | type | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < layout->slot_count; i++) {
        const struct model_field *field = &model->fields[layout->slots[i].field];
        buffer_append_text(buffer, "| ");
        write_code(buffer, field->name);
        buffer_append_format(buffer, " | %s | %s", layout->slots[i].required ? "**yes**" : "",
                             field->kind->word);
        for (size_t value = 0; value < field->value_count; value++) {
            buffer_append_text(buffer, value == 0 ? ": " : ", ");
            write_code(buffer, field->values[value]);
        }
        buffer_append_text(buffer, " | ");
        write_cell(buffer, field->meaning);
        buffer_append_text(buffer, field->record_only ? " (in the record only) |\n" : " |\n");
    }
    buffer_append_char(buffer, '\n');
}

static void write_row(struct buffer *buffer, const struct model_type *type)
{
    buffer_append_text(buffer, "| ");
    write_code(buffer, type->type);
    buffer_append_text(buffer, " | ");
    write_cell(buffer, type->id);
    buffer_append_text(buffer, " | ");
    write_cell(buffer, type->name);
    buffer_append_text(buffer, type->incident ? " (incident) | " : " | ");
    write_severity(buffer, type);
    buffer_append_format(buffer, " | %s | ", emit_text(type));
    write_code(buffer, type->message_text);
    buffer_append_text(buffer, type->extras ? " | yes |\n" : " | |\n");
}

static void write_type(struct buffer *buffer, const struct model *model,
                       const struct model_type *type)
{
    buffer_append_text(buffer, "### ");
    buffer_append_slice(buffer, type->type);
    buffer_append_text(buffer, "\n\n");
    if (type->note.length > 0) {
        write_cell(buffer, type->note);
        buffer_append_text(buffer, "\n\n");
    }
    write_fields(buffer, model, type->layout);
}

/* Did a type before this one open the group? */
static bool group_is_first(const struct model *model, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        if (slice_equal(model->types[i].group, model->types[number].group)) {
            return false;
        }
    }
    return true;
}

static void write_group(struct buffer *buffer, const struct model *model, struct slice group)
{
    buffer_append_text(buffer, "## Group ");
    buffer_append_slice(buffer, group);
    buffer_append_text(buffer, "\n\n"
                               "| type | ID | name | severity | who may emit it | message "
                               "| other fields |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < model->type_count; i++) {
        if (slice_equal(model->types[i].group, group)) {
            write_row(buffer, &model->types[i]);
        }
    }
    buffer_append_char(buffer, '\n');
    for (size_t i = 0; i < model->type_count; i++) {
        const struct model_type *type = &model->types[i];
        if (slice_equal(type->group, group) && type->layout != &model->layouts[0]) {
            write_type(buffer, model, type);
        }
    }
}

static void write_daemon_fields(struct buffer *buffer, const struct model *model)
{
    buffer_append_text(buffer, "| field | type | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < model->field_count; i++) {
        const struct model_field *field = &model->fields[i];
        if (field->by_daemon) {
            buffer_append_text(buffer, "| ");
            write_code(buffer, field->name);
            buffer_append_format(buffer, " | %s | ", field->kind->word);
            write_cell(buffer, field->meaning);
            buffer_append_text(buffer, " |\n");
        }
    }
    buffer_append_char(buffer, '\n');
}

void model_write_markdown(struct buffer *buffer, const struct model *model)
{
    buffer_append_text(
        buffer,
        "# Event reference\n\n"
        "Made by `catalogue_gen --markdown audit/catalogue/catalogue.json`; a test compares them.\n"
        "Every type with its CEF signature ID, its severity, who may send it with `event.emit`, "
        "the\ntemplate of its message, and its fields. A type marked \"other fields: yes\" takes "
        "names beyond\nits own. Types without a section of their own have the common fields.\n\n"
        "## Fields of every event\n\nA sender may give `time`; the rest the daemon sets.\n\n");
    write_daemon_fields(buffer, model);
    buffer_append_text(buffer, "## Common fields\n\n");
    write_fields(buffer, model, &model->layouts[0]);
    for (size_t i = 0; i < model->type_count; i++) {
        if (group_is_first(model, i)) {
            write_group(buffer, model, model->types[i].group);
        }
    }
}
