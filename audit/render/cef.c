/* ArcSight Common Event Format, version 0. */
#include <string.h>

#include "audit/render/format.h"

static void append_device(struct buffer *out, const struct render_options *options)
{
    if (options->profile == PROFILE_STANDARD) {
        escape_append(out, ESCAPE_CEF_HEADER, slice_of(options->device_vendor));
        buffer_append_char(out, '|');
        escape_append(out, ESCAPE_CEF_HEADER, slice_of(options->device_product));
    } else {
        buffer_append_text(out, "MT4|senhasegura");
    }
    buffer_append_char(out, '|');
    escape_append(out, ESCAPE_CEF_HEADER, slice_of(options->device_version));
}

static void append(struct buffer *out, const struct line *line)
{
    const struct event_type *type = line->event->type;
    rfc5424_append_envelope(out, line);
    buffer_append_text(out, "CEF:0|");
    append_device(out, line->options);
    buffer_append_char(out, '|');
    escape_append(out, ESCAPE_CEF_HEADER, type->signature);
    buffer_append_char(out, '|');
    buffer_append_slice(out, type->name_cef);
    buffer_append_char(out, '|');
    buffer_append_unsigned(out, type->cef_severity);
    size_t bar = out->length; /* the first pair has the last bar in the place of a space */
    line_append_pairs(out, line, &cef_rules.style);
    if (buffer_result(out) == OK) {
        out->data[bar] = '|';
    }
}

const struct format_rules cef_rules = {
    .word = "cef",
    .style = {.separator = ' ', .value = ESCAPE_CEF_VALUE, .message = ESCAPE_CEF_VALUE},
    .append = append,
};
