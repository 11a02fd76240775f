#include "ipc/daemon/daemon.h"

#include <stdio.h>
#include <string.h>

#include "audit/base/clock.h"
#include "audit/base/diag.h"
#include "audit/base/file.h"
#include "audit/base/utf8.h"
#include "ipc/daemon/config_paths.h"

#define FIRST_SEGMENT_BYTES (1024u * 1024)
#define DAEMON_ARENA_BYTES (1024u * 1024)
#define FOLDER_BYTES (CONFIG_PATH_BYTES + 16)

struct config *daemon_config(struct daemon *daemon)
{
    pthread_mutex_lock(&daemon->lock);
    struct config *config = config_hold(daemon->config);
    pthread_mutex_unlock(&daemon->lock);
    return config;
}

/* Emits one event of the daemon's own (urgent); a failure is said on stderr. */
static enum err daemon_emit(struct daemon *daemon, struct arena *arena, struct event *event)
{
    struct log_range range;
    struct fault fault;
    fault_clear(&fault);
    enum err err = event == NULL ? fault_no_memory(&fault) : OK;
    if (err == OK) {
        const struct trail_batch batch = {
            .events = &event, .count = 1, .now_us = clock_now_us(), .urgent = true};
        err = trail_emit(daemon->trail, arena, &batch, &range, &fault);
    }
    if (err != OK) {
        diag_say(DIAG_ERROR, "an event of the guardian's own could not be recorded", "type",
                 event == NULL ? "-" : event->type->type.data, "why", fault.sentence, NULL);
    }
    return err;
}

/* ---- start -------------------------------------------------------------------------------------
 */

static void cursors_folder(const struct config *config, char out[FOLDER_BYTES])
{
    snprintf(out, FOLDER_BYTES, "%s/sinks", config->state_directory);
}

static enum err make_folders(const struct config *config, struct fault *fault)
{
    char cursors[FOLDER_BYTES];
    cursors_folder(config, cursors);
    enum err err = config_directory_make(config->state_directory, fault);
    return err == OK ? file_make_directory(cursors, fault) : err;
}

static void say_opened(const struct log_opened *opened)
{
    char size[24];
    char detail[24];
    snprintf(size, sizeof size, "%llu", (unsigned long long)opened->size);
    if (opened->torn_removed) {
        snprintf(detail, sizeof detail, "%llu", (unsigned long long)opened->torn_offset);
        diag_say(DIAG_WARNING,
                 "a group that was never acknowledged was removed from the end of the log", "file",
                 opened->torn_file, "offset", detail, NULL);
    }
    diag_say(DIAG_NOTICE, opened->created ? "log created" : "log opened", "entries", size, NULL);
}

static enum err open_log(struct daemon *daemon, struct fault *fault)
{
    char folder[FOLDER_BYTES];
    char cursors[FOLDER_BYTES];
    snprintf(folder, sizeof folder, "%s/log", daemon->config->state_directory);
    cursors_folder(daemon->config, cursors);
    struct log_options options = {
        .directory = folder,
        .first_segment_bytes = FIRST_SEGMENT_BYTES,
        .segment_bytes = daemon->config->log.segment,
        .reserve_bytes = daemon->config->log.reserve,
        .commit_wait_ms = daemon->config->limits.commit_wait_ms,
    };
    enum err err = sink_known_size(cursors, &options.known_size, fault);
    if (err == OK) {
        err = log_open(&options, &daemon->log, &daemon->opened, fault);
    }
    if (err == OK) {
        say_opened(&daemon->opened);
    }
    return err;
}

static struct event *geoip_refused_event(struct arena *arena, const char *path, const char *message)
{
    struct event *event = event_new(arena, EVENT_GEOIP_REFUSED);
    if (event != NULL) {
        event_set_text(event, FIELD_FNAME, slice_of(path));
        event_set_text(event, FIELD_REASON, slice_of(message));
    }
    return event;
}

static struct event *geoip_reloaded_event(struct arena *arena, const struct geoip_status *status)
{
    struct event *event = event_new(arena, EVENT_GEOIP_RELOADED);
    struct slice hash = arena_copy(arena, slice_of(status->file_hash));
    if (event != NULL && hash.data != NULL) {
        event_set_text(event, FIELD_FNAME, slice_of(status->path));
        event_set_text(event, FIELD_FILE_HASH, hash);
        event_set_integer(event, FIELD_BUILD_TIME, status->build_time_s * 1000000);
    }
    return event;
}

