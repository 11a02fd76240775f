/* Lines read back by a reader of our own give the values again; and every line, whatever its limit,
 * keeps what formats.md 7 and 8 promise. Over all golden records. */
#include "reading.h"

static struct reading whole;
static struct reading cut;

static const struct read_pair *pair_of(const struct reading *reading, const char *name)
{
    for (size_t i = 0; i < reading->count; i++) {
        if (strcmp(reading->pairs[i].name, name) == 0) {
            return &reading->pairs[i];
        }
    }
    return NULL;
}

static void expect_pair(const struct reading *reading, const char *name, const char *value)
{
    const struct read_pair *pair = pair_of(reading, name);
    if (pair == NULL) {
        fail_msg("no key %s", name);
        return;
    }
    assert_string_equal(pair->value, value);
}

#define HOSTILE                                                                                    \
    "{\"time\":\"2026-11-24T17:49:41Z\",\"type\":\"auth.message\",\"index\":7,"                    \
    "\"msg\":\"a=b c=d|\\\\n\\\\\\\\ \\\"]\\nz\",\"suser\":\"x externalId=1\",\"sname\":\"\\\\\"," \
    "\"spriv\":\"=\",\"zz\":\"\\\\= y=\\\\\",\"retry\":-3,\"urgent\":true}"

static void a_reader_gets_hostile_values_back(void **state)
{
    (void)state;
    for (int format = 0; format < FORMAT_COUNT; format++) {
        struct rendering rendering;
        rendering_start(&rendering);
        rendering_decode(&rendering, slice_of(HOSTILE));
        struct render_options options = options_of((enum format)format, PROFILE_SENHASEGURA);
        read_line(&whole, options.format, rendering_line(&rendering, &options));
        if (format == FORMAT_RFC5424) {
            assert_string_equal(whole.message, "a=b c=d|\\n\\\\ \"] z");
        } else {
            expect_pair(&whole, "msg", "a=b c=d|\\n\\\\ \"]\nz");
        }
        expect_pair(&whole, "suser", "x externalId=1");
        expect_pair(&whole, "sname", "\\");
        expect_pair(&whole, "spriv", "=");
        expect_pair(&whole, "zz", "\\= y=\\");
        expect_pair(&whole, "retry", "-3");
        expect_pair(&whole, "urgent", "true");
        expect_pair(&whole, "externalId", "7");
        assert_int_equal(whole.count, format == FORMAT_RFC5424 ? 7 : 8);
        rendering_end(&rendering);
    }
}

static void without_line_ends(struct reading *reading)
{
    for (size_t i = 0; i < reading->used; i++) {
        char *c = &reading->text[i];
        *c = *c == '\n' || *c == '\r' ? ' ' : *c;
    }
}

/* The three formats say the same: the same names and values in the same order. */
static void expect_same_facts(struct rendering *rendering, enum profile profile)
{
    static struct reading other;
    struct render_options options = options_of(FORMAT_CEF, profile);
    read_line(&whole, FORMAT_CEF, rendering_line(rendering, &options));
    options.format = FORMAT_SENSAGE;
    read_line(&other, FORMAT_SENSAGE, rendering_line(rendering, &options));
    assert_int_equal(whole.count, other.count);
    for (size_t i = 0; i < whole.count; i++) {
        assert_string_equal(whole.pairs[i].name, other.pairs[i].name);
        assert_string_equal(whole.pairs[i].value, other.pairs[i].value);
    }
    options.format = FORMAT_RFC5424;
    read_line(&other, FORMAT_RFC5424, rendering_line(rendering, &options));
    without_line_ends(&whole);
    size_t at = 0;
    for (size_t i = 0; i < whole.count; i++) {
        if (strcmp(whole.pairs[i].name, "msg") == 0) {
            assert_string_equal(whole.pairs[i].value, other.message);
        } else {
            assert_string_equal(whole.pairs[i].name, other.pairs[at].name);
            assert_string_equal(whole.pairs[i].value, other.pairs[at].value);
            at++;
        }
    }
    assert_int_equal(at, other.count);
    assert_int_equal(other.has_bom, !slow_is_ascii(other.message));
}

static void the_three_formats_say_the_same(void **state)
{
    (void)state;
    struct golden golden;
    struct rendering rendering;
    golden_open(&golden);
    rendering_start(&rendering);
    while (golden_next(&golden)) {
        rendering_decode(&rendering, golden.record);
        for (int profile = 0; profile < PROFILE_COUNT; profile++) {
            expect_same_facts(&rendering, (enum profile)profile);
        }
    }
    rendering_end(&rendering);
    golden_close(&golden);
}

