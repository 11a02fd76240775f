#include "ipc/daemon/daemon.h"

#include <stdio.h>

#include "audit/base/clock.h"
#include "audit/base/diag.h"
#include "audit/base/file.h"
#include "ipc/daemon/daemon_inside.h"

#define FIRST_SEGMENT_BYTES (1024u * 1024)

struct config *daemon_config(struct daemon *daemon)
{
    pthread_mutex_lock(&daemon->lock);
    struct config *config = config_hold(daemon->config);
    pthread_mutex_unlock(&daemon->lock);
    return config;
}

enum err daemon_emit(struct daemon *daemon, struct arena *arena, struct event *event)
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

static enum err make_folders(const struct config *config, struct fault *fault)
{
    char cursors[FOLDER_BYTES];
    daemon_cursors_folder(config, cursors);
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
    daemon_cursors_folder(daemon->config, cursors);
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

void daemon_set_ceremonies(struct daemon *daemon, const struct config *config)
{
    const struct ceremony_settings settings = {
        .threshold_min = config->ceremony.threshold_min,
        .threshold_max = config->ceremony.threshold_max,
        .expires_s = (int64_t)(config->ceremony.expires_ms / 1000),
        .retain_sealed = config->ceremony.retain_sealed,
        .one_desk_recovery = config->ceremony.one_desk_recovery,
        .lock_attempts = config->ceremony.lock_attempts,
        .lock_window_s = (int64_t)(config->ceremony.lock_ms / 1000)};
    ceremonies_set(daemon->ceremonies, &settings);
}

static enum err open_ceremonies(struct daemon *daemon, struct fault *fault)
{
    char path[FOLDER_BYTES];
    snprintf(path, sizeof path, "%s/guardian.db", daemon->config->state_directory);
    enum err err = ceremonies_new(path, daemon->log, daemon->trail, daemon->new_database,
                                  &daemon->ceremonies, fault);
    if (err == OK) {
        daemon_set_ceremonies(daemon, daemon->config);
    }
    return err;
}

/* Is the last entry of the log, if there is one, that the daemon stopped? */
static bool ended_cleanly(struct daemon *daemon, struct arena *arena)
{
    struct log_reader *reader;
    struct slice record;
    struct event *last;
    struct fault fault;
    uint64_t size = log_size(daemon->log);
    if (size == 0 || log_reader_open(daemon->log, &reader) != OK) {
        return true;
    }
    bool clean = log_read(reader, size - 1, &record, &fault) == OK &&
                 event_decode(arena, record, (int64_t)(size - 1), &last, &fault) == OK &&
                 last->type == catalogue_type(EVENT_DAEMON_STOPPED);
    log_reader_close(reader);
    return clean;
}

static struct event *started_event(struct daemon *daemon, struct arena *arena)
{
    struct event *event = event_new(arena, EVENT_DAEMON_STARTED);
    if (event != NULL) {
        event_set_text(event, FIELD_VERSION, slice_of(GUARDIAN_VERSION));
    }
    if (event != NULL && !ended_cleanly(daemon, arena)) {
        event_set_text(event, FIELD_REASON, slice_of("the last run was not stopped cleanly"));
    }
    return event;
}

/* Bound before anything is told: a guardian that cannot be reached does not say again and again
 * that it started. */
static enum err bind_server(struct daemon *daemon, struct fault *fault)
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
    return server_bind(server, fault);
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
    err = open_ceremonies(daemon, fault);
    if (err == OK) {
        err = daemon_start_sinks(daemon, fault);
    }
    if (err == OK) {
        err = bind_server(daemon, fault);
    }
    if (err != OK) {
        return err;
    }
    arena_init(&arena, DAEMON_ARENA_BYTES);
    daemon_emit(daemon, &arena, started_event(daemon, &arena));
    arena_done(&arena);
    daemon_load_geoip(daemon, daemon->config);
    return server_listen(daemon->server, fault);
}

static void stop_rooms(struct daemon *daemon)
{
    daemon_stop_sinks(daemon);
    log_close(daemon->log);
    dispatch_free(daemon->dispatch);
    ceremonies_free(daemon->ceremonies);
    trail_free(daemon->trail);
    geoip_free(daemon->geoip);
    config_release(daemon->config);
    pthread_mutex_destroy(&daemon->lock);
}

enum err daemon_start(struct daemon *daemon, struct config *config, bool new_database,
                      struct fault *fault)
{
    daemon->config = config;
    daemon->new_database = new_database;
    daemon->started_ms = clock_boot_ms();
    pthread_mutex_init(&daemon->lock, NULL);
    enum err err = start_rooms(daemon, fault);
    if (err != OK) {
        server_stop(daemon->server);
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
    /* what was under way may have met it just now */
    bool failed = log_failed(daemon->log) || ceremonies_failed(daemon->ceremonies);
    stop_rooms(daemon);
    return failed;
}
