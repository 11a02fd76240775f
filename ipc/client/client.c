#include "ipc/client/client.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "audit/base/uuid.h"
#include "ipc/client/hint.h"

#define CLIENT_PIECES_MAX 12

/* "{", the params, and for a workflow the actor behind them. */
enum err client_try_pieces(struct client *client, const char *method, const struct slice *pieces,
                           size_t count, const struct json **out_result, struct fault *fault)
{
    struct slice all[CLIENT_PIECES_MAX + 4];
    size_t used = 0;
    size_t length = 0;
    assert(count <= CLIENT_PIECES_MAX);
    fault_clear(fault);
    if (client->session == NULL) {
        enum err err = session_open(&client->place, &client->session, fault);
        if (err != OK) {
            return err;
        }
    }
    enum err err = person_named_learn(&client->as, client->session, &client->arena, fault);
    if (err != OK) {
        return err;
    }
    arena_reset(&client->arena);
    all[used++] = slice_of("{");
    for (size_t i = 0; i < count; i++) {
        length += pieces[i].length;
        all[used++] = pieces[i];
    }
    if (client->as.option != NULL) {
        all[used++] = slice_of(length > 0 ? "," : "");
        all[used++] = slice_of(client->as.member);
    }
    all[used++] = slice_of("}");
    const struct session_request request = {.method = method, .params = all, .count = used};
    return session_call(client->session, &client->arena, &request, out_result, fault);
}

enum err client_try(struct client *client, const char *method, const char *params,
                    const struct json **out_result, struct fault *fault)
{
    const struct slice piece = slice_of(params);
    return client_try_pieces(client, method, &piece, 1, out_result, fault);
}

static bool is_unreachable(enum err err)
{
    return err == ERR_CLOSED || err == ERR_TIMEOUT;
}

static void tell_person(const struct fault *fault, unsigned long line)
{
    fputs("guardianctl: ", stderr);
    if (line != 0) {
        fprintf(stderr, "line %lu: ", line);
    }
    fputs(is_unreachable(fault->err) ? "" : "refused: ", stderr);
    output_error_text(slice_of(fault->sentence));
    if (!is_unreachable(fault->err)) {
        fprintf(stderr, " (%s%s", reason_word(fault->reason), fault->field[0] == '\0' ? "" : " ");
        output_error_text(slice_of(fault->field)); /* may bear a name that somebody else chose */
        fputs(")", stderr);
    }
    fputs("\n", stderr);
    const char *hint = hint_for(fault);
    if (hint != NULL) {
        fprintf(stderr, "  %s\n", hint);
    }
}

/* What else the daemon said: bad parts, until when, … */
static void append_error_data(struct buffer *text, const struct json *data)
{
    const struct json *member = data == NULL ? NULL : data->child;
    for (; member != NULL; member = member->next) {
        bool known = slice_is(member->name, "reason") || slice_is(member->name, "field") ||
                     slice_is(member->name, "index") || member->kind == JSON_NULL;
        if (known) {
            continue;
        }
        buffer_append_char(text, ',');
        json_write_string(text, member->name);
        buffer_append_char(text, ':');
        if (member->kind == JSON_STRING) {
            json_write_string(text, member->text);
        } else if (member->kind == JSON_BOOLEAN) {
            buffer_append_text(text, member->boolean ? "true" : "false");
        } else {
            buffer_append_slice(text, member->text);
        }
    }
}

static void tell_program(const struct fault *fault, unsigned long line, const struct json *data,
                         const char *members)
{
    struct buffer text;
    buffer_init(&text, 1024 * 1024);
    buffer_append_format(&text, "{\"error\":{\"code\":%d,\"reason\":\"%s\"", err_code(fault->err),
                         reason_word(fault->reason));
    if (fault->field[0] != '\0') {
        buffer_append_text(&text, ",\"field\":");
        json_write_string(&text, slice_of(fault->field));
    }
    if (fault->index >= 0) {
        buffer_append_format(&text, ",\"index\":%lld", (long long)fault->index);
    }
    if (line != 0) {
        buffer_append_format(&text, ",\"line\":%lu", line);
    }
    buffer_append_text(&text, ",\"message\":");
    json_write_string(&text, slice_of(fault->sentence));
    append_error_data(&text, data);
    buffer_append_text(&text, members);
    buffer_append_text(&text, "}}\n");
    (void)fwrite(text.data, 1, text.length, stderr);
    buffer_done(&text);
}

enum client_exit client_tell(const struct client *client, const struct fault *fault,
                             unsigned long line, const char *members)
{
    (void)fflush(stdout); /* what was done is read before what was not */
    if (client->json) {
        const struct json *data = session_error_data(client->session);
        bool told =
            data != NULL && slice_is(output_member(data, "reason"), reason_word(fault->reason));
        tell_program(fault, line, told ? data : NULL, members);
    } else {
        tell_person(fault, line);
    }
    return is_unreachable(fault->err) ? CLIENT_UNREACHABLE : CLIENT_REFUSED;
}

enum client_exit client_alarm(const struct client *client, const struct fault *fault)
{
    (void)fflush(stdout);
    if (client->json) {
        tell_program(fault, 0, NULL, "");
    } else {
        fputs("guardianctl: STOP: ", stderr);
        output_error_text(slice_of(fault->sentence));
        fprintf(stderr, " (%s)\n", reason_word(fault->reason));
    }
    return CLIENT_FAULT_FOUND;
}