/* ---- whatever the limit ---- */

static void expect_clean(const char *line, size_t octets, enum format format)
{
    for (size_t i = 0; i < octets; i++) {
        unsigned char octet = (unsigned char)line[i];
        bool tab = octet == '\t' && format == FORMAT_SENSAGE;
        if ((octet < 0x20 && !tab) || octet == 0x7f) {
            fail_msg("control character %#x in: %s", octet, line);
        }
        bool c1 = octet == 0xc2 && (unsigned char)line[i + 1] <= 0x9f;
        bool end = octet == 0xe2 && (unsigned char)line[i + 1] == 0x80 &&
                   ((unsigned char)line[i + 2] == 0xa8 || (unsigned char)line[i + 2] == 0xa9);
        assert_false(c1 || end);
    }
    assert_true(json_is_utf8((struct slice){line, octets}));
}

/* Is it the beginning of the other, with "..." behind it? */
static bool is_cut_of(const char *value, const char *of)
{
    size_t length = strlen(value);
    return length >= 3 && strcmp(value + length - 3, "...") == 0 &&
           strncmp(value, of, length - 3) == 0;
}

static bool names(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

static size_t names_count(const char *list)
{
    size_t count = 1;
    for (; *list != '\0'; list++) {
        count += *list == ',';
    }
    return count;
}

/* `shortened` names what was cut, all of it and nothing else. */
static void expect_honest(const char *line, enum format format)
{
    read_line(&cut, format, line);
    const struct read_pair *shortened = pair_of(&cut, "shortened");
    assert_non_null(shortened);
    assert_string_equal(cut.head, whole.head);
    if (strcmp(shortened->value, "all") == 0) {
        assert_in_range(cut.count, 1, 2);
        assert_true(cut.count == 1 || pair_of(&cut, "externalId") != NULL);
        return;
    }
    assert_int_equal(cut.count, whole.count + 1);
    size_t cut_values = format == FORMAT_RFC5424; /* the message is no pair there */
    size_t at = 0;
    for (size_t i = 0; i < cut.count; i++) {
        if (&cut.pairs[i] == shortened) {
            assert_true(i + 1 == cut.count || strcmp(cut.pairs[i + 1].name, "externalId") == 0);
            continue;
        }
        const struct read_pair *of = &whole.pairs[at++];
        assert_string_equal(cut.pairs[i].name, of->name);
        if (names(shortened->value, of->name)) {
            assert_true(is_cut_of(cut.pairs[i].value, of->value));
            cut_values++;
        } else {
            assert_string_equal(cut.pairs[i].value, of->value);
        }
    }
    assert_true(names(shortened->value, "msg"));
    assert_true(format != FORMAT_RFC5424 || is_cut_of(cut.message, whole.message));
    assert_int_equal(cut_values, names_count(shortened->value));
}

static void walk_limits(struct rendering *rendering, struct render_options options)
{
    const char *line = rendering_line(rendering, &options);
    size_t octets = rendering_octets(rendering);
    expect_clean(line, octets, options.format);
    read_line(&whole, options.format, line);
    size_t last = octets < 2000 ? octets : 2000;
    for (options.limit = RENDER_LIMIT_MIN; options.limit < last; options.limit++) {
        line = rendering_line(rendering, &options);
        assert_in_range(rendering_octets(rendering), 1, options.limit);
        expect_clean(line, rendering_octets(rendering), options.format);
        expect_honest(line, options.format);
    }
    if (octets < 2000) {
        options.limit = octets < RENDER_LIMIT_MIN ? RENDER_LIMIT_MIN : octets;
        rendering_line(rendering, &options);
        assert_int_equal(rendering_octets(rendering), octets);
    }
}

static void every_limit_is_kept_and_what_was_cut_is_named(void **state)
{
    (void)state;
    struct golden golden;
    struct rendering rendering;
    golden_open(&golden);
    rendering_start(&rendering);
    while (golden_next(&golden)) {
        rendering_decode(&rendering, golden.record);
        for (int i = 0; i < FORMAT_COUNT * PROFILE_COUNT * 2; i++) {
            struct render_options options =
                options_of((enum format)(i / 4), (enum profile)(i / 2 % 2));
            options.envelope = i % 2 == 0 ? ENVELOPE_NONE : ENVELOPE_SYSLOG;
            walk_limits(&rendering, options);
        }
    }
    rendering_end(&rendering);
    golden_close(&golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_gets_hostile_values_back),
        cmocka_unit_test(the_three_formats_say_the_same),
        cmocka_unit_test(every_limit_is_kept_and_what_was_cut_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
