#include "ipc/client/command_render.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/base/arena.h"
#include "audit/base/buffer.h"
#include "audit/event/event.h"
#include "audit/render/render.h"
#include "ipc/client/output.h"

#define READ_BYTES 65536
#define ARENA_BYTES_MAX (64 * 1024 * 1024)           /* a line of numbers grows in its tree */
#define LINE_BYTES_MAX (8 * COMMAND_RENDER_LINE_MAX) /* escaped and repeated keys */

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

static const char usage[] =
    "Usage: guardianctl render [--format cef|rfc5424|sensage] [--profile senhasegura|standard]\n"
    "                          [--limit OCTETS] [--envelope syslog|none] < RECORDS\n"
    "\n"
    "Reads one JSON record a line and writes one line of the format for each, in order. Nothing "
    "is\n"
    "sent and no daemon is asked.\n"
    "\n"
    "  --format    cef (the default), rfc5424 or sensage\n"
    "  --profile   senhasegura (the default: keys as the vendor documents them) or standard (keys\n"
    "              of the CEF dictionary)\n"
    "  --limit     most octets of a line, 480 to 1048576; a longer one is shrunk and carries the\n"
    "              key shortened. Without it lines go out whole\n"
    "  --envelope  syslog puts cef and sensage lines into an RFC 5424 message; none is the "
    "default\n"
    "  --help      prints this\n"
    "\n"
    "A record that is refused gives no line but `line N: reason field` on standard error.\n"
    "Exit status: 0 all rendered, 1 a record refused or a failure, 2 wrong usage.\n";

/* The command while it runs. */
struct rendering {
    struct render_options options;
    struct arena arena; /* of one record */
    struct buffer input;
    struct buffer output;
    unsigned long long line_number;
    bool skipping; /* inside a line that is too long, up to its end */
    bool refused_some;
};

/* ---- the command line ---- */

static int wrong_usage(const char *what, const char *value, const char *right)
{
    fprintf(stderr, "guardianctl render: %s '%s': %s\n", what, value, right);
    return EXIT_USAGE;
}

static bool limit_from_word(const char *word, size_t *out)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = word[0] >= '1' && word[0] <= '9' ? strtoul(word, &end, 10) : 0;
    if (end == NULL || *end != '\0' || errno != 0 || value < RENDER_LIMIT_MIN ||
        value > RENDER_LIMIT_MAX) {
        return false;
    }
    *out = value;
    return true;
}

static bool envelope_from_word(const char *word, enum envelope *out)
{
    bool syslog = strcmp(word, "syslog") == 0;
    if (!syslog && strcmp(word, "none") != 0) {
        return false;
    }
    *out = syslog ? ENVELOPE_SYSLOG : ENVELOPE_NONE;
    return true;
}

static int take_option(int option, const char *word, struct render_options *out)
{
    if (option == 'f' && !format_from_word(word, &out->format)) {
        return wrong_usage("no such format", word, "use cef, rfc5424 or sensage");
    }
    if (option == 'p' && !profile_from_word(word, &out->profile)) {
        return wrong_usage("no such profile", word, "use senhasegura or standard");
    }
    if (option == 'l' && !limit_from_word(word, &out->limit)) {
        return wrong_usage("no such limit", word, "use a number of octets from 480 to 1048576");
    }
    if (option == 'e' && !envelope_from_word(word, &out->envelope)) {
        return wrong_usage("no such envelope", word, "use syslog or none");
    }
    return EXIT_DONE;
}

/* An option that is not known, as it stands on the command line. */
static int unknown_option(char *const *argv)
{
    const char letter[] = {'-', (char)optopt, '\0'};
    bool is_letter = optopt != 0 && strchr("fpleh", optopt) == NULL;
    return wrong_usage("no such option", is_letter ? letter : argv[optind - 1],
                       "see guardianctl render --help");
}

/* Fills the options. True if there is something to render, else *out_status is the end. */
static bool take_options(int argc, char **argv, struct render_options *out, int *out_status)
{
    static const struct option known[] = {
        {"format", required_argument, NULL, 'f'}, {"profile", required_argument, NULL, 'p'},
        {"limit", required_argument, NULL, 'l'},  {"envelope", required_argument, NULL, 'e'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    int option;
    optind = 0; /* start anew, whatever was parsed before */
    opterr = 0;
    *out_status = EXIT_DONE;
    while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (option == 'h') {
            fputs(usage, stdout);
            *out_status = fflush(stdout) == 0 ? EXIT_DONE : EXIT_REFUSED;
            return false;
        }
        if (option == ':') {
            *out_status = wrong_usage("an option needs a value", argv[optind - 1],
                                      "see guardianctl render --help");
        } else if (option == '?') {
            *out_status = unknown_option(argv);
        } else {
            *out_status = take_option(option, optarg, out);
        }
        if (*out_status != EXIT_DONE) {
            return false;
        }
    }
    if (optind < argc) {
        *out_status =
            wrong_usage("no such argument", argv[optind], "records are read from standard input");
        return false;
    }
    return true;
}

/* ---- output ---- */

/* Waits until the descriptor, which does not block, can be used again. */
static bool wait_for(int descriptor, short what)
{
    struct pollfd ready = {.fd = descriptor, .events = what};
    int result = poll(&ready, 1, -1);
    return result > 0 || (result < 0 && errno == EINTR);
}

static bool write_output(struct rendering *rendering)
{
    size_t done = 0;
    while (done < rendering->output.length) {
        ssize_t written =
            write(STDOUT_FILENO, rendering->output.data + done, rendering->output.length - done);
        if (written >= 0) {
            done += (size_t)written;
        } else if (errno != EINTR && !(errno == EAGAIN && wait_for(STDOUT_FILENO, POLLOUT))) {
            fprintf(stderr, "guardianctl render: cannot write to standard output: %s\n",
                    strerror(errno));
            return false;
        }
    }
    buffer_reset(&rendering->output);
    return true;
}

/* ---- records ---- */

static void refuse(struct rendering *rendering, enum reason reason, const char *field)
{
    rendering->refused_some = true;
    fprintf(stderr, "line %llu: %s", rendering->line_number, reason_word(reason));
    if (field[0] == '/') {
        fputc(' ', stderr);
        output_error_text(slice_of(field + 1)); /* may bear a name that somebody else chose */
    }
    fputc('\n', stderr);
}

static bool is_blank(struct slice line)
{
    for (size_t i = 0; i < line.length; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r') {
            return false;
        }
    }
    return true;
}

