/* guardianctl key open: a recovered key, delivered sealed, is opened by its receiver. Offline. */
#include <stdio.h>

#include "audit/base/base64.h"
#include "ipc/client/command_key.h"
#include "ipc/client/desk/key_receive.h"
#include "ipc/client/desk/secrecy.h"
#include "ipc/client/keyfile.h"
#include "ipc/client/offline/part_text.h"
#include "ipc/client/offline/stream.h"
#include "ipc/client/verb.h"

#define FILE_BYTES_MAX 65536

static const char help[] =
    "usage: guardianctl key open SEALED --key FILE -o key.txt [--expect CHECK]\n"
    "                            [--passphrase-file F]\n\n"
    "Opens a recovered key that was delivered to you (guardianctl recover --deliver-to …\n"
    "--out-sealed SEALED), proves it by its check value, and writes it to a new file that only "
    "you\n"
    "can read. No daemon is asked.\n\n"
    "  --key FILE           your key file, as guardianctl key new made it\n"
    "  -o, --output FILE    the new file: for age -d -i, or of a raw key the digits\n"
    "  --expect CHECK       the check value of the printed page: another key is exit code 4\n"
    "  --passphrase-file F  take the passphrase from F instead of asking\n"
    "  --help               print this\n\n"
    "Whoever sealed it is not told by the file: --expect is how you know that it is the key you\n"
    "wait for.\n"
    "exit codes: 0 written, 1 refused, 2 wrong usage, 4 not the key it should be.\n";

struct open_options {
    const char *sealed, *key, *output, *expect, *passphrase_file;
};

/* Reads base64, with a line's end or without. */
static enum err read_sealed(const char *path, uint8_t out[PAYLOAD_SEALED_BYTES],
                            struct fault *fault)
{
    struct secret *content = NULL;
    size_t length = 0;
    enum err err = stream_read_file(path, FILE_BYTES_MAX, &content, fault);
    if (err != OK) {
        return err;
    }
    struct slice text = {(const char *)content->data, content->length};
    while (text.length > 0 &&
           (text.data[text.length - 1] == '\n' || text.data[text.length - 1] == '\r')) {
        text.length--;
    }
    err = part_text_has_page(text)
              ? fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                          "%.200s is the page of a part, and opens nothing alone: it goes into "
                          "guardianctl recover --parts-file.",
                          path)
              : part_text_refuse_key(path, text, fault);
    bool read = err == OK && base64_read(text, BASE64_PADDED, out, PAYLOAD_SEALED_BYTES, &length) &&
                length == PAYLOAD_SEALED_BYTES;
    secret_free(content);
    if (err == OK && !read) {
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                        "%.200s holds no sealed key as guardianctl recover --out-sealed writes it.",
                        path);
    }
    return err;
}

static enum err open_key(const struct open_options *options, struct key_received *out,
                         struct fault *fault)
{
    uint8_t sealed[PAYLOAD_SEALED_BYTES];
    struct secret *receiver = NULL;
    enum err err = stream_check_free(options->output, fault);
    if (err == OK) {
        err = read_sealed(options->sealed, sealed, fault);
    }
    if (err == OK) {
        err = keyfile_open(options->key, options->passphrase_file, &receiver, fault);
    }
    if (err == OK) {
        err = key_receive((struct slice){(const char *)sealed, sizeof sealed}, receiver,
                          slice_of(""), slice_of(options->expect), out, fault);
    }
    secret_free(receiver);
    return err;
}

static enum err write_key(const struct key_received *received, const char *path,
                          struct fault *fault)
{
    struct secret *text = NULL;
    if (key_received_text(received, &text) != OK) {
        return fault_no_memory(fault);
    }
    enum err err = secrecy_write(path, text, fault);
    secret_free(text);
    return err;
}

static void print_opened(const struct client *client, const struct payload_key *key,
                         const char *path)
{
    if (client->json) {
        struct buffer text;
        buffer_init(&text, 65536);
        params_slice(&text, "ceremony", key->ceremony);
        params_text(&text, "kind", key_kind_word(key->kind));
        params_slice(&text, "check", key->check);
        params_text(&text, "file", json_is_utf8(slice_of(path)) ? path : "(not UTF-8)");
        printf("{%.*s}\n", (int)text.length, text.data);
        buffer_done(&text);
        return;
    }
    output_pair("ceremony", key->ceremony);
    output_pair("kind", slice_of(key_kind_word(key->kind)));
    output_pair("check value", key->check);
    output_pair("file", slice_of(path));
}

enum client_exit command_key_open(struct client *client, int argc, char **argv)
{
    struct open_options given = {0};
    struct key_received received;
    struct fault fault;
    const struct verb_option options[] = {
        {.name = "key", .required = true, .file = &given.key},
        {.name = "output", .letter = 'o', .required = true, .file = &given.output},
        {.name = "expect", .text = &given.expect},
        {.name = "passphrase-file", .file = &given.passphrase_file},
        {.name = NULL}};
    const struct verb_argument arguments[] = {{"SEALED", &given.sealed, false}, {.name = NULL}};
    const struct verb verb = {"key open", help, options, arguments};
    int done = verb_read(client, &verb, argc, argv);
    if (done < 0 && given.expect != NULL && !key_check_fits(slice_of(given.expect))) {
        done = (int)client_usage(
            client, verb.name, "--expect wants a check value, age1… or mkcheck1…, and this is none",
            NULL);
    }
    if (done >= 0) {
        return (enum client_exit)done;
    }
    fault_clear(&fault);
    enum err err = secrecy_begin(&fault);
    if (err == OK) {
        err = open_key(&given, &received, &fault);
    }
    if (err == ERR_PARTS) {
        return client_alarm(client, &fault);
    }
    if (err == OK) {
        err = write_key(&received, given.output, &fault);
        if (err == OK) {
            print_opened(client, &received.payload, given.output);
        }
        key_received_done(&received);
    }
    return err == OK ? client_finish(client, CLIENT_DONE) : client_tell(client, &fault, 0, "");
}
