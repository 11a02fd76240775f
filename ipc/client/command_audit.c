/* guardianctl audit query|show|tail: reading the trail. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ipc/client/ceremony_pick.h"

#define FOLLOW_MS 300
#define PAGE 500

static const char query_help[] =
    "usage: guardianctl audit query [filters] [--limit N] [--after INDEX]\n\n"
    "Shows entries of the audit trail, oldest first.\n\n"
    "  --type GLOB        as in 'master_key.*'\n"
    "  --user LOGIN       the user who acted\n"
    "  --ceremony C       entries about this ceremony: its id, the first four or more characters\n"
    "                     of it, or its name\n"
    "  --from, --to TIME  as in 2026-11-24T17:49:41Z\n"
    "  --severity-min N   CEF severity 0 to 10 and graver\n"
    "  --text TEXT        occurs anywhere in the record\n"
    "  --after INDEX      go on behind this entry\n"
    "  --limit N          at most so many entries, 1 or more (100)\n"
    "  --help             print this\n";

static const char tail_help[] =
    "usage: guardianctl audit tail [-n N] [-f] [filters]\n\n"
    "Shows the newest N (10) entries of the audit trail; -f goes on showing what comes.\n"
    "Filters as in guardianctl audit query (but --after and --limit); they pick among the entries\n"
    "shown. --json with -f prints one entry a line, without an end.\n";

static const char show_help[] = "usage: guardianctl audit show INDEX\n\n"
                                "Shows one entry with all its fields, and its leaf hash.\n";

struct filters {
    const char *type, *user, *ceremony, *from, *to, *text;
    char picked[UUID_TEXT_BYTES + 1]; /* the id of the ceremony, if it was found */
    const char *unknown;              /* why nothing is known of the ceremony; NULL: it is */
    bool by_severity;
    unsigned long long severity_min;
    unsigned long long after; /* first index looked at */
    unsigned long long limit; /* entries */
    bool follow;
    unsigned long long newest;
};

static bool read_number(const char *text, unsigned long long *out)
{
    char *end;
    if (text[0] < '0' || text[0] > '9' || strlen(text) > 18) {
        return false;
    }
    *out = strtoull(text, &end, 10);
    return *end == '\0';
}

/* A number behind an option; says what is wrong with it if not. */
static bool take_number(const struct client *client, const char *command, const char *option,
                        unsigned long long least, unsigned long long *out)
{
    char wrong[64];
    if (read_number(optarg, out) && *out >= least) {
        return true;
    }
    snprintf(wrong, sizeof wrong, "%s takes a number, %llu or more, not", option, least);
    (void)client_usage(client, command, wrong, optarg);
    return false;
}

/* The options that take text, by their letter. */
static const char **text_option(struct filters *filters, int letter)
{
    switch (letter) {
    case 't':
        return &filters->type;
    case 'u':
        return &filters->user;
    case 'c':
        return &filters->ceremony;
    case 'F':
        return &filters->from;
    case 'T':
        return &filters->to;
    case 'x':
        return &filters->text;
    default:
        return NULL;
    }
}

/* One option. Returns an exit code to end with, or -1. */
static int take_option(const struct client *client, const char *command, int letter, char **argv,
                       struct filters *out)
{
    const char **text = text_option(out, letter);
    bool good = true;
    if (text != NULL) {
        *text = optarg;
        return -1;
    }
    switch (letter) {
    case 's':
        good = take_number(client, command, "--severity-min", 0, &out->severity_min);
        out->by_severity = true;
        break;
    case 'a':
        good = take_number(client, command, "--after", 0, &out->after);
        out->after++;
        break;
    case 'l':
        good = take_number(client, command, "--limit", 1, &out->limit);
        break;
    case 'n':
        good = take_number(client, command, "-n", 0, &out->newest);
        break;
    case 'f':
        out->follow = true;
        break;
    default:
        return (int)client_wrong_option(client, command, letter, argv);
    }
    return good ? -1 : CLIENT_USAGE;
}

/* A verb of audit: what its command line may hold. */
struct verb {
    const char *name;
    const char *help;
    const char *letters; /* for getopt */
    const struct option *options;
};

