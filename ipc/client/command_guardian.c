/* guardianctl guardian …: the register of those who hold parts. */
#include <stdio.h>
#include <string.h>

#include "audit/base/uuid.h"
#include "ipc/client/verb.h"

#define PARAMS_BYTES 65536
#define HOLDERS_BYTES (16u * 1024 * 1024)

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
    "Shows all guardians: whether active, key fingerprint, how many parts of live ceremonies\n"
    "(open or completed) each holds, and the ceremony and part dealt last.\n"
    "Someone who is a guardian alone sees the own entry.\n";

static const char show_help[] =
    "usage: guardianctl guardian show [LOGIN]\n\n"
    "Shows one guardian, without LOGIN yourself: how to reach, key and fingerprint, when parts "
    "were\n"
    "viewed, downloaded and proven last, and the parts of all live ceremonies.\n\n"
    "Compare the fingerprint by voice with what the guardian's own machine says:\n"
    "  guardianctl key public --fingerprint FILE\n";

static const char activate_help[] = "usage: guardianctl guardian activate LOGIN [--reason R]\n\n"
                                    "Lets an inactive guardian take and confirm parts again.\n";

static const char deactivate_help[] =
    "usage: guardianctl guardian deactivate LOGIN [--reason R]\n\n"
    "The guardian gets no parts any more and can neither view nor confirm those there are. Parts\n"
    "that were collected stay valid: they open the key as before. If the guardian holds a part of "
    "a\n"
    "live ceremony, that is told to the SIEM as Inactive Guardian; those parts are shown.\n";

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

/* ---- parts of live ceremonies ------------------------------------------------------------------
 */

static bool is_live(const struct json *ceremony)
{
    struct slice state = output_member(ceremony, "state");
    return slice_is(state, "open") || slice_is(state, "completed");
}

static void print_live_part(const struct json *ceremony, const struct json *part, bool first)
{
    fputs(first ? "live parts   " : "             ", stdout);
    output_text(output_member(ceremony, "name"), 0);
    printf(" (%.8s, ", uuid_is(output_member(ceremony, "ceremony"))
                           ? output_member(ceremony, "ceremony").data
                           : "");
    output_text(output_member(ceremony, "state"), 0);
    fputs("): part ", stdout);
    output_text(output_member(part, "index"), 0);
    fputs(", ", stdout);
    output_text(output_member(part, "state"), 0);
    putchar('\n');
}

/* A part of a live ceremony, on the way through an answer of ceremony.list. */
struct live_part {
    const struct json *ceremony, *part;
};

/* The next one; false behind the last. Begins with all members NULL. */
static bool next_live(const struct json *answer, struct live_part *at)
{
    const struct json *list = client_list(answer, "ceremonies");
    if (at->part != NULL) {
        at->part = at->part->next;
    }
    while (at->part == NULL) {
        const struct json *first = list == NULL ? NULL : list->child;
        at->ceremony = at->ceremony == NULL ? first : at->ceremony->next;
        if (at->ceremony == NULL) {
            return false;
        }
        const struct json *parts =
            is_live(at->ceremony) ? client_list(at->ceremony, "parts") : NULL;
        at->part = parts == NULL ? NULL : parts->child;
    }
    return true;
}

/* The parts of all ceremonies that are open or completed, a line each: the entry knows the last one
 * alone. Nothing if the caller may not see them. *out_open: an open ceremony is among them. */
static void print_live(struct client *client, const char *login, bool *out_open)
{
    const struct json *answer;
    struct live_part at = {NULL, NULL};
    struct fault fault;
    bool first = true;
    *out_open = false;
    bool seen = client_try(client, "ceremony.list", "", &answer, &fault) == OK;
    while (seen && next_live(answer, &at)) {
        if (slice_is(output_member(at.part, "guardian"), login)) {
            print_live_part(at.ceremony, at.part, first);
            first = false;
            *out_open |= slice_is(output_member(at.ceremony, "state"), "open");
        }
    }
}

/* The holder of each live part, a JSON string a line; nothing if the caller may not see them. */
static enum client_exit list_holders(struct client *client, struct buffer *out)
{
    const struct json *answer;
    struct live_part at = {NULL, NULL};
    struct fault fault;
    enum err err = client_try(client, "ceremony.list", "", &answer, &fault);
    while (err == OK && next_live(answer, &at)) {
        json_write_string(out, output_member(at.part, "guardian"));
        buffer_append_char(out, '\n');
    }
    return err == ERR_CLOSED || err == ERR_TIMEOUT ? client_tell(client, &fault, 0, "")
                                                   : CLIENT_DONE;
}

