/* Ways to a receiver, one table entry each (transport.c): an open file now, networks later. A
 * transport belongs to one sink's thread; only transport_find may be called from anywhere.
 *
 * The order of a life: make, then open; send and sync as often as wanted; shut and open again to
 * turn over (a rotated file, a lost connection); free. */
#ifndef AUDIT_SINKS_TRANSPORT_H
#define AUDIT_SINKS_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/error.h"
#include "audit/base/fault.h"
#include "audit/sinks/batch.h"
#include "audit/sinks/cursor.h"

#define TRANSPORT_NOTES 4

struct transport_options {
    const char *url;    /* borrowed while make runs */
    const char *log_id; /* as in render_options; must outlive the transport */
    uint32_t mode;      /* of files it creates */
};

/* Something opening did or met that a person should know. */
struct transport_note {
    const char *what;
    char file[512];
    uint64_t offset; /* where, in octets */
    uint64_t octets; /* how many */
};

/* What opening found out. */
struct transport_found {
    uint64_t next;  /* the receiver surely has everything below this; 0: it cannot tell */
    bool lost;      /* and nothing from there on, although the cursor says so: go back to next */
    char from[512]; /* whose word that is: a file */
    struct transport_note notes[TRANSPORT_NOTES];
    size_t note_count;
};

/* Embedded as the first member of each transport's own struct. */
struct transport {
    const struct transport_type *type;
};

struct transport_type {
    const char *scheme; /* "file" of file:///path */

    /* Reads the URL; touches nothing. ERR_CONFIGURATION, ERR_NO_MEMORY. */
    enum err (*make)(const struct transport_options *options, struct transport **out,
                     struct fault *fault);

    /* Could it be opened? Changes nothing. ERR_CONFIGURATION: what is there is no receiver; ERR_IO:
     * there is none just now. */
    enum err (*look)(const struct transport *transport, struct fault *fault);

    /* Gets ready to send, and finds out how far the receiver is. saved: the cursor as it was last
     * saved. May be called again after a failure or after shut. */
    enum err (*open)(struct transport *transport, const struct cursor *saved,
                     struct transport_found *out, struct fault *fault);

    /* Sends the lines from batch->sent on and moves batch->sent over each line that went whole,
     * on failure too. After a failure the next send must begin with the same line, unless sync
     * failed or it was shut in between. ERR_CLOSED: the receiver is gone and must be opened anew;
     * everything sent since the last good sync goes again. */
    enum err (*send)(struct transport *transport, struct batch *batch, struct fault *fault);

    /* Makes what was sent durable with the receiver, as far as the transport can, and writes its
     * note for the cursor. On failure everything sent since the last good sync is undone: the sink
     * sends it again. ERR_CLOSED as in send. */
    enum err (*sync)(struct transport *transport, char out_place[CURSOR_PLACE_BYTES],
                     struct fault *fault);

    /* Asked about once a second: is the receiver still the one that was opened? ERR_CLOSED: it is
     * gone. What a person should know, though nothing is wrong, goes into the note (what stays NULL
     * otherwise). */
    enum err (*check)(struct transport *transport, struct transport_note *out_note,
                      struct fault *fault);

    /* Lets go of the receiver; a line that went only in part is taken back. */
    void (*shut)(struct transport *transport);

    /* Shuts and frees. */
    void (*free)(struct transport *transport);
};

/* The transport that the URL's scheme names, or NULL. */
const struct transport_type *transport_find(const char *url);

/* Fills a note; a file's name that is too long is cut. file may be NULL. */
void transport_note_set(struct transport_note *note, const char *what, const char *file,
                        uint64_t offset, uint64_t octets);

/* Adds a note, if there is room. */
void transport_note_add(struct transport_found *found, const char *what, const char *file,
                        uint64_t offset, uint64_t octets);

extern const struct transport_type transport_file;

#endif
