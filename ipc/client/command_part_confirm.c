/* guardianctl part confirm: a guardian proves to have the words. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/base/base64.h"
#include "ceremony/slip39/entry.h"
#include "ipc/client/desk/secrecy.h"
#include "ipc/client/offline/ask.h"
#include "ipc/client/offline/part_list.h"
#include "ipc/client/offline/part_text.h"
#include "ipc/client/offline/terminal.h"
#include "ipc/client/part_fetch.h"

#define PARAMS_BYTES 4096

static const char help[] =
    "usage: guardianctl part confirm CEREMONY [--words-file F | --from-sealed --key FILE]\n\n"
    "Proves that you have the words of your part, without sending them: a key is made of the "
    "words\n"
    "you type, and it signs what the daemon asked. Type them from the paper, not from the screen:\n"
    "then you know that the paper is right. Nothing typed is shown; four letters of a word are\n"
    "enough, and a slip is found. View or download the part first.\n\n"
    "  --words-file F       take the words from F (a page as part download writes it, or one "
    "line),\n"
    "                       - or a pipe: from standard input\n"
    "  --from-sealed        take them from the sealed copy instead: proves that you can open it, "
    "not\n"
    "                       that anything is on paper, and is recorded as such (and as a view)\n"
    "  --key FILE           with --from-sealed: your key file\n"
    "  --passphrase-file F  take its passphrase from F instead of asking\n"
    "  --help               print this\n\n" CEREMONY_PICK_HELP
    "\nexit codes: 0 confirmed, 1 refused, 2 wrong usage, 3 daemon not reached, 4 the sealed part "
    "is\n"
    "not what it claims to be.\n";

struct confirm_options {
    const char *ceremony, *words_file, *key, *passphrase_file;
    bool from_sealed;
};

/* What is needed to sign. */
struct confirming {
    char id[UUID_TEXT_BYTES + 1];
    int64_t index;
    uint8_t challenge[STATEMENT_CHALLENGE_BYTES];
    const char *medium;
    struct slip39_part part;
};

/* ---- the challenge -----------------------------------------------------------------------------
 */

static const struct json *find_own(const struct json *ceremony, const char *login)
{
    const struct json *parts = client_list(ceremony, "parts");
    const struct json *part = parts == NULL ? NULL : parts->child;
    while (part != NULL && !slice_is(output_member(part, "guardian"), login)) {
        part = part->next;
    }
    return part;
}

static enum client_exit refuse(const struct client *client, enum err err, enum reason reason,
                               const char *sentence)
{
    struct fault fault;
    (void)fault_set(&fault, err, reason, NULL, "%s", sentence);
    return client_tell(client, &fault, 0, "");
}

/* Why there is nothing to sign. */
static enum client_exit refuse_unasked(const struct client *client, const struct json *ceremony,
                                       const struct json *part)
{
    struct slice state = output_member(ceremony, "state");
    if (part == NULL) {
        return refuse(client, ERR_NOT_PERMITTED, REASON_not_yours,
                      "You hold no part of this ceremony.");
    }
    if (output_member(part, "confirmed").length > 0) {
        return refuse(client, ERR_WRONG_STATE, REASON_nothing_to_change,
                      "Your part is confirmed already.");
    }
    if (slice_is(state, "cancelled")) {
        return refuse(client, ERR_WRONG_STATE, REASON_ceremony_cancelled,
                      "The ceremony was cancelled: ask the operator for a new one.");
    }
    if (slice_is(state, "expired")) {
        return refuse(client, ERR_WRONG_STATE, REASON_ceremony_expired,
                      "The ceremony expired before every part was confirmed: ask the operator for "
                      "a new one.");
    }
    return refuse(client, ERR_WRONG_STATE, REASON_challenge_stale,
                  "There is nothing to sign yet: view or download the part first.");
}

/* Finds the own part in the ceremony, and what is asked. */
static enum client_exit read_challenge(struct client *client, const struct json *ceremony,
                                       const char *login, struct confirming *out)
{
    if (slice_is(output_member(ceremony, "kind"), "tracked")) {
        return refuse(client, ERR_WRONG_STATE, REASON_not_confirmable,
                      "The parts of this ceremony are held by another system: there is nothing to "
                      "confirm here.");
    }
    const struct json *part = find_own(ceremony, login);
    struct slice state = output_member(ceremony, "state");
    bool over = slice_is(state, "cancelled") || slice_is(state, "expired");
    if (part == NULL || over || !part_challenge(part, out->challenge)) {
        return refuse_unasked(client, ceremony, part);
    }
    const struct json *index = json_member(part, "index");
    out->index = index != NULL && index->kind == JSON_INTEGER ? index->integer : 0;
    return CLIENT_DONE;
}

