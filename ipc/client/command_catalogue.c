/* guardianctl catalogue list|show: which events there are and what they take. Types and fields are
 * the daemon's; what a field means is in the dictionary both are built from. */
#include <stdio.h>
#include <string.h>

#include "audit/base/glob.h"
#include "audit/catalogue/catalogue.h"
#include "ipc/client/client.h"

static const char list_help[] =
    "usage: guardianctl catalogue list [PATTERN]\n\n"
    "Lists event types: the name for event.emit, the ID in the lines, CEF severity, who may emit "
    "it\n"
    "(daemon: nobody else, workflow, any: also a producer), the name in the lines. PATTERN is as "
    "in\n"
    "'master_key.*'; without * and ? it may stand anywhere in the type.\n"
    "--json shows fields and keys as well.\n";

static const char show_help[] = "usage: guardianctl catalogue show TYPE\n\n"
                                "Shows one event type: its fields, of which kind they are, which "
                                "are required, what they mean.\n";

static bool is_pattern(const char *text)
{
    return strpbrk(text, "*?") != NULL;
}

static bool type_matches(const struct json *type, const char *pattern)
{
    struct slice name = output_member(type, "type");
    if (pattern == NULL) {
        return true;
    }
    return is_pattern(pattern) ? glob_match(slice_of(pattern), name)
                               : memmem(name.data, name.length, pattern, strlen(pattern)) != NULL;
}

static void print_type(const struct json *type)
{
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

/* Prints the types of the pattern; false if there is none. */
static bool print_types(const struct client *client, const struct json *types, const char *pattern)
{
    bool any = false;
    for (const struct json *type = types->child; type != NULL; type = type->next) {
        if (!type_matches(type, pattern)) {
            continue;
        }
        if (client->json) {
            fputs(any ? "," : "{\"types\":[", stdout);
            (void)fwrite(type->text.data, 1, type->text.length, stdout);
        } else {
            if (!any) {
                printf("%-36s %-8s %-3s %-9s %s\n", "TYPE", "ID", "SEV", "EMIT", "NAME");
            }
            print_type(type);
        }
        any = true;
    }
    fputs(any && client->json ? "]}\n" : "", stdout);
    return any;
}

static enum client_exit no_such_type(const struct client *client, const char *wanted)
{
    struct fault fault;
    (void)fault_set(&fault, ERR_NOT_FOUND, REASON_unknown_type, NULL,
                    "No event type is %.100s. guardianctl catalogue list shows all of them.",
                    json_is_utf8(slice_of(wanted)) ? wanted : "of that name");
    return client_tell(client, &fault, 0, "");
}

/* The daemon's list of types. */
static enum client_exit ask(struct client *client, const struct json **out_types)
{
    const struct json *catalogue;
    enum client_exit code = client_call(client, "catalogue.list", "", &catalogue);
    if (code != CLIENT_DONE) {
        return code;
    }
    const struct json *types =
        catalogue->kind == JSON_OBJECT ? json_member(catalogue, "types") : NULL;
    if (types == NULL || types->kind != JSON_ARRAY) {
        return client_failed(client, "The daemon's answer has no event types.");
    }
    *out_types = types;
    return CLIENT_DONE;
}

/* Returns an exit code to end with, or -1. */
static int one_argument(const struct client *client, int argc, char **argv, const char *name,
                        const char *help)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return (int)client_finish(client, CLIENT_DONE);
    }
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            return (int)client_usage(client, name, "unknown option", argv[i]);
        }
    }
    return argc > 2 ? (int)client_usage(client, name, "one word is enough, not also", argv[2]) : -1;
}

enum client_exit command_catalogue_list(struct client *client, int argc, char **argv)
{
    const struct json *types = NULL;
    int done = one_argument(client, argc, argv, "catalogue list", list_help);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    const char *pattern = argc > 1 ? argv[1] : NULL;
    enum client_exit code = ask(client, &types);
    if (types != NULL && !print_types(client, types, pattern)) {
        code = no_such_type(client, pattern == NULL ? "known to the daemon" : pattern);
    }
    return client_finish(client, code);
}

/* ---- one type ---- */

static const char *kind_word(enum value_kind kind)
{
    static const char *const words[] = {
        [VALUE_STRING] = "string", [VALUE_INTEGER] = "integer", [VALUE_PORT] = "port",
        [VALUE_NUMBER] = "number", [VALUE_BOOLEAN] = "boolean", [VALUE_IP] = "ip",
        [VALUE_TIME] = "time",     [VALUE_HASH] = "hash",       [VALUE_SHA256] = "sha256",
        [VALUE_ENUM] = "enum"};
    return words[kind];
}

static void print_field(const struct json *field)
{
    struct slice name = output_member(field, "name");
    enum field_id id;
    const struct catalogue_field *known = catalogue_field_find(name, &id);
    output_text(name, 24);
    printf(" %-8s %-9s ", known == NULL ? "-" : kind_word(known->kind),
           slice_is(output_member(field, "required"), "true") ? "required" : "");
    output_text(
        slice_of(known == NULL ? "(a field this guardianctl does not know)" : known->meaning), 0);
    for (size_t i = 0; known != NULL && i < known->value_count; i++) {
        fputs(i == 0 ? ": " : ", ", stdout);
        output_text(known->values[i], 0);
    }
    putchar('\n');
}

static void print_line(const struct json *type, const char *label, const char *member)
{
    printf("%-10s", label);
    output_text(output_member(type, member), 0);
    putchar('\n');
}

static void print_one_type(const struct json *type)
{
    print_line(type, "type", "type");
    print_line(type, "name", "name");
    print_line(type, "id", "id");
    print_line(type, "group", "group");
    print_line(type, "severity", "severity");
    print_line(type, "emit", "emit");
    const struct json *fields = json_member(type, "fields");
    printf("\n%-24s %-8s %-9s %s\n", "FIELD", "KIND", "", "MEANING");
    if (fields != NULL && fields->kind == JSON_ARRAY) {
        for (const struct json *field = fields->child; field != NULL; field = field->next) {
            print_field(field);
        }
    }
    puts(slice_is(output_member(type, "extras"), "true")
             ? "\nFields of other names are taken too, as extras."
             : "\nFields of other names are refused.");
}

enum client_exit command_catalogue_show(struct client *client, int argc, char **argv)
{
    const struct json *types = NULL;
    int done = one_argument(client, argc, argv, "catalogue show", show_help);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    if (argc < 2) {
        return client_usage(client, "catalogue show", "an event type is wanted, as in auth.login",
                            NULL);
    }
    enum client_exit code = ask(client, &types);
    if (types == NULL) {
        return code;
    }
    for (const struct json *type = types->child; type != NULL; type = type->next) {
        if (type->kind == JSON_OBJECT && slice_is(output_member(type, "type"), argv[1])) {
            if (client->json) {
                client_print_json(type);
            } else {
                print_one_type(type);
            }
            return client_finish(client, CLIENT_DONE);
        }
    }
    return no_such_type(client, argv[1]);
}
