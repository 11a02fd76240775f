/* The log's door: what was appended is there, at its index, also after the next start. */
#include "tests/audit/log/scratch.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>

#include "audit/base/file.h"
#include "audit/base/memory.h"

#define SALT 7
#define LONGEST 700

static int make_scratch(void **state)
{
    struct scratch *scratch = malloc(sizeof *scratch);
    scratch_make(scratch);
    *state = scratch;
    return 0;
}

static int remove_scratch(void **state)
{
    scratch_remove(*state);
    free(*state);
    return 0;
}

static void a_new_log_is_empty(void **state)
{
    struct log_options options = scratch_options(*state);
    struct log_opened opened;
    struct log *log = scratch_open(&options, &opened);
    assert_true(opened.created);
    assert_int_equal(opened.size, 0);
    assert_int_equal(log_size(log), 0);
    struct log_reader *reader;
    struct slice record;
    struct fault fault;
    assert_int_equal(log_reader_open(log, &reader), OK);
    assert_int_equal(log_read(reader, 0, &record, &fault), ERR_NOT_FOUND);
    assert_int_equal(fault.reason, REASON_no_such_entry);
    log_reader_close(reader);
    log_close(log);

    log = scratch_open(&options, &opened);
    assert_false(opened.created);
    assert_int_equal(opened.size, 0);
    assert_int_equal(opened.rewritten, 0);
    log_close(log);
}

static void one_entry_is_there_after_reopening(void **state)
{
    struct log_options options = scratch_options(*state);
    struct log *log = scratch_open(&options, NULL);
    assert_int_equal(scratch_append(log, 1, SALT, LONGEST, NULL), OK);
    assert_int_equal(log_size(log), 1);
    scratch_check(log, 1, SALT, LONGEST);
    log_close(log);

    struct log_opened opened;
    log = scratch_open(&options, &opened);
    assert_int_equal(opened.size, 1);
    assert_int_equal(opened.rewritten, 1);
    assert_false(opened.torn_removed);
    scratch_check(log, 1, SALT, LONGEST);
    log_close(log);
}

static void the_longest_entry_and_the_longest_batch_fit(void **state)
{
    struct log_options options = scratch_options(*state);
    struct log *log = scratch_open(&options, NULL);
    static char longest[LOG_ENTRY_MAX];
    memset(longest, 'x', sizeof longest);
    struct log_entry entry = {.record = {longest, sizeof longest}};
    log_leaf_hash(entry.record, entry.leaf_hash);
    struct log_range range;
    assert_int_equal(log_append(log, &entry, 1, NULL, false, &range, NULL), OK);
    static struct scratch_batch batch;
    scratch_fill(&batch, 1, LOG_BATCH_MAX, SALT, 300);
    assert_int_equal(log_append(log, batch.entries, LOG_BATCH_MAX, NULL, false, &range, NULL), OK);
    assert_int_equal(range.first, 1);
    assert_int_equal(range.count, LOG_BATCH_MAX);
    free(batch.records);
    log_close(log);

    struct log_opened opened;
    log = scratch_open(&options, &opened);
    assert_int_equal(opened.size, 1 + LOG_BATCH_MAX);
    struct log_reader *reader;
    struct slice record;
    assert_int_equal(log_reader_open(log, &reader), OK);
    assert_int_equal(log_read(reader, 0, &record, NULL), OK);
    assert_true(slice_equal(record, entry.record));
    for (uint64_t i = 1; i < opened.size; i++) {
        assert_true(scratch_holds(reader, i, SALT, 300));
    }
    log_reader_close(reader);
    log_close(log);
}

/* Batches of 1 to 40 entries until there are at least `segments` segments. */
static void grow(struct log *log, uint64_t segments)
{
    struct log_status status;
    uint64_t seed = 99;
    do {
        size_t count = 1 + scratch_random(&seed) % 40;
        assert_int_equal(scratch_append(log, count, SALT, LONGEST, NULL), OK);
        log_status(log, &status);
    } while (status.segments < segments);
}

static void reads_every_index_in_any_order_across_segments(void **state)
{
    struct log_options options = scratch_options(*state);
    struct log *log = scratch_open(&options, NULL);
    grow(log, 12);
    uint64_t size = log_size(log);
    scratch_check(log, size, SALT, LONGEST);
    struct log_reader *reader;
    assert_int_equal(log_reader_open(log, &reader), OK);
    uint64_t seed = 5;
    for (int i = 0; i < 5000; i++) {
        assert_true(scratch_holds(reader, scratch_random(&seed) % size, SALT, LONGEST));
    }
    for (uint64_t i = size; i > 0; i--) {
        assert_true(scratch_holds(reader, i - 1, SALT, LONGEST));
    }
    log_reader_close(reader);
    log_close(log);
}

