/* A power cut at every moment it could hurt: nothing acknowledged is lost.
 *
 * On the simulated disk of file_fault.h the power goes at the n-th sync, for every n; of what was
 * not synced then everything, nothing, the beginning or any sectors survive. What is left is
 * opened, checked, written to and opened again; and the power also goes while it is opened. */
#include "tests/audit/log/folders.h"
#include "tests/audit/log/workload.h"

#include <errno.h>
#include <sys/stat.h>

#include "audit/base/file_fault.h"

#define SEEDS 4 /* one of each way of file_fault_survive */

/* Opens and checks what survived, with the kernel's calls; writes some more and looks again. */
static void check_survivor(const struct workload *before, const char *folder, const char *when)
{
    static struct workload work;
    char directory[PATH_MAX + 8];
    struct log_options options = small_segments(directory, folder);
    work = *before;
    work.threads = 1;
    work.log = scratch_open(&options, NULL);
    workload_check(&work, when);
    work.from = WORKLOAD_APPENDS - 3;
    work.to = WORKLOAD_APPENDS;
    workload_run(&work);
    assert_int_equal(work.appends[0][WORKLOAD_APPENDS - 1].fate, FATE_ACKNOWLEDGED);
    log_close(work.log);
    work.log = scratch_open(&options, NULL);
    workload_check(&work, when);
    log_close(work.log);
}

/* Opens what survived on the simulated disk with the power going at the m-th sync of the start,
 * for every m, and checks what survives that. */
static void cut_while_opening(const struct workload *before, const char *folder, uint64_t seed)
{
    bool cut = true;
    for (unsigned long m = 1; cut; m++) {
        char directory[PATH_MAX + 8];
        char survivor[PATH_MAX];
        char when[96];
        struct log_options options = small_segments(directory, folder);
        struct log *log = NULL;
        struct log_opened opened;
        new_folder(survivor, false);
        file_fault_begin(folder);
        file_fault_cut_power(m);
        enum err err = log_open(&options, &log, &opened, NULL);
        cut = file_fault_power_is_cut();
        assert_true(cut || err == OK);
        if (err == OK) {
            log_close(log);
        }
        file_fault_survive(survivor, seed + m);
        file_fault_end();
        snprintf(when, sizeof when, "cut again at sync %lu of the start, seed %llu", m,
                 (unsigned long long)(seed + m));
        check_survivor(before, survivor, when);
    }
}

struct walk {
    unsigned threads;
    unsigned appends;
    unsigned long step;       /* of the sync at which the power goes */
    unsigned long open_every; /* at every so many of them also while it is opened again */
};

/* One run with the power going at the n-th sync. False if the work was done before. */
static bool run_and_cut(const struct walk *walk, unsigned long n)
{
    static struct workload work;
    char folder[PATH_MAX];
    char directory[PATH_MAX + 8];
    char survivors[SEEDS][PATH_MAX];
    new_folder(folder, true);
    struct log_options options = small_segments(directory, folder);
    struct log_opened opened;
    memset(&work, 0, sizeof work);
    work.threads = walk->threads;
    work.to = walk->appends;
    work.stop_at_failure = true;
    work.report_fd = -1;
    file_fault_begin(folder);
    file_fault_cut_power(n);
    if (log_open(&options, &work.log, &opened, NULL) == OK) {
        workload_run(&work);
        log_close(work.log);
    }
    bool cut = file_fault_power_is_cut();
    for (uint64_t s = 0; s < SEEDS; s++) {
        new_folder(survivors[s], false);
        file_fault_survive(survivors[s], n * SEEDS + s);
    }
    file_fault_end();
    for (uint64_t s = 0; s < SEEDS; s++) {
        char when[64];
        snprintf(when, sizeof when, "cut at sync %lu, seed %llu", n,
                 (unsigned long long)(n * SEEDS + s));
        if (n % walk->open_every == 0) {
            cut_while_opening(&work, survivors[s], n * SEEDS + s);
        } else {
            check_survivor(&work, survivors[s], when);
        }
    }
    return cut;
}

static void walk_power_cuts(const struct walk *walk)
{
    unsigned long n = 1;
    while (run_and_cut(walk, n)) {
        n += walk->step;
        /* Each run leaves folders; with small segments they would be many. */
        scratch_remove(&scratch);
        scratch_make(&scratch);
    }
    assert_true(n > walk->appends / 2); /* it did walk */
}

static void every_sync_with_one_thread(void **state)
{
    (void)state;
    static const struct walk walk = {.threads = 1, .appends = 30, .step = 1, .open_every = 6};
    walk_power_cuts(&walk);
}

static void groups_of_several_threads(void **state)
{
    (void)state;
    static const struct walk walk = {.threads = 4, .appends = 12, .step = 2, .open_every = 9};
    walk_power_cuts(&walk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_sync_with_one_thread, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(groups_of_several_threads, make_scratch, remove_scratch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
