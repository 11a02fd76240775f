/* A record becomes a line: CEF, RFC 5424 or Sensage (formats.md). Pure: the same event gives the
 * same bytes always. No allocation per key; thread-safe. */
#ifndef AUDIT_RENDER_RENDER_H
#define AUDIT_RENDER_RENDER_H

#include "audit/base/arena.h"
#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/event/event.h"

enum format { FORMAT_CEF, FORMAT_RFC5424, FORMAT_SENSAGE, FORMAT_COUNT };
enum envelope { ENVELOPE_NONE, ENVELOPE_SYSLOG };

#define RENDER_LIMIT_MIN 480
#define RENDER_LIMIT_MAX (1024 * 1024)

/* What a line's look depends on besides the event. Strings NUL-ended, borrowed. render_defaults
 * gives those of `guardianctl render`. */
struct render_options {
    enum format format;
    enum profile profile;
    enum envelope envelope;
    size_t limit;                /* octets of one message, 0 for none */
    const char *device_vendor;   /* profile standard only; default MT4 */
    const char *device_product;  /* profile standard only; default master_key_guardian */
    const char *device_version;  /* default 3.27.0-4 */
    const char *device_hostname; /* HOSTNAME; NULL: the record's dvc */
    uint32_t enterprise_id;      /* default 32473 */
    const char *log_id;          /* externalId is then ID-index; NULL: the index alone */
};

void render_defaults(struct render_options *out);

/* Words of the command line and the configuration: false if there is no such. */
bool format_from_word(const char *word, enum format *out);
bool profile_from_word(const char *word, enum profile *out);
const char *format_word(enum format format);
const char *profile_word(enum profile profile);

/* Appends the line, without LF. */
MUST_CHECK enum err render_line(const struct event *event, const struct render_options *options,
                                struct buffer *line);

/* Does the smallest possible line (header, shortened=all, externalId) of every event type fit the
 * limit? ERR_CONFIGURATION and a sentence naming the type and the octets needed, if not. */
MUST_CHECK enum err render_check_limit(const struct render_options *options, struct fault *fault);

#endif
