/* Threads of the server: small stacks, no signals. */
#ifndef IPC_DAEMON_THREAD_H
#define IPC_DAEMON_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Starts a thread with a name (at most 15 characters) that must be joined. All signals are blocked
 * in it: they belong to main. False if there cannot be one. */
bool thread_start(pthread_t *out_thread, const char *name, void *(*run)(void *), void *argument);

#endif
