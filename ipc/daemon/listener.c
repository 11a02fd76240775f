#include "ipc/daemon/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <nng/nng.h>
#include <nng/supplemental/util/platform.h>

#include "audit/base/clock.h"
#include "audit/base/diag.h"
#include "audit/base/memory.h"
#include "ipc/daemon/dispatch.h"
#include "ipc/daemon/server_inside.h"
#include "ipc/daemon/thread.h"

#define SCHEME "ipc://"
#define BIND_MODE 0600
#define BACK_OFF_FIRST_MS 10
#define BACK_OFF_MAX_MS 1000
#define ROLELESS_PER_MINUTE 32
#define MINUTE_MS 60000
#define NAME_BYTES_MAX 16384 /* of a passwd or group entry */

struct listener {
    struct server *server;
    char path[CONFIG_PATH_BYTES];
    nng_stream_listener *stream_listener;
    nng_aio *accept_aio;
    pthread_t thread;
    bool started;
    nng_mtx *lock; /* closing */
    nng_cv *closed;
    bool closing;
    int64_t minute_ms; /* when the minute of `roleless` began; the acceptor's alone */
    uint32_t roleless;
    int64_t complained_ms; /* when it last said that it cannot accept; the acceptor's alone */
};

/* ---- the socket file ---- */

static enum err in_use(struct fault *fault, const char *path, const char *why)
{
    return fault_set(fault, ERR_IN_USE, REASON_in_use, NULL, "%s: %s", path, why);
}

/* Does somebody listen on the socket file? errno of connect, 0 if one answers. */
static int probe(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        return errno;
    }
    int result =
        connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    close(descriptor);
    return result;
}

/* Makes way for bind. nng would do this too, but it takes any file for a stale socket, since
 * connect gives ECONNREFUSED for those as well. */
static enum err clear_path(const char *path, struct fault *fault)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        if (errno == ENOENT) {
            return OK;
        }
        return fault_set(fault, ERR_IO, REASON_io, NULL,
                         "%s: %s. The folder of the socket must be there and open to the guardian.",
                         path, strerror(errno));
    }
    if (!S_ISSOCK(status.st_mode)) {
        return in_use(fault, path,
                      "there is a file that is not a socket. Remove it or listen elsewhere.");
    }
    int result = probe(path);
    if (result != ECONNREFUSED && result != ENOENT) {
        return in_use(fault, path, "another process listens there. Stop it or listen elsewhere.");
    }
    if (unlink(path) != 0 && errno != ENOENT) {
        return fault_set(fault, ERR_IO, REASON_io, NULL,
                         "%s: a socket file was left there and cannot be removed: %s.", path,
                         strerror(errno));
    }
    return OK;
}

static bool number(const char *text, uint32_t *out)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value >= UINT32_MAX) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

static bool find_user(const char *name, char *room, uid_t *out)
{
    struct passwd entry, *found = NULL;
    if (getpwnam_r(name, &entry, room, NAME_BYTES_MAX, &found) == 0 && found != NULL) {
        *out = found->pw_uid;
        return true;
    }
    return number(name, out);
}

static bool find_group(const char *name, char *room, gid_t *out)
{
    struct group entry, *found = NULL;
    if (getgrnam_r(name, &entry, room, NAME_BYTES_MAX, &found) == 0 && found != NULL) {
        *out = found->gr_gid;
        return true;
    }
    return number(name, out);
}

/* user, user:group or :group, names or numbers; what is not named stays as it is. */
static enum err find_owner(const char *owner, uid_t *out_user, gid_t *out_group,
                           struct fault *fault)
{
    char user[CONFIG_WORD_BYTES];
    memcpy(user, owner, strlen(owner) + 1);
    char *group = strchr(user, ':');
    if (group != NULL) {
        *group++ = '\0';
    }
    char *room = memory_allocate(NAME_BYTES_MAX);
    if (room == NULL) {
        return fault_no_memory(fault);
    }
    enum err err = OK;
    *out_user = (uid_t)-1;
    *out_group = (gid_t)-1;
    if (user[0] != '\0' && !find_user(user, room, out_user)) {
        err = fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                        "There is no user %s. owner is user[:group], of this machine.", user);
    } else if (group != NULL && group[0] != '\0' && !find_group(group, room, out_group)) {
        err = fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                        "There is no group %s. owner is user[:group], of this machine.", group);
    }
    memory_free(room);
    return err;
}

