/* guardianctl recover: parts, or the complete key, bring the key back. */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/base/base64.h"
#include "ceremony/key/key.h"
#include "ipc/client/ceremony_pick.h"
#include "ipc/client/desk/key_receive.h"
#include "ipc/client/desk/secrecy.h"
#include "ipc/client/offline/ask.h"
#include "ipc/client/offline/part_text.h"
#include "ipc/client/offline/stream.h"
#include "ipc/client/offline/terminal.h"
#include "ipc/client/recover_tell.h"
#include "ipc/client/verb.h"

#define PARAMS_BYTES 65536
#define KEY_FILE_BYTES_MAX 65536
#define WORDS_OF_BITS(bits) ((bits) == 256 ? 33u : (bits) == 128 ? 20u : 0u) /* of a part */

static const char help[] =
    "usage: guardianctl recover [CEREMONY] [--parts-file F]… [--key-file F] [-o key.txt]\n"
    "                           [--reason R] [--expect CHECK]\n"
    "       guardianctl recover [CEREMONY] … --deliver-to age1… --out-sealed F\n\n"
    "Brings a key back from enough of its parts. Without a file you are asked for part after "
    "part;\n"
    "nothing typed is shown, four letters of a word are enough, and a slip is found at once. If a\n"
    "part is wrong, it is said which, whose, why and what to do, and no key is given out. Every\n"
    "attempt is recorded and told to the SIEM.\n\n"
    "The key comes sealed to a one-time key of this process, is compared with the ceremony's "
    "check\n"
    "value and written to a new file that only you can read: for kind age a file for age -d -i,\n"
    "for kind raw the digits.\n\n"
    "  --parts-file F     take parts from F: one a line, or a page as part download writes it; "
    "may\n"
    "                     stand several times; -, or a pipe: standard input\n"
    "  --key-file F       the complete key instead (digits, AGE-SECRET-KEY-1…, or a file of\n"
    "                     age-keygen): is it the right one?\n"
    "  -o, --output FILE  the new file; without it the key goes to standard output\n"
    "  --reason R         why, for the record\n"
    "  --expect CHECK     the check value of the printed page: another key is exit code 4\n"
    "  --deliver-to KEY   seal the key to somebody else's age1… instead: nobody here sees it\n"
    "  --out-sealed F     with --deliver-to: the new file for what is sealed; the receiver opens "
    "it\n"
    "                     with guardianctl key open\n"
    "  --help             print this\n\n" CEREMONY_PICK_HELP
    "It may be left out: parts say themselves to which ceremony they belong.\n"
    "All parts are taken in clear by the daemon of this machine, from everybody at one desk;\n"
    "guardian-combine does the same without any daemon, and leaves no record.\n"
    "exit codes: 0 recovered, 1 refused, 2 wrong usage, 3 daemon not reached, 4 not the key it\n"
    "should be.\n";

struct recover_options {
    const char *ceremony, *key_file, *output, *reason, *expect, *deliver_to, *out_sealed;
    struct verb_list parts_files;
};

struct recovering {
    const struct recover_options *options;
    char id[UUID_TEXT_BYTES + 1]; /* "": not named */
    struct part_texts texts;
    bool typed;              /* the parts were, at a terminal */
    struct ask_set set;      /* what is asked for at a terminal */
    struct secret *given;    /* the parts or the key as JSON text of a member of params */
    struct secret *receiver; /* the one-time key; NULL with --deliver-to */
    char deliver_to[KEY_PUBLIC_TEXT + 1];
};

/* ---- the parts ---------------------------------------------------------------------------------
 */

static enum err keep_typed(struct part_texts *texts, const struct slip39_part *part,
                           struct fault *fault)
{
    struct secret *words = secret_new(SLIP39_TEXT_BYTES_MAX);
    enum err err = words == NULL ? ERR_NO_MEMORY : slip39_encode(part, words);
    if (err != OK) {
        err = fault_no_memory(fault);
    } else {
        err =
            part_texts_add(texts, (struct slice){(const char *)words->data, words->length}, fault);
    }
    secret_free(words);
    return err;
}

static void drop_parts(struct slip39_part *parts, size_t *count)
{
    for (; *count > 0; (*count)--) {
        slip39_part_done(&parts[*count - 1]);
    }
}

