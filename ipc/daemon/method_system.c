#include <unistd.h>

#include "audit/base/clock.h"
#include "ipc/daemon/methods.h"
#include "ipc/daemon/write.h"

enum err method_system_ping(struct call *call, struct buffer *result, struct fault *fault)
{
    (void)fault;
    buffer_append_format(result, "{\"version\":\"%s\",\"pid\":%d", GUARDIAN_VERSION, (int)getpid());
    write_time(result, "time", call->now_us);
    buffer_append_char(result, '}');
    return OK;
}

static void write_log(struct call *call, struct buffer *result)
{
    struct log_status log;
    log_status(call->daemon->log, &log);
    buffer_append_format(result,
                         ",\"log\":{\"size\":%llu,\"segments\":%llu,\"commits\":%llu,"
                         "\"bytes_free\":%llu,\"reserve_bytes\":%llu,\"space_low\":%s}",
                         (unsigned long long)log.size, (unsigned long long)log.segments,
                         (unsigned long long)log.commits, (unsigned long long)log.bytes_free,
                         (unsigned long long)log.reserve_bytes, log.space_low ? "true" : "false");
}

static void write_sinks(struct call *call, struct buffer *result)
{
    struct daemon *daemon = call->daemon;
    buffer_append_text(result, ",\"sinks\":[");
    pthread_mutex_lock(&daemon->lock);
    for (size_t i = 0; i < daemon->sink_count; i++) {
        struct sink_status sink;
        sink_status(daemon->sinks[i].sink, &sink);
        buffer_append_text(result, i == 0 ? "{\"name\":" : ",{\"name\":");
        json_write_string(result, slice_of(sink.name));
        write_text(result, "url", slice_of(sink.url));
        write_text(result, "state", slice_of(sink.failing ? "failing" : "running"));
        buffer_append_format(result, ",\"cursor\":%llu,\"lag\":%llu,\"lines\":%llu",
                             (unsigned long long)sink.cursor, (unsigned long long)sink.lag,
                             (unsigned long long)sink.lines);
        if (sink.last_error[0] != '\0') {
            write_text(result, "last_error", slice_of(sink.last_error));
        }
        buffer_append_char(result, '}');
    }
    pthread_mutex_unlock(&daemon->lock);
    buffer_append_char(result, ']');
}

static void write_geoip(struct call *call, struct buffer *result)
{
    struct geoip_status geoip;
    geoip_status(call->daemon->geoip, &geoip);
    buffer_append_format(result, ",\"geoip\":{\"loaded\":%s", geoip.loaded ? "true" : "false");
    if (geoip.loaded) {
        write_text(result, "path", slice_of(geoip.path));
        write_text(result, "file_hash", slice_of(geoip.file_hash));
        write_time(result, "built", geoip.build_time_s * 1000000);
    }
    if (geoip.last_error[0] != '\0') {
        write_text(result, "last_error", slice_of(geoip.last_error));
    }
    buffer_append_format(result, ",\"lookups\":%llu,\"cache_hits\":%llu}",
                         (unsigned long long)geoip.lookups, (unsigned long long)geoip.cache_hits);
}

static void write_server(struct call *call, struct buffer *result)
{
    struct server_status server;
    pthread_mutex_lock(&call->daemon->lock); /* start puts the pointer there under it */
    struct server *running = call->daemon->server;
    pthread_mutex_unlock(&call->daemon->lock);
    server_status(running, &server);
    buffer_append_format(result,
                         ",\"connections\":{\"open\":%u,\"accepted\":%llu,\"refused\":%llu,"
                         "\"messages\":%llu}",
                         server.connections, (unsigned long long)server.accepted,
                         (unsigned long long)server.refused, (unsigned long long)server.messages);
}

static void write_limits(struct call *call, struct buffer *result)
{
    buffer_append_format(result,
                         ",\"limits\":{\"message\":%u,\"depth\":%u,\"members\":%u,\"batch\":%u,"
                         "\"in_flight\":%u,\"connections\":%u}",
                         call->config->limits.message, call->config->limits.depth,
                         call->config->limits.members, call->config->limits.batch,
                         call->config->limits.in_flight, call->config->limits.connections);
}

enum err method_system_status(struct call *call, struct buffer *result, struct fault *fault)
{
    (void)fault;
    const unsigned sees_all = ROLE_OPERATOR | ROLE_AUDITOR | ROLE_WORKFLOW;
    bool failed = log_failed(call->daemon->log);
    buffer_append_format(result, "{\"version\":\"%s\",\"state\":\"%s\"", GUARDIAN_VERSION,
                         failed ? "log_failed" : "running");
    write_text(result, "login", slice_of(call->peer->login));
    if ((call->peer->roles & sees_all) != 0) {
        int64_t uptime_ms = clock_boot_ms() - call->daemon->started_ms;
        buffer_append_format(result, ",\"pid\":%d,\"uptime_seconds\":%lld", (int)getpid(),
                             (long long)(uptime_ms / 1000));
        write_text(result, "configuration", slice_of(call->config->file));
        write_text(result, "state_directory", slice_of(call->config->state_directory));
        write_log(call, result);
        write_sinks(call, result);
        write_geoip(call, result);
        write_server(call, result);
        write_limits(call, result);
    }
    buffer_append_char(result, '}');
    return OK;
}
