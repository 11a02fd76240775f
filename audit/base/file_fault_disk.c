#include "audit/base/file_fault_disk.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "audit/base/memory.h"

#define SECTOR_BYTES 512
#define NAME_BYTES 256

/* Content that a sector had after a write that is not certain yet. */
struct version {
    struct version *next;
    uint64_t sector;
    bool stale; /* a sync failed since: a later one does not make it certain */
    unsigned char octets[SECTOR_BYTES];
};

/* A name made, given or removed since the folder's last sync. */
struct change {
    struct change *next;
    struct node *node; /* NULL: removed */
    char name[NAME_BYTES];
    char from[NAME_BYTES]; /* the name it had before, or "" */
};

struct entry {
    struct entry *next;
    struct node *node;
    char name[NAME_BYTES];
};

/* Out of memory ends the test. */
static void *piece(size_t bytes)
{
    void *memory = memory_allocate_zeroed(bytes);
    assert(memory != NULL);
    return memory;
}

static void copy_name(char out[NAME_BYTES], const char *name)
{
    int length = snprintf(out, NAME_BYTES, "%s", name);
    assert(length >= 0 && length < NAME_BYTES);
}

struct node *node_new(struct node **nodes, const struct stat *status)
{
    struct node *node = piece(sizeof *node);
    node->device = status->st_dev;
    node->inode = status->st_ino;
    node->folder = S_ISDIR(status->st_mode);
    node->linked = true;
    node->versions_end = &node->versions;
    node->changes_end = &node->changes;
    node->next = *nodes;
    *nodes = node;
    return node;
}

void node_free(struct node *node)
{
    while (node->versions != NULL) {
        struct version *next = node->versions->next;
        memory_free(node->versions);
        node->versions = next;
    }
    while (node->changes != NULL) {
        struct change *next = node->changes->next;
        memory_free(node->changes);
        node->changes = next;
    }
    while (node->entries != NULL) {
        struct entry *next = node->entries->next;
        memory_free(node->entries);
        node->entries = next;
    }
    memory_free(node->now);
    memory_free(node->certain);
    memory_free(node);
}

struct node *node_find(struct node *nodes, const struct stat *status)
{
    struct node *node = nodes;
    while (node != NULL && (node->device != status->st_dev || node->inode != status->st_ino)) {
        node = node->next;
    }
    return node;
}

void node_rename(struct node *folder, struct node *node, const char *name, const char *from)
{
    struct change *change = piece(sizeof *change);
    change->node = node;
    copy_name(change->name, name);
    copy_name(change->from, from);
    *folder->changes_end = change;
    folder->changes_end = &change->next;
}

static void remove_entry(struct entry **entries, const char *name)
{
    for (struct entry **at = entries; *at != NULL; at = &(*at)->next) {
        if (strcmp((*at)->name, name) == 0) {
            struct entry *gone = *at;
            *at = gone->next;
            memory_free(gone);
            return;
        }
    }
}

static void apply_change(struct entry **entries, const struct change *change)
{
    remove_entry(entries, change->name);
    remove_entry(entries, change->from);
    if (change->node != NULL) {
        struct entry *entry = piece(sizeof *entry);
        entry->node = change->node;
        copy_name(entry->name, change->name);
        entry->next = *entries;
        *entries = entry;
    }
}

static void grow(struct node *node, uint64_t bytes)
{
    if (bytes <= node->room) {
        return;
    }
    uint64_t room = (bytes + 65535) / 65536 * 65536;
    unsigned char *now = piece((size_t)room);
    unsigned char *certain = piece((size_t)room);
    if (node->room > 0) {
        memcpy(now, node->now, (size_t)node->room);
        memcpy(certain, node->certain, (size_t)node->room);
    }
    memory_free(node->now);
    memory_free(node->certain);
    node->now = now;
    node->certain = certain;
    node->room = room;
}

void node_write(struct node *node, const struct iovec *pieces, int count, uint64_t offset,
                uint64_t length)
{
    uint64_t end = offset + length;
    grow(node, end);
    uint64_t at = offset;
    for (int i = 0; i < count && at < end; i++) {
        uint64_t some = pieces[i].iov_len < end - at ? pieces[i].iov_len : end - at;
        memcpy(node->now + at, pieces[i].iov_base, (size_t)some);
        at += some;
    }
    node->now_bytes = end > node->now_bytes ? end : node->now_bytes;
    for (uint64_t s = offset / SECTOR_BYTES; s * SECTOR_BYTES < end; s++) {
        struct version *version = piece(sizeof *version);
        version->sector = s;
        memcpy(version->octets, node->now + s * SECTOR_BYTES, SECTOR_BYTES);
        *node->versions_end = version;
        node->versions_end = &version->next;
    }
}

static void drop_versions(struct node *node, const bool *written)
{
    struct version **at = &node->versions;
    while (*at != NULL) {
        struct version *version = *at;
        if (written[version->sector]) {
            *at = version->next;
            memory_free(version);
        } else {
            at = &version->next;
        }
    }
    node->versions_end = at;
}

static void content_is_certain(struct node *node)
{
    bool *written = piece((size_t)(node->room / SECTOR_BYTES) + 1);
    for (const struct version *version = node->versions; version != NULL; version = version->next) {
        if (!version->stale) {
            memcpy(node->certain + version->sector * SECTOR_BYTES, version->octets, SECTOR_BYTES);
            written[version->sector] = true;
        }
    }
    drop_versions(node, written);
    memory_free(written);
    node->certain_bytes = node->now_bytes;
}

