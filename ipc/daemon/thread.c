#include "ipc/daemon/thread.h"

#include <signal.h>

#define STACK_BYTES (512 * 1024) /* address space; memory only as far as it is used */

bool thread_start(pthread_t *out_thread, const char *name, void *(*run)(void *), void *argument)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    /* Blocked around the creation: a new thread inherits the mask, so no signal can reach it in
     * between. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
                   pthread_create(out_thread, &attributes, run, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (started) {
        pthread_setname_np(*out_thread, name);
    }
    return started;
}
