#include "audit/log/requests.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

#include "audit/base/memory.h"

#define PLACES (2 * LOG_REQUESTS) /* at most half full: probes stay short */

struct requests_slot {
    struct log_request request;
    uint64_t range; /* first index << 16 | count */
};

static_assert(sizeof(struct requests_slot) == 32, "architecture.md 9.3 counts on 2 MiB");
static_assert((PLACES & (PLACES - 1)) == 0, "places wrap by a mask");

enum err requests_init(struct requests *requests)
{
    memset(requests, 0, sizeof *requests);
    pthread_mutex_init(&requests->lock, NULL);
    pthread_cond_init(&requests->through, NULL);
    requests->slots = memory_allocate_zeroed(LOG_REQUESTS * sizeof *requests->slots);
    requests->places = memory_allocate_zeroed(PLACES * sizeof *requests->places);
    if (requests->slots == NULL || requests->places == NULL) {
        return ERR_NO_MEMORY;
    }
    ssize_t got = getrandom(requests->seed, sizeof requests->seed, 0);
    return got == (ssize_t)sizeof requests->seed ? OK : ERR_IO;
}

void requests_done(struct requests *requests)
{
    pthread_mutex_lock(&requests->lock);
    while (requests->waiting != 0) {
        pthread_cond_wait(&requests->through, &requests->lock);
    }
    pthread_mutex_unlock(&requests->lock);
    memory_free(requests->slots);
    memory_free(requests->places);
    pthread_cond_destroy(&requests->through);
    pthread_mutex_destroy(&requests->lock);
}

static bool same_key(const struct log_request *a, const struct log_request *b)
{
    return memcmp(a->key, b->key, sizeof a->key) == 0;
}

/* Where the search for a key begins. Keys are hashes, but of texts a caller chooses: without a seed
 * he could make thousands fall on one place. */
static uint32_t home_of(const struct requests *requests, const struct log_request *request)
{
    uint64_t half[2];
    memcpy(half, request->key, sizeof half);
    unsigned __int128 product =
        (unsigned __int128)(half[0] ^ requests->seed[0]) * (half[1] ^ requests->seed[1]);
    uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);
    return (uint32_t)(folded ^ folded >> 32) & (PLACES - 1);
}

/* The place that holds the key, or the free one where it would go. */
static uint32_t place_of(const struct requests *requests, const struct log_request *request)
{
    uint32_t place = home_of(requests, request);
    while (requests->places[place] != 0 &&
           !same_key(&requests->slots[requests->places[place] - 1].request, request)) {
        place = (place + 1) & (PLACES - 1);
    }
    return place;
}

/* Frees a place and moves back what only stands behind it because it was taken. */
static void free_place(struct requests *requests, uint32_t place)
{
    uint32_t next = (place + 1) & (PLACES - 1);
    while (requests->places[next] != 0) {
        const struct requests_slot *slot = &requests->slots[requests->places[next] - 1];
        uint32_t home = home_of(requests, &slot->request);
        if (((next - home) & (PLACES - 1)) >= ((next - place) & (PLACES - 1))) {
            requests->places[place] = requests->places[next];
            place = next;
        }
        next = (next + 1) & (PLACES - 1);
    }
    requests->places[place] = 0;
}

static void remember(struct requests *requests, const struct log_request *request,
                     struct log_range range)
{
    uint32_t place = place_of(requests, request);
    if (requests->places[place] != 0) {
        return; /* the first answer stands */
    }
    uint32_t oldest = (uint32_t)(requests->added % LOG_REQUESTS);
    struct requests_slot *slot = &requests->slots[oldest];
    if (requests->added >= LOG_REQUESTS) {
        free_place(requests, place_of(requests, &slot->request));
        place = place_of(requests, request); /* it may have moved */
    }
    *slot = (struct requests_slot){*request, range.first << 16 | range.count};
    requests->places[place] = oldest + 1;
    requests->added++;
}

static size_t find_under_way(const struct requests *requests, const struct log_request *request)
{
    size_t at = 0;
    while (at < requests->under_way_count && !same_key(&requests->under_way[at], request)) {
        at++;
    }
    return at;
}

static void end_under_way(struct requests *requests, const struct log_request *request)
{
    size_t at = find_under_way(requests, request);
    if (at < requests->under_way_count) {
        requests->under_way[at] = requests->under_way[--requests->under_way_count];
        pthread_cond_broadcast(&requests->through);
    }
}

static enum log_request_state known_as(const struct requests *requests,
                                       const struct log_request *request,
                                       struct log_range *out_range)
{
    uint32_t number = requests->places[place_of(requests, request)];
    if (number == 0) {
        return LOG_REQUEST_NEW;
    }
    const struct requests_slot *slot = &requests->slots[number - 1];
    if (memcmp(slot->request.parameters, request->parameters, sizeof request->parameters) != 0) {
        return LOG_REQUEST_REUSED;
    }
    *out_range = (struct log_range){slot->range >> 16, slot->range & 0xffff};
    return LOG_REQUEST_DONE;
}

enum log_request_state requests_begin(struct requests *requests, const struct log_request *request,
                                      struct log_range *out_range)
{
    pthread_mutex_lock(&requests->lock);
    requests->waiting++;
    while (!requests->stopped && (find_under_way(requests, request) < requests->under_way_count ||
                                  requests->under_way_count == REQUESTS_UNDER_WAY)) {
        pthread_cond_wait(&requests->through, &requests->lock);
    }
    requests->waiting--;
    enum log_request_state state = LOG_REQUEST_STOPPED;
    if (requests->stopped) {
        pthread_cond_broadcast(&requests->through); /* requests_done waits for us */
    } else {
        state = known_as(requests, request, out_range);
    }
    if (state == LOG_REQUEST_NEW) {
        requests->under_way[requests->under_way_count++] = *request;
    }
    pthread_mutex_unlock(&requests->lock);
    return state;
}

void requests_finish(struct requests *requests, const struct log_request *request,
                     struct log_range range)
{
    assert(range.count <= LOG_BATCH_MAX);
    pthread_mutex_lock(&requests->lock);
    remember(requests, request, range);
    end_under_way(requests, request);
    pthread_mutex_unlock(&requests->lock);
}

void requests_abandon(struct requests *requests, const struct log_request *request)
{
    pthread_mutex_lock(&requests->lock);
    end_under_way(requests, request);
    pthread_mutex_unlock(&requests->lock);
}

void requests_stop(struct requests *requests)
{
    pthread_mutex_lock(&requests->lock);
    requests->stopped = true;
    pthread_cond_broadcast(&requests->through);
    pthread_mutex_unlock(&requests->lock);
}
