/* Exactly once, whatever a kill leaves behind. */
#include "tests/audit/sinks/fixture.h"

#include "audit/sinks/cursor.h"

#include <dirent.h>
#include <sys/prctl.h>

/* Would be taken for the index by a reader that does not know what a value is. */
static const char hostile[] =
    "x externalId=999999 y\\texternalId=888888\\tz \\\"] externalId=\\\"777777";

/* The state a kill can leave: the file written up to any octet, the cursor at any earlier sync. */
static void leave_killed(const struct fixture *fixture, const struct buffer *lines, size_t length,
                         uint64_t next, size_t synced)
{
    struct fault fault;
    struct stat status;
    unlink(fixture->file);
    put_file(fixture->file, lines->data, length);
    assert_int_equal(stat(fixture->file, &status), 0);
    struct cursor cursor = {.next = next};
    snprintf(cursor.place, sizeof cursor.place, "%ju:%zu", (uintmax_t)status.st_ino, synced);
    assert_int_equal(cursor_save(fixture->cursors, "main", &cursor, &fault), OK);
}

static void a_kill_at_any_octet_loses_and_doubles_nothing(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < 6; i++) {
        append_record(fixture->log, (enum record_kind)(i % RECORD_NO_EVENT), hostile);
    }
    diag_set_level(DIAG_ERROR); /* each cut is said */
    for (unsigned form = 0; form < FORMAT_COUNT * PROFILE_COUNT; form++) {
        struct sink_options options = options_of(fixture);
        options.render.format = (enum format)(form / PROFILE_COUNT);
        options.render.profile = (enum profile)(form % PROFILE_COUNT);
        options.render.log_id = form % 4 == 3 ? "east1" : NULL;
        struct buffer lines;
        buffer_init(&lines, (size_t)1 << 20);
        expect_lines(fixture->log, &options, 0, 6, &lines);
        size_t ends[7] = {0};
        for (size_t at = 0, line = 0; at < lines.length; at++) {
            if (lines.data[at] == '\n') {
                ends[++line] = at + 1;
            }
        }
        for (uint64_t next = 3; next <= 5; next++) {
            for (size_t length = ends[next]; length <= lines.length; length++) {
                leave_killed(fixture, &lines, length, next, ends[next]);
                sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
                assert_file_is(fixture->file, &lines);
            }
        }
        buffer_done(&lines);
    }
    diag_set_level(DIAG_NOTICE);
}

static void a_torn_last_line_is_cut_off_and_said(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    append_many(fixture->log, 4);
    sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
    uint64_t size = size_of_file(fixture->file);
    assert_int_equal(truncate(fixture->file, (off_t)size - 5), 0);
    heard_start(fixture);
    struct sink *sink = start(&options, fixture->log);
    unsigned said = heard_times(fixture, "a torn last line was cut off");
    unsigned named = heard_times(fixture, fixture->file);
    sink_stop(sink, WAIT_LIMIT_MS);
    heard_stop(fixture);
    assert_int_equal(said, 1);
    assert_true(named >= 1);
    assert_complete(fixture, &options, 0);
}

static const char *first_segment(const char *folder)
{
    static char name[64];
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    const struct dirent *item;
    while ((item = readdir(listing)) != NULL && strstr(item->d_name, ".wal") == NULL) {
    }
    assert_non_null(item);
    snprintf(name, sizeof name, "%.60s", item->d_name);
    closedir(listing);
    return name;
}

static off_t find_in_file(const char *path, const char *text)
{
    struct buffer content;
    buffer_init(&content, (size_t)1 << 26);
    append_file(path, &content);
    const char *at = memmem(content.data, content.length, text, strlen(text));
    assert_non_null(at);
    off_t place = at - content.data;
    buffer_done(&content);
    return place;
}

static void overwrite(const char *path, off_t place, char octet)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, &octet, 1, place), 1);
    close(fd);
}

