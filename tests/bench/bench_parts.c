/* What parts cost: reading one from its words, joining 3 of 256 bits at the exponent we write (the
 * work that tests/ceremony/slip39/cross_check.js times another program with), splitting and
 * proving, and the worst that wrong parts can ask for. Medians of some runs. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ceremony/slip39/slip39.h"

#define RUNS 21
#define PARTS 16

struct bench {
    struct slip39_part parts[PARTS];
    size_t count;
    struct secret *key;
    struct secret *words; /* of the first part */
};

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void must(enum err err)
{
    if (err != OK) {
        fputs("bench_parts: failed\n", stderr);
        exit(1);
    }
}

static void split(struct bench *bench, uint8_t threshold, uint8_t count)
{
    const struct slip39_plan plan = {.id = 1,
                                     .exponent = SLIP39_EXPONENT_DEFAULT,
                                     .group_threshold = 1,
                                     .group_count = 1,
                                     .groups = {{threshold, count}}};
    for (size_t i = 0; i < bench->count; i++) {
        slip39_part_done(&bench->parts[i]);
    }
    must(slip39_split(bench->key, &plan, bench->parts, NULL));
    bench->count = count;
}

static void split_3_of_5(struct bench *bench)
{
    split(bench, 3, 5);
}

static void read_one(struct bench *bench)
{
    struct slip39_part part;
    must(slip39_decode((struct slice){(const char *)bench->words->data, bench->words->length},
                       &part, NULL));
    slip39_part_done(&part);
}

static void join(struct bench *bench, size_t count)
{
    struct slip39_report report;
    struct secret *key = NULL;
    const struct slip39_way way = {.drop_bad = true};
    must(slip39_combine(bench->parts, count, &way, &key, &report, NULL));
    secret_free(key);
}

static void join_3(struct bench *bench)
{
    join(bench, 3);
}

static void join_16_of_which_8_are_wrong(struct bench *bench)
{
    join(bench, PARTS);
}

static void measure(struct bench *bench, const char *what, void (*run)(struct bench *))
{
    double times[RUNS];
    for (size_t i = 0; i < RUNS; i++) {
        double begin = now_ms();
        run(bench);
        times[i] = now_ms() - begin;
    }
    qsort(times, RUNS, sizeof times[0], compare);
    printf("%-52s %8.3f ms\n", what, times[RUNS / 2]);
}

int main(void)
{
    struct bench bench = {.key = secret_new(32), .words = secret_new(SLIP39_TEXT_BYTES_MAX)};
    if (bench.key == NULL || bench.words == NULL) {
        return 1;
    }
    randombytes_buf(bench.key->data, 32);
    bench.key->length = 32;
    measure(&bench, "split 3 of 5 and prove, exponent 1", split_3_of_5);
    must(slip39_encode(&bench.parts[0], bench.words));
    measure(&bench, "read a part of 256 bits", read_one);
    measure(&bench, "join 3 parts of 256 bits, exponent 1", join_3);
    split(&bench, 8, PARTS);
    for (size_t i = 0; i < 8; i++) {
        bench.parts[i].value->data[0] ^= (uint8_t)(i + 1);
    }
    measure(&bench, "join 16 parts, 8 needed, the first 8 wrong", join_16_of_which_8_are_wrong);
    for (size_t i = 0; i < bench.count; i++) {
        slip39_part_done(&bench.parts[i]);
    }
    secret_free(bench.words);
    secret_free(bench.key);
    return 0;
}
