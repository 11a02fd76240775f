/* File sinks: every line once, those that the filter lets through, and clear words at a wrong
 * start. */
#include "tests/audit/sinks/fixture.h"

#include "audit/base/clock.h"

/* ---- the plain life of a sink ------------------------------------------------------------------
 */

static void writes_every_line_once_and_goes_on_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    append_many(fixture->log, 100);
    for (unsigned i = 0; i < 4; i++) {
        struct sink *sink = start(&options, fixture->log);
        append_many(fixture->log, 50);
        sink_stop(sink, WAIT_LIMIT_MS);
        assert_complete(fixture, &options, 0);
        assert_int_equal(known_size(fixture), log_size(fixture->log));
    }
    struct stat status;
    assert_int_equal(stat(fixture->file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
}

static void follows_the_log_and_saves_its_cursor_without_being_stopped(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct sink *sink = start(&options, fixture->log);
    append_many(fixture->log, 3000);
    WAIT_UNTIL(delivered_all(fixture, sink));
    assert_complete(fixture, &options, 0);
    struct sink_status status = status_of(sink);
    assert_string_equal(status.name, "main");
    assert_string_equal(status.url, fixture->url);
    assert_int_equal(status.lines, 3000);
    assert_false(status.failing);
    WAIT_UNTIL(known_size(fixture) == 3000);
    sink_stop(sink, 0);
}

static void a_stop_without_time_leaves_the_rest_for_the_next_start(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    append_many(fixture->log, 5000);
    sink_stop(start(&options, fixture->log), 0);
    sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
    assert_complete(fixture, &options, 0);
}

static void filters_by_glob_and_severity(void **state)
{
    struct fixture *fixture = *state;
    append_many(fixture->log, 300);
    static const struct {
        const char *types[2];
        size_t count;
        int severity_max;
        unsigned lines;
    } cases[] = {
        {{NULL}, 0, 7, 300},
        {{NULL}, 0, 4, 200},
        {{NULL}, 0, 1, 100},
        {{NULL}, 0, 0, 0},
        {{"master_key.*"}, 1, 7, 100},
        {{"master_key.*", "device.*"}, 2, 7, 200},
        {{"master_key.*", "device.*"}, 2, 3, 100},
        {{"*.nothing"}, 1, 7, 0},
        {{"information.view?d"}, 1, 5, 100},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[16];
        char url[256];
        snprintf(name, sizeof name, "filter%zu", i);
        snprintf(fixture->file, sizeof fixture->file, "%s/%s", fixture->folder, name);
        snprintf(url, sizeof url, "file://%s", fixture->file);
        struct sink_options options = options_of(fixture);
        options.name = name;
        options.url = url;
        options.type_count = cases[i].count;
        options.types[0] = cases[i].types[0];
        options.types[1] = cases[i].types[1];
        options.severity_max = cases[i].severity_max;
        struct sink *sink = start(&options, fixture->log);
        WAIT_UNTIL(delivered_all(fixture, sink));
        assert_int_equal(status_of(sink).lines, cases[i].lines);
        sink_stop(sink, WAIT_LIMIT_MS);
        assert_complete(fixture, &options, 0);
        /* the cursor knows what the file cannot: entries that were filtered out */
        sink = start(&options, fixture->log);
        assert_int_equal(status_of(sink).cursor, 300);
        sink_stop(sink, 0);
    }
}

static void an_entry_that_is_no_event_is_said_and_passed_over(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    heard_start(fixture);
    append_many(fixture->log, 5);
    append_record(fixture->log, RECORD_NO_EVENT, "x");
    append_many(fixture->log, 5);
    struct sink *sink = start(&options, fixture->log);
    WAIT_UNTIL(delivered_all(fixture, sink));
    struct sink_status status = status_of(sink);
    sink_stop(sink, WAIT_LIMIT_MS);
    unsigned said = heard_times(fixture, "first='5' count='1'");
    heard_stop(fixture);
    assert_int_equal(said, 1);
    assert_int_equal(status.lines, 10);
    assert_non_null(strstr(status.last_error, "5"));
    assert_complete(fixture, &options, 0);
}

/* ---- what is refused at start ------------------------------------------------------------------
 */

/* It starts, and fails until what stands there is another thing; and --check says so before. */
static void assert_fails(const struct sink_options *options, struct log *log, const char *words)
{
    struct fault fault;
    fault_clear(&fault);
    assert_int_equal(sink_look(options->url, &fault), ERR_CONFIGURATION);
    assert_non_null(strstr(fault.sentence, words));
    struct sink *sink = start(options, log);
    struct sink_status status = status_of(sink);
    assert_true(status.failing);
    assert_non_null(strstr(status.last_error, words));
    sink_stop(sink, 0);
}

static void only_regular_files_are_written_to(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    char target[256];
    snprintf(target, sizeof target, "%s/target", fixture->folder);
    put_file(target, "", 0);

    assert_int_equal(mkdir(fixture->file, 0700), 0);
    assert_fails(&options, fixture->log, "is a folder");
    assert_int_equal(rmdir(fixture->file), 0);
    assert_int_equal(mkfifo(fixture->file, 0600), 0);
    assert_fails(&options, fixture->log, "is a FIFO");
    assert_int_equal(unlink(fixture->file), 0);
    assert_int_equal(symlink(target, fixture->file), 0);
    assert_fails(&options, fixture->log, "is a symbolic link");
    assert_int_equal(unlink(fixture->file), 0);
    options.url = "file:///dev/null";
    assert_fails(&options, fixture->log, "is a device");
    assert_int_equal(size_of_file(target), 0);
}

static void a_missing_folder_is_said_and_waited_for(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    char folder[192];
    snprintf(folder, sizeof folder, "%s/later", fixture->folder);
    snprintf(fixture->file, sizeof fixture->file, "%.100s/later/f", fixture->folder);
    snprintf(fixture->url, sizeof fixture->url, "file://%s", fixture->file);
    options.url = fixture->url;
    append_many(fixture->log, 20);
    heard_start(fixture);
    struct sink *sink = start(&options, fixture->log);
    struct sink_status status = status_of(sink);
    assert_true(status.failing);
    assert_int_equal(status.lag, 20);
    assert_non_null(strstr(status.last_error, fixture->file));
    assert_int_equal(mkdir(folder, 0700), 0);
    WAIT_UNTIL(delivered_all(fixture, sink));
    assert_false(status_of(sink).failing);
    sink_stop(sink, WAIT_LIMIT_MS);
    unsigned began = heard_times(fixture, "a sink fails");
    heard_stop(fixture);
    assert_int_equal(began, 1);
    assert_complete(fixture, &options, 0);
}

static void a_bad_url_is_named(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    static const char *const bad[] = {"file://relative/path", "file://",     "file:///a%zz",
                                      "file:///a%00b",        "file:///a%4", "file:///folder/"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        options.url = bad[i];
        assert_refused(&options, fixture->log, ERR_CONFIGURATION, bad[i]);
    }
    options.url = "gopher://127.0.0.1:70";
    assert_refused(&options, fixture->log, ERR_CONFIGURATION, "gopher://");
}

static void a_percent_escape_in_the_url_is_an_octet_of_the_path(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    char url[256];
    snprintf(url, sizeof url, "file://localhost%s/a%%20b%%25c", fixture->folder);
    snprintf(fixture->file, sizeof fixture->file, "%s/a b%%c", fixture->folder);
    options.url = url;
    append_many(fixture->log, 3);
    sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
    assert_complete(fixture, &options, 0);
}

static void a_name_that_is_no_file_name_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    static const char *const bad[] = {
        "",        ".",        "..",
        ".hidden", "a/b",      "../x",
        "a b",     "\xc3\xa9", "0123456789012345678901234567890123456789012345678901234567890123"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        options.name = bad[i];
        assert_refused(&options, fixture->log, ERR_CONFIGURATION, "cannot be the name");
    }
}

