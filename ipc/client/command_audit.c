/* guardianctl audit query|show|tail: reading the trail. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ipc/client/client.h"

#define FOLLOW_MS 300
#define PAGE 500

static const char query_help[] =
    "usage: guardianctl audit query [filters] [--limit N] [--after INDEX]\n\n"
    "Shows entries of the audit trail, oldest first.\n\n"
    "  --type GLOB        as in 'master_key.*'\n"
    "  --user LOGIN       the user who acted\n"
    "  --ceremony ID      entries about this ceremony\n"
    "  --from, --to TIME  as in 2026-11-24T17:49:41Z\n"
    "  --severity-min N   CEF severity 0 to 10 and graver\n"
    "  --text TEXT        occurs anywhere in the record\n"
    "  --after INDEX      go on behind this entry\n"
    "  --limit N          at most so many entries (100)\n"
    "  --help             print this\n";

static const char tail_help[] =
    "usage: guardianctl audit tail [-n N] [-f] [filters]\n\n"
    "Shows the newest N (10) entries of the audit trail; -f goes on showing what comes.\n"
    "Filters as in guardianctl audit query; they pick among the entries shown.\n";

static const char show_help[] = "usage: guardianctl audit show INDEX\n\n"
                                "Shows one entry with all its fields, and its leaf hash.\n";

struct filters {
    const char *type, *user, *ceremony, *from, *to, *severity, *text;
    unsigned long long after; /* first index looked at */
    unsigned long long limit; /* entries; 0 for all */
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

