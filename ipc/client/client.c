#include "ipc/client/client.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define PARAMS_MAX (64u * 1024 * 1024)

/* actor of params: "suser":…, and what else --as and --from say. */
static void append_actor(const struct client *client, struct buffer *params)
{
    static const char *const names[] = {"suser", "suid", "sname", "spriv"};
    const char *at = client->as;
    buffer_append_text(params, "\"actor\":{");
    for (size_t i = 0; i < 4 && at != NULL; i++) {
        const char *end = i < 3 ? strchr(at, ':') : NULL;
        struct slice part = {at, end == NULL ? strlen(at) : (size_t)(end - at)};
        if (part.length > 0) {
            buffer_append_format(params, "%s\"%s\":", i == 0 ? "" : ",", names[i]);
            json_write_string(params, part);
        }
        at = end == NULL ? NULL : end + 1;
    }
    if (client->from != NULL) {
        buffer_append_text(params, ",\"originIP\":");
        json_write_string(params, slice_of(client->from));
    }
    buffer_append_char(params, '}');
}

enum err client_try(struct client *client, const char *method, const char *params,
                    const struct json **out_result, struct fault *fault)
{
    arena_reset(&client->arena);
    fault_clear(fault);
    if (client->session == NULL) {
        enum err err = session_open(&client->place, &client->session, fault);
        if (err != OK) {
            return err;
        }
    }
    struct buffer text;
    buffer_init(&text, PARAMS_MAX);
    buffer_append_char(&text, '{');
    buffer_append_text(&text, params);
    if (client->as != NULL) {
        if (params[0] != '\0') {
            buffer_append_char(&text, ',');
        }
        append_actor(client, &text);
    }
    buffer_append_char(&text, '}');
    enum err err = buffer_result(&text) != OK
                       ? fault_no_memory(fault)
                       : session_call(client->session, &client->arena, method, buffer_slice(&text),
                                      out_result, fault);
    buffer_done(&text);
    return err;
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
}

static void tell_program(const struct fault *fault, unsigned long line, const char *members)
{
    struct buffer text;
    buffer_init(&text, 65536);
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
        tell_program(fault, line, members);
    } else {
        tell_person(fault, line);
    }
    return is_unreachable(fault->err) ? CLIENT_UNREACHABLE : CLIENT_REFUSED;
}

enum client_exit client_failed(const struct client *client, const char *sentence)
{
    struct fault fault;
    (void)fault_set(&fault, ERR_IO, REASON_io, NULL, "%s", sentence);
    if (client->json) {
        tell_program(&fault, 0, "");
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
        tell_program(&fault, 0, "");
    } else {
        fputs("guardianctl: ", stderr);
        output_error_text(slice_of(fault.sentence));
        fputs("\n", stderr);
    }
    return CLIENT_USAGE;
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
