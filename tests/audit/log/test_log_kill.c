/* kill -9 under load, again and again on one log: what the child was told to be durable is there.
 */
#include "tests/audit/log/workload.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#define ROUNDS 40

static struct scratch scratch;
static struct workload work;

static int make_scratch(void **state)
{
    (void)state;
    scratch_make(&scratch);
    return 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

/* The child: appends with all threads and tells each acknowledged range, until it is killed. */
static void append_until_killed(int report_fd)
{
    struct log_options options = scratch_options(&scratch);
    struct log_opened opened;
    work.report_fd = report_fd;
    if (log_open(&options, &work.log, &opened, NULL) == OK) {
        workload_run(&work);
    }
    _exit(0);
}

struct report {
    FILE *from;
    unsigned lines;
};

/* Takes what the child told; stops after so many lines, or at the end. */
static void take_reports(struct report *report, unsigned lines)
{
    unsigned who;
    unsigned append;
    unsigned long long first;
    while (report->lines < lines &&
           fscanf(report->from, "%u %u %llu", &who, &append, &first) == 3) {
        assert_true(who < WORKLOAD_THREADS && append < WORKLOAD_APPENDS);
        work.appends[who][append] = (struct workload_append){FATE_ACKNOWLEDGED, first};
        report->lines++;
    }
}

/* Everything the child may have tried and did not tell. */
static void the_rest_is_unknown(void)
{
    for (unsigned who = 0; who < work.threads; who++) {
        for (unsigned append = work.from; append < work.to; append++) {
            if (work.appends[who][append].fate != FATE_ACKNOWLEDGED) {
                work.appends[who][append].fate = FATE_UNKNOWN;
            }
        }
    }
}

static void one_life(unsigned lines)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        append_until_killed(ends[1]);
    }
    close(ends[1]);
    struct report report = {.from = fdopen(ends[0], "r")};
    assert_non_null(report.from);
    take_reports(&report, lines);
    assert_int_equal(kill(child, SIGKILL), 0);
    take_reports(&report, UINT_MAX);
    fclose(report.from);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
}

static unsigned first_unused(void)
{
    unsigned next = 0;
    for (unsigned who = 0; who < work.threads; who++) {
        for (unsigned append = next; append < WORKLOAD_APPENDS; append++) {
            if (work.appends[who][append].fate == FATE_ACKNOWLEDGED) {
                next = append + 1;
            }
        }
    }
    return next;
}

static void nothing_acknowledged_is_lost_by_kill_9(void **state)
{
    (void)state;
    uint64_t seed = 20261124;
    unsigned survived = 0;
    memset(&work, 0, sizeof work);
    work.threads = WORKLOAD_THREADS;
    work.to = WORKLOAD_APPENDS;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned lines = (unsigned)(scratch_random(&seed) >> 40) % 100;
        one_life(round % 5 == 4 ? 0 : lines);
        the_rest_is_unknown();
        struct log_options options = scratch_options(&scratch);
        struct log_opened opened;
        char when[32];
        snprintf(when, sizeof when, "after kill %u", round);
        work.log = scratch_open(&options, &opened);
        survived += opened.size > 0;
        workload_check(&work, when);
        log_close(work.log);
        work.from = first_unused();
        assert_true(work.from < WORKLOAD_APPENDS - 100); /* the next life has something to do */
    }
    assert_true(survived > ROUNDS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_acknowledged_is_lost_by_kill_9, make_scratch,
                                        remove_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