/* Returns an exit code to end with, or -1. */
static int read_filters(int argc, char **argv, const char *command, const char *help,
                        struct filters *out)
{
    static const struct option table[] = {
        {"type", required_argument, NULL, 't'},     {"user", required_argument, NULL, 'u'},
        {"ceremony", required_argument, NULL, 'c'}, {"from", required_argument, NULL, 'F'},
        {"to", required_argument, NULL, 'T'},       {"severity-min", required_argument, NULL, 's'},
        {"text", required_argument, NULL, 'x'},     {"after", required_argument, NULL, 'a'},
        {"limit", required_argument, NULL, 'l'},    {"follow", no_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
    bool good = true;
    int letter;
    optind = 1;
    while (good && (letter = getopt_long(argc, argv, "fn:h", table, NULL)) != -1) {
        switch (letter) {
        case 't':
            out->type = optarg;
            break;
        case 'u':
            out->user = optarg;
            break;
        case 'c':
            out->ceremony = optarg;
            break;
        case 'F':
            out->from = optarg;
            break;
        case 'T':
            out->to = optarg;
            break;
        case 's':
            out->severity = optarg;
            break;
        case 'x':
            out->text = optarg;
            break;
        case 'a':
            good = read_number(optarg, &out->after);
            out->after++;
            break;
        case 'l':
            good = read_number(optarg, &out->limit);
            break;
        case 'n':
            good = read_number(optarg, &out->newest);
            break;
        case 'f':
            out->follow = true;
            break;
        case 'h':
            fputs(help, stdout);
            return CLIENT_DONE;
        default:
            good = false;
        }
    }
    if (!good || optind != argc) {
        return (int)client_usage(command, "wrong option or number", NULL);
    }
    return -1;
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
    unsigned long long severity = 0;
    if (filters->severity != NULL && !read_number(filters->severity, &severity)) {
        return false;
    }
    buffer_reset(params);
    append_text(params, "type", filters->type);
    append_text(params, "suser", filters->user);
    append_text(params, "ceremony", filters->ceremony);
    append_text(params, "from", filters->from);
    append_text(params, "to", filters->to);
    append_text(params, "text", filters->text);
    if (filters->severity != NULL) {
        buffer_append_format(params, "\"severity_min\":%llu,", severity);
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
    bool first_json;
};

static void print_entries(const struct client *client, const struct json *entries,
                          struct walk *walk)
{
    for (const struct json *entry = entries->child; entry != NULL; entry = entry->next) {
        const struct json *index = json_member(entry, "index");
        if (client->json) {
            fputs(walk->first_json ? "" : ",", stdout);
            (void)fwrite(entry->text.data, 1, entry->text.length, stdout);
            walk->first_json = false;
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
    if (!write_params(filters, walk->next, walk->left < PAGE ? walk->left : PAGE, params)) {
        return client_usage("audit query", "--severity-min takes a number", NULL);
    }
    const struct json *result;
    enum client_exit code = client_call(client, "audit.query", params->data, &result);
    if (code != CLIENT_DONE) {
        return code;
    }
    const struct json *entries = json_member(result, "entries");
    const struct json *next = json_member(result, "next");
    if (entries != NULL && entries->kind == JSON_ARRAY) {
        print_entries(client, entries, walk);
    }
    walk->more = next != NULL && next->kind == JSON_INTEGER;
    if (walk->more) {
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

enum client_exit command_audit_query(struct client *client, int argc, char **argv)
{
    struct filters filters = {.limit = 100};
    int done = read_filters(argc, argv, "audit query", query_help, &filters);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    struct walk walk = {.next = filters.after, .first_json = true};
    walk.left = filters.limit == 0 ? ~0ULL : filters.limit;
    if (client->json) {
        fputs("{\"entries\":[", stdout);
    } else {
        print_header();
    }
    enum client_exit code = print_walk(client, &filters, &walk);
    if (client->json) {
        fputs("]", stdout);
        if (walk.more) {
            printf(",\"next\":%llu", walk.next - 1);
        }
        fputs("}\n", stdout);
    } else if (code == CLIENT_DONE && walk.more) {
        printf("there is more: guardianctl audit query --after %llu …\n", walk.next - 1);
    }
    return output_finish(code);
}

static enum client_exit log_entries(struct client *client, unsigned long long *out)
{
    const struct json *status;
    enum client_exit code = client_call(client, "system.status", "", &status);
    const struct json *log = code == CLIENT_DONE ? json_member(status, "log") : NULL;
    const struct json *size =
        log != NULL && log->kind == JSON_OBJECT ? json_member(log, "size") : NULL;
    if (code == CLIENT_DONE && (size == NULL || size->kind != JSON_INTEGER)) {
        fputs("guardianctl: you may not read the audit trail: it takes the role operator, auditor "
              "or workflow\n",
              stderr);
        return CLIENT_REFUSED;
    }
    if (code == CLIENT_DONE) {
        *out = (unsigned long long)size->integer;
    }
    return code;
}

enum client_exit command_audit_tail(struct client *client, int argc, char **argv)
{
    struct filters filters = {.newest = 10};
    int done = read_filters(argc, argv, "audit tail", tail_help, &filters);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    unsigned long long size;
    enum client_exit code = log_entries(client, &size);
    if (code != CLIENT_DONE) {
        return code;
    }
    struct walk walk = {.next = size > filters.newest ? size - filters.newest : 0,
                        .left = ~0ULL,
                        .first_json = true};
    if (!client->json) {
        print_header();
    } else if (!filters.follow) {
        fputs("{\"entries\":[", stdout);
    }
    code = print_walk(client, &filters, &walk);
    const struct timespec pause = {.tv_nsec = FOLLOW_MS * 1000000L};
    while (code == CLIENT_DONE && filters.follow) {
        walk.first_json = true; /* one document a line */
        code = output_finish(CLIENT_DONE);
        nanosleep(&pause, NULL);
        code = code == CLIENT_DONE ? print_walk(client, &filters, &walk) : code;
    }
    if (client->json && !filters.follow) {
        fputs("]}\n", stdout);
    }
    return output_finish(code);
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
        return client_usage("audit show", "one index is wanted, as in 17", NULL);
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
        return output_finish(CLIENT_DONE);
    }
    printf("entry %llu\n", index);
    for (const struct json *member = record->child; member != NULL; member = member->next) {
        print_member(member, "");
    }
    printf("  %-20s", "leaf hash");
    output_text(output_member(entry, "leaf_hash"), 0);
    putchar('\n');
    return output_finish(CLIENT_DONE);
}
