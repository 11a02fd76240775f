#include "ipc/client/command_key.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "ceremony/key/key.h"
#include "ipc/client/desk/secrecy.h"
#include "ipc/client/keyfile.h"

static const char new_help[] =
    "usage: guardianctl key new FILE [--passphrase-file F]\n\n"
    "Makes a guardian's own key: the parts of master keys are sealed to it, and only who has the\n"
    "file and its passphrase can open them. Do this on your own machine, once, before the "
    "operator\n"
    "registers you.\n\n"
    "You are asked for a passphrase of 12 characters or more, twice and unseen. Press Enter alone\n"
    "and one is made and shown to you once. FILE must not exist; only you can read it.\n\n"
    "  --passphrase-file F  take the passphrase from F (its content without the last line's end)\n"
    "                       instead of asking\n"
    "  --help               print this\n\n"
    "What it prints is public. Give the operator the public key by any way, and compare the\n"
    "fingerprint by voice: whoever could register a key of his own in your place would get your\n"
    "parts. Keep a copy of FILE, for without it parts sealed to you cannot be opened; use the key\n"
    "for nothing else. FILE is an age passphrase file: `age -d FILE` opens it too, and so may one\n"
    "made by `age-keygen | age -p` be used here.\n\n"
    "--json prints {public_key, fingerprint, file}.\n"
    "exit codes: 0 made, 1 refused, 2 wrong usage.\n";

static const char public_help[] =
    "usage: guardianctl key public FILE [--fingerprint] [--passphrase-file F]\n\n"
    "Prints the public key of a guardian's key file, age1…, which the operator registers and\n"
    "anybody may know. It asks for the passphrase, since all of the file is encrypted. The\n"
    "fingerprint, to compare by voice, is told on standard error.\n\n"
    "  --fingerprint        print the fingerprint instead: the first 16 characters behind age1\n"
    "  --passphrase-file F  take the passphrase from F instead of asking\n"
    "  --help               print this\n\n"
    "--json prints {public_key, fingerprint}.\n"
    "exit codes: 0 printed, 1 refused, 2 wrong usage.\n";

struct key_options {
    const char *file;
    const char *passphrase_file;
    bool fingerprint;
};

/* What is public about a key. */
struct key_face {
    char text[KEY_PUBLIC_TEXT + 1];
    char fingerprint[KEY_FINGERPRINT_TEXT + 1];
};

struct key_verb {
    const char *name;
    const char *help;
    const struct option *options;
};

static const struct option new_options[] = {{"passphrase-file", required_argument, NULL, 'p'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};

static const struct option public_options[] = {{"passphrase-file", required_argument, NULL, 'p'},
                                               {"fingerprint", no_argument, NULL, 'f'},
                                               {"help", no_argument, NULL, 'h'},
                                               {NULL, 0, NULL, 0}};

static const struct key_verb verb_new = {"key new", new_help, new_options};
static const struct key_verb verb_public = {"key public", public_help, public_options};

/* Returns an exit code to end with, or -1. */
static int read_key_options(const struct client *client, const struct key_verb *verb, int argc,
                            char **argv, struct key_options *out)
{
    int letter;
    optind = 0; /* anew, FILE and options in any order */
    opterr = 0;
    while ((letter = getopt_long(argc, argv, ":h", verb->options, NULL)) != -1) {
        switch (letter) {
        case 'p':
            out->passphrase_file = optarg;
            break;
        case 'f':
            out->fingerprint = true;
            break;
        case 'h':
            fputs(verb->help, stdout);
            return (int)client_finish(client, CLIENT_DONE);
        default:
            return (int)client_wrong_option(client, verb->name, letter, argv);
        }
    }
    if (optind == argc) {
        return (int)client_usage(client, verb->name, "which FILE?", NULL);
    }
    if (optind + 1 < argc) {
        return (int)client_usage(client, verb->name, "unknown argument", argv[optind + 1]);
    }
    out->file = argv[optind];
    return -1;
}

static void face_of(struct secret *key, struct key_face *out)
{
    uint8_t public_key[KEY_BYTES];
    key_public(key, public_key);
    secret_free(key);
    key_public_text(public_key, out->text);
    key_fingerprint(public_key, out->fingerprint);
}

static void print_made(const struct client *client, const struct key_face *face, const char *file)
{
    if (client->json) {
        struct buffer text;
        buffer_init(&text, 65536);
        json_write_string(&text, slice_of(json_is_utf8(slice_of(file)) ? file : "(not UTF-8)"));
        printf("{\"public_key\":\"%s\",\"fingerprint\":\"%s\",\"file\":%.*s}\n", face->text,
               face->fingerprint, (int)text.length, text.data);
        buffer_done(&text);
        return;
    }
    printf("public key   %s\nfingerprint  %s\nfile         ", face->text, face->fingerprint);
    output_text(slice_of(file), 0);
    fputs("\n\nGive the operator the public key and compare the fingerprint by voice.\n", stdout);
}

enum client_exit command_key_new(struct client *client, int argc, char **argv)
{
    struct key_options options = {0};
    struct key_face face;
    struct secret *key = NULL;
    struct fault fault;
    int done = read_key_options(client, &verb_new, argc, argv, &options);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    enum err err = secrecy_begin(&fault);
    if (err == OK) {
        err = keyfile_make(options.file, options.passphrase_file, &key, &fault);
    }
    if (err != OK) {
        return client_tell(client, &fault, 0, "");
    }
    face_of(key, &face);
    print_made(client, &face, options.file);
    return client_finish(client, CLIENT_DONE);
}

static void print_public(const struct client *client, const struct key_face *face, bool fingerprint)
{
    if (client->json) {
        printf("{\"public_key\":\"%s\",\"fingerprint\":\"%s\"}\n", face->text, face->fingerprint);
    } else if (fingerprint) {
        puts(face->fingerprint);
    } else {
        puts(face->text);
        fprintf(stderr, "fingerprint: %s\n", face->fingerprint);
    }
}

enum client_exit command_key_public(struct client *client, int argc, char **argv)
{
    struct key_options options = {0};
    struct key_face face;
    struct secret *key = NULL;
    struct fault fault;
    int done = read_key_options(client, &verb_public, argc, argv, &options);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    enum err err = secrecy_begin(&fault);
    if (err == OK) {
        err = keyfile_open(options.file, options.passphrase_file, &key, &fault);
    }
    if (err != OK) {
        return client_tell(client, &fault, 0, "");
    }
    face_of(key, &face);
    print_public(client, &face, options.fingerprint);
    return client_finish(client, CLIENT_DONE);
}
