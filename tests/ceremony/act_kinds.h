/* Every kind of act, once each, on copies of one prepared state directory: for tests that let a
 * process end in the middle, or the log or the database refuse. */
#ifndef TESTS_CEREMONY_ACT_KINDS_H
#define TESTS_CEREMONY_ACT_KINDS_H

#include "tests/ceremony/room_people.h"

#include <fcntl.h>
#include <sys/stat.h>

#define KIND_WITHHELD 1u /* its answer is in no file */
#define KIND_RANDOM 2u   /* draws something: two of it differ */

struct act_kind {
    const char *name;
    void (*set_up)(void);
    enum err (*act)(void);
    const char *outcome; /* what a repeat is told: "done", or the reason of a refusal that is told;
                            NULL: it has no request_id, a repeat is another one */
    size_t events;       /* that the act makes */
    size_t tick_events;  /* of what the daemon does by itself: all that are left; 0: an act */
    unsigned flags;
};

/* ---- what was there before ------------------------------------------------------------------- */

static uint8_t kinds_signature[STATEMENT_SIGNATURE_BYTES];
static char kinds_altered[SLIP39_TEXT_BYTES_MAX + 1];

static inline void set_up_guardians(void)
{
    room_register(3);
    person_make(&room.people[3], "guardian4");
}

static inline void set_up_holder(void)
{
    set_up_guardians();
    room_start(3, 2);
    room_track(3, 2);
}

static inline void set_up_inactive(void)
{
    set_up_guardians();
    room_expect(room_set_active("guardian1", false, "ill"), OK);
}

static inline void set_up_open(void)
{
    set_up_guardians();
    room_start(3, 2);
}

static inline void set_up_viewed(void)
{
    set_up_open();
    for (size_t i = 0; i < 3; i++) {
        room_take(i, false);
    }
    person_sign(&room.people[0], STATEMENT_CONFIRM, kinds_signature);
    rewrite_part(WORDS(1), change_value, kinds_altered);
}

static inline void set_up_one_missing(void)
{
    set_up_viewed();
    room_confirm(1);
    room_confirm(2);
}

static inline void set_up_one_look_missing(void)
{
    set_up_guardians();
    struct ceremony_plan plan = plan_of(3, 2);
    plan.confirm = false;
    room_expect(room_try_start(&plan), OK);
    room_take(1, false);
    room_take(2, false);
}

static inline void set_up_nearly_locked(void)
{
    set_up_viewed();
    room.settings.lock_attempts = 1;
    room_set();
}

static inline void set_up_overdue(void)
{
    set_up_open();
    room.now_us = NOW_US + 31 * DAY_US;
}

static inline void set_up_erase_due(void)
{
    set_up_open();
    room_expect(room_cancel(room.ceremony, "r"), OK);
}

static inline void set_up_tracked(void)
{
    set_up_guardians();
    room_track(3, 2);
}

/* ---- the acts -------------------------------------------------------------------------------- */

static inline enum err act_add(void)
{
    struct guardian_row out;
    const struct guardian_row wanted = row_of(&room.people[3]);
    return room_add(&wanted, &out);
}

static inline enum err act_update(void)
{
    struct guardian_row out;
    const struct guardian_update update = {.login = slice_of("guardian1"),
                                           .name = slice_of("Another Name"),
                                           .public_key = slice_of(room.people[3].public_key)};
    return room_update(&update, &out);
}

static inline enum err act_deactivate(void)
{
    return room_set_active("guardian1", false, "left");
}

static inline enum err act_activate(void)
{
    return room_set_active("guardian1", true, "back");
}

static inline enum err act_start(void)
{
    const struct ceremony_plan plan = plan_of(3, 2);
    return room_try_start(&plan);
}

static inline enum err act_track(void)
{
    struct ceremony_made made;
    const struct ceremony_plan plan = plan_of(3, 2);
    return room_start_or_track(&plan, true, &made);
}

static inline enum err act_cancel(void)
{
    return room_cancel(room.ceremony, "the wrong guardians");
}

static inline enum err act_view(void)
{
    struct part_taken taken;
    return room_try_take(0, room.ceremony, false, &taken);
}

static inline enum err act_download(void)
{
    struct part_taken taken;
    return room_try_take(0, room.ceremony, true, &taken);
}

static inline enum err act_confirm(void)
{
    return room_try_confirm(0, kinds_signature, "paper");
}

static inline enum err act_confirm_wrongly(void)
{
    uint8_t signature[STATEMENT_SIGNATURE_BYTES] = {0};
    return room_try_confirm(0, signature, "");
}

static inline enum err act_recover(void)
{
    struct recovery_outcome out;
    const struct recovery_order order = order_of(PARTS(WORDS(0), WORDS(2)));
    return room_attempt(&order, &out);
}

