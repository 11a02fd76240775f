#include "ipc/client/client.h"

#include <stdio.h>
#include <string.h>

#include "audit/event/text.h"

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
        fprintf(stderr, "guardianctl: %s\n", fault->sentence);
        return CLIENT_UNREACHABLE;
    }
    /* The field may bear a name that somebody else chose: what is no plain text is not shown. */
    char field[sizeof fault->field];
    size_t length = 0;
    for (const char *at = fault->field; *at != '\0'; at++) {
        field[length++] = *at < 0x20 || *at == 0x7f ? '?' : *at;
    }
    field[length] = '\0';
    fprintf(stderr, "guardianctl: refused: %s (%s%s%s)\n", fault->sentence,
            reason_word(fault->reason), length == 0 ? "" : " ", field);
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
    fprintf(stderr, "guardianctl: %s%s%s. Try: guardianctl %s --help\n", wrong,
            detail == NULL ? "" : " ", detail == NULL ? "" : detail, command);
    return CLIENT_USAGE;
}

static bool starts_code_point(char octet)
{
    return ((unsigned char)octet & 0xc0) != 0x80;
}

static void output_to(FILE *file, struct slice text, size_t columns)
{
    struct buffer clean;
    size_t shown = 0;
    buffer_init(&clean, TEXT_CLEAN_GROWTH * text.length + 1);
    if (buffer_reserve(&clean, TEXT_CLEAN_GROWTH * text.length)) {
        clean.length = text_clean(text, clean.data);
    }
    for (size_t i = 0; i < clean.length; i++) {
        bool start = starts_code_point(clean.data[i]);
        if (start && columns != 0 && shown == columns) {
            break;
        }
        shown += start ? 1 : 0;
        char octet = clean.data[i];
        (void)fputc(octet == '\n' || octet == '\r' ? ' ' : octet, file);
    }
    for (; shown < columns; shown++) {
        (void)fputc(' ', file);
    }
    buffer_done(&clean);
}

void output_text(struct slice text, size_t columns)
{
    output_to(stdout, text, columns);
}

void output_error_text(struct slice text)
{
    output_to(stderr, text, 0);
}

struct slice output_member(const struct json *object, const char *name)
{
    static const struct slice words[] = {{"false", 5}, {"true", 4}};
    const struct json *value = json_member(object, name);
    if (value == NULL || value->kind == JSON_NULL) {
        return (struct slice){"", 0};
    }
    return value->kind == JSON_BOOLEAN ? words[value->boolean ? 1 : 0] : value->text;
}

enum client_exit output_finish(enum client_exit code)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("guardianctl: standard output could not be written\n", stderr);
        return CLIENT_REFUSED;
    }
    return code;
}
