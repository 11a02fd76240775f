/* SIGHUP: configuration, GeoIP database and sink files anew, without losing anything. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/geoip/mmdb_writer.h"
#include "tests/integration/harness.h"

#define LOGIN(user, address) \
    "{\"events\":[{\"type\":\"auth.login\",\"suser\":\"" user "\",\"originIP\":\"" address "\"}]}"

static void write_places(const char *path, const char *city)
{
    const struct mmdb_options options = {.type = "GeoLite2-City"};
    struct mmdb_writer *writer = mmdb_writer_new(&options);
    const struct mmdb_city place = {.country = {.en = "Brazil"},
                                    .city = {.en = city},
                                    .has_position = true,
                                    .latitude = -23.5,
                                    .longitude = -46.6};
    mmdb_writer_add(writer, "200.160.0.0/16", &place);
    char beside[512];
    snprintf(beside, sizeof beside, "%s.new", path);
    mmdb_writer_save(writer, beside);
    mmdb_writer_free(writer);
    assert_int_equal(rename(beside, path), 0);
}

static const char *places_path(const struct harness *h)
{
    static char path[400];
    snprintf(path, sizeof path, "%s/places.mmdb", h->directory);
    return path;
}

static void start_with_places(struct harness *h)
{
    char text[4096];
    harness_prepare(h);
    write_places(places_path(h), "Sao Paulo");
    snprintf(text, sizeof text,
             "state:\n  directory: %s\nlisten:\n  - url: %s\n"
             "access:\n  - uid: %u\n    roles: [workflow]\n    login: pam\n"
             "geoip:\n  city: %s\nsinks:\n  - name: siem\n    url: file://%s\n",
             h->directory, h->url, (unsigned)getuid(), places_path(h), h->sink);
    harness_write_config(h, text);
    harness_restart(h);
}

static bool record_has_city(struct harness *h, int64_t index, const char *city)
{
    char params[64];
    snprintf(params, sizeof params, "{\"index\":%lld}", (long long)index);
    const struct json *record = json_member(harness_result(h, "audit.entry", params), "record");
    const struct json *geo = json_member(record, "geo");
    return geo != NULL && harness_text_is(geo, "city", city);
}

static void an_event_with_an_origin_gets_its_place(void **state)
{
    (void)state;
    struct harness h;
    start_with_places(&h);
    int64_t at =
        harness_integer(harness_result(&h, "event.emit", LOGIN("a", "200.160.2.3")), "first");
    assert_true(record_has_city(&h, at, "Sao Paulo"));
    at = harness_integer(harness_result(&h, "event.emit", LOGIN("a", "::ffff:200.160.2.3")),
                         "first");
    assert_true(record_has_city(&h, at, "Sao Paulo"));
    at = harness_integer(harness_result(&h, "event.emit", LOGIN("a", "192.168.1.1")), "first");
    assert_false(record_has_city(&h, at, "Sao Paulo"));
    harness_stop(&h);
}

static void a_new_database_is_used_after_sighup(void **state)
{
    (void)state;
    struct harness h;
    start_with_places(&h);
    write_places(places_path(&h), "Santos");
    harness_signal(&h, SIGHUP);
    harness_wait_text(h.errors, "reloaded");
    int64_t at =
        harness_integer(harness_result(&h, "event.emit", LOGIN("a", "200.160.2.3")), "first");
    assert_true(record_has_city(&h, at, "Santos"));
    harness_wait_text(h.sink, "|9070|");
    harness_stop(&h);
}

static void a_bad_database_leaves_the_old_one_in_force_and_is_told(void **state)
{
    (void)state;
    struct harness h;
    start_with_places(&h);
    FILE *file = fopen(places_path(&h), "w");
    assert_non_null(file);
    fputs("not a database", file);
    assert_int_equal(fclose(file), 0);
    harness_signal(&h, SIGHUP);
    harness_wait_text(h.errors, "GeoIP database refused");
    harness_wait_text(h.sink, "|9071|");
    int64_t at =
        harness_integer(harness_result(&h, "event.emit", LOGIN("a", "200.160.2.3")), "first");
    assert_true(record_has_city(&h, at, "Sao Paulo"));
    const struct json *geoip = json_member(harness_result(&h, "system.status", "{}"), "geoip");
    assert_non_null(json_member(geoip, "last_error"));
    harness_stop(&h);
}

static void a_bad_configuration_changes_nothing_and_is_told(void **state)
{
    (void)state;
    struct harness h;
    start_with_places(&h);
    harness_write_config(&h, "state: relative\nlimits:\n  workers: none\nnonsense: 1\n");
    harness_signal(&h, SIGHUP);
    harness_wait_text(h.errors, "guardian.yaml:");
    harness_wait_text(h.errors, "not reloaded");
    harness_wait_text(h.sink, "|9053|");
    char *lines = harness_read_file(h.sink); /* the event names every problem, not only the first */
    const char *refused = strstr(lines, "|9053|");
    assert_non_null(strstr(refused, "guardian.yaml:1"));
    assert_non_null(strstr(refused, "guardian.yaml:3"));
    assert_non_null(strstr(refused, "guardian.yaml:4"));
    free(lines);
    harness_result(&h, "event.emit", LOGIN("still", "200.160.2.3"));
    harness_wait_text(h.sink, "suser=still");
    harness_stop(&h);
}

