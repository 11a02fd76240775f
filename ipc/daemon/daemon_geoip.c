#include "audit/base/diag.h"
#include "ipc/daemon/daemon_inside.h"

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

void daemon_load_geoip(struct daemon *daemon, const struct config *config)
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
