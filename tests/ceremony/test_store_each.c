/* Visiting ceremonies one by one: as many as there may be, the memory is that of one. */
#include "tests/ceremony/store_fixture.h"

#define MANY 400
#define MOST_PARTS 16
#define AT_ONCE 10 /* of a change, which has its bounds */

static void make_many(void)
{
    static char sealed[1024];
    struct change change;
    memset(sealed, 's', sizeof sealed);
    change_init(&change);
    for (int i = 0; i < MOST_PARTS; i++) {
        char login[16];
        char key[16];
        snprintf(login, sizeof login, "u%02d", i);
        snprintf(key, sizeof key, "age1%d", i);
        add_guardian(&change, login, key);
    }
    commit(&change);
    for (int i = 0; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof id, "c%03d", i);
        if (i % AT_ONCE == 0) {
            change_init(&change);
        }
        add_ceremony(&change, id, i, i);
        for (int number = 1; number <= MOST_PARTS; number++) {
            char login[16];
            snprintf(login, sizeof login, "u%02d", number - 1);
            add_part(&change, id, number, login, (struct slice){sealed, sizeof sealed});
        }
        if (i % AT_ONCE == AT_ONCE - 1) {
            commit(&change);
        }
    }
}

struct visits {
    struct arena *arena;
    int count;
    int last; /* the visit that ends them */
};

static enum err visit_one(void *context, const struct ceremony_row *row, struct fault *fault)
{
    struct visits *visits = context;
    struct part_rows parts;
    char id[16];
    snprintf(id, sizeof id, "c%03d", visits->count);
    assert_true(slice_is(row->id, id));
    expect_ok(store_part_states(fixture.store, visits->arena, row->id, &parts, fault), fault);
    assert_int_equal(parts.count, MOST_PARTS);
    assert_int_equal(parts.rows[MOST_PARTS - 1].sealed.length, 0);
    return ++visits->count == visits->last
               ? fault_set(fault, ERR_PARTS, REASON_altered, NULL, "Enough.")
               : OK;
}

static void the_memory_of_a_visit_does_not_grow_with_the_ceremonies(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct arena arena;
    struct visits visits = {.arena = &arena};
    const struct slice holder = slice_of("u07");
    const struct slice nobody = slice_of("nobody");
    make_many();
    arena_init(&arena, 16384);
    expect_ok(store_each_ceremony(fixture.store, &arena, NULL, visit_one, &visits, &fault), &fault);
    assert_int_equal(visits.count, MANY);
    visits.count = 0;
    expect_ok(store_each_ceremony(fixture.store, &arena, &holder, visit_one, &visits, &fault),
              &fault);
    assert_int_equal(visits.count, MANY);
    visits = (struct visits){.arena = &arena, .last = 3};
    assert_int_equal(store_each_ceremony(fixture.store, &arena, NULL, visit_one, &visits, &fault),
                     ERR_PARTS);
    assert_int_equal(visits.count, 3);
    assert_string_equal(fault.sentence, "Enough.");
    expect_ok(store_each_ceremony(fixture.store, &arena, &nobody, visit_one, &visits, &fault),
              &fault);
    assert_int_equal(visits.count, 3);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_memory_of_a_visit_does_not_grow_with_the_ceremonies,
                                        fixture_make, fixture_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
