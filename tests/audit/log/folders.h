/* A fresh folder for every round of a test that breaks a log again and again. */
#ifndef TESTS_AUDIT_LOG_FOLDERS_H
#define TESTS_AUDIT_LOG_FOLDERS_H

#include <sys/stat.h>

#include "audit/base/file_fault.h"
#include "tests/audit/log/scratch.h"

static struct scratch scratch;
static unsigned folders;

static int make_scratch(void **state)
{
    (void)state;
    scratch_make(&scratch);
    return 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    file_fault_end();
    scratch_remove(&scratch);
    return 0;
}

static void new_folder(char out[PATH_MAX], bool make)
{
    snprintf(out, PATH_MAX, "%.200s/%u", scratch.root, folders++);
    if (make) {
        assert_int_equal(mkdir(out, 0700), 0);
    }
}

static struct log_options small_segments(char directory[PATH_MAX + 8], const char *folder)
{
    snprintf(directory, PATH_MAX + 8, "%.4000s/log", folder);
    return (struct log_options){.directory = directory,
                                .first_segment_bytes = 8192,
                                .segment_bytes = 8192,
                                .commit_wait_ms = 20000};
}

#endif
