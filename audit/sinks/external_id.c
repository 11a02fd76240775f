#include "audit/sinks/external_id.h"

#include <stddef.h>

#define CEF_HEADER_FIELDS 7   /* each ended by an unescaped '|' */
#define SYSLOG_HEADER_WORDS 6 /* PRI and version, TIMESTAMP, HOSTNAME, APP-NAME, PROCID, MSGID */

static const char key_name[] = "externalId";

/* What has been read of a line so far, and how often the key was met. */
struct search {
    struct slice line;
    size_t at;
    const char *log_id;
    unsigned met;
    bool readable;
    uint64_t index;
};

static struct slice between(const struct search *search, size_t from, size_t to)
{
    return (struct slice){search->line.data + from, to - from};
}

static bool starts_with(struct slice text, const char *beginning)
{
    struct slice wanted = slice_of(beginning);
    return text.length >= wanted.length &&
           slice_equal((struct slice){text.data, wanted.length}, wanted);
}

/* Decimal as render writes it: no sign, no leading zero, at most int64. */
static bool read_index(struct slice digits, uint64_t *out)
{
    uint64_t value = 0;
    if (digits.length == 0 || digits.length > 19 || (digits.length > 1 && digits.data[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < digits.length; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(digits.data[i] - '0');
    }
    *out = value;
    return value < INT64_MAX;
}

static void take_value(struct search *search, struct slice value)
{
    search->met++;
    if (search->log_id != NULL) {
        struct slice id = slice_of(search->log_id);
        if (!starts_with(value, search->log_id) || value.length <= id.length ||
            value.data[id.length] != '-') {
            return;
        }
        value = (struct slice){value.data + id.length + 1, value.length - id.length - 1};
    }
    search->readable = read_index(value, &search->index);
}

/* Extension of a CEF line: an '=' without a backslash stands behind a key and nowhere else; the key
 * reaches back to the blank before it. */
static void search_cef(struct search *search)
{
    struct slice line = search->line;
    for (unsigned fields = 0; fields < CEF_HEADER_FIELDS; search->at++) {
        if (search->at >= line.length) {
            return;
        }
        if (line.data[search->at] == '\\') {
            search->at++;
        } else if (line.data[search->at] == '|') {
            fields++;
        }
    }
    size_t word = search->at;
    for (; search->at < line.length; search->at++) {
        if (line.data[search->at] == '\\') {
            search->at++;
        } else if (line.data[search->at] == ' ') {
            word = search->at + 1;
        } else if (line.data[search->at] == '=' &&
                   slice_is(between(search, word, search->at), key_name)) {
            size_t from = search->at + 1;
            size_t to = from;
            while (to < line.length && line.data[to] != ' ') {
                to++;
            }
            take_value(search, between(search, from, to));
        }
    }
}

/* Sensage: TAB-separated fields, each split at its first '='. */
static void search_sensage(struct search *search)
{
    struct slice line = search->line;
    while (search->at < line.length) {
        size_t to = search->at;
        while (to < line.length && line.data[to] != '\t') {
            to++;
        }
        struct slice field = between(search, search->at, to);
        size_t name = sizeof key_name - 1;
        if (starts_with(field, key_name) && field.length > name && field.data[name] == '=') {
            take_value(search, (struct slice){field.data + name + 1, field.length - name - 1});
        }
        search->at = to + 1;
    }
}

/* name="value" at the blank before it; moves behind the closing quote. */
static bool search_parameter(struct search *search)
{
    struct slice line = search->line;
    size_t name = search->at + 1;
    size_t equals = name;
    while (equals < line.length && line.data[equals] != '=') {
        equals++;
    }
    size_t value = equals + 2;
    if (value > line.length || line.data[equals + 1] != '"') {
        return false;
    }
    size_t end = value;
    while (end < line.length && line.data[end] != '"') {
        end += line.data[end] == '\\' ? 2 : 1;
    }
    if (end >= line.length) {
        return false;
    }
    if (slice_is(between(search, name, equals), key_name)) {
        take_value(search, between(search, value, end));
    }
    search->at = end + 1;
    return true;
}

/* One SD-ELEMENT, RFC 5424 section 6.3: [SD-ID name="value" …], with \" \\ \] in values. */
static void search_structured(struct search *search)
{
    struct slice line = search->line;
    while (search->at < line.length && line.data[search->at] != ' ' &&
           line.data[search->at] != ']') {
        search->at++; /* SD-ID */
    }
    bool whole = true;
    while (whole && search->at < line.length && line.data[search->at] == ' ') {
        whole = search_parameter(search);
    }
    if (!whole || search->at >= line.length || line.data[search->at] != ']') {
        search->readable = false;
    }
}

static void search_bare(struct search *search)
{
    struct slice rest = between(search, search->at, search->line.length);
    if (starts_with(rest, "CEF:")) {
        search_cef(search);
    } else if (starts_with(rest, "time=")) {
        search_sensage(search);
    }
}

static void search_syslog(struct search *search)
{
    struct slice line = search->line;
    for (unsigned words = 0; words < SYSLOG_HEADER_WORDS; search->at++) {
        if (search->at >= line.length) {
            return;
        }
        words += line.data[search->at] == ' ';
    }
    struct slice rest = between(search, search->at, line.length);
    if (starts_with(rest, "[")) {
        search_structured(search);
    } else if (starts_with(rest, "- ")) {
        search->at += 2;
        search_bare(search);
    }
}

bool external_id_find(struct slice line, const char *log_id, uint64_t *out_index)
{
    struct search search = {.line = line, .log_id = log_id};
    if (starts_with(line, "<")) {
        search_syslog(&search);
    } else {
        search_bare(&search);
    }
    if (search.met != 1 || !search.readable) {
        return false;
    }
    *out_index = search.index;
    return true;
}

bool external_id_is_begun(struct slice octets)
{
    static const char *const beginnings[] = {"CEF:0|", "time="};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        struct slice beginning = slice_of(beginnings[i]);
        size_t shared = octets.length < beginning.length ? octets.length : beginning.length;
        if (shared != 0 && memcmp(octets.data, beginning.data, shared) == 0) {
            return true;
        }
    }
    /* <PRI>1 and a blank, PRI of facility user: 8 … 15. */
    size_t at = 0;
    if (octets.length == 0 || octets.data[at++] != '<') {
        return false;
    }
    while (at < octets.length && at < 4 && octets.data[at] >= '0' && octets.data[at] <= '9') {
        at++;
    }
    static const char version[] = ">1 ";
    for (size_t i = 0; version[i] != '\0' && at < octets.length; i++, at++) {
        if (octets.data[at] != version[i]) {
            return false;
        }
    }
    return true;
}
