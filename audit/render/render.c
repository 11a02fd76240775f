#include "audit/render/render.h"

#include <assert.h>
#include <string.h>

#include "audit/render/format.h"
#include "audit/render/shrink.h"

#define LONGEST_ADDRESS "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"

static const struct format_rules *const rules[FORMAT_COUNT] = {
    [FORMAT_CEF] = &cef_rules,
    [FORMAT_RFC5424] = &rfc5424_rules,
    [FORMAT_SENSAGE] = &sensage_rules,
};

static const char *const profile_words[PROFILE_COUNT] = {
    [PROFILE_SENHASEGURA] = "senhasegura",
    [PROFILE_STANDARD] = "standard",
};

const struct format_rules *format_rules(enum format format)
{
    assert(format < FORMAT_COUNT);
    return rules[format];
}

const char *format_word(enum format format)
{
    return format_rules(format)->word;
}

const char *profile_word(enum profile profile)
{
    assert(profile < PROFILE_COUNT);
    return profile_words[profile];
}

bool format_from_word(const char *word, enum format *out)
{
    for (int i = 0; i < FORMAT_COUNT; i++) {
        if (strcmp(word, rules[i]->word) == 0) {
            *out = (enum format)i;
            return true;
        }
    }
    return false;
}

bool profile_from_word(const char *word, enum profile *out)
{
    for (int i = 0; i < PROFILE_COUNT; i++) {
        if (strcmp(word, profile_words[i]) == 0) {
            *out = (enum profile)i;
            return true;
        }
    }
    return false;
}

void render_defaults(struct render_options *out)
{
    *out = (struct render_options){
        .format = FORMAT_CEF,
        .profile = PROFILE_SENHASEGURA,
        .envelope = ENVELOPE_NONE,
        .device_vendor = "MT4",
        .device_product = "master_key_guardian",
        .device_version = "3.27.0-4",
        .enterprise_id = 32473,
    };
}

/* Writes the line again with what the limit leaves of it. */
static void append_shrunk(struct buffer *out, size_t start, struct line *line)
{
    const struct format_rules *format = format_rules(line->options->format);
    shrink_line(line, &format->style, out->length - start);
    out->length = start;
    format->append(out, line);
}

enum err render_line(const struct event *event, const struct render_options *options,
                     struct buffer *line)
{
    size_t start = line->length;
    size_t limit = options->limit == 0 ? SIZE_MAX : options->limit;
    struct line pairs;
    line_collect(&pairs, event, options);
    format_rules(options->format)->append(line, &pairs);
    if (buffer_result(line) == OK && line->length - start > limit) {
        append_shrunk(line, start, &pairs);
        assert(buffer_result(line) != OK || line->length - start <= limit || pairs.bare);
    }
    enum err err = buffer_result(line);
    if (err == OK && line->length - start > limit) {
        err = ERR_CONFIGURATION;
    }
    if (err != OK) {
        line->length = start;
    }
    return err;
}

/* Appends the longest line that section 7.3 may leave of an event of that type. */
static void append_longest_bare(struct buffer *out, const struct event_type *type,
                                const struct render_options *options)
{
    const struct event event = {
        .type = type,
        .pid = INT64_MAX,
        .index = INT64_MAX,
        .dvc = slice_of(LONGEST_ADDRESS),
    };
    struct line line;
    line_reduce(&line, &event, options);
    format_rules(options->format)->append(out, &line);
}

enum err render_check_limit(const struct render_options *options, struct fault *fault)
{
    const struct event_type *longest = catalogue_type((enum event_id)0);
    size_t needed = 0;
    struct buffer line;
    buffer_init(&line, RENDER_LIMIT_MAX);
    for (int id = 0; id < EVENT_COUNT && buffer_result(&line) == OK; id++) {
        line.length = 0;
        append_longest_bare(&line, catalogue_type((enum event_id)id), options);
        if (line.length > needed) {
            needed = line.length;
            longest = catalogue_type((enum event_id)id);
        }
    }
    enum err err = buffer_result(&line);
    buffer_done(&line);
    if (err == ERR_NO_MEMORY) {
        return fault_no_memory(fault);
    }
    if (err == OK && (options->limit == 0 || needed <= options->limit)) {
        return OK;
    }
    return fault_set(fault, ERR_CONFIGURATION, REASON_bad_configuration, "/limit",
                     "A line may take at most %zu octets, but the shortest line of the event %.*s "
                     "can take %zu: set the limit to %zu or more, or shorten hostname, vendor, "
                     "product or version.",
                     options->limit, (int)longest->type.length, longest->type.data, needed, needed);
}
