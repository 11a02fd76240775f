#include "ipc/daemon/config_look.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "audit/sinks/sink.h"
#include "geoip/geoip.h"
#include "ipc/daemon/config_check.h"

#define SOCKET_SCHEME "ipc://"
#define FILE_SCHEME "file://"

/* The line of a key in a section; 1 if the file has no such. */
static int line_in(const struct config_node *root, const char *section, const char *key)
{
    const struct config_node *node = config_node_member(config_node_member(root, section), key);
    return node == NULL ? 1 : node->line;
}

/* Is this a file directly in the state directory, which the daemon makes if it is missing? */
static bool is_in_state(const struct config *config, const char *path)
{
    size_t length = strlen(config->state_directory);
    return strncmp(path, config->state_directory, length) == 0 && path[length] == '/' &&
           strchr(path + length + 1, '/') == NULL;
}

/* The nearest folder above a path that is there. */
static void nearest_folder(const char *path, char out[CONFIG_PATH_BYTES])
{
    struct stat status;
    snprintf(out, CONFIG_PATH_BYTES, "%s", path);
    do {
        char *slash = strrchr(out, '/');
        if (slash == NULL || slash == out) {
            out[1] = '\0';
            return;
        }
        *slash = '\0';
    } while (stat(out, &status) != 0);
}

/* Root may write anywhere, but nothing can be made in /proc or /sys. */
static bool is_of_the_kernel(const char *path)
{
    struct statfs status;
    return statfs(path, &status) == 0 &&
           (status.f_type == PROC_SUPER_MAGIC || status.f_type == SYSFS_MAGIC);
}

static void look_at_state(const struct config *config, const struct config_node *root,
                          struct problems *problems)
{
    struct stat status;
    const char *path = config->state_directory;
    char above[CONFIG_PATH_BYTES];
    if (path[0] == '\0') {
        return;
    }
    if (lstat(path, &status) == 0) {
        if (!S_ISDIR(status.st_mode)) {
            problem_add(problems, line_in(root, "state", "directory"),
                        "state.directory: %s is no directory, or a link; give one, or the path of "
                        "one to be made",
                        path);
        }
        return;
    }
    nearest_folder(path, above);
    if (access(above, W_OK | X_OK) != 0 || is_of_the_kernel(above)) {
        problem_add(problems, line_in(root, "state", "directory"),
                    "state.directory: %s cannot be made in %s; give the path of a directory that "
                    "the guardian may make or has",
                    path, above);
    }
}

static void look_at_socket(const struct config *config, const struct config_node *root, size_t i,
                           struct problems *problems)
{
    if (strncmp(config->listen[i].url, SOCKET_SCHEME, strlen(SOCKET_SCHEME)) != 0) {
        return; /* could not be read */
    }
    const char *path = config->listen[i].url + strlen(SOCKET_SCHEME);
    int line = config_line_of(root, "listen", i, "url");
    char folder[CONFIG_PATH_BYTES];
    struct stat status;
    if (lstat(path, &status) == 0) {
        if (!S_ISSOCK(status.st_mode)) {
            problem_add(problems, line,
                        "listen[%zu].url: %s is there and no socket; remove it or listen elsewhere",
                        i, path);
        }
        return;
    }
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash != NULL && !is_in_state(config, path)) {
        slash[1] = '\0'; /* with the slash: it must be a folder */
        if (access(folder, X_OK) != 0) {
            problem_add(problems, line,
                        "listen[%zu].url: the folder %s cannot be used (%s); the guardian makes "
                        "the socket, not its folder",
                        i, folder, strerror(errno));
        }
    }
}

static void look_at_sink(const struct config *config, const struct config_node *root, size_t i,
                         bool warn, struct problems *problems)
{
    const char *url = config->sinks[i].url;
    int line = config_line_of(root, "sinks", i, "url");
    struct fault fault;
    fault_clear(&fault);
    enum err err = url[0] == '\0' ? OK : sink_look(url, &fault);
    bool made = strncmp(url, FILE_SCHEME, strlen(FILE_SCHEME)) == 0 &&
                is_in_state(config, url + strlen(FILE_SCHEME)) &&
                access(config->state_directory, F_OK) != 0;
    if (err == ERR_CONFIGURATION) {
        problem_add(problems, line, "sinks[%zu].url: %s", i, fault.sentence);
    } else if (err == ERR_IO && !made && warn) {
        problem_warn(problems, line,
                     "sinks[%zu].url: %s Until it can, this sink writes no lines; they wait in the "
                     "log.",
                     i, fault.sentence);
    } else if (err == ERR_NO_MEMORY) {
        problems->no_memory = true;
    }
}

static void look_at_city(const struct config *config, const struct config_node *root,
                         struct problems *problems)
{
    const char *path = config->geoip.city;
    int line = line_in(root, "geoip", "city");
    if (path[0] == '\0') {
        return;
    }
    if (access(path, F_OK) != 0) {
        problem_warn(problems, line,
                     "geoip.city: %s: %s; without it events get no place until it is there and the "
                     "guardian gets SIGHUP",
                     path, strerror(errno));
        return;
    }
    char message[256] = "";
    struct geoip *geoip = geoip_new(config->geoip.language);
    enum geoip_err err =
        geoip == NULL ? GEOIP_NO_MEMORY : geoip_load(geoip, path, message, sizeof message);
    geoip_free(geoip);
    if (err == GEOIP_NO_MEMORY) {
        problems->no_memory = true;
    } else if (err != GEOIP_OK) {
        problem_add(problems, line, "geoip.city: %s; give a City database (MMDB), or none",
                    message);
    }
}

/* Not wrong, but dearer than it looks (parts.md section 5). */
static void look_at_retention(const struct config *config, const struct config_node *root,
                              struct problems *problems)
{
    if (config->ceremony.retain_sealed) {
        problem_warn(problems, line_in(root, "ceremony", "retain_sealed"),
                     "ceremony.retain_sealed: the sealed parts of completed ceremonies stay: the "
                     "state directory and the key files of as many guardians as the threshold are "
                     "then the master key; with no they are erased");
    }
}

void config_look(const struct config *config, const struct config_node *root,
                 struct problems *problems)
{
    look_at_state(config, root, problems);
    look_at_city(config, root, problems);
    look_at_retention(config, root, problems);
    for (size_t i = 0; i < config->listen_count; i++) {
        look_at_socket(config, root, i, problems);
    }
    for (size_t i = 0; i < config->sink_count; i++) {
        look_at_sink(config, root, i, true, problems);
    }
}

void config_look_at_sinks(const struct config *config, const struct config_node *root,
                          struct problems *problems)
{
    for (size_t i = 0; i < config->sink_count; i++) {
        look_at_sink(config, root, i, false, problems);
    }
}
