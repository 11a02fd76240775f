#include "ipc/daemon/config_build.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "audit/base/memory.h"
#include "ipc/daemon/config_check.h"
#include "ipc/daemon/config_list.h"
#include "ipc/daemon/config_setting.h"
#include "ipc/daemon/config_user.h"
#include "ipc/daemon/config_value.h"

#define WHERE_BYTES 96 /* "sinks[31].filter.severity" */
#define EXPECT_BYTES 160
#define ADVICE_BYTES 400

struct builder {
    struct problems *problems;
    struct config *config;
    bool whole; /* was the file read to its end? */
};

/* One setting to be read: where it stands in the table, in the file and in memory. */
struct spot {
    const struct setting *setting;
    const char *where;              /* as people call it: "sinks[2].limit" */
    const struct config_node *node; /* NULL: the file has it not */
    int line;                       /* of the node, else of what should hold it */
    void *base;                     /* the struct its offset counts from */
};

static void *place_of(const struct spot *spot)
{
    return (char *)spot->base + spot->setting->offset;
}

static const char *kind_word(const struct config_node *node)
{
    return node->kind == CONFIG_NODE_LIST  ? "a list"
           : node->kind == CONFIG_NODE_MAP ? "a group of keys"
                                           : "a single value";
}

/* Nothing at all, not even quotes. */
static bool is_empty(const struct config_node *node)
{
    return node->kind == CONFIG_NODE_TEXT && node->plain && node->text.length == 0;
}

static void report_kind(struct builder *builder, const struct spot *spot, const char *expected)
{
    if (spot->node->kind != CONFIG_NODE_REFUSED) {
        problem_add(builder->problems, spot->line, "%s: %s stands here; write %s", spot->where,
                    is_empty(spot->node) ? "nothing" : kind_word(spot->node), expected);
    }
}

/* ---- single values -------------------------------------------------------------------------- */

/* What YAML readers take for "no value": in a text setting it would become the word itself. */
static bool is_null_word(const struct config_node *node)
{
    return node->plain &&
           (slice_is(node->text, "~") ||
            (node->text.length == 4 && strncasecmp(node->text.data, "null", 4) == 0));
}

static void read_value(struct builder *builder, const struct spot *spot)
{
    char expects[EXPECT_BYTES];
    value_expects(spot->setting, expects, sizeof expects);
    if (spot->node->kind != CONFIG_NODE_TEXT) {
        report_kind(builder, spot, expects);
        return;
    }
    const char *wrong = is_null_word(spot->node)
                            ? "is no value"
                            : setting_read(spot->setting, spot->node->text, place_of(spot));
    if (wrong != NULL) {
        char quoted[PROBLEM_QUOTE_BYTES];
        problem_quote(spot->node->text, quoted);
        problem_add(builder->problems, spot->line, "%s: %s %s; write %s", spot->where, quoted,
                    wrong, expects);
    }
}

static void take_default(struct builder *builder, const struct spot *spot)
{
    if (spot->setting->standard != NULL) {
        const char *wrong =
            setting_read(spot->setting, slice_of(spot->setting->standard), place_of(spot));
        assert(wrong == NULL);
        (void)wrong;
    } else if (builder->whole) {
        char expects[EXPECT_BYTES];
        value_expects(spot->setting, expects, sizeof expects);
        problem_add(builder->problems, spot->line, "%s is missing; write %s", spot->where, expects);
    }
}

/* ---- lists of words ------------------------------------------------------------------------- */

static void read_role(struct builder *builder, const struct spot *spot,
                      const struct config_node *word)
{
    unsigned role = 0;
    char text[16];
    if (word->kind == CONFIG_NODE_TEXT && value_put_text(word->text, text, sizeof text) == NULL) {
        role = role_from_word(text);
    }
    if (role == 0 && word->kind != CONFIG_NODE_REFUSED) {
        char quoted[PROBLEM_QUOTE_BYTES];
        problem_quote(word->text, quoted);
        problem_add(builder->problems, word->line,
                    "%s: %s is no role; write operator, guardian, workflow, producer or auditor",
                    spot->where, quoted);
    }
    unsigned *roles = place_of(spot);
    *roles |= role;
}