static void goes_on_where_it_stopped_each_time_it_is_opened(void **state)
{
    struct log_options options = scratch_options(*state);
    for (uint64_t segments = 1; segments < 6; segments++) {
        struct log_opened opened;
        uint64_t size = 0;
        struct log *log = scratch_open(&options, &opened);
        scratch_check(log, opened.size, SALT, LONGEST);
        grow(log, segments);
        size = log_size(log);
        assert_true(size > opened.size);
        scratch_check(log, size, SALT, LONGEST);
        log_close(log);
        options.known_size = size;
    }
}

static void a_second_process_is_refused(void **state)
{
    struct log_options options = scratch_options(*state);
    struct log *log = scratch_open(&options, NULL);
    struct log *second;
    struct log_opened opened;
    struct fault fault;
    /* A second open of the folder has a lock of its own, in this process as in another. */
    assert_int_equal(log_open(&options, &second, &opened, &fault), ERR_IN_USE);
    assert_int_equal(fault.reason, REASON_in_use);
    assert_non_null(strstr(fault.sentence, options.directory));
    log_close(log);
    log_close(scratch_open(&options, NULL));
}

static void a_log_shorter_than_somebody_knows_is_damaged(void **state)
{
    struct log_options options = scratch_options(*state);
    struct log *log = scratch_open(&options, NULL);
    assert_int_equal(scratch_append(log, 5, SALT, LONGEST, NULL), OK);
    log_close(log);
    options.known_size = 5;
    log_close(scratch_open(&options, NULL));
    options.known_size = 6;
    struct log_opened opened;
    struct fault fault;
    assert_int_equal(log_open(&options, &log, &opened, &fault), ERR_DAMAGED);
    assert_non_null(strstr(fault.sentence, "/00000000000000000000.wal, offset "));
}

static void a_missing_log_that_somebody_knows_is_not_made_anew(void **state)
{
    const struct scratch *scratch = *state;
    struct log_options options = scratch_options(scratch);
    options.known_size = 1;
    struct log *log;
    struct log_opened opened;
    struct fault fault;
    assert_int_equal(log_open(&options, &log, &opened, &fault), ERR_DAMAGED);
    assert_int_equal(access(scratch->log, F_OK), -1);
}

/* ---- threads ---- */

#define APPENDERS 8
#define READERS 2
#define APPENDS 60
#define BATCH_LONGEST 7

/* Batches of one appender: a record is "who batch entry of". */
struct telling {
    unsigned who, batch, entry, of;
};

struct appender {
    struct log *log;
    unsigned who;
    uint64_t entries;
    bool good;
};

static void *append_batches(void *argument)
{
    struct appender *appender = argument;
    uint64_t seed = appender->who + 1;
    appender->good = true;
    for (unsigned b = 0; b < APPENDS && appender->good; b++) {
        char texts[BATCH_LONGEST][200];
        struct log_entry entries[BATCH_LONGEST];
        unsigned of = 1 + (unsigned)(scratch_random(&seed) >> 32) % BATCH_LONGEST;
        for (unsigned i = 0; i < of; i++) {
            int length = snprintf(texts[i], sizeof texts[i], "%u %u %u %u %*s", appender->who, b, i,
                                  of, (int)(scratch_random(&seed) >> 32) % 150, "");
            entries[i].record = (struct slice){texts[i], (size_t)length};
            log_leaf_hash(entries[i].record, entries[i].leaf_hash);
        }
        struct log_range range;
        appender->good = log_append(appender->log, entries, of, NULL, false, &range, NULL) == OK &&
                         range.count == of && log_size(appender->log) >= range.first + of;
        appender->entries += of;
    }
    return NULL;
}

struct follower {
    struct log *log;
    uint64_t read;
    bool good;
    atomic_bool stop;
};

/* Does the entry continue what came before: batches whole, each appender's in order? */
static bool continues(struct slice record, struct telling *before, unsigned next_batch[APPENDERS])
{
    struct telling now;
    char text[256];
    snprintf(text, sizeof text, "%.*s", (int)record.length, record.data);
    if (sscanf(text, "%u %u %u %u", &now.who, &now.batch, &now.entry, &now.of) != 4 ||
        now.who >= APPENDERS) {
        return false;
    }
    bool good = before->entry + 1 == before->of
                    ? now.entry == 0 && now.batch == next_batch[now.who]++
                    : now.who == before->who && now.batch == before->batch &&
                          now.entry == before->entry + 1;
    *before = now;
    return good;
}