/* Asks for parts until no more come; those typed before are dropped where the person says so. */
static enum err type_each(struct recovering *recovering, struct slip39_part *parts, size_t *count,
                          struct fault *fault)
{
    struct ask_set *set = &recovering->set;
    enum err err = OK;
    ask_welcome();
    while (err == OK && *count < PART_TEXT_PARTS_MAX) {
        struct slip39_part part;
        set->count = *count;
        enum ask_answer answer = ask_part(set, &part, fault);
        if (answer == ASK_FAILED || answer == ASK_NO_MORE) {
            return answer == ASK_FAILED ? fault->err : OK;
        }
        if (answer == ASK_INSTEAD) {
            drop_parts(parts, count);
            part_texts_done(&recovering->texts);
        }
        parts[(*count)++] = part;
        err = keep_typed(&recovering->texts, &part, fault);
        terminal_write(err == OK ? "  The part is in.\n" : "");
    }
    return err;
}

static enum err type_parts(struct recovering *recovering, struct fault *fault)
{
    struct slip39_part parts[PART_TEXT_PARTS_MAX] = {{.value = NULL}};
    size_t count = 0;
    enum err err = terminal_open("Nothing was recovered.", fault);
    if (err != OK) {
        return err;
    }
    recovering->set.known = parts;
    recovering->typed = true;
    err = type_each(recovering, parts, &count, fault);
    terminal_close();
    bool none = count == 0;
    drop_parts(parts, &count);
    if (err == OK && none) {
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_too_few, NULL,
                        recovering->set.left_out
                            ? "No part was given: what was typed was wrong and is left out."
                            : "No part was typed.");
    }
    return err;
}

static enum err read_parts(struct recovering *recovering, struct fault *fault)
{
    const struct recover_options *options = recovering->options;
    struct part_texts *texts = &recovering->texts;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < options->parts_files.count; i++) {
        err = part_texts_read(texts, options->parts_files.items[i], fault);
    }
    if (options->parts_files.count > 0) {
        return err;
    }
    return isatty(STDIN_FILENO) ? type_parts(recovering, fault)
                                : part_texts_read(texts, "-", fault);
}

/* Appends text; remembers nothing: the caller sees that there is room. */
static enum err append_text(struct secret *out, const char *text)
{
    return secret_append(out, text, strlen(text));
}

/* "parts":["…","…"]; the words need no escape. */
static enum err write_parts(const struct part_texts *texts, struct secret **out)
{
    assert(texts->words != NULL); /* nobody asks with no part at all */
    struct secret *text = secret_new(texts->words->length + 3 * texts->count + 16);
    enum err err = text == NULL ? ERR_NO_MEMORY : append_text(text, "\"parts\":[");
    for (size_t i = 0; err == OK && i < texts->count; i++) {
        struct slice words = part_texts_words(texts, i);
        err = append_text(text, i == 0 ? "\"" : ",\"");
        err = err == OK ? secret_append(text, words.data, words.length) : err;
        err = err == OK ? append_text(text, "\"") : err;
    }
    err = err == OK ? append_text(text, "]") : err;
    if (err != OK) {
        secret_free(text);
        return err;
    }
    *out = text;
    return OK;
}

/* ---- the complete key --------------------------------------------------------------------------
 */

static struct slice trimmed(const struct secret *content)
{
    struct slice text = {(const char *)content->data, content->length};
    while (text.length > 0 && strchr(" \t\r\n", text.data[text.length - 1]) != NULL) {
        text.length--;
    }
    return text;
}

/* Reads the key, of whichever form, and writes it as the form it has: digits or an identity. */
static enum err read_key(const char *file, struct secret **out_text, struct fault *fault)
{
    struct secret *content = NULL;
    struct secret *key = NULL;
    enum err err =
        strcmp(file, "-") == 0
            ? stream_read(STDIN_FILENO, "Standard input", KEY_FILE_BYTES_MAX, &content, fault)
            : stream_read_file(file, KEY_FILE_BYTES_MAX, &content, fault);
    if (err != OK) {
        return err;
    }
    struct slice text = trimmed(content);
    bool alone = key_text_fits(text);
    err = alone ? key_from_text(text, &key, fault) : key_from_file(text, &key, fault);
    if (err == OK && alone) {
        *out_text = secret_copy(text.data, text.length);
        err = *out_text == NULL ? fault_no_memory(fault) : OK;
    } else if (err == OK && key_to_identity(key, out_text) != OK) {
        err = fault_no_memory(fault);
    }
    secret_free(key);
    secret_free(content);
    return err;
}