/* What --check refuses, a reload refuses too: the sink that works goes on. */
static void a_sink_that_could_never_write_does_not_replace_one_that_does(void **state)
{
    (void)state;
    struct harness h;
    char folder[400];
    char text[4096];
    harness_prepare(&h);
    snprintf(folder, sizeof folder, "%s/folder", h.directory);
    snprintf(text, sizeof text,
             "state:\n  directory: %s\nlisten:\n  - url: %s\naccess:\n  - uid: %u\n"
             "    roles: [workflow]\n    login: pam\nsinks:\n  - name: siem\n    url: file://%s\n",
             h.directory, h.url, (unsigned)getuid(), h.sink);
    harness_write_config(&h, text);
    harness_restart(&h);
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(text, sizeof text,
             "state:\n  directory: %s\nlisten:\n  - url: %s\naccess:\n  - uid: %u\n"
             "    roles: [workflow]\n    login: pam\nsinks:\n  - name: siem\n    url: file://%s\n",
             h.directory, h.url, (unsigned)getuid(), folder);
    harness_write_config(&h, text);
    harness_signal(&h, SIGHUP);
    harness_wait_text(h.errors, "not reloaded");
    harness_wait_text(h.sink, "|9053|"); /* by the sink that was there before */
    harness_stop(&h);
}

static void embedded_defaults_find_a_database_that_came_later(void **state)
{
    (void)state;
    struct harness h;
    char path[400];
    harness_start(&h, NULL);
    snprintf(path, sizeof path, "%s/GeoLite2-City.mmdb", h.directory);
    write_places(path, "Sao Paulo");
    harness_signal(&h, SIGHUP);
    harness_wait_text(h.errors, "reloaded");
    int64_t at =
        harness_integer(harness_result(&h, "event.emit", LOGIN("a", "200.160.2.3")), "first");
    assert_true(record_has_city(&h, at, "Sao Paulo"));
    harness_stop(&h);
}

static void embedded_defaults_keep_a_database_that_is_gone_and_say_so(void **state)
{
    (void)state;
    struct harness h;
    char path[400];
    harness_start(&h, NULL);
    snprintf(path, sizeof path, "%s/GeoLite2-City.mmdb", h.directory);
    write_places(path, "Sao Paulo");
    harness_signal(&h, SIGHUP);
    harness_wait_text(h.sink, "|9070|");
    assert_int_equal(unlink(path), 0);
    for (int i = 0; i < 2; i++) { /* nor does the second time forget it */
        harness_signal(&h, SIGHUP);
        harness_wait_times(h.errors, "GeoIP database refused", (size_t)i + 1);
        harness_wait_times(h.sink, "|9071|", (size_t)i + 1);
        const struct json *geoip = json_member(harness_result(&h, "system.status", "{}"), "geoip");
        assert_non_null(json_member(geoip, "last_error"));
        assert_true(harness_text_is(geoip, "path", path));
        int64_t at =
            harness_integer(harness_result(&h, "event.emit", LOGIN("a", "200.160.2.3")), "first");
        assert_true(record_has_city(&h, at, "Sao Paulo"));
    }
    write_places(path, "Santos"); /* back: taken as any new one */
    harness_signal(&h, SIGHUP);
    harness_wait_times(h.sink, "|9070|", 2);
    int64_t at =
        harness_integer(harness_result(&h, "event.emit", LOGIN("a", "200.160.2.3")), "first");
    assert_true(record_has_city(&h, at, "Santos"));
    harness_stop(&h);
}

