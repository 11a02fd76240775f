/* guardianctl ceremony start|track|cancel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/client/ceremony_pick.h"
#include "ipc/client/verb.h"

#define PARAMS_BYTES 65536

static const char start_help[] =
    "usage: guardianctl ceremony start --name NAME --threshold K --guardians A,B,C --kind age|raw\n"
    "                              [--bits 128|256] [--expires TIME] [--no-confirm]\n"
    "                              [--all-required] [--rehearsal]\n\n"
    "Makes a master key and shares it: every guardian gets one part, sealed to the own key; any K\n"
    "parts bring the key back, fewer tell nothing. Nobody gets to see the key now, nor you.\n\n"
    "  --name NAME       what the key is for; guardians see it\n"
    "  --threshold K     so many parts open the key: 2 or more, fewer than there are guardians\n"
    "  --guardians A,B,C logins, one part each, in the order of their parts\n"
    "  --kind age        a key whose recipient age1… any age tool encrypts to, without the key\n"
    "  --kind raw        hexadecimal digits, as a passphrase for whatever takes one\n"
    "  --bits N          of a raw key (256)\n"
    "  --expires TIME    guardians have so long to collect, as in 30d, 12h, 90min (as configured)\n"
    "  --no-confirm      do not ask guardians to prove that they have their part\n"
    "  --all-required    K may be the number of guardians: one lost part loses the key\n"
    "  --rehearsal       marks it as one\n"
    "  --help            print this\n\n"
    "Prints the ceremony's id, the recipient and what each guardian does next.\n"
    "--json prints {ceremony, check, recipient?, identifier, parts, warnings}.\n"
    "exit codes: 0 started, 1 refused, 2 wrong usage, 3 daemon not reached.\n";

static const char track_help[] =
    "usage: guardianctl ceremony track --name NAME --threshold K --guardians A,B,C\n"
    "                              [--expires TIME] [--all-required] [--rehearsal]\n\n"
    "Records a ceremony whose key and parts another system holds: no key is made here. It is\n"
    "completed when every guardian's view or download was reported (guardianctl --as LOGIN part\n"
    "view CEREMONY). For a workflow.\n\n"
    "Options as of guardianctl ceremony start.\n";

static const char cancel_help[] =
    "usage: guardianctl ceremony cancel CEREMONY --reason REASON\n\n"
    "Cancels an open ceremony: its sealed parts are deleted and given to nobody any more. Parts "
    "that\n"
    "were viewed already still exist: if they are enough, they open the "
    "key.\n\n" CEREMONY_PICK_HELP;

struct plan_options {
    const char *name, *threshold, *guardians, *kind, *bits, *expires;
    bool no_confirm, all_required, rehearsal;
};

/* 30d, 12h, 90min, 60s to seconds. */
static bool read_span(const char *text, char *out, size_t size)
{
    static const struct {
        const char *unit;
        unsigned long seconds;
    } units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
    char *end;
    unsigned long count =
        text[0] >= '1' && text[0] <= '9' && strlen(text) < 10 ? strtoul(text, &end, 10) : 0;
    for (size_t i = 0; count > 0 && i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].unit) == 0) {
            snprintf(out, size, "%lu", count * units[i].seconds);
            return true;
        }
    }
    return false;
}

/* ---- what was started --------------------------------------------------------------------------
 */

/* "guardianctl part …" as this guardian, or a workflow for the guardian, calls it. */
static void print_call(const struct client *client, struct slice login, const char *verb,
                       struct slice id, const char *rest)
{
    fputs("    guardianctl ", stdout);
    if (client->as.option != NULL) {
        fputs("--as ", stdout);
        output_text(login, 0);
        putchar(' ');
    }
    printf("part %s %.8s%s\n", verb, id.data, rest);
}

static void print_next(const struct client *client, const struct json *made, struct slice id)
{
    const struct json *parts = client_list(made, "parts");
    const struct json *part = parts == NULL ? NULL : parts->child;
    fputs("\nNext, each guardian with the own key file (FILE), the words then copied to paper:\n",
          stdout);
    for (; part != NULL; part = part->next) {
        fputs("  ", stdout);
        output_text(output_member(part, "guardian"), 0);
        fputs(", part ", stdout);
        output_text(output_member(part, "index"), 0);
        putchar('\n');
        print_call(client, output_member(part, "guardian"), "download", id,
                   " --key FILE -o part.txt");
        print_call(client, output_member(part, "guardian"), "confirm", id, "");
    }
    printf("  you\n    guardianctl %s%s%sceremony watch %.8s\n",
           client->as.option == NULL ? "" : "--as ", client->as.login,
           client->as.option == NULL ? "" : " ", id.data);
    struct slice recipient = output_member(made, "recipient");
    if (recipient.length > 0) {
        fputs("When it is completed, encrypt to it; that takes no key:\n    age -r ", stdout);
        output_text(recipient, 0);
        fputs(" -o FILE.age FILE\n", stdout);
    }
}

