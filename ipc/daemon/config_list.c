#include "ipc/daemon/config_list.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/base/memory.h"
#include "ipc/daemon/config_paths.h"
#include "ipc/daemon/config_user.h"
#include "ipc/daemon/config_value.h"

#define SOCKET_MODE 0600
#define FILE_MODE 0640

static bool access_room(struct config *config, size_t count, struct list_room *out)
{
    if (count != 0) {
        config->access = memory_allocate_zeroed(count * sizeof *config->access);
        if (config->access == NULL) {
            return false;
        }
    }
    config->access_count = count;
    for (size_t i = 0; i < count; i++) {
        config->access[i].uid = UINT32_MAX; /* nobody, until the entry says whom it means */
    }
    *out = (struct list_room){(char *)config->access, sizeof *config->access, count};
    return true;
}

static bool sinks_room(struct config *config, size_t count, struct list_room *out)
{
    if (count != 0) {
        config->sinks = memory_allocate_zeroed(count * sizeof *config->sinks);
        if (config->sinks == NULL) {
            return false;
        }
    }
    config->sink_count = count;
    *out = (struct list_room){(char *)config->sinks, sizeof *config->sinks, count};
    return true;
}

bool list_make_room(struct config *config, const char *list, size_t count, struct list_room *out)
{
    if (strcmp(list, "access") == 0) {
        return access_room(config, count, out);
    }
    if (strcmp(list, "sinks") == 0) {
        return sinks_room(config, count, out);
    }
    assert(strcmp(list, "listen") == 0 && count <= CONFIG_LISTEN_MAX);
    config->listen_count = count;
    *out = (struct list_room){(char *)config->listen, sizeof config->listen[0], count};
    return true;
}

/* ---- lists that the file leaves out --------------------------------------------------------- */

/* scheme, state directory and name into url[CONFIG_PATH_BYTES]. */
static bool url_below(const struct config *config, const char *scheme, const char *name, char *url)
{
    int length = snprintf(url, CONFIG_PATH_BYTES, "%s%s/%s", scheme, config->state_directory, name);
    return length > 0 && length < CONFIG_PATH_BYTES;
}

static void default_listen(struct config *config, int line, struct problems *problems)
{
    struct list_room room;
    (void)list_make_room(config, "listen", 1, &room);
    config->listen[0].mode = SOCKET_MODE;
    if (!url_below(config, "ipc://", CONFIG_SOCKET_NAME, config->listen[0].url) ||
        strlen(config->listen[0].url) - strlen("ipc://") > CONFIG_SOCKET_PATH_MAX) {
        problem_add(problems, line,
                    "state.directory is too long for the socket %s below it; write a section "
                    "listen, or a directory that leaves its path at most %d octets",
                    CONFIG_SOCKET_NAME, CONFIG_SOCKET_PATH_MAX);
    }
}

static void default_access(struct config *config, struct problems *problems)
{
    struct list_room room;
    if (!list_make_room(config, "access", 1, &room)) {
        problems->no_memory = true;
        return;
    }
    config->access[0].uid = geteuid();
    config->access[0].roles = ROLE_WORKFLOW;
    user_name(geteuid(), config->access[0].login, sizeof config->access[0].login);
}

static void default_sinks(struct config *config, int line, struct problems *problems)
{
    struct list_room room;
    if (!list_make_room(config, "sinks", 1, &room)) {
        problems->no_memory = true;
        return;
    }
    struct config_sink *sink = &config->sinks[0];
    snprintf(sink->name, sizeof sink->name, "siem");
    sink->format = FORMAT_CEF;
    sink->profile = PROFILE_SENHASEGURA;
    sink->envelope = ENVELOPE_NONE;
    sink->mode = FILE_MODE;
    sink->severity_max = 7;
    if (!url_below(config, "file://", "siem.log", sink->url)) {
        problem_add(problems, line,
                    "state.directory is too long for the file siem.log below it; write a section "
                    "sinks, or a shorter directory");
    }
}

/* ---- entries -------------------------------------------------------------------------------- */

static void complete_access(struct access_entry *entry)
{
    if (entry->id[0] == '\0') {
        entry->defaults |= ACCESS_ID_DEFAULT;
        snprintf(entry->id, sizeof entry->id, "%u", entry->uid);
    }
    if (entry->name[0] == '\0') {
        entry->defaults |= ACCESS_NAME_DEFAULT;
        snprintf(entry->name, sizeof entry->name, "%s", entry->login);
    }
    if (entry->privilege[0] == '\0') {
        entry->defaults |= ACCESS_PRIVILEGE_DEFAULT;
        bool rules = (entry->roles & (ROLE_OPERATOR | ROLE_WORKFLOW)) != 0;
        snprintf(entry->privilege, sizeof entry->privilege, "%s", rules ? "Administrator" : "User");
    }
}

static void note_sink_lines(struct config *config, const struct config_node *root)
{
    const struct config_node *list = config_node_member(root, "sinks");
    const struct config_node *one = list == NULL ? NULL : list->child;
    for (size_t i = 0; i < config->sink_count && one != NULL; i++, one = one->next) {
        config->sinks[i].line = one->line;
    }
}

void list_fill(struct config *config, const struct config_node *root, struct problems *problems)
{
    const struct config_node *directory =
        config_node_member(config_node_member(root, "state"), "directory");
    int line = directory == NULL ? 1 : directory->line;
    if (config_node_member(root, "listen") == NULL) {
        default_listen(config, line, problems);
    }
    if (config_node_member(root, "access") == NULL) {
        default_access(config, problems);
    }
    if (config_node_member(root, "sinks") == NULL) {
        default_sinks(config, line, problems);
    }
    for (size_t i = 0; i < config->access_count; i++) {
        complete_access(&config->access[i]);
    }
    note_sink_lines(config, root);
}
