#include "audit/log/writer.h"

#include <assert.h>
#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <unistd.h>

#include "audit/base/clock.h"
#include "audit/base/diag.h"
#include "audit/base/file.h"
#include "audit/base/memory.h"
#include "audit/log/frame.h"

/* A reader proves a frame when it enters it: groups stay small enough for one read not to cost
 * milliseconds, and large enough for the disk to be the limit. One batch may be larger. */
#define GROUP_BYTES (1 << 20)
#define GROUP_ENTRIES 16384
#define KEPT_BYTES (256 << 10) /* of the frame's memory while nothing is queued */

/* One call of log_append, on the caller's stack. */
struct append {
    const struct log_entry *entries;
    const struct log_request *request;
    size_t count;
    size_t bytes; /* as a batch in a frame */
    int64_t deadline_ms;
    struct append *next;
    struct fault *fault; /* the caller's, may be NULL */
    enum err err;
    uint64_t first;
    struct append *others; /* whom to wake as soon as it is awake itself */
    sem_t answered;
};

/* Appends taken together: a list, in order. */
struct group {
    struct append *head;
    size_t bytes; /* of the frame */
    uint32_t batches;
    uint32_t entries;
};

static enum err say_stopped(struct fault *fault)
{
    return fault_set(fault, ERR_AUDIT_UNAVAILABLE, REASON_refused, "log",
                     "The log has stopped: nothing was done. Try again after the daemon's next "
                     "start.");
}

/* Lets everybody from here on go on. From the post on an append is gone. */
static void wake_all(struct append *append)
{
    while (append != NULL) {
        struct append *next = append->next;
        sem_post(&append->answered);
        append = next;
    }
}

/* Sixty-four system calls would keep the next group from the disk: the first one who wakes does
 * them. */
static void answer_group(const struct group *group)
{
    // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a group has a first append
    group->head->others = group->head->next;
    sem_post(&group->head->answered);
}

static void refuse_group(struct writer *writer, const struct group *group,
                         const struct fault *fault)
{
    for (struct append *append = group->head; append != NULL; append = append->next) {
        append->err = fault->err;
        if (append->fault != NULL) {
            *append->fault = *fault;
        }
        if (append->request != NULL) {
            requests_abandon(writer->requests, append->request);
        }
    }
    answer_group(group);
}

void writer_die(struct writer *writer)
{
    atomic_store(&writer->failed, true);
    requests_stop(writer->requests);
    growth_end(writer->growth);
}

/* The group is neither there nor not there until the next start looks; and the pages that were not
 * written may be lost although a second sync would succeed. So nothing more is written at all. */
static void die(struct writer *writer, struct group *group, const char *why)
{
    struct fault fault;
    fault_set(&fault, ERR_AUDIT_UNAVAILABLE, REASON_outcome_unknown, NULL,
              "The commit to the log failed (%s): whether it is there the daemon's next start "
              "decides. Ask again then with the same request_id.",
              why);
    /* This thread has nobody above it, and the callers may not be those who read what is said. */
    diag_say(DIAG_ERROR, "a commit to the log failed: nothing more is written", "folder",
             writer->journal->path, "why", why, NULL);
    writer_die(writer);
    refuse_group(writer, group, &fault);
}

/* ---- one group ---- */

static bool make_room(struct writer *writer, size_t bytes)
{
    if (bytes <= writer->capacity) {
        return true;
    }
    size_t capacity = bytes + bytes / 4;
    memory_free(writer->octets);
    writer->octets = memory_allocate(capacity);
    writer->capacity = writer->octets == NULL ? 0 : capacity;
    return writer->octets != NULL;
}

static void build(struct writer *writer, struct group *group)
{
    const struct journal *journal = writer->journal;
    struct frame frame = {.length = group->bytes,
                          .first = journal->size,
                          .count = group->entries,
                          .batches = group->batches};
    uint8_t *leaf = writer->octets + group->bytes;
    uint8_t *at = frame_begin(writer->octets, &frame, journal->previous);
    uint64_t first = journal->size;
    for (struct append *append = group->head; append != NULL; append = append->next) {
        at = frame_put_batch(at, append->entries, append->count, append->request);
        append->first = first;
        first += append->count;
        for (size_t i = 0; i < append->count; i++, leaf += HASH_BYTES) {
            memcpy(leaf, append->entries[i].leaf_hash, HASH_BYTES);
        }
    }
    assert(at + HASH_BYTES == writer->octets + group->bytes);
    frame_seal(writer->octets, group->bytes);
}

static void acknowledge(struct writer *writer, struct group *group)
{
    for (struct append *append = group->head; append != NULL; append = append->next) {
        if (append->request != NULL) {
            requests_finish(writer->requests, append->request,
                            (struct log_range){append->first, append->count});
        }
    }
    growth_set(writer->growth, writer->journal->size);
    atomic_fetch_add(&writer->commits, 1);
    answer_group(group);
}

/* The tree follows after the answers; only the next segment's page needs it. */
static void follow_with_edge(struct writer *writer, const struct group *group)
{
    const uint8_t *leaf = writer->octets + group->bytes;
    for (uint32_t i = 0; i < group->entries; i++) {
        edge_add(&writer->journal->edge, leaf + (size_t)i * HASH_BYTES);
    }
}

