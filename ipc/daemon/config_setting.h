/* The one table of settings (config.c). It drives reading, defaults, the words of every complaint,
 * what a reload can change, and the check that guardian.yaml lists every key with its default. */
#ifndef IPC_DAEMON_CONFIG_SETTING_H
#define IPC_DAEMON_CONFIG_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/base/slice.h"

enum setting_kind {
    SETTING_SECTION, /* a map of settings */
    SETTING_LIST,    /* a list of maps; its members' paths begin with "path[]." */
    SETTING_LATER,   /* part of the contract, not of this version: refused in so many words */
    /* groups of words; their place is an array of strings, or enum roles or-ed */
    SETTING_ROLES,
    SETTING_GLOBS,
    /* single values; setting_read knows them */
    SETTING_TEXT,       /* printable UTF-8 */
    SETTING_PATH,       /* absolute */
    SETTING_ADDRESS,    /* IPv4 or IPv6 */
    SETTING_HOSTNAME,   /* printable ASCII without space (RFC 5424) */
    SETTING_LETTERS,    /* letters and digits */
    SETTING_NAME,       /* letters, digits, - and _ */
    SETTING_LANGUAGE,   /* letters and - */
    SETTING_NUMBER,     /* whole */
    SETTING_SIZE,       /* octets; KiB, MiB, GiB */
    SETTING_DURATION,   /* milliseconds; ms, s, min, h */
    SETTING_SWITCH,     /* bool; yes and no, true and false */
    SETTING_LIMIT,      /* octets as SIZE, 0 and none: no limit */
    SETTING_MODE,       /* permission bits, octal with a leading 0 */
    SETTING_USER,       /* number or name -> uid */
    SETTING_OWNER,      /* user[:group], each number or name */
    SETTING_LISTEN_URL, /* ipc:///path */
    SETTING_SINK_URL,   /* file:///path */
    SETTING_FORMAT,
    SETTING_PROFILE,
    SETTING_ENVELOPE,
    SETTING_SEVERITY, /* syslog's word or number */
};

enum setting_change { RELOADABLE, NEEDS_RESTART };

struct setting {
    const char *path; /* "limits.workers", "sinks[].filter.types" */
    enum setting_kind kind;
    const char *standard; /* the default as the file would have it; NULL: must be given, or (list)
                             made from other settings */
    uint64_t min, max;    /* of numbers, sizes, durations (ms), modes; of a list its length; of text
                             min 1 means: not empty */
    enum setting_change change;
    size_t offset, size; /* place in struct config, or in the struct of its list's elements */
    size_t count_offset; /* of SETTING_GLOBS: place of the size_t that counts */
    const char *meaning;
};

extern const struct setting config_settings[];
extern const size_t config_setting_count;

/* Does the setting stand directly in this group ("" for the top level, "limits", "sinks[]")? */
bool setting_is_in(const struct setting *setting, const char *group);

/* The last word of the path: the key in the file. */
const char *setting_key(const struct setting *setting);

/* Is there such a key in this group? */
bool setting_is_known(const char *group, struct slice key);

/* For a key that is not known there: "did you mean 'workers'?" if one is close, else all of the
 * group. */
void setting_advise(const char *group, struct slice key, char *out, size_t size);

#endif
