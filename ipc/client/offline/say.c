#include "ipc/client/offline/say.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "audit/base/buffer.h"
#include "audit/base/json.h"
#include "audit/base/secret.h"

static bool as_json;

void offline_tell_json(void)
{
    as_json = true;
}

/* One document a line; of a refusal as guardianctl tells them all. */
static void tell_program(const char *head, const char *sentence, const char *tail)
{
    struct buffer text;
    buffer_init(&text, 65536);
    buffer_append_text(&text, head);
    json_write_string(&text, slice_of(sentence));
    buffer_append_text(&text, tail);
    (void)fwrite(text.data, 1, text.length, stderr);
    buffer_done(&text);
}

static void tell_error(enum err err, enum reason reason, const char *sentence)
{
    char head[128];
    snprintf(head, sizeof head,
             "{\"error\":{\"code\":%d,\"reason\":\"%s\",\"message\":", err_code(err),
             reason_word(reason));
    tell_program(head, sentence, "}}\n");
}

enum offline_exit say_refused(const char *program, const struct fault *fault)
{
    if (as_json) {
        tell_error(fault->err, fault->reason, fault->sentence);
        return OFFLINE_REFUSED;
    }
    fprintf(stderr, "%s: refused: %s (%s)\n", program, fault->sentence, reason_word(fault->reason));
    return OFFLINE_REFUSED;
}

void say_note(const char *program, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (as_json) {
        tell_program("{\"note\":", text, "}\n");
    } else {
        fprintf(stderr, "%s: note: %s\n", program, text);
    }
}

enum offline_exit say_usage(const char *program, const char *wrong)
{
    if (as_json) {
        tell_error(ERR_INVALID_PARAMS, REASON_bad_usage, wrong);
        return OFFLINE_USAGE;
    }
    fprintf(stderr, "%s: %s. Try: %s --help\n", program, wrong, program);
    return OFFLINE_USAGE;
}

void say_protection(const char *program)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that left is an error of write(2) */
    if (!secret_protect_process()) {
        say_note(program, "core dumps and debuggers could not be kept away from this process");
    }
    if (!secret_memory_locks()) {
        say_note(program, "memory cannot be locked (see `ulimit -l`): the key may reach the swap");
    }
}
