/* For the tests of this folder: lines read back, as a receiver would, and written again the slow
 * way. Shares no code with the room: what both agree on is no common mistake. */
#ifndef TESTS_AUDIT_RENDER_READING_H
#define TESTS_AUDIT_RENDER_READING_H

#include <ctype.h>

#include "rendering.h"

#define READING_PAIRS 600
#define READING_BYTES (256 * 1024)

struct read_pair {
    const char *name;
    const char *value; /* unescaped */
    bool is_string;    /* of type string, not a literal; set by reading_mark */
};

struct reading {
    enum format format;
    char head[2048]; /* everything before the first pair */
    struct read_pair pairs[READING_PAIRS];
    size_t count;
    const char *message; /* RFC 5424: without its BOM; else NULL */
    bool has_bom;
    char text[READING_BYTES]; /* the names and values */
    size_t used;
};

static inline char *reading_room(struct reading *reading, size_t bytes)
{
    assert_true(bytes <= READING_BYTES - reading->used);
    char *room = reading->text + reading->used;
    reading->used += bytes;
    return room;
}

/* Copies length octets; with `escapes`, \n and \r become line ends and \x becomes x. */
static inline const char *reading_copy(struct reading *reading, const char *at, size_t length,
                                       bool escapes)
{
    char *copy = reading_room(reading, length + 1);
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        char c = at[i];
        if (escapes && c == '\\') {
            assert_true(i + 1 < length);
            c = at[++i];
            c = c == 'n' && reading->format != FORMAT_RFC5424   ? '\n'
                : c == 'r' && reading->format != FORMAT_RFC5424 ? '\r'
                                                                : c;
        }
        copy[used++] = c;
    }
    copy[used] = '\0';
    return copy;
}

static inline void reading_add(struct reading *reading, const char *name, size_t name_length,
                               const char *value, size_t value_length)
{
    assert_true(reading->count < READING_PAIRS);
    struct read_pair *pair = &reading->pairs[reading->count++];
    pair->name = reading_copy(reading, name, name_length, false);
    pair->value = reading_copy(reading, value, value_length, true);
    pair->is_string = false;
}

static inline void reading_head(struct reading *reading, const char *line, const char *end)
{
    size_t length = (size_t)(end - line);
    assert_true(length < sizeof reading->head);
    memcpy(reading->head, line, length);
    reading->head[length] = '\0';
}

static inline size_t key_length(const char *at)
{
    size_t length = 0;
    while (isalnum((unsigned char)at[length])) {
        length++;
    }
    return length != 0 && at[length] == '=' ? length : 0;
}

/* The end of a CEF value: the line's, or a space with a key behind it. */
static inline const char *value_end(const char *at)
{
    while (*at != '\0' && !(*at == ' ' && key_length(at + 1) != 0)) {
        at += *at == '\\' ? 2 : 1;
    }
    return at;
}

static inline void read_cef(struct reading *reading, const char *line)
{
    const char *at = strstr(line, "CEF:0|");
    assert_non_null(at);
    for (int bars = 0; bars < 7; at++) {
        assert_true(*at != '\0');
        bars += *at == '|';
        at += *at == '\\';
    }
    reading_head(reading, line, at);
    while (*at != '\0') {
        size_t name = key_length(at);
        assert_true(name != 0);
        const char *end = value_end(at + name + 1);
        reading_add(reading, at, name, at + name + 1, (size_t)(end - at) - name - 1);
        assert_true(end[0] == '\0' || end[1] != '\0');
        at = *end == '\0' ? end : end + 1;
    }
}

static inline void read_sensage(struct reading *reading, const char *line)
{
    const char *at = strstr(line, "time=");
    assert_non_null(at);
    for (int fields = 0; fields < 5; fields++) {
        at = strchr(at + 1, '\t');
        assert_non_null(at);
    }
    reading_head(reading, line, at);
    while (*at == '\t') {
        at++;
        size_t length = strcspn(at, "\t");
        const char *equals = memchr(at, '=', length);
        assert_non_null(equals);
        size_t name = (size_t)(equals - at);
        reading_add(reading, at, name, equals + 1, length - name - 1);
        at += length;
    }
    assert_true(*at == '\0');
}

