/* Running guardianctl against the daemon of the harness, for the tests of the client. Everything is
 * static: each test program has its own. */
#ifndef TESTS_INTEGRATION_CLIENT_FIXTURE_H
#define TESTS_INTEGRATION_CLIENT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/harness.h"

struct run {
    int status;
    char *out; /* until the next run */
    char *err;
};

static struct run run;

static inline void forget_run(void)
{
    free(run.out);
    free(run.err);
    run = (struct run){0};
}

/* Runs `guardianctl ARGUMENTS` in a shell (so quotes work) with this input. */
static inline void client(struct harness *h, const char *arguments, const char *input)
{
    char in[300], out[300], err[300], command[8192];
    forget_run();
    snprintf(in, sizeof in, "%s/in", h->directory);
    snprintf(out, sizeof out, "%s/out", h->directory);
    snprintf(err, sizeof err, "%s/err", h->directory);
    FILE *file = fopen(in, "w");
    assert_non_null(file);
    fputs(input, file);
    assert_int_equal(fclose(file), 0);
    snprintf(command, sizeof command, "GUARDIAN_URL=%s " TEST_CLIENT " %s <%s >%s 2>%s", h->url,
             arguments, in, out, err);
    int status = system(command);
    assert_true(WIFEXITED(status));
    run.status = WEXITSTATUS(status);
    run.out = harness_read_file(out);
    run.err = harness_read_file(err);
}

static inline void expect_in(const char *text, const char *what)
{
    if (strstr(text, what) == NULL) {
        print_error("'%s' is not in:\n%s\n", what, text);
        fail();
    }
}

/* What stands on standard error is one JSON object; its error. Valid until the next run. */
static inline const struct json *error_object(struct harness *h)
{
    const struct json_limits limits = {.depth = 16, .members = 4096};
    struct json *json;
    struct fault fault;
    arena_reset(&h->arena);
    if (json_parse(&h->arena, slice_of(run.err), &limits, &json, &fault) != OK) {
        print_error("not one JSON document (%s): %s\n", fault.sentence, run.err);
        fail();
    }
    const struct json *error = json_member(json, "error");
    assert_non_null(error);
    assert_non_null(json_member(error, "message"));
    return error;
}

/* The same of standard output. */
static inline const struct json *document(struct harness *h)
{
    const struct json_limits limits = {.depth = 16, .members = 4096};
    struct json *json;
    struct fault fault;
    arena_reset(&h->arena);
    if (json_parse(&h->arena, slice_of(run.out), &limits, &json, &fault) != OK) {
        print_error("not one JSON document (%s): %s\n", fault.sentence, run.out);
        fail();
    }
    return json;
}

static inline pid_t start_client(struct harness *h, const char *arguments, int in, const char *out)
{
    char command[2048];
    snprintf(command, sizeof command, "exec " TEST_CLIENT " --connect %s %s >%s 2>%s.err", h->url,
             arguments, out, out);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(in, STDIN_FILENO);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return child;
}

static inline int end_of(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define EVENT(number)                                       \
    "{\"type\":\"information.viewed\",\"suser\":\"u" number \
    "\",\"sname\":\"U\",\"information\":\"i\"}\n"

/* That many good events, and what follows them; free it. */
static inline char *events(int count, const char *behind)
{
    size_t size = (size_t)count * 100 + strlen(behind) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    size_t length = 0;
    for (int i = 0; i < count; i++) {
        length += (size_t)snprintf(text + length, size - length,
                                   "{\"type\":\"information.viewed\",\"suser\":\"u%d\",\"sname\":"
                                   "\"U\",\"information\":\"i\"}\n",
                                   i + 1);
    }
    snprintf(text + length, size - length, "%s", behind);
    return text;
}

static inline int start(void **state)
{
    struct harness *h = calloc(1, sizeof *h);
    assert_non_null(h);
    harness_start(h, NULL);
    *state = h;
    return 0;
}

static inline int stop(void **state)
{
    harness_stop(*state);
    free(*state);
    forget_run();
    return 0;
}

#endif
