/* What the tests of the room share: a private folder with a real log, trail and database, people
 * with keys of their own, and acts begun, done and committed as the door does it. */
#ifndef TESTS_CEREMONY_ROOM_FIXTURE_H
#define TESTS_CEREMONY_ROOM_FIXTURE_H

#include "tests/audit/log/scratch.h"

#include <sodium.h>
#include <sqlite3.h>

#include "audit/base/memory.h"
#include "ceremony/guardian.h"
#include "ceremony/key/payload.h"
#include "ceremony/part.h"
#include "ceremony/recovery.h"
#include "ceremony/slip39/slip39.h"

#define NOW_US (INT64_C(1764000000) * 1000000)
#define SECOND_US INT64_C(1000000)
#define DAY_US (24 * 3600 * SECOND_US)
#define PEOPLE_MAX 17

struct person {
    char login[16];
    struct secret *key;
    char public_key[KEY_PUBLIC_TEXT + 1];
    char words[SLIP39_TEXT_BYTES_MAX + 1]; /* of the part taken last */
    uint8_t header[SLIP39_HEADER_BYTES];
    uint8_t challenge[STATEMENT_CHALLENGE_BYTES];
    struct actor actor;
};

struct room {
    struct scratch scratch;
    char path[PATH_MAX + 16];
    struct log_options log_options;
    struct log *log;
    struct geoip *geoip;
    struct trail *trail;
    struct ceremonies *ceremonies;
    struct ceremony_settings settings;
    struct arena arena;
    struct person people[PEOPLE_MAX];
    struct person receiver;
    char ceremony[UUID_TEXT_BYTES + 1]; /* the one started last */
    /* of the next act */
    int64_t now_us;
    const char *request_id; /* taken by one act; NULL: none */
    const char *parameters;
    const char *secrets; /* parameters that no disk may know an image of */
    /* of the last act */
    struct fault fault;
    bool repeated;
    struct slice answer; /* of a repeat */
};

static struct room room;

static const struct actor operator_actor = {.suid = "1",
                                            .suser = "operator",
                                            .sname = "The Operator",
                                            .spriv = "Administrator",
                                            .origin_ip = "203.0.113.9",
                                            .via = "workflow/pam"};

/* ---- open, close ----------------------------------------------------------------------------- */

static inline enum err room_try_open(void)
{
    struct log_opened opened;
    fault_clear(&room.fault);
    enum err err = log_open(&room.log_options, &room.log, &opened, &room.fault);
    if (err != OK) {
        return err;
    }
    room.geoip = geoip_new(NULL);
    room.trail = trail_new(room.log, room.geoip, "192.0.2.10");
    assert_non_null(room.trail);
    err = ceremonies_new(room.path, room.log, room.trail, false, &room.ceremonies, &room.fault);
    if (err == OK) {
        ceremonies_set(room.ceremonies, &room.settings);
    }
    return err;
}

static inline void room_expect(enum err err, enum err wanted)
{
    if (err != wanted) {
        print_message("%s (%s %s): %s\n", err_text(err), reason_word(room.fault.reason),
                      room.fault.field, room.fault.sentence);
    }
    assert_int_equal(err, wanted);
}

/* The refusal of the last act: its error, reason and field ("" for none). */
static inline void room_expect_fault(enum err err, enum err wanted, enum reason reason,
                                     const char *field)
{
    room_expect(err, wanted);
    assert_string_equal(reason_word(room.fault.reason), reason_word(reason));
    assert_string_equal(room.fault.field, field);
    assert_true(strlen(room.fault.sentence) > 10);
}

static inline void room_open(void)
{
    room_expect(room_try_open(), OK);
}

static inline void room_close(void)
{
    ceremonies_free(room.ceremonies);
    room.ceremonies = NULL;
    trail_free(room.trail);
    room.trail = NULL;
    geoip_free(room.geoip);
    room.geoip = NULL;
    log_close(room.log);
    room.log = NULL;
}

static inline void room_reopen(void)
{
    room_close();
    room_open();
}

static inline int room_make(void **state)
{
    (void)state;
    memset(&room, 0, sizeof room);
    scratch_make(&room.scratch);
    snprintf(room.path, sizeof room.path, "%s/guardian.db", room.scratch.root);
    arena_init(&room.arena, (size_t)1 << 30);
    room.now_us = NOW_US;
    room.log_options = scratch_options(&room.scratch);
    room.settings = (struct ceremony_settings){.threshold_min = 2,
                                               .threshold_max = 10,
                                               .expires_s = 30 * 24 * 3600,
                                               .one_desk_recovery = true,
                                               .lock_attempts = 5,
                                               .lock_window_s = 900};
    room_open();
    return 0;
}

static inline int room_remove(void **state)
{
    (void)state;
    memory_fail_from(0);
    act_on_step(NULL);
    room_close();
    for (size_t i = 0; i < PEOPLE_MAX; i++) {
        secret_free(room.people[i].key);
    }
    secret_free(room.receiver.key);
    arena_done(&room.arena);
    scratch_remove(&room.scratch);
    return 0;
}

static inline void room_set(void)
{
    ceremonies_set(room.ceremonies, &room.settings);
}