static void behind_a_foreign_last_line_the_cursor_decides(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct buffer expected;
    append_many(fixture->log, 3);
    sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
    int fd = open(fixture->file, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "-- mark --\n", 11), 11);
    close(fd);
    append_many(fixture->log, 3);
    heard_start(fixture);
    sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
    unsigned said = heard_times(fixture, "the cursor decides");
    heard_stop(fixture);
    assert_int_equal(said, 1);
    buffer_init(&expected, (size_t)1 << 20);
    expect_lines(fixture->log, &options, 0, 3, &expected);
    buffer_append_text(&expected, "-- mark --\n");
    expect_lines(fixture->log, &options, 3, 6, &expected);
    assert_file_is(fixture->file, &expected);
    buffer_done(&expected);
}

static void without_a_cursor_the_last_line_decides_in_any_format(void **state)
{
    struct fixture *fixture = *state;
    append_many(fixture->log, 5);
    for (unsigned form = 0; form < FORMAT_COUNT * PROFILE_COUNT * 2; form++) {
        struct sink_options options = options_of(fixture);
        options.render.format = (enum format)(form / 2 / PROFILE_COUNT);
        options.render.profile = (enum profile)(form / 2 % PROFILE_COUNT);
        options.render.envelope = (enum envelope)(form % 2);
        unlink(fixture->file);
        char cursor[256];
        snprintf(cursor, sizeof cursor, "%s/main", fixture->cursors);
        unlink(cursor);
        sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
        assert_int_equal(unlink(cursor), 0);
        append_many(fixture->log, 2);
        sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
        assert_complete(fixture, &options, 0);
    }
}

static void a_last_line_that_the_log_does_not_have_stops_the_start(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    append_many(fixture->log, 3);
    static const char ahead[] = "CEF:0|a|b|1|2|n|3|externalId=3\n";
    put_file(fixture->file, ahead, sizeof ahead - 1);
    assert_refused(&options, fixture->log, ERR_DAMAGED, fixture->file);
    assert_refused(&options, fixture->log, ERR_DAMAGED,
                   "has entry 3, but the log ends before entry 3");
    assert_refused(&options, fixture->log, ERR_DAMAGED, "Restore the log, or move the file away");
    assert_int_equal(size_of_file(fixture->file), sizeof ahead - 1);
}

static void a_cursor_ahead_of_the_log_stops_the_start(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    struct fault fault;
    struct cursor cursor = {.next = 4};
    append_many(fixture->log, 3);
    assert_int_equal(cursor_save(fixture->cursors, "main", &cursor, &fault), OK);
    assert_refused(&options, fixture->log, ERR_DAMAGED, "/sinks/main");
    assert_int_equal(known_size(fixture), 4);
}

static void a_damaged_cursor_is_named_and_not_believed(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    char path[256];
    uint64_t size;
    struct fault fault;
    append_many(fixture->log, 3);
    sink_stop(start(&options, fixture->log), WAIT_LIMIT_MS);
    snprintf(path, sizeof path, "%s/main", fixture->cursors);
    put_file(path, "next 1\n", 7);
    assert_refused(&options, fixture->log, ERR_DAMAGED, path);
    fault_clear(&fault);
    assert_int_equal(sink_known_size(fixture->cursors, &size, &fault), ERR_DAMAGED);
    assert_non_null(strstr(fault.sentence, path));
}

/* A log that is damaged under the running daemon: nothing is passed over, and it goes on once the
 * log is whole again. */
static void where_the_log_is_unreadable_the_sink_stays_and_says_so(void **state)
{
    struct fixture *fixture = *state;
    struct sink_options options = options_of(fixture);
    char journal[256];
    append_many(fixture->log, 6);
    append_record(fixture->log, RECORD_NOTICE, "to-be-damaged");
    append_many(fixture->log, 6);
    snprintf(journal, sizeof journal, "%s/journal", fixture->log_folder);
    snprintf(journal + strlen(journal), sizeof journal - strlen(journal), "/%s",
             first_segment(journal));
    off_t place = find_in_file(journal, "to-be-damaged");
    overwrite(journal, place, 'X');
    heard_start(fixture);
    struct sink *sink = start(&options, fixture->log);
    WAIT_UNTIL(status_of(sink).failing && status_of(sink).cursor == 6);
    assert_non_null(strstr(status_of(sink).last_error, journal));
    overwrite(journal, place, 't');
    sink_reopen(sink);
    WAIT_UNTIL(delivered_all(fixture, sink));
    sink_stop(sink, WAIT_LIMIT_MS);
    unsigned began = heard_times(fixture, "a sink fails");
    heard_stop(fixture);
    assert_int_equal(began, 1);
    assert_complete(fixture, &options, 0);
}