/* Loads the database; tells whoever reads stderr and the trail how it went. */
static void load_geoip(struct daemon *daemon, const struct config *config)
{
    char message[256] = "";
    struct arena arena;
    arena_init(&arena, DAEMON_ARENA_BYTES);
    enum geoip_err err = geoip_load(daemon->geoip, config->geoip.city, message, sizeof message);
    if (err != GEOIP_OK) {
        diag_say(DIAG_ERROR, "GeoIP database refused; the former one, if any, stays in use", "file",
                 config->geoip.city, "why", message, NULL);
        daemon_emit(daemon, &arena, geoip_refused_event(&arena, config->geoip.city, message));
    } else if (config->geoip.city[0] != '\0') {
        struct geoip_status status;
        geoip_status(daemon->geoip, &status);
        diag_say(DIAG_NOTICE, "GeoIP database loaded", "file", status.path, NULL);
        daemon_emit(daemon, &arena, geoip_reloaded_event(&arena, &status));
    }
    arena_done(&arena);
}

static enum err start_sink(struct daemon *daemon, struct config *config,
                           const struct config_sink *settings, struct daemon_sink *out,
                           struct fault *fault)
{
    char cursors[FOLDER_BYTES];
    cursors_folder(config, cursors);
    struct sink_options options = {
        .name = settings->name,
        .url = settings->url,
        .cursor_directory = cursors,
        .mode = settings->mode,
        .type_count = settings->type_count,
        .severity_max = settings->severity_max,
    };
    render_defaults(&options.render);
    options.render.format = settings->format;
    options.render.profile = settings->profile;
    options.render.envelope = settings->envelope;
    options.render.limit = settings->limit;
    options.render.device_vendor = config->cef_vendor;
    options.render.device_product = config->cef_product;
    options.render.device_version = config->cef_version;
    options.render.device_hostname = config->hostname[0] == '\0' ? NULL : config->hostname;
    options.render.enterprise_id = config->enterprise_id;
    options.render.log_id = config->log.id[0] == '\0' ? NULL : config->log.id;
    for (size_t i = 0; i < settings->type_count; i++) {
        options.types[i] = settings->types[i];
    }
    enum err err = sink_start(&options, daemon->log, &out->sink, fault);
    if (err == OK) {
        out->settings = *settings;
        out->config = config_hold(config);
    }
    return err;
}

static enum err start_sinks(struct daemon *daemon, struct fault *fault)
{
    for (size_t i = 0; i < daemon->config->sink_count; i++) {
        enum err err = start_sink(daemon, daemon->config, &daemon->config->sinks[i],
                                  &daemon->sinks[daemon->sink_count], fault);
        if (err != OK) {
            return err;
        }
        daemon->sink_count++;
    }
    return OK;
}

static struct event *started_event(struct arena *arena)
{
    struct event *event = event_new(arena, EVENT_DAEMON_STARTED);
    if (event != NULL) {
        event_set_text(event, FIELD_VERSION, slice_of(GUARDIAN_VERSION));
    }
    return event;
}

static enum err start_server(struct daemon *daemon, struct fault *fault)
{
    struct server *server;
    enum err err = server_new(daemon->dispatch, daemon->config, &server, fault);
    if (err != OK) {
        return err;
    }
    /* There before anybody can ask for system.status; and no lock is held while listeners start or
     * are taken down, for that waits for callers who may want it. */
    pthread_mutex_lock(&daemon->lock);
    daemon->server = server;
    pthread_mutex_unlock(&daemon->lock);
    err = server_listen(server, fault);
    if (err != OK) {
        server_stop(server);
        daemon->server = NULL;
    }
    return err;
}

static enum err start_rooms(struct daemon *daemon, struct fault *fault)
{
    struct arena arena;
    enum err err = make_folders(daemon->config, fault);
    if (err == OK) {
        err = open_log(daemon, fault);
    }
    if (err != OK) {
        return err;
    }
    daemon->geoip = geoip_new(daemon->config->geoip.language);
    daemon->trail =
        daemon->geoip == NULL ? NULL : trail_new(daemon->log, daemon->geoip, daemon->config->dvc);
    daemon->dispatch = dispatch_new(daemon);
    if (daemon->trail == NULL || daemon->dispatch == NULL) {
        return fault_no_memory(fault);
    }
    err = start_sinks(daemon, fault);
    if (err != OK) {
        return err;
    }
    arena_init(&arena, DAEMON_ARENA_BYTES);
    daemon_emit(daemon, &arena, started_event(&arena));
    arena_done(&arena);
    load_geoip(daemon, daemon->config);
    return start_server(daemon, fault);
}

