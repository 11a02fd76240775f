#include "ipc/client/offline/say.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "audit/base/secret.h"

enum offline_exit say_refused(const char *program, const struct fault *fault)
{
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
    fprintf(stderr, "%s: note: %s\n", program, text);
}

enum offline_exit say_usage(const char *program, const char *wrong)
{
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
