/* guardianctl's main: general options and the table of commands. */
#include <getopt.h>
#include <locale.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/client/client.h"
#include "ipc/client/command_key.h"
#include "ipc/client/command_parts.h"
#include "ipc/client/command_render.h"
#include "ipc/daemon/config_paths.h"

struct command {
    const char *noun;
    const char *verb; /* NULL: the noun is all */
    enum client_exit (*run)(struct client *client, int argc, char **argv);
    const char *what;
};

static enum client_exit run_render(struct client *client, int argc, char **argv)
{
    (void)client; /* offline */
    return (enum client_exit)command_render(argc, argv);
}

static const struct command commands[] = {
    {"status", NULL, command_status, "how the guardian is: log, sinks, GeoIP database"},
    {"emit", NULL, command_emit, "record events, from key=value or JSON lines"},
    {"audit", "query", command_audit_query, "entries of the audit trail, filtered"},
    {"audit", "tail", command_audit_tail, "the newest entries, -f to follow"},
    {"audit", "show", command_audit_show, "one entry with all its fields"},
    {"catalogue", "list", command_catalogue_list, "event types, all or those of a pattern"},
    {"catalogue", "show", command_catalogue_show, "one event type with its fields"},
    {"guardian", "add", command_guardian_add, "register a guardian with the own public key"},
    {"guardian", "list", command_guardian_list, "all guardians, their keys and parts"},
    {"guardian", "show", command_guardian_show, "one guardian, the fingerprint to compare"},
    {"guardian", "update", command_guardian_update, "change a guardian's name, contact or key"},
    {"guardian", "deactivate", command_guardian_deactivate, "a guardian gets no parts any more"},
    {"guardian", "activate", command_guardian_activate, "a guardian may take part again"},
    {"ceremony", "start", command_ceremony_start, "make a key and share it among guardians"},
    {"ceremony", "status", command_ceremony_status, "one ceremony and its parts"},
    {"ceremony", "list", command_ceremony_list, "all ceremonies"},
    {"ceremony", "watch", command_ceremony_watch, "what guardians do, until all is done"},
    {"ceremony", "cancel", command_ceremony_cancel, "end an open ceremony, delete its parts"},
    {"ceremony", "track", command_ceremony_track, "record one whose key another system holds"},
    {"part", "view", command_part_view, "look at your own part"},
    {"part", "download", command_part_download, "write the page of your part to a file"},
    {"part", "confirm", command_part_confirm, "prove that you have its words"},
    {"recover", NULL, command_recover, "bring a key back from enough of its parts"},
    {"combine", NULL, command_combine, "parts of a key to the key, offline"},
    {"split", NULL, command_split, "a key to parts, offline, for rehearsals and tests"},
    {"key", "new", command_key_new, "make a guardian's own key file"},
    {"key", "public", command_key_public, "the public key of a guardian's key file"},
    {"key", "open", command_key_open, "open a recovered key that was delivered to you"},
    {"render", NULL, run_render, "records to CEF, RFC 5424 or Sensage lines, offline"},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void print_help(void)
{
    fputs("usage: guardianctl [--connect URL] [--json] [--timeout SECONDS]\n"
          "                   [--as LOGIN[:ID:NAME:PRIVILEGE]] [--from ADDRESS]\n"
          "                   COMMAND [ARGUMENTS]\n\n",
          stdout);
    for (size_t i = 0; i < COMMANDS; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s%s", commands[i].noun, commands[i].verb == NULL ? "" : " ",
                 commands[i].verb == NULL ? "" : commands[i].verb);
        printf("  %-20s %s\n", name, commands[i].what);
    }
    fputs(
        "\n"
        "  --connect URL    the daemon's socket, as in ipc:///run/guardian.sock; default:\n"
        "                   GUARDIAN_URL, else that of a daemon on embedded defaults\n"
        "  --json           one JSON document instead of tables, errors too (on standard error)\n"
        "  --timeout N      seconds to wait for the daemon, 1 to 3600 (60)\n"
        "  --as LOGIN…      for a workflow: the user it acts for. ID, NAME and PRIVILEGE are what\n"
        "                   the trail shall say; left out, a guardian's own, else LOGIN and User\n"
        "  --from ADDRESS   with --as: the address that user comes from\n"
        "  --version        print the version\n\n"
        "guardianctl COMMAND --help says more.\n"
        "exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 daemon not reached,\n"
        "4 verification found a fault.\n",
        stdout);
}

static bool read_timeout(const char *text, unsigned *out_ms)
{
    char *end;
    unsigned long seconds = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : 0;
    if (seconds < 1 || seconds > 3600 || *end != '\0') {
        return false;
    }
    *out_ms = (unsigned)seconds * 1000;
    return true;
}

