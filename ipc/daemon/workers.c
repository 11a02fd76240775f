#include "ipc/daemon/workers.h"

#include <nng/nng.h>
#include <nng/supplemental/util/platform.h>

#include "audit/base/arena.h"
#include "audit/base/memory.h"
#include "audit/base/secret.h"
#include "ipc/daemon/connection.h"
#include "ipc/daemon/dispatch.h"
#include "ipc/daemon/thread.h"

#define QUEUE_MESSAGES_MAX 1024
#define LARGE_BYTES ((uint64_t)64 * 1024)               /* payloads over this are reserved for */
#define RESERVED_BYTES_MAX ((uint64_t)64 * 1024 * 1024) /* of all large payloads together */
#define ANSWER_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define ANSWER_FIRST_BYTES 512
/* Most that one request may ask for, and ARENA_FACTOR for each octet: what 4,096 events of the type
 * with most fields need beyond their JSON. */
#define ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define ARENA_FACTOR 16
#define IDLE_MS 5000 /* a worker without work for so long ends, but for the last one */

struct message_list {
    struct message *first, *last;
};

struct worker {
    struct workers *workers;
    struct worker *next; /* in the list of the ended */
    pthread_t thread;
    struct arena arena;
};

struct workers {
    struct dispatch *dispatch;
    nng_mtx *lock; /* everything below */
    nng_cv *work;
    nng_cv *gone; /* a worker has ended */
    struct message_list queue, waiting;
    uint32_t queued;
    uint64_t reserved;
    uint64_t answered;
    uint32_t limit, count, idle;
    bool closed, ending;
    struct worker *ended; /* to be joined */
};

/* ---- messages ---- */

struct message *message_new(void)
{
    struct message *message = memory_allocate_zeroed(sizeof *message);
    if (message != NULL) {
        buffer_init_wiped(&message->answer, ANSWER_BYTES_MAX);
    }
    return message;
}

void message_free(struct message *message)
{
    if (message != NULL) {
        buffer_done(&message->payload);
        buffer_done(&message->answer);
        memory_free(message);
    }
}

static void list_append(struct message_list *list, struct message *message)
{
    message->next = NULL;
    if (list->first == NULL) {
        list->first = message;
    } else {
        list->last->next = message;
    }
    list->last = message;
}

static struct message *list_take(struct message_list *list)
{
    struct message *message = list->first;
    if (message != NULL) {
        list->first = message->next;
        message->next = NULL;
    }
    return message;
}

/* ---- admission ---- */

/* Lock held. Small messages are bounded by the length of the queue alone; a large one is always
 * admitted when it would be the only one. */
static bool fits(const struct workers *workers, uint64_t octets)
{
    return workers->queued < QUEUE_MESSAGES_MAX &&
           (octets <= LARGE_BYTES || workers->reserved == 0 ||
            workers->reserved + octets <= RESERVED_BYTES_MAX);
}

static void reserve(struct workers *workers, struct message *message, uint64_t octets)
{
    message->reserved = octets > LARGE_BYTES ? octets : 0;
    workers->reserved += message->reserved;
}

enum admission workers_admit(struct workers *workers, struct message *message, uint64_t octets)
{
    enum admission admission = ADMISSION_REFUSED;
    nng_mtx_lock(workers->lock);
    if (workers->closed) {
        /* refused */
    } else if (fits(workers, octets) && (octets <= LARGE_BYTES || workers->waiting.first == NULL)) {
        reserve(workers, message, octets);
        admission = ADMITTED;
    } else {
        message->wanted = octets;
        connection_hold(message->connection);
        list_append(&workers->waiting, message);
        admission = ADMISSION_WAITS;
    }
    nng_mtx_unlock(workers->lock);
    return admission;
}

/* Lock held; let go and taken again for each that is admitted. */
static void admit_waiting(struct workers *workers)
{
    while (!workers->closed && workers->waiting.first != NULL &&
           fits(workers, workers->waiting.first->wanted)) {
        struct message *message = list_take(&workers->waiting);
        reserve(workers, message, message->wanted);
        nng_mtx_unlock(workers->lock);
        connection_admitted(message, true);
        nng_mtx_lock(workers->lock);
    }
}

void workers_release(struct workers *workers, struct message *message)
{
    if (message->reserved == 0) {
        return;
    }
    nng_mtx_lock(workers->lock);
    workers->reserved -= message->reserved;
    message->reserved = 0;
    admit_waiting(workers);
    nng_mtx_unlock(workers->lock);
}

/* ---- work ---- */

/* Frame head (its length filled in later) and header words in front of the answer to come. */
static void begin_answer(struct message *message, size_t head_bytes)
{
    static const uint8_t head[16];
    (void)buffer_reserve(&message->answer, ANSWER_FIRST_BYTES);
    buffer_append(&message->answer, head, head_bytes);
    buffer_append(&message->answer, message->header, message->header_length);
}

static bool ask(struct worker *worker, struct message *message)
{
    struct workers *workers = worker->workers;
    if (message->too_large) {
        dispatch_too_large(workers->dispatch, connection_peer(message->connection), &worker->arena,
                           &message->answer);
        return false;
    }
    struct slice payload = buffer_slice(&message->payload);
    worker->arena.maximum = ARENA_BYTES + ARENA_FACTOR * payload.length;
    return dispatch_message(workers->dispatch, connection_peer(message->connection), &worker->arena,
                            payload, &message->answer);
}

