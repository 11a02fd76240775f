/* Any octets as a configuration file: either a whole configuration or problems in clean lines. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/daemon/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool true_always)
{
    if (!true_always) {
        abort();
    }
}

static void check_lines(struct slice lines)
{
    must(lines.length != 0 && lines.data[lines.length - 1] == '\n');
    for (size_t i = 0; i < lines.length; i++) {
        unsigned char octet = (unsigned char)lines.data[i];
        must(octet == '\n' || (octet >= 0x20 && octet != 0x7f));
        bool begins = i == 0 || lines.data[i - 1] == '\n';
        must(!begins || (lines.length - i > 4 && memcmp(lines.data + i, "f.y:", 4) == 0));
    }
}

static void check_config(const struct config *config)
{
    must(config->listen_count >= 1 && config->listen_count <= CONFIG_LISTEN_MAX);
    must(config->access_count <= CONFIG_ACCESS_MAX && config->sink_count <= CONFIG_SINKS_MAX);
    must(config->state_directory[0] == '/' && config->dvc[0] != '\0');
    must(config->limits.workers >= 1 && config->limits.depth <= 128);
    for (size_t i = 0; i < config->access_count; i++) {
        must(config->access[i].roles != 0 && config->access[i].login[0] != '\0');
        must(config->access[i].uid != UINT32_MAX);
    }
    for (size_t i = 0; i < config->sink_count; i++) {
        must(strncmp(config->sinks[i].url, "file:///", 8) == 0);
        must(config->sinks[i].name[0] != '\0' && config->sinks[i].severity_max <= 7);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer problems;
    struct config *config = NULL;
    buffer_init(&problems, 1024 * 1024);
    enum err err =
        config_parse((struct slice){(const char *)data, size}, "f.y", &config, &problems);
    must(err == OK || err == ERR_CONFIGURATION);
    must((err == OK) == (config != NULL) && (err == OK) == (problems.length == 0));
    if (err == OK) {
        check_config(config);
    } else {
        check_lines(buffer_slice(&problems));
    }
    config_release(config);
    buffer_done(&problems);
    return 0;
}
