/* YAML text becomes a small tree that remembers its lines. Takes YAML 1.1 as libyaml reads it, cut
 * down to what a configuration needs: one document in UTF-8, maps, lists and text. Refused, with
 * the line: anchors, aliases (so no text can grow by them), tags, keys that are not words, a key
 * twice, nesting beyond CONFIG_YAML_DEPTH, more than CONFIG_YAML_NODES values. Not recursive, and
 * memory is bounded by the length of the text. Not thread-safe. */
#ifndef IPC_DAEMON_CONFIG_YAML_H
#define IPC_DAEMON_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/base/arena.h"
#include "audit/base/slice.h"
#include "ipc/daemon/config_problem.h"

#define CONFIG_YAML_DEPTH 8
#define CONFIG_YAML_NODES 32768
#define CONFIG_YAML_MEMBERS 64 /* of one map */

enum config_node_kind {
    CONFIG_NODE_TEXT,
    CONFIG_NODE_LIST,
    CONFIG_NODE_MAP,
    CONFIG_NODE_REFUSED, /* already reported */
};

/* Lives in the arena. */
struct config_node {
    enum config_node_kind kind;
    int line;          /* where the value begins, the first line is 1; of an empty one, its key's */
    struct slice text; /* of a text, without quotes and escapes */
    bool plain;        /* a text written without quotes */
    struct slice name; /* of a map's member */
    int name_line;
    size_t count; /* of a list or map */
    struct config_node *child;
    struct config_node *next;
};

struct config_document {
    struct config_node *root; /* NULL: nothing could be read */
    bool whole;               /* false: reading stopped early, so what is missing says nothing */
};

/* Reads the text. Every problem is added to problems, and what could be read is given all the same,
 * so that its settings can be checked too. */
void config_yaml_read(struct arena *arena, struct slice text, struct problems *problems,
                      struct config_document *out);

/* The member of that name, or NULL. map may be NULL. */
const struct config_node *config_node_member(const struct config_node *map, const char *name);

#endif
