#include <stdio.h>
#include <string.h>

#include "audit/base/diag.h"
#include "ipc/daemon/daemon_inside.h"

void daemon_cursors_folder(const struct config *config, char out[FOLDER_BYTES])
{
    snprintf(out, FOLDER_BYTES, "%s/sinks", config->state_directory);
}

static enum err start_sink(struct daemon *daemon, struct config *config,
                           const struct config_sink *settings, struct daemon_sink *out,
                           struct fault *fault)
{
    char cursors[FOLDER_BYTES];
    daemon_cursors_folder(config, cursors);
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

enum err daemon_start_sinks(struct daemon *daemon, struct fault *fault)
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

void daemon_stop_sinks(struct daemon *daemon)
{
    for (size_t i = 0; i < daemon->sink_count; i++) {
        sink_ask_stop(daemon->sinks[i].sink, daemon->config->limits.drain_ms);
    }
    for (size_t i = 0; i < daemon->sink_count; i++) {
        sink_stop(daemon->sinks[i].sink, daemon->config->limits.drain_ms);
        config_release(daemon->sinks[i].config);
    }
    daemon->sink_count = 0;
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

void daemon_reload_sinks(struct daemon *daemon, struct config *config)
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
