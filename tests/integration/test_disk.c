/* Damage and full disks, through the real daemon. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/harness.h"

#define VIEWED                                                                       \
    "{\"events\":[{\"type\":\"information.viewed\",\"suser\":\"a\",\"sname\":\"b\"," \
    "\"information\":\"marker-%d\"}]}"

static int64_t emit(struct harness *h, int number)
{
    char params[256];
    snprintf(params, sizeof params, VIEWED, number);
    return harness_integer(harness_result(h, "event.emit", params), "last");
}

static void first_segment(const struct harness *h, char *out, size_t size)
{
    char folder[300];
    snprintf(folder, sizeof folder, "%s/log/journal", h->directory);
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    char first[256] = "~";
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        if (strstr(entry->d_name, ".wal") != NULL && strcmp(entry->d_name, first) < 0) {
            snprintf(first, sizeof first, "%s", entry->d_name);
        }
    }
    closedir(listing);
    assert_string_not_equal(first, "~");
    snprintf(out, size, "%s/%s", folder, first);
}

static void a_flipped_bit_is_named_with_file_and_offset(void **state)
{
    (void)state;
    struct harness h;
    harness_start(&h, NULL);
    for (int i = 0; i < 20; i++) {
        emit(&h, i);
    }
    harness_terminate(&h);
    char path[600];
    first_segment(&h, path, sizeof path);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    /* A letter of an early record. */
    char *content = malloc(1 << 20);
    assert_non_null(content);
    size_t length = fread(content, 1, 1 << 20, file);
    char *place = memmem(content, length, "marker-3", 8);
    assert_non_null(place);
    fseek(file, place - content, SEEK_SET);
    fputc('M', file);
    fclose(file);
    free(content);
    assert_int_equal(harness_run_to_end(&h), 3);
    harness_wait_text(h.errors, strrchr(path, '/') + 1);
    char *errors = harness_read_file(h.errors);
    assert_non_null(strstr(errors, "offset"));
    free(errors);
    h.daemon = 0;
    harness_stop(&h);
}

/* The state removed by hand: going on would acknowledge events that nobody finds again. */
static void a_daemon_whose_log_was_removed_says_so_and_stops(void **state)
{
    (void)state;
    struct harness h;
    char command[400];
    harness_start(&h, NULL);
    emit(&h, 1);
    snprintf(command, sizeof command, "rm -r '%s/log'", h.directory);
    assert_int_equal(system(command), 0);
    assert_int_equal(harness_wait_end(&h), 4);
    harness_wait_text(h.errors, "the log is no longer in its place");
    harness_stop(&h);
}

static void a_socket_that_was_removed_is_said(void **state)
{
    (void)state;
    struct harness h;
    harness_start(&h, NULL);
    assert_int_equal(unlink(h.url + strlen("ipc://")), 0);
    harness_wait_text(h.errors, "the socket was removed");
    harness_stop(&h);
}

