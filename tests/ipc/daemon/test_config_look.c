/* What --check says of files, folders and sockets; it touches none of them. */
#include "config_case.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/daemon/config_problem.h"

static char home[64];
static char text[4096];

static int make_home(void **state)
{
    snprintf(home, sizeof home, "/tmp/guardian-look-XXXXXX");
    assert_non_null(mkdtemp(home));
    setenv("GUARDIAN_HOME", home, 1);
    return set_up(state);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static int remove_home(void **state)
{
    nftw(home, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return tear_down(state);
}

static const char *at(const char *name)
{
    static char path[4][128];
    static unsigned next;
    char *out = path[next++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", home, name);
    return out;
}

static void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
}

static int things;

static int count_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)path;
    (void)status;
    (void)kind;
    (void)place;
    things++;
    return 0;
}

static int things_in_home(void)
{
    things = 0;
    nftw(home, count_one, 8, FTW_PHYS);
    return things;
}

/* Examines a configuration with this city database, this socket and this sink file. */
static enum err examine(const char *city, const char *socket, const char *sink)
{
    const char *file = at("g.yaml");
    snprintf(text, sizeof text,
             "state:\n  directory: %s/state\ngeoip:\n  city: \"%s\"\nlisten:\n  - url: ipc://%s\n"
             "sinks:\n  - name: first\n    url: file://%s/state/siem.log\n"
             "  - name: second\n    url: file://%s\n",
             home, city, socket, home, sink);
    write_file(file, text);
    buffer_reset(&problems);
    config_release(config);
    config = NULL;
    int before = things_in_home();
    enum err err = config_examine(file, &config, &problems);
    assert_int_equal(things_in_home(), before);
    return err;
}

/* One line, beginning so and with this in it. */
static void assert_said(int line, const char *what)
{
    char start[128];
    const char *lines = said();
    snprintf(start, sizeof start, "%s/g.yaml:%d: ", home, line);
    if (count_lines(lines) != 1 || strncmp(lines, start, strlen(start)) != 0 ||
        strstr(lines, what) == NULL) {
        fail_msg("wanted %s… %s, got\n%s", start, what, lines);
    }
}

static void what_the_start_makes_itself_is_no_matter(void **state)
{
    (void)state;
    assert_int_equal(examine("", at("state/guardian.sock"), at("siem.log")), OK);
    assert_string_equal(said(), "");
    assert_non_null(config);
    assert_int_equal(access(at("state"), F_OK), -1);
    /* And the embedded defaults in a directory that is not there yet. */
    setenv("GUARDIAN_HOME", at("new"), 1);
    buffer_reset(&problems);
    config_release(config);
    assert_int_equal(config_examine(NULL, &config, &problems), OK);
    assert_string_equal(said(), "");
    assert_int_equal(access(at("new"), F_OK), -1);
}

static void a_sink_s_place_is_looked_at(void **state)
{
    (void)state;
    assert_int_equal(mkdir(at("folder"), 0700), 0);
    assert_int_equal(examine("", at("s"), at("folder")), ERR_CONFIGURATION);
    assert_said(11, "sinks[1].url: ");
    assert_non_null(strstr(problems.data, "is a folder"));
    assert_int_equal(symlink("folder", at("link")), 0);
    assert_int_equal(examine("", at("s"), at("link")), ERR_CONFIGURATION);
    assert_said(11, "is a symbolic link");
    assert_int_equal(examine("", at("s"), at("nowhere/x.log")), OK);
    assert_said(11, "warning: sinks[1].url: ");
    assert_non_null(strstr(problems.data, "No such file or directory"));
    write_file(at("log"), "a line\n");
    assert_int_equal(examine("", at("s"), at("log")), OK);
    assert_string_equal(said(), "");
    assert_int_equal(examine("", at("s"), at("log/x")), OK);
    assert_said(11, "Not a directory");
}

static void the_city_database_is_opened(void **state)
{
    (void)state;
    assert_int_equal(examine(at("none.mmdb"), at("s"), at("log")), OK);
    assert_said(4, "warning: geoip.city: ");
    write_file(at("text.mmdb"), "this is no database");
    assert_int_equal(examine(at("text.mmdb"), at("s"), at("log")), ERR_CONFIGURATION);
    assert_said(4, "geoip.city: ");
    assert_null(strstr(problems.data, "warning"));
    assert_int_equal(examine(home, at("s"), at("log")), ERR_CONFIGURATION);
    assert_said(4, "geoip.city: ");
}

static void a_socket_s_place_is_looked_at(void **state)
{
    (void)state;
    assert_int_equal(examine("", at("nowhere/s"), at("log")), ERR_CONFIGURATION);
    assert_said(6, "listen[0].url: the folder ");
    write_file(at("file"), "");
    assert_int_equal(examine("", at("file"), at("log")), ERR_CONFIGURATION);
    assert_said(6, "is there and no socket");
}

static void the_state_must_be_a_directory(void **state)
{
    (void)state;
    write_file(at("state"), "");
    assert_int_equal(examine("", at("s"), at("log")), ERR_CONFIGURATION);
    const char *lines = said();
    assert_non_null(strstr(lines, "g.yaml:2: state.directory: "));
}

static void keeping_sealed_parts_is_warned_of(void **state)
{
    (void)state;
    static const char *const words[] = {"yes", "no"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(text, sizeof text,
                 "state:\n  directory: %s/state\nceremony:\n"
                 "  retain_sealed: %s\n",
                 home, words[i]);
        write_file(at("g.yaml"), text);
        buffer_reset(&problems);
        config_release(config);
        assert_int_equal(config_examine(at("g.yaml"), &config, &problems), OK);
        if (i == 0) {
            assert_said(4, "warning: ceremony.retain_sealed: ");
        } else {
            assert_string_equal(said(), "");
        }
    }
}

/* However many warnings there are, problems keep their place and the list its end. */
static void warnings_do_not_count_as_problems(void **state)
{
    (void)state;
    struct problems list = {.lines = &problems, .file = "t.yaml"};
    for (int i = 0; i < 2 * PROBLEMS_SHOWN; i++) {
        problem_warn(&list, 7, "number %d", i);
    }
    assert_int_equal(problems_result(&list), OK);
    problem_add(&list, 3, "wrong");
    assert_int_equal(problems_result(&list), ERR_CONFIGURATION);
    assert_in_range(count_lines(said()), PROBLEMS_SHOWN, PROBLEMS_SHOWN + 1);
}

#define LOOK_TEST(name) cmocka_unit_test_setup_teardown(name, make_home, remove_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOK_TEST(what_the_start_makes_itself_is_no_matter),
        LOOK_TEST(a_sink_s_place_is_looked_at),
        LOOK_TEST(the_city_database_is_opened),
        LOOK_TEST(a_socket_s_place_is_looked_at),
        LOOK_TEST(the_state_must_be_a_directory),
        LOOK_TEST(keeping_sealed_parts_is_warned_of),
        LOOK_TEST(warnings_do_not_count_as_problems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
