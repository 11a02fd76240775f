#include "ipc/client/desk/secrecy.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "audit/base/file.h"
#include "ipc/client/offline/stream.h"

#define FREED_OCTET 0x5a

enum err secrecy_begin(struct fault *fault)
{
    if (!secret_protect_process()) {
        return fault_set(fault, ERR_INTERNAL, REASON_internal, NULL,
                         "The system does not let this program hide its memory from others, so it "
                         "takes no secret.");
    }
    (void)mallopt(M_PERTURB, FREED_OCTET);
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that left is an error of write(2) */
    if (!secret_memory_locks()) {
        fputs("guardianctl: warning: memory cannot be locked (RLIMIT_MEMLOCK): while this "
              "runs,\nsecrets may be written to swap space\n",
              stderr);
    }
    return OK;
}

enum err secrecy_write(const char *path, const struct secret *secret, struct fault *fault)
{
    struct slice text = {(const char *)secret->data, secret->length};
    return path == NULL ? stream_write(STDOUT_FILENO, "Standard output", text, fault)
                        : file_create(path, text, 0600, fault);
}