static void print_made(const struct client *client, const struct json *made)
{
    struct slice id = output_member(made, "ceremony");
    struct slice check = output_member(made, "check");
    struct slice recipient = output_member(made, "recipient");
    output_pair("ceremony", id);
    output_pair("recipient", recipient);
    if (!slice_equal(check, recipient)) {
        output_pair("check value", check);
    }
    const struct json *warnings = client_list(made, "warnings");
    const struct json *warning = warnings == NULL ? NULL : warnings->child;
    for (; warning != NULL; warning = warning->next) {
        output_pair("WARNING", warning->text);
    }
    if (uuid_is(id) && check.length > 0) {
        print_next(client, made, id);
    }
}

/* ---- start, track ------------------------------------------------------------------------------
 */

static enum client_exit begin(struct client *client, const char *method, const struct verb *verb,
                              const struct plan_options *plan)
{
    const struct json *made;
    struct buffer params;
    char seconds[32] = "";
    if (plan->expires != NULL && !read_span(plan->expires, seconds, sizeof seconds)) {
        return client_usage(client, verb->name, "--expires takes a time such as 30d or 12h, not",
                            plan->expires);
    }
    buffer_init(&params, PARAMS_BYTES);
    params_text(&params, "name", plan->name);
    params_number(&params, "threshold", plan->threshold);
    params_list(&params, "guardians", plan->guardians);
    params_text(&params, "kind", plan->kind);
    params_number(&params, "bits", plan->bits);
    params_number(&params, "expires_in", seconds[0] == '\0' ? NULL : seconds);
    if (plan->no_confirm) {
        buffer_append_text(&params, ",\"confirm\":false");
    }
    params_true(&params, "allow_all_required", plan->all_required);
    params_true(&params, "rehearsal", plan->rehearsal);
    enum client_exit code = client_act(client, method, &params, &made);
    buffer_done(&params);
    if (code != CLIENT_DONE) {
        return code;
    }
    if (client->json) {
        client_print_json(made);
    } else {
        print_made(client, made);
    }
    return client_finish(client, CLIENT_DONE);
}

enum client_exit command_ceremony_start(struct client *client, int argc, char **argv)
{
    struct plan_options plan = {0};
    const struct verb_option options[] = {
        {.name = "name", .required = true, .text = &plan.name},
        {.name = "threshold", .required = true, .number = &plan.threshold},
        {.name = "guardians", .required = true, .text = &plan.guardians},
        {.name = "kind", .required = true, .text = &plan.kind},
        {.name = "bits", .number = &plan.bits},
        {.name = "expires", .text = &plan.expires},
        {.name = "no-confirm", .flag = &plan.no_confirm},
        {.name = "all-required", .flag = &plan.all_required},
        {.name = "rehearsal", .flag = &plan.rehearsal},
        {.name = NULL}};
    const struct verb_argument arguments[] = {{.name = NULL}};
    const struct verb verb = {"ceremony start", start_help, options, arguments};
    int done = verb_read(client, &verb, argc, argv);
    return done >= 0 ? (enum client_exit)done : begin(client, "ceremony.start", &verb, &plan);
}

enum client_exit command_ceremony_track(struct client *client, int argc, char **argv)
{
    struct plan_options plan = {0};
    const struct verb_option options[] = {
        {.name = "name", .required = true, .text = &plan.name},
        {.name = "threshold", .required = true, .number = &plan.threshold},
        {.name = "guardians", .required = true, .text = &plan.guardians},
        {.name = "expires", .text = &plan.expires},
        {.name = "all-required", .flag = &plan.all_required},
        {.name = "rehearsal", .flag = &plan.rehearsal},
        {.name = NULL}};
    const struct verb_argument arguments[] = {{.name = NULL}};
    const struct verb verb = {"ceremony track", track_help, options, arguments};
    int done = verb_read(client, &verb, argc, argv);
    return done >= 0 ? (enum client_exit)done : begin(client, "ceremony.track", &verb, &plan);
}

/* ---- cancel ------------------------------------------------------------------------------------
 */

enum client_exit command_ceremony_cancel(struct client *client, int argc, char **argv)
{
    const char *ceremony = NULL;
    const char *reason = NULL;
    char id[UUID_TEXT_BYTES + 1];
    const struct verb_option options[] = {{.name = "reason", .required = true, .text = &reason},
                                          {.name = NULL}};
    const struct verb_argument arguments[] = {{"CEREMONY", &ceremony, false}, {.name = NULL}};
    const struct verb verb = {"ceremony cancel", cancel_help, options, arguments};
    const struct json *answer;
    struct buffer params;
    int done = verb_read(client, &verb, argc, argv);
    enum client_exit code =
        done >= 0 ? (enum client_exit)done : ceremony_pick(client, ceremony, id);
    if (done >= 0 || code != CLIENT_DONE) {
        return code;
    }
    buffer_init(&params, PARAMS_BYTES);
    params_text(&params, "ceremony", id);
    params_text(&params, "reason", reason);
    code = client_act(client, "ceremony.cancel", &params, &answer);
    buffer_done(&params);
    if (code != CLIENT_DONE) {
        return code;
    }
    if (client->json) {
        client_print_json(answer);
    } else {
        printf("The ceremony %s is cancelled. Parts that were viewed before still exist.\n", id);
    }
    return client_finish(client, CLIENT_DONE);
}
