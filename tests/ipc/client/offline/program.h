/* Runs a program with octets on its standard input; keeps what it printed and how it ended. */
#ifndef TESTS_IPC_CLIENT_OFFLINE_PROGRAM_H
#define TESTS_IPC_CLIENT_OFFLINE_PROGRAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ceremony/slip39/slip39.h"

#define PROGRAM_COMBINE TEST_BUILD "/guardian-combine"
#define PROGRAM_PRINTED_MAX (64 * 1024)

struct program {
    int code; /* exit code, or -1 */
    char out[PROGRAM_PRINTED_MAX];
    char err[PROGRAM_PRINTED_MAX];
};

static inline int program_memory(const void *data, size_t length)
{
    int fd = memfd_create("program", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, length), length);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static inline void program_printed(int fd, char *out)
{
    ssize_t length = pread(fd, out, PROGRAM_PRINTED_MAX - 1, 0);
    assert_true(length >= 0);
    out[length] = '\0';
    close(fd);
}

static inline void program_run_on(struct program *program, const void *input, size_t length,
                                  const char *const *arguments)
{
    int streams[3] = {program_memory(input, length), program_memory("", 0), program_memory("", 0)};
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 3; i++) {
            dup2(streams[i], i);
        }
        execv(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    program->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    close(streams[0]);
    program_printed(streams[1], program->out);
    program_printed(streams[2], program->err);
}

#define program_run(program, input, ...) \
    program_run_on(program, input, strlen(input), (const char *const[]){__VA_ARGS__, NULL})

/* Nothing printed, one line said that holds this, this exit code. */
static inline void program_assert_refused(const struct program *program, int code,
                                          const char *sentence)
{
    if (strstr(program->err, sentence) == NULL) {
        fail_msg("%s instead of %s", program->err, sentence);
    }
    assert_int_equal(program->code, code);
    assert_string_equal(program->out, "");
    assert_ptr_equal(strchr(program->err, '\n'), program->err + strlen(program->err) - 1);
}

static inline void program_assert_prints(const struct program *program, const char *line)
{
    if (program->code != 0) {
        fail_msg("ended with %d: %s", program->code, program->err);
    }
    size_t length = strlen(line);
    assert_int_equal(strlen(program->out), length + 1);
    assert_memory_equal(program->out, line, length);
    assert_int_equal(program->out[length], '\n');
}

/* ---- parts as text ------------------------------------------------------------------------------
 */

#define PROGRAM_LINE (SLIP39_TEXT_BYTES_MAX + 1)

/* Splits a key into parts; their canonical words to lines. */
static inline void program_split(const struct secret *key, const struct slip39_plan *plan,
                                 struct slip39_part *parts, char lines[][PROGRAM_LINE])
{
    struct fault fault;
    if (slip39_split(key, plan, parts, &fault) != OK) {
        fail_msg("%s", fault.sentence);
    }
    for (size_t i = 0; i < slip39_plan_parts(plan); i++) {
        struct secret *words = secret_new(PROGRAM_LINE);
        assert_int_equal(slip39_encode(&parts[i], words), OK);
        memcpy(lines[i], words->data, words->length + 1);
        secret_free(words);
    }
}

/* The line of a part after it was altered. */
static inline void program_line(const struct slip39_part *part, char line[PROGRAM_LINE])
{
    struct secret *words = secret_new(PROGRAM_LINE);
    assert_int_equal(slip39_encode(part, words), OK);
    memcpy(line, words->data, words->length + 1);
    secret_free(words);
}

#endif
