/* guardianctl guardian …: the register of those who hold parts. */
#include <stdio.h>
#include <string.h>

#include "ipc/client/verb.h"

#define PARAMS_BYTES 65536

static const char add_help[] =
    "usage: guardianctl guardian add LOGIN --name NAME --id ID --public-key age1…\n"
    "                            [--email E] [--phone P] [--privilege P]\n\n"
    "Registers a guardian. The key is the guardian's own: made on the guardian's own machine with\n"
    "guardianctl key new, which prints the age1… to register. Whoever could register a key of his\n"
    "own in a guardian's place would get that guardian's parts, so compare the fingerprint by "
    "voice.\n\n"
    "  --name NAME        full name\n"
    "  --id ID            user ID in the trail\n"
    "  --public-key KEY   age1…; without one a guardian can only be in tracked ceremonies\n"
    "  --email, --phone   how to reach the guardian; both may change later\n"
    "  --privilege P      privilege in the trail (User)\n"
    "  --help             print this\n\n"
    "Next: guardianctl ceremony start. --json prints the guardian's entry.\n";

static const char update_help[] =
    "usage: guardianctl guardian update LOGIN [--name N] [--id I] [--public-key age1…]\n"
    "                               [--email E] [--phone P] [--privilege P] [--reason R]\n\n"
    "Changes what is given and leaves the rest. A new key holds for ceremonies to come: parts "
    "that\n"
    "were sealed to the old one stay so, and are opened with the old key file.\n";

static const char list_help[] =
    "usage: guardianctl guardian list\n\n"
    "Shows all guardians: whether active, key fingerprint, and the ceremony and part dealt last.\n"
    "Someone who is a guardian alone sees the own entry.\n";

static const char show_help[] =
    "usage: guardianctl guardian show [LOGIN]\n\n"
    "Shows one guardian, without LOGIN yourself: how to reach, key and fingerprint, when parts "
    "were\n"
    "viewed, downloaded and proven last.\n\n"
    "Compare the fingerprint by voice with what the guardian's own machine says:\n"
    "  guardianctl key public --fingerprint FILE\n";

static const char activate_help[] = "usage: guardianctl guardian activate LOGIN [--reason R]\n\n"
                                    "Lets an inactive guardian take and confirm parts again.\n";

static const char deactivate_help[] =
    "usage: guardianctl guardian deactivate LOGIN [--reason R]\n\n"
    "The guardian gets no parts any more and can neither view nor confirm those there are. Parts\n"
    "that were collected stay valid: they open the key as before. If the guardian holds a part of "
    "a\n"
    "live ceremony, that is told to the SIEM as Inactive Guardian.\n";

/* What add and update take. */
struct entry_options {
    const char *login, *name, *id, *key, *email, *phone, *privilege, *reason;
};

/* ---- showing -----------------------------------------------------------------------------------
 */

static void print_entry(const struct json *guardian)
{
    static const char *const rows[][2] = {{"login", "login"},
                                          {"name", "name"},
                                          {"id", "id"},
                                          {"status", "user_status"},
                                          {"email", "email"},
                                          {"phone", "phone"},
                                          {"privilege", "privilege"},
                                          {"public key", "public_key"},
                                          {"fingerprint", "fingerprint"}};
    static const char *const moments[][2] = {{"added", "added"},
                                             {"last login", "last_login"},
                                             {"last viewed", "last_viewed"},
                                             {"downloaded", "last_download"},
                                             {"last proof", "last_proof"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        output_pair(rows[i][0], output_member(guardian, rows[i][1]));
    }
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        struct slice time = output_member(guardian, moments[i][1]);
        if (time.length > 0) {
            printf("%-13s", moments[i][0]);
            output_moment(time, 0);
            putchar('\n');
        }
    }
    struct slice ceremony = output_member(guardian, "ceremony");
    if (ceremony.length > 0) {
        fputs("last part    ", stdout);
        output_text(output_member(guardian, "part_status"), 0);
        fputs(", ceremony ", stdout);
        output_text(ceremony, 0);
        fputs(" (", stdout);
        output_text(output_member(guardian, "ceremony_status"), 0);
        fputs(")\n", stdout);
    }
}

static void advise_voice(const struct json *guardian)
{
    if (output_member(guardian, "fingerprint").length > 0) {
        fputs("\nCompare the fingerprint by voice with what the guardian's own machine says:\n"
              "  guardianctl key public --fingerprint FILE\n"
              "If they differ, somebody else would get this guardian's parts.\n",
              stdout);
    }
}

static void print_row(const struct json *guardian)
{
    static const struct {
        const char *name;
        size_t columns;
    } cells[] = {{"login", 14},       {"name", 22},        {"id", 6},
                 {"user_status", 8},  {"fingerprint", 19}, {"ceremony_status", 9},
                 {"part_status", 10}, {"last_viewed", 0}};
    size_t count = sizeof cells / sizeof cells[0];
    for (size_t i = 0; i + 1 < count; i++) {
        struct slice text = output_member(guardian, cells[i].name);
        output_text(text.length == 0 ? slice_of("-") : text, cells[i].columns);
        putchar(' ');
    }
    output_moment(output_member(guardian, cells[count - 1].name), 0);
    putchar('\n');
}

static enum client_exit show_answer(const struct client *client, const struct json *guardian,
                                    const char *next)
{
    if (client->json) {
        client_print_json(guardian);
    } else {
        print_entry(guardian);
        if (next == NULL) {
            advise_voice(guardian);
        } else {
            fputs(next, stdout);
        }
    }
    return client_finish(client, CLIENT_DONE);
}