/* First the owner, then the mode: the other way round, the file would for a moment be open to a
 * group it is not meant for. Links are not followed. */
static enum err give(const char *path, const struct config_listen *listen, uid_t user, gid_t group,
                     struct fault *fault)
{
    if ((user != (uid_t)-1 || group != (gid_t)-1) &&
        fchownat(AT_FDCWD, path, user, group, AT_SYMLINK_NOFOLLOW) != 0) {
        return fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                         "%s cannot be given to %s: %s. Only root may give files to others.", path,
                         listen->owner, strerror(errno));
    }
    if (fchmodat(AT_FDCWD, path, listen->mode & 0777, AT_SYMLINK_NOFOLLOW) != 0) {
        return fault_set(fault, ERR_IO, REASON_io, NULL, "%s: its mode cannot be set: %s.", path,
                         strerror(errno));
    }
    return OK;
}

/* ---- opening ---- */

static enum err nng_fault(struct fault *fault, const char *path, int result)
{
    if (result == NNG_ENOMEM) {
        return fault_no_memory(fault);
    }
    if (result == NNG_EADDRINUSE) { /* somebody was quicker than we between probe and bind */
        return in_use(fault, path, "another process listens there. Stop it or listen elsewhere.");
    }
    return fault_set(fault, ERR_IO, REASON_io, NULL,
                     "%s: cannot listen: %s. The folder must be there and open to the guardian.",
                     path, nng_strerror(result));
}

static enum err path_of(const char *url, char out[CONFIG_PATH_BYTES], struct fault *fault)
{
    static const struct sockaddr_un address;
    if (strncmp(url, SCHEME "/", strlen(SCHEME "/")) != 0) {
        return fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                         "%s: not an address this guardian can listen on. ipc:///path is one.",
                         url);
    }
    const char *path = url + strlen(SCHEME);
    if (strlen(path) >= sizeof address.sun_path) {
        return fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                         "%s: the path of a socket has at most %zu octets.", url,
                         sizeof address.sun_path - 1);
    }
    memcpy(out, path, strlen(path) + 1);
    return OK;
}

/* Between bind and listen nng sets the mode, so nobody can connect to a file that is wider open. */
static enum err bind_and_listen(struct listener *listener, const char *url, struct fault *fault)
{
    int result = nng_stream_listener_alloc(&listener->stream_listener, url);
    if (result == 0) {
        result = nng_stream_listener_set_int(listener->stream_listener, NNG_OPT_IPC_PERMISSIONS,
                                             BIND_MODE);
    }
    if (result == 0) {
        result = nng_stream_listener_listen(listener->stream_listener);
    }
    return result == 0 ? OK : nng_fault(fault, listener->path, result);
}

static enum err open_socket(struct listener *listener, const struct config_listen *listen,
                            struct fault *fault)
{
    uid_t user = 0;
    gid_t group = 0;
    enum err err = path_of(listen->url, listener->path, fault);
    if (err == OK) {
        err = find_owner(listen->owner, &user, &group, fault);
    }
    if (err == OK) {
        err = clear_path(listener->path, fault);
    }
    if (err == OK) {
        err = bind_and_listen(listener, listen->url, fault);
    }
    if (err == OK) {
        err = give(listener->path, listen, user, group, fault);
    }
    return err;
}

enum err listener_open(struct server *server, const struct config_listen *listen,
                       struct listener **out, struct fault *fault)
{
    struct listener *listener = memory_allocate_zeroed(sizeof *listener);
    if (listener == NULL) {
        return fault_no_memory(fault);
    }
    listener->server = server;
    enum err err = OK;
    if (nng_mtx_alloc(&listener->lock) != 0 ||
        nng_cv_alloc(&listener->closed, listener->lock) != 0 ||
        nng_aio_alloc(&listener->accept_aio, NULL, NULL) != 0) {
        err = fault_no_memory(fault);
    }
    if (err == OK) {
        err = open_socket(listener, listen, fault);
    }
    if (err != OK) {
        listener_close(listener);
        return err;
    }
    *out = listener;
    return OK;
}

/* ---- accepting ---- */

static bool is_closing(struct listener *listener)
{
    nng_mtx_lock(listener->lock);
    bool closing = listener->closing;
    nng_mtx_unlock(listener->lock);
    return closing;
}