static void *follow(void *argument)
{
    struct follower *follower = argument;
    struct log_reader *reader = NULL;
    struct telling before = {.entry = 0, .of = 1};
    unsigned next_batch[APPENDERS] = {0};
    follower->good = log_reader_open(follower->log, &reader) == OK;
    while (follower->good) {
        uint64_t size = log_wait_beyond(follower->log, follower->read, 10000);
        if (size == follower->read) {
            break; /* woken because it is over */
        }
        struct slice record;
        while (follower->good && follower->read < size) {
            follower->good = log_read(reader, follower->read, &record, NULL) == OK &&
                             continues(record, &before, next_batch);
            follower->read++;
        }
        if (atomic_load(&follower->stop) && follower->read == log_size(follower->log)) {
            break;
        }
    }
    log_reader_close(reader);
    return NULL;
}

static void appenders_and_readers_do_not_disturb_each_other(void **state)
{
    struct log_options options = scratch_options(*state);
    struct log *log = scratch_open(&options, NULL);
    pthread_t threads[APPENDERS + READERS];
    struct appender appenders[APPENDERS] = {0};
    struct follower followers[READERS] = {0};
    for (unsigned i = 0; i < READERS; i++) {
        followers[i].log = log;
        pthread_create(&threads[APPENDERS + i], NULL, follow, &followers[i]);
    }
    for (unsigned i = 0; i < APPENDERS; i++) {
        appenders[i] = (struct appender){.log = log, .who = i};
        pthread_create(&threads[i], NULL, append_batches, &appenders[i]);
    }
    uint64_t entries = 0;
    for (unsigned i = 0; i < APPENDERS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(appenders[i].good);
        entries += appenders[i].entries;
    }
    for (unsigned i = 0; i < READERS; i++) {
        atomic_store(&followers[i].stop, true);
    }
    log_wake(log);
    for (unsigned i = 0; i < READERS; i++) {
        pthread_join(threads[APPENDERS + i], NULL);
        assert_true(followers[i].good);
        assert_int_equal(followers[i].read, entries);
    }
    assert_int_equal(log_size(log), entries);
    struct log_status status;
    log_status(log, &status);
    assert_true(status.segments > 2);
    assert_true(status.commits <= APPENDERS * APPENDS);
    log_close(log);
    struct log_opened opened;
    log = scratch_open(&options, &opened);
    assert_int_equal(opened.size, entries);
    log_close(log);
}

static void a_wake_just_before_the_wait_is_not_lost(void **state)
{
    struct log_options options = scratch_options(*state);
    struct log *log = scratch_open(&options, NULL);
    log_wake(log);
    /* Would wait for an hour, and the test run out of its time. */
    assert_int_equal(log_wait_beyond(log, 0, 3600 * 1000), 0);
    assert_int_equal(log_wait_beyond(log, 0, 1), 0);
    log_close(log);
}

static void *wait_for_growth(void *log)
{
    log_wait_beyond(log, 0, 3600 * 1000);
    return NULL;
}

static void an_append_wakes_those_who_wait(void **state)
{
    struct log_options options = scratch_options(*state);
    struct log *log = scratch_open(&options, NULL);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, wait_for_growth, log);
    }
    assert_int_equal(scratch_append(log, 1, SALT, LONGEST, NULL), OK);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    log_close(log);
}

/* ---- request ids ---- */

static struct log_request request_of(unsigned number, uint8_t parameters)
{
    struct log_request request = {.parameters = {parameters}};
    memcpy(request.key, &number, sizeof number);
    return request;
}

static enum err append_with(struct log *log, const struct log_request *request, unsigned number,
                            struct log_range *range)
{
    char text[32];
    int length = snprintf(text, sizeof text, "request %u", number);
    struct log_entry entry = {.record = {text, (size_t)length}};
    log_leaf_hash(entry.record, entry.leaf_hash);
    return log_append(log, &entry, 1, request, false, range, NULL);
}

