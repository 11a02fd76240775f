#include <stdio.h>
#include <string.h>

#include "ipc/client/client.h"

static const char status_help[] =
    "usage: guardianctl status\n\n"
    "Says how the guardian is: version, log, sinks (how far each is behind), GeoIP database,\n"
    "connections. Below operator, auditor and workflow only version and state are shown.\n";

static void print_pair(const char *label, const struct json *object, const char *name)
{
    struct slice text = output_member(object, name);
    if (text.length > 0) {
        printf("%-18s", label);
        output_text(text, 0);
        putchar('\n');
    }
}

static void print_sinks(const struct json *sinks)
{
    printf("\n%-16s %-9s %12s %10s  %s\n", "SINK", "STATE", "NEXT INDEX", "BEHIND", "URL");
    for (const struct json *sink = sinks->child; sink != NULL; sink = sink->next) {
        output_text(output_member(sink, "name"), 16);
        putchar(' ');
        output_text(output_member(sink, "state"), 9);
        struct slice cursor = output_member(sink, "cursor");
        struct slice lag = output_member(sink, "lag");
        printf(" %12.*s %10.*s  ", (int)cursor.length, cursor.data, (int)lag.length, lag.data);
        output_text(output_member(sink, "url"), 0);
        struct slice error = output_member(sink, "last_error");
        if (error.length > 0) {
            printf("\n%-16s last error: ", "");
            output_text(error, 0);
        }
        putchar('\n');
    }
}

static void print_status(const struct json *status)
{
    print_pair("version", status, "version");
    print_pair("state", status, "state");
    print_pair("you are", status, "login");
    print_pair("process", status, "pid");
    print_pair("up, seconds", status, "uptime_seconds");
    print_pair("configuration", status, "configuration");
    print_pair("state directory", status, "state_directory");
    const struct json *log = json_member(status, "log");
    if (log != NULL && log->kind == JSON_OBJECT) {
        print_pair("log entries", log, "size");
        print_pair("log segments", log, "segments");
        print_pair("disk free, octets", log, "bytes_free");
        print_pair("disk space low", log, "space_low");
    }
    const struct json *geoip = json_member(status, "geoip");
    if (geoip != NULL && geoip->kind == JSON_OBJECT) {
        print_pair("GeoIP loaded", geoip, "loaded");
        print_pair("GeoIP file", geoip, "path");
        print_pair("GeoIP built", geoip, "built");
        print_pair("GeoIP last error", geoip, "last_error");
    }
    const struct json *sinks = json_member(status, "sinks");
    if (sinks != NULL && sinks->kind == JSON_ARRAY) {
        print_sinks(sinks);
    }
}

enum client_exit command_status(struct client *client, int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(status_help, stdout);
        return client_finish(client, CLIENT_DONE);
    }
    if (argc > 1) {
        return client_usage(client, "status",
                            argv[1][0] == '-' ? "unknown option" : "unknown argument", argv[1]);
    }
    const struct json *status;
    enum client_exit code = client_call(client, "system.status", "", &status);
    if (code != CLIENT_DONE) {
        return code;
    }
    if (client->json) {
        client_print_json(status);
    } else {
        print_status(status);
    }
    return client_finish(client, CLIENT_DONE);
}
