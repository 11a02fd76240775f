/* guardianctl part view|download: a guardian looks at the own part and keeps it. */
#include <stdio.h>
#include <string.h>

#include "ipc/client/desk/part_page.h"
#include "ipc/client/desk/secrecy.h"
#include "ipc/client/offline/stream.h"
#include "ipc/client/part_fetch.h"

#define DOCUMENT_BYTES 8192

static const char view_help[] =
    "usage: guardianctl part view CEREMONY --key FILE [--passphrase-file F]\n\n"
    "Shows your part: its words, numbered, in columns to be read downwards. Copy them to paper,\n"
    "then clear the screen. Looking is recorded, every time. What was sealed is opened on this\n"
    "machine with your key file, and compared with the ceremony as you see it: if it is not the\n"
    "part it claims to be, nothing is shown and the exit code is 4.\n\n"
    "  --key FILE           your key file, as guardianctl key new made it\n"
    "  --passphrase-file F  take its passphrase from F instead of asking\n"
    "  --help               print this\n\n" CEREMONY_PICK_HELP
    "\nNext: guardianctl part confirm CEREMONY. --json prints one document with `mnemonic`.\n"
    "exit codes: 0 shown, 1 refused, 2 wrong usage, 3 daemon not reached, 4 not the part it "
    "claims\n"
    "to be.\n";

static const char download_help[] =
    "usage: guardianctl part download CEREMONY --key FILE -o part.txt [--passphrase-file F]\n\n"
    "Writes the page of your part to a new file that only you can read: whose part of which\n"
    "ceremony it is, the words, numbered and in columns to be read downwards, the check value of\n"
    "the key, and what to do with it. Print it, put it where only you can get it, and delete the\n"
    "file. The page is text; a PDF with a QR code comes in a later version.\n\n"
    "  -o, --output FILE    the new file; nothing is ever written over\n"
    "  --key FILE           your key file, as guardianctl key new made it\n"
    "  --passphrase-file F  take its passphrase from F instead of asking\n"
    "  --help               print this\n\n" CEREMONY_PICK_HELP
    "\nNext: guardianctl part confirm CEREMONY, with the words typed from the paper.\n"
    "exit codes: 0 written, 1 refused, 2 wrong usage, 3 daemon not reached, 4 not the part it\n"
    "claims to be.\n";

struct part_options {
    const char *ceremony, *key, *passphrase_file, *output;
};

/* ---- showing -----------------------------------------------------------------------------------
 */

/* What may be told of a part, as members of a document without its braces. */
static void append_facts(struct buffer *out, const struct part_opened *opened)
{
    const struct payload_part *part = &opened->payload;
    char number[32];
    params_slice(out, "ceremony", part->ceremony);
    params_slice(out, "name", part->name);
    params_slice(out, "guardian", part->guardian);
    snprintf(number, sizeof number, "%u", part->index);
    params_number(out, "index", number);
    snprintf(number, sizeof number, "%u", part->count);
    params_number(out, "count", number);
    snprintf(number, sizeof number, "%u", part->threshold);
    params_number(out, "threshold", number);
    params_text(out, "kind", key_kind_word(part->kind));
    params_slice(out, "check", part->check);
}

/* The facts and the words as a document, in guarded memory. */
static enum err write_document(const struct part_opened *opened, struct secret **out)
{
    struct buffer facts;
    struct secret *document = secret_new(DOCUMENT_BYTES);
    buffer_init(&facts, DOCUMENT_BYTES);
    append_facts(&facts, opened);
    enum err err = document == NULL ? ERR_NO_MEMORY : buffer_result(&facts);
    const struct slice pieces[] = {slice_of("{"), buffer_slice(&facts),
                                   slice_of(",\"mnemonic\":\""), opened->payload.mnemonic,
                                   slice_of("\"}\n")};
    for (size_t i = 0; err == OK && i < sizeof pieces / sizeof pieces[0]; i++) {
        err = secret_append(document, pieces[i].data, pieces[i].length);
    }
    buffer_done(&facts);
    if (err != OK) {
        secret_free(document);
        return ERR_NO_MEMORY;
    }
    *out = document;
    return OK;
}

static enum client_exit show_part(const struct client *client, const struct part_fetching *fetching)
{
    struct secret *text = NULL;
    struct fault fault;
    enum err err = client->json ? write_document(&fetching->opened, &text)
                                : part_page_words(&fetching->opened, &text);
    if (err != OK) {
        (void)fault_no_memory(&fault);
    } else {
        err = secrecy_write(NULL, text, &fault);
    }
    secret_free(text);
    if (err != OK) {
        return client_tell(client, &fault, 0, "");
    }
    if (!client->json) {
        fputs("\nCopy the words to paper and clear the screen. Then prove that you have them:\n"
              "  guardianctl ",
              stderr);
        if (client->as.option != NULL) {
            fputs("--as ", stderr);
            output_error_text(slice_of(client->as.login));
            fputs(" ", stderr);
        }
        fprintf(stderr, "part confirm %.8s\n", fetching->id);
    }
    return CLIENT_DONE;
}