static inline void read_rfc5424(struct reading *reading, const char *line)
{
    const char *at = strstr(line, " [senhasegura@");
    assert_non_null(at);
    at += strcspn(at + 1, " ]") + 1;
    reading_head(reading, line, at);
    while (*at == ' ') {
        at++;
        size_t name = key_length(at);
        assert_true(name != 0 && at[name + 1] == '"');
        const char *value = at + name + 2;
        const char *end = value;
        while (*end != '"') {
            assert_true(*end != '\0' && *end != ']');
            end += *end == '\\' ? 2 : 1;
        }
        reading_add(reading, at, name, value, (size_t)(end - value));
        at = end + 1;
    }
    assert_true(at[0] == ']' && at[1] == ' ');
    at += 2;
    reading->has_bom = strncmp(at, "\xef\xbb\xbf", 3) == 0;
    at += reading->has_bom ? 3 : 0;
    reading->message = reading_copy(reading, at, strlen(at), false);
}

static inline void read_line(struct reading *reading, enum format format, const char *line)
{
    reading->format = format;
    reading->count = 0;
    reading->used = 0;
    reading->message = NULL;
    reading->has_bom = false;
    if (format == FORMAT_CEF) {
        read_cef(reading, line);
    } else if (format == FORMAT_SENSAGE) {
        read_sensage(reading, line);
    } else {
        read_rfc5424(reading, line);
    }
}

static inline bool key_is_string(const struct event *event, enum profile profile, const char *name)
{
    const struct event_key *keys = event->type->keys[profile];
    for (size_t i = 0; i < event->type->key_count[profile]; i++) {
        if (slice_is(keys[i].name, name)) {
            return keys[i].source == KEY_SLOT &&
                   catalogue_field(keys[i].field)->kind == VALUE_STRING;
        }
    }
    for (size_t i = 0; i < event->extra_count; i++) {
        if (slice_is(event->extras[i].name, name)) {
            return event->extras[i].kind == VALUE_STRING;
        }
    }
    return false;
}

/* Says of each pair whether its value is of type string. A key that stands twice has literals. */
static inline void reading_mark(struct reading *reading, const struct event *event,
                                enum profile profile)
{
    for (size_t i = 0; i < reading->count; i++) {
        reading->pairs[i].is_string = key_is_string(event, profile, reading->pairs[i].name);
    }
}

/* ---- writing again ---- */

static inline void slow_append_escaped(struct buffer *out, enum format format, const char *value)
{
    const char *slashed = format == FORMAT_CEF ? "\\=" : format == FORMAT_SENSAGE ? "\\" : "\\\"]";
    for (; *value != '\0'; value++) {
        if ((*value == '\n' || *value == '\r') && format != FORMAT_RFC5424) {
            buffer_append_text(out, *value == '\n' ? "\\n" : "\\r");
            continue;
        }
        if (strchr(slashed, *value) != NULL) {
            buffer_append_char(out, '\\');
        }
        buffer_append_char(out, *value);
    }
}

static inline bool slow_is_ascii(const char *text)
{
    while (*text != '\0' && (unsigned char)*text < 0x80) {
        text++;
    }
    return *text == '\0';
}

static inline void slow_append_pair(struct buffer *out, enum format format, bool first,
                                    const char *name, const char *value)
{
    if (!first || format != FORMAT_CEF) {
        buffer_append_char(out, format == FORMAT_SENSAGE ? '\t' : ' ');
    }
    buffer_append_text(out, name);
    buffer_append_text(out, format == FORMAT_RFC5424 ? "=\"" : "=");
    slow_append_escaped(out, format, value);
    buffer_append_text(out, format == FORMAT_RFC5424 ? "\"" : "");
}

/* The line again, ended by a NUL; shortened NULL for none. Pairs with a value of NULL are left
 * out. */
static inline void slow_write(struct buffer *out, const struct reading *reading,
                              const char *shortened)
{
    bool pending = shortened != NULL;
    bool first = true;
    buffer_reset(out);
    buffer_append_text(out, reading->head);
    for (size_t i = 0; i < reading->count; i++) {
        const struct read_pair *pair = &reading->pairs[i];
        if (pair->value == NULL) {
            continue;
        }
        if (pending && strcmp(pair->name, "externalId") == 0) {
            slow_append_pair(out, reading->format, first, "shortened", shortened);
            pending = first = false;
        }
        slow_append_pair(out, reading->format, first, pair->name, pair->value);
        first = false;
    }
    if (pending) {
        slow_append_pair(out, reading->format, first, "shortened", shortened);
    }
    if (reading->format == FORMAT_RFC5424) {
        buffer_append_text(out, slow_is_ascii(reading->message) ? "] " : "] \xef\xbb\xbf");
        buffer_append_text(out, reading->message);
    }
    buffer_append_char(out, '\0');
    assert_int_equal(buffer_result(out), OK);
}

#endif
