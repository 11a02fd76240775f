#include <getopt.h>
#include <stdio.h>

#include "ipc/client/client.h"

static const char status_help[] =
    "usage: guardianctl status\n\n"
    "Says how the guardian is: version, log, sinks (how far each is behind), GeoIP database,\n"
    "connections. Below operator, auditor and workflow only version and state are shown.\n";

static const char catalogue_help[] =
    "usage: guardianctl catalogue list\n\n"
    "Lists every event type: its name for event.emit, the ID in the lines, severity, and who may\n"
    "emit it. --json shows fields and keys as well.\n";

/* Commands without options of their own: only --help. Returns -1 to go on. */
static int only_help(int argc, char **argv, const char *name, const char *text)
{
    static const struct option table[] = {{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    optind = 1;
    int letter = getopt_long(argc, argv, "h", table, NULL);
    if (letter == 'h') {
        fputs(text, stdout);
        return CLIENT_DONE;
    }
    if (letter != -1 || optind < argc) {
        return client_usage(name, "wrong argument", optind < argc ? argv[optind] : NULL);
    }
    return -1;
}

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
    int help = only_help(argc, argv, "status", status_help);
    if (help >= 0) {
        return (enum client_exit)help;
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
    return output_finish(CLIENT_DONE);
}

enum client_exit command_catalogue_list(struct client *client, int argc, char **argv)
{
    int help = only_help(argc, argv, "catalogue list", catalogue_help);
    if (help >= 0) {
        return (enum client_exit)help;
    }
    const struct json *catalogue;
    enum client_exit code = client_call(client, "catalogue.list", "", &catalogue);
    if (code != CLIENT_DONE) {
        return code;
    }
    const struct json *types = json_member(catalogue, "types");
    if (client->json) {
        client_print_json(catalogue);
    } else if (types != NULL && types->kind == JSON_ARRAY) {
        printf("%-36s %-8s %-3s %-9s %s\n", "TYPE", "ID", "SEV", "EMIT", "NAME");
        for (const struct json *type = types->child; type != NULL; type = type->next) {
            output_text(output_member(type, "type"), 36);
            putchar(' ');
            output_text(output_member(type, "id"), 8);
            putchar(' ');
            output_text(output_member(type, "severity"), 3);
            putchar(' ');
            output_text(output_member(type, "emit"), 9);
            putchar(' ');
            output_text(output_member(type, "name"), 0);
            putchar('\n');
        }
    }
    return output_finish(CLIENT_DONE);
}
