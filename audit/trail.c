#include "audit/trail.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/base/memory.h"
#include "audit/base/uuid.h"

#define BATCH_BYTES_MAX (64u * 1024 * 1024)

struct trail {
    struct log *log;
    struct geoip *geoip;
    pid_t pid;
    pthread_rwlock_t lock; /* a leaf: guards dvc only */
    char dvc[64];
};

struct trail *trail_new(struct log *log, struct geoip *geoip, const char *dvc)
{
    struct trail *trail = memory_allocate_zeroed(sizeof *trail);
    if (trail == NULL || pthread_rwlock_init(&trail->lock, NULL) != 0) {
        memory_free(trail);
        return NULL;
    }
    trail->log = log;
    trail->geoip = geoip;
    trail->pid = getpid();
    trail_set_dvc(trail, dvc);
    return trail;
}

void trail_free(struct trail *trail)
{
    if (trail != NULL) {
        pthread_rwlock_destroy(&trail->lock);
        memory_free(trail);
    }
}

void trail_set_dvc(struct trail *trail, const char *dvc)
{
    pthread_rwlock_wrlock(&trail->lock);
    snprintf(trail->dvc, sizeof trail->dvc, "%s", dvc);
    pthread_rwlock_unlock(&trail->lock);
}

static struct slice copy_dvc(struct trail *trail, struct arena *arena)
{
    pthread_rwlock_rdlock(&trail->lock);
    struct slice dvc = arena_copy(arena, slice_of(trail->dvc));
    pthread_rwlock_unlock(&trail->lock);
    return dvc;
}

static void fill(struct event *event, enum field_id field, const char *text)
{
    if (text != NULL && text[0] != '\0' && event->type->slot_of[field] >= 0 &&
        event_get(event, field) == NULL) {
        event_set_text(event, field, slice_of(text));
    }
}

void trail_fill(struct event *event, const struct actor *actor)
{
    fill(event, FIELD_SUID, actor->suid);
    fill(event, FIELD_SUSER, actor->suser);
    fill(event, FIELD_SNAME, actor->sname);
    fill(event, FIELD_SPRIV, actor->spriv);
    fill(event, FIELD_ORIGIN_IP, actor->origin_ip);
}

static bool located_already(const struct event *event)
{
    return event_get(event, FIELD_COUNTRY) != NULL || event_get(event, FIELD_STATE) != NULL ||
           event_get(event, FIELD_CITY) != NULL || event_get(event, FIELD_LATITUDE) != NULL ||
           event_get(event, FIELD_LONGITUDE) != NULL;
}

static bool fill_name(struct event *event, struct arena *arena, enum field_id field,
                      const char *name)
{
    if (name[0] == '\0' || event->type->slot_of[field] < 0) {
        return true;
    }
    struct slice copy = arena_copy(arena, slice_of(name));
    if (copy.data == NULL) {
        return false;
    }
    event_set_text(event, field, copy);
    return true;
}

/* Where originIP is. A sender that names a place itself is believed: it is its own fact (log.md 7),
 * and two half places would be worse than one. */
static bool locate(struct trail *trail, struct event *event, struct arena *arena)
{
    const struct event_value *origin = event_get(event, FIELD_ORIGIN_IP);
    struct geoip_place place;
    if (origin == NULL || located_already(event) ||
        !geoip_lookup(trail->geoip, origin->text.data, origin->text.length, &place)) {
        return true;
    }
    if (place.has_position && event->type->slot_of[FIELD_LATITUDE] >= 0 &&
        event->type->slot_of[FIELD_LONGITUDE] >= 0) {
        event_set_number(event, FIELD_LATITUDE, place.latitude_deg);
        event_set_number(event, FIELD_LONGITUDE, place.longitude_deg);
    }
    return fill_name(event, arena, FIELD_COUNTRY, place.country) &&
           fill_name(event, arena, FIELD_STATE, place.state) &&
           fill_name(event, arena, FIELD_CITY, place.city);
}

