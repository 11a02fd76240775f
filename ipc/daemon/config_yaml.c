#include "ipc/daemon/config_yaml.h"

#include <string.h>
#include <yaml.h>

/* A map or list that is still open. */
struct open_node {
    struct config_node *node;
    struct config_node *last; /* its newest child */
    bool has_name;            /* a map's key was read, its value comes next */
    struct slice name;
    int name_line;
};

struct yaml_reader {
    struct arena *arena;
    struct slice text;
    struct problems *problems;
    struct config_node *root;
    struct open_node open[CONFIG_YAML_DEPTH];
    size_t depth;
    size_t nodes;
    unsigned documents;
};

static int line_of(yaml_mark_t mark)
{
    return (int)mark.line + 1;
}

static int line_at(struct slice text, size_t offset)
{
    int line = 1;
    for (size_t i = 0; i < offset && i < text.length; i++) {
        line += text.data[i] == '\n';
    }
    return line;
}

/* ---- putting nodes in their place ---------------------------------------------------------- */

/* NULL, reported, when there is no memory or there are too many. */
static struct config_node *node_new(struct yaml_reader *reader, enum config_node_kind kind,
                                    int line)
{
    if (++reader->nodes > CONFIG_YAML_NODES) {
        problem_add(reader->problems, line,
                    "the file has more than %d values; no configuration needs that many",
                    CONFIG_YAML_NODES);
        return NULL;
    }
    struct config_node *node = arena_allocate_zeroed(reader->arena, sizeof *node);
    if (node == NULL) {
        reader->problems->no_memory = true;
        return NULL;
    }
    node->kind = kind;
    node->line = line;
    return node;
}

static struct open_node *open_top(struct yaml_reader *reader)
{
    return reader->depth == 0 ? NULL : &reader->open[reader->depth - 1];
}

/* Does a key come next? */
static bool wants_name(struct yaml_reader *reader)
{
    const struct open_node *top = open_top(reader);
    return top != NULL && top->node->kind == CONFIG_NODE_MAP && !top->has_name;
}

static void link_child(struct open_node *parent, struct config_node *node)
{
    if (parent->last == NULL) {
        parent->node->child = node;
    } else {
        parent->last->next = node;
    }
    parent->last = node;
    parent->node->count++;
}

/* A doubled member is not linked: the first one stands, the file is refused anyway. */
static bool place_member(struct yaml_reader *reader, struct open_node *parent,
                         struct config_node *node)
{
    parent->has_name = false;
    node->name = parent->name;
    node->name_line = parent->name_line;
    for (const struct config_node *one = parent->node->child; one != NULL; one = one->next) {
        if (slice_equal(one->name, node->name)) {
            char quoted[PROBLEM_QUOTE_BYTES];
            problem_quote(node->name, quoted);
            problem_add(reader->problems, node->name_line,
                        "%s is doubled: it stands in line %d already; keep one of the two", quoted,
                        one->name_line);
            return true;
        }
    }
    if (parent->node->count == CONFIG_YAML_MEMBERS) {
        problem_add(reader->problems, node->name_line,
                    "more than %d keys in one place; no section has that many",
                    CONFIG_YAML_MEMBERS);
        return false;
    }
    link_child(parent, node);
    return true;
}

static bool place(struct yaml_reader *reader, struct config_node *node)
{
    struct open_node *parent = open_top(reader);
    if (parent == NULL) {
        reader->root = node;
        return true;
    }
    if (parent->node->kind == CONFIG_NODE_MAP) {
        return place_member(reader, parent, node);
    }
    link_child(parent, node);
    return true;
}

/* ---- events: each returns whether to read on ------------------------------------------------ */

static void refuse_anchor_and_tag(struct yaml_reader *reader, int line, const yaml_char_t *anchor,
                                  const yaml_char_t *tag)
{
    if (anchor != NULL) {
        problem_add(reader->problems, line,
                    "an anchor (&) is not taken here; write the value out where it is needed");
    }
    if (tag != NULL) {
        problem_add(reader->problems, line,
                    "a tag (!) is not taken here; write the value without it");
    }
}

static bool take_name(struct yaml_reader *reader, const yaml_event_t *event)
{
    struct open_node *top = open_top(reader);
    top->name = arena_copy(reader->arena, (struct slice){(const char *)event->data.scalar.value,
                                                         event->data.scalar.length});
    top->name_line = line_of(event->start_mark);
    top->has_name = true;
    reader->problems->no_memory |= top->name.data == NULL;
    return top->name.data != NULL;
}

static bool take_text(struct yaml_reader *reader, const yaml_event_t *event)
{
    int line = line_of(event->start_mark);
    refuse_anchor_and_tag(reader, line, event->data.scalar.anchor, event->data.scalar.tag);
    if (wants_name(reader)) {
        return take_name(reader, event);
    }
    struct config_node *node = node_new(reader, CONFIG_NODE_TEXT, line);
    if (node == NULL) {
        return false;
    }
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->text = arena_copy(reader->arena, (struct slice){(const char *)event->data.scalar.value,
                                                          event->data.scalar.length});
    if (node->text.data == NULL) {
        reader->problems->no_memory = true;
        return false;
    }
    const struct open_node *top = open_top(reader);
    if (node->text.length == 0 && top != NULL && top->has_name) {
        node->line = top->name_line;
    }
    return place(reader, node);
}

