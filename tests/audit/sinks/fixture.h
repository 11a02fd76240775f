/* What the sink tests share: a private folder with a log in it, records, the lines they must
 * become, and waiting on a condition. */
#ifndef TESTS_AUDIT_SINKS_FIXTURE_H
#define TESTS_AUDIT_SINKS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/base/clock.h"
#include "audit/base/diag.h"
#include "audit/base/glob.h"
#include "audit/base/memory.h"
#include "audit/event/event.h"
#include "audit/log/log.h"
#include "audit/render/render.h"
#include "audit/sinks/sink.h"

#define WAIT_LIMIT_MS 60000

struct fixture {
    char folder[128];
    char log_folder[160];
    char cursors[160];
    char file[160]; /* the sink's */
    char url[176];
    struct log *log;
    int heard; /* -1: stderr is itself */
    int stderr_before;
};

/* Shared memory, where it is there: hundreds of restarts sync thousands of times. */
static inline void fixture_make(struct fixture *fixture)
{
    const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(fixture->folder, sizeof fixture->folder, "%s/guardian-sinks-XXXXXX", root);
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->log_folder, sizeof fixture->log_folder, "%s/log", fixture->folder);
    snprintf(fixture->cursors, sizeof fixture->cursors, "%s/sinks", fixture->folder);
    snprintf(fixture->file, sizeof fixture->file, "%s/out.log", fixture->folder);
    snprintf(fixture->url, sizeof fixture->url, "file://%s", fixture->file);
    assert_int_equal(mkdir(fixture->cursors, 0700), 0);
    fixture->log = NULL;
    fixture->heard = -1;
}

static inline void fixture_open_log(struct fixture *fixture)
{
    struct fault fault;
    struct log_opened opened;
    struct log_options options = {.directory = fixture->log_folder,
                                  .first_segment_bytes = (size_t)1 << 20,
                                  .segment_bytes = (size_t)4 << 20,
                                  .commit_wait_ms = 5000};
    fault_clear(&fault);
    if (sink_known_size(fixture->cursors, &options.known_size, &fault) != OK ||
        log_open(&options, &fixture->log, &opened, &fault) != OK) {
        fail_msg("%s", fault.sentence);
    }
}

static inline void fixture_remove(struct fixture *fixture)
{
    log_close(fixture->log);
    fixture->log = NULL;
    char command[256];
    snprintf(command, sizeof command, "%s", fixture->folder);
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/rm", "rm", "-rf", "--", command, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
    }
}

/* ---- records ----------------------------------------------------------------------------------
 */

enum record_kind {
    RECORD_NOTICE,   /* information.viewed, syslog severity 5 */
    RECORD_WARNING,  /* device.connectivity_lost, 4 */
    RECORD_ALERT,    /* master_key.part_viewed, 1 */
    RECORD_NO_EVENT, /* of no type there is */
    RECORD_KINDS,
};

static inline size_t record_write(char *out, size_t size, enum record_kind kind, const char *name)
{
    static const char *const forms[] = {
        [RECORD_NOTICE] =
            "{\"time\":\"2026-11-24T17:49:41.123456Z\",\"type\":\"information.viewed\","
            "\"pid\":7,\"suser\":\"jsilva\",\"sname\":\"%s\",\"information\":\"door\"}",
        [RECORD_WARNING] = "{\"time\":\"2026-11-24T17:49:41.123456Z\",\"type\":"
                           "\"device.connectivity_lost\",\"pid\":7,\"sname\":\"%s\",\"dhost\":"
                           "\"router\",\"app\":\"SSH\"}",
        [RECORD_ALERT] =
            "{\"time\":\"2026-11-24T17:49:41.123456Z\",\"type\":"
            "\"master_key.part_viewed\",\"pid\":7,\"suser\":\"jsilva\",\"sname\":\"%s\"}",
        [RECORD_NO_EVENT] = "{\"time\":\"2026-11-24T17:49:41.123456Z\",\"type\":\"no.such\","
                            "\"sname\":\"%s\"}"};
    int length = snprintf(out, size, forms[kind], name);
    assert_true(length > 0 && (size_t)length < size);
    return (size_t)length;
}

