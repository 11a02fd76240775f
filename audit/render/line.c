#include "audit/render/line.h"

#include <assert.h>
#include <string.h>

static const char shortened[] = "shortened";
static const char external_id[] = "externalId";

static bool is_external_id(struct slice name)
{
    return name.length == sizeof external_id - 1 &&
           memcmp(name.data, external_id, sizeof external_id - 1) == 0;
}

/* The place of the pair that comes next, so many places on; it is added by counting it. */
static struct line_pair *next_pair(struct line *line, size_t places_on, struct slice name)
{
    assert(line->count + places_on < LINE_PAIRS_MAX);
    struct line_pair *pair = &line->pairs[line->count + places_on];
    pair->name = name;
    pair->is_string = false;
    pair->is_cut = false;
    return pair;
}

/* A literal as the catalogue has it ready for the format. */
static void literal_cell(const struct event_key *key, enum format format, struct cell *out)
{
    if (format == FORMAT_CEF) {
        cell_of_escaped(key->literal_cef, out);
    } else if (format == FORMAT_RFC5424) {
        cell_of_escaped(key->literal_rfc5424, out);
    } else {
        cell_of_text(key->literal, out);
    }
}

static enum cell_form time_form(const struct line *line)
{
    return line->options->profile == PROFILE_STANDARD ? CELL_TIME_MS : CELL_TIME_PRINTED;
}

/* In CEF:0 these keys are for IPv4 alone; an IPv6 address has keys of its own, with a label. */
struct address_key {
    const char *name;
    const char *moved;
    const char *moved_label;
    const char *label;
};

static const struct address_key address_keys[LINE_MOVED_MAX] = {
    {"dvc", "c6a1", "c6a1Label", "Device IPv6 Address"},
    {"src", "c6a2", "c6a2Label", "Source IPv6 Address"},
    {"dst", "c6a3", "c6a3Label", "Destination IPv6 Address"},
    {"sourceTranslatedAddress", "c6a4", "c6a4Label", "Translated Source IPv6 Address"},
};

static const struct address_key *address_key_find(struct slice name)
{
    for (size_t i = 0; i < LINE_MOVED_MAX; i++) {
        if (slice_is(name, address_keys[i].name)) {
            return &address_keys[i];
        }
    }
    return NULL;
}

/* Adds the address that is in the next place, under its other keys if it must move. */
static void add_address(struct line *line)
{
    struct line_pair *pair = &line->pairs[line->count];
    bool moves = line->options->profile == PROFILE_STANDARD &&
                 memchr(pair->cell.text.data, ':', pair->cell.text.length) != NULL;
    const struct address_key *key = moves ? address_key_find(pair->name) : NULL;
    if (key != NULL) {
        next_pair(line, 1, slice_of(key->moved))->cell = pair->cell;
        pair->name = slice_of(key->moved_label);
        cell_of_escaped(slice_of(key->label), &pair->cell);
        line->count++;
    }
    line->count++;
}

/* Adds the value of that kind that is in the next place, if it is one. */
static void add_value(struct line *line, enum value_kind kind)
{
    struct line_pair *pair = &line->pairs[line->count];
    if (pair->cell.form == CELL_EMPTY) {
        return;
    }
    if (kind == VALUE_IP) {
        add_address(line);
    } else {
        pair->is_string = kind == VALUE_STRING;
        line->count++;
    }
}

static void add_extras(struct line *line)
{
    const struct event *event = line->event;
    for (size_t i = 0; i < event->extra_count; i++) {
        const struct event_extra *extra = &event->extras[i];
        struct line_pair *pair = next_pair(line, 0, extra->name);
        cell_of_value(&extra->value, extra->kind, time_form(line), &pair->cell);
        add_value(line, extra->kind);
    }
}

static void add_index(struct line *line, struct slice name)
{
    struct line_pair *pair = next_pair(line, 0, name);
    cell_of_daemon(line->event, FIELD_INDEX, time_form(line), &pair->cell);
    if (pair->cell.form == CELL_EMPTY) {
        return;
    }
    if (is_external_id(name)) {
        line->external_id = line->count;
        if (line->options->log_id != NULL) {
            pair->cell.form = CELL_ENTRY;
            pair->cell.text = slice_of(line->options->log_id);
        }
    }
    line->count++;
}

static void add_key(struct line *line, const struct event_key *key)
{
    struct line_pair *pair = next_pair(line, 0, key->name);
    switch (key->source) {
    case KEY_SLOT:
        cell_of_slot(line->event, key->slot, key->field, time_form(line), &pair->cell);
        add_value(line, catalogue_field(key->field)->kind);
        break;
    case KEY_DAEMON:
        if (key->field == FIELD_INDEX) {
            add_index(line, key->name);
        } else {
            cell_of_daemon(line->event, key->field, time_form(line), &pair->cell);
            add_value(line, catalogue_field(key->field)->kind);
        }
        break;
    case KEY_MESSAGE:
        pair->cell.form = CELL_MESSAGE;
        line->count++;
        break;
    case KEY_LITERAL:
        literal_cell(key, line->options->format, &pair->cell);
        line->count += pair->cell.form != CELL_EMPTY;
        break;
    }
}

