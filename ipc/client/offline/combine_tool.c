/* guardian-combine and guardianctl combine. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/base/file.h"
#include "audit/base/memory.h"
#include "ceremony/key/bech32.h"
#include "ceremony/key/key.h"
#include "ipc/client/offline/ask.h"
#include "ipc/client/offline/offline.h"
#include "ipc/client/offline/part_list.h"
#include "ipc/client/offline/say.h"
#include "ipc/client/offline/stream.h"
#include "ipc/client/offline/terminal.h"

#define INPUT_BYTES_MAX (1024u * 1024)
#define EXPONENT_QUICK 6             /* above, whoever waits is told why */
#define MILLISECONDS_OF_EXPONENT_0 4 /* about, on a machine of 2022 */

static const char help[] =
    "usage: %s [--hex | --age | --recipient] [--expect CHECK]\n"
    "                        [--passphrase-file FILE] [--drop-bad] [-o FILE] < parts.txt\n\n"
    "Joins the parts of a key (SLIP-39). Needs no daemon, network or configuration, and keeps\n"
    "nothing. On a terminal it asks for the parts and helps with typing; otherwise it reads one\n"
    "part a line from standard input, its words in any case, each whole or its first four "
    "letters,\n"
    "or pages as guardianctl part download writes them: cat ana.txt max.txt | %s.\n"
    "Blank lines and lines that begin with # are passed over. Never put words on a command line:\n"
    "others on the machine can read those.\n\n"
    "  --hex            print the key in hexadecimal (default): the passphrase of an AES Crypt "
    "file\n"
    "  --age            print it as age identity, AGE-SECRET-KEY-1…: a file for age -d -i\n"
    "  --recipient      print its public key age1… alone: proves the parts, keeps the key hidden\n"
    "  --expect CHECK   print nothing unless the key has this check value (age1… or mkcheck1…; it\n"
    "                   stands on every part's page and in the minutes)\n"
    "  --passphrase-file FILE\n"
    "                   for sets of other programs that have a passphrase; ours have none\n"
    "  --drop-bad       go on without a part that does not fit the others, if only one choice of\n"
    "                   parts fits together\n"
    "  -o FILE          write to a new file that only you can read, instead of standard output\n"
    "  --version        print the version\n"
    "  --help           print this\n\n"
    "More parts than needed are welcome: they are checked against each other. On any failure\n"
    "nothing is printed but one line that names the part and what is wrong.\n\n"
    "exit codes: 0 done, 1 refused, 2 wrong usage, 4 the parts join, but to another key than "
    "CHECK.\n"
    "example:    %s --expect age1… --age -o key.txt < parts.txt && age -d -i key.txt backup.age\n";

enum form { FORM_HEX, FORM_AGE, FORM_RECIPIENT };

struct options {
    enum form form;
    bool form_given;
    bool drop_bad;
    const char *passphrase_file;
    const char *expect;
    const char *output; /* NULL: standard output */
};

/* ---- the command line -------------------------------------------------------------------------
 */

enum {
    OPTION_HEX = 256,
    OPTION_AGE,
    OPTION_RECIPIENT,
    OPTION_PASSPHRASE,
    OPTION_EXPECT,
    OPTION_DROP,
    OPTION_VERSION
};

static bool set_form(struct options *options, enum form form)
{
    bool contradicts = options->form_given && options->form != form;
    options->form = form;
    options->form_given = true;
    return !contradicts;
}

/* What is wrong with an option, or NULL. */
static const char *take_option(int letter, struct options *out)
{
    bool fine = true;
    switch (letter) {
    case OPTION_HEX:
        fine = set_form(out, FORM_HEX);
        break;
    case OPTION_AGE:
        fine = set_form(out, FORM_AGE);
        break;
    case OPTION_RECIPIENT:
        fine = set_form(out, FORM_RECIPIENT);
        break;
    case OPTION_PASSPHRASE:
        out->passphrase_file = optarg;
        break;
    case OPTION_EXPECT:
        out->expect = optarg;
        break;
    case OPTION_DROP:
        out->drop_bad = true;
        break;
    case 'o':
        out->output = optarg;
        break;
    default:
        return "no such option, or its argument is missing";
    }
    return fine ? NULL : "--hex, --age and --recipient exclude each other";
}