/* Returns an exit code to end with, or -1. */
static int read_filters(const struct client *client, const struct verb *verb, int argc, char **argv,
                        struct filters *out)
{
    int letter;
    optind = 1;
    opterr = 0;
    while ((letter = getopt_long(argc, argv, verb->letters, verb->options, NULL)) != -1) {
        if (letter == 'h') {
            fputs(verb->help, stdout);
            return client_finish(client, CLIENT_DONE);
        }
        int done = take_option(client, verb->name, letter, argv, out);
        if (done >= 0) {
            return done;
        }
    }
    if (optind != argc) {
        return (int)client_usage(client, verb->name, "unknown argument", argv[optind]);
    }
    return -1;
}

/* Puts the id in place of what was typed for the ceremony. What no ceremony here is called may
 * still stand in the trail, word for word. */
static enum client_exit pick_ceremony(struct client *client, struct filters *filters)
{
    enum err why;
    if (filters->ceremony == NULL) {
        return CLIENT_DONE;
    }
    enum client_exit code = ceremony_pick_known(client, filters->ceremony, filters->picked, &why);
    if (code == CLIENT_DONE && filters->picked[0] != '\0') {
        filters->ceremony = filters->picked;
    } else if (why != OK && !uuid_is(slice_of(filters->ceremony))) {
        filters->unknown = "and whether a name or an id begins so cannot be seen: guardianctl --as "
                           "LOGIN audit query …, or give the whole id";
    } else if (why == OK) {
        filters->unknown = "and guardianctl ceremony list shows none that is called so";
    }
    return code;
}

/* A slip in a ceremony's name must not look like a ceremony to which nothing happened. */
static enum client_exit refuse_unknown(const struct client *client, const struct filters *filters)
{
    struct fault fault;
    bool shown = json_is_utf8(slice_of(filters->ceremony));
    (void)fault_set(&fault, ERR_NOT_FOUND, REASON_unknown_ceremony, NULL,
                    "No entry is about a ceremony %.100s, %s.",
                    shown ? filters->ceremony : "of that name", filters->unknown);
    return client_tell(client, &fault, 0, "");
}

static void append_text(struct buffer *params, const char *name, const char *value)
{
    if (value != NULL) {
        buffer_append_format(params, "\"%s\":", name);
        json_write_string(params, slice_of(value));
        buffer_append_char(params, ',');
    }
}

static bool write_params(const struct filters *filters, unsigned long long start,
                         unsigned long long limit, struct buffer *params)
{
    buffer_reset(params);
    append_text(params, "type", filters->type);
    append_text(params, "suser", filters->user);
    append_text(params, "ceremony", filters->ceremony);
    append_text(params, "from", filters->from);
    append_text(params, "to", filters->to);
    append_text(params, "text", filters->text);
    if (filters->by_severity) {
        buffer_append_format(params, "\"severity_min\":%llu,", filters->severity_min);
    }
    buffer_append_format(params, "\"after\":%lld,\"limit\":%llu", (long long)start - 1, limit);
    buffer_append_char(params, '\0');
    return buffer_result(params) == OK;
}

static struct slice geo_member(const struct json *entry, const char *name)
{
    const struct json *geo = json_member(entry, "geo");
    return geo != NULL && geo->kind == JSON_OBJECT ? output_member(geo, name)
                                                   : (struct slice){"", 0};
}

static void print_header(void)
{
    printf("%9s  %-27s %-34s %-16s %-22s %s\n", "INDEX", "TIME", "TYPE", "USER", "FROM", "PLACE");
}

static void print_entry(const struct json *entry)
{
    struct slice index = output_member(entry, "index");
    printf("%9.*s  ", (int)index.length, index.data);
    output_text(output_member(entry, "time"), 27);
    putchar(' ');
    output_text(output_member(entry, "type"), 34);
    putchar(' ');
    output_text(output_member(entry, "suser"), 16);
    putchar(' ');
    output_text(output_member(entry, "originIP"), 22);
    putchar(' ');
    struct slice city = geo_member(entry, "city");
    struct slice country = geo_member(entry, "country");
    output_text(city, 0);
    fputs(city.length > 0 && country.length > 0 ? ", " : "", stdout);
    output_text(country, 0);
    putchar('\n');
}

