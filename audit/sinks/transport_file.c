/* Lines into a file, each ended by LF (line formats, section 8).
 *
 * The file is written with O_APPEND by one sink alone (flock says so), so that a tool which renames
 * it or cuts it to nothing never makes a hole. What was sent is known from the file itself: its
 * last whole line tells its index. A line that went only in part, because the disk was full, is
 * completed later rather than cut off: whoever follows the file sees it grow and never shrink. */
#include "audit/sinks/transport.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/base/file.h"
#include "audit/base/json.h"
#include "audit/base/memory.h"
#include "audit/sinks/tail.h"

struct line_file {
    struct transport transport;
    char path[PATH_MAX];
    const char *log_id;
    mode_t mode;
    int fd;             /* -1: shut */
    uint64_t length;    /* of the file after our last write */
    size_t begun;       /* octets of the next line that stand in it already */
    uint64_t synced;    /* of the length, what is durable */
    bool cut_to_sync;   /* a sync failed: what is beyond `synced` must go before anything else */
    uint64_t shortened; /* octets that another program took away; not yet said */
    bool strange_end;   /* what stands last may be no whole line, and is not ours */
    bool ended;         /* it was none: it was ended; not yet said */
};

static struct line_file *of(struct transport *transport)
{
    return (struct line_file *)transport;
}

/* ---- URL (RFC 8089): file:///path or file://localhost/path, %xx for any octet but NUL ----------
 */

static int hex_digit(char character)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = character == '\0' ? NULL : strchr(digits, character | 0x20);
    return at == NULL ? -1 : (int)(at - digits);
}

static bool path_of_url(const char *url, char out[PATH_MAX])
{
    const char *from = url + strlen("file://");
    if (strncmp(from, "localhost/", strlen("localhost/")) == 0) {
        from += strlen("localhost");
    }
    if (from[0] != '/') {
        return false;
    }
    size_t length = 0;
    while (*from != '\0' && length + 1 < PATH_MAX) {
        char octet = *from++;
        if (octet == '%') {
            int high = hex_digit(from[0]);
            int low = high < 0 ? -1 : hex_digit(from[1]);
            octet = (char)(high * 16 + low);
            if (low < 0 || octet == '\0') {
                return false;
            }
            from += 2;
        }
        out[length++] = octet;
    }
    out[length] = '\0';
    return *from == '\0' && out[length - 1] != '/' && json_is_utf8((struct slice){out, length});
}

static enum err line_file_make(const struct transport_options *options, struct transport **out,
                               struct fault *fault)
{
    struct line_file *file = memory_allocate_zeroed(sizeof *file);
    if (file == NULL) {
        return fault_no_memory(fault);
    }
    *file = (struct line_file){.transport.type = &transport_file,
                               .log_id = options->log_id,
                               .mode = (mode_t)(options->mode & 0777),
                               .fd = -1};
    if (!path_of_url(options->url, file->path)) {
        memory_free(file);
        return fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                         "The URL %s names no file. It is written file:///folder/name, with %%25 "
                         "for a percent sign.",
                         options->url);
    }
    *out = &file->transport;
    return OK;
}

/* ---- opening -----------------------------------------------------------------------------------
 */

static const char *kind_word(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a folder";
    case S_IFLNK:
        return "a symbolic link";
    case S_IFIFO:
        return "a FIFO";
    case S_IFSOCK:
        return "a socket";
    default:
        return "a device";
    }
}

/* A regular file can be read back after a crash, cut and synced; nothing else can. A link in the
 * last place is refused because a rename would move the link and not the file. */
static enum err refuse_kind(const char *path, mode_t mode, struct fault *fault)
{
    return fault_set(fault, ERR_IO, REASON_bad_configuration, NULL,
                     "%s is %s. A file sink wants the path of a regular file, or one that does not "
                     "exist yet in a folder that does.",
                     path, kind_word(mode));
}

static enum err sync_folder(const char *path, struct fault *fault)
{
    char folder[PATH_MAX];
    int fd = -1;
    snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    enum err err = file_open_directory(folder[0] == '\0' ? "/" : folder, &fd, fault);
    if (err != OK) {
        return err;
    }
    err = file_sync(fd);
    if (err != OK) {
        file_failed(fault, "sync the folder", folder, NULL);
    }
    close(fd);
    return err;
}