static enum client_exit show_tracked(const struct client *client, const struct json *answer)
{
    if (client->json) {
        client_print_json(answer);
    } else {
        puts("Recorded. The parts of this ceremony are held by another system: there is nothing "
             "to show\nhere.");
    }
    return client_finish(client, CLIENT_DONE);
}

/* ---- keeping -----------------------------------------------------------------------------------
 */

static void tell_kept(const struct client *client, const struct part_fetching *fetching,
                      const char *output)
{
    if (client->json) {
        struct buffer facts;
        buffer_init(&facts, DOCUMENT_BYTES);
        append_facts(&facts, &fetching->opened);
        params_text(&facts, "file", json_is_utf8(slice_of(output)) ? output : "(not UTF-8)");
        printf("{%.*s}\n", (int)facts.length, facts.data);
        buffer_done(&facts);
        return;
    }
    fputs("Your part stands in ", stdout);
    output_text(slice_of(output), 0);
    printf(". Print it, put the paper where only you can get it, and delete\nthe file. Then prove "
           "that you have the words:\n  guardianctl ");
    if (client->as.option != NULL) {
        fputs("--as ", stdout);
        output_text(slice_of(client->as.login), 0);
        putchar(' ');
    }
    printf("part confirm %.8s\n", fetching->id);
}

static enum client_exit keep_part(const struct client *client, const struct part_fetching *fetching,
                                  const char *output)
{
    struct secret *page = NULL;
    struct fault fault;
    enum err err = part_page_write(&fetching->opened, fetching->others, &page);
    if (err != OK) {
        (void)fault_no_memory(&fault);
    } else {
        err = secrecy_write(output, page, &fault);
    }
    secret_free(page);
    if (err != OK) {
        return client_tell(client, &fault, 0, "");
    }
    tell_kept(client, fetching, output);
    return client_finish(client, CLIENT_DONE);
}

/* ---- the verbs ---------------------------------------------------------------------------------
 */

static enum client_exit run(struct client *client, const struct verb *verb,
                            const struct part_options *options, bool download)
{
    struct part_fetching fetching = {.verb = verb,
                                     .typed = options->ceremony,
                                     .key_file = options->key,
                                     .passphrase_file = options->passphrase_file};
    struct fault fault;
    const struct json *answer;
    enum err err = secrecy_begin(&fault);
    if (err == OK && options->output != NULL) {
        err = stream_check_free(options->output, &fault);
    }
    if (err != OK) {
        return client_tell(client, &fault, 0, "");
    }
    enum client_exit code =
        part_fetch(client, download ? "part.download" : "part.view", &fetching, &answer);
    if (code == CLIENT_DONE && fetching.tracked) {
        code = show_tracked(client, answer);
    } else if (code == CLIENT_DONE) {
        code =
            download ? keep_part(client, &fetching, options->output) : show_part(client, &fetching);
    }
    part_fetching_done(&fetching);
    return code;
}

enum client_exit command_part_view(struct client *client, int argc, char **argv)
{
    struct part_options given = {0};
    const struct verb_option options[] = {
        {.name = "key", .file = &given.key},
        {.name = "passphrase-file", .file = &given.passphrase_file},
        {.name = NULL}};
    const struct verb_argument arguments[] = {{"CEREMONY", &given.ceremony, false}, {.name = NULL}};
    const struct verb verb = {"part view", view_help, options, arguments};
    int done = verb_read(client, &verb, argc, argv);
    return done >= 0 ? (enum client_exit)done : run(client, &verb, &given, false);
}

enum client_exit command_part_download(struct client *client, int argc, char **argv)
{
    struct part_options given = {0};
    const struct verb_option options[] = {
        {.name = "key", .file = &given.key},
        {.name = "passphrase-file", .file = &given.passphrase_file},
        {.name = "output", .letter = 'o', .required = true, .file = &given.output},
        {.name = NULL}};
    const struct verb_argument arguments[] = {{"CEREMONY", &given.ceremony, false}, {.name = NULL}};
    const struct verb verb = {"part download", download_help, options, arguments};
    int done = verb_read(client, &verb, argc, argv);
    return done >= 0 ? (enum client_exit)done : run(client, &verb, &given, true);
}
