/* A real daemon in a private directory, and a client for it. Every wait is on a condition with a
 * limit; a step that fails fails the test with what the daemon said on stderr. */
#ifndef TESTS_INTEGRATION_HARNESS_H
#define TESTS_INTEGRATION_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "audit/base/arena.h"
#include "audit/base/json.h"

struct harness {
    char directory[256]; /* everything lies below it; gone after harness_stop */
    char config[300];    /* guardian.yaml, "" when the embedded defaults are used */
    char url[300];
    char sink[300];   /* the file sink */
    char errors[300]; /* the daemon's stderr */
    pid_t daemon;     /* 0: not running */
    int socket;       /* nng REQ socket id, -1: not dialled */
    struct arena arena;
};

/* Starts a daemon with embedded defaults (extra NULL), or with a configuration of state, listen,
 * access for this uid as workflow, one file sink, and the text extra behind them. Waits until it
 * answers. */
void harness_start(struct harness *harness, const char *extra);

/* The same, in a directory that is there already and with the configuration text as it stands. */
void harness_prepare(struct harness *harness);
void harness_write_config(struct harness *harness, const char *text);

/* Starts the daemon again and waits until it answers. */
void harness_restart(struct harness *harness);

/* Waits until the daemon has ended of itself: its exit code. */
int harness_wait_end(struct harness *harness);

/* Starts the daemon and waits until it has ended: its exit code. */
int harness_run_to_end(struct harness *harness);

/* kill -9, or a clean stop (whose exit code must be 0); waits for the end. */
void harness_kill(struct harness *harness);
void harness_terminate(struct harness *harness);

/* Terminates if it runs, removes the directory. */
void harness_stop(struct harness *harness);

void harness_signal(struct harness *harness, int number);

/* Sends one message over a plain nng REQ socket; the answer is NUL-ended, valid until the next
 * call. */
const char *harness_exchange(struct harness *harness, const void *message, size_t length);

/* One JSON-RPC call with params as JSON text; the whole answer as JSON (object). */
const struct json *harness_call(struct harness *harness, const char *method, const char *params);

/* The same, and the result is wanted: fails the test on an error. */
const struct json *harness_result(struct harness *harness, const char *method, const char *params);

/* The same, and an error is wanted: of this code and this reason. Returns error.data. */
const struct json *harness_error(struct harness *harness, const char *method, const char *params,
                                 int code, const char *reason);

int64_t harness_integer(const struct json *object, const char *name);
bool harness_text_is(const struct json *object, const char *name, const char *text);

/* Whole content of a file (NUL-ended; free it), "" if it is not there. */
char *harness_read_file(const char *path);

/* Waits until the file has at least so many lines / contains the text, or so many times (10 s). */
void harness_wait_lines(const char *path, size_t lines);
void harness_wait_text(const char *path, const char *text);
void harness_wait_times(const char *path, const char *text, size_t times);
size_t harness_count(const char *text, const char *what);

/* Checks that the sink holds every index from first to last exactly once, in order, and nothing
 * torn. Types left out by no filter. */
void harness_check_sink(const char *path, uint64_t first, uint64_t last);

#endif