/* O_NONBLOCK: should it become a FIFO between lstat and open, open does not wait for a reader. */
static enum err open_path(const char *path, int extra_flags, mode_t mode, int *out,
                          struct fault *fault)
{
    struct stat status;
    bool exists = lstat(path, &status) == 0;
    if (exists && !S_ISREG(status.st_mode)) {
        return refuse_kind(path, status.st_mode, fault);
    }
    int fd = -1;
    const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    if (file_open_at(AT_FDCWD, path, flags | extra_flags, mode, &fd) != OK) {
        return file_failed(fault, "open", path, NULL);
    }
    enum err err = OK;
    if (fstat(fd, &status) != 0) {
        err = file_failed(fault, "look at", path, NULL);
    } else if (!S_ISREG(status.st_mode)) {
        err = refuse_kind(path, status.st_mode, fault);
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err = fault_set(fault, ERR_IN_USE, REASON_in_use, NULL,
                        "%s is written by another sink or process. Give each sink a file of its "
                        "own.",
                        path);
    } else if (!exists && fchmod(fd, mode) != 0) { /* whatever the umask says */
        err = file_failed(fault, "set the mode of", path, NULL);
    } else if (!exists) {
        err = sync_folder(path, fault);
    }
    if (err != OK) {
        close(fd);
        return err;
    }
    *out = fd;
    return OK;
}

static enum err line_file_look(const struct transport *transport, struct fault *fault)
{
    const struct line_file *file = (const struct line_file *)transport;
    char folder[PATH_MAX];
    struct stat status;
    if (lstat(file->path, &status) == 0 && !S_ISREG(status.st_mode)) {
        (void)refuse_kind(file->path, status.st_mode, fault);
        return ERR_CONFIGURATION; /* a person asks: it will not mend itself */
    }
    if (faccessat(AT_FDCWD, file->path, R_OK | W_OK, AT_EACCESS) == 0) {
        return OK;
    }
    if (errno != ENOENT) {
        return file_failed(fault, "open", file->path, NULL);
    }
    snprintf(folder, sizeof folder, "%s", file->path);
    strrchr(folder, '/')[1] = '\0'; /* with the slash: it must be a folder */
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0
               ? OK
               : file_failed(fault, "make a file in", folder, NULL);
}

/* Takes the word of a mended file: what it holds last, and what was done to it. */
static void take_tail(const struct tail *tail, const char *path, struct transport_found *found)
{
    if (tail->torn_bytes != 0) {
        transport_note_add(found, "a torn last line was cut off", path, tail->length,
                           tail->torn_bytes);
    }
    if (tail->foreign_ended) {
        transport_note_add(found, "an unfinished line that is not ours was ended", path,
                           tail->length, 0);
    } else if (tail->has_line && !tail->has_index) {
        transport_note_add(found, "the last line is not ours: the cursor decides where to go on",
                           path, tail->length, 0);
    }
    if (tail->has_index && tail->index + 1 > found->next) {
        found->next = tail->index + 1;
        snprintf(found->from, sizeof found->from, "%s", path);
    }
}

/* ---- a file that was renamed and never closed properly -----------------------------------------
 */

/* Between a rename and the SIGHUP after it lines still go into the renamed file. Should the process
 * be killed just then, the cursor may be older than that file's end: so it is looked for beside
 * the path, by the beginning of its name and its inode, and asked too. */
static bool find_renamed(const struct line_file *file, ino_t inode, uint64_t synced,
                         char out[PATH_MAX])
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", file->path);
    char *base = strrchr(folder, '/');
    *base++ = '\0';
    DIR *listing = opendir(folder[0] == '\0' ? "/" : folder);
    if (listing == NULL) {
        return false;
    }
    bool found = false;
    const struct dirent *item;
    while (!found && (item = readdir(listing)) != NULL) {
        struct stat status;
        int length = snprintf(out, PATH_MAX, "%s/%s", folder, item->d_name);
        found = strncmp(item->d_name, base, strlen(base)) == 0 && length < PATH_MAX &&
                lstat(out, &status) == 0 && S_ISREG(status.st_mode) && status.st_ino == inode &&
                (uint64_t)status.st_size >= synced;
    }
    closedir(listing);
    return found;
}

static enum err mend_renamed(const struct line_file *file, const char *path, uint64_t synced,
                             struct tail *out)
{
    int fd = -1;
    enum err err = open_path(path, 0, 0, &fd, NULL);
    if (err != OK) {
        return err;
    }
    err = tail_mend(fd, path, synced, file->log_id, out, NULL);
    if (err == OK) {
        err = file_sync_data(fd);
    }
    close(fd);
    return err;
}

