#include "ipc/daemon/config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/base/arena.h"
#include "audit/base/memory.h"
#include "ipc/daemon/config_build.h"
#include "ipc/daemon/config_look.h"
#include "ipc/daemon/config_paths.h"
#include "ipc/daemon/config_setting.h"
#include "ipc/daemon/config_yaml.h"

#define TREE_BYTES (16u * 1024 * 1024) /* more than CONFIG_YAML_NODES and their text can take */
#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define SECOND UINT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

#define MEMBER(type, member) \
    .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define COUNTED(type, member) .count_offset = offsetof(struct type, member)

/* Path, kind, default, least, most, how it changes; place; meaning. One row a key: read by people
 * and by tests/checks/settings.sh, so the layout is kept by hand. */
/* clang-format off */
const struct setting config_settings[] = {
    {"state", SETTING_SECTION, NULL, 0, 0, NEEDS_RESTART,
     .meaning = "what the guardian keeps"},
    {"state.directory", SETTING_PATH, CONFIG_SYSTEM_DIRECTORY, 1, 0, NEEDS_RESTART,
     MEMBER(config, state_directory), .meaning = "log, cursors, keys"},

    {"device", SETTING_SECTION, NULL, 0, 0, RELOADABLE,
     .meaning = "who sends the lines"},
    {"device.dvc", SETTING_ADDRESS, "", 0, 0, RELOADABLE,
     MEMBER(config, dvc), .meaning = "address; empty: the first that is not loopback"},
    {"device.hostname", SETTING_HOSTNAME, "", 0, 0, RELOADABLE,
     MEMBER(config, hostname), .meaning = "HOSTNAME of syslog headers; empty: the machine's name"},
    {"device.vendor", SETTING_TEXT, "MT4", 1, 0, RELOADABLE,
     MEMBER(config, cef_vendor), .meaning = "vendor in the CEF header, profile standard"},
    {"device.product", SETTING_TEXT, "master_key_guardian", 1, 0, RELOADABLE,
     MEMBER(config, cef_product), .meaning = "product in the CEF header, profile standard"},
    {"device.version", SETTING_TEXT, "3.27.0-4", 1, 0, RELOADABLE,
     MEMBER(config, cef_version), .meaning = "version in the CEF header"},
    {"device.enterprise_id", SETTING_NUMBER, "32473", 1, UINT32_MAX, RELOADABLE,
     MEMBER(config, enterprise_id), .meaning = "IANA private enterprise number"},

    {"listen", SETTING_LIST, NULL, 1, CONFIG_LISTEN_MAX, NEEDS_RESTART,
     MEMBER(config, listen), COUNTED(config, listen_count), .meaning = "where clients connect"},
    {"listen[].url", SETTING_LISTEN_URL, NULL, 1, 0, NEEDS_RESTART,
     MEMBER(config_listen, url), .meaning = "the socket"},
    {"listen[].mode", SETTING_MODE, "0600", 0, 0777, NEEDS_RESTART,
     MEMBER(config_listen, mode), .meaning = "permission bits of the socket file"},
    {"listen[].owner", SETTING_OWNER, "", 0, 0, NEEDS_RESTART,
     MEMBER(config_listen, owner), .meaning = "of the socket file; empty: the daemon's user"},

    {"access", SETTING_LIST, NULL, 0, CONFIG_ACCESS_MAX, RELOADABLE,
     .meaning = "who is who, and may what"},
    {"access[].uid", SETTING_USER, NULL, 0, 0, RELOADABLE,
     MEMBER(access_entry, uid), .meaning = "the user at the other end of an ipc:// socket"},
    {"access[].listener", SETTING_LATER, NULL, 0, 0, RELOADABLE,
     .meaning = "TLS listeners are not supported by this version; "
                "write uid, the user at the other end of an ipc:// socket"},
    {"access[].roles", SETTING_ROLES, NULL, 1, 0, RELOADABLE,
     MEMBER(access_entry, roles), .meaning = "what the user may do"},
    {"access[].login", SETTING_TEXT, NULL, 1, 0, RELOADABLE,
     MEMBER(access_entry, login), .meaning = "login in the audit trail"},
    {"access[].id", SETTING_TEXT, "", 0, 0, RELOADABLE,
     MEMBER(access_entry, id), .meaning = "user ID in the audit trail; empty: the uid"},
    {"access[].name", SETTING_TEXT, "", 0, 0, RELOADABLE,
     MEMBER(access_entry, name), .meaning = "full name; empty: the login"},
    {"access[].privilege", SETTING_TEXT, "", 0, 0, RELOADABLE,
     MEMBER(access_entry, privilege), .meaning = "privilege in the audit trail; empty: by role"},
    {"access[].types", SETTING_GLOBS, "", 0, ACCESS_TYPES_MAX, RELOADABLE,
     MEMBER(access_entry, types), COUNTED(access_entry, type_count),
     .meaning = "event types a producer may emit; none: all"},

    {"limits", SETTING_SECTION, NULL, 0, 0, RELOADABLE,
     .meaning = "what a caller may ask of the daemon"},
    {"limits.connections", SETTING_NUMBER, "256", 1, 10000, RELOADABLE,
     MEMBER(config, limits.connections), .meaning = "connections at a time"},
    {"limits.workers", SETTING_NUMBER, "64", 1, 1024, RELOADABLE,
     MEMBER(config, limits.workers), .meaning = "requests worked on at a time"},
    {"limits.in_flight", SETTING_NUMBER, "64", 1, 1024, RELOADABLE,
     MEMBER(config, limits.in_flight), .meaning = "messages of one connection under way"},
    {"limits.message", SETTING_SIZE, "4MiB", 4 * KIB, 64 * MIB, RELOADABLE,
     MEMBER(config, limits.message), .meaning = "largest message"},
    {"limits.depth", SETTING_NUMBER, "32", 8, 128, RELOADABLE,
     MEMBER(config, limits.depth), .meaning = "nesting of JSON"},
    {"limits.members", SETTING_NUMBER, "8192", 256, 1048576, RELOADABLE,
     MEMBER(config, limits.members), .meaning = "members of one JSON array or object"},
    {"limits.batch", SETTING_NUMBER, "256", 1, 4096, RELOADABLE,
     MEMBER(config, limits.batch), .meaning = "requests in one JSON-RPC batch"},
    {"limits.handshake_time", SETTING_DURATION, "5s", 100, 5 * MINUTE, RELOADABLE,
     MEMBER(config, limits.handshake_ms), .meaning = "for a new connection to say hello"},
    {"limits.message_time", SETTING_DURATION, "30s", 100, HOUR, RELOADABLE,
     MEMBER(config, limits.message_ms), .meaning = "for a message that has begun to arrive whole"},
    {"limits.answer_time", SETTING_DURATION, "30s", 100, HOUR, RELOADABLE,
     MEMBER(config, limits.answer_ms), .meaning = "for an answer to be read"},
    {"limits.commit_wait", SETTING_DURATION, "5s", 100, 5 * MINUTE, NEEDS_RESTART,
     MEMBER(config, limits.commit_wait_ms), .meaning = "for room in the journal"},
    {"limits.drain", SETTING_DURATION, "5s", 0, 10 * MINUTE, RELOADABLE,
     MEMBER(config, limits.drain_ms), .meaning = "for sinks to catch up when the daemon stops"},

    {"limits.require_memlock", SETTING_SWITCH, "no", 0, 0, NEEDS_RESTART,
     MEMBER(config, limits.require_memlock), .meaning = "do not start where memory cannot be locked"},

    {"geoip", SETTING_SECTION, NULL, 0, 0, RELOADABLE,
     .meaning = "where an address is"},
    {"geoip.city", SETTING_PATH, "", 0, 0, RELOADABLE,
     MEMBER(config, geoip.city), .meaning = "city database (MMDB); empty: none"},
    {"geoip.language", SETTING_LANGUAGE, "en", 1, 0, NEEDS_RESTART,
     MEMBER(config, geoip.language), .meaning = "of the names"},

    {"ceremony", SETTING_SECTION, NULL, 0, 0, RELOADABLE,
     .meaning = "what a ceremony may be"},
    {"ceremony.threshold_min", SETTING_NUMBER, "2", 2, 16, RELOADABLE,
     MEMBER(config, ceremony.threshold_min), .meaning = "parts that open a key, at least"},
    {"ceremony.threshold_max", SETTING_NUMBER, "10", 2, 16, RELOADABLE,
     MEMBER(config, ceremony.threshold_max), .meaning = "parts that open a key, at most"},
    {"ceremony.expires", SETTING_DURATION, "720h", 0, 366 * 24 * HOUR, RELOADABLE,
     MEMBER(config, ceremony.expires_ms), .meaning = "for guardians to collect their parts; 0s: no end"},
    {"ceremony.retain_sealed", SETTING_SWITCH, "no", 0, 0, RELOADABLE,
     MEMBER(config, ceremony.retain_sealed), .meaning = "keep sealed parts after completion"},
    {"ceremony.one_desk_recovery", SETTING_SWITCH, "yes", 0, 0, RELOADABLE,
     MEMBER(config, ceremony.one_desk_recovery),
     .meaning = "take all parts of a recovery from one caller"},
    {"ceremony.lock_attempts", SETTING_NUMBER, "5", 1, 1000, RELOADABLE,
     MEMBER(config, ceremony.lock_attempts), .meaning = "bad submissions that lock a login"},
    {"ceremony.lock_time", SETTING_DURATION, "15min", SECOND, 24 * HOUR, RELOADABLE,
     MEMBER(config, ceremony.lock_ms), .meaning = "within which they count, and for which it locks"},

    {"log", SETTING_SECTION, NULL, 0, 0, NEEDS_RESTART,
     .meaning = "the audit trail"},
    {"log.id", SETTING_LETTERS, "", 0, 0, NEEDS_RESTART,
     MEMBER(config, log.id), .meaning = "names this log in lines; empty: none"},
    {"log.segment", SETTING_SIZE, "64MiB", MIB, GIB, NEEDS_RESTART,
     MEMBER(config, log.segment), .meaning = "size of a journal file"},
    {"log.reserve", SETTING_SIZE, "256MiB", 0, 1024 * GIB, NEEDS_RESTART,
     MEMBER(config, log.reserve), .meaning = "disk space kept for operators and guardians"},

    {"sinks", SETTING_LIST, NULL, 0, CONFIG_SINKS_MAX, RELOADABLE,
     .meaning = "where lines go"},
    {"sinks[].name", SETTING_NAME, NULL, 1, 0, RELOADABLE,
     MEMBER(config_sink, name), .meaning = "names the sink and its cursor"},
    {"sinks[].url", SETTING_SINK_URL, NULL, 1, 0, RELOADABLE,
     MEMBER(config_sink, url), .meaning = "the file"},
    {"sinks[].format", SETTING_FORMAT, "cef", 0, 0, RELOADABLE,
     MEMBER(config_sink, format), .meaning = "cef, rfc5424 or sensage"},
    {"sinks[].profile", SETTING_PROFILE, "senhasegura", 0, 0, RELOADABLE,
     MEMBER(config_sink, profile), .meaning = "whose keys"},
    {"sinks[].envelope", SETTING_ENVELOPE, "none", 0, 0, RELOADABLE,
     MEMBER(config_sink, envelope), .meaning = "a syslog header before each line, or none"},
    {"sinks[].limit", SETTING_LIMIT, "none", RENDER_LIMIT_MIN, RENDER_LIMIT_MAX, RELOADABLE,
     MEMBER(config_sink, limit), .meaning = "longest line"},
    {"sinks[].mode", SETTING_MODE, "0640", 0, 0777, RELOADABLE,
     MEMBER(config_sink, mode), .meaning = "permission bits of the file"},
    {"sinks[].filter", SETTING_SECTION, NULL, 0, 0, RELOADABLE,
     .meaning = "which events"},
    {"sinks[].filter.types", SETTING_GLOBS, "", 0, CONFIG_TYPES_MAX, RELOADABLE,
     MEMBER(config_sink, types), COUNTED(config_sink, type_count),
     .meaning = "event types; none: all"},
    {"sinks[].filter.severity", SETTING_SEVERITY, "debug", 0, 7, RELOADABLE,
     MEMBER(config_sink, severity_max), .meaning = "events at least this grave"},
};
/* clang-format on */

