/* The configuration: one YAML file under one settings table (config.c), built and checked whole,
 * then swapped. Read-only once loaded; counted, so that whoever uses one keeps it alive. */
#ifndef IPC_DAEMON_CONFIG_H
#define IPC_DAEMON_CONFIG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/buffer.h"
#include "audit/base/error.h"
#include "audit/base/slice.h"
#include "audit/render/render.h"
#include "ipc/daemon/access.h"

#define CONFIG_LISTEN_MAX 8
#define CONFIG_ACCESS_MAX 256
#define CONFIG_SINKS_MAX 32
#define CONFIG_TYPES_MAX 32
#define CONFIG_PATH_BYTES 512
#define CONFIG_WORD_BYTES 128

struct config_listen {
    char url[CONFIG_PATH_BYTES];   /* ipc:///path */
    uint32_t mode;                 /* permission bits of the socket file, 0600 */
    char owner[CONFIG_WORD_BYTES]; /* user[:group], "" for the daemon's own */
};

struct config_sink {
    char name[64];               /* letters, digits, - and _ */
    char url[CONFIG_PATH_BYTES]; /* file:///path */
    enum format format;
    enum profile profile;
    enum envelope envelope;
    size_t limit;
    uint32_t mode;                                   /* of the file, 0640 */
    char types[CONFIG_TYPES_MAX][CONFIG_WORD_BYTES]; /* globs; none: all */
    size_t type_count;
    int severity_max; /* syslog severity: only events at least this grave (number <= it); 7 all */
    int line;         /* in the file, for errors */
};

struct config {
    char file[CONFIG_PATH_BYTES]; /* "" for embedded defaults */
    char file_hash[65];           /* SHA-256 of the file, hexadecimal */
    char state_directory[CONFIG_PATH_BYTES];

    char dvc[64]; /* address; default: the first non-loopback address, else 127.0.0.1 */
    char hostname[256];
    char cef_vendor[64], cef_product[64], cef_version[32];
    uint32_t enterprise_id;

    struct config_listen listen[CONFIG_LISTEN_MAX];
    size_t listen_count;
    struct access_entry *access; /* access_count of them */
    size_t access_count;

    struct {
        uint32_t connections;                         /* 256 */
        uint32_t workers;                             /* 64 */
        uint32_t in_flight;                           /* 64 messages of one connection */
        uint32_t message;                             /* octets, 4 MiB */
        uint32_t depth;                               /* JSON nesting, 32 */
        uint32_t members;                             /* of one array or object, 8192 */
        uint32_t batch;                               /* requests in one JSON-RPC batch, 256 */
        uint32_t handshake_ms, message_ms, answer_ms; /* 5000, 30000, 30000 */
        uint32_t commit_wait_ms;                      /* 5000 */
        uint32_t drain_ms;                            /* 5000 */
        bool require_memlock;                         /* no */
    } limits;

    struct {
        char city[CONFIG_PATH_BYTES]; /* "" for none */
        char language[16];
    } geoip;

    struct {
        uint32_t threshold_min, threshold_max; /* 2, 10 */
        uint64_t expires_ms;                   /* 30 days; 0: no end */
        bool retain_sealed, one_desk_recovery; /* no, yes */
        uint32_t lock_attempts;                /* 5 */
        uint64_t lock_ms;                      /* 15 min */
    } ceremony;

    struct {
        char id[17];      /* "" for none */
        uint64_t segment; /* octets, 64 MiB */
        uint64_t reserve; /* octets, 256 MiB */
    } log;

    struct config_sink *sinks;
    size_t sink_count;

    atomic_uint users; /* of config_hold and config_release alone */
};

#define CONFIG_FILE_MAX (1024 * 1024) /* octets */

/* Reads and checks the file. Every problem becomes one line "file:line: what is wrong, then what
 * would be right" in problems (all of them, not only the first; at most 200 are listed).
 * ERR_CONFIGURATION then. A file that cannot be read is one such line. ERR_NO_MEMORY. *out is
 * untouched on failure, else it has one user: the caller. Lists left out (listen, access, sinks)
 * are made as config_defaults makes them, below state.directory. Changes nothing on disk. Blocks
 * for the disk and for the system's user database. Thread-safe. */
MUST_CHECK enum err config_load(const char *file, struct config **out, struct buffer *problems);

/* As config_load, for a daemon that runs: a sink that could never write where it is pointed to is a
 * problem too, since a working one would be stopped for it. */
MUST_CHECK enum err config_reload(const char *file, struct config **out, struct buffer *problems);

/* The same as config_load from text in memory; name is what stands before the line numbers. */
MUST_CHECK enum err config_parse(struct slice text, const char *name, struct config **out,
                                 struct buffer *problems);

/* The embedded defaults: the private directory (config_paths.h), which is made if missing, an ipc
 * socket and one CEF file sink below it, the process's own uid as workflow; geoip.city is
 * GeoLite2-City.mmdb or GeoIP2-City.mmdb in that directory, in /var/lib/GeoIP or /usr/share/GeoIP,
 * if there is one. */
MUST_CHECK enum err config_defaults(struct config **out, struct buffer *problems);

/* As config_load (file NULL: as config_defaults, but the private directory is not made), and looks
 * at what the settings point to (config_look.h). What is only worth a warning becomes a line
 * "file:line: warning: …" too, and the result may be OK. Changes nothing on disk. */
MUST_CHECK enum err config_examine(const char *file, struct config **out, struct buffer *problems);

/* Appends one line for each setting that differs between the two and that a reload cannot change:
 * it takes a restart. Returns whether there is any. */
bool config_restart_needed(const struct config *before, const struct config *after,
                           struct buffer *lines);

/* One more user (returns config); one less (the last one frees). NULL is fine for release.
 * Thread-safe. */
struct config *config_hold(struct config *config);
void config_release(struct config *config);

#endif