/* Returns an exit code to end with, or -1; optind then stands at the command. */
static int read_options(int argc, char **argv, struct client *out)
{
    static const struct option table[] = {
        {"connect", required_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'},
        {"timeout", required_argument, NULL, 't'}, {"as", required_argument, NULL, 'a'},
        {"from", required_argument, NULL, 'f'},    {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    int letter;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, "+:h", table, NULL)) != -1) {
        switch (letter) {
        case 'c':
            out->place.url = optarg;
            out->place.source = "--connect";
            break;
        case 'j':
            out->json = true;
            break;
        case 't':
            if (!read_timeout(optarg, &out->place.timeout_ms)) {
                return client_usage(out, "", "--timeout takes 1 to 3600 seconds, not", optarg);
            }
            break;
        case 'a':
            out->as.option = optarg;
            break;
        case 'f':
            out->as.from = optarg;
            break;
        case 'v':
            printf("guardianctl %s\n", GUARDIAN_VERSION);
            return CLIENT_DONE;
        case 'h':
            print_help();
            return CLIENT_DONE;
        default:
            return client_wrong_option(out, "", letter, argv);
        }
    }
    if (out->as.from != NULL && out->as.option == NULL) {
        return client_usage(out, "", "--from goes with --as: whose address is it?", NULL);
    }
    const char *wrong = person_named_read(&out->as);
    return wrong == NULL ? -1 : (int)client_usage(out, "", wrong, out->as.option);
}

/* The command that argv[0] (and argv[1]) name; *out_words says how many words its name took. */
static const struct command *find_command(int argc, char **argv, int *out_words)
{
    for (size_t i = 0; i < COMMANDS && argc > 0; i++) {
        if (strcmp(commands[i].noun, argv[0]) != 0) {
            continue;
        }
        if (commands[i].verb == NULL) {
            *out_words = 1;
            return &commands[i];
        }
        if (argc > 1 && strcmp(commands[i].verb, argv[1]) == 0) {
            *out_words = 2;
            return &commands[i];
        }
    }
    return NULL;
}

/* --json behind the command is taken as well: people put it there. */
static int take_trailing_json(int argc, char **argv, struct client *client)
{
    int kept = 0;
    for (int i = 0; i < argc; i++) {
        if (i > 0 && strcmp(argv[i], "--json") == 0) {
            client->json = true;
        } else {
            argv[kept++] = argv[i];
        }
    }
    return kept;
}

static bool choose_url(struct session_place *place, char *text, size_t size)
{
    const char *environment = getenv("GUARDIAN_URL");
    const char *home = getenv("GUARDIAN_HOME");
    if (place->url != NULL) {
        return true;
    }
    if (environment != NULL && environment[0] != '\0') {
        place->url = environment;
        place->source = "GUARDIAN_URL";
        return true;
    }
    place->url = text;
    place->source = home != NULL && home[0] != '\0' ? "GUARDIAN_HOME"
                                                    : "the default, a daemon without configuration";
    return config_default_url(text, size) == OK;
}

/* What a noun alone says: its verbs. */
static enum client_exit wrong_command(const struct client *client, int argc, char **argv)
{
    char verbs[256] = "";
    size_t length = 0;
    for (size_t i = 0; i < COMMANDS && argc > 0; i++) {
        if (strcmp(commands[i].noun, argv[0]) == 0) {
            length += (size_t)snprintf(verbs + length, sizeof verbs - length, "%s%s",
                                       length == 0 ? "" : ", ", commands[i].verb);
        }
    }
    if (argc == 0) {
        return client_usage(client, "", "no command given", NULL);
    }
    if (length == 0) {
        return client_usage(client, "", "no such command:", argv[0]);
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        print_help();
        return client_finish(client, CLIENT_DONE);
    }
    char wrong[400];
    snprintf(wrong, sizeof wrong, "%s takes one of: %s%s", argv[0], verbs,
             argc > 1 ? "; there is no" : "");
    return client_usage(client, "", wrong, argc > 1 ? argv[1] : NULL);
}

int main(int argc, char **argv)
{
    struct client client = {.place.timeout_ms = 60000};
    char url[512];
    setlocale(LC_CTYPE, "");
    int done = read_options(argc, argv, &client);
    if (done >= 0) {
        return done;
    }
    argc -= optind;
    argv += optind;
    int words = 0;
    argc = take_trailing_json(argc, argv, &client);
    const struct command *command = find_command(argc, argv, &words);
    if (command == NULL) {
        return wrong_command(&client, argc, argv);
    }
    if (sodium_init() < 0 || !choose_url(&client.place, url, sizeof url)) {
        return client_usage(&client, "",
                            "the daemon's socket is not known: give it with --connect URL", NULL);
    }
    argc -= words - 1;
    arena_init(&client.arena, (size_t)1 << 30);
    enum client_exit code = command->run(&client, argc, argv + (words - 1));
    session_close(client.session);
    arena_done(&client.arena);
    return (int)code;
}
