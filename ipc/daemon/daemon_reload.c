#include <stdio.h>
#include <string.h>

#include "audit/base/diag.h"
#include "audit/base/utf8.h"
#include "ipc/daemon/daemon_inside.h"

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
    bool embedded = daemon->config->file[0] == '\0';
    if (event != NULL) {
        event_set_text(event, FIELD_FNAME,
                       slice_of(embedded ? "embedded defaults" : daemon->config->file));
    }
    if (event != NULL && !embedded) {
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
    daemon_set_ceremonies(daemon, config);
    emit_reloaded(daemon, arena, before->file_hash);
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
                       : config_reload(daemon->config->file, &config, &problems);
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
    daemon_load_geoip(daemon, daemon->config);
    daemon_reload_sinks(daemon, daemon->config);
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