/* Appends one record; returns its index. */
static inline uint64_t append_record(struct log *log, enum record_kind kind, const char *name)
{
    char record[4096];
    struct log_entry entry = {.record = {record, record_write(record, sizeof record, kind, name)}};
    log_leaf_hash(entry.record, entry.leaf_hash);
    struct log_range range;
    struct fault fault;
    fault_clear(&fault);
    if (log_append(log, &entry, 1, NULL, false, &range, &fault) != OK) {
        fail_msg("%s", fault.sentence);
    }
    return range.first;
}

/* ---- what must come out ------------------------------------------------------------------------
 */

/* The lines of the entries from `from` up to below `to`, by the renderer itself, in order, once. */
static inline void expect_lines(struct log *log, const struct sink_options *options, uint64_t from,
                                uint64_t to, struct buffer *out)
{
    struct log_reader *reader;
    struct arena arena;
    struct fault fault;
    fault_clear(&fault);
    assert_int_equal(log_reader_open(log, &reader), OK);
    arena_init(&arena, (size_t)1 << 20);
    for (uint64_t index = from; index < to; index++) {
        struct slice record;
        struct event *event;
        arena_reset(&arena);
        assert_int_equal(log_read(reader, index, &record, &fault), OK);
        if (event_decode(&arena, record, (int64_t)index, &event, &fault) != OK) {
            continue;
        }
        bool wanted = options->type_count == 0;
        for (size_t i = 0; i < options->type_count; i++) {
            wanted = wanted || glob_match(slice_of(options->types[i]), event->type->type);
        }
        if (wanted && (int)event->type->syslog_severity <= options->severity_max) {
            assert_int_equal(render_line(event, &options->render, out), OK);
            buffer_append_char(out, '\n');
        }
    }
    arena_done(&arena);
    log_reader_close(reader);
    assert_int_equal(buffer_result(out), OK);
}

/* ---- files -------------------------------------------------------------------------------------
 */

static inline void append_file(const char *path, struct buffer *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    ssize_t got;
    do {
        assert_true(buffer_reserve(out, 65536));
        got = read(fd, out->data + out->length, 65536);
        out->length += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    close(fd);
}

static inline void put_file(const char *path, const void *data, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, length), length);
    close(fd);
}

static inline uint64_t size_of_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

/* Fails at the first octet that differs. */
static inline void assert_same(const struct buffer *got, const struct buffer *expected)
{
    size_t at = 0;
    while (at < got->length && at < expected->length && got->data[at] == expected->data[at]) {
        at++;
    }
    if (at != got->length || at != expected->length) {
        size_t from = at < 80 ? 0 : at - 80;
        fail_msg("differs at octet %zu of %zu (expected %zu):\n%.*s\nexpected\n%.*s", at,
                 got->length, expected->length,
                 (int)(got->length - from < 300 ? got->length - from : 300), got->data + from,
                 (int)(expected->length - from < 300 ? expected->length - from : 300),
                 expected->data + from);
    }
}

/* Files that follow one another, as a rotation makes them. */
static inline void assert_files_are(const char *const *paths, size_t count,
                                    const struct buffer *expected)
{
    struct buffer got;
    buffer_init(&got, (size_t)1 << 30);
    for (size_t i = 0; i < count; i++) {
        append_file(paths[i], &got);
    }
    assert_same(&got, expected);
    buffer_done(&got);
}

static inline void assert_file_is(const char *path, const struct buffer *expected)
{
    assert_files_are(&path, 1, expected);
}

/* ---- sinks -------------------------------------------------------------------------------------
 */

static inline struct sink_options options_of(const struct fixture *fixture)
{
    struct sink_options options = {.name = "main",
                                   .url = fixture->url,
                                   .cursor_directory = fixture->cursors,
                                   .mode = 0640,
                                   .severity_max = 7};
    render_defaults(&options.render);
    return options;
}

static inline struct sink *start(const struct sink_options *options, struct log *log)
{
    struct sink *sink = NULL;
    struct fault fault;
    fault_clear(&fault);
    if (sink_start(options, log, &sink, &fault) != OK) {
        fail_msg("%s", fault.sentence);
    }
    return sink;
}