/* Under a supervisor that starts it again and again the SIEM would be told of each. */
static void a_start_that_cannot_bind_records_nothing(void **state)
{
    (void)state;
    struct harness h;
    harness_start(&h, NULL);
    harness_terminate(&h);
    char *before = harness_read_file(h.sink);
    FILE *file = fopen(h.url + strlen("ipc://"), "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(harness_run_to_end(&h), 1);
    char *after = harness_read_file(h.sink);
    assert_string_equal(before, after);
    free(before);
    free(after);
    h.daemon = 0;
    harness_stop(&h);
}

static void a_start_after_a_kill_says_so(void **state)
{
    (void)state;
    struct harness h;
    harness_start(&h, NULL);
    harness_terminate(&h);
    harness_restart(&h);
    harness_kill(&h);
    harness_restart(&h);
    const struct json *entries =
        json_member(harness_result(&h, "audit.query", "{\"type\":\"daemon.started\"}"), "entries");
    assert_int_equal(entries->count, 3);
    assert_null(json_member(entries->child, "reason"));
    assert_null(json_member(entries->child->next, "reason"));
    assert_true(harness_text_is(entries->child->next->next, "reason",
                                "the last run was not stopped cleanly"));
    harness_stop(&h);
}

static void a_log_shorter_than_a_sink_knows_is_refused(void **state)
{
    (void)state;
    struct harness h;
    char command[900];
    harness_start(&h, NULL);
    for (int i = 0; i < 5; i++) {
        emit(&h, i);
    }
    harness_terminate(&h);
    snprintf(command, sizeof command, "cp -r '%s/log' '%s/log.old'", h.directory, h.directory);
    assert_int_equal(system(command), 0);
    harness_restart(&h);
    for (int i = 0; i < 5; i++) {
        emit(&h, i);
    }
    harness_terminate(&h);
    snprintf(command, sizeof command, "rm -r '%s/log' && mv '%s/log.old' '%s/log'", h.directory,
             h.directory, h.directory);
    assert_int_equal(system(command), 0);
    assert_int_equal(harness_run_to_end(&h), 3);
    h.daemon = 0;
    harness_stop(&h);
}

static void a_full_disk_refuses_emit_and_goes_on_when_there_is_space(void **state)
{
    (void)state;
    struct harness h;
    char mounted[400];
    char filler[500];
    char text[4096];
    harness_prepare(&h);
    snprintf(mounted, sizeof mounted, "%s/state", h.directory);
    snprintf(filler, sizeof filler, "%s/filler", mounted);
    assert_int_equal(mkdir(mounted, 0700), 0);
    if (mount("tmpfs", mounted, "tmpfs", 0, "size=32m,mode=0700") != 0) {
        rmdir(mounted);
        harness_stop(&h);
        skip(); /* not allowed to mount here */
    }
    snprintf(
        text, sizeof text,
        "state:\n  directory: %s\nlisten:\n  - url: %s\n"
        "access:\n  - uid: %u\n    roles: [workflow]\n    login: pam\n"
        "log:\n  segment: 2 MiB\n  reserve: 8 MiB\nsinks:\n  - name: siem\n    url: file://%s\n",
        mounted, h.url, (unsigned)getuid(), h.sink);
    harness_write_config(&h, text);
    harness_restart(&h);
    int64_t last = emit(&h, 1);
    FILE *file = fopen(filler, "w");
    assert_non_null(file);
    char *block = calloc(1, 1 << 20);
    assert_non_null(block);
    for (int i = 0; i < 24 && fwrite(block, 1 << 20, 1, file) == 1; i++) {
        fflush(file);
    }
    fclose(file);
    free(block);
    harness_wait_text(h.sink, "|9057|"); /* log.space_low */
    char params[256];
    snprintf(params, sizeof params, VIEWED, 2);
    const struct json *data = harness_error(&h, "event.emit", params, -32004, "refused");
    assert_true(harness_text_is(data, "field", "disk"));
    assert_int_equal(unlink(filler), 0);
    harness_wait_text(h.errors, "sufficient again");
    int64_t next = emit(&h, 3);
    assert_true(next > last);
    harness_terminate(&h);
    harness_check_sink(h.sink, 0, (uint64_t)next + 1); /* and daemon.stopped */
    assert_int_equal(umount(mounted), 0);
    harness_stop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flipped_bit_is_named_with_file_and_offset),
        cmocka_unit_test(a_daemon_whose_log_was_removed_says_so_and_stops),
        cmocka_unit_test(a_socket_that_was_removed_is_said),
        cmocka_unit_test(a_start_that_cannot_bind_records_nothing),
        cmocka_unit_test(a_start_after_a_kill_says_so),
        cmocka_unit_test(a_log_shorter_than_a_sink_knows_is_refused),
        cmocka_unit_test(a_full_disk_refuses_emit_and_goes_on_when_there_is_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
