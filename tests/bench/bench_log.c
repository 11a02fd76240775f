/* How fast the log takes events: bench_log [DIRECTORY].
 *
 * Prints events a second, processor time an event (of the whole process) and the time of a commit
 * for one thread with batches of 256 and for 64 threads with single events, then how fast they are
 * read and how long the next start takes. Records have 450 octets. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "audit/base/clock.h"
#include "audit/log/log.h"

#define RECORD_BYTES 450
#define RUN_MS 3000
#define BATCH 256
#define THREADS 64

static double processor_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static long resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        if (fscanf(file, "%*s %ld", &pages) != 1) {
            pages = 0;
        }
        fclose(file);
    }
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

struct producer {
    struct log *log;
    size_t batch;
    int64_t until_ms;
    uint64_t commits;
};

static void *produce(void *argument)
{
    struct producer *producer = argument;
    static _Thread_local char records[BATCH][RECORD_BYTES];
    struct log_entry entries[BATCH];
    while (clock_boot_ms() < producer->until_ms) {
        for (size_t i = 0; i < producer->batch; i++) {
            memset(records[i], 'a' + (int)(producer->commits % 26), RECORD_BYTES);
            entries[i].record = (struct slice){records[i], RECORD_BYTES};
            log_leaf_hash(entries[i].record, entries[i].leaf_hash);
        }
        struct log_range range;
        struct fault fault;
        if (log_append(producer->log, entries, producer->batch, NULL, true, &range, &fault) != OK) {
            fprintf(stderr, "%s\n", fault.sentence);
            exit(1);
        }
        producer->commits++;
    }
    return NULL;
}

static void run(struct log *log, const char *what, size_t threads, size_t batch)
{
    static struct producer producers[THREADS];
    static pthread_t ids[THREADS];
    struct log_status before;
    struct log_status after;
    log_status(log, &before);
    double processor = processor_us();
    int64_t began_us = clock_now_us();
    for (size_t i = 0; i < threads; i++) {
        producers[i] =
            (struct producer){.log = log, .batch = batch, .until_ms = clock_boot_ms() + RUN_MS};
        pthread_create(&ids[i], NULL, produce, &producers[i]);
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    double took_us = (double)(clock_now_us() - began_us);
    processor = processor_us() - processor;
    log_status(log, &after);
    double events = (double)(after.size - before.size);
    double commits = (double)(after.commits - before.commits);
    printf("%s: %.0f events/s, %.2f us of processor an event, %.3f ms a commit, %.1f events a "
           "commit, %ld KiB resident\n",
           what, events / took_us * 1e6, processor / events, took_us / 1e3 / commits,
           events / commits, resident_kib());
}

static void run_reading(struct log *log)
{
    struct log_reader *reader;
    struct slice record;
    struct fault fault;
    if (log_reader_open(log, &reader) != OK) {
        exit(1);
    }
    double processor = processor_us();
    uint64_t size = log_size(log);
    for (uint64_t i = 0; i < size; i++) {
        if (log_read(reader, i, &record, &fault) != OK) {
            fprintf(stderr, "%s\n", fault.sentence);
            exit(1);
        }
    }
    printf("reading in order: %.3f us of processor an event\n",
           (processor_us() - processor) / (double)size);
    int64_t began_us = clock_now_us();
    for (uint64_t i = 0; i < 2000; i++) {
        if (log_read(reader, i * UINT64_C(0x9e3779b97f4a7c15) % size, &record, &fault) != OK) {
            exit(1);
        }
    }
    printf("reading anywhere: %.1f us a read\n", (double)(clock_now_us() - began_us) / 2000);
    log_reader_close(reader);
}

static struct log *open_log(const struct log_options *options)
{
    struct log *log = NULL;
    struct log_opened opened;
    struct fault fault = {0};
    int64_t began_us = clock_now_us();
    if (log_open(options, &log, &opened, &fault) != OK) {
        fprintf(stderr, "%s\n", fault.sentence);
        exit(1);
    }
    printf("start with %llu events: %.1f ms, %ld KiB resident\n", (unsigned long long)opened.size,
           (double)(clock_now_us() - began_us) / 1e3, resident_kib());
    return log;
}

static void remove_log(const char *root)
{
    fflush(stdout);
    execlp("rm", "rm", "-r", "--", root, (char *)NULL);
}

int main(int count, char **arguments)
{
    char template[] = "bench-log-XXXXXX";
    const char *root = count > 1 ? arguments[1] : mkdtemp(template);
    char directory[4096];
    if (root == NULL || snprintf(directory, sizeof directory, "%s/log", root) < 0) {
        perror("bench_log");
        return 1;
    }
    struct log_options options = {.directory = directory, .commit_wait_ms = 5000};
    struct log *log = open_log(&options);
    run(log, "1 thread x 256", 1, BATCH);
    run(log, "64 threads x 1", THREADS, 1);
    run_reading(log);
    log_close(log);
    log_close(open_log(&options));
    if (count <= 1) {
        remove_log(root);
    }
    return 0;
}
