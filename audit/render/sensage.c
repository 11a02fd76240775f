/* Sensage: fields of name and value, joined by TAB. The layout is ours (formats.md 6). */
#include "audit/base/clock.h"
#include "audit/render/format.h"

static void append_field(struct buffer *out, const char *name, struct slice value)
{
    buffer_append_text(out, name);
    escape_append(out, ESCAPE_SENSAGE, value);
}

static void append(struct buffer *out, const struct line *line)
{
    const struct event_type *type = line->event->type;
    char time[CLOCK_TEXT_BYTES];
    rfc5424_append_envelope(out, line);
    clock_format(line->event->time_us, time);
    append_field(out, "time=", (struct slice){time, CLOCK_TEXT_BYTES - 1});
    append_field(out, "\thost=", rfc5424_hostname(line));
    append_field(out, "\tid=", type->signature);
    append_field(out, "\tname=", type->name);
    buffer_append_text(out, "\tseverity=");
    buffer_append_unsigned(out, type->syslog_severity);
    line_append_pairs(out, line, &sensage_rules.style);
}

const struct format_rules sensage_rules = {
    .word = "sensage",
    .style = {.separator = '\t', .value = ESCAPE_SENSAGE, .message = ESCAPE_SENSAGE},
    .append = append,
};
