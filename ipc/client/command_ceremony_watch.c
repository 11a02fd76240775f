/* guardianctl ceremony status|list|watch: how far a ceremony is. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ipc/client/ceremony_pick.h"
#include "ipc/client/verb.h"

#define WATCH_MS 500
#define PARTS_MAX 64 /* more than a ceremony has */

static const char status_help[] =
    "usage: guardianctl ceremony status CEREMONY\n\n"
    "Shows a ceremony: state, threshold, check value, and of every part whose it is and whether "
    "it\n"
    "was viewed, downloaded and confirmed. Guardians see their own ceremonies.\n\n" //
    CEREMONY_PICK_HELP;

static const char list_help[] = "usage: guardianctl ceremony list\n\n"
                                "Shows all ceremonies, a guardian's own to a guardian.\n";

static const char watch_help[] =
    "usage: guardianctl ceremony watch CEREMONY\n\n"
    "Prints a line whenever a guardian views, downloads or confirms, until the ceremony is "
    "completed\n"
    "(exit code 0), cancelled or expired (1). --json prints one document a change.\n\n" //
    CEREMONY_PICK_HELP;

/* ---- one ceremony ------------------------------------------------------------------------------
 */

static void print_head(const struct json *ceremony)
{
    struct slice check = output_member(ceremony, "check");
    struct slice recipient = output_member(ceremony, "recipient");
    bool rehearsal = slice_is(output_member(ceremony, "rehearsal"), "true");
    output_pair("ceremony", output_member(ceremony, "ceremony"));
    output_pair("name", output_member(ceremony, "name"));
    fputs("state        ", stdout);
    output_text(output_member(ceremony, "state"), 0);
    puts(rehearsal ? " (a rehearsal)" : "");
    output_pair("reason", output_member(ceremony, "reason"));
    output_pair("kind", output_member(ceremony, "kind"));
    fputs("parts        any ", stdout);
    output_text(output_member(ceremony, "threshold"), 0);
    fputs(" of ", stdout);
    output_text(output_member(ceremony, "count"), 0);
    puts(" open the key");
    output_pair("recipient", recipient);
    if (!slice_equal(check, recipient)) {
        output_pair("check value", check);
    }
    fputs("started      ", stdout);
    output_moment(output_member(ceremony, "started"), 0);
    fputs(" by ", stdout);
    output_text(output_member(ceremony, "started_by"), 0);
    putchar('\n');
    bool open = slice_is(output_member(ceremony, "state"), "open");
    struct slice end = output_member(ceremony, open ? "expires" : "ended");
    if (end.length > 0) {
        fputs(open ? "expires      " : "ended        ", stdout);
        output_moment(end, 0);
        putchar('\n');
    }
}

static void print_parts(const struct json *ceremony)
{
    const struct json *parts = client_list(ceremony, "parts");
    const struct json *part = parts == NULL ? NULL : parts->child;
    printf("\n%4s  %-16s %-11s %-21s %-21s %s\n", "PART", "GUARDIAN", "STATE", "VIEWED",
           "DOWNLOADED", "CONFIRMED");
    for (; part != NULL; part = part->next) {
        struct slice index = output_member(part, "index");
        struct slice medium = output_member(part, "medium");
        printf("%4.*s  ", (int)index.length, index.data);
        output_text(output_member(part, "guardian"), 16);
        putchar(' ');
        output_text(output_member(part, "state"), 11);
        putchar(' ');
        output_moment(output_member(part, "viewed"), 21);
        putchar(' ');
        output_moment(output_member(part, "downloaded"), 21);
        putchar(' ');
        output_moment(output_member(part, "confirmed"), 0);
        if (medium.length > 0) {
            fputs(" (", stdout);
            output_text(medium, 0);
            putchar(')');
        }
        putchar('\n');
    }
}

enum client_exit command_ceremony_status(struct client *client, int argc, char **argv)
{
    const char *typed = NULL;
    char id[UUID_TEXT_BYTES + 1];
    const struct verb_option options[] = {{.name = NULL}};
    const struct verb_argument arguments[] = {{"CEREMONY", &typed, false}, {.name = NULL}};
    const struct verb verb = {"ceremony status", status_help, options, arguments};
    const struct json *ceremony;
    int done = verb_read(client, &verb, argc, argv);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    enum client_exit code = ceremony_pick_status(client, typed, id, &ceremony);
    if (code != CLIENT_DONE) {
        return code;
    }
    if (client->json) {
        client_print_json(ceremony);
    } else {
        print_head(ceremony);
        print_parts(ceremony);
    }
    return client_finish(client, CLIENT_DONE);
}

/* ---- all ---------------------------------------------------------------------------------------
 */

static size_t count_confirmed(const struct json *ceremony)
{
    const struct json *parts = client_list(ceremony, "parts");
    const struct json *part = parts == NULL ? NULL : parts->child;
    size_t count = 0;
    for (; part != NULL; part = part->next) {
        count += output_member(part, "confirmed").length > 0 ? 1 : 0;
    }
    return count;
}

static void print_row(const struct json *ceremony)
{
    struct slice threshold = output_member(ceremony, "threshold");
    struct slice count = output_member(ceremony, "count");
    char share[48];
    char confirmed[48];
    output_text(output_member(ceremony, "ceremony"), 8);
    putchar(' ');
    output_text(output_member(ceremony, "name"), 28);
    putchar(' ');
    output_text(output_member(ceremony, "state"), 10);
    putchar(' ');
    output_text(output_member(ceremony, "kind"), 7);
    snprintf(share, sizeof share, "%.*s of %.*s", (int)(threshold.length & 15), threshold.data,
             (int)(count.length & 15), count.data);
    snprintf(confirmed, sizeof confirmed, "%zu of %.*s", count_confirmed(ceremony),
             (int)(count.length & 15), count.data);
    printf(" %-9s %-9s ", share, confirmed);
    output_moment(output_member(ceremony, "started"), 0);
    putchar('\n');
}

