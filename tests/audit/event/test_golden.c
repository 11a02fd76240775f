/* The specification's example records (tests/data/golden.jsonl): each reads, is written again as it
 * stands there, and stays the same when that is read. */
#include "tests/audit/event/event_reading.h"

/* The record of one line as its octets, and whether it is in stored form. */
static struct slice record_of(struct slice line, bool *out_stored)
{
    static const struct json_limits limits = {.depth = 16, .members = 1000};
    struct json *json = NULL;
    assert_int_equal(json_parse(&arena, line, &limits, &json, &fault), OK);
    const struct json *member = json_member(json, "record");
    assert_non_null(member);
    *out_stored = json_member(json, "form") == NULL;
    return member->text;
}

/* Without its last member, the index, which the log does not store. */
static struct slice without_index(struct slice text, int64_t *out_index)
{
    static const char name[] = ",\"index\":";
    size_t at = text.length - 1;
    while (at > 0 && strncmp(text.data + at, name, sizeof name - 1) != 0) {
        at--;
    }
    assert_true(at > 0);
    *out_index = strtoll(text.data + at + sizeof name - 1, NULL, 10);
    char *bytes = arena_allocate(&arena, at + 1);
    assert_non_null(bytes);
    memcpy(bytes, text.data, at);
    bytes[at] = '}';
    return (struct slice){bytes, at + 1};
}

static void check_stable(struct slice text)
{
    struct event *event = NULL;
    if (event_decode(&arena, text, -1, &event, &fault) != OK) {
        fail_msg("%.*s: %s %s", (int)text.length, text.data, reason_word(fault.reason),
                 fault.field);
    }
    struct slice first = arena_copy(&arena, slice_of(encoded(event)));
    assert_int_equal(event_decode(&arena, first, -1, &event, &fault), OK);
    assert_string_equal(encoded(event), first.data);
}

static void check_stored(struct slice text)
{
    int64_t index = -1;
    struct event *event = NULL;
    struct slice wanted = without_index(text, &index);
    assert_int_equal(event_decode(&arena, text, -1, &event, &fault), OK);
    assert_int_equal(event->index, index);
    if (!slice_is(wanted, encoded(event))) {
        fail_msg("%.*s\n%s", (int)wanted.length, wanted.data, encoded(event));
    }
}

/* Calls for each line of the file; how many there were. */
static size_t for_each_line(void (*check)(struct slice line))
{
    FILE *file = fopen(TEST_DATA "/golden.jsonl", "r");
    assert_non_null(file);
    char *line = NULL;
    size_t room = 0;
    size_t lines = 0;
    ssize_t length;
    while ((length = getline(&line, &room, file)) > 0) {
        check((struct slice){line, (size_t)length});
        arena_reset(&arena);
        lines++;
    }
    free(line);
    fclose(file);
    return lines;
}

static size_t stored_records;

static void check_line(struct slice line)
{
    bool stored = false;
    struct slice text = record_of(line, &stored);
    check_stable(text);
    if (stored) {
        stored_records++;
        check_stored(text);
    }
}

static void every_example_is_stable_and_stored_ones_are_written_as_they_stand(void **state)
{
    (void)state;
    stored_records = 0;
    assert_int_equal(for_each_line(check_line), 183);
    assert_int_equal(stored_records, 177);
}

static void check_producer(struct slice line)
{
    bool stored = false;
    struct event *event = NULL;
    struct slice text = record_of(line, &stored);
    struct json *json = NULL;
    static const struct json_limits limits = {.depth = 16, .members = 1000};
    assert_int_equal(json_parse(&arena, text, &limits, &json, &fault), OK);
    enum err err = event_parse(&arena, json, EVENT_FROM_PRODUCER, &event, &fault);
    bool daemons = json_member(json, "event") != NULL;
    assert_int_equal(err == OK, !daemons);
    assert_true(err == OK || fault.reason == REASON_daemon_field);
}

static void a_producer_may_send_none_of_them_that_holds_the_daemons_fields(void **state)
{
    (void)state;
    assert_int_equal(for_each_line(check_producer), 183);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_is_stable_and_stored_ones_are_written_as_they_stand),
        cmocka_unit_test(a_producer_may_send_none_of_them_that_holds_the_daemons_fields),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
