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

static struct line_pair *add_pair(struct line *line, struct slice name, struct cell cell)
{
    assert(line->count < LINE_PAIRS_MAX);
    struct line_pair *pair = &line->pairs[line->count++];
    pair->name = name;
    pair->cell = cell;
    pair->is_string = false;
    pair->is_cut = false;
    return pair;
}

static struct cell escaped(struct slice text)
{
    return (struct cell){.form = text.length == 0 ? CELL_EMPTY : CELL_ESCAPED, .text = text};
}

/* A literal as the catalogue has it ready for the format. */
static struct cell literal_cell(const struct event_key *key, enum format format)
{
    switch (format) {
    case FORMAT_CEF:
        return escaped(key->literal_cef);
    case FORMAT_RFC5424:
        return escaped(key->literal_rfc5424);
    case FORMAT_SENSAGE:
    case FORMAT_COUNT:
        break;
    }
    struct cell cell = escaped(key->literal);
    cell.form = cell.form == CELL_ESCAPED ? CELL_TEXT : CELL_EMPTY;
    return cell;
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

static const struct address_key address_keys[] = {
    {"dvc", "c6a1", "c6a1Label", "Device IPv6 Address"},
    {"src", "c6a2", "c6a2Label", "Source IPv6 Address"},
    {"dst", "c6a3", "c6a3Label", "Destination IPv6 Address"},
    {"sourceTranslatedAddress", "c6a4", "c6a4Label", "Translated Source IPv6 Address"},
};

static const struct address_key *address_key_find(struct slice name)
{
    for (size_t i = 0; i < sizeof address_keys / sizeof address_keys[0]; i++) {
        if (slice_is(name, address_keys[i].name)) {
            return &address_keys[i];
        }
    }
    return NULL;
}

static void add_address(struct line *line, struct slice name, struct cell cell)
{
    bool moves = line->options->profile == PROFILE_STANDARD &&
                 memchr(cell.text.data, ':', cell.text.length) != NULL;
    const struct address_key *key = moves ? address_key_find(name) : NULL;
    if (key != NULL) {
        add_pair(line, slice_of(key->moved_label), escaped(slice_of(key->label)));
        name = slice_of(key->moved);
    }
    add_pair(line, name, cell);
}

static void add_value(struct line *line, struct slice name, enum value_kind kind, struct cell cell)
{
    if (kind == VALUE_IP) {
        add_address(line, name, cell);
    } else {
        add_pair(line, name, cell)->is_string = kind == VALUE_STRING;
    }
}

static void add_extras(struct line *line)
{
    const struct event *event = line->event;
    for (size_t i = 0; i < event->extra_count; i++) {
        const struct event_extra *extra = &event->extras[i];
        struct cell cell = cell_of_value(&extra->value, extra->kind, time_form(line));
        if (cell.form != CELL_EMPTY) {
            add_value(line, extra->name, extra->kind, cell);
        }
    }
}

static struct cell key_cell(const struct line *line, const struct event_key *key)
{
    switch (key->source) {
    case KEY_SLOT:
        return cell_of_slot(line->event, key->slot, key->field, time_form(line));
    case KEY_DAEMON:
        return cell_of_daemon(line->event, key->field, time_form(line));
    case KEY_MESSAGE:
        return (struct cell){.form = CELL_MESSAGE};
    case KEY_LITERAL:
        break;
    }
    return literal_cell(key, line->options->format);
}

static void add_external_id(struct line *line, struct slice name, struct cell cell)
{
    if (line->options->log_id != NULL) {
        cell.form = CELL_ENTRY;
        cell.text = slice_of(line->options->log_id);
    }
    line->external_id = line->count;
    add_pair(line, name, cell);
}

static void add_key(struct line *line, const struct event_key *key, const struct event_key *label)
{
    struct cell cell = key_cell(line, key);
    if (cell.form == CELL_EMPTY) {
        return;
    }
    if (label != NULL) {
        add_pair(line, label->name, literal_cell(label, line->options->format));
    }
    if (key->source == KEY_DAEMON && key->field == FIELD_INDEX && is_external_id(key->name)) {
        add_external_id(line, key->name, cell);
    } else if (key->source == KEY_SLOT || key->source == KEY_DAEMON) {
        add_value(line, key->name, catalogue_field(key->field)->kind, cell);
    } else {
        add_pair(line, key->name, cell);
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
    assert(key_count + sizeof address_keys / sizeof address_keys[0] <= LINE_KEYS_MAX);
    assert(event->extra_count <= EVENT_EXTRAS_MAX);
    for (size_t i = 0; i < key_count; i++) {
        const struct event_key *label = keys[i].is_label ? &keys[i] : NULL;
        if (label != NULL) {
            i++;
        }
        if (!extras_last && is_external_id(keys[i].name)) {
            add_extras(line);
        }
        add_key(line, &keys[i], label);
    }
    if (extras_last) {
        add_extras(line);
    }
}

void line_reduce(struct line *line, const struct event *event, const struct render_options *options)
{
    line_start(line, event, options);
    line->bare = true;
    struct cell cell = cell_of_daemon(event, FIELD_INDEX, time_form(line));
    if (cell.form != CELL_EMPTY) {
        add_external_id(line, slice_of(external_id), cell);
    }
}

static void append_cell(struct buffer *out, const struct line *line, const struct line_pair *pair,
                        const struct line_style *style)
{
    char scratch[CELL_TEXT_BYTES];
    struct slice text;
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
        text = cell_text(&pair->cell, scratch);
        text.length = pair->is_cut ? pair->kept : text.length;
        escape_append(out, style->value, text);
        buffer_append(out, "...", pair->is_cut ? LINE_ELLIPSIS_BYTES : 0);
    }
}

static void append_name(struct buffer *out, const struct line_style *style, struct slice name)
{
    buffer_append_char(out, style->separator);
    buffer_append_slice(out, name);
    buffer_append_text(out, style->opening);
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
    buffer_append_text(out, style->closing);
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
        buffer_append_text(out, style->closing);
    }
    if (is_short && line->external_id == LINE_NOWHERE) {
        append_shortened(out, line, style);
    }
}

size_t line_key_octets(const struct line_style *style, const char *name)
{
    return 1 + strlen(name) + strlen(style->opening) + strlen(style->closing);
}