static bool refuse_name(struct yaml_reader *reader, int line)
{
    problem_add(reader->problems, line,
                "a key is not a word; write keys as plain words, as in 'limits:'");
    return false;
}

static bool take_alias(struct yaml_reader *reader, const yaml_event_t *event)
{
    int line = line_of(event->start_mark);
    if (wants_name(reader)) {
        return refuse_name(reader, line);
    }
    problem_add(reader->problems, line,
                "an alias (*) is not taken here; write the value out where it is needed");
    struct config_node *node = node_new(reader, CONFIG_NODE_REFUSED, line);
    return node != NULL && place(reader, node);
}

static bool open_group(struct yaml_reader *reader, enum config_node_kind kind, int line)
{
    if (wants_name(reader)) {
        return refuse_name(reader, line);
    }
    if (reader->depth == CONFIG_YAML_DEPTH) {
        problem_add(reader->problems, line,
                    "nested deeper than %d levels; no setting lies that deep", CONFIG_YAML_DEPTH);
        return false;
    }
    struct config_node *node = node_new(reader, kind, line);
    if (node == NULL || !place(reader, node)) {
        return false;
    }
    reader->open[reader->depth++] = (struct open_node){.node = node};
    return true;
}

static bool take_document(struct yaml_reader *reader, const yaml_event_t *event)
{
    int line = line_of(event->start_mark);
    if (++reader->documents > 1) {
        problem_add(reader->problems, line,
                    "a second document begins here; a configuration is one document, take the "
                    "line '---' out");
        return false;
    }
    if (event->data.document_start.tag_directives.start !=
        event->data.document_start.tag_directives.end) {
        problem_add(reader->problems, line, "a %%TAG directive is not taken here; take it out");
    }
    return true;
}

static bool take_event(struct yaml_reader *reader, const yaml_event_t *event)
{
    int line = line_of(event->start_mark);
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return take_document(reader, event);
    case YAML_SCALAR_EVENT:
        return take_text(reader, event);
    case YAML_ALIAS_EVENT:
        return take_alias(reader, event);
    case YAML_MAPPING_START_EVENT:
        refuse_anchor_and_tag(reader, line, event->data.mapping_start.anchor,
                              event->data.mapping_start.tag);
        return open_group(reader, CONFIG_NODE_MAP, line);
    case YAML_SEQUENCE_START_EVENT:
        refuse_anchor_and_tag(reader, line, event->data.sequence_start.anchor,
                              event->data.sequence_start.tag);
        return open_group(reader, CONFIG_NODE_LIST, line);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        reader->depth--;
        return true;
    default:
        return true;
    }
}

/* ---- reading -------------------------------------------------------------------------------- */

static void report_syntax(struct yaml_reader *reader, const yaml_parser_t *parser)
{
    int line = line_of(parser->problem_mark);
    const char *what = parser->problem == NULL ? "it cannot be read" : parser->problem;
    if (parser->error == YAML_MEMORY_ERROR) {
        reader->problems->no_memory = true;
    } else if (parser->error == YAML_READER_ERROR) {
        problem_add(reader->problems, line_at(reader->text, parser->problem_offset),
                    "not plain UTF-8 text: %s (octet %zu of the file); save the file as UTF-8",
                    what, parser->problem_offset);
    } else if (parser->context != NULL) {
        problem_add(reader->problems, line,
                    "not YAML: %s, %s that begins in line %d; mend indentation (spaces, no tabs), "
                    "quotes or brackets "
                    "there",
                    what, parser->context, line_of(parser->context_mark));
    } else {
        problem_add(reader->problems, line,
                    "not YAML: %s; mend indentation (spaces, no tabs), quotes or brackets there",
                    what);
    }
}

/* Returns whether the text was read to its end. */
static bool read_events(struct yaml_reader *reader, yaml_parser_t *parser)
{
    bool go_on = true;
    bool at_end = false;
    while (go_on && !at_end) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event)) {
            report_syntax(reader, parser);
            return false;
        }
        at_end = event.type == YAML_STREAM_END_EVENT;
        go_on = take_event(reader, &event);
        yaml_event_delete(&event);
    }
    return go_on;
}

/* libyaml would count the mark as a column: the keys of the first line and the others would not
 * stand below each other. */
static struct slice without_bom(struct slice text)
{
    bool has = text.length >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0;
    return has ? (struct slice){text.data + 3, text.length - 3} : text;
}

void config_yaml_read(struct arena *arena, struct slice text, struct problems *problems,
                      struct config_document *out)
{
    *out = (struct config_document){.whole = true};
    text = without_bom(text);
    if (text.length == 0) {
        return;
    }
    struct yaml_reader reader = {.arena = arena, .text = text, .problems = problems};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        problems->no_memory = true;
        out->whole = false;
        return;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING); /* no guessing: UTF-16 is refused */
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.data, text.length);
    out->whole = read_events(&reader, &parser);
    yaml_parser_delete(&parser);
    out->root = reader.root;
}

const struct config_node *config_node_member(const struct config_node *map, const char *name)
{
    if (map == NULL) {
        return NULL;
    }
    for (const struct config_node *one = map->child; one != NULL; one = one->next) {
        if (slice_is(one->name, name)) {
            return one;
        }
    }
    return NULL;
}