/* Where a walk through the trail stands. */
struct walk {
    unsigned long long next; /* first index not looked at */
    unsigned long long left; /* entries that may still be shown */
    bool more;               /* there is something behind next */
    bool begun;              /* the head is printed */
    bool lines;              /* with --json: a document a line, not one of all */
    bool first;              /* nothing is printed behind the head */
    bool must_find;          /* that nothing is found is a refusal, if the ceremony is unknown */
};

/* The head waits for the first answer: a refusal prints nothing on standard output. */
static void begin(const struct client *client, struct walk *walk)
{
    if (!walk->begun && !client->json) {
        print_header();
    } else if (!walk->begun && !walk->lines) {
        fputs("{\"entries\":[", stdout);
    }
    walk->first = walk->first || !walk->begun;
    walk->begun = true;
}

static void print_entries(const struct client *client, const struct json *entries,
                          struct walk *walk)
{
    for (const struct json *entry = entries->child; entry != NULL; entry = entry->next) {
        const struct json *index = json_member(entry, "index");
        if (client->json) {
            fputs(walk->first || walk->lines ? "" : ",", stdout);
            (void)fwrite(entry->text.data, 1, entry->text.length, stdout);
            fputs(walk->lines ? "\n" : "", stdout);
            walk->first = false;
        } else {
            print_entry(entry);
        }
        walk->left--;
        if (index != NULL && index->kind == JSON_INTEGER) {
            walk->next = (unsigned long long)index->integer + 1;
        }
    }
}

/* Asks for the next page and prints it. */
static enum client_exit print_page(struct client *client, const struct filters *filters,
                                   struct walk *walk, struct buffer *params)
{
    struct fault fault;
    if (!write_params(filters, walk->next, walk->left < PAGE ? walk->left : PAGE, params)) {
        (void)fault_no_memory(&fault);
        return client_tell(client, &fault, 0, "");
    }
    const struct json *result;
    enum client_exit code = client_call(client, "audit.query", params->data, &result);
    if (code != CLIENT_DONE) {
        return code;
    }
    const struct json *entries = json_member(result, "entries");
    const struct json *next = json_member(result, "next");
    bool none = entries == NULL || entries->count == 0;
    walk->more = next != NULL && next->kind == JSON_INTEGER;
    if (walk->must_find && filters->unknown != NULL && !walk->begun && none && !walk->more) {
        return refuse_unknown(client, filters);
    }
    if (!none || !walk->more) {
        begin(client, walk);
    }
    if (entries != NULL && entries->kind == JSON_ARRAY) {
        print_entries(client, entries, walk);
    }
    if (next != NULL && next->kind == JSON_INTEGER) {
        walk->next = (unsigned long long)next->integer + 1;
    }
    return CLIENT_DONE;
}

static enum client_exit print_walk(struct client *client, const struct filters *filters,
                                   struct walk *walk)
{
    struct buffer params;
    buffer_init(&params, 65536);
    enum client_exit code;
    do {
        code = print_page(client, filters, walk, &params);
    } while (code == CLIENT_DONE && walk->more && walk->left > 0);
    buffer_done(&params);
    return code;
}

/* Options of query, which tail has as well. */
#define FILTER_OPTIONS                                                                        \
    {"type", required_argument, NULL, 't'}, {"user", required_argument, NULL, 'u'},           \
        {"ceremony", required_argument, NULL, 'c'}, {"from", required_argument, NULL, 'F'},   \
        {"to", required_argument, NULL, 'T'}, {"severity-min", required_argument, NULL, 's'}, \
        {"text", required_argument, NULL, 'x'},                                               \
    {                                                                                         \
        "help", no_argument, NULL, 'h'                                                        \
    }

enum client_exit command_audit_query(struct client *client, int argc, char **argv)
{
    static const struct option options[] = {FILTER_OPTIONS,
                                            {"after", required_argument, NULL, 'a'},
                                            {"limit", required_argument, NULL, 'l'},
                                            {NULL, 0, NULL, 0}};
    static const struct verb verb = {"audit query", query_help, ":h", options};
    struct filters filters = {.limit = 100};
    int done = read_filters(client, &verb, argc, argv, &filters);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    struct walk walk = {.next = filters.after, .left = filters.limit, .must_find = true};
    enum client_exit code = pick_ceremony(client, &filters);
    code = code == CLIENT_DONE ? print_walk(client, &filters, &walk) : code;
    if (walk.begun && client->json) {
        fputs("]", stdout);
        if (walk.more) {
            printf(",\"next\":%llu", walk.next - 1);
        }
        fputs("}\n", stdout);
    } else if (code == CLIENT_DONE && walk.more) {
        printf("there is more: guardianctl audit query --after %llu …\n", walk.next - 1);
    }
    return client_finish(client, code);
}

