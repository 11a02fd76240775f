/* The formats: a style for the pairs of a line and a function that writes the line. */
#ifndef AUDIT_RENDER_FORMAT_H
#define AUDIT_RENDER_FORMAT_H

#include "audit/base/buffer.h"
#include "audit/render/line.h"

struct format_rules {
    const char *word; /* in configuration and on the command line */
    struct line_style style;
    void (*append)(struct buffer *out, const struct line *line);
};

extern const struct format_rules cef_rules;
extern const struct format_rules rfc5424_rules;
extern const struct format_rules sensage_rules;

/* The rules of a format; format < FORMAT_COUNT. */
const struct format_rules *format_rules(enum format format);

/* `<PRI>1 TIMESTAMP HOSTNAME senhasegura PROCID MSGID ` (formats.md 5). */
void rfc5424_append_header(struct buffer *out, const struct line *line);

/* The same and `- ` behind it, if the options ask for an envelope. */
void rfc5424_append_envelope(struct buffer *out, const struct line *line);

/* HOSTNAME: as configured, else the record's dvc, else -. */
struct slice rfc5424_hostname(const struct line *line);

/* Octets of the BOM before an MSG that is not ASCII. */
#define FORMAT_BOM_BYTES 3

#endif