const size_t config_setting_count = sizeof config_settings / sizeof config_settings[0];

/* ---- loading ------------------------------------------------------------------------------- */

static void note_origin(struct config *config, struct slice text, const char *name)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    assert(config != NULL);
    crypto_hash_sha256(hash, (const unsigned char *)text.data, text.length);
    sodium_bin2hex(config->file_hash, sizeof config->file_hash, hash, sizeof hash);
    snprintf(config->file, sizeof config->file, "%s", name);
}

static void check_text(struct slice text, struct problems *problems)
{
    if (strlen(problems->file) >= CONFIG_PATH_BYTES) {
        problem_add(problems, 1, "the name of the file is too long; at most %d octets",
                    CONFIG_PATH_BYTES - 1);
    }
    if (text.length > CONFIG_FILE_MAX) {
        problem_add(problems, 1, "the file is over 1 MiB; no configuration is that long");
    }
}

/* How far what the settings point to is looked at. */
enum look { LOOK_NOT, LOOK_FOR_RELOAD, LOOK_AT_ALL };

static void look_at(enum look look, const struct config *config, const struct config_node *root,
                    struct problems *problems)
{
    if (look == LOOK_AT_ALL) {
        config_look(config, root, problems);
    } else if (look == LOOK_FOR_RELOAD) {
        config_look_at_sinks(config, root, problems);
    }
}

