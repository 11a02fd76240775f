/* What event.emit costs, from outside: a real daemon with a CEF file sink, a plain nng REQ client,
 * batches of 256 recovery-failed records. Prints events a second, the daemon's CPU per event, its
 * resident memory before and after, and the time from start to the first answer. */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit/base/clock.h"

#define BATCH 256

static void give_up(const char *what)
{
    fprintf(stderr, "bench_emit: %s\n", what);
    exit(1);
}

static double cpu_seconds(pid_t pid)
{
    char path[64];
    unsigned long user = 0;
    unsigned long kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                               &user, &kernel) != 2) {
        give_up("the daemon's times cannot be read");
    }
    fclose(file);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

/* A line of /proc/<pid>/status in KiB. */
static long status_kib(pid_t pid, const char *name)
{
    char path[64];
    char line[256];
    long value = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            value = strtol(line + strlen(name) + 1, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return value;
}

static pid_t start_daemon(const char *directory)
{
    pid_t pid = fork();
    if (pid == 0) {
        setenv("GUARDIAN_HOME", directory, 1);
        if (freopen("/dev/null", "w", stderr) == NULL) {
            _exit(127);
        }
        execl(TEST_DAEMON, TEST_DAEMON, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static nng_socket dial(const char *url)
{
    nng_socket socket;
    if (nng_req0_open(&socket) != 0) {
        give_up("no socket");
    }
    nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, 30000);
    const struct timespec pause = {.tv_nsec = 200 * 1000};
    for (int i = 0; nng_dial(socket, url, NULL, 0) != 0; i++) {
        if (i > 50000) {
            give_up("the daemon does not listen");
        }
        nanosleep(&pause, NULL);
    }
    return socket;
}

static void exchange(nng_socket socket, const char *text, size_t length)
{
    nng_msg *message;
    if (nng_msg_alloc(&message, 0) != 0 || nng_msg_append(message, text, length) != 0 ||
        nng_sendmsg(socket, message, 0) != 0 || nng_recvmsg(socket, &message, 0) != 0) {
        give_up("no answer");
    }
    if (memmem(nng_msg_body(message), nng_msg_len(message), "\"result\"", 8) == NULL) {
        give_up("refused");
    }
    nng_msg_free(message);
}

static char *make_batch(size_t *out_length)
{
    static const char event[] =
        "{\"type\":\"master_key.recovery_failed\",\"suid\":\"7\",\"suser\":\"jsilva\",\"sname\":"
        "\"José da Silva\",\"spriv\":\"User\",\"originIP\":\"203.0.113.9\",\"partsNeeded\":3,"
        "\"partsSent\":3,\"ceremony\":\"cer-2026-01\",\"attempt\":"
        "\"0f3e9b72-1c64-4d58-8a9b-7e2d1f0a4c33\",\"recoveryMode\":\"parts\",\"reason\":"
        "\"check_mismatch\",\"badParts\":\"2 (asouza)\"}";
    char *text = malloc(BATCH * sizeof event + 200);
    if (text == NULL) {
        give_up("out of memory");
    }
    char *at = stpcpy(text, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"event.emit\",\"params\":{"
                            "\"events\":[");
    for (int i = 0; i < BATCH; i++) {
        at = stpcpy(at, i == 0 ? "" : ",");
        at = stpcpy(at, event);
    }
    at = stpcpy(at, "]}}");
    *out_length = (size_t)(at - text);
    return text;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 10;
    char directory[] = "/tmp/guardian-bench-XXXXXX";
    char url[128];
    if (mkdtemp(directory) == NULL) {
        give_up("no directory");
    }
    snprintf(url, sizeof url, "ipc://%s/guardian.sock", directory);
    int64_t begin_us = clock_now_us();
    pid_t pid = start_daemon(directory);
    nng_socket socket = dial(url);
    static const char ping[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"system.ping\"}";
    exchange(socket, ping, strlen(ping));
    int64_t answered_us = clock_now_us();
    long idle_kib = status_kib(pid, "VmRSS");
    long idle_anonymous_kib = status_kib(pid, "RssAnon");

    size_t length;
    char *batch = make_batch(&length);
    unsigned long long events = 0;
    double cpu_before = cpu_seconds(pid);
    begin_us = (answered_us - begin_us);
    int64_t start_us = clock_now_us();
    while ((double)(clock_now_us() - start_us) < seconds * 1e6) {
        exchange(socket, batch, length);
        events += BATCH;
    }
    double elapsed = (double)(clock_now_us() - start_us) / 1e6;
    double cpu = cpu_seconds(pid) - cpu_before;
    printf("event.emit, batches of %d, one producer, durable, CEF file sink on\n", BATCH);
    printf("  %-34s %10.0f\n", "events a second", (double)events / elapsed);
    printf("  %-34s %10.2f\n", "daemon CPU, microseconds an event", cpu * 1e6 / (double)events);
    printf("  %-34s %10.1f\n", "start to first answer, ms", (double)begin_us / 1e3);
    printf("  %-34s %10ld (anonymous %ld)\n", "resident idle, KiB", idle_kib, idle_anonymous_kib);
    printf("  %-34s %10ld (anonymous %ld)\n", "resident after, KiB", status_kib(pid, "VmRSS"),
           status_kib(pid, "RssAnon"));
    nng_close(socket);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    free(batch);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    return system(command) == 0 ? 0 : 1;
}