static size_t count_held(const struct buffer *holders, struct slice login)
{
    size_t count = 0;
    struct buffer line;
    buffer_init(&line, PARAMS_BYTES);
    json_write_string(&line, login);
    buffer_append_char(&line, '\n');
    const char *at = holders->data;
    const char *end = holders->data == NULL ? NULL : holders->data + holders->length;
    while (at < end && buffer_result(&line) == OK) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = stop == NULL ? (size_t)(end - at) : (size_t)(stop - at) + 1;
        count += length == line.length && memcmp(at, line.data, length) == 0 ? 1 : 0;
        at += length;
    }
    buffer_done(&line);
    return count;
}

/* ---- rows --------------------------------------------------------------------------------------
 */

static void print_row(const struct json *guardian, const struct buffer *holders)
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
        if (strcmp(cells[i].name, "fingerprint") == 0) {
            printf("%-4zu ", count_held(holders, output_member(guardian, "login")));
        }
    }
    output_moment(output_member(guardian, cells[count - 1].name), 0);
    putchar('\n');
}

/* What stands behind the entry of a guardian. */
enum behind { BEHIND_NOTHING, BEHIND_VOICE, BEHIND_LIVE, BEHIND_LIVE_AND_VOICE, BEHIND_REST };

static void print_behind(struct client *client, const char *login, bool has_key, enum behind behind)
{
    bool open = false;
    if (behind >= BEHIND_LIVE) {
        print_live(client, login, &open);
    }
    if (behind == BEHIND_REST && open) {
        fputs(
            "\nAn open ceremony waits for this guardian in vain: cancel it and start another, or\n"
            "guardianctl guardian activate.\n",
            stdout);
    }
    if (has_key && (behind == BEHIND_VOICE || behind == BEHIND_LIVE_AND_VOICE)) {
        fputs("\nCompare the fingerprint by voice with what the guardian's own machine says:\n"
              "  guardianctl key public --fingerprint FILE\n"
              "If they differ, somebody else would get this guardian's parts.\n",
              stdout);
    }
}

static enum client_exit show_answer(struct client *client, const struct json *guardian,
                                    enum behind behind)
{
    char login[256];
    struct slice text = output_member(guardian, "login");
    bool has_key = output_member(guardian, "fingerprint").length > 0;
    snprintf(login, sizeof login, "%.*s", (int)(text.length > 255 ? 0 : text.length), text.data);
    if (client->json) {
        client_print_json(guardian);
    } else {
        print_entry(guardian);
        print_behind(client, login, has_key, behind); /* asks: the entry is gone */
    }
    return client_finish(client, CLIENT_DONE);
}

static void print_list(const struct client *client, const struct json *answer,
                       const struct buffer *holders)
{
    const struct json *list = client_list(answer, "guardians");
    if (client->json) {
        client_print_json(answer);
    } else if (list == NULL || list->child == NULL) {
        puts("There are no guardians. guardianctl guardian add registers one.");
    } else {
        printf("%-14s %-22s %-6s %-8s %-19s %-4s %-9s %-10s %s\n", "LOGIN", "NAME", "ID", "STATUS",
               "FINGERPRINT", "LIVE", "CEREMONY", "PART", "LAST VIEWED");
        for (const struct json *guardian = list->child; guardian != NULL;
             guardian = guardian->next) {
            print_row(guardian, holders);
        }
    }
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
    struct buffer holders;
    buffer_init(&holders, HOLDERS_BYTES);
    /* first: an answer lives until the next call */
    enum client_exit code = client->json ? CLIENT_DONE : list_holders(client, &holders);
    if (code == CLIENT_DONE) {
        code = client_call(client, "guardian.list", "", &answer);
    }
    if (code == CLIENT_DONE) {
        print_list(client, answer, &holders);
        code = client_finish(client, CLIENT_DONE);
    }
    buffer_done(&holders);
    return code;
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
    return code == CLIENT_DONE ? show_answer(client, answer, BEHIND_LIVE_AND_VOICE) : code;
}

/* ---- changing ----------------------------------------------------------------------------------
 */

static enum client_exit change(struct client *client, const char *method,
                               const struct entry_options *entry, enum behind behind)
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
    return code == CLIENT_DONE ? show_answer(client, answer, behind) : code;
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
    return done >= 0 ? (enum client_exit)done
                     : change(client, "guardian.add", &entry, BEHIND_VOICE);
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
                     : change(client, "guardian.update", &entry,
                              entry.key == NULL ? BEHIND_NOTHING : BEHIND_VOICE);
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
    return done >= 0 ? (enum client_exit)done
                     : change(client, active ? "guardian.activate" : "guardian.deactivate", &entry,
                              active ? BEHIND_LIVE : BEHIND_REST);
}

enum client_exit command_guardian_activate(struct client *client, int argc, char **argv)
{
    return set_active(client, argc, argv, true);
}

enum client_exit command_guardian_deactivate(struct client *client, int argc, char **argv)
{
    return set_active(client, argc, argv, false);
}
