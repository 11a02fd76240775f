/* Section 7 of formats.md once more, done the slow way: the whole line is read back, its values are
 * cut one code point at a time, and each time the line is written and counted. Both must give the
 * same bytes, for golden records and for made ones with long hostile values. */
#include "reading.h"

/* ---- the slow way ---- */

struct slow {
    struct reading reading; /* values are replaced as they are cut */
    struct buffer line;
    char shortened[8192];
    size_t limit;
};

/* A comma goes on with the list of names, "msg" and "all" begin it. */
static void slow_name(struct slow *slow, const char *name)
{
    bool begins = strcmp(name, "all") == 0 || (strcmp(name, "msg") == 0);
    size_t length = begins ? 0 : strlen(slow->shortened);
    snprintf(slow->shortened + length, sizeof slow->shortened - length, "%s", name);
}

static bool slow_fits(struct slow *slow)
{
    slow_write(&slow->line, &slow->reading, slow->shortened);
    return slow->line.length - 1 <= slow->limit;
}

static const char *with_dots(struct slow *slow, const char *value, size_t run)
{
    char *text = reading_room(&slow->reading, run + 4);
    memcpy(text, value, run);
    memcpy(text + run, "...", 4);
    return text;
}

static bool begins_a_point(char octet)
{
    return ((unsigned char)octet & 0xc0) != 0x80;
}

/* The longest run of whole code points of at most so many octets. */
static size_t whole_points(const char *value, size_t octets)
{
    if (octets >= strlen(value)) {
        return strlen(value);
    }
    while (octets > 0 && !begins_a_point(value[octets])) {
        octets--;
    }
    return octets;
}

/* Cuts *value to the longest run of at least `least` octets with which the line fits; false, and
 * the value whole, if there is none. */
static bool slow_cut(struct slow *slow, const char **value, size_t least)
{
    const char *all = *value;
    for (size_t run = strlen(all); run + 1 > least; run--) {
        if (begins_a_point(all[run])) {
            size_t used = slow->reading.used;
            *value = with_dots(slow, all, run);
            if (slow_fits(slow)) {
                return true;
            }
            slow->reading.used = used;
        }
    }
    *value = all;
    return false;
}

static const char **slow_message(struct slow *slow)
{
    if (slow->reading.format == FORMAT_RFC5424) {
        return &slow->reading.message;
    }
    for (size_t i = 0; i < slow->reading.count; i++) {
        if (strcmp(slow->reading.pairs[i].name, "msg") == 0) {
            return &slow->reading.pairs[i].value;
        }
    }
    fail_msg("a line without a message");
    return NULL;
}

static struct read_pair *slow_longest(struct slow *slow, const char *const *message)
{
    struct read_pair *longest = NULL;
    for (size_t i = 0; i < slow->reading.count; i++) {
        struct read_pair *pair = &slow->reading.pairs[i];
        size_t least = longest == NULL ? 19 : strlen(longest->value);
        if (pair->is_string && &pair->value != message && strlen(pair->value) > least) {
            longest = pair;
        }
    }
    return longest;
}

static void slow_leave_identity(struct slow *slow, const struct event *event)
{
    slow_name(slow, "all");
    for (size_t i = 0; i < slow->reading.count; i++) {
        if (strcmp(slow->reading.pairs[i].name, "externalId") != 0) {
            slow->reading.pairs[i].value = NULL;
        }
    }
    if (slow->reading.format == FORMAT_RFC5424) {
        slow->reading.message =
            reading_copy(&slow->reading, event->type->name.data, event->type->name.length, false);
    }
    slow_write(&slow->line, &slow->reading, slow->shortened);
}

static void slow_shrink(struct slow *slow, const struct event *event)
{
    const char **message = slow_message(slow);
    struct read_pair *pair;
    slow_name(slow, "msg");
    if (slow_cut(slow, message, 0)) {
        return;
    }
    *message = "...";
    while ((pair = slow_longest(slow, message)) != NULL) {
        size_t least = whole_points(pair->value, 16);
        slow_name(slow, ",");
        slow_name(slow, pair->name);
        pair->is_string = false; /* done */
        if (slow_cut(slow, &pair->value, least)) {
            return;
        }
        pair->value = with_dots(slow, pair->value, least);
    }
    slow_leave_identity(slow, event);
}

/* ---- both ways ---- */

static struct slow slow;

/* How far section 7 had to go, for the tests to see that they reached all of it. */
static size_t reached[3];

static void count_stage(void)
{
    size_t stage = strcmp(slow.shortened, "all") == 0 ? 2 : strchr(slow.shortened, ',') != NULL;
    reached[stage]++;
}