static inline enum err act_recover_with_too_few(void)
{
    struct recovery_outcome out;
    const struct recovery_order order = order_of(PARTS(WORDS(0)));
    return room_attempt(&order, &out);
}

static inline enum err act_recover_with_altered(void)
{
    struct recovery_outcome out;
    const struct recovery_order order = order_of(PARTS(WORDS(0), kinds_altered));
    return room_attempt(&order, &out);
}

static inline enum err act_record(void)
{
    struct act act;
    const struct recovery_report report = {
        .ceremony = slice_of(room.ceremony), .succeeded = true, .parts_needed = 2, .parts_sent = 2};
    enum err err = room_begin(&act, &operator_actor, "recovery.record");
    if (room_goes_on(err)) {
        err = recovery_record(&act, &report, &room.fault);
    }
    return room_end(&act, err);
}

static inline enum err act_tick(void)
{
    room_tick();
    return OK;
}

static const struct act_kind kinds[] = {
    {"guardian.add", set_up_guardians, act_add, "done", 1, 0, 0},
    {"guardian.update", set_up_guardians, act_update, "done", 1, 0, 0},
    {"guardian.deactivate", set_up_holder, act_deactivate, "done", 3, 0, 0},
    {"guardian.activate", set_up_inactive, act_activate, "done", 1, 0, 0},
    {"ceremony.start", set_up_guardians, act_start, "done", 1, 0, KIND_RANDOM},
    {"ceremony.track", set_up_guardians, act_track, "done", 1, 0, KIND_RANDOM},
    {"ceremony.cancel", set_up_open, act_cancel, "done", 1, 0, 0},
    {"part.view, the first", set_up_open, act_view, NULL, 1, 0, KIND_RANDOM},
    {"part.view", set_up_viewed, act_view, NULL, 1, 0, 0},
    {"part.download", set_up_viewed, act_download, NULL, 1, 0, 0},
    {"part.view, the last", set_up_one_look_missing, act_view, NULL, 2, 0, KIND_RANDOM},
    {"part.confirm", set_up_viewed, act_confirm, "done", 1, 0, 0},
    {"part.confirm, the last", set_up_one_missing, act_confirm, "done", 2, 0, 0},
    {"part.confirm, wrong", set_up_viewed, act_confirm_wrongly, "bad_signature", 1, 0, 0},
    {"recovery.attempt", set_up_viewed, act_recover, "done", 4, 0, KIND_WITHHELD},
    {"recovery.attempt, too few", set_up_viewed, act_recover_with_too_few, "too_few", 3, 0, 0},
    {"recovery.attempt, altered", set_up_viewed, act_recover_with_altered, "altered", 4, 0, 0},
    {"recovery.attempt, locks", set_up_nearly_locked, act_recover_with_altered, "altered", 5, 0, 0},
    {"recovery.record", set_up_tracked, act_record, "done", 1, 0, 0},
    {"expire", set_up_overdue, act_tick, NULL, 1, 2, 0},
    {"parts_erased", set_up_erase_due, act_tick, NULL, 1, 1, 0},
};

#define KINDS (sizeof kinds / sizeof kinds[0])

/* ---- copies ---------------------------------------------------------------------------------- */

static char kinds_home[PATH_MAX]; /* where the state was set up */

static inline void copy_file(const char *from, const char *to)
{
    char octets[65536];
    int source = open(from, O_RDONLY);
    int target = open(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
    ssize_t got;
    assert_true(source >= 0 && target >= 0);
    while ((got = read(source, octets, sizeof octets)) > 0) {
        assert_int_equal(write(target, octets, (size_t)got), got);
    }
    assert_int_equal(got, 0);
    close(source);
    close(target);
}

static inline int copy_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    char target[2 * PATH_MAX];
    (void)status;
    (void)walk;
    snprintf(target, sizeof target, "%.4000s%s", room.scratch.root, path + strlen(kinds_home));
    if (kind == FTW_D && strcmp(path, kinds_home) != 0) {
        assert_int_equal(mkdir(target, 0700), 0);
    } else if (kind == FTW_F) {
        copy_file(path, target);
    }
    return 0;
}

/* The closed room lives in a folder of its own below the scratch. */
static inline void kinds_move(const char *root)
{
    snprintf(room.scratch.root, sizeof room.scratch.root, "%s", root);
    snprintf(room.scratch.log, sizeof room.scratch.log, "%.4000s/log", root);
    snprintf(room.path, sizeof room.path, "%.4000s/guardian.db", root);
    room.log_options.directory = room.scratch.log;
    assert_int_equal(mkdir(root, 0700), 0);
}

static char kinds_top[PATH_MAX];
static unsigned kinds_copies;

