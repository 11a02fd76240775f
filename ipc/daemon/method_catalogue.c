#include "audit/catalogue/catalogue.h"
#include "ipc/daemon/methods.h"

static const char *emit_word(enum emit_by emit)
{
    static const char *const words[] = {
        [EMIT_DAEMON] = "daemon", [EMIT_WORKFLOW] = "workflow", [EMIT_ANY] = "any"};
    return words[emit];
}

static void write_fields(struct buffer *result, const struct event_type *type)
{
    buffer_append_text(result, ",\"fields\":[");
    for (size_t i = 0; i < type->field_count; i++) {
        const struct catalogue_field *field = catalogue_field(type->fields[i].field);
        buffer_append_text(result, i == 0 ? "{\"name\":" : ",{\"name\":");
        json_write_string(result, field->name);
        buffer_append_format(result, ",\"required\":%s}",
                             type->fields[i].required ? "true" : "false");
    }
    buffer_append_char(result, ']');
}

static void write_keys(struct buffer *result, const struct event_type *type)
{
    buffer_append_text(result, ",\"keys\":{");
    for (int profile = 0; profile < PROFILE_COUNT; profile++) {
        buffer_append_text(result, profile == PROFILE_SENHASEGURA ? "\"senhasegura\":["
                                                                  : ",\"standard\":[");
        for (size_t i = 0; i < type->key_count[profile]; i++) {
            if (i > 0) {
                buffer_append_char(result, ',');
            }
            json_write_string(result, type->keys[profile][i].name);
        }
        buffer_append_char(result, ']');
    }
    buffer_append_char(result, '}');
}

static void write_type(struct buffer *result, const struct event_type *type)
{
    buffer_append_text(result, "{\"type\":");
    json_write_string(result, type->type);
    buffer_append_text(result, ",\"id\":");
    json_write_string(result, type->signature);
    buffer_append_text(result, ",\"name\":");
    json_write_string(result, type->name);
    buffer_append_text(result, ",\"group\":");
    json_write_string(result, type->group);
    buffer_append_format(result,
                         ",\"severity\":%u,\"syslog_severity\":%u,\"emit\":\"%s\",\"extras\":%s",
                         type->cef_severity, type->syslog_severity, emit_word(type->emit),
                         type->extras ? "true" : "false");
    write_fields(result, type);
    write_keys(result, type);
    buffer_append_char(result, '}');
}

enum err method_catalogue_list(struct call *call, struct buffer *result, struct fault *fault)
{
    (void)call;
    (void)fault;
    buffer_append_text(result, "{\"types\":[");
    for (int id = 0; id < EVENT_COUNT; id++) {
        if (id > 0) {
            buffer_append_char(result, ',');
        }
        write_type(result, catalogue_type((enum event_id)id));
    }
    buffer_append_text(result, "]}");
    return OK;
}
