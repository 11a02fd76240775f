/* guardianctl split. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ceremony/key/key.h"
#include "ceremony/slip39/slip39.h"
#include "ipc/client/offline/ask.h"
#include "ipc/client/offline/offline.h"
#include "ipc/client/offline/say.h"
#include "ipc/client/offline/stream.h"
#include "ipc/client/offline/terminal.h"

#define INPUT_BYTES_MAX 1024u

static const char help[] =
    "usage: %s --threshold K --parts N [--exponent E] < key.hex\n\n"
    "Splits a key into N parts of which any K open it (SLIP-39), one a line. For rehearsals and\n"
    "tests: no daemon hears of it, nothing is recorded, and the parts are sealed to nobody. A key\n"
    "that matters is split by guardianctl ceremony start.\n\n"
    "Reads 32 or 64 hexadecimal digits from standard input; on a terminal it asks, and does not\n"
    "show them.\n\n"
    "  --threshold K    parts that open the key, 2 to N\n"
    "  --parts N        parts there are, up to 16\n"
    "  --exponent E     0 to 15, default 1: how long joining takes, twice as long with every step\n"
    "  --help           print this\n\n"
    "guardianctl combine, guardian-combine and any other SLIP-39 program read the parts; they "
    "have\n"
    "no passphrase.\n\n"
    "exit codes: 0 done, 1 refused, 2 wrong usage.\n"
    "example:    od -An -N32 -tx1 /dev/urandom | tr -d ' \\n' | %s --threshold 3 --parts 5\n";

struct options {
    long threshold;
    long parts;
    long exponent;
};

static bool read_number(const char *text, long *out)
{
    char *end = NULL;
    *out = text[0] >= '0' && text[0] <= '9' ? strtol(text, &end, 10) : 0;
    return end != NULL && *end == '\0';
}

/* Returns an exit code to end with, or -1. */
static int read_options(const char *program, int argc, char **argv, struct options *out)
{
    static const struct option table[] = {{"threshold", required_argument, NULL, 't'},
                                          {"parts", required_argument, NULL, 'n'},
                                          {"exponent", required_argument, NULL, 'e'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int letter;
    bool fine = true;
    optind = 1;
    opterr = 0; /* an argument is never repeated: it might be the key */
    while ((letter = getopt_long(argc, argv, "h", table, NULL)) != -1) {
        switch (letter) {
        case 't':
            fine &= read_number(optarg, &out->threshold);
            break;
        case 'n':
            fine &= read_number(optarg, &out->parts);
            break;
        case 'e':
            fine &= read_number(optarg, &out->exponent);
            break;
        case 'h':
            printf(help, program, program);
            return OFFLINE_DONE;
        default:
            return (int)say_usage(program, "no such option, or its argument is missing");
        }
    }
    if (!fine) {
        return (int)say_usage(program, "--threshold, --parts and --exponent want a number");
    }
    if (optind < argc) {
        return (int)say_usage(program, "the key is read from standard input alone, never from the "
                                       "command line, where others can see it");
    }
    if (out->threshold < 0 || out->parts < 0) {
        return (int)say_usage(program, "--threshold K and --parts N are needed");
    }
    return -1;
}

static enum err make_plan(const struct options *options, struct slip39_plan *out,
                          struct fault *fault)
{
    if (options->threshold < 2 || options->threshold > options->parts ||
        options->parts > SLIP39_MEMBERS_MAX) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                         "The threshold is at least 2 and at most the number of parts, which is at "
                         "most %d.",
                         SLIP39_MEMBERS_MAX);
    }
    if (options->exponent > SLIP39_EXPONENT_MAX) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                         "The exponent is 0 to %d.", SLIP39_EXPONENT_MAX);
    }
    *out = (struct slip39_plan){.id = slip39_draw_id(),
                                .exponent = (uint8_t)options->exponent,
                                .group_threshold = 1,
                                .group_count = 1,
                                .groups = {{(uint8_t)options->threshold, (uint8_t)options->parts}}};
    return OK;
}

static enum err read_text(struct secret **out, struct fault *fault)
{
    if (!isatty(STDIN_FILENO)) {
        return stream_read(STDIN_FILENO, "Standard input", INPUT_BYTES_MAX, out, fault);
    }
    enum err err = terminal_open("Nothing was split.", fault);
    if (err != OK) {
        return err;
    }
    enum ask_answer answer =
        ask_line("The key, 32 or 64 hexadecimal digits (not shown): ", out, fault);
    terminal_close();
    return answer == ASK_PART ? OK : fault->err;
}

static enum err read_key(struct secret **out_key, struct fault *fault)
{
    struct secret *text = NULL;
    enum err err = read_text(&text, fault);
    if (err != OK) {
        return err;
    }
    size_t length = text->length;
    length -= length > 0 && text->data[length - 1] == '\n' ? 1 : 0;
    length -= length > 0 && text->data[length - 1] == '\r' ? 1 : 0;
    err = key_from_hex((struct slice){(const char *)text->data, length}, out_key, fault);
    secret_free(text);
    return err;
}

/* The parts' lines. */
static enum err write_parts(const struct slip39_part *parts, size_t count, struct fault *fault)
{
    struct secret *lines = secret_new(count * (SLIP39_TEXT_BYTES_MAX + 1));
    bool room = lines != NULL;
    for (size_t i = 0; i < count && room; i++) {
        room = slip39_encode(&parts[i], lines) == OK && secret_append(lines, "\n", 1) == OK;
    }
    enum err err = OK;
    if (room) {
        err = stream_write(STDOUT_FILENO, "Standard output",
                           (struct slice){(const char *)lines->data, lines->length}, fault);
    } else {
        err = fault_no_memory(fault);
    }
    secret_free(lines);
    return err;
}

static enum err run(const struct options *options, struct fault *fault)
{
    struct slip39_plan plan;
    struct slip39_part parts[SLIP39_MEMBERS_MAX] = {0};
    struct secret *key = NULL;
    enum err err = make_plan(options, &plan, fault);
    if (err == OK) {
        err = read_key(&key, fault);
    }
    if (err == OK) {
        err = slip39_split(key, &plan, parts, fault);
    }
    if (err == OK) {
        err = write_parts(parts, slip39_plan_parts(&plan), fault);
    }
    for (size_t i = 0; i < SLIP39_MEMBERS_MAX; i++) {
        slip39_part_done(&parts[i]);
    }
    secret_free(key);
    return err;
}

enum offline_exit offline_split(const char *program, int argc, char **argv)
{
    struct options options = {-1, -1, SLIP39_EXPONENT_DEFAULT};
    int done = read_options(program, argc, argv, &options);
    if (done >= 0) {
        return (enum offline_exit)done;
    }
    say_protection(program);
    struct fault fault;
    fault_clear(&fault);
    return run(&options, &fault) == OK ? OFFLINE_DONE : say_refused(program, &fault);
}