static void answer(struct worker *worker, struct message *message)
{
    enum sp_mapping mapping = connection_mapping(message->connection);
    size_t head_bytes = sp_head_bytes(mapping);
    begin_answer(message, head_bytes);
    bool stay = ask(worker, message);
    if (message->wiped) {
        arena_wipe(&worker->arena);
        secret_leave_nothing();
    } else {
        arena_reset(&worker->arena);
    }
    buffer_done(&message->payload);
    workers_release(worker->workers, message);
    if (buffer_result(&message->answer) != OK) {
        connection_drop(message); /* no memory even to say so; the client asks again */
        return;
    }
    sp_head_write(mapping, message->answer.length - head_bytes, (uint8_t *)message->answer.data);
    connection_answer(message, stay);
}

/* Lock held. A message, or NULL when this worker is to end. */
static struct message *take(struct workers *workers)
{
    nng_time until = nng_clock() + IDLE_MS;
    bool timed_out = false;
    workers->idle++;
    while (workers->queue.first == NULL && !workers->ending && !(timed_out && workers->count > 1)) {
        if (timed_out) {
            nng_cv_wait(workers->work);
        } else {
            timed_out = nng_cv_until(workers->work, until) == NNG_ETIMEDOUT;
        }
    }
    workers->idle--;
    struct message *message = list_take(&workers->queue);
    if (message != NULL) {
        workers->queued--;
    }
    return message;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct workers *workers = worker->workers;
    struct message *message;
    arena_init(&worker->arena, ARENA_BYTES);
    nng_mtx_lock(workers->lock);
    while ((message = take(workers)) != NULL) {
        admit_waiting(workers);
        nng_mtx_unlock(workers->lock);
        answer(worker, message);
        nng_mtx_lock(workers->lock);
        workers->answered++;
    }
    workers->count--;
    worker->next = workers->ended;
    workers->ended = worker;
    nng_cv_wake(workers->gone);
    nng_mtx_unlock(workers->lock);
    arena_done(&worker->arena);
    return NULL;
}

/* Joins those that have ended. Lock held. */
static void join_ended(struct workers *workers)
{
    while (workers->ended != NULL) {
        struct worker *worker = workers->ended;
        workers->ended = worker->next;
        pthread_join(worker->thread, NULL); /* it needs nothing more of us: at most its last line */
        memory_free(worker);
    }
}

/* Lock held. */
static bool start_worker(struct workers *workers)
{
    join_ended(workers);
    struct worker *worker = memory_allocate_zeroed(sizeof *worker);
    if (worker == NULL) {
        return false;
    }
    worker->workers = workers;
    if (!thread_start(&worker->thread, "worker", work, worker)) {
        memory_free(worker);
        return false;
    }
    workers->count++;
    return true;
}

void workers_put(struct workers *workers, struct message *message)
{
    nng_mtx_lock(workers->lock);
    list_append(&workers->queue, message);
    workers->queued++;
    if (workers->queued > workers->idle && workers->count < workers->limit) {
        (void)start_worker(workers); /* if not, those there are take it in their turn */
    }
    nng_cv_wake1(workers->work);
    nng_mtx_unlock(workers->lock);
}

uint64_t workers_answered(struct workers *workers)
{
    nng_mtx_lock(workers->lock);
    uint64_t answered = workers->answered;
    nng_mtx_unlock(workers->lock);
    return answered;
}

/* ---- start and stop ---- */

static void destroy(struct workers *workers)
{
    if (workers->work != NULL) {
        nng_cv_free(workers->work);
    }
    if (workers->gone != NULL) {
        nng_cv_free(workers->gone);
    }
    if (workers->lock != NULL) {
        nng_mtx_free(workers->lock);
    }
    memory_free(workers);
}

enum err workers_start(struct dispatch *dispatch, const struct config *config, struct workers **out)
{
    struct workers *workers = memory_allocate_zeroed(sizeof *workers);
    if (workers == NULL) {
        return ERR_NO_MEMORY;
    }
    workers->dispatch = dispatch;
    workers->limit = config->limits.workers;
    if (nng_mtx_alloc(&workers->lock) != 0 || nng_cv_alloc(&workers->work, workers->lock) != 0 ||
        nng_cv_alloc(&workers->gone, workers->lock) != 0) {
        destroy(workers);
        return ERR_NO_MEMORY;
    }
    nng_mtx_lock(workers->lock);
    bool started = start_worker(workers);
    nng_mtx_unlock(workers->lock);
    if (!started) {
        destroy(workers);
        return ERR_NO_MEMORY;
    }
    *out = workers;
    return OK;
}

void workers_limit(struct workers *workers, uint32_t count)
{
    nng_mtx_lock(workers->lock);
    workers->limit = count;
    nng_mtx_unlock(workers->lock);
}

void workers_close(struct workers *workers)
{
    struct message *message;
    nng_mtx_lock(workers->lock);
    workers->closed = true;
    while ((message = list_take(&workers->waiting)) != NULL) {
        nng_mtx_unlock(workers->lock);
        connection_admitted(message, false);
        nng_mtx_lock(workers->lock);
    }
    nng_mtx_unlock(workers->lock);
}

void workers_abandon(struct workers *workers)
{
    nng_mtx_lock(workers->lock);
    struct message_list abandoned = workers->queue; /* all at once: no worker is to get one more */
    workers->queue = (struct message_list){NULL, NULL};
    workers->queued = 0;
    nng_mtx_unlock(workers->lock);
    struct message *message;
    while ((message = list_take(&abandoned)) != NULL) {
        workers_release(workers, message);
        connection_drop(message);
    }
}

void workers_finish(struct workers *workers)
{
    nng_mtx_lock(workers->lock);
    workers->ending = true;
    nng_cv_wake(workers->work);
    while (workers->count != 0) {
        nng_cv_wait(workers->gone);
    }
    join_ended(workers);
    nng_mtx_unlock(workers->lock);
}

void workers_free(struct workers *workers)
{
    if (workers != NULL) {
        destroy(workers);
    }
}