static void stop_rooms(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->sink_count; i++) {
        sink_ask_stop(daemon->sinks[i].sink, daemon->config->limits.drain_ms);
    }
    for (size_t i = 0; i < daemon->sink_count; i++) {
        sink_stop(daemon->sinks[i].sink, daemon->config->limits.drain_ms);
        config_release(daemon->sinks[i].config);
    }
    daemon->sink_count = 0;
    log_close(daemon->log);
    dispatch_free(daemon->dispatch);
    trail_free(daemon->trail);
    geoip_free(daemon->geoip);
    config_release(daemon->config);
    pthread_mutex_destroy(&daemon->lock);
}

enum err daemon_start(struct daemon *daemon, struct config *config, struct fault *fault)
{
    *daemon = (struct daemon){.config = config, .started_ms = clock_boot_ms()};
    pthread_mutex_init(&daemon->lock, NULL);
    enum err err = start_rooms(daemon, fault);
    if (err != OK) {
        stop_rooms(daemon);
    }
    return err;
}

bool daemon_stop(struct daemon *daemon, const char *reason)
{
    server_stop(daemon->server);
    dispatch_tick(daemon->dispatch, true);
    struct arena arena;
    arena_init(&arena, DAEMON_ARENA_BYTES);
    struct event *event = event_new(&arena, EVENT_DAEMON_STOPPED);
    if (event != NULL) {
        event_set_text(event, FIELD_VERSION, slice_of(GUARDIAN_VERSION));
        event_set_text(event, FIELD_REASON, slice_of(reason));
    }
    if (!log_failed(daemon->log)) {
        daemon_emit(daemon, &arena, event);
    }
    arena_done(&arena);
    bool failed = log_failed(daemon->log); /* what was under way may have met it just now */
    stop_rooms(daemon);
    return failed;
}

/* ---- every second ------------------------------------------------------------------------------
 */

static struct event *space_low_event(struct daemon *daemon, struct arena *arena,
                                     const struct log_status *log)
{
    struct event *event = event_new(arena, EVENT_LOG_SPACE_LOW);
    struct slice path = arena_copy(arena, slice_of(daemon->config->state_directory));
    if (event != NULL && path.data != NULL) {
        event_set_text(event, FIELD_FILE_PATH, path);
        event_set_integer(event, FIELD_SPACE_FREE, (int64_t)log->bytes_free);
        event_set_integer(event, FIELD_SPACE_RESERVE, (int64_t)log->reserve_bytes);
    }
    return event;
}

/* An event that the log does not take is tried again with the next tick. */
static void check_space(struct daemon *daemon, struct arena *arena)
{
    struct log_status log;
    log_status(daemon->log, &log);
    if (log.space_low && !daemon->space_low) {
        diag_say(DIAG_WARNING, "disk space for the log is low: event.emit is refused", "folder",
                 daemon->config->state_directory, NULL);
        daemon->space_untold = true;
    } else if (!log.space_low && daemon->space_low) {
        diag_say(DIAG_NOTICE, "disk space for the log is sufficient again", NULL);
    }
    if (daemon->space_untold) {
        daemon->space_untold =
            daemon_emit(daemon, arena, space_low_event(daemon, arena, &log)) != OK;
    }
    daemon->space_low = log.space_low;
}

/* Somebody removed the state under a running daemon, or put something else in its place: what would
 * be acknowledged now, nobody would find again. The log is dead then, which ends main's loop. */
static void check_place(struct daemon *daemon)
{
    struct fault fault;
    fault_clear(&fault);
    enum err err = log_check_place(daemon->log, &fault);
    if (err == ERR_DAMAGED) {
        diag_say(DIAG_ERROR, "the log is no longer in its place: nothing more is recorded", "why",
                 fault.sentence, NULL);
    }
}

/* A step of the clock: what it shows now against what it should show by the clock that only runs.
 */
static void check_clock(struct daemon *daemon, struct arena *arena)
{
    const int64_t step_us = 60 * INT64_C(1000000);
    int64_t now_us = clock_now_us();
    int64_t boot_ms = clock_boot_ms();
    int64_t expected_us = daemon->clock_us + (boot_ms - daemon->clock_boot_ms) * 1000;
    bool stepped = daemon->clock_boot_ms != 0 &&
                   (now_us > expected_us + step_us || now_us < expected_us - step_us);
    struct event *event = stepped ? event_new(arena, EVENT_DAEMON_CLOCK_CHANGED) : NULL;
    if (event != NULL) {
        event_set_integer(event, FIELD_CLOCK_BEFORE, expected_us);
        event_set_integer(event, FIELD_CLOCK_AFTER, now_us);
        daemon_emit(daemon, arena, event);
    }
    daemon->clock_us = now_us;
    daemon->clock_boot_ms = boot_ms;
}