/* Returns an exit code to end with, or -1. */
static int read_options(const char *program, int argc, char **argv, struct options *out)
{
    static const struct option table[] = {
        {"hex", no_argument, NULL, OPTION_HEX},
        {"age", no_argument, NULL, OPTION_AGE},
        {"recipient", no_argument, NULL, OPTION_RECIPIENT},
        {"passphrase-file", required_argument, NULL, OPTION_PASSPHRASE},
        {"expect", required_argument, NULL, OPTION_EXPECT},
        {"drop-bad", no_argument, NULL, OPTION_DROP},
        {"version", no_argument, NULL, OPTION_VERSION},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int letter;
    optind = 1;
    opterr = 0; /* what is told about an argument never repeats it: it might be a word */
    while ((letter = getopt_long(argc, argv, "ho:", table, NULL)) != -1) {
        if (letter == 'h') {
            printf(help, program, program, program);
            return OFFLINE_DONE;
        }
        if (letter == OPTION_VERSION) {
            printf("%s %s\n", program, GUARDIAN_VERSION);
            return OFFLINE_DONE;
        }
        const char *wrong = take_option(letter, out);
        if (wrong != NULL) {
            return (int)say_usage(program, wrong);
        }
    }
    if (optind < argc) {
        return (int)say_usage(program, "parts are read from standard input alone, never from the "
                                       "command line, where others can see them");
    }
    /* Found before anybody types a word. */
    if (out->expect != NULL && !key_check_fits(slice_of(out->expect))) {
        return (int)say_usage(program, "--expect wants a check value, age1… or mkcheck1…, and this "
                                       "is none: compare it with the page");
    }
    return -1;
}

/* ---- what comes in ------------------------------------------------------------------------------
 */

/* The passphrase: the file less one line end, printable ASCII. */
static enum err read_passphrase(const char *path, struct secret **out, struct fault *fault)
{
    struct secret *text = NULL;
    enum err err = stream_read_file(path, SLIP39_PASSPHRASE_BYTES_MAX + 2, &text, fault);
    if (err != OK) {
        return err;
    }
    if (text->length > 0 && text->data[text->length - 1] == '\n') {
        text->length--;
        text->length -= text->length > 0 && text->data[text->length - 1] == '\r' ? 1 : 0;
    }
    bool printable = text->length <= SLIP39_PASSPHRASE_BYTES_MAX;
    for (size_t i = 0; i < text->length; i++) {
        printable &= text->data[i] >= 32 && text->data[i] <= 126;
    }
    if (!printable) {
        secret_free(text);
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                         "%s is no passphrase: one line of printable ASCII, at most %d characters.",
                         path, SLIP39_PASSPHRASE_BYTES_MAX);
    }
    *out = text;
    return OK;
}

static enum err read_lines(struct part_list *list, struct fault *fault)
{
    struct secret *text = NULL;
    enum err err = stream_read(STDIN_FILENO, "Standard input", INPUT_BYTES_MAX, &text, fault);
    if (err == OK) {
        err = part_list_read((struct slice){(const char *)text->data, text->length}, list, fault);
    }
    secret_free(text);
    return err;
}

static enum err ask_parts(struct part_list *list, struct fault *fault)
{
    list->unit = "part";
    enum err err = terminal_open("Nothing was recovered.", fault);
    if (err != OK) {
        return err;
    }
    struct ask_set set = {.known = list->parts};
    enum ask_answer answer = ASK_PART;
    ask_welcome();
    while ((answer == ASK_PART || answer == ASK_INSTEAD) && list->count < SLIP39_LIST_MAX) {
        struct slip39_part part;
        set.count = list->count;
        answer = ask_part(&set, &part, fault);
        if (answer == ASK_INSTEAD) {
            part_list_done(list);
        }
        if (answer == ASK_PART || answer == ASK_INSTEAD) {
            list->parts[list->count++] = part;
            list->places[list->count - 1] = list->count;
            terminal_write("  The part is in.\n");
        }
    }
    terminal_write(set.left_out ? "  The part typed last was wrong: it is not among those given.\n"
                                : "");
    terminal_close();
    return answer == ASK_FAILED ? fault->err : OK;
}

/* ---- joining ------------------------------------------------------------------------------------
 */

static void warn_of_waiting(const char *program, const struct part_list *list)
{
    uint8_t exponent = list->count == 0 ? 0 : list->parts[0].header.exponent;
    if (exponent > EXPONENT_QUICK) {
        say_note(program, "these parts ask for %u iterations: this takes some %u seconds",
                 10000u << exponent, (MILLISECONDS_OF_EXPONENT_0 << exponent) / 1000 + 1);
    }
}

static void note_fate(const char *program, const struct part_list *list,
                      const struct slip39_report *report, enum slip39_fate fate, const char *what)
{
    char places[256];
    size_t found = 0;
    for (size_t i = 0; i < list->count; i++) {
        found += report->fates[i] == fate ? 1 : 0;
    }
    if (found > 0) {
        part_list_name(list, report, fate, places, sizeof places);
        say_note(program, "%s: %s", places, what);
    }
}

