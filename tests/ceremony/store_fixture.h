/* What the tests of the store share: a private folder with a log and a database, and acts on it. */
#ifndef TESTS_CEREMONY_STORE_FIXTURE_H
#define TESTS_CEREMONY_STORE_FIXTURE_H

#include "tests/audit/log/scratch.h"

#include "audit/base/memory.h"
#include "ceremony/change_read.h"
#include "ceremony/store.h"

#define NOW_US INTEGER_US(1764000000)
#define INTEGER_US(seconds) (INT64_C(1000000) * (seconds))

struct fixture {
    struct scratch scratch;
    char path[PATH_MAX + 16];
    struct log *log;
    struct store *store;
    struct arena arena;
    unsigned acts;
};

static struct fixture fixture;

/* ---- open, close ----------------------------------------------------------------------------- */

static inline void fixture_open_log(void)
{
    struct log_options options = scratch_options(&fixture.scratch);
    fixture.log = scratch_open(&options, NULL);
}

/* The store of the open log; the result, with what was said in the fault. */
static inline enum err fixture_try_store(bool new_database, struct fault *fault)
{
    fault_clear(fault);
    return store_open(fixture.path, fixture.log, new_database, &fixture.store, fault);
}

static inline void fixture_open_store(void)
{
    struct fault fault;
    enum err err = fixture_try_store(false, &fault);
    if (err != OK) {
        print_message("%s: %s\n", err_text(err), fault.sentence);
    }
    assert_int_equal(err, OK);
}

static inline void fixture_close_store(void)
{
    store_close(fixture.store);
    fixture.store = NULL;
}

static inline void fixture_close(void)
{
    fixture_close_store();
    log_close(fixture.log);
    fixture.log = NULL;
}

static inline void fixture_reopen(void)
{
    fixture_close();
    fixture_open_log();
    fixture_open_store();
}

/* A folder; nothing in it yet. */
static inline int fixture_make_folder(void **state)
{
    (void)state;
    memset(&fixture, 0, sizeof fixture);
    scratch_make(&fixture.scratch);
    snprintf(fixture.path, sizeof fixture.path, "%s/guardian.db", fixture.scratch.root);
    arena_init(&fixture.arena, 16u << 20);
    return 0;
}

static inline int fixture_make(void **state)
{
    fixture_make_folder(state);
    fixture_open_log();
    fixture_open_store();
    return 0;
}

static inline int fixture_remove(void **state)
{
    (void)state;
    memory_fail_from(0);
    fixture_close();
    arena_done(&fixture.arena);
    scratch_remove(&fixture.scratch);
    return 0;
}

/* ---- changes --------------------------------------------------------------------------------- */

static inline struct change_value text_value(const char *text)
{
    return (struct change_value){.kind = 't', .octets = slice_of(text)};
}

static inline struct change_value octets_value(struct slice octets)
{
    return (struct change_value){.kind = 'b', .octets = octets};
}

static inline struct change_value integer_value(int64_t integer)
{
    return (struct change_value){.kind = 'i', .integer = integer};
}

#define T(text) text_value(text)
#define B(text) octets_value((struct slice){text, sizeof(text) - 1})
#define O(octets) octets_value(octets)
#define I(number) integer_value(number)
#define NONE ((struct change_value){.kind = 'n'})

static inline void write_step(struct change *change, enum change_kind step,
                              const struct change_value *values)
{
    change_step(change, step);
    for (size_t i = 0; i < strlen(change_kinds(step)); i++) {
        switch (values[i].kind) {
        case 't':
            change_text(change, values[i].octets);
            break;
        case 'b':
            change_octets(change, values[i].octets.data, values[i].octets.length);
            break;
        case 'i':
            change_integer(change, values[i].integer);
            break;
        default:
            change_null(change);
            break;
        }
    }
}

#define STEP(change, step, ...) write_step(change, step, (const struct change_value[]){__VA_ARGS__})

static inline void add_guardian(struct change *change, const char *login, const char *key)
{
    STEP(change, CHANGE_GUARDIAN_ADD, T(login), T("7"), T("A Name"), NONE, NONE, T("User"), T(key),
         I(1), I(NOW_US));
}

static inline void add_ceremony(struct change *change, const char *id, int64_t identifier,
                                int64_t started_us)
{
    STEP(change, CHANGE_CEREMONY_ADD, T(id), T("Vault"), T("age"), I(2), I(3), I(256), I(1), I(0),
         I(0), I(0), I(0), I(identifier), T("age1check"), T("age1recipient"), T("key"), T("jsilva"),
         I(started_us), I(0), T("open"));
}

static inline void add_part(struct change *change, const char *ceremony, int64_t number,
                            const char *login, struct slice sealed)
{
    STEP(change, CHANGE_PART_ADD, T(ceremony), I(number), T(login), B("\0\1\2\3\4"),
         B("a public key of thirty-two octets"), T("age1guardian"), O(sealed));
}

/* ---- acts ------------------------------------------------------------------------------------ */

static inline void event_of(unsigned number, char out[STORE_EVENT_BYTES + 1])
{
    snprintf(out, STORE_EVENT_BYTES + 1, "6f1a3c52-8d0e-4b7a-9c21-%012u", number);
}

/* The next act, with that change and no request. */
static inline struct store_act next_act(const struct change *change)
{
    struct store_act act = {.change = change, .now_us = NOW_US};
    event_of(++fixture.acts, act.event);
    act.log_size = log_size(fixture.log);
    return act;
}

/* Makes an event durable; its index. */
static inline uint64_t emit(const char *event)
{
    char record[256];
    int length = snprintf(record, sizeof record,
                          "{\"time\":\"2026-11-24T17:49:41.123456Z\",\"type\":\"guardian.added\","
                          "\"event\":\"%s\",\"sname\":\"A Name\"}",
                          event);
    struct log_entry entry = {.record = {record, (size_t)length}};
    struct log_range range;
    struct fault fault;
    log_leaf_hash(entry.record, entry.leaf_hash);
    assert_int_equal(log_append(fixture.log, &entry, 1, NULL, true, &range, &fault), OK);
    return range.first;
}

static inline void expect_ok(enum err err, const struct fault *fault)
{
    if (err != OK) {
        print_message("%s: %s\n", err_text(err), fault->sentence);
    }
    assert_int_equal(err, OK);
}

static inline void prepare(const struct store_act *act)
{
    struct fault fault = {0};
    expect_ok(store_prepare(fixture.store, act, &fault), &fault);
}

static inline void apply(const char *event, uint64_t index)
{
    struct fault fault = {0};
    expect_ok(store_apply(fixture.store, event, index, &fault), &fault);
}

/* The whole way. Frees the change. */
static inline void commit(struct change *change)
{
    struct store_act act = next_act(change);
    prepare(&act);
    apply(act.event, emit(act.event));
    change_done(change);
}

/* ---- looks ----------------------------------------------------------------------------------- */

static inline bool has_guardian(const char *login)
{
    struct guardian_row row;
    struct fault fault = {0};
    enum err err = store_guardian(fixture.store, &fixture.arena, slice_of(login), &row, &fault);
    assert_true(err == OK || err == ERR_NOT_FOUND);
    return err == OK;
}

static inline struct part_row part_of(const char *ceremony, const char *login)
{
    struct part_row row = {.number = -1};
    struct fault fault = {0};
    expect_ok(store_part_of_guardian(fixture.store, &fixture.arena, slice_of(ceremony),
                                     slice_of(login), &row, &fault),
              &fault);
    return row;
}

#endif