static void back_off(struct listener *listener, uint32_t *delay_ms)
{
    *delay_ms = *delay_ms == 0 ? BACK_OFF_FIRST_MS : *delay_ms * 2;
    *delay_ms = *delay_ms > BACK_OFF_MAX_MS ? BACK_OFF_MAX_MS : *delay_ms;
    nng_time until = nng_clock() + *delay_ms;
    bool timed_out = false;
    nng_mtx_lock(listener->lock);
    while (!listener->closing && !timed_out) {
        timed_out = nng_cv_until(listener->closed, until) == NNG_ETIMEDOUT;
    }
    nng_mtx_unlock(listener->lock);
}

static void refuse(struct listener *listener, nng_stream *stream)
{
    atomic_fetch_add(&listener->server->refused, 1);
    connection_set_refuse(listener->server->connections, stream);
}

/* One more connection without a role: may it be answered in this minute? */
static bool roleless_may_come(struct listener *listener)
{
    int64_t now_ms = clock_boot_ms();
    if (listener->minute_ms == 0 || now_ms - listener->minute_ms >= MINUTE_MS) {
        listener->minute_ms = now_ms;
        listener->roleless = 0;
    }
    if (listener->roleless == ROLELESS_PER_MINUTE) {
        return false;
    }
    listener->roleless++;
    return true;
}

static void admit(struct listener *listener, struct config *config, nng_stream *stream)
{
    struct server *server = listener->server;
    uint64_t uid;
    struct peer peer;
    if (connection_set_count(server->connections) >= config->limits.connections ||
        nng_stream_get_uint64(stream, NNG_OPT_IPC_PEER_UID, &uid) != 0) {
        refuse(listener, stream);
        return;
    }
    access_identify(config, (uint32_t)uid, &peer);
    if (peer.roles == 0 && !roleless_may_come(listener)) {
        refuse(listener, stream);
        dispatch_unanswered(server->dispatch, &peer);
        return;
    }
    if (connection_open(server->connections, server->workers, config, &peer, stream) == OK) {
        atomic_fetch_add(&server->accepted, 1);
    } else {
        atomic_fetch_add(&server->refused, 1);
    }
}

/* At most one line a minute, however often it happens. */
static void complain(struct listener *listener, int result)
{
    int64_t now_ms = clock_boot_ms();
    if (result == NNG_ECLOSED ||
        (listener->complained_ms != 0 && now_ms - listener->complained_ms < MINUTE_MS)) {
        return;
    }
    listener->complained_ms = now_ms;
    diag_say(DIAG_WARNING, "cannot accept connections, trying again and again", "socket",
             listener->path, "reason", nng_strerror(result), NULL);
}

static void *accept_all(void *argument)
{
    struct listener *listener = argument;
    uint32_t delay_ms = 0;
    while (!is_closing(listener)) {
        connection_set_make_room(listener->server->connections);
        nng_stream_listener_accept(listener->stream_listener, listener->accept_aio);
        nng_aio_wait(listener->accept_aio);
        int result = nng_aio_result(listener->accept_aio);
        if (result != 0) {
            complain(listener, result);
            back_off(listener, &delay_ms);
            continue;
        }
        delay_ms = 0;
        struct config *config = server_config(listener->server);
        admit(listener, config, nng_aio_get_output(listener->accept_aio, 0));
        config_release(config);
    }
    return NULL;
}

enum err listener_start(struct listener *listener, struct fault *fault)
{
    listener->started = thread_start(&listener->thread, "acceptor", accept_all, listener);
    return listener->started ? OK : fault_no_memory(fault);
}

void listener_close(struct listener *listener)
{
    if (listener == NULL) {
        return;
    }
    if (listener->closed != NULL) {
        nng_mtx_lock(listener->lock);
        listener->closing = true;
        nng_cv_wake(listener->closed);
        nng_mtx_unlock(listener->lock);
    }
    if (listener->stream_listener != NULL) {
        nng_stream_listener_close(
            listener->stream_listener); /* and removes the file, if it is ours */
    }
    if (listener->started) {
        pthread_join(listener->thread, NULL);
    }
    if (listener->stream_listener != NULL) {
        nng_stream_listener_free(listener->stream_listener);
    }
    if (listener->accept_aio != NULL) {
        nng_aio_free(listener->accept_aio);
    }
    if (listener->closed != NULL) {
        nng_cv_free(listener->closed);
    }
    if (listener->lock != NULL) {
        nng_mtx_free(listener->lock);
    }
    memory_free(listener);
}