static void names_are_certain(struct node *folder)
{
    while (folder->changes != NULL) {
        struct change *change = folder->changes;
        apply_change(&folder->entries, change);
        folder->changes = change->next;
        memory_free(change);
    }
    folder->changes_end = &folder->changes;
}

static void import_file(struct node *node, int fd)
{
    struct stat status;
    int result = fstat(fd, &status);
    assert(result == 0);
    node->now_bytes = (uint64_t)status.st_size;
    grow(node, node->now_bytes);
    ssize_t got = pread(fd, node->now, (size_t)node->now_bytes, 0);
    assert(got == status.st_size);
    if (got > 0) {
        memcpy(node->certain, node->now, (size_t)got);
    }
    node->certain_bytes = node->now_bytes;
}

void node_import(struct node **nodes, struct node *folder, int fd)
{
    DIR *directory = fdopendir(dup(fd));
    assert(directory != NULL);
    const struct dirent *found;
    while ((found = readdir(directory)) != NULL) {
        struct stat status;
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) {
            continue;
        }
        int child = openat(fd, found->d_name, O_RDONLY);
        int result = fstat(child, &status);
        assert(child >= 0 && result == 0);
        struct change there = {.node = node_new(nodes, &status)};
        copy_name(there.name, found->d_name);
        apply_change(&folder->entries, &there);
        if (there.node->folder) {
            node_import(nodes, there.node, child);
        } else {
            import_file(there.node, child);
        }
        close(child);
    }
    closedir(directory);
}

void node_synced(struct node *node)
{
    if (node->folder) {
        names_are_certain(node);
    } else {
        content_is_certain(node);
    }
}

void node_sync_failed(struct node *node)
{
    for (struct version *version = node->versions; version != NULL; version = version->next) {
        version->stale = true;
    }
}

/* ---- what survives ---- */

enum keep { KEEP_NOTHING, KEEP_ALL, KEEP_FIRST, KEEP_ANY, KEEP_WAYS };

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return (*seed * UINT64_C(2685821657736338717)) >> 16;
}

static unsigned long how_many(enum keep keep, unsigned long count, uint64_t *seed)
{
    if (keep == KEEP_NOTHING) {
        return 0;
    }
    return keep == KEEP_ALL ? count : (unsigned long)(next_random(seed) % (count + 1));
}

static void survive_file(const struct node *node, int fd, enum keep keep, uint64_t *seed)
{
    unsigned char *octets = piece((size_t)node->room + 1);
    if (node->room > 0) {
        memcpy(octets, node->certain, (size_t)node->room);
    }
    unsigned long count = 0;
    for (const struct version *v = node->versions; v != NULL; v = v->next) {
        count++;
    }
    unsigned long first = how_many(keep, count, seed);
    for (const struct version *v = node->versions; v != NULL; v = v->next) {
        bool kept = keep == KEEP_ANY ? next_random(seed) % 2 == 0 : first > 0;
        first -= first > 0;
        if (kept) {
            memcpy(octets + v->sector * SECTOR_BYTES, v->octets, SECTOR_BYTES);
        }
    }
    bool grown = keep == KEEP_ALL || (keep != KEEP_NOTHING && next_random(seed) % 2 == 0);
    uint64_t bytes = grown ? node->now_bytes : node->certain_bytes;
    for (uint64_t at = 0; at < bytes;) {
        ssize_t some = write(fd, octets + at, (size_t)(bytes - at));
        assert(some > 0);
        at += (uint64_t)some;
    }
    memory_free(octets);
}

static void survive_folder(const struct node *folder, int target_fd, enum keep keep, uint64_t *seed)
{
    struct node left = {.versions_end = &left.versions};
    for (const struct entry *entry = folder->entries; entry != NULL; entry = entry->next) {
        struct change there = {.node = entry->node};
        copy_name(there.name, entry->name);
        apply_change(&left.entries, &there);
    }
    unsigned long count = 0;
    for (const struct change *change = folder->changes; change != NULL; change = change->next) {
        count++;
    }
    unsigned long first = how_many(keep, count, seed);
    for (const struct change *c = folder->changes; c != NULL && first > 0; c = c->next, first--) {
        apply_change(&left.entries, c);
    }
    while (left.entries != NULL) {
        struct entry *entry = left.entries;
        int result = entry->node->folder ? mkdirat(target_fd, entry->name, 0700) : 0;
        int flags = entry->node->folder ? O_RDONLY | O_DIRECTORY : O_WRONLY | O_CREAT | O_EXCL;
        int fd = openat(target_fd, entry->name, flags, 0600);
        assert(result == 0 && fd >= 0);
        if (entry->node->folder) {
            survive_folder(entry->node, fd, keep, seed);
        } else {
            survive_file(entry->node, fd, keep, seed);
        }
        close(fd);
        left.entries = entry->next;
        memory_free(entry);
    }
}

void node_survive(const struct node *folder, int target_fd, uint64_t seed)
{
    uint64_t random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    survive_folder(folder, target_fd, (enum keep)(seed % KEEP_WAYS), &random);
}