enum client_exit command_ceremony_list(struct client *client, int argc, char **argv)
{
    const struct verb_option options[] = {{.name = NULL}};
    const struct verb_argument arguments[] = {{.name = NULL}};
    const struct verb verb = {"ceremony list", list_help, options, arguments};
    const struct json *answer;
    int done = verb_read(client, &verb, argc, argv);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    enum client_exit code = client_call(client, "ceremony.list", "", &answer);
    if (code != CLIENT_DONE) {
        return code;
    }
    const struct json *list = client_list(answer, "ceremonies");
    if (client->json) {
        client_print_json(answer);
    } else if (list == NULL || list->child == NULL) {
        puts("There are no ceremonies that you see. guardianctl ceremony start begins one.");
    } else {
        printf("%-8s %-28s %-10s %-7s %-9s %-9s %s\n", "ID", "NAME", "STATE", "KIND", "OPENED BY",
               "CONFIRMED", "STARTED");
        for (const struct json *ceremony = list->child; ceremony != NULL;
             ceremony = ceremony->next) {
            print_row(ceremony);
        }
    }
    return client_finish(client, CLIENT_DONE);
}

/* ---- watching ----------------------------------------------------------------------------------
 */

/* What was shown last of each part: its state and times, as octets to compare. */
struct watched {
    char parts[PARTS_MAX][160];
    bool shown;
};

static void sum_up(const struct json *part, char out[160])
{
    static const char *const names[] = {"state", "viewed", "downloaded", "confirmed"};
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct slice text = output_member(part, names[i]);
        used += (size_t)snprintf(out + used, 160 - used, "%.*s;",
                                 text.length > 32 ? 32 : (int)text.length, text.data);
    }
}

/* When the last of what is known of a part happened; times of one form compare as text. */
static struct slice last_moment(const struct json *part)
{
    static const char *const names[] = {"viewed", "downloaded", "confirmed"};
    struct slice last = {"", 0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct slice time = output_member(part, names[i]);
        if (last.length == 0 ||
            (time.length == last.length && memcmp(time.data, last.data, time.length) > 0)) {
            last = time;
        }
    }
    return last;
}

static void print_change(const struct json *part)
{
    output_moment(last_moment(part), 21);
    fputs(" part ", stdout);
    output_text(output_member(part, "index"), 3);
    output_text(output_member(part, "guardian"), 16);
    putchar(' ');
    output_text(output_member(part, "state"), 0);
    putchar('\n');
}

/* Prints what changed; with --json the whole ceremony, once. */
static void show_changes(const struct client *client, const struct json *ceremony,
                         struct watched *watched)
{
    const struct json *parts = client_list(ceremony, "parts");
    const struct json *part = parts == NULL ? NULL : parts->child;
    bool changed = !watched->shown;
    for (size_t i = 0; part != NULL && i < PARTS_MAX; part = part->next, i++) {
        char sum[160];
        sum_up(part, sum);
        if (strcmp(sum, watched->parts[i]) != 0) {
            memcpy(watched->parts[i], sum, sizeof sum);
            changed = true;
            if (!client->json) {
                print_change(part);
            }
        }
    }
    if (client->json && changed) {
        client_print_json(ceremony);
    }
    watched->shown = true;
    (void)fflush(stdout); /* client_finish looks */
}

static enum client_exit end_watch(const struct client *client, const struct json *ceremony)
{
    struct slice state = output_member(ceremony, "state");
    bool completed = slice_is(state, "completed");
    if (!client->json) {
        output_moment(output_member(ceremony, "ended"), 21);
        fputs(" the ceremony is ", stdout);
        output_text(state, 0);
        struct slice reason = output_member(ceremony, "reason");
        if (reason.length > 0 && !completed) {
            fputs(": ", stdout);
            output_text(reason, 0);
        }
        putchar('\n');
    }
    return client_finish(client, completed ? CLIENT_DONE : CLIENT_REFUSED);
}

enum client_exit command_ceremony_watch(struct client *client, int argc, char **argv)
{
    static const struct timespec pause = {.tv_nsec = WATCH_MS * 1000000L};
    const char *typed = NULL;
    char id[UUID_TEXT_BYTES + 1];
    const struct verb_option options[] = {{.name = NULL}};
    const struct verb_argument arguments[] = {{"CEREMONY", &typed, false}, {.name = NULL}};
    const struct verb verb = {"ceremony watch", watch_help, options, arguments};
    const struct json *ceremony;
    struct watched watched = {.shown = false};
    int done = verb_read(client, &verb, argc, argv);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    enum client_exit code = ceremony_pick_status(client, typed, id, &ceremony);
    while (code == CLIENT_DONE) {
        show_changes(client, ceremony, &watched);
        if (!slice_is(output_member(ceremony, "state"), "open")) {
            return end_watch(client, ceremony);
        }
        code = client_finish(client, CLIENT_DONE);
        if (code == CLIENT_DONE) {
            nanosleep(&pause, NULL);
            code = ceremony_pick_status(client, id, id, &ceremony);
        }
    }
    return code;
}