void daemon_tick(struct daemon *daemon)
{
    struct arena arena;
    arena_init(&arena, DAEMON_ARENA_BYTES);
    check_place(daemon);
    if (log_failed(daemon->log)) {
        arena_done(&arena);
        return;
    }
    dispatch_tick(daemon->dispatch, false);
    check_clock(daemon, &arena);
    check_space(daemon, &arena);
    arena_done(&arena);
}

/* ---- reload ------------------------------------------------------------------------------------
 */

/* One message a line of text. */
static void say_lines(enum diag_level level, const char *what, const char *key,
                      const struct buffer *lines)
{
    size_t from = 0;
    for (size_t i = 0; i < lines->length; i++) {
        if (lines->data[i] == '\n') {
            char line[1024];
            size_t length = i - from < sizeof line - 1 ? i - from : sizeof line - 1;
            memcpy(line, lines->data + from, length);
            line[length] = '\0';
            diag_say(level, what, key, line, NULL);
            from = i + 1;
        }
    }
}

#define REASON_BYTES 1000

/* Every problem, in one line of text: "first; second; and 3 more". */
static struct slice join_problems(struct arena *arena, const struct buffer *problems)
{
    struct buffer joined;
    buffer_init(&joined, REASON_BYTES + 64);
    size_t more = 0;
    size_t from = 0;
    for (size_t i = 0; i < problems->length; i++) {
        if (problems->data[i] != '\n') {
            continue;
        }
        size_t length = i - from;
        if (more > 0 || (joined.length > 0 && joined.length + length > REASON_BYTES)) {
            more++;
        } else {
            buffer_append_text(&joined, joined.length == 0 ? "" : "; ");
            buffer_append(&joined, problems->data + from,
                          length > REASON_BYTES ? utf8_whole(problems->data + from, REASON_BYTES)
                                                : length);
        }
        from = i + 1;
    }
    if (more > 0) {
        char text[32];
        snprintf(text, sizeof text, "; and %zu more", more);
        buffer_append_text(&joined, text);
    }
    struct slice copy =
        arena_copy(arena, joined.length == 0 ? slice_of("out of memory") : buffer_slice(&joined));
    buffer_done(&joined);
    return copy;
}

static void refuse_config(struct daemon *daemon, struct arena *arena, const struct buffer *problems)
{
    say_lines(DIAG_ERROR, "configuration refused", "problem", problems);
    struct slice reason = join_problems(arena, problems);
    struct event *event = event_new(arena, EVENT_CONFIG_REFUSED);
    if (event != NULL && reason.data != NULL) {
        event_set_text(
            event, FIELD_FNAME,
            slice_of(daemon->config->file[0] == '\0' ? "embedded defaults" : daemon->config->file));
        event_set_text(event, FIELD_REASON, reason);
    }
    daemon_emit(daemon, arena, event);
}

static bool same_sink(const struct config_sink *a, const struct config_sink *b)
{
    struct config_sink x = *a;
    struct config_sink y = *b;
    x.line = y.line = 0;
    /* Whole structs: they are filled once, in zeroed memory. */
    // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c)
    return memcmp(&x, &y, sizeof x) == 0;
}

static bool same_device(const struct config *a, const struct config *b)
{
    return strcmp(a->hostname, b->hostname) == 0 && strcmp(a->cef_vendor, b->cef_vendor) == 0 &&
           strcmp(a->cef_product, b->cef_product) == 0 &&
           strcmp(a->cef_version, b->cef_version) == 0 && a->enterprise_id == b->enterprise_id;
}

static const struct config_sink *wanted_sink(const struct config *config,
                                             const struct daemon_sink *running)
{
    for (size_t i = 0; i < config->sink_count; i++) {
        if (same_sink(&config->sinks[i], &running->settings) &&
            same_device(config, running->config)) {
            return &config->sinks[i];
        }
    }
    return NULL;
}

static bool is_running(const struct daemon *daemon, const struct config_sink *settings)
{
    for (size_t i = 0; i < daemon->sink_count; i++) {
        if (strcmp(daemon->sinks[i].settings.name, settings->name) == 0) {
            return true;
        }
    }
    return false;
}

/* Sinks that stay are reopened, others leave the list and are asked to stop. How many; they drain
 * at the same time. */
