/* RFC 5424: PRI, VERSION, TIMESTAMP, HOSTNAME, APP-NAME, PROCID, MSGID, one SD-ELEMENT, MSG. */
#include <string.h>

#include "audit/base/clock.h"
#include "audit/event/text.h"
#include "audit/render/format.h"

#define FACILITY_USER 1

static const char bom[] = "\xef\xbb\xbf";

struct slice rfc5424_hostname(const struct line *line)
{
    if (line->options->device_hostname != NULL) {
        return slice_of(line->options->device_hostname);
    }
    struct slice dvc = text_address(line->event->dvc);
    return dvc.length == 0 ? slice_of("-") : dvc;
}

void rfc5424_append_header(struct buffer *out, const struct line *line)
{
    const struct event *event = line->event;
    char timestamp[CLOCK_TEXT_BYTES];
    clock_format(event->time_us, timestamp);
    buffer_append_char(out, '<');
    buffer_append_unsigned(out, FACILITY_USER * 8 + event->type->syslog_severity);
    buffer_append(out, ">1 ", 3);
    buffer_append(out, timestamp, CLOCK_TEXT_BYTES - 1);
    buffer_append_char(out, ' ');
    buffer_append_slice(out, rfc5424_hostname(line));
    buffer_append_text(out, " senhasegura ");
    if (event->pid < 0) {
        buffer_append_char(out, '-');
    } else {
        buffer_append_signed(out, event->pid);
    }
    buffer_append_char(out, ' ');
    buffer_append_slice(out, event->type->signature);
    buffer_append_char(out, ' ');
}

void rfc5424_append_envelope(struct buffer *out, const struct line *line)
{
    if (line->options->envelope == ENVELOPE_SYSLOG) {
        rfc5424_append_header(out, line);
        buffer_append(out, "- ", 2);
    }
}

static bool is_ascii(struct slice text)
{
    unsigned char all = 0;
    for (size_t i = 0; i < text.length; i++) {
        all |= (unsigned char)text.data[i];
    }
    return all < 0x80;
}

/* Puts the BOM before what stands in the line from `start` on. */
static void insert_bom(struct buffer *out, size_t start)
{
    size_t length = out->length - start;
    buffer_append(out, bom, FORMAT_BOM_BYTES);
    if (buffer_result(out) == OK) {
        memmove(out->data + start + FORMAT_BOM_BYTES, out->data + start, length);
        memcpy(out->data + start, bom, FORMAT_BOM_BYTES);
    }
}

static void append_msg(struct buffer *out, const struct line *line)
{
    size_t start = out->length;
    if (line->bare) {
        escape_append(out, ESCAPE_MSG, line->event->type->name);
    } else {
        message_append(out, ESCAPE_MSG, line->event, &line->message);
    }
    if (buffer_result(out) == OK &&
        !is_ascii((struct slice){out->data + start, out->length - start})) {
        insert_bom(out, start);
    }
}

static void append(struct buffer *out, const struct line *line)
{
    rfc5424_append_header(out, line);
    buffer_append_text(out, "[senhasegura@");
    buffer_append_unsigned(out, line->options->enterprise_id);
    line_append_pairs(out, line, &rfc5424_rules.style);
    buffer_append(out, "] ", 2);
    append_msg(out, line);
}

const struct format_rules rfc5424_rules = {
    .word = "rfc5424",
    .style = {.separator = ' ',
              .quoted = true,
              .value = ESCAPE_PARAM,
              .message = ESCAPE_MSG,
              .message_apart = true},
    .append = append,
};