static enum err parse(struct slice text, const char *name, enum look look, struct config **out,
                      struct buffer *lines)
{
    struct problems problems = {.lines = lines, .file = name};
    struct config *config = NULL;
    struct arena arena;
    arena_init(&arena, TREE_BYTES);
    check_text(text, &problems);
    if (problems.count == 0) {
        struct config_document document;
        config_yaml_read(&arena, text, &problems, &document);
        config = config_build(&document, &problems);
        if (config != NULL) {
            look_at(look, config, document.root, &problems);
        }
    }
    arena_done(&arena);
    enum err err = problems_result(&problems);
    if (err != OK) {
        config_release(config);
        return err;
    }
    note_origin(config, text, name);
    *out = config;
    return OK;
}

enum err config_parse(struct slice text, const char *name, struct config **out,
                      struct buffer *lines)
{
    return parse(text, name, LOOK_NOT, out, lines);
}

/* Reads to the end of the file, but no further than the buffer's maximum. */
static enum err read_all(int fd, struct buffer *text)
{
    for (;;) {
        size_t room = text->maximum - text->length < 65536 ? text->maximum - text->length : 65536;
        if (room == 0) {
            return OK;
        }
        if (!buffer_reserve(text, room)) {
            return buffer_result(text);
        }
        ssize_t got = read(fd, text->data + text->length, room);
        if (got == 0) {
            return OK;
        }
        if (got < 0 && errno != EINTR) {
            return ERR_IO;
        }
        text->length += got < 0 ? 0 : (size_t)got;
    }
}