enum client_exit command_guardian_list(struct client *client, int argc, char **argv)
{
    const struct verb_option options[] = {{.name = NULL}};
    const struct verb_argument arguments[] = {{.name = NULL}};
    const struct verb verb = {"guardian list", list_help, options, arguments};
    const struct json *answer;
    int done = verb_read(client, &verb, argc, argv);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    enum client_exit code = client_call(client, "guardian.list", "", &answer);
    if (code != CLIENT_DONE) {
        return code;
    }
    const struct json *list = client_list(answer, "guardians");
    if (client->json) {
        client_print_json(answer);
    } else if (list == NULL || list->child == NULL) {
        puts("There are no guardians. guardianctl guardian add registers one.");
    } else {
        printf("%-14s %-22s %-6s %-8s %-19s %-9s %-10s %s\n", "LOGIN", "NAME", "ID", "STATUS",
               "FINGERPRINT", "CEREMONY", "PART", "LAST VIEWED");
        for (const struct json *guardian = list->child; guardian != NULL;
             guardian = guardian->next) {
            print_row(guardian);
        }
    }
    return client_finish(client, CLIENT_DONE);
}

enum client_exit command_guardian_show(struct client *client, int argc, char **argv)
{
    const char *login = NULL;
    const struct verb_option options[] = {{.name = NULL}};
    const struct verb_argument arguments[] = {{"LOGIN", &login, true}, {.name = NULL}};
    const struct verb verb = {"guardian show", show_help, options, arguments};
    const struct json *answer;
    struct buffer params;
    int done = verb_read(client, &verb, argc, argv);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    buffer_init(&params, PARAMS_BYTES);
    params_text(&params, "login", login);
    enum client_exit code = client_call_params(client, "guardian.show", &params, &answer);
    buffer_done(&params);
    return code == CLIENT_DONE ? show_answer(client, answer, NULL) : code;
}

/* ---- changing ----------------------------------------------------------------------------------
 */

static enum client_exit change(struct client *client, const char *method,
                               const struct entry_options *entry, const char *next)
{
    const struct json *answer;
    struct buffer params;
    buffer_init(&params, PARAMS_BYTES);
    params_text(&params, "login", entry->login);
    params_text(&params, "name", entry->name);
    params_text(&params, "id", entry->id);
    params_text(&params, "email", entry->email);
    params_text(&params, "phone", entry->phone);
    params_text(&params, "privilege", entry->privilege);
    params_text(&params, "public_key", entry->key);
    params_text(&params, "reason", entry->reason);
    enum client_exit code = client_act(client, method, &params, &answer);
    buffer_done(&params);
    return code == CLIENT_DONE ? show_answer(client, answer, next) : code;
}

enum client_exit command_guardian_add(struct client *client, int argc, char **argv)
{
    struct entry_options entry = {0};
    const struct verb_option options[] = {{.name = "name", .required = true, .text = &entry.name},
                                          {.name = "id", .required = true, .text = &entry.id},
                                          {.name = "public-key", .text = &entry.key},
                                          {.name = "email", .text = &entry.email},
                                          {.name = "phone", .text = &entry.phone},
                                          {.name = "privilege", .text = &entry.privilege},
                                          {.name = NULL}};
    const struct verb_argument arguments[] = {{"LOGIN", &entry.login, false}, {.name = NULL}};
    const struct verb verb = {"guardian add", add_help, options, arguments};
    int done = verb_read(client, &verb, argc, argv);
    return done >= 0 ? (enum client_exit)done : change(client, "guardian.add", &entry, NULL);
}

enum client_exit command_guardian_update(struct client *client, int argc, char **argv)
{
    struct entry_options entry = {0};
    const struct verb_option options[] = {
        {.name = "name", .text = &entry.name},      {.name = "id", .text = &entry.id},
        {.name = "public-key", .text = &entry.key}, {.name = "email", .text = &entry.email},
        {.name = "phone", .text = &entry.phone},    {.name = "privilege", .text = &entry.privilege},
        {.name = "reason", .text = &entry.reason},  {.name = NULL}};
    const struct verb_argument arguments[] = {{"LOGIN", &entry.login, false}, {.name = NULL}};
    const struct verb verb = {"guardian update", update_help, options, arguments};
    int done = verb_read(client, &verb, argc, argv);
    return done >= 0 ? (enum client_exit)done
                     : change(client, "guardian.update", &entry, entry.key == NULL ? "" : NULL);
}

static enum client_exit set_active(struct client *client, int argc, char **argv, bool active)
{
    struct entry_options entry = {0};
    const struct verb_option options[] = {{.name = "reason", .text = &entry.reason},
                                          {.name = NULL}};
    const struct verb_argument arguments[] = {{"LOGIN", &entry.login, false}, {.name = NULL}};
    const struct verb verb = {active ? "guardian activate" : "guardian deactivate",
                              active ? activate_help : deactivate_help, options, arguments};
    int done = verb_read(client, &verb, argc, argv);
    return done >= 0
               ? (enum client_exit)done
               : change(client, active ? "guardian.activate" : "guardian.deactivate", &entry, "");
}

enum client_exit command_guardian_activate(struct client *client, int argc, char **argv)
{
    return set_active(client, argc, argv, true);
}

enum client_exit command_guardian_deactivate(struct client *client, int argc, char **argv)
{
    return set_active(client, argc, argv, false);
}