/* Sets the state up, for the copies to be made of. */
static inline void kinds_set_up(const struct act_kind *kind)
{
    char root[PATH_MAX];
    room_close();
    snprintf(root, sizeof root, "%.4000s/%u", kinds_top, kinds_copies++);
    kinds_move(root);
    memcpy(kinds_home, root, sizeof kinds_home);
    for (size_t i = 0; i < PEOPLE_MAX; i++) {
        secret_free(room.people[i].key);
        room.people[i].key = NULL;
    }
    arena_reset(&room.arena);
    room.now_us = NOW_US;
    room.settings.lock_attempts = 5;
    room_open();
    kind->set_up();
    room_close();
}

/* A fresh copy of it; the room is closed. */
static inline void kinds_copy(void)
{
    char root[PATH_MAX];
    snprintf(root, sizeof root, "%.4000s/%u", kinds_top, kinds_copies++);
    kinds_move(root);
    nftw(kinds_home, copy_one, 16, FTW_PHYS);
}

static inline int kinds_make(void **state)
{
    int result = room_make(state);
    memcpy(kinds_top, room.scratch.root, sizeof kinds_top);
    return result;
}

static inline int kinds_remove(void **state)
{
    memcpy(room.scratch.root, kinds_top, sizeof kinds_top);
    return room_remove(state);
}

/* ---- looks ----------------------------------------------------------------------------------- */

static inline void dump_table(sqlite3 *database, const char *table, struct buffer *out)
{
    char sql[128];
    sqlite3_stmt *statement;
    snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY rowid", table);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        buffer_append_format(out, "\n%s", table);
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            char *hex = malloc(2 * (size_t)sqlite3_column_bytes(statement, i) + 1);
            const uint8_t *octets = sqlite3_column_blob(statement, i);
            sodium_bin2hex(hex, 2 * (size_t)sqlite3_column_bytes(statement, i) + 1, octets,
                           (size_t)sqlite3_column_bytes(statement, i));
            buffer_append_format(out, " %d:", sqlite3_column_type(statement, i));
            buffer_append_text(out, hex);
            free(hex);
        }
    }
    sqlite3_finalize(statement);
}

/* All that the closed room's database holds, as text; what waits is counted. Owned by the caller.
 */
static inline char *kinds_dump(size_t *out_waiting)
{
    static const char *const tables[] = {"meta",           "guardian", "ceremony", "part",
                                         "bad_submission", "lock",     "request"};
    sqlite3 *database;
    sqlite3_stmt *statement;
    struct buffer out;
    buffer_init(&out, 16u << 20);
    assert_int_equal(sqlite3_open(room.path, &database), SQLITE_OK);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        dump_table(database, tables[i], &out);
    }
    assert_int_equal(
        sqlite3_prepare_v2(database, "SELECT count(*) FROM pending", -1, &statement, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    *out_waiting = (size_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    char *text = calloc(1, out.length + 1);
    memcpy(text, out.data, out.length);
    buffer_done(&out);
    return text;
}

/* ---- repeats --------------------------------------------------------------------------------- */

static inline enum err kinds_act(const struct act_kind *kind)
{
    room.request_id = kind->outcome == NULL ? NULL : "r1";
    room.parameters = "{}";
    return kind->act();
}

/* Events of the whole of it. */
static inline size_t kinds_events(const struct act_kind *kind)
{
    return kind->tick_events > 0 ? kind->tick_events : kind->events;
}

/* It is done, now and for the first time. */
static inline void kinds_expect_now(const struct act_kind *kind)
{
    uint64_t before = room_events();
    enum err err = kinds_act(kind);
    bool fine = kind->outcome == NULL || strcmp(kind->outcome, "done") == 0;
    room_expect(err, fine ? OK : ERR_PARTS);
    assert_int_equal(room_events(), before + kinds_events(kind));
    assert_true(kind->tick_events > 0 || !room.repeated);
    if (!fine) {
        assert_string_equal(reason_word(room.fault.reason), kind->outcome);
    }
}

/* It was done, and is not done again. */
static inline void kinds_expect_repeat(const struct act_kind *kind, bool same_process)
{
    uint64_t before = room_events();
    if (kind->outcome == NULL) {
        return;
    }
    enum err err = kinds_act(kind);
    assert_int_equal(room_events(), before);
    if ((kind->flags & KIND_WITHHELD) != 0 && !same_process) {
        room_expect_fault(err, ERR_WRONG_STATE, REASON_answer_gone, "/request_id");
        return;
    }
    room_expect(err, OK);
    assert_true(room.repeated);
    assert_true(slice_is(room.answer, kind->outcome));
}

#define WITH_KINDS(test) cmocka_unit_test_setup_teardown(test, kinds_make, kinds_remove)

#endif