static void read_glob(struct builder *builder, const struct spot *spot,
                      const struct config_node *word)
{
    size_t *count = (size_t *)(void *)((char *)spot->base + spot->setting->count_offset);
    if (*count == spot->setting->max || word->kind == CONFIG_NODE_REFUSED) {
        return;
    }
    char *place = (char *)place_of(spot) + *count * CONFIG_WORD_BYTES;
    bool fine = word->kind == CONFIG_NODE_TEXT &&
                value_put_text(word->text, place, CONFIG_WORD_BYTES) == NULL &&
                config_check_glob(place);
    if (fine) {
        (*count)++;
        return;
    }
    char quoted[PROBLEM_QUOTE_BYTES];
    problem_quote(word->text, quoted);
    problem_add(builder->problems, word->line,
                "%s: %s matches no event type; write one, with * and ? as you like, as in "
                "master_key.*",
                spot->where, quoted);
}

static void read_words(struct builder *builder, const struct spot *spot)
{
    bool roles = spot->setting->kind == SETTING_ROLES;
    if (spot->node == NULL && roles && builder->whole) {
        problem_add(builder->problems, spot->line,
                    "%s is missing; write a list of roles, as in [operator, auditor]", spot->where);
    }
    if (spot->node == NULL) {
        return;
    }
    if (roles && spot->node->kind == CONFIG_NODE_LIST && spot->node->count == 0) {
        problem_add(builder->problems, spot->line,
                    "%s: the list is empty and needs at least one role; write one or more, as in "
                    "[operator, auditor]",
                    spot->where);
        return;
    }
    if (spot->node->kind != CONFIG_NODE_LIST) {
        report_kind(builder, spot,
                    roles ? "a list of roles, as in [operator, auditor]"
                          : "a list of event types, as in [\"master_key.*\"]");
        return;
    }
    if (!roles && spot->node->count > spot->setting->max) {
        problem_add(builder->problems, spot->line, "%s: %zu entries are too many; at most %ju",
                    spot->where, spot->node->count, (uintmax_t)spot->setting->max);
    }
    for (const struct config_node *word = spot->node->child; word != NULL; word = word->next) {
        if (roles) {
            read_role(builder, spot, word);
        } else {
            read_glob(builder, spot, word);
        }
    }
}

/* ---- groups of settings --------------------------------------------------------------------- */

/* A group to be read: its rows of the table are those directly in `group`. */
struct place {
    const char *group;             /* "limits", "sinks[]", "" */
    const char *where;             /* "limits", "sinks[2]", "" */
    const struct config_node *map; /* NULL: the file has it not */
    int line;
    void *base;
};

static void read_list(struct builder *builder, const struct spot *spot);

static void report_unknown_keys(struct builder *builder, const struct place *place)
{
    const struct config_node *one = place->map == NULL ? NULL : place->map->child;
    for (; one != NULL; one = one->next) {
        if (!setting_is_known(place->group, one->name)) {
            char quoted[PROBLEM_QUOTE_BYTES];
            char advice[ADVICE_BYTES];
            problem_quote(one->name, quoted);
            setting_advise(place->group, one->name, advice, sizeof advice);
            problem_add(builder->problems, one->name_line, "%s%s%s is no setting; %s", place->where,
                        place->where[0] == '\0' ? "" : ": ", quoted, advice);
        }
    }
}

static void read_spot(struct builder *builder, const struct spot *spot)
{
    switch (spot->setting->kind) {
    case SETTING_LIST:
        read_list(builder, spot);
        return;
    case SETTING_LATER:
        if (spot->node != NULL) {
            problem_add(builder->problems, spot->node->name_line, "%s: %s", spot->where,
                        spot->setting->meaning);
        }
        return;
    case SETTING_ROLES:
    case SETTING_GLOBS:
        read_words(builder, spot);
        return;
    default:
        if (spot->node == NULL) {
            take_default(builder, spot);
        } else {
            read_value(builder, spot);
        }
    }
}

static void read_group(struct builder *builder, const struct place *place);

static void read_section(struct builder *builder, const struct spot *spot)
{
    const struct config_node *map = spot->node;
    if (map != NULL && map->kind != CONFIG_NODE_MAP) {
        if (!is_empty(map)) { /* all its lines may be commented out */
            report_kind(builder, spot, "the keys of this section below it, each with a value");
        }
        map = NULL;
    }
    struct place inside = {spot->setting->path, spot->where, map, spot->line, spot->base};
    read_group(builder, &inside);
}

/* Recursion ends with the table: no section of it lies deeper than three levels. */
static void read_group(struct builder *builder, const struct place *place)
{
    report_unknown_keys(builder, place);
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        if (!setting_is_in(setting, place->group)) {
            continue;
        }
        char where[WHERE_BYTES];
        snprintf(where, sizeof where, "%s%s%s", place->where, place->where[0] == '\0' ? "" : ".",
                 setting_key(setting));
        const struct config_node *node = config_node_member(place->map, setting_key(setting));
        struct spot spot = {setting, where, node, node == NULL ? place->line : node->line,
                            place->base};
        if (setting->kind == SETTING_SECTION) {
            read_section(builder, &spot);
        } else {
            read_spot(builder, &spot);
        }
    }
}