/* Something done to the closed database behind the room's back. */
static inline void room_sql(const char *sql)
{
    sqlite3 *database;
    char *why = NULL;
    room_close();
    assert_int_equal(sqlite3_open(room.path, &database), SQLITE_OK);
    if (sqlite3_exec(database, sql, NULL, NULL, &why) != SQLITE_OK) {
        fail_msg("%s: %s", sql, why);
    }
    sqlite3_close(database);
    room_open();
}

/* ---- acts ------------------------------------------------------------------------------------ */

/* Begins an act of room.now_us with room.request_id. Go on when OK and room.repeated is false. */
static inline enum err room_begin(struct act *act, const struct actor *actor, const char *method)
{
    static struct slice secrets; /* of one act at a time, until it ends */
    secrets = slice_of(room.secrets);
    const struct act_request request = {.actor = actor,
                                        .owner = slice_of(actor == NULL ? "" : actor->suser),
                                        .request_id = slice_of(room.request_id),
                                        .method = slice_of(method),
                                        .parameters = slice_of(room.parameters),
                                        .secrets = &secrets,
                                        .secret_count = room.secrets != NULL,
                                        .now_us = room.now_us};
    room.request_id = NULL;
    room.answer = (struct slice){NULL, 0};
    fault_clear(&room.fault);
    enum err err = act_begin(act, room.ceremonies, &room.arena, &request, &room.fault);
    room.repeated = act->repeated;
    room.answer = act->former_answer;
    return err;
}

static inline bool room_goes_on(enum err err)
{
    return err == OK && !room.repeated;
}

/* What a repeat is told: the reason of a refusal, or "done". */
static inline struct slice room_outcome(enum err err)
{
    return slice_of(err == OK ? "done" : reason_word(room.fault.reason));
}

/* Commits if it was done or its refusal must be told, and ends it. */
static inline enum err room_end(struct act *act, enum err err)
{
    if (room_goes_on(err) || (err != OK && act->refusal)) {
        struct fault why;
        fault_clear(&why);
        enum err committed = act_commit(act, room_outcome(err), &why);
        if (committed != OK) {
            room.fault = why;
            err = committed;
        }
    }
    act_end(act);
    return err;
}

/* ---- events ---------------------------------------------------------------------------------- */

static inline uint64_t room_events(void)
{
    return log_size(room.log);
}

/* Events by number, from the end if negative: -1 is the last one. */
static inline const struct event *room_event(int64_t number)
{
    struct log_reader *reader;
    struct slice record;
    struct event *event;
    struct fault fault = {0};
    uint64_t index = number < 0 ? log_size(room.log) - (uint64_t)-number : (uint64_t)number;
    assert_int_equal(log_reader_open(room.log, &reader), OK);
    assert_int_equal(log_read(reader, index, &record, &fault), OK);
    record = arena_copy(&room.arena, record);
    log_reader_close(reader);
    assert_int_equal(event_decode(&room.arena, record, (int64_t)index, &event, &fault), OK);
    return event;
}

static inline size_t room_count(enum event_id id)
{
    size_t count = 0;
    for (int64_t i = 0; i < (int64_t)room_events(); i++) {
        count += room_event(i)->type == catalogue_type(id);
    }
    return count;
}

static inline void room_expect_event(int64_t number, enum event_id id)
{
    const struct event *event = room_event(number);
    if (event->type != catalogue_type(id)) {
        print_message("event %lld is %.*s\n", (long long)number, (int)event->type->type.length,
                      event->type->type.data);
    }
    assert_ptr_equal(event->type, catalogue_type(id));
}

/* A text field of an event; NULL wanted: it is absent. */
static inline void room_expect_text(int64_t number, enum field_id field, const char *wanted)
{
    const struct event_value *value = event_get(room_event(number), field);
    if (wanted == NULL) {
        assert_null(value);
        return;
    }
    assert_non_null(value);
    if (!slice_is(value->text, wanted)) {
        fail_msg("'%.*s', not '%s'", (int)value->text.length, value->text.data, wanted);
    }
}

static inline void room_expect_integer(int64_t number, enum field_id field, int64_t wanted)
{
    const struct event_value *value = event_get(room_event(number), field);
    assert_non_null(value);
    assert_int_equal(value->integer, wanted);
}

/* ---- the state directory --------------------------------------------------------------------- */

static struct slice room_wanted;
static size_t room_found;

static inline int room_look_at(const char *path, const struct stat *status, int kind,
                               struct FTW *walk)
{
    (void)walk;
    FILE *file = kind == FTW_F ? fopen(path, "rb") : NULL;
    if (file == NULL) {
        return 0;
    }
    char *octets = malloc((size_t)status->st_size + 1);
    size_t left = fread(octets, 1, (size_t)status->st_size, file);
    const char *at = octets;
    const char *found;
    while ((found = memmem(at, left, room_wanted.data, room_wanted.length)) != NULL) {
        left -= (size_t)(found + 1 - at);
        at = found + 1;
        room_found++;
    }
    free(octets);
    fclose(file);
    return 0;
}

/* How often the octets stand in all files of the state directory, the log among them. */
static inline size_t room_holds(const void *octets, size_t length)
{
    room_wanted = (struct slice){octets, length};
    room_found = 0;
    nftw(room.scratch.root, room_look_at, 16, FTW_PHYS);
    return room_found;
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, room_make, room_remove)

#endif