static enum err write_key(const struct secret *key, struct secret **out)
{
    struct secret *text = secret_new(key->length + 16);
    enum err err = text == NULL ? ERR_NO_MEMORY : append_text(text, "\"key\":\"");
    err = err == OK ? secret_append(text, key->data, key->length) : err;
    err = err == OK ? append_text(text, "\"") : err;
    if (err != OK) {
        secret_free(text);
        return err;
    }
    *out = text;
    return OK;
}

/* ---- before it is asked for --------------------------------------------------------------------
 */

static enum err gather(struct recovering *recovering, struct fault *fault)
{
    const struct recover_options *options = recovering->options;
    struct secret *key = NULL;
    enum err err = OK;
    if (options->key_file != NULL) {
        err = read_key(options->key_file, &key, fault);
        if (err == OK && write_key(key, &recovering->given) != OK) {
            err = fault_no_memory(fault);
        }
        secret_free(key);
        return err;
    }
    err = read_parts(recovering, fault);
    if (err == OK && write_parts(&recovering->texts, &recovering->given) != OK) {
        err = fault_no_memory(fault);
    }
    return err;
}

/* Who shall get it: somebody named, or this process alone. */
static enum err choose_receiver(struct recovering *recovering, struct fault *fault)
{
    uint8_t public_key[KEY_BYTES];
    const char *named = recovering->options->deliver_to;
    if (named != NULL) {
        enum err err = key_public_from_text(slice_of(named), public_key, fault);
        if (err == OK) {
            key_public_text(public_key, recovering->deliver_to);
        }
        return err;
    }
    enum err err = key_make(KEY_AGE, 256, &recovering->receiver, fault);
    if (err == OK) {
        key_public(recovering->receiver, public_key);
        key_public_text(public_key, recovering->deliver_to);
    }
    return err;
}

static enum err check_outputs(const struct recover_options *options, struct fault *fault)
{
    enum err err = options->output == NULL ? OK : stream_check_free(options->output, fault);
    return err == OK && options->out_sealed != NULL ? stream_check_free(options->out_sealed, fault)
                                                    : err;
}

/* ---- asking ------------------------------------------------------------------------------------
 */

/* Nobody answers, and the words were typed: they are kept until the person gives up. */
static bool offer_again(struct client *client, struct fault *fault)
{
    struct secret *line = NULL;
    struct fault found;
    (void)client_tell(client, fault, 0, "");
    if (terminal_open("Nothing was recovered.", &found) != OK) {
        return false;
    }
    enum ask_answer answer = ask_line(
        "  The parts you typed are kept. Enter: try again, once the guardian is back. Ctrl-D: give "
        "up;\n  guardian-combine joins parts without a guardian, and leaves no record: ",
        &line, &found);
    terminal_close();
    secret_free(line);
    session_close(client->session);
    client->session = NULL;
    if (answer != ASK_PART) {
        *fault = found;
    }
    return answer == ASK_PART;
}

static enum client_exit ask(struct client *client, const struct recovering *recovering,
                            const struct json **out_answer)
{
    struct buffer rest;
    struct fault fault;
    char request_id[UUID_TEXT_BYTES + 1];
    assert(recovering->given != NULL);
    uuid_draw(request_id);
    buffer_init(&rest, PARAMS_BYTES);
    params_text(&rest, "deliver_to", recovering->deliver_to);
    params_text(&rest, "request_id", request_id);
    params_text(&rest, "reason", recovering->options->reason);
    params_text(&rest, "ceremony", recovering->id[0] == '\0' ? NULL : recovering->id);
    const struct slice pieces[] = {
        {(const char *)recovering->given->data, recovering->given->length},
        slice_of(","),
        buffer_slice(&rest)};
    enum err err = buffer_result(&rest);
    bool again = err == OK;
    if (err != OK) {
        (void)fault_set(&fault, err, REASON_too_long, NULL, "The reason is too long.");
    }
    while (again) { /* with one request_id: it is done once, even if an answer was lost */
        err = client_try_pieces(client, "recovery.attempt", pieces, 3, out_answer, &fault);
        again = recovering->typed && (err == ERR_CLOSED || err == ERR_TIMEOUT) &&
                offer_again(client, &fault);
    }
    buffer_done(&rest);
    if (err == OK) {
        return CLIENT_DONE;
    }
    enum client_exit code = recover_tell(client, &fault, &recovering->texts, recovering->id);
    if (recovering->set.left_out && !client->json) {
        fputs("  The part that was typed last was wrong and is not among them: mend it first.\n",
              stderr);
    }
    return code;
}

