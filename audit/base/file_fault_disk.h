/* For file_fault.c alone: files and folders as the kernel shows them and as the disk surely has
 * them. What the model is stands in file_fault.h. Not thread-safe: file_fault.c holds a lock. */
#ifndef AUDIT_BASE_FILE_FAULT_DISK_H
#define AUDIT_BASE_FILE_FAULT_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct iovec;
struct version;
struct change;
struct entry;

/* A file or folder. */
struct node {
    struct node *next; /* of all; the newest first */
    dev_t device;
    ino_t inode;
    bool folder;
    bool linked;            /* has a name now */
    unsigned char *now;     /* what a reader gets: `room` octets, zeros beyond the size */
    unsigned char *certain; /* what surely survives: `room` octets */
    uint64_t room;
    uint64_t now_bytes;
    uint64_t certain_bytes;
    struct version *versions; /* of sectors, since they were certain; oldest first */
    struct version **versions_end;
    struct entry *entries;  /* of a folder: names that surely survive */
    struct change *changes; /* of a folder: what happened to names since; oldest first */
    struct change **changes_end;
};

/* Puts a node in front of the list; whoever keeps the list frees. Out of memory ends the test. */
struct node *node_new(struct node **nodes, const struct stat *status);
void node_free(struct node *node);

/* The newest node of that file, NULL if there is none: inode numbers are used again. */
struct node *node_find(struct node *nodes, const struct stat *status);

/* Takes what the folder (open as fd) holds, and its folders, as certain. */
void node_import(struct node **nodes, struct node *folder, int fd);

/* A write of `length` octets out of the pieces. */
void node_write(struct node *node, const struct iovec *pieces, int count, uint64_t offset,
                uint64_t length);

/* A name made, given (it was called `from` before) or removed (node is NULL). */
void node_rename(struct node *folder, struct node *node, const char *name, const char *from);

/* A sync: all that is written, or all names, are certain now. */
void node_synced(struct node *node);

/* A sync that failed: what is written stays uncertain until it is written again. */
void node_sync_failed(struct node *node);

/* Makes the open folder hold what survives of this one. See file_fault_survive. */
void node_survive(const struct node *folder, int target_fd, uint64_t seed);

#endif
