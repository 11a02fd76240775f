#include "ipc/daemon/config_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/daemon/config_user.h"

#define FOLDER "master_key_guardian"
#define PATH_BYTES 512

static enum err not_fitting(struct fault *fault)
{
    return fault_set(
        fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
        "the path of the private directory is too long; set GUARDIAN_HOME to a shorter "
        "one");
}

static enum err put(char *out, size_t size, const char *path, const char *below,
                    struct fault *fault)
{
    char joined[PATH_BYTES];
    int length = snprintf(joined, sizeof joined, "%s%s", path, below);
    if (length < 0 || (size_t)length >= sizeof joined || (size_t)length >= size) {
        return not_fitting(fault);
    }
    while (length > 1 && joined[length - 1] == '/') {
        joined[--length] = '\0'; /* with a slash behind it, a link would be followed */
    }
    memcpy(out, joined, (size_t)length + 1);
    return OK;
}

enum err config_private_directory(char *out, size_t size, struct fault *fault)
{
    const char *home = secure_getenv("GUARDIAN_HOME");
    if (home != NULL && home[0] != '\0') {
        return home[0] == '/'
                   ? put(out, size, home, "", fault)
                   : fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                               "GUARDIAN_HOME is not absolute; write a path that begins with /");
    }
    if (geteuid() == 0) {
        return put(out, size, CONFIG_SYSTEM_DIRECTORY, "", fault);
    }
    const char *state = secure_getenv("XDG_STATE_HOME");
    if (state != NULL && state[0] == '/') {
        return put(out, size, state, "/" FOLDER, fault);
    }
    home = secure_getenv("HOME");
    char listed[PATH_BYTES];
    if (home == NULL || home[0] != '/') {
        home = user_home(geteuid(), listed, sizeof listed) ? listed : NULL;
    }
    if (home == NULL) {
        return fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                         "there is no home directory; set HOME or GUARDIAN_HOME");
    }
    return put(out, size, home, "/.local/state/" FOLDER, fault);
}

enum err config_default_url(char *out, size_t size)
{
    char directory[PATH_BYTES];
    enum err err = config_private_directory(directory, sizeof directory, NULL);
    if (err != OK) {
        return err;
    }
    char url[PATH_BYTES + 32];
    int length = snprintf(url, sizeof url, "ipc://%s/" CONFIG_SOCKET_NAME, directory);
    if (length < 0 || (size_t)length >= sizeof url || (size_t)length >= size) {
        return ERR_CONFIGURATION;
    }
    memcpy(out, url, (size_t)length + 1);
    return OK;
}

static enum err system_fault(struct fault *fault, const char *path, const char *what)
{
    char reason[128];
    return fault_set(fault, ERR_IO, REASON_io, NULL, "%.300s: %s (%s)", path, what,
                     strerror_r(errno, reason, sizeof reason));
}

/* Makes what is missing on the way down, the last one included. */
static enum err make_missing(const char *path, struct fault *fault)
{
    char above[PATH_BYTES];
    if (strlen(path) >= sizeof above) {
        return not_fitting(fault);
    }
    memcpy(above, path, strlen(path) + 1);
    for (char *at = above + 1;; at++) {
        bool end = *at == '\0';
        if (!end && *at != '/') {
            continue;
        }
        *at = '\0';
        if (mkdir(above, 0700) != 0 && errno != EEXIST) {
            return system_fault(fault, above,
                                "this directory cannot be made; make it or choose "
                                "another");
        }
        if (end) {
            return OK;
        }
        *at = '/';
    }
}

static enum err check_private(const char *path, int fd, struct fault *fault)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return system_fault(fault, path, "cannot be looked at");
    }
    if (status.st_uid != geteuid()) {
        return fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                         "%.300s belongs to another user (uid %u); it must belong to uid %u", path,
                         status.st_uid, geteuid());
    }
    if ((status.st_mode & 022) != 0) {
        return fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                         "%.300s may be written by others (mode %04o); make it 0700", path,
                         status.st_mode & 07777);
    }
    return OK;
}

enum err config_directory_make(const char *path, struct fault *fault)
{
    enum err err = make_missing(path, fault);
    if (err != OK) {
        return err;
    }
    int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return system_fault(fault, path, "is no directory, or a link; a directory is needed here");
    }
    err = check_private(path, fd, fault);
    close(fd);
    return err;
}