static void ask_renamed(const struct line_file *file, ino_t inode, uint64_t synced,
                        struct transport_found *found)
{
    char path[PATH_MAX];
    struct tail tail;
    if (!find_renamed(file, inode, synced, path)) {
        transport_note_add(found,
                           "the file written before is gone: lines after the cursor come anew",
                           file->path, synced, 0);
    } else if (mend_renamed(file, path, synced, &tail) != OK) {
        transport_note_add(found, "a renamed file is unreadable: lines after the cursor come anew",
                           path, synced, 0);
    } else {
        take_tail(&tail, path, found);
    }
}

/* The note in the cursor: inode of the file and how much of it was durable. */
static void ask_cursor(const struct line_file *file, const struct cursor *saved, int fd,
                       uint64_t *out_synced, struct transport_found *found)
{
    struct stat status;
    uintmax_t inode;
    uintmax_t length;
    *out_synced = UINT64_MAX;
    // NOLINTNEXTLINE(cert-err34-c): what is out of range is no length of a file either
    if (sscanf(saved->place, "%ju:%ju", &inode, &length) != 2 || fstat(fd, &status) != 0) {
        return;
    }
    if (inode == (uintmax_t)status.st_ino) {
        *out_synced = length;
    } else {
        ask_renamed(file, (ino_t)inode, length, found);
    }
}

/* A file that lost an end which was durable: somebody cut it. Emptied, as a rotation that copies
 * does, its lines are elsewhere and the cursor holds; with lines left, the last of them decides. */
static void notice_loss(const struct tail *tail, const char *path, uint64_t synced, uint64_t next,
                        struct transport_found *found)
{
    found->lost =
        synced != UINT64_MAX && tail->length < synced && tail->has_index && found->next < next;
    if (found->lost) {
        transport_note_add(found, "the file was shortened: the lines it lost come again", path,
                           tail->length, synced - tail->length);
    }
}

static enum err line_file_open(struct transport *transport, const struct cursor *saved,
                               struct transport_found *out, struct fault *fault)
{
    struct line_file *file = of(transport);
    struct transport_found found = {0};
    struct tail tail;
    int fd = -1;
    assert(file->fd < 0);
    enum err err = open_path(file->path, O_CREAT, file->mode, &fd, fault);
    if (err != OK) {
        return err;
    }
    uint64_t synced = 0;
    ask_cursor(file, saved, fd, &synced, &found);
    err = tail_mend(fd, file->path, synced, file->log_id, &tail, fault);
    if (err != OK) {
        close(fd);
        return err;
    }
    take_tail(&tail, file->path, &found);
    notice_loss(&tail, file->path, synced, saved->next, &found);
    file->fd = fd;
    file->length = tail.length;
    file->begun = 0;
    file->strange_end = false;
    file->synced = tail.length; /* the sink syncs before it sends */
    file->cut_to_sync = false;
    *out = found;
    return OK;
}

/* ---- sending -----------------------------------------------------------------------------------
 */

/* Cutting back after a failed sync: the kernel may have dropped pages it could not write, so
 * nothing behind the last good sync is believed. */
static enum err cut_back(struct line_file *file, struct fault *fault)
{
    struct stat status;
    if (fstat(file->fd, &status) != 0) {
        return file_failed(fault, "look at", file->path, NULL);
    }
    if ((uint64_t)status.st_size > file->synced && ftruncate(file->fd, (off_t)file->synced) != 0) {
        return file_failed(fault, "cut back", file->path, NULL);
    }
    file->length = file->synced;
    file->begun = 0;
    file->strange_end = true;
    file->cut_to_sync = false;
    return OK;
}

/* Moves the batch over what was written: octets of its text up to `end`. */
static void account(struct line_file *file, struct batch *batch, size_t end)
{
    size_t whole = batch->sent == 0 ? 0 : batch->lines[batch->sent - 1].end;
    while (batch->sent < batch->count && batch->lines[batch->sent].end <= end) {
        whole = batch->lines[batch->sent++].end;
    }
    file->begun = end - whole;
}

/* A file without a name is read by nobody: lines into it would be lost in silence. */
static enum err refuse_deleted(const struct line_file *file, struct fault *fault)
{
    return fault_set(fault, ERR_CLOSED, REASON_io, NULL,
                     "%s was deleted while it was written: it is made anew, and the lines since "
                     "the last sync come again.",
                     file->path);
}

/* Emptied by a rotation that copies, say, or written by another program too. */
static void notice_change(struct line_file *file, const struct stat *status)
{
    uint64_t size = (uint64_t)status->st_size;
    if (size != file->length) {
        file->shortened += size < file->length ? file->length - size : 0;
        file->length = size;
        file->begun = 0;
        file->strange_end = true;
    }
}

