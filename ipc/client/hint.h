/* What a person at the command line does next after a refusal. Thread-safe. */
#ifndef IPC_CLIENT_HINT_H
#define IPC_CLIENT_HINT_H

#include "audit/base/fault.h"

/* One or more lines, without the last line's end; NULL where the fault says enough. */
const char *hint_for(const struct fault *fault);

#endif
