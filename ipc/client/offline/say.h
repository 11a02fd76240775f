/* What the offline tools say on standard error: one line each, for people. Never given a secret. */
#ifndef IPC_CLIENT_OFFLINE_SAY_H
#define IPC_CLIENT_OFFLINE_SAY_H

#include "audit/base/fault.h"
#include "ipc/client/offline/offline.h"

/* "program: refused: sentence (reason)". Returns OFFLINE_REFUSED. */
enum offline_exit say_refused(const char *program, const struct fault *fault);

/* "program: note: …" */
void say_note(const char *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "program: … Try: program --help". Returns OFFLINE_USAGE. */
enum offline_exit say_usage(const char *program, const char *wrong);

/* Before the first secret: protects the process, and says so where the system does not let it. */
void say_protection(const char *program);

#endif
