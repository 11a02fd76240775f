/* How many lines a second one core makes: decoding a stored record and rendering it, and rendering
 * alone. Processor time, and the best of five rounds, so that neighbours count little. Records: the
 * golden ones by turns, and the one of a failed recovery, which is typical. bench_render [RECORDS]
 * default 300000 a row */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "audit/base/json.h"
#include "audit/render/render.h"

#define RECORDS_MAX 1024
#define ROUNDS 5
#define TYPICAL "\"type\":\"master_key.recovery_failed\""
#define TYPICAL_BYTES 450

struct records {
    struct slice text[RECORDS_MAX];
    struct event *events[RECORDS_MAX]; /* decoded once, for rendering alone */
    size_t count;
};

static struct arena kept; /* the golden file, its records and their events */

static struct slice read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(1);
    }
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(size);
    if (text == NULL || fread(text, 1, size, file) != size) {
        perror(path);
        exit(1);
    }
    fclose(file);
    return (struct slice){text, size};
}

static void add_record(struct records *records, struct slice text)
{
    struct event *event = NULL;
    enum err err = event_decode(&kept, text, -1, &event, NULL);
    assert(err == OK && records->count < RECORDS_MAX);
    (void)err;
    records->text[records->count] = text;
    records->events[records->count++] = event;
}

/* All golden records, and of those of a failed recovery the one nearest to the typical length. */
static void read_records(struct records *golden, struct records *typical)
{
    static const struct json_limits limits = {.depth = 16, .members = 512};
    struct slice rest = read_file(TEST_DATA "/golden.jsonl");
    struct slice best = {NULL, 0};
    long best_distance = 0;
    const char *end;
    while (rest.length != 0 && (end = memchr(rest.data, '\n', rest.length)) != NULL) {
        struct slice line = {rest.data, (size_t)(end - rest.data)};
        struct json *object = NULL;
        enum err err = json_parse(&kept, line, &limits, &object, NULL);
        assert(err == OK);
        (void)err;
        struct slice record = json_member(object, "record")->text;
        add_record(golden, record);
        long distance = labs((long)record.length - TYPICAL_BYTES);
        if (memmem(record.data, record.length, TYPICAL, sizeof TYPICAL - 1) != NULL &&
            (best.data == NULL || distance < best_distance)) {
            best = record;
            best_distance = distance;
        }
        rest.data += line.length + 1;
        rest.length -= line.length + 1;
    }
    add_record(typical, best);
}

/* Processor time of this process so far. */
static double seconds_used(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return 0;
    }
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

enum task { DECODE, RENDER, DECODE_AND_RENDER };

static enum err make_line(struct arena *arena, struct buffer *line, struct slice record,
                          const struct event *decoded, const struct render_options *options)
{
    struct event *event = NULL;
    arena_reset(arena);
    buffer_reset(line);
    if (decoded == NULL) {
        enum err err = event_decode(arena, record, 1, &event, NULL);
        if (err != OK || options == NULL) {
            return err;
        }
        decoded = event;
    }
    return render_line(decoded, options, line);
}

/* Seconds of one round. */
static double run_round(const struct records *records, const struct render_options *options,
                        size_t lines, enum task task)
{
    struct arena arena;
    struct buffer line;
    arena_init(&arena, 1024 * 1024);
    buffer_init(&line, 1024 * 1024);
    double start = seconds_used();
    for (size_t i = 0, at = 0; i < lines; i++, at = at + 1 == records->count ? 0 : at + 1) {
        enum err err =
            make_line(&arena, &line, records->text[at], task == RENDER ? records->events[at] : NULL,
                      task == DECODE ? NULL : options);
        if (err != OK) {
            fprintf(stderr, "%s\n", err_text(err));
            exit(1);
        }
    }
    double took = seconds_used() - start;
    buffer_done(&line);
    arena_done(&arena);
    return took;
}

/* Lines a second. */
static double run(const struct records *records, const struct render_options *options, size_t lines,
                  enum task task)
{
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double took = run_round(records, options, lines / ROUNDS, task);
        if (round == 0 || took < best) {
            best = took;
        }
    }
    return (double)(lines / ROUNDS) / (best > 0 ? best : 1);
}

static void print_rows(const char *title, const struct records *records, size_t lines, size_t limit)
{
    size_t octets = 0;
    for (size_t i = 0; i < records->count; i++) {
        octets += records->text[i].length;
    }
    printf("\n%s, %zu octets a record", title, octets / records->count);
    printf(limit == 0 ? "\n" : ", limit %zu\n", limit);
    printf("%-22s %16s %16s\n", "", "decode + render", "render alone");
    for (int i = 0; i < FORMAT_COUNT * PROFILE_COUNT; i++) {
        struct render_options options;
        render_defaults(&options);
        options.format = (enum format)(i / 2);
        options.profile = (enum profile)(i % 2);
        options.limit = limit;
        char name[64];
        snprintf(name, sizeof name, "%s/%s", format_word(options.format),
                 profile_word(options.profile));
        printf("%-22s %14.0f/s %14.0f/s\n", name, run(records, &options, lines, DECODE_AND_RENDER),
               run(records, &options, lines, RENDER));
    }
    printf("%-22s %14.0f/s\n", "decode alone", run(records, NULL, lines, DECODE));
}

int main(int argc, char **argv)
{
    static struct records golden;
    static struct records typical;
    size_t lines = argc > 1 ? strtoul(argv[1], NULL, 10) : 300000;
    arena_init(&kept, 256 * 1024 * 1024);
    read_records(&golden, &typical);
    print_rows("master_key.recovery_failed", &typical, lines, 0);
    print_rows("golden records by turns", &golden, lines, 0);
    print_rows("golden records by turns", &golden, lines, RENDER_LIMIT_MIN);
    arena_done(&kept);
    return 0;
}
