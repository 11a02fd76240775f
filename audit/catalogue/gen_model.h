/* Private to the build tool catalogue_gen: the catalogue read and checked, before it is written as
 * C or as Markdown. Everything lives in one arena and borrows from the text of catalogue.json. */
#ifndef AUDIT_CATALOGUE_GEN_MODEL_H
#define AUDIT_CATALOGUE_GEN_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/base/arena.h"
#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/base/json.h"
#include "audit/base/slice.h"

/* A kind of value: its word in the catalogue and its name in catalogue.h. */
struct model_kind {
    const char *word;
    const char *constant;
};

enum model_source { SOURCE_SLOT, SOURCE_DAEMON, SOURCE_MESSAGE, SOURCE_LITERAL };

/* Where a piece of a template or the value of a key comes from. */
struct model_piece {
    enum model_source source;
    size_t field; /* of SOURCE_SLOT and SOURCE_DAEMON: its place in the dictionary */
    size_t slot;  /* of SOURCE_SLOT: its place in the layout */
    struct slice literal;
};

struct model_key {
    struct slice name;
    struct model_piece piece;
    bool is_label;
};

struct model_field {
    struct slice name, meaning;
    const struct model_kind *kind;
    bool by_daemon, geo, record_only;
    struct slice min, max; /* numbers as the catalogue writes them; empty: no bound */
    struct slice *values;  /* of an enum */
    size_t value_count;
};

struct model_slot {
    size_t field;
    bool required;
};

enum { MODEL_SENHASEGURA, MODEL_STANDARD, MODEL_PROFILES };

/* Fields and key lists; the types of layout common share one. */
struct model_layout {
    size_t number;
    struct model_slot *slots;
    size_t slot_count;
    struct model_key *keys[MODEL_PROFILES];
    size_t key_count[MODEL_PROFILES];
};

struct model_type {
    struct slice type, id, origin, name, group, message_text, note;
    bool incident, documented, own, extras, takes_message;
    int64_t syslog_severity, cef_severity;
    const char *emit; /* "daemon", "workflow", "any" */
    struct model_layout *layout;
    struct model_piece *pieces; /* of the message */
    size_t piece_count;
};

struct model {
    struct model_field *fields;
    size_t field_count;
    struct slice *reserved;
    size_t reserved_count;
    struct model_layout *layouts; /* the first is the common one */
    size_t layout_count;
    struct model_type *types;
    size_t type_count;
};

/* Reads and checks catalogue.json. A fault's sentence names the type or the field. */
MUST_CHECK enum err model_read(struct arena *arena, struct slice text, struct model *out,
                               struct fault *fault);

/* The place of a field in the dictionary, or SIZE_MAX. */
size_t model_field_find(const struct model *model, struct slice name);

/* The slot a layout gives a field, or SIZE_MAX. */
size_t model_slot_find(const struct model_layout *layout, size_t field);

/* Appends the name as a constant: "master_key.part_viewed" and "originIP" become
 * "MASTER_KEY_PART_VIEWED" and "ORIGIN_IP". */
void model_constant(struct buffer *buffer, struct slice name);

/* catalogue_data.h, catalogue_data.c and the event reference. */
void model_write_header(struct buffer *buffer, const struct model *model);
MUST_CHECK enum err model_write_tables(struct buffer *buffer, const struct model *model,
                                       struct fault *fault);
void model_write_markdown(struct buffer *buffer, const struct model *model);

#endif