/* ---- lists of groups ------------------------------------------------------------------------ */

static void read_elements(struct builder *builder, const struct spot *spot,
                          const struct list_room *room)
{
    char group[WHERE_BYTES];
    snprintf(group, sizeof group, "%s[]", spot->setting->path);
    const struct config_node *one = spot->node->child;
    for (size_t i = 0; i < room->count; i++, one = one->next) {
        char where[WHERE_BYTES];
        snprintf(where, sizeof where, "%s[%zu]", spot->setting->path, i);
        struct spot element = {spot->setting, where, one, one->line, NULL};
        if (one->kind != CONFIG_NODE_MAP) {
            report_kind(builder, &element, "the keys of one entry behind the dash");
            continue;
        }
        struct place inside = {group, where, one, one->line, room->first + i * room->size};
        read_group(builder, &inside);
    }
}

static void read_list(struct builder *builder, const struct spot *spot)
{
    const struct setting *setting = spot->setting;
    struct list_room room;
    if (spot->node == NULL) {
        return; /* config_standard makes it once all other settings are known */
    }
    if (spot->node->kind == CONFIG_NODE_LIST && spot->node->count < setting->min) {
        problem_add(builder->problems, spot->line,
                    "%s: the list is empty and needs at least one entry; write one, or leave the "
                    "section out",
                    spot->where);
        return;
    }
    if (spot->node->kind != CONFIG_NODE_LIST) {
        report_kind(builder, spot, "a list: one entry a dash, or leave the section out");
        return;
    }
    size_t count = spot->node->count;
    if (count > setting->max) {
        const struct config_node *first_too_many = spot->node->child;
        for (size_t i = 0; i < setting->max; i++) {
            first_too_many = first_too_many->next;
        }
        problem_add(builder->problems, first_too_many->line,
                    "%s: %zu entries are too many; at most %ju", spot->where, count,
                    (uintmax_t)setting->max);
        count = setting->max;
    }
    if (list_make_room(builder->config, setting->path, count, &room)) {
        read_elements(builder, spot, &room);
    } else {
        builder->problems->no_memory = true;
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

static struct config *config_new(struct problems *problems)
{
    struct config *config = memory_allocate_zeroed(sizeof *config);
    if (config == NULL) {
        problems->no_memory = true;
        return NULL;
    }
    atomic_init(&config->users, 1);
    return config;
}

/* What is made from other settings or from the machine. */
static void finish(struct builder *builder, const struct config_node *root)
{
    struct config *config = builder->config;
    if (config->dvc[0] == '\0') {
        machine_address(config->dvc, sizeof config->dvc);
    }
    if (config->hostname[0] == '\0') {
        machine_name(config->hostname, sizeof config->hostname);
    }
    list_fill(config, root, builder->problems);
    config_check(config, root, builder->problems);
}

static void check_root(const struct config_document *document, struct problems *problems)
{
    const struct config_node *root = document->root;
    if (!document->whole) {
        return; /* what stopped the reading was said already */
    }
    if (root == NULL || is_empty(root)) {
        problem_add(problems, 1,
                    "the file has no settings; write some, or start without a file for the "
                    "embedded defaults");
    } else if (root->kind != CONFIG_NODE_MAP) {
        problem_add(problems, root->line,
                    "the file is %s; write sections, as in 'limits:' with keys below it",
                    kind_word(root));
    }
}

struct config *config_build(const struct config_document *document, struct problems *problems)
{
    check_root(document, problems);
    struct config *config = config_new(problems);
    const struct config_node *root = document->root;
    if (config == NULL || root == NULL || root->kind != CONFIG_NODE_MAP) {
        return config;
    }
    struct builder builder = {problems, config, document->whole};
    struct place top = {"", "", root, 1, config};
    read_group(&builder, &top);
    finish(&builder, root);
    return config;
}

struct config *config_build_defaults(const char *state_directory, struct problems *problems)
{
    struct config *config = config_new(problems);
    if (config != NULL) {
        struct builder builder = {problems, config, true};
        struct place top = {"", "", NULL, 0, config};
        read_group(&builder, &top);
        memset(config->state_directory, 0, sizeof config->state_directory);
        snprintf(config->state_directory, sizeof config->state_directory, "%s", state_directory);
        finish(&builder, NULL);
    }
    return config;
}
