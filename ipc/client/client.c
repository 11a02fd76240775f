#include "ipc/client/client.h"

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
        enum err err = session_open(client->url, &client->session, fault);
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

enum client_exit client_refused(enum err err, const struct fault *fault)
{
    if (err == ERR_CLOSED || err == ERR_TIMEOUT) {
        fputs("guardianctl: ", stderr);
        output_error_text(slice_of(fault->sentence));
        fputs("\n", stderr);
        return CLIENT_UNREACHABLE;
    }
    fputs("guardianctl: refused: ", stderr);
    output_error_text(slice_of(fault->sentence));
    fprintf(stderr, " (%s%s", reason_word(fault->reason), fault->field[0] == '\0' ? "" : " ");
    output_error_text(slice_of(fault->field)); /* may bear a name that somebody else chose */
    fputs(")\n", stderr);
    return CLIENT_REFUSED;
}

enum client_exit client_call(struct client *client, const char *method, const char *params,
                             const struct json **out_result)
{
    struct fault fault;
    enum err err = client_try(client, method, params, out_result, &fault);
    return err == OK ? CLIENT_DONE : client_refused(err, &fault);
}

/* Scalars are printed anew, arrays and objects as they came. */
void client_print_json(const struct json *value)
{
    if (value->kind == JSON_ARRAY || value->kind == JSON_OBJECT) {
        (void)fwrite(value->text.data, 1, value->text.length, stdout); /* output_finish looks */
    } else {
        fputs("null", stdout);
    }
    putchar('\n');
}

enum client_exit client_usage(const char *command, const char *wrong, const char *detail)
{
    fprintf(stderr, "guardianctl: %s%s", wrong, detail == NULL ? "" : " ");
    output_error_text(slice_of(detail));
    fprintf(stderr, ". Try: guardianctl %s --help\n", command);
    return CLIENT_USAGE;
}

enum client_exit output_finish(enum client_exit code)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("guardianctl: standard output could not be written\n", stderr);
        return CLIENT_REFUSED;
    }
    return code;
}