static enum err read_file(const char *file, struct buffer *text, struct buffer *lines)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    enum err err = fd < 0 ? ERR_IO : read_all(fd, text);
    if (err == ERR_IO) {
        char reason[128];
        const char *said = strerror_r(errno, reason, sizeof reason);
        struct problems problems = {.lines = lines, .file = file};
        problem_add(&problems, 1,
                    "cannot be read (%s); give the path of a file that this user may read", said);
        err = problems_result(&problems);
    }
    if (fd >= 0) {
        close(fd);
    }
    return err;
}

static enum err load(const char *file, enum look look, struct config **out, struct buffer *lines)
{
    struct buffer text;
    buffer_init(&text, CONFIG_FILE_MAX + 1); /* one more, to see that it is too long */
    enum err err = read_file(file, &text, lines);
    if (err == OK) {
        err = parse(buffer_slice(&text), file, look, out, lines);
    }
    buffer_done(&text);
    return err;
}

enum err config_load(const char *file, struct config **out, struct buffer *lines)
{
    return load(file, LOOK_NOT, out, lines);
}

enum err config_reload(const char *file, struct config **out, struct buffer *lines)
{
    return load(file, LOOK_FOR_RELOAD, out, lines);
}

/* Without a file, the City database is found where people put it: in the private directory, or
 * where geoipupdate does. */