static enum client_exit log_entries(struct client *client, unsigned long long *out)
{
    const struct json *status;
    enum client_exit code = client_call(client, "system.status", "", &status);
    const struct json *log = code == CLIENT_DONE ? json_member(status, "log") : NULL;
    const struct json *size =
        log != NULL && log->kind == JSON_OBJECT ? json_member(log, "size") : NULL;
    if (code == CLIENT_DONE && (size == NULL || size->kind != JSON_INTEGER)) {
        struct fault fault;
        (void)fault_set(&fault, ERR_NOT_PERMITTED, REASON_not_permitted, NULL,
                        "You may not read the audit trail: it takes the role operator, auditor or "
                        "workflow.");
        return client_tell(client, &fault, 0, "");
    }
    if (code == CLIENT_DONE) {
        *out = (unsigned long long)size->integer;
    }
    return code;
}

enum client_exit command_audit_tail(struct client *client, int argc, char **argv)
{
    static const struct option options[] = {
        FILTER_OPTIONS, {"follow", no_argument, NULL, 'f'}, {NULL, 0, NULL, 0}};
    static const struct verb verb = {"audit tail", tail_help, ":fn:h", options};
    struct filters filters = {.newest = 10};
    int done = read_filters(client, &verb, argc, argv, &filters);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    unsigned long long size = 0;
    enum client_exit code = pick_ceremony(client, &filters);
    code = code == CLIENT_DONE ? log_entries(client, &size) : code;
    if (code != CLIENT_DONE) {
        return code;
    }
    struct walk walk = {.next = size > filters.newest ? size - filters.newest : 0,
                        .left = ~0ULL,
                        .lines = filters.follow};
    code = print_walk(client, &filters, &walk);
    const struct timespec pause = {.tv_nsec = FOLLOW_MS * 1000000L};
    while (code == CLIENT_DONE && filters.follow) {
        code = client_finish(client, CLIENT_DONE);
        nanosleep(&pause, NULL);
        code = code == CLIENT_DONE ? print_walk(client, &filters, &walk) : code;
    }
    if (client->json && walk.begun && !walk.lines) {
        fputs("]}\n", stdout);
    }
    return client_finish(client, code);
}

static void print_member(const struct json *member, const char *prefix)
{
    if (member->kind == JSON_OBJECT) {
        for (const struct json *at = member->child; at != NULL; at = at->next) {
            print_member(at, member->name.data == NULL ? "" : "geo ");
        }
        return;
    }
    printf("  %s", prefix);
    output_text(member->name, prefix[0] == '\0' ? 20 : 16);
    struct slice text =
        member->kind == JSON_BOOLEAN ? slice_of(member->boolean ? "true" : "false") : member->text;
    output_text(text, 0);
    putchar('\n');
}

enum client_exit command_audit_show(struct client *client, int argc, char **argv)
{
    unsigned long long index;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(show_help, stdout);
        return CLIENT_DONE;
    }
    if (argc != 2 || !read_number(argv[1], &index)) {
        return client_usage(client, "audit show", "one index is wanted, as in 17", NULL);
    }
    char params[64];
    snprintf(params, sizeof params, "\"index\":%llu", index);
    const struct json *entry;
    enum client_exit code = client_call(client, "audit.entry", params, &entry);
    if (code != CLIENT_DONE) {
        return code;
    }
    const struct json *record = json_member(entry, "record");
    if (client->json || record == NULL || record->kind != JSON_OBJECT) {
        client_print_json(entry);
        return client_finish(client, CLIENT_DONE);
    }
    printf("entry %llu\n", index);
    for (const struct json *member = record->child; member != NULL; member = member->next) {
        print_member(member, "");
    }
    printf("  %-20s", "leaf hash");
    output_text(output_member(entry, "leaf_hash"), 0);
    putchar('\n');
    return client_finish(client, CLIENT_DONE);
}
