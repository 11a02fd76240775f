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

/* The database to load. Without a file nobody asked for none: if the defaults find none any more,
 * it is the one in force that is missed. */
static const char *wanted_path(const struct config *config, const struct geoip_status *in_force)
{
    bool missed = config->file[0] == '\0' && config->geoip.city[0] == '\0' && in_force->loaded;
    return missed ? in_force->path : config->geoip.city;
}

void daemon_load_geoip(struct daemon *daemon, const struct config *config)
{
    char message[256] = "";
    struct geoip_status status;
    struct arena arena;
    arena_init(&arena, DAEMON_ARENA_BYTES);
    geoip_status(daemon->geoip, &status);
    const char *path = wanted_path(config, &status);
    enum geoip_err err = geoip_load(daemon->geoip, path, message, sizeof message);
    if (err != GEOIP_OK) {
        diag_say(DIAG_ERROR, "GeoIP database refused; the former one, if any, stays in use", "file",
                 path, "why", message, NULL);
        daemon_emit(daemon, &arena, geoip_refused_event(&arena, path, message));
    } else if (path[0] != '\0') {
        geoip_status(daemon->geoip, &status);
        diag_say(DIAG_NOTICE, "GeoIP database loaded", "file", status.path, NULL);
        daemon_emit(daemon, &arena, geoip_reloaded_event(&arena, &status));
    }
    arena_done(&arena);
}