static void tell_notes(const char *program, const struct options *options,
                       const struct part_list *list, const struct slip39_report *report)
{
    note_fate(program, list, report, SLIP39_REPEATED, "given before, counted once");
    note_fate(program, list, report, SLIP39_UNCHECKED,
              "of a group with too few parts, neither used nor checked");
    note_fate(program, list, report, SLIP39_MISFIT, "does not fit the others, left out");
    if (!report->proven && options->expect == NULL) {
        say_note(program, "nothing could be checked: a set that one part opens has no digest, so a "
                          "wrong part gives a wrong key. --expect would tell");
    }
}

/* The key as it is printed, with its line end. */
static enum err form_key(const struct secret *key, enum form form, struct secret **out,
                         struct fault *fault)
{
    if (form != FORM_HEX && key->length != KEY_BYTES) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_secret_length, NULL,
                         "An age key has %d octets, this one %zu: it is printed with --hex.",
                         KEY_BYTES, key->length);
    }
    struct secret *text = NULL;
    enum err err = OK;
    if (form == FORM_RECIPIENT) {
        uint8_t public_key[KEY_BYTES];
        char recipient[KEY_PUBLIC_TEXT + 1];
        key_public(key, public_key);
        key_public_text(public_key, recipient);
        text = secret_copy(recipient, KEY_PUBLIC_TEXT);
        err = text == NULL ? ERR_NO_MEMORY : OK;
    } else {
        err = form == FORM_HEX ? key_to_hex(key, &text) : key_to_identity(key, &text);
    }
    struct secret *line = err == OK ? secret_new(text->length + 1) : NULL;
    if (line == NULL || secret_append(line, text->data, text->length) != OK ||
        secret_append(line, "\n", 1) != OK) {
        secret_free(text);
        secret_free(line);
        (void)fault_no_memory(fault);
        return ERR_NO_MEMORY;
    }
    secret_free(text);
    *out = line;
    return OK;
}

/* From parts to the line to print. */
static enum err join(const char *program, const struct options *options, struct part_list *list,
                     struct slice passphrase, struct secret **out_line, struct fault *fault)
{
    struct slip39_report report;
    struct secret *key = NULL;
    const struct slip39_way way = {.passphrase = passphrase, .drop_bad = options->drop_bad};
    warn_of_waiting(program, list);
    enum err err = slip39_combine(list->parts, list->count, &way, &key, &report, fault);
    if (err != OK) {
        part_list_explain(list, &report, fault);
        return err;
    }
    if (options->expect != NULL) {
        err = key_prove(key, slice_of(options->expect), fault);
    }
    if (err == OK) {
        err = form_key(key, options->form, out_line, fault);
    }
    if (err == OK) {
        tell_notes(program, options, list, &report);
    }
    secret_free(key);
    return err;
}

static enum err gather(const struct options *options, struct part_list *list,
                       struct secret **out_passphrase, struct fault *fault)
{
    enum err err = options->output == NULL ? OK : stream_check_free(options->output, fault);
    if (err == OK && options->passphrase_file != NULL) {
        err = read_passphrase(options->passphrase_file, out_passphrase, fault);
    }
    if (err == OK) {
        err = isatty(STDIN_FILENO) ? ask_parts(list, fault) : read_lines(list, fault);
    }
    return err;
}

static enum err print(const struct options *options, struct slice line, struct fault *fault)
{
    return options->output == NULL ? stream_write(STDOUT_FILENO, "Standard output", line, fault)
                                   : file_create(options->output, line, 0600, fault);
}

static enum err run(const char *program, const struct options *options, struct part_list *list,
                    struct fault *fault)
{
    struct secret *passphrase = NULL;
    struct secret *line = NULL;
    enum err err = gather(options, list, &passphrase, fault);
    if (err == OK) {
        struct slice borrowed = {NULL, 0};
        if (passphrase != NULL) {
            borrowed = (struct slice){(const char *)passphrase->data, passphrase->length};
        }
        err = join(program, options, list, borrowed, &line, fault);
    }
    if (err == OK) {
        err = print(options, (struct slice){(const char *)line->data, line->length}, fault);
    }
    secret_free(line);
    secret_free(passphrase);
    return err;
}

enum offline_exit offline_combine(const char *program, int argc, char **argv)
{
    struct options options = {.form = FORM_HEX};
    int done = read_options(program, argc, argv, &options);
    if (done >= 0) {
        return (enum offline_exit)done;
    }
    say_protection(program);
    struct fault fault;
    fault_clear(&fault);
    struct part_list *list = memory_allocate_zeroed(sizeof *list);
    enum err err = list == NULL ? fault_no_memory(&fault) : run(program, &options, list, &fault);
    if (list != NULL) {
        part_list_done(list);
    }
    memory_free(list);
    if (err == OK) {
        return OFFLINE_DONE;
    }
    (void)say_refused(program, &fault);
    return fault.reason == REASON_check_mismatch ? OFFLINE_MISMATCH : OFFLINE_REFUSED;
}
