#include "audit/sinks/cursor.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/base/file.h"
#include "audit/log/hash.h"

#define FIRST_LINE "master_key_guardian sink cursor 1\n"
#define FILE_MAX 512 /* octets; a cursor has at most some 220 */

static bool is_temporary(const char *name)
{
    size_t length = strlen(name);
    return length >= 4 && strcmp(name + length - 4, ".tmp") == 0;
}

bool cursor_name_is_good(const char *name)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    size_t length = name == NULL ? 0 : strlen(name);
    return length >= 1 && length <= CURSOR_NAME_MAX && name[0] != '.' &&
           strspn(name, letters) == length && !is_temporary(name);
}

/* The whole text, ended by NUL; returns its length. */
static size_t text_of(const struct cursor *cursor, char out[FILE_MAX])
{
    uint8_t hash[HASH_BYTES];
    int at = snprintf(out, FILE_MAX, FIRST_LINE "next %" PRIu64 "\nplace %s\n", cursor->next,
                      cursor->place[0] == '\0' ? "-" : cursor->place);
    hash_octets(out, (size_t)at, hash);
    at += snprintf(out + at, (size_t)(FILE_MAX - at), "sha256 ");
    for (size_t i = 0; i < sizeof hash; i++) {
        at += snprintf(out + at, (size_t)(FILE_MAX - at), "%02x", hash[i]);
    }
    at += snprintf(out + at, (size_t)(FILE_MAX - at), "\n");
    assert(at < FILE_MAX);
    return (size_t)at;
}

void cursor_write(struct buffer *buffer, const struct cursor *cursor)
{
    char text[FILE_MAX];
    buffer_append(buffer, text, text_of(cursor, text));
}

/* Finds the values where they should stand, and then compares the whole with what they give: so
 * there is one text for one cursor, and the hash is checked with the rest. */
bool cursor_parse(struct slice text, struct cursor *out)
{
    char copy[FILE_MAX];
    char again[FILE_MAX];
    struct cursor cursor = {0};
    if (text.length == 0 || text.length >= sizeof copy) {
        return false;
    }
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    static_assert(CURSOR_PLACE_BYTES == 64, "the width in the format below");
    // NOLINTNEXTLINE(cert-err34-c): what was read must print as it stands, below
    if (sscanf(copy, FIRST_LINE "next %" SCNu64 " place %63s", &cursor.next, cursor.place) != 2) {
        return false;
    }
    if (strcmp(cursor.place, "-") == 0) {
        cursor.place[0] = '\0';
    }
    size_t length = text_of(&cursor, again);
    if (!slice_equal(text, (struct slice){again, length})) {
        return false;
    }
    *out = cursor;
    return true;
}

/* Of an open folder. Absent files leave *out as it is and say OK. */
static enum err read_cursor(int directory_fd, const char *directory, const char *name,
                            struct cursor *out, struct fault *fault)
{
    char text[FILE_MAX + 1];
    size_t length = 0;
    int fd;
    if (file_open_at(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd) != OK) {
        return errno == ENOENT ? OK : file_failed(fault, "read", directory, name);
    }
    enum err err = file_read_at(fd, text, sizeof text, 0, &length);
    if (err != OK) {
        file_failed(fault, "read", directory, name);
    } else if (!cursor_parse((struct slice){text, length}, out)) {
        err = fault_set(fault, ERR_DAMAGED, REASON_damaged, NULL,
                        "%s/%s is damaged or no sink cursor. Move it away: a file sink then goes "
                        "on behind the last line of its file.",
                        directory, name);
    }
    close(fd);
    return err;
}

enum err cursor_load(const char *directory, const char *name, struct cursor *out,
                     struct fault *fault)
{
    struct cursor cursor = {0};
    int directory_fd;
    enum err err = file_open_directory(directory, &directory_fd, fault);
    if (err != OK) {
        return err;
    }
    err = read_cursor(directory_fd, directory, name, &cursor, fault);
    close(directory_fd);
    if (err == OK) {
        *out = cursor;
    }
    return err;
}

enum err cursor_save(const char *directory, const char *name, const struct cursor *cursor,
                     struct fault *fault)
{
    struct buffer text;
    int directory_fd;
    buffer_init(&text, FILE_MAX);
    cursor_write(&text, cursor);
    enum err err = buffer_result(&text) == OK ? OK : fault_no_memory(fault);
    if (err == OK) {
        err = file_open_directory(directory, &directory_fd, fault);
    }
    if (err == OK) {
        if (file_replace_at(directory_fd, name, buffer_slice(&text), 0600) != OK) {
            err = file_failed(fault, "save the cursor", directory, name);
        }
        close(directory_fd);
    }
    buffer_done(&text);
    return err;
}

static enum err highest(DIR *listing, const char *directory, uint64_t *out, struct fault *fault)
{
    uint64_t known = 0;
    enum err err = OK;
    const struct dirent *item;
    while (err == OK && (errno = 0, item = readdir(listing)) != NULL) {
        struct cursor cursor = {0};
        if (item->d_name[0] != '.' && !is_temporary(item->d_name)) {
            err = read_cursor(dirfd(listing), directory, item->d_name, &cursor, fault);
        }
        known = err == OK && cursor.next > known ? cursor.next : known;
    }
    if (err == OK && errno != 0) {
        err = file_failed(fault, "list the folder", directory, NULL);
    }
    if (err == OK) {
        *out = known;
    }
    return err;
}

enum err cursor_known_size(const char *directory, uint64_t *out, struct fault *fault)
{
    DIR *listing = opendir(directory);
    if (listing != NULL) {
        enum err err = highest(listing, directory, out, fault);
        closedir(listing);
        return err;
    }
    if (errno != ENOENT) {
        return file_failed(fault, "open the folder", directory, NULL);
    }
    *out = 0;
    return OK;
}