static enum err fault_at(struct fault *fault, enum err err, size_t index)
{
    if (fault != NULL) {
        fault->index = (int64_t)index;
    }
    return err;
}

struct stamp {
    int64_t now_us;
    struct slice dvc, via;
};

static void stamp_event(struct trail *trail, struct event *event, const struct stamp *stamp,
                        struct slice uuid)
{
    event->received_us = event->has_time ? stamp->now_us : -1;
    if (!event->has_time) {
        event->time_us = stamp->now_us;
    }
    if (event->event_uuid.length == 0) { /* an act draws its own before it is durable */
        event->event_uuid = uuid;
    }
    event->pid = trail->pid;
    event->dvc = stamp->dvc;
    event->via = stamp->via;
}

enum err trail_stamp(struct trail *trail, struct arena *arena, const struct trail_batch *batch,
                     struct fault *fault)
{
    const struct actor *actor = batch->actor;
    struct stamp stamp = {.now_us = batch->now_us, .dvc = copy_dvc(trail, arena)};
    stamp.via = slice_of(actor == NULL || actor->via == NULL ? "daemon" : actor->via);
    uint8_t *random = arena_allocate(arena, 16 * batch->count);
    char *uuids = arena_allocate(arena, UUID_TEXT_BYTES * batch->count);
    if (stamp.dvc.data == NULL || random == NULL || uuids == NULL) {
        return fault_no_memory(fault);
    }
    randombytes_buf(random, 16 * batch->count); /* one call for all: each costs a system call */
    for (size_t i = 0; i < batch->count; i++) {
        char *uuid = uuids + UUID_TEXT_BYTES * i;
        struct event *event = batch->events[i];
        uuid_text(random + 16 * i, uuid);
        stamp_event(trail, event, &stamp, (struct slice){uuid, UUID_TEXT_BYTES});
        if (actor != NULL) {
            trail_fill(event, actor);
        }
        if (!locate(trail, event, arena)) {
            return fault_no_memory(fault);
        }
        /* A record that does not read back is a line that is never sent: whoever made or filled the
         * event, this is the last place to refuse it. */
        enum err err = event_check(event, fault);
        if (err != OK) {
            return fault_at(fault, err, i);
        }
    }
    return OK;
}

/* Encodes all into one buffer; entries borrow from it once it no longer grows. */
static enum err encode_batch(struct event **events, size_t count, struct log_entry *entries,
                             struct buffer *records, struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        size_t before = records->length;
        enum err err = event_encode(events[i], records, fault);
        if (err != OK) {
            return fault_at(fault, err, i);
        }
        // NOLINTNEXTLINE(clang-analyzer-core.NullDereference): trail_emit has looked
        entries[i].record.length = records->length - before;
    }
    if (buffer_result(records) != OK) {
        return fault_no_memory(fault);
    }
    const char *at = records->data;
    for (size_t i = 0; i < count; i++) {
        entries[i].record.data = at;
        at += entries[i].record.length;
        log_leaf_hash(entries[i].record, entries[i].leaf_hash);
    }
    return OK;
}

enum err trail_emit(struct trail *trail, struct arena *arena, const struct trail_batch *batch,
                    struct log_range *out_range, struct fault *fault)
{
    struct buffer records;
    buffer_init(&records, BATCH_BYTES_MAX);
    struct log_entry *entries = arena_allocate(arena, batch->count * sizeof *entries);
    enum err err =
        entries == NULL ? fault_no_memory(fault) : trail_stamp(trail, arena, batch, fault);
    if (err == OK) {
        err = encode_batch(batch->events, batch->count, entries, &records, fault);
    }
    if (err == OK) {
        err = log_append(trail->log, entries, batch->count, batch->request, batch->urgent,
                         out_range, fault);
    } else if (batch->request != NULL) {
        log_request_abandon(trail->log, batch->request);
    }
    buffer_done(&records);
    return err;
}