/* ---- what comes back ---------------------------------------------------------------------------
 */

static void tell_recovered(const struct client *client, const struct json *answer, const char *file)
{
    static const char *const members[] = {"attempt", "ceremony", "name", "kind", "check"};
    static const char *const numbers[] = {"parts_needed", "parts_sent"};
    struct buffer text;
    if (!client->json) {
        fputs("The key of ", stderr);
        output_error_text(output_member(answer, "name"));
        fputs(" is the one with the check value\n  ", stderr);
        output_error_text(output_member(answer, "check"));
        fputs("\n", stderr);
        return;
    }
    buffer_init(&text, PARAMS_BYTES);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        params_slice(&text, members[i], output_member(answer, members[i]));
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        buffer_append_format(&text, ",\"%s\":", numbers[i]);
        buffer_append_slice(&text, output_member(answer, numbers[i]));
    }
    params_text(&text, "file", json_is_utf8(slice_of(file)) ? file : "(not UTF-8)");
    printf("{%.*s}\n", (int)text.length, text.data);
    buffer_done(&text);
}

static enum client_exit deliver_sealed(const struct client *client, const struct json *answer,
                                       const char *file)
{
    struct fault fault;
    struct slice sealed = output_member(answer, "sealed_key");
    struct secret *line = secret_new(sealed.length + 1);
    enum err err = line == NULL ? ERR_NO_MEMORY : secret_append(line, sealed.data, sealed.length);
    err = err == OK ? secret_append(line, "\n", 1) : err;
    err = err == OK ? secrecy_write(file, line, &fault) : fault_no_memory(&fault);
    secret_free(line);
    if (err != OK) {
        return client_tell(client, &fault, 0, "");
    }
    tell_recovered(client, answer, file);
    if (!client->json) {
        fprintf(stderr,
                "It stands sealed in %s. The receiver opens it with\n"
                "  guardianctl key open %s --key FILE -o key.txt\n",
                file, file);
    }
    return client_finish(client, CLIENT_DONE);
}

static enum err write_received(const struct key_received *received, const char *file,
                               struct fault *fault)
{
    struct secret *text = NULL;
    enum err err = key_received_text(received, &text);
    if (err != OK) {
        return fault_no_memory(fault);
    }
    err = secrecy_write(file, text, fault);
    secret_free(text);
    return err;
}

static enum err open_answer(const struct recovering *recovering, const struct json *answer,
                            struct key_received *out, struct fault *fault)
{
    uint8_t sealed[PAYLOAD_SEALED_BYTES];
    size_t length = 0;
    const char *expect = recovering->options->expect;
    struct slice check = expect == NULL ? output_member(answer, "check") : slice_of(expect);
    if (!base64_read(output_member(answer, "sealed_key"), BASE64_PADDED, sealed, sizeof sealed,
                     &length)) {
        return fault_set(fault, ERR_PARTS, REASON_part_mismatch, NULL,
                         "The answer holds no sealed key: what answers is no guardian.");
    }
    return key_receive((struct slice){(const char *)sealed, length}, recovering->receiver,
                       recovering->id[0] == '\0' ? output_member(answer, "ceremony")
                                                 : slice_of(recovering->id),
                       check, out, fault);
}

static enum client_exit deliver(const struct client *client, const struct recovering *recovering,
                                const struct json *answer)
{
    struct key_received received;
    struct fault fault;
    const char *file = recovering->options->output;
    fault_clear(&fault);
    enum err err = open_answer(recovering, answer, &received, &fault);
    if (err == ERR_PARTS) {
        return client_alarm(client, &fault);
    }
    if (err == OK) {
        err = write_received(&received, file, &fault);
        key_received_done(&received);
    }
    if (err != OK) {
        return client_tell(client, &fault, 0, "");
    }
    tell_recovered(client, answer, file == NULL ? "" : file);
    if (!client->json && file != NULL) {
        fputs("It stands in ", stderr);
        output_error_text(slice_of(file));
        fputs(slice_is(output_member(answer, "kind"), "age")
                  ? ": age -d -i FILE opens what was encrypted to it. "
                  : " as digits. ",
              stderr);
        fputs("Delete the file when you are done.\n", stderr);
    }
    return client_finish(client, CLIENT_DONE);
}

/* ---- the verb ----------------------------------------------------------------------------------
 */