/* A label goes when its key, which comes next, does. */
static void add_labelled_key(struct line *line, const struct event_key *label)
{
    size_t before = line->count;
    add_key(line, label);
    size_t labelled = line->count;
    add_key(line, label + 1);
    if (line->count == labelled) {
        line->count = before;
    }
}

static void line_start(struct line *line, const struct event *event,
                       const struct render_options *options)
{
    line->event = event;
    line->options = options;
    line->message = (struct message_extent){.is_cut = false};
    line->bare = false;
    line->external_id = LINE_NOWHERE;
    line->count = 0;
    line->cut_count = 0;
}

void line_collect(struct line *line, const struct event *event,
                  const struct render_options *options)
{
    line_start(line, event, options);
    const struct event_key *keys = event->type->keys[options->profile];
    size_t key_count = event->type->key_count[options->profile];
    bool extras_last = options->profile == PROFILE_STANDARD;
    assert(key_count <= LINE_KEYS_MAX);
    assert(event->extra_count <= EVENT_EXTRAS_MAX);
    for (size_t i = 0; i < key_count; i++) {
        if (!extras_last && is_external_id(keys[i].name)) {
            add_extras(line);
        }
        if (keys[i].is_label) {
            add_labelled_key(line, &keys[i++]);
        } else {
            add_key(line, &keys[i]);
        }
    }
    if (extras_last) {
        add_extras(line);
    }
}

void line_reduce(struct line *line, const struct event *event, const struct render_options *options)
{
    line_start(line, event, options);
    line->bare = true;
    add_index(line, slice_of(external_id));
}

/* A value that is no literal and no message, whole or cut. */
static void append_value(struct buffer *out, const struct line_pair *pair,
                         const struct line_style *style)
{
    char scratch[CELL_TEXT_BYTES];
    struct slice text = cell_text(&pair->cell, scratch);
    if (pair->is_cut) {
        text.length = pair->kept;
    }
    escape_append(out, style->value, text);
    if (pair->is_cut) {
        buffer_append(out, "...", LINE_ELLIPSIS_BYTES);
    }
}

static void append_cell(struct buffer *out, const struct line *line, const struct line_pair *pair,
                        const struct line_style *style)
{
    switch (pair->cell.form) {
    case CELL_MESSAGE:
        message_append(out, style->message, line->event, &line->message);
        break;
    case CELL_ENTRY:
        escape_append(out, style->value, pair->cell.text);
        buffer_append_char(out, '-');
        buffer_append_signed(out, pair->cell.integer);
        break;
    case CELL_ESCAPED:
        buffer_append_slice(out, pair->cell.text);
        break;
    case CELL_INTEGER:
        buffer_append_signed(out, pair->cell.integer);
        break;
    default:
        append_value(out, pair, style);
    }
}

static void append_name(struct buffer *out, const struct line_style *style, struct slice name)
{
    if (!buffer_reserve(out, name.length + 3)) {
        return;
    }
    char *at = out->data + out->length;
    *at++ = style->separator;
    memcpy(at, name.data, name.length);
    at += name.length;
    *at++ = '=';
    if (style->quoted) {
        *at++ = '"';
    }
    out->length = (size_t)(at - out->data);
}

static void append_end(struct buffer *out, const struct line_style *style)
{
    if (style->quoted) {
        buffer_append_char(out, '"');
    }
}

static void append_shortened(struct buffer *out, const struct line *line,
                             const struct line_style *style)
{
    append_name(out, style, slice_of(shortened));
    buffer_append_text(out, line->bare ? "all" : "msg");
    for (size_t i = 0; !line->bare && i < line->cut_count; i++) {
        buffer_append_char(out, ',');
        buffer_append_slice(out, line->pairs[line->cut[i]].name);
    }
    append_end(out, style);
}

void line_append_pairs(struct buffer *out, const struct line *line, const struct line_style *style)
{
    bool is_short = line->bare || line->message.is_cut;
    for (size_t i = 0; i < line->count; i++) {
        const struct line_pair *pair = &line->pairs[i];
        if (is_short && i == line->external_id) {
            append_shortened(out, line, style);
        }
        if (style->message_apart && pair->cell.form == CELL_MESSAGE) {
            continue;
        }
        append_name(out, style, pair->name);
        append_cell(out, line, pair, style);
        append_end(out, style);
    }
    if (is_short && line->external_id == LINE_NOWHERE) {
        append_shortened(out, line, style);
    }
}

size_t line_key_octets(const struct line_style *style, const char *name)
{
    return strlen(name) + (style->quoted ? 4 : 2); /* separator, =, quotes */
}