/* ---- the words ---------------------------------------------------------------------------------
 */

static enum err ask_words(struct slip39_part *out, struct fault *fault)
{
    enum err err = terminal_open("Nothing was confirmed.", fault);
    if (err != OK) {
        return err;
    }
    struct ask_set set = {.own = true};
    ask_welcome();
    enum ask_answer answer = ask_part(&set, out, fault);
    terminal_close();
    if (answer == ASK_NO_MORE) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_few, NULL,
                         "No words were typed: nothing is confirmed.");
    }
    return answer == ASK_PART ? OK : fault->err;
}

/* Are fewer than half of the words on the list? Then no part was meant. */
static bool is_foreign(struct slice words)
{
    struct entry *entry = entry_new();
    size_t pieces = 0;
    size_t known = 0;
    for (size_t at = 0; entry != NULL && at < words.length; pieces++) {
        const char *blank = memchr(words.data + at, ' ', words.length - at);
        size_t end = blank == NULL ? words.length : (size_t)(blank - words.data);
        known += entry_add(entry, (struct slice){words.data + at, end - at}) ? 1 : 0;
        entry_clear(entry);
        at = end + 1;
    }
    bool foreign = entry != NULL && 2 * known < pieces;
    entry_free(entry);
    return foreign;
}

/* The one part among those of a file. */
static enum err take_words(const struct part_texts *texts, const char *name,
                           struct slip39_part *out, struct fault *fault)
{
    struct slice words = part_texts_words(texts, 0);
    struct fault found;
    fault_clear(&found);
    if (is_foreign(words)) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                         "%.200s, line %lu: this is neither a page of guardianctl part download "
                         "nor a line with the words of a part.",
                         name, texts->list[0].line);
    }
    if (texts->count > 1) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_large, NULL,
                         "%.200s holds %zu parts: give your own alone.", name, texts->count);
    }
    enum err err = part_list_decode(words, out, &found);
    return err == OK ? OK
                     : fault_set(fault, err, found.reason, NULL, "%.200s, line %lu: %.250s", name,
                                 texts->list[0].line, found.sentence);
}

static enum err read_words(const char *file, struct slip39_part *out, struct fault *fault)
{
    struct part_texts texts = {.count = 0};
    enum err err = part_texts_read(&texts, file, fault);
    if (err == OK) {
        err = take_words(&texts, texts.list[0].file, out, fault);
    }
    part_texts_done(&texts);
    return err;
}

static enum client_exit get_words(const struct client *client, const char *words_file,
                                  struct confirming *out)
{
    struct fault fault;
    fault_clear(&fault);
    enum err err = words_file == NULL ? ask_words(&out->part, &fault)
                                      : read_words(words_file, &out->part, &fault);
    out->medium = words_file == NULL ? "typed" : "file";
    return err == OK ? CLIENT_DONE : client_tell(client, &fault, 0, "");
}

/* ---- signing -----------------------------------------------------------------------------------
 */

static enum err sign(const struct confirming *confirming, char out[BASE64_CHARACTERS(64) + 1],
                     struct fault *fault)
{
    uint8_t signature[STATEMENT_SIGNATURE_BYTES];
    uint8_t public_part[STATEMENT_PUBLIC_BYTES];
    uint8_t header[STATEMENT_HEADER_BYTES];
    struct secret *signing = NULL;
    const struct secret *value = confirming->part.value;
    slip39_header_pack(&confirming->part.header, header);
    if (part_key_make(slice_of(confirming->id), header,
                      (struct slice){(const char *)value->data, value->length}, public_part,
                      &signing) != OK) {
        return fault_no_memory(fault);
    }
    const struct statement statement = {.purpose = STATEMENT_CONFIRM,
                                        .ceremony = slice_of(confirming->id),
                                        .header = header,
                                        .challenge = confirming->challenge};
    statement_sign(&statement, signing, signature);
    secret_free(signing);
    base64_write((struct slice){(const char *)signature, sizeof signature}, BASE64_PADDED, out);
    return OK;
}

static void tell_confirmed(const struct client *client, const struct json *answer)
{
    if (client->json) {
        client_print_json(answer);
        return;
    }
    fputs("Part ", stdout);
    output_text(output_member(answer, "index"), 0);
    puts(" is confirmed.");
    if (slice_is(output_member(answer, "ceremony_state"), "completed")) {
        puts("It was the last one: the ceremony is completed, and the sealed parts are deleted. "
             "Keep the\npaper.");
    }
}