static void rename_and_sighup_rotate_the_sink_without_loss(void **state)
{
    (void)state;
    struct harness h;
    char rotated[400];
    start_with_places(&h);
    snprintf(rotated, sizeof rotated, "%s.1", h.sink);
    int64_t last = 0;
    for (int i = 0; i < 50; i++) {
        last =
            harness_integer(harness_result(&h, "event.emit", LOGIN("before", "10.0.0.1")), "last");
    }
    harness_wait_lines(h.sink, (size_t)last + 1);
    assert_int_equal(rename(h.sink, rotated), 0);
    harness_signal(&h, SIGHUP);
    harness_wait_text(h.errors, "reloaded");
    for (int i = 0; i < 50; i++) {
        last =
            harness_integer(harness_result(&h, "event.emit", LOGIN("after", "10.0.0.1")), "last");
    }
    harness_wait_text(h.sink, "suser=after");
    harness_kill(&h);
    harness_restart(&h);
    harness_terminate(&h);
    /* Both files together: every index once, in order. */
    char joined[400];
    char command[1300];
    snprintf(joined, sizeof joined, "%s/joined", h.directory);
    snprintf(command, sizeof command, "cat '%s' '%s' > '%s'", rotated, h.sink, joined);
    assert_int_equal(system(command), 0);
    char *lines = harness_read_file(joined);
    size_t count = harness_count(lines, "\n");
    free(lines);
    assert_true(count > (size_t)last);
    harness_check_sink(joined, 0, count - 1);
    harness_stop(&h);
}

static void sinks_come_and_go_with_the_configuration(void **state)
{
    (void)state;
    struct harness h;
    char text[4096];
    char second[400];
    start_with_places(&h);
    snprintf(second, sizeof second, "%s/second.log", h.directory);
    snprintf(text, sizeof text,
             "state:\n  directory: %s\nlisten:\n  - url: %s\n"
             "access:\n  - uid: %u\n    roles: [workflow]\n    login: pam\n"
             "sinks:\n  - name: second\n    url: file://%s\n    format: rfc5424\n"
             "    filter:\n      types: ['auth.*']\n",
             h.directory, h.url, (unsigned)getuid(), second);
    harness_write_config(&h, text);
    harness_signal(&h, SIGHUP);
    harness_wait_text(h.errors, "reloaded");
    harness_result(&h, "event.emit", LOGIN("filtered", "10.0.0.1"));
    harness_wait_text(second, "suser=\"filtered\"");
    char *lines = harness_read_file(second);
    assert_null(strstr(lines, " 9050 ")); /* daemon.started is not auth.* */
    free(lines);
    const struct json *sinks = json_member(harness_result(&h, "system.status", "{}"), "sinks");
    assert_int_equal(sinks->count, 1);
    harness_stop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_with_an_origin_gets_its_place),
        cmocka_unit_test(a_new_database_is_used_after_sighup),
        cmocka_unit_test(a_bad_database_leaves_the_old_one_in_force_and_is_told),
        cmocka_unit_test(a_bad_configuration_changes_nothing_and_is_told),
        cmocka_unit_test(a_sink_that_could_never_write_does_not_replace_one_that_does),
        cmocka_unit_test(embedded_defaults_find_a_database_that_came_later),
        cmocka_unit_test(embedded_defaults_keep_a_database_that_is_gone_and_say_so),
        cmocka_unit_test(rename_and_sighup_rotate_the_sink_without_loss),
        cmocka_unit_test(sinks_come_and_go_with_the_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
