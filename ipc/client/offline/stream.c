#include "ipc/client/offline/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_BYTES 4096u /* most inputs are a few lines, and locked memory is scarce */

static enum err failed(const char *name, const char *what, struct fault *fault)
{
    return fault_set(fault, ERR_IO, REASON_io, NULL, "%s could not be %s: %s.", name, what,
                     strerror(errno));
}

/* Twice the room, the contents kept. */
static struct secret *grown(struct secret *secret, size_t maximum)
{
    size_t capacity = secret->capacity > maximum / 2 ? maximum : 2 * secret->capacity;
    struct secret *larger = secret_new(capacity);
    if (larger != NULL) {
        memcpy(larger->data, secret->data, secret->length);
        larger->length = secret->length;
    }
    secret_free(secret);
    return larger;
}

enum err stream_read(int fd, const char *name, size_t maximum, struct secret **out,
                     struct fault *fault)
{
    size_t most = maximum + 1; /* one more, to see that there is more */
    struct secret *secret = secret_new(most < FIRST_BYTES ? most : FIRST_BYTES);
    if (secret == NULL) {
        return fault_no_memory(fault);
    }
    ssize_t taken = 1;
    while (taken != 0 && secret->length < most) {
        if (secret->length == secret->capacity) {
            secret = grown(secret, most);
            if (secret == NULL) {
                return fault_no_memory(fault);
            }
        }
        taken = read(fd, secret->data + secret->length, secret->capacity - secret->length);
        if (taken < 0 && errno != EINTR) {
            enum err err = failed(name, "read", fault); /* errno first */
            secret_free(secret);
            return err;
        }
        secret->length += taken > 0 ? (size_t)taken : 0;
    }
    if (secret->length > maximum) {
        secret_free(secret);
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_large, NULL,
                         "%s is longer than %zu octets.", name, maximum);
    }
    *out = secret;
    return OK;
}

enum err stream_read_file(const char *path, size_t maximum, struct secret **out,
                          struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return failed(path, "opened", fault);
    }
    enum err err = stream_read(fd, path, maximum, out, fault);
    close(fd);
    return err;
}

enum err stream_write(int fd, const char *name, struct slice text, struct fault *fault)
{
    size_t written = 0;
    while (written < text.length) {
        ssize_t taken = write(fd, text.data + written, text.length - written);
        if (taken < 0 && errno != EINTR) {
            return failed(name, "written", fault);
        }
        written += taken > 0 ? (size_t)taken : 0;
    }
    return OK;
}

enum err stream_check_free(const char *path, struct fault *fault)
{
    char folder[PATH_MAX];
    struct stat found;
    const char *slash = strrchr(path, '/');
    if (lstat(path, &found) == 0) {
        return fault_set(fault, ERR_IO, REASON_refused, NULL,
                         "%s exists, and nothing is ever written over: name a new file.", path);
    }
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (path[0] == '\0' || length >= sizeof folder) {
        errno = path[0] == '\0' ? ENOENT : ENAMETOOLONG;
        return failed(path, "made", fault);
    }
    snprintf(folder, sizeof folder, "%.*s%s", (int)length, path,
             slash == NULL ? "."
             : length == 0 ? "/"
                           : "");
    return access(folder, W_OK | X_OK) == 0 ? OK : failed(path, "made", fault);
}