static void two_sinks_do_not_share_a_file(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct sink *first = start(&options, fixture->log);
    options.name = "second";
    assert_refused(&options, fixture->log, ERR_IN_USE, fixture->file);
    sink_stop(first, 0);
}

static void no_memory_at_start_is_an_error_like_any_other(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    options.types[0] = "*";
    options.type_count = 1;
    append_many(fixture->log, 3);
    unsigned failures = 0;
    for (unsigned long n = 1;; n++) {
        struct sink *sink = NULL;
        struct fault fault;
        fault_clear(&fault);
        memory_fail_from(n);
        enum err err = sink_start(&options, fixture->log, &sink, &fault);
        memory_fail_from(0);
        if (err == OK) {
            sink_stop(sink, WAIT_LIMIT_MS);
            break;
        }
        assert_int_equal(err, ERR_NO_MEMORY);
        failures++;
    }
    assert_true(failures >= 4);
    assert_complete(fixture, &options, 0);
}

/* Each may drain for so long: asked one after the other they would take the sum. */
static void sinks_that_are_asked_first_drain_at_the_same_time(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    enum { SINKS = 6, DRAIN_MS = 1000 };
    struct sink *sinks[SINKS];
    char names[SINKS][16];
    options.url = "file:///no/such/folder/f"; /* nothing can be drained */
    append_many(fixture->log, 5);
    for (unsigned i = 0; i < SINKS; i++) {
        snprintf(names[i], sizeof names[i], "dead%u", i);
        options.name = names[i];
        sinks[i] = start(&options, fixture->log);
    }
    int64_t began_ms = clock_boot_ms();
    for (unsigned i = 0; i < SINKS; i++) {
        sink_ask_stop(sinks[i], DRAIN_MS);
    }
    for (unsigned i = 0; i < SINKS; i++) {
        sink_stop(sinks[i], DRAIN_MS);
    }
    int64_t took_ms = clock_boot_ms() - began_ms;
    assert_true(took_ms >= DRAIN_MS);
    assert_true(took_ms < SINKS * DRAIN_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(writes_every_line_once_and_goes_on_after_a_restart),
        TEST(follows_the_log_and_saves_its_cursor_without_being_stopped),
        TEST(a_stop_without_time_leaves_the_rest_for_the_next_start),
        TEST(filters_by_glob_and_severity),
        TEST(an_entry_that_is_no_event_is_said_and_passed_over),
        TEST(only_regular_files_are_written_to),
        TEST(a_missing_folder_is_said_and_waited_for),
        TEST(sinks_that_are_asked_first_drain_at_the_same_time),
        TEST(a_bad_url_is_named),
        TEST(a_percent_escape_in_the_url_is_an_octet_of_the_path),
        TEST(a_name_that_is_no_file_name_is_refused),
        TEST(two_sinks_do_not_share_a_file),
        TEST(no_memory_at_start_is_an_error_like_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