static enum client_exit send(struct client *client, const struct confirming *confirming)
{
    char signature[BASE64_CHARACTERS(64) + 1];
    struct fault fault;
    struct buffer params;
    const struct json *answer;
    if (sign(confirming, signature, &fault) != OK) {
        return client_tell(client, &fault, 0, "");
    }
    buffer_init(&params, PARAMS_BYTES);
    params_text(&params, "ceremony", confirming->id);
    params_text(&params, "signature", signature);
    params_text(&params, "medium", confirming->medium);
    enum client_exit code = client_act(client, "part.confirm", &params, &answer);
    buffer_done(&params);
    if (code != CLIENT_DONE) {
        return code;
    }
    tell_confirmed(client, answer);
    return client_finish(client, CLIENT_DONE);
}

/* ---- the verb ----------------------------------------------------------------------------------
 */

/* Before a person types, it is seen whether there is anything to confirm; a pipe is read to its end
 * first, since who writes into it may be the one who views the part. */
static enum client_exit prepare(struct client *client, const struct confirm_options *options,
                                struct confirming *out, const struct json **out_ceremony)
{
    char login[256];
    bool typed = options->words_file == NULL && isatty(STDIN_FILENO) != 0;
    const char *file = options->words_file == NULL ? "-" : options->words_file;
    enum client_exit code = typed ? CLIENT_DONE : get_words(client, file, out);
    if (code == CLIENT_DONE) {
        code = part_own_login(client, login);
    }
    if (code == CLIENT_DONE) {
        code = ceremony_pick_status(client, options->ceremony, out->id, out_ceremony);
    }
    if (code == CLIENT_DONE) {
        code = read_challenge(client, *out_ceremony, login, out);
    }
    return code == CLIENT_DONE && typed ? get_words(client, NULL, out) : code;
}

/* With words that a person has. What they claim to be is looked at here, so that who took the wrong
 * paper is told so and not counted as one who guesses. */
static enum client_exit confirm_words(struct client *client, const struct confirm_options *options)
{
    struct confirming confirming = {.index = 0};
    const struct json *ceremony;
    struct fault fault;
    enum client_exit code = prepare(client, options, &confirming, &ceremony);
    if (code == CLIENT_DONE &&
        part_claims(&confirming.part, ceremony, confirming.index, &fault) != OK) {
        code = client_tell(client, &fault, 0, "");
    }
    if (code == CLIENT_DONE) {
        code = send(client, &confirming);
    }
    slip39_part_done(&confirming.part);
    return code;
}

static enum client_exit confirm_sealed(struct client *client, const struct verb *verb,
                                       const struct confirm_options *options)
{
    struct part_fetching fetching = {.verb = verb,
                                     .typed = options->ceremony,
                                     .key_file = options->key,
                                     .passphrase_file = options->passphrase_file};
    struct confirming confirming = {.medium = "sealed"};
    const struct json *answer;
    enum client_exit code = part_fetch(client, "part.view", &fetching, &answer);
    if (code == CLIENT_DONE && fetching.tracked) {
        code = refuse(client, ERR_WRONG_STATE, REASON_not_confirmable,
                      "The parts of this ceremony are held by another system: there is nothing to "
                      "confirm here.");
    } else if (code == CLIENT_DONE) {
        memcpy(confirming.id, fetching.id, sizeof confirming.id);
        memcpy(confirming.challenge, fetching.challenge, sizeof confirming.challenge);
        confirming.part = fetching.opened.part; /* lent */
        code = send(client, &confirming);
    }
    part_fetching_done(&fetching);
    return code;
}

enum client_exit command_part_confirm(struct client *client, int argc, char **argv)
{
    struct confirm_options given = {0};
    const struct verb_option options[] = {
        {.name = "words-file", .file = &given.words_file},
        {.name = "from-sealed", .flag = &given.from_sealed},
        {.name = "key", .file = &given.key},
        {.name = "passphrase-file", .file = &given.passphrase_file},
        {.name = NULL}};
    const struct verb_argument arguments[] = {{"CEREMONY", &given.ceremony, false}, {.name = NULL}};
    const struct verb verb = {"part confirm", help, options, arguments};
    struct fault fault;
    int done = verb_read(client, &verb, argc, argv);
    if (done >= 0) {
        return (enum client_exit)done;
    }
    if (given.from_sealed == (given.key == NULL) ||
        (given.from_sealed && given.words_file != NULL)) {
        return client_usage(client, verb.name,
                            "--from-sealed and --key FILE go together, without --words-file", NULL);
    }
    if (secrecy_begin(&fault) != OK) {
        return client_tell(client, &fault, 0, "");
    }
    return given.from_sealed ? confirm_sealed(client, &verb, &given)
                             : confirm_words(client, &given);
}