static void compare(struct rendering *rendering, struct render_options options, size_t limit)
{
    options.limit = 0;
    read_line(&slow.reading, options.format, rendering_line(rendering, &options));
    reading_mark(&slow.reading, rendering->event, options.profile);
    slow.limit = limit;
    slow_write(&slow.line, &slow.reading, NULL);
    assert_string_equal(slow.line.data, rendering->line.data);
    if (rendering_octets(rendering) > limit) {
        slow_shrink(&slow, rendering->event);
        count_stage();
    }
    options.limit = limit;
    if (slow.line.length - 1 > limit) { /* not even its identity fits */
        buffer_reset(&rendering->line);
        assert_int_equal(render_line(rendering->event, &options, &rendering->line),
                         ERR_CONFIGURATION);
        return;
    }
    assert_string_equal(rendering_line(rendering, &options), slow.line.data);
}

static uint64_t random_state;

static size_t random_below(size_t bound)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state % bound);
}

static void golden_records_shrink_as_the_slow_way_has_it(void **state)
{
    (void)state;
    struct golden golden;
    struct rendering rendering;
    golden_open(&golden);
    rendering_start(&rendering);
    random_state = 20261124;
    while (golden_next(&golden)) {
        rendering_decode(&rendering, golden.record);
        for (int i = 0; i < FORMAT_COUNT * PROFILE_COUNT * 2; i++) {
            struct render_options options =
                options_of((enum format)(i / 4), (enum profile)(i / 2 % 2));
            options.envelope = i % 2 == 0 ? ENVELOPE_NONE : ENVELOPE_SYSLOG;
            compare(&rendering, options, 60 + random_below(900));
        }
    }
    rendering_end(&rendering);
    golden_close(&golden);
}

/* Text as nobody would wish it, as JSON. */
static void append_text(struct buffer *out, size_t pieces)
{
    static const char *const bits[] = {
        "a",        "bc d",    "  ",          "=",    "\\\\",         "\\n",
        "\\r",      "\\t",     "|",           "]",    "\\\"",         "\xc3\xa9",
        "\\u0001",  "\\u2028", "\\u0085",     "x=1 ", "\xe2\x82\xac", "\\ud83d\\ude00",
        "\xc2\xa0", "...",     "externalId=",
    };
    size_t kinds = 1 + random_below(sizeof bits / sizeof bits[0]);
    buffer_append_char(out, '"');
    for (size_t i = 0; i < pieces; i++) {
        buffer_append_text(out, bits[random_below(kinds)]);
    }
    buffer_append_text(out, "x\"");
}

static void append_member(struct buffer *out, const char *name)
{
    static const size_t sizes[] = {8, 18, 19, 20, 21, 60, 200};
    buffer_append_format(out, ",\"%s\":", name);
    append_text(out, random_below(sizes[random_below(sizeof sizes / sizeof sizes[0])]));
}

static void make_record(struct buffer *out)
{
    static const char *const fields[] = {"msg", "suid", "suser", "sname", "spriv"};
    static const char *const others[] = {
        "a", "bb", "note", "dhost", "duser", "filePath", "aRatherLongNameOfAnExtraField12"};
    buffer_reset(out);
    buffer_append_text(out, "{\"time\":\"2026-11-24T17:49:41.5Z\",\"type\":\"auth.message\"");
    if (random_below(4) != 0) {
        buffer_append_format(out, ",\"index\":%zu,\"dvc\":\"192.0.2.1\"", random_below(100000));
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (random_below(3) != 0) {
            append_member(out, fields[i]);
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (random_below(3) == 0) {
            append_member(out, others[i]);
        }
    }
    buffer_append_text(out, ",\"retry\":-9223372036854775808,\"treeSize\":9223372036854775807}");
    assert_int_equal(buffer_result(out), OK);
}

static void made_records_shrink_as_the_slow_way_has_it(void **state)
{
    (void)state;
    struct rendering rendering;
    struct buffer record;
    rendering_start(&rendering);
    buffer_init(&record, RENDERING_BYTES);
    memset(reached, 0, sizeof reached);
    random_state = 101;
    for (int i = 0; i < 2000; i++) {
        make_record(&record);
        rendering_decode(&rendering, buffer_slice(&record));
        struct render_options options = options_of(FORMAT_CEF, (enum profile)random_below(2));
        options.format = (enum format)random_below(FORMAT_COUNT);
        options.envelope = random_below(2) == 0 ? ENVELOPE_NONE : ENVELOPE_SYSLOG;
        options.log_id = random_below(3) == 0 ? "north1" : NULL;
        struct render_options unlimited = options;
        rendering_line(&rendering, &unlimited);
        size_t octets = rendering_octets(&rendering);
        compare(&rendering, options, 100 + random_below(octets));
        compare(&rendering, options, octets - 1 - random_below(octets / 4));
    }
    /* the made records went through all of the section */
    assert_in_range(reached[0], 200, 4000);
    assert_in_range(reached[1], 500, 4000);
    assert_in_range(reached[2], 500, 4000);
    buffer_done(&record);
    rendering_end(&rendering);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_records_shrink_as_the_slow_way_has_it),
        cmocka_unit_test(made_records_shrink_as_the_slow_way_has_it),
    };
    buffer_init(&slow.line, RENDERING_BYTES);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_done(&slow.line);
    return failed;
}