/* Waits until a condition holds (checked every few milliseconds), at most WAIT_LIMIT_MS. */
#define WAIT_UNTIL(condition)                                                                  \
    for (int64_t limit_ms = clock_boot_ms() + WAIT_LIMIT_MS; !(condition); poll(NULL, 0, 2)) { \
        if (clock_boot_ms() > limit_ms) {                                                      \
            fail_msg("waited too long for %s", #condition);                                    \
        }                                                                                      \
    }

static inline struct sink_status status_of(struct sink *sink)
{
    struct sink_status status;
    sink_status(sink, &status);
    return status;
}

/* A child that did not wait to be killed. */
static inline bool has_ended(pid_t child)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

static inline uint64_t known_size(const struct fixture *fixture)
{
    uint64_t size = 0;
    struct fault fault;
    fault_clear(&fault);
    if (sink_known_size(fixture->cursors, &size, &fault) != OK) {
        fail_msg("%s", fault.sentence);
    }
    return size;
}

/* ---- stderr into a file, until it is put back: what was said -----------------------------------
 */

static inline void heard_start(struct fixture *fixture)
{
    fixture->stderr_before = dup(STDERR_FILENO);
    fixture->heard = open("/tmp", O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fixture->stderr_before >= 0 && fixture->heard >= 0);
    assert_true(dup2(fixture->heard, STDERR_FILENO) >= 0);
}

static inline const char *heard_text(const struct fixture *fixture)
{
    static char said[65536];
    ssize_t length = pread(fixture->heard, said, sizeof said - 1, 0);
    said[length < 0 ? 0 : length] = '\0';
    return said;
}

/* How often the text was said so far. */
static inline unsigned heard_times(const struct fixture *fixture, const char *text)
{
    unsigned times = 0;
    for (const char *at = heard_text(fixture); (at = strstr(at, text)) != NULL; at++) {
        times++;
    }
    return times;
}

static inline void heard_stop(struct fixture *fixture)
{
    dup2(fixture->stderr_before, STDERR_FILENO);
    close(fixture->stderr_before);
    close(fixture->heard);
    fixture->heard = -1;
}

/* ---- a test's own world ------------------------------------------------------------------------
 */

static inline int make(void **state)
{
    struct fixture *fixture = malloc(sizeof *fixture);
    assert_non_null(fixture);
    fixture_make(fixture);
    fixture_open_log(fixture);
    *state = fixture;
    return 0;
}

static inline int unmake(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->heard >= 0) { /* a test failed in between: let its words be seen */
        dprintf(fixture->stderr_before, "%s", heard_text(fixture));
        heard_stop(fixture);
    }
    fixture_remove(fixture);
    free(*state);
    return 0;
}

static inline void append_many(struct log *log, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "J%u", i);
        append_record(log, (enum record_kind)(i % RECORD_NO_EVENT), name);
    }
}

/* The file holds the lines of all entries from `from` on, once each. */
static inline void assert_complete(const struct fixture *fixture,
                                   const struct sink_options *options, uint64_t from)
{
    struct buffer expected;
    buffer_init(&expected, (size_t)1 << 30);
    expect_lines(fixture->log, options, from, log_size(fixture->log), &expected);
    assert_file_is(fixture->file, &expected);
    buffer_done(&expected);
}

static inline bool delivered_all(const struct fixture *fixture, struct sink *sink)
{
    return status_of(sink).cursor == log_size(fixture->log);
}

/* Starting must fail so, with a sentence that holds the words. */
static inline void assert_refused(const struct sink_options *options, struct log *log,
                                  enum err expected, const char *words)
{
    struct sink *sink = NULL;
    struct fault fault;
    fault_clear(&fault);
    assert_int_equal(sink_start(options, log, &sink, &fault), expected);
    assert_null(sink);
    if (strstr(fault.sentence, words) == NULL) {
        fail_msg("\"%s\" is not in: %s", words, fault.sentence);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make, unmake)

#endif