enum client_exit client_failed(const struct client *client, const char *sentence)
{
    struct fault fault;
    (void)fault_set(&fault, ERR_IO, REASON_io, NULL, "%s", sentence);
    if (client->json) {
        tell_program(&fault, 0, NULL, "");
    } else {
        fprintf(stderr, "guardianctl: %s\n", fault.sentence);
    }
    return CLIENT_REFUSED;
}

enum client_exit client_call(struct client *client, const char *method, const char *params,
                             const struct json **out_result)
{
    struct fault fault;
    enum err err = client_try(client, method, params, out_result, &fault);
    return err == OK ? CLIENT_DONE : client_tell(client, &fault, 0, "");
}

enum client_exit client_call_params(struct client *client, const char *method,
                                    const struct buffer *params, const struct json **out_result)
{
    struct fault fault;
    const struct slice piece = buffer_slice(params);
    if (buffer_result(params) != OK) {
        return client_failed(client, "That is more than a request takes.");
    }
    enum err err = client_try_pieces(client, method, &piece, 1, out_result, &fault);
    return err == OK ? CLIENT_DONE : client_tell(client, &fault, 0, "");
}

const struct json *client_list(const struct json *answer, const char *name)
{
    const struct json *list = answer->kind == JSON_OBJECT ? json_member(answer, name) : NULL;
    return list != NULL && list->kind == JSON_ARRAY ? list : NULL;
}

static bool is_outcome_open(const struct fault *fault)
{
    return fault->err == ERR_TIMEOUT || fault->reason == REASON_outcome_unknown;
}

enum client_exit client_act(struct client *client, const char *method, const struct buffer *params,
                            const struct json **out_result)
{
    struct fault fault;
    char request_id[64];
    char uuid[UUID_TEXT_BYTES + 1];
    if (buffer_result(params) != OK) {
        return client_failed(client, "That is more than a request takes.");
    }
    uuid_draw(uuid);
    snprintf(request_id, sizeof request_id, ",\"request_id\":\"%s\"", uuid);
    const struct slice pieces[] = {buffer_slice(params), slice_of(request_id)};
    enum err err = client_try_pieces(client, method, pieces, 2, out_result, &fault);
    if (err == OK) {
        return CLIENT_DONE;
    }
    enum client_exit code = client_tell(client, &fault, 0, "");
    if (is_outcome_open(&fault) && !client->json) {
        fputs(
            "  It is not known whether it was done: look (guardianctl ceremony list, guardianctl\n"
            "  guardian list, guardianctl audit tail) before you try again.\n",
            stderr);
    }
    return code;
}

/* Scalars are printed anew, arrays and objects as they came. */
void client_print_json(const struct json *value)
{
    if (value->kind == JSON_ARRAY || value->kind == JSON_OBJECT) {
        (void)fwrite(value->text.data, 1, value->text.length, stdout); /* client_finish looks */
    } else {
        fputs("null", stdout);
    }
    putchar('\n');
}

enum client_exit client_usage(const struct client *client, const char *command, const char *wrong,
                              const char *detail)
{
    struct fault fault;
    const char *quote = detail == NULL ? "" : "'";
    /* The words of a command line are anything: only what is UTF-8 may stand in JSON. */
    const char *shown = detail == NULL || json_is_utf8(slice_of(detail)) ? detail : "(not UTF-8)";
    (void)fault_set(&fault, ERR_INVALID_PARAMS, REASON_bad_usage, NULL,
                    "%s%s%s%.200s%s; see guardianctl%s%s --help", wrong, detail == NULL ? "" : " ",
                    quote, shown == NULL ? "" : shown, quote, command[0] == '\0' ? "" : " ",
                    command);
    if (client->json) {
        tell_program(&fault, 0, NULL, "");
    } else {
        fputs("guardianctl: ", stderr);
        output_error_text(slice_of(fault.sentence));
        fputs("\n", stderr);
    }
    return CLIENT_USAGE;
}

/* An option that guardianctl takes, before the command. */
static bool is_general(const char *word)
{
    static const char *const names[] = {"--as", "--from", "--connect", "--timeout", "--version"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t length = strlen(names[i]);
        if (strncmp(word, names[i], length) == 0 && (word[length] == '\0' || word[length] == '=')) {
            return true;
        }
    }
    return false;
}

enum client_exit client_wrong_option(const struct client *client, const char *command, int letter,
                                     char *const *argv)
{
    const char short_option[] = {'-', (char)optopt, '\0'};
    const char *word = argv[optind - 1];
    if (letter == ':') {
        return client_usage(client, command, "a value is missing behind", word);
    }
    if (strncmp(word, "--", 2) == 0 && strchr(word, '=') != NULL && optopt != 0) {
        return client_usage(client, command, "this option takes no value:", word);
    }
    if (command[0] != '\0' && is_general(word)) {
        return client_usage(client, command,
                            "general options stand before the command, as in guardianctl --as "
                            "LOGIN COMMAND; here stands",
                            word);
    }
    bool is_letter = optopt != 0 && strncmp(word, "--", 2) != 0;
    return client_usage(client, command, "unknown option", is_letter ? short_option : word);
}

enum client_exit client_finish(const struct client *client, enum client_exit code)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return client_failed(client, "Standard output could not be written.");
    }
    return code;
}