/* ---- kill -9 -----------------------------------------------------------------------------------
 */

#define KILLS 10
#define FORMS (FORMAT_COUNT * PROFILE_COUNT)

struct form {
    char name[16];
    char file[160]; /* as in struct fixture */
    char url[176];
    struct sink_options options;
};

static void make_forms(const struct fixture *fixture, struct form forms[FORMS])
{
    for (unsigned i = 0; i < FORMS; i++) {
        struct form *form = &forms[i];
        snprintf(form->name, sizeof form->name, "form%u", i);
        snprintf(form->file, sizeof form->file, "%.100s/form%u", fixture->folder, i);
        snprintf(form->url, sizeof form->url, "file://%s", form->file);
        form->options = options_of(fixture);
        form->options.name = form->name;
        form->options.url = form->url;
        form->options.render.format = (enum format)(i / PROFILE_COUNT);
        form->options.render.profile = (enum profile)(i % PROFILE_COUNT);
    }
    forms[1].options.types[0] = "*.part_*"; /* one that filters */
    forms[1].options.type_count = 1;
}

/* The child: appends as fast as it can with all sinks running, until it is killed. */
static void run_until_killed(struct fixture *fixture, struct form forms[FORMS])
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* should the test end before it kills */
    fixture_open_log(fixture);
    for (unsigned i = 0; i < FORMS; i++) {
        start(&forms[i].options, fixture->log);
    }
    for (unsigned i = 0;; i++) {
        append_record(fixture->log, (enum record_kind)(i % RECORD_NO_EVENT), hostile);
    }
}

static void kill_nine_under_load_loses_and_doubles_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct form forms[FORMS];
    make_forms(fixture, forms);
    log_close(fixture->log);
    fixture->log = NULL;
    diag_set_level(DIAG_ERROR);
    for (unsigned i = 0; i < KILLS; i++) {
        /* Killed when one of the files has grown by a different amount each time. */
        const char *watched = forms[i % FORMS].file;
        uint64_t enough = size_of_file(watched) + 3000 + i * 7919;
        pid_t child = fork();
        if (child == 0) {
            run_until_killed(fixture, forms);
        }
        WAIT_UNTIL(size_of_file(watched) > enough || has_ended(child));
        kill(child, SIGKILL);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    fixture_open_log(fixture);
    struct sink *sinks[FORMS];
    for (unsigned i = 0; i < FORMS; i++) {
        sinks[i] = start(&forms[i].options, fixture->log);
    }
    for (unsigned i = 0; i < FORMS; i++) {
        sink_stop(sinks[i], WAIT_LIMIT_MS);
    }
    diag_set_level(DIAG_NOTICE);
    for (unsigned i = 0; i < FORMS; i++) {
        memcpy(fixture->file, forms[i].file, sizeof fixture->file);
        assert_complete(fixture, &forms[i].options, 0);
    }
    assert_true(log_size(fixture->log) > KILLS * 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_kill_at_any_octet_loses_and_doubles_nothing),
        TEST(a_torn_last_line_is_cut_off_and_said),
        TEST(behind_a_foreign_last_line_the_cursor_decides),
        TEST(without_a_cursor_the_last_line_decides_in_any_format),
        TEST(a_last_line_that_the_log_does_not_have_stops_the_start),
        TEST(a_cursor_ahead_of_the_log_stops_the_start),
        TEST(a_damaged_cursor_is_named_and_not_believed),
        TEST(where_the_log_is_unreadable_the_sink_stays_and_says_so),
        TEST(kill_nine_under_load_loses_and_doubles_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