static int check_usage(const struct client *client, const struct verb *verb,
                       const struct recover_options *options)
{
    const char *wrong = NULL;
    if (options->key_file != NULL && options->parts_files.count > 0) {
        wrong = "give parts or the complete key, not both";
    } else if ((options->deliver_to == NULL) != (options->out_sealed == NULL)) {
        wrong = "--deliver-to and --out-sealed go together";
    } else if (options->deliver_to != NULL &&
               (options->output != NULL || options->expect != NULL)) {
        wrong = "what is delivered to somebody else is not opened here: leave out -o and --expect";
    } else if (options->expect != NULL && !key_check_fits(slice_of(options->expect))) {
        wrong = "--expect wants a check value, age1… or mkcheck1…, and this is none";
    } else if (client->json && options->deliver_to == NULL && options->output == NULL) {
        wrong = "with --json the key goes to a file: -o FILE";
    }
    return wrong == NULL ? -1 : (int)client_usage(client, verb->name, wrong, NULL);
}

/* Which pages are the right ones, if the daemon tells: who may recover may not see each ceremony.
 */
static void learn_set(struct client *client, struct recovering *recovering)
{
    char params[64];
    const struct json *ceremony;
    struct fault fault;
    struct ask_set *set = &recovering->set;
    snprintf(params, sizeof params, "\"ceremony\":\"%s\"", recovering->id);
    if (client_try(client, "ceremony.status", params, &ceremony, &fault) != OK) {
        return;
    }
    const struct json *identifier = json_member(ceremony, "identifier");
    const struct json *bits = json_member(ceremony, "bits");
    if (identifier == NULL || identifier->kind != JSON_INTEGER) {
        return; /* the parts are another system's */
    }
    set->wanted_id = (uint16_t)identifier->integer;
    set->wanted_words =
        bits != NULL && bits->kind == JSON_INTEGER ? WORDS_OF_BITS(bits->integer) : 0;
    output_ceremony(ceremony, set->wanted, sizeof set->wanted);
}

static enum client_exit run(struct client *client, struct recovering *recovering)
{
    const struct recover_options *options = recovering->options;
    const struct json *answer = NULL;
    struct fault fault;
    fault_clear(&fault);
    enum err err = check_outputs(options, &fault);
    if (err == OK) {
        err = secrecy_begin(&fault);
    }
    if (err == OK) {
        err = choose_receiver(recovering, &fault);
    }
    enum client_exit code = err == OK ? CLIENT_DONE : client_tell(client, &fault, 0, "");
    if (code == CLIENT_DONE && options->ceremony != NULL) {
        code = ceremony_pick(client, options->ceremony, recovering->id);
    }
    bool typed =
        options->key_file == NULL && options->parts_files.count == 0 && isatty(STDIN_FILENO) != 0;
    if (code == CLIENT_DONE && options->ceremony != NULL && typed) {
        learn_set(client, recovering);
    }
    if (code == CLIENT_DONE && gather(recovering, &fault) != OK) {
        code = client_tell(client, &fault, 0, "");
    }
    if (code == CLIENT_DONE) {
        code = ask(client, recovering, &answer);
    }
    if (code != CLIENT_DONE) {
        return code;
    }
    return options->deliver_to == NULL ? deliver(client, recovering, answer)
                                       : deliver_sealed(client, answer, options->out_sealed);
}

enum client_exit command_recover(struct client *client, int argc, char **argv)
{
    struct recover_options given = {0};
    const struct verb_option options[] = {{.name = "parts-file", .files = &given.parts_files},
                                          {.name = "key-file", .file = &given.key_file},
                                          {.name = "output", .letter = 'o', .file = &given.output},
                                          {.name = "reason", .text = &given.reason},
                                          {.name = "expect", .text = &given.expect},
                                          {.name = "deliver-to", .text = &given.deliver_to},
                                          {.name = "out-sealed", .file = &given.out_sealed},
                                          {.name = NULL}};
    const struct verb_argument arguments[] = {{"CEREMONY", &given.ceremony, true}, {.name = NULL}};
    const struct verb verb = {"recover", help, options, arguments};
    int done = verb_read(client, &verb, argc, argv);
    if (done < 0) {
        done = check_usage(client, &verb, &given);
    }
    if (done >= 0) {
        return (enum client_exit)done;
    }
    struct recovering recovering = {.options = &given};
    enum client_exit code = run(client, &recovering);
    part_texts_done(&recovering.texts);
    secret_free(recovering.given);
    secret_free(recovering.receiver);
    return code;
}