static void find_city(struct config *config)
{
    const char *const folders[] = {config->state_directory, "/var/lib/GeoIP", "/usr/share/GeoIP"};
    static const char *const names[] = {"GeoLite2-City.mmdb", "GeoIP2-City.mmdb"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++) {
            char path[CONFIG_PATH_BYTES + 32];
            int length = snprintf(path, sizeof path, "%s/%s", folders[i], names[j]);
            if (length < CONFIG_PATH_BYTES && access(path, R_OK) == 0) {
                memcpy(config->geoip.city, path, (size_t)length + 1);
                return;
            }
        }
    }
}

static enum err defaults(enum look look, struct config **out, struct buffer *lines)
{
    struct problems problems = {.lines = lines};
    struct fault fault;
    char directory[CONFIG_PATH_BYTES];
    if (config_private_directory(directory, sizeof directory, &fault) != OK ||
        (look == LOOK_NOT && config_directory_make(directory, &fault) != OK)) {
        problem_add(&problems, 0, "%s", fault.sentence);
        return problems_result(&problems);
    }
    struct config *config = config_build_defaults(directory, &problems);
    if (config != NULL) {
        find_city(config);
    }
    if (config != NULL) {
        look_at(look, config, NULL, &problems);
    }
    enum err err = problems_result(&problems);
    if (err != OK) {
        config_release(config);
        return err;
    }
    *out = config;
    return OK;
}

enum err config_defaults(struct config **out, struct buffer *lines)
{
    return defaults(LOOK_NOT, out, lines);
}

enum err config_examine(const char *file, struct config **out, struct buffer *lines)
{
    return file == NULL ? defaults(LOOK_AT_ALL, out, lines) : load(file, LOOK_AT_ALL, out, lines);
}

struct config *config_hold(struct config *config)
{
    atomic_fetch_add_explicit(&config->users, 1, memory_order_relaxed);
    return config;
}

void config_release(struct config *config)
{
    if (config == NULL || atomic_fetch_sub_explicit(&config->users, 1, memory_order_acq_rel) != 1) {
        return;
    }
    memory_free(config->access);
    memory_free(config->sinks);
    memory_free(config);
}

/* ---- what a reload cannot change ------------------------------------------------------------ */

static bool differs(const struct setting *setting, const struct config *before,
                    const struct config *after)
{
    const char *old = (const char *)before;
    const char *new = (const char *)after;
    if (setting->kind == SETTING_LIST &&
        memcmp(old + setting->count_offset, new + setting->count_offset, sizeof(size_t)) != 0) {
        return true;
    }
    /* Whole arrays are compared: everything behind a text's end is zero, because places are filled
     * once, in zeroed memory. */
    return memcmp(old + setting->offset, new + setting->offset, setting->size) != 0;
}

bool config_restart_needed(const struct config *before, const struct config *after,
                           struct buffer *lines)
{
    bool needed = false;
    for (size_t i = 0; i < config_setting_count; i++) {
        const struct setting *setting = &config_settings[i];
        bool ours = setting->change == NEEDS_RESTART && setting->kind != SETTING_SECTION &&
                    strstr(setting->path, "[]") == NULL;
        if (ours && differs(setting, before, after)) {
            buffer_append_format(lines, "%s has changed; it takes effect after a restart\n",
                                 setting->path);
            needed = true;
        }
    }
    return needed;
}