static void a_repeated_request_gets_the_first_answer_also_after_reopening(void **state)
{
    struct log_options options = scratch_options(*state);
    struct log *log = scratch_open(&options, NULL);
    struct log_request request = request_of(5, 1);
    struct log_request changed = request_of(5, 2);
    struct log_range first = {0};
    struct log_range range = {0};
    assert_int_equal(scratch_append(log, 3, SALT, LONGEST, NULL), OK);
    assert_int_equal(log_request_begin(log, &request, &range), LOG_REQUEST_NEW);
    log_request_abandon(log, &request);
    assert_int_equal(log_request_begin(log, &request, &range), LOG_REQUEST_NEW);
    assert_int_equal(append_with(log, &request, 5, &first), OK);
    assert_int_equal(first.first, 3);
    for (int start = 0; start < 3; start++) {
        assert_int_equal(log_request_begin(log, &request, &range), LOG_REQUEST_DONE);
        assert_int_equal(range.first, first.first);
        assert_int_equal(range.count, first.count);
        assert_int_equal(log_request_begin(log, &changed, &range), LOG_REQUEST_REUSED);
        log_close(log);
        log = scratch_open(&options, NULL);
    }
    assert_int_equal(log_size(log), 4);
    log_close(log);
}

#define ASKERS 8
#define QUESTIONS 100

static atomic_uint written[QUESTIONS];
static _Atomic uint64_t answered[QUESTIONS][ASKERS];

struct asker {
    struct log *log;
    unsigned number;
};

static void *ask_all(void *argument)
{
    const struct asker *asker = argument;
    for (unsigned i = 0; i < QUESTIONS; i++) {
        struct log_request request = request_of(i, 1);
        struct log_range range = {UINT64_MAX, 0};
        if (log_request_begin(asker->log, &request, &range) == LOG_REQUEST_NEW &&
            append_with(asker->log, &request, i, &range) == OK) {
            atomic_fetch_add(&written[i], 1);
        }
        atomic_store(&answered[i][asker->number], range.first);
    }
    return NULL;
}

static void of_many_who_send_the_same_at_once_one_writes(void **state)
{
    struct log_options options = scratch_options(*state);
    struct log *log = scratch_open(&options, NULL);
    struct asker askers[ASKERS];
    pthread_t threads[ASKERS];
    for (unsigned i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){log, i};
        pthread_create(&threads[i], NULL, ask_all, &askers[i]);
    }
    for (unsigned i = 0; i < ASKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(log_size(log), QUESTIONS);
    for (unsigned i = 0; i < QUESTIONS; i++) {
        assert_int_equal(atomic_load(&written[i]), 1);
        for (unsigned k = 1; k < ASKERS; k++) {
            assert_int_equal(atomic_load(&answered[i][k]), atomic_load(&answered[i][0]));
        }
    }
    log_close(log);
}

static int no_sync(int fd)
{
    (void)fd;
    return 0;
}

static int kernel_open_at(int directory_fd, const char *name, int flags, mode_t mode)
{
    return openat(directory_fd, name, flags, mode);
}

static int kernel_rename_at(int directory_fd, const char *from, const char *to)
{
    return renameat(directory_fd, from, directory_fd, to);
}

static int kernel_remove_at(int directory_fd, const char *name)
{
    return unlinkat(directory_fd, name, 0);
}

/* Durability is not what the next test is about, and 66,000 commits take their time. */
static const struct file_calls without_sync = {.open_at = kernel_open_at,
                                               .make_directory_at = mkdirat,
                                               .write_at = pwritev,
                                               .sync_data = no_sync,
                                               .sync = no_sync,
                                               .rename_at = kernel_rename_at,
                                               .remove_at = kernel_remove_at,
                                               .space = fstatvfs};

static void the_last_65536_requests_survive_reopening_and_no_older_one(void **state)
{
    struct log_options options = scratch_options(*state);
    options.segment_bytes = 1 << 20;
    file_calls_set(&without_sync);
    struct log *log = scratch_open(&options, NULL);
    const unsigned count = LOG_REQUESTS + 100;
    struct log_range range;
    for (unsigned i = 0; i < count; i++) {
        struct log_request request = request_of(i, 1);
        assert_int_equal(log_request_begin(log, &request, &range), LOG_REQUEST_NEW);
        assert_int_equal(append_with(log, &request, i, &range), OK);
    }
    for (int start = 0; start < 2; start++) {
        for (unsigned i = 0; i < count; i++) {
            struct log_request request = request_of(i, 1);
            enum log_request_state found = log_request_begin(log, &request, &range);
            if (i < count - LOG_REQUESTS) {
                assert_int_equal(found, LOG_REQUEST_NEW);
                log_request_abandon(log, &request);
            } else {
                assert_int_equal(found, LOG_REQUEST_DONE);
                assert_int_equal(range.first, i);
            }
        }
        log_close(log);
        log = scratch_open(&options, NULL);
    }
    log_close(log);
    file_calls_set(NULL);
}