static size_t part_sinks(struct daemon *daemon, const struct config *config,
                         struct daemon_sink gone[CONFIG_SINKS_MAX])
{
    size_t count = 0;
    size_t i = 0;
    while (i < daemon->sink_count) {
        if (wanted_sink(config, &daemon->sinks[i]) != NULL) {
            sink_reopen(daemon->sinks[i++].sink);
            continue;
        }
        gone[count] = daemon->sinks[i];
        sink_ask_stop(gone[count++].sink, config->limits.drain_ms);
        pthread_mutex_lock(&daemon->lock);
        daemon->sinks[i] = daemon->sinks[--daemon->sink_count];
        pthread_mutex_unlock(&daemon->lock);
    }
    return count;
}

/* The cursors of sinks that go stay, for a return under the same name. Only main changes the list;
 * the lock is for those who read it. */
static void reload_sinks(struct daemon *daemon, struct config *config)
{
    struct daemon_sink gone[CONFIG_SINKS_MAX];
    size_t gone_count = part_sinks(daemon, config, gone);
    for (size_t i = 0; i < gone_count; i++) {
        sink_stop(gone[i].sink, config->limits.drain_ms);
        config_release(gone[i].config);
    }
    for (size_t i = 0; i < config->sink_count; i++) {
        struct fault fault;
        struct daemon_sink added;
        fault_clear(&fault);
        if (is_running(daemon, &config->sinks[i])) {
            continue;
        }
        if (start_sink(daemon, config, &config->sinks[i], &added, &fault) != OK) {
            diag_say(DIAG_ERROR, "sink not started", "sink", config->sinks[i].name, "why",
                     fault.sentence, NULL);
            continue;
        }
        pthread_mutex_lock(&daemon->lock);
        daemon->sinks[daemon->sink_count++] = added;
        pthread_mutex_unlock(&daemon->lock);
    }
}

static void say_needs_restart(const struct config *before, const struct config *after)
{
    struct buffer lines;
    buffer_init(&lines, 65536);
    if (config_restart_needed(before, after, &lines)) {
        say_lines(DIAG_WARNING, "some changes take effect at the next start", "settings", &lines);
    }
    buffer_done(&lines);
}

static void emit_reloaded(struct daemon *daemon, struct arena *arena, const char *before_hash)
{
    struct event *event = event_new(arena, EVENT_CONFIG_RELOADED);
    if (event != NULL) {
        event_set_text(event, FIELD_FNAME, slice_of(daemon->config->file));
        event_set_text(event, FIELD_OLD_FILE_HASH, slice_of(before_hash));
        event_set_text(event, FIELD_FILE_HASH, slice_of(daemon->config->file_hash));
    }
    daemon_emit(daemon, arena, event);
}

static void use_config(struct daemon *daemon, struct arena *arena, struct config *config)
{
    struct config *before = daemon->config;
    say_needs_restart(before, config);
    /* Places on disk stay what they are until the next start. */
    memcpy(config->state_directory, before->state_directory, sizeof config->state_directory);
    config->log = before->log;
    pthread_mutex_lock(&daemon->lock);
    daemon->config = config;
    pthread_mutex_unlock(&daemon->lock);
    server_reconfigure(daemon->server, config);
    trail_set_dvc(daemon->trail, config->dvc);
    if (config->file[0] != '\0') {
        emit_reloaded(daemon, arena, before->file_hash);
    }
    config_release(before);
}

/* Reads the file, or the embedded defaults, which find a City database that came since. */
static bool reload_config(struct daemon *daemon, struct arena *arena)
{
    struct config *config = NULL;
    struct buffer problems;
    buffer_init(&problems, 1024 * 1024);
    enum err err = daemon->config->file[0] == '\0'
                       ? config_defaults(&config, &problems)
                       : config_load(daemon->config->file, &config, &problems);
    if (err == OK) {
        use_config(daemon, arena, config);
    } else {
        refuse_config(daemon, arena, &problems);
    }
    buffer_done(&problems);
    return err == OK;
}

void daemon_reload(struct daemon *daemon)
{
    struct arena arena;
    arena_init(&arena, DAEMON_ARENA_BYTES);
    bool taken = reload_config(daemon, &arena);
    load_geoip(daemon, daemon->config);
    reload_sinks(daemon, daemon->config);
    const char *file = daemon->config->file[0] == '\0' ? "embedded defaults" : daemon->config->file;
    if (taken) {
        diag_say(DIAG_NOTICE, "reloaded", "configuration", file, NULL);
    } else {
        diag_say(DIAG_ERROR,
                 "not reloaded: the former configuration stays in force; mend the problems above "
                 "and send SIGHUP again",
                 "configuration", file, NULL);
    }
    arena_done(&arena);
}
