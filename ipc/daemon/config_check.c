#include "ipc/daemon/config_check.h"

#include <string.h>

#include "audit/base/glob.h"
#include "audit/catalogue/catalogue.h"

bool config_check_glob(const char *glob)
{
    for (unsigned id = 0; id < EVENT_COUNT; id++) {
        if (glob_match(slice_of(glob), catalogue_type((enum event_id)id)->type)) {
            return true;
        }
    }
    return false;
}

int config_line_of(const struct config_node *root, const char *list, size_t n, const char *key)
{
    const struct config_node *node = config_node_member(root, list);
    const struct config_node *one = node == NULL ? NULL : node->child;
    for (size_t i = 0; i < n && one != NULL; i++) {
        one = one->next;
    }
    const struct config_node *member = config_node_member(one, key);
    return member == NULL ? 1 : member->line;
}

/* ---- what may stand only once. An entry's place that could not be read is empty, and skipped. */

static void check_users(const struct config *config, const struct config_node *root,
                        struct problems *problems)
{
    for (size_t i = 0; i < config->access_count; i++) {
        size_t first = 0;
        while (first < i && config->access[first].uid != config->access[i].uid) {
            first++;
        }
        if (first < i && config->access[i].uid != UINT32_MAX) {
            problem_add(problems, config_line_of(root, "access", i, "uid"),
                        "access[%zu].uid: user %u is doubled: access[%zu] in line %d is the same; "
                        "put all roles into one entry",
                        i, config->access[i].uid, first,
                        config_line_of(root, "access", first, "uid"));
        }
    }
}

static void check_sockets(const struct config *config, const struct config_node *root,
                          struct problems *problems)
{
    for (size_t i = 0; i < config->listen_count; i++) {
        size_t first = 0;
        while (first < i && strcmp(config->listen[first].url, config->listen[i].url) != 0) {
            first++;
        }
        if (first < i && config->listen[i].url[0] != '\0') {
            problem_add(problems, config_line_of(root, "listen", i, "url"),
                        "listen[%zu].url: this socket is doubled: listen[%zu] in line %d has it; "
                        "give each its own",
                        i, first, config_line_of(root, "listen", first, "url"));
        }
    }
}

static void check_sink_name(const struct config *config, const struct config_node *root, size_t i,
                            struct problems *problems)
{
    const struct config_sink *sinks = config->sinks;
    size_t first = 0;
    while (first < i && strcmp(sinks[first].name, sinks[i].name) != 0) {
        first++;
    }
    if (first < i && sinks[i].name[0] != '\0') {
        problem_add(problems, config_line_of(root, "sinks", i, "name"),
                    "sinks[%zu].name: '%s' is doubled: sinks[%zu] in line %d has it; give each its "
                    "own",
                    i, sinks[i].name, first, config_line_of(root, "sinks", first, "name"));
    }
}

/* Two threads writing one file would tear each other's lines. */
static void check_sink_file(const struct config *config, const struct config_node *root, size_t i,
                            struct problems *problems)
{
    const struct config_sink *sinks = config->sinks;
    size_t first = 0;
    while (first < i && strcmp(sinks[first].url, sinks[i].url) != 0) {
        first++;
    }
    if (first < i && sinks[i].url[0] != '\0') {
        problem_add(problems, config_line_of(root, "sinks", i, "url"),
                    "sinks[%zu].url: this file is doubled: sinks[%zu] in line %d writes it; give "
                    "each its own",
                    i, first, config_line_of(root, "sinks", first, "url"));
    }
}

/* ---- what must leave room ------------------------------------------------------------------- */

static void check_limit(const struct config *config, const struct config_node *root, size_t i,
                        struct problems *problems)
{
    const struct config_sink *sink = &config->sinks[i];
    struct render_options options = {
        .format = sink->format,
        .profile = sink->profile,
        .envelope = sink->envelope,
        .limit = sink->limit,
        .device_vendor = config->cef_vendor,
        .device_product = config->cef_product,
        .device_version = config->cef_version,
        .device_hostname = config->hostname,
        .enterprise_id = config->enterprise_id,
        .log_id = config->log.id[0] == '\0' ? NULL : config->log.id,
    };
    struct fault fault;
    if (sink->limit != 0 && render_check_limit(&options, &fault) != OK) {
        problem_add(problems, config_line_of(root, "sinks", i, "limit"), "sinks[%zu].limit: %s", i,
                    fault.sentence);
    }
}

static void check_thresholds(const struct config *config, const struct config_node *root,
                             struct problems *problems)
{
    if (config->ceremony.threshold_min > config->ceremony.threshold_max) {
        const struct config_node *section = config_node_member(root, "ceremony");
        const struct config_node *most = config_node_member(section, "threshold_max");
        problem_add(problems, most == NULL ? 1 : most->line,
                    "ceremony.threshold_max: %u is less than threshold_min, %u",
                    config->ceremony.threshold_max, config->ceremony.threshold_min);
    }
}

void config_check(const struct config *config, const struct config_node *root,
                  struct problems *problems)
{
    check_users(config, root, problems);
    check_sockets(config, root, problems);
    check_thresholds(config, root, problems);
    for (size_t i = 0; i < config->sink_count; i++) {
        check_sink_name(config, root, i, problems);
        check_sink_file(config, root, i, problems);
        check_limit(config, root, i, problems);
    }
}