/* ---- memory ---- */

static void opening_without_memory_is_refused_and_takes_nothing_with_it(void **state)
{
    struct log_options options = scratch_options(*state);
    struct log *log = scratch_open(&options, NULL);
    for (int i = 0; i < 60; i++) { /* several segments */
        assert_int_equal(scratch_append(log, 5, SALT, LONGEST, NULL), OK);
    }
    uint64_t size = log_size(log);
    log_close(log);
    struct log_opened opened;
    struct fault fault;
    enum err err = ERR_NO_MEMORY;
    unsigned long n = 1;
    for (; err != OK; n++) {
        memory_fail_from(n);
        err = log_open(&options, &log, &opened, &fault);
        memory_fail_from(0);
        assert_true(err == OK || (err == ERR_NO_MEMORY && fault.reason == REASON_no_memory));
    }
    assert_true(n > 8);
    assert_int_equal(opened.size, size);
    struct log_reader *reader;
    memory_fail_from(1);
    assert_int_equal(log_reader_open(log, &reader), ERR_NO_MEMORY);
    memory_fail_from(0);
    scratch_check(log, size, SALT, LONGEST);
    log_close(log);
}

static long resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*s %ld", &pages), 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void an_idle_log_takes_little_memory(void **state)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* their shadow is not ours to count */
#endif
    struct log_options options = scratch_options(*state);
    long before = resident_kib();
    struct log *log = scratch_open(&options, NULL);
    assert_int_equal(scratch_append(log, 1, SALT, LONGEST, NULL), OK);
    long grown = resident_kib() - before;
    log_close(log);
    if (grown > 1024) {
        fail_msg("%ld KiB", grown);
    }
}

/* ---- damage under way ---- */

static void reading_what_is_damaged_meanwhile_names_file_and_offset(void **state)
{
    const struct scratch *scratch = *state;
    struct log_options options = scratch_options(scratch);
    struct log *log = scratch_open(&options, NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(scratch_append(log, 4, SALT, LONGEST, NULL), OK);
    }
    struct log_reader *reader;
    struct slice record;
    struct fault fault;
    assert_int_equal(log_reader_open(log, &reader), OK);
    assert_int_equal(log_read(reader, 0, &record, NULL), OK);
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%.4000s/journal/00000000000000000000.wal", scratch->log);
    int fd = open(path, O_RDWR);
    char octet;
    assert_int_equal(pread(fd, &octet, 1, 4096 + 40), 1);
    octet ^= 1;
    assert_int_equal(pwrite(fd, &octet, 1, 4096 + 40), 1); /* the first frame's count */
    close(fd);
    assert_int_equal(log_read(reader, 5, &record, &fault), ERR_DAMAGED);
    assert_int_equal(fault.reason, REASON_damaged);
    assert_non_null(strstr(fault.sentence, path));
    assert_non_null(strstr(fault.sentence, ", offset "));
    log_reader_close(reader);
    log_close(log);
}

int main(void)
{
#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, make_scratch, remove_scratch)
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(a_new_log_is_empty),
        IN_SCRATCH(one_entry_is_there_after_reopening),
        IN_SCRATCH(the_longest_entry_and_the_longest_batch_fit),
        IN_SCRATCH(reads_every_index_in_any_order_across_segments),
        IN_SCRATCH(goes_on_where_it_stopped_each_time_it_is_opened),
        IN_SCRATCH(a_second_process_is_refused),
        IN_SCRATCH(a_log_shorter_than_somebody_knows_is_damaged),
        IN_SCRATCH(a_missing_log_that_somebody_knows_is_not_made_anew),
        IN_SCRATCH(appenders_and_readers_do_not_disturb_each_other),
        IN_SCRATCH(a_wake_just_before_the_wait_is_not_lost),
        IN_SCRATCH(an_append_wakes_those_who_wait),
        IN_SCRATCH(a_repeated_request_gets_the_first_answer_also_after_reopening),
        IN_SCRATCH(of_many_who_send_the_same_at_once_one_writes),
        IN_SCRATCH(the_last_65536_requests_survive_reopening_and_no_older_one),
        IN_SCRATCH(opening_without_memory_is_refused_and_takes_nothing_with_it),
        IN_SCRATCH(an_idle_log_takes_little_memory),
        IN_SCRATCH(reading_what_is_damaged_meanwhile_names_file_and_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