/* Goes on in the spare segment if the frame does not fit into this one. ERR_IO: the log is dead. */
static enum err see_to_segment(struct writer *writer, const struct group *group,
                               struct fault *fault)
{
    if (journal_room(writer->journal) >= group->bytes) {
        return OK;
    }
    int fd;
    uint64_t bytes;
    enum err err = spare_take(writer->spare, SEGMENT_HEAD_BYTES + group->bytes,
                              group->head->deadline_ms, &fd, &bytes, fault);
    if (err != OK) {
        return err;
    }
    err = journal_begin(writer->journal, SPARE_NAME, fd, bytes, fault);
    if (err == ERR_NO_MEMORY) {
        close(fd);
    }
    spare_want(writer->spare);
    return err;
}

static void commit(struct writer *writer, struct group *group)
{
    struct fault fault;
    if (!make_room(writer, group->bytes + (size_t)group->entries * HASH_BYTES)) {
        fault_no_memory(&fault);
        refuse_group(writer, group, &fault);
        return;
    }
    enum err err = see_to_segment(writer, group, &fault);
    if (err == ERR_IO) {
        die(writer, group, fault.sentence);
        return;
    }
    if (err != OK) {
        refuse_group(writer, group, &fault);
        return;
    }
    build(writer, group);
    err = journal_write(writer->journal, writer->octets, group->bytes, group->entries);
    if (err != OK) {
        die(writer, group, strerrordesc_np(errno));
        return;
    }
    acknowledge(writer, group);
    follow_with_edge(writer, group);
}

/* ---- the queue ---- */

static size_t group_limit(const struct writer *writer, const struct append *first)
{
    size_t alone = FRAME_HEAD_BYTES + HASH_BYTES + first->bytes;
    uint64_t room = journal_room(writer->journal);
    if (room < alone) { /* it opens a new segment */
        room = writer->spare->segment_bytes - SEGMENT_HEAD_BYTES;
    }
    return room < GROUP_BYTES ? (size_t)room : GROUP_BYTES;
}

/* Takes as much from the queue as one frame shall hold; the first append always. Lock held. */
static void take_group(struct writer *writer, struct group *group)
{
    size_t limit = group_limit(writer, writer->head);
    struct append *last = writer->head;
    *group = (struct group){.head = writer->head, .bytes = FRAME_HEAD_BYTES + HASH_BYTES};
    for (struct append *next = writer->head; next != NULL; next = next->next) {
        if (next != writer->head &&
            (group->bytes + next->bytes > limit || group->entries + next->count > GROUP_ENTRIES)) {
            break;
        }
        group->bytes += next->bytes;
        group->entries += (uint32_t)next->count;
        group->batches++;
        last = next;
    }
    writer->head = last->next;
    last->next = NULL;
}

/* Waits for work. False when there is none and none will come. */
static bool next_group(struct writer *writer, struct group *group)
{
    pthread_mutex_lock(&writer->lock);
    if (writer->head == NULL && writer->capacity > KEPT_BYTES) {
        memory_free(writer->octets);
        writer->octets = NULL;
        writer->capacity = 0;
    }
    while (writer->head == NULL && !writer->closing) {
        pthread_cond_wait(&writer->queued, &writer->lock);
    }
    bool work = writer->head != NULL;
    if (work) {
        take_group(writer, group);
    }
    pthread_mutex_unlock(&writer->lock);
    return work;
}

static void *writer_main(void *argument)
{
    struct writer *writer = argument;
    struct group group;
    while (next_group(writer, &group)) {
        if (atomic_load(&writer->failed)) {
            struct fault fault;
            say_stopped(&fault);
            refuse_group(writer, &group, &fault);
        } else {
            commit(writer, &group);
        }
    }
    return NULL;
}

enum err writer_start(struct writer *writer, struct fault *fault)
{
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->queued, NULL);
    errno = pthread_create(&writer->thread, NULL, writer_main, writer);
    if (errno != 0) {
        return file_failed(fault, "start the thread that writes", writer->journal->path, NULL);
    }
    writer->running = true;
    return OK;
}

void writer_stop(struct writer *writer)
{
    if (!writer->running) {
        return;
    }
    pthread_mutex_lock(&writer->lock);
    writer->closing = true;
    pthread_cond_broadcast(&writer->queued);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    writer->running = false;
    memory_free(writer->octets);
    pthread_cond_destroy(&writer->queued);
    pthread_mutex_destroy(&writer->lock);
}

/* Puts it at the end of the queue, if there still is one. */
static bool enqueue(struct writer *writer, struct append *append)
{
    pthread_mutex_lock(&writer->lock);
    bool open = !writer->closing && !atomic_load(&writer->failed);
    if (open) {
        if (writer->head == NULL) {
            writer->head = append;
            pthread_cond_signal(&writer->queued);
        } else {
            writer->tail->next = append;
        }
        writer->tail = append;
    }
    pthread_mutex_unlock(&writer->lock);
    return open;
}

enum err writer_append(struct writer *writer, const struct log_entry *entries, size_t count,
                       const struct log_request *request, struct log_range *out_range,
                       struct fault *fault)
{
    struct append append = {
        .entries = entries,
        .request = request,
        .count = count,
        .bytes = frame_batch_bytes(entries, count, request != NULL),
        .deadline_ms = clock_boot_ms() + writer->commit_wait_ms,
        .fault = fault,
    };
    sem_init(&append.answered, 0, 0);
    if (enqueue(writer, &append)) {
        while (sem_wait(&append.answered) != 0) {
            assert(errno == EINTR);
        }
        wake_all(append.others);
    } else {
        append.err = say_stopped(fault);
        if (request != NULL) {
            requests_abandon(writer->requests, request);
        }
    }
    sem_destroy(&append.answered);
    if (append.err == OK) {
        *out_range = (struct log_range){append.first, count};
    }
    return append.err;
}