/* One input line. False if the command cannot go on. */
static bool render_record(struct rendering *rendering, struct slice record)
{
    struct fault fault;
    struct event *event = NULL;
    fault_clear(&fault);
    rendering->line_number++;
    if (is_blank(record)) {
        return true;
    }
    if (record.length > COMMAND_RENDER_LINE_MAX) {
        refuse(rendering, REASON_too_large, "");
        return true;
    }
    arena_reset(&rendering->arena);
    if (event_decode(&rendering->arena, record, -1, &event, &fault) != OK) {
        refuse(rendering, fault.reason, fault.field);
        return true;
    }
    enum err err = render_line(event, &rendering->options, &rendering->output);
    buffer_append_char(&rendering->output, '\n');
    if (err == OK) {
        err = buffer_result(&rendering->output);
    }
    if (err != OK) {
        fprintf(stderr, "guardianctl render: line %llu: %s\n", rendering->line_number,
                err_text(err));
        return false;
    }
    return rendering->output.length < READ_BYTES || write_output(rendering);
}

/* ---- input ---- */

/* Renders every line that is whole; keeps what is left of the last one. */
static bool render_input(struct rendering *rendering)
{
    struct buffer *input = &rendering->input;
    size_t start = 0;
    const char *end;
    while (start < input->length &&
           (end = memchr(input->data + start, '\n', input->length - start)) != NULL) {
        struct slice record = {input->data + start, (size_t)(end - input->data) - start};
        start += record.length + 1;
        if (rendering->skipping) {
            rendering->skipping = false;
        } else if (!render_record(rendering, record)) {
            return false;
        }
    }
    input->length -= start;
    if (input->length != 0) {
        memmove(input->data, input->data + start, input->length);
    }
    if (input->length > COMMAND_RENDER_LINE_MAX) {
        if (!rendering->skipping) {
            rendering->line_number++;
            refuse(rendering, REASON_too_large, "");
        }
        rendering->skipping = true;
    }
    if (rendering->skipping) {
        input->length = 0;
    }
    return true;
}

/* Reads once. *out_octets is 0 at the end of the input. */
static bool read_input(struct rendering *rendering, size_t *out_octets)
{
    if (!buffer_reserve(&rendering->input, READ_BYTES)) {
        fprintf(stderr, "guardianctl render: %s\n", err_text(rendering->input.failed));
        return false;
    }
    for (;;) {
        ssize_t octets =
            read(STDIN_FILENO, rendering->input.data + rendering->input.length, READ_BYTES);
        if (octets >= 0) {
            rendering->input.length += (size_t)octets;
            *out_octets = (size_t)octets;
            return true;
        }
        if (errno != EINTR && !(errno == EAGAIN && wait_for(STDIN_FILENO, POLLIN))) {
            fprintf(stderr, "guardianctl render: cannot read standard input: %s\n",
                    strerror(errno));
            return false;
        }
    }
}

static bool render_all(struct rendering *rendering)
{
    size_t octets = 0;
    do {
        /* Whoever waits for lines gets them before this waits for more records. */
        if (!write_output(rendering) || !read_input(rendering, &octets) ||
            !render_input(rendering)) {
            return false;
        }
    } while (octets != 0);
    if (rendering->input.length != 0 && !rendering->skipping) {
        struct slice last = buffer_slice(&rendering->input);
        if (!render_record(rendering, last)) {
            return false;
        }
    }
    return write_output(rendering);
}

int command_render(int argc, char **argv)
{
    struct rendering rendering = {0};
    int status;
    render_defaults(&rendering.options);
    if (!take_options(argc, argv, &rendering.options, &status)) {
        return status;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    arena_init(&rendering.arena, ARENA_BYTES_MAX);
    buffer_init(&rendering.input, COMMAND_RENDER_LINE_MAX + 2 * READ_BYTES);
    buffer_init(&rendering.output, LINE_BYTES_MAX);
    bool done = render_all(&rendering);
    buffer_done(&rendering.output);
    buffer_done(&rendering.input);
    arena_done(&rendering.arena);
    return done && !rendering.refused_some ? EXIT_DONE : EXIT_REFUSED;
}