/* Ours must not be glued to what another program wrote or left. */
static enum err end_strange_line(struct line_file *file, struct fault *fault)
{
    char last = '\n';
    if (!file->strange_end) {
        return OK;
    }
    if (file->length > 0 && pread(file->fd, &last, 1, (off_t)(file->length - 1)) < 0) {
        return file_failed(fault, "read the end of", file->path, NULL);
    }
    if (last != '\n') {
        if (write(file->fd, "\n", 1) != 1) {
            return file_failed(fault, "write to", file->path, NULL);
        }
        file->length++;
        file->ended = true;
    }
    file->strange_end = false;
    return OK;
}

static enum err line_file_check(struct transport *transport, struct transport_note *out_note,
                                struct fault *fault)
{
    struct line_file *file = of(transport);
    struct stat status;
    if (fstat(file->fd, &status) != 0) {
        return file_failed(fault, "look at", file->path, NULL);
    }
    if (status.st_nlink == 0) {
        return refuse_deleted(file, fault);
    }
    notice_change(file, &status);
    if (file->shortened != 0) {
        transport_note_set(out_note,
                           "another program shortened the file: lines it held are no longer there",
                           file->path, file->length, file->shortened);
        file->shortened = 0;
    } else if (file->ended) {
        transport_note_set(out_note, "an unfinished line that another program left was ended",
                           file->path, file->length, 0);
        file->ended = false;
    }
    return OK;
}

static enum err line_file_send(struct transport *transport, struct batch *batch,
                               struct fault *fault)
{
    struct line_file *file = of(transport);
    struct stat status;
    if (file->cut_to_sync) {
        enum err err = cut_back(file, fault);
        if (err != OK) {
            return err;
        }
    }
    if (fstat(file->fd, &status) != 0) {
        return file_failed(fault, "look at", file->path, NULL);
    }
    if (status.st_nlink == 0) {
        return refuse_deleted(file, fault);
    }
    notice_change(file, &status);
    struct slice text = buffer_slice(&batch->text);
    size_t at = (batch->sent == 0 ? 0 : batch->lines[batch->sent - 1].end) + file->begun;
    enum err err = end_strange_line(file, fault);
    while (err == OK && at < text.length) {
        ssize_t put = write(file->fd, text.data + at, text.length - at);
        if (put > 0) {
            at += (size_t)put;
            file->length += (size_t)put;
        } else if (put == 0 || errno != EINTR) {
            errno = put == 0 ? ENOSPC : errno;
            err = file_failed(fault, "write to", file->path, NULL);
        }
    }
    account(file, batch, at);
    return err;
}

static enum err line_file_sync(struct transport *transport, char out_place[CURSOR_PLACE_BYTES],
                               struct fault *fault)
{
    struct line_file *file = of(transport);
    struct stat status;
    if (file_sync_data(file->fd) != OK || fstat(file->fd, &status) != 0) {
        enum err err = file_failed(fault, "sync", file->path, NULL);
        /* At once, so that a kill now finds no lines that may not be on the disk; where that
         * fails, the next send or shut tries again. */
        file->cut_to_sync = cut_back(file, NULL) != OK;
        return err;
    }
    if (status.st_nlink == 0) {
        return refuse_deleted(file, fault);
    }
    file->synced = file->length - file->begun;
    snprintf(out_place, CURSOR_PLACE_BYTES, "%ju:%ju", (uintmax_t)status.st_ino,
             (uintmax_t)file->synced);
    return OK;
}

static void line_file_shut(struct transport *transport)
{
    struct line_file *file = of(transport);
    if (file->fd < 0) {
        return;
    }
    /* If a cut fails here, the next open finds the torn line and cuts it off. */
    enum err ignored = OK;
    if (file->cut_to_sync) {
        ignored = cut_back(file, NULL);
    } else if (file->begun != 0) {
        struct stat status;
        bool ours = fstat(file->fd, &status) == 0 && (uint64_t)status.st_size == file->length;
        if (ours && ftruncate(file->fd, (off_t)(file->length - file->begun)) != 0) {
            ignored = ERR_IO;
        }
    }
    (void)ignored;
    close(file->fd);
    file->fd = -1;
    file->begun = 0;
    file->cut_to_sync = false;
}

static void line_file_free(struct transport *transport)
{
    if (transport != NULL) {
        line_file_shut(transport);
        memory_free(transport);
    }
}

const struct transport_type transport_file = {
    .scheme = "file",
    .make = line_file_make,
    .look = line_file_look,
    .open = line_file_open,
    .send = line_file_send,
    .sync = line_file_sync,
    .check = line_file_check,
    .shut = line_file_shut,
    .free = line_file_free,
};
