#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/base/clock.h"
#include "audit/base/diag.h"
#include "ceremony/ceremony.h"
#include "ipc/daemon/daemon_inside.h"

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
    } else if (err != OK && !daemon->place_unseen) {
        diag_say(DIAG_WARNING, "the place of the log cannot be seen; recording goes on", "why",
                 fault.sentence, NULL);
    }
    daemon->place_unseen = err != OK;
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

/* A socket file that somebody removed: those who are connected stay, and nobody new comes. */
static void check_sockets(struct daemon *daemon)
{
    static const char scheme[] = "ipc://";
    const struct config *config = daemon->config;
    bool gone = false;
    struct stat status;
    for (size_t i = 0; i < config->listen_count; i++) {
        const char *path = config->listen[i].url + strlen(scheme);
        bool there = lstat(path, &status) == 0 || errno != ENOENT;
        if (!there && !daemon->sockets_gone) {
            diag_say(DIAG_ERROR,
                     "the socket was removed: nobody new can connect until the guardian is "
                     "started again",
                     "socket", path, NULL);
        }
        gone = gone || !there;
    }
    daemon->sockets_gone = gone;
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
    check_sockets(daemon);
    ceremonies_tick(daemon->ceremonies, &arena, clock_now_us());
    arena_done(&arena);
}
