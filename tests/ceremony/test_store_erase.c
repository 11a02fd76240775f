/* What was erased is in none of the files. */
#include "tests/ceremony/store_fixture.h"

#include <sys/stat.h>

#define MARK "<a sealed octet>"
#define OTHER "<another's octet"

static char sealed[2048 + 48];

/* Sealed octets of a length, which are nothing but the mark. */
static struct slice filled_with(const char *mark, size_t length)
{
    assert_true(length <= sizeof sealed && strlen(mark) == 16);
    for (size_t i = 0; i < length; i++) {
        sealed[i] = mark[i % 16];
    }
    return (struct slice){sealed, length};
}

/* How often the text stands in the file; 0 if there is none. */
static size_t count_in(const char *suffix, const char *text)
{
    char path[PATH_MAX + 32];
    struct stat status;
    size_t count = 0;
    snprintf(path, sizeof path, "%s%s", fixture.path, suffix);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return 0;
    }
    assert_int_equal(fstat(fileno(file), &status), 0);
    char *octets = malloc((size_t)status.st_size + 1);
    size_t left = fread(octets, 1, (size_t)status.st_size, file);
    const char *at = octets;
    const char *found;
    while ((found = memmem(at, left, text, strlen(text))) != NULL) {
        left -= (size_t)(found + 1 - at);
        at = found + 1;
        count++;
    }
    free(octets);
    fclose(file);
    return count;
}

static size_t count_in_all(const char *text)
{
    return count_in("", text) + count_in("-wal", text) + count_in("-journal", text) +
           count_in("-shm", text);
}

static void id_of(unsigned number, char out[16])
{
    /* Not in order: rows are put between others, and others move. */
    snprintf(out, 16, "c%06u", number * 7919 % 1000000);
}

static void start_ceremony(unsigned number, const char *mark, size_t length)
{
    char id[16];
    struct change change;
    id_of(number, id);
    change_init(&change);
    add_ceremony(&change, id, number, number);
    for (int64_t part = 1; part <= 5; part++) {
        char login[16];
        snprintf(login, sizeof login, "u%d", (int)part);
        add_part(&change, id, part, login, filled_with(mark, length));
    }
    commit(&change);
}

/* Makes a row longer, so that its page overflows. */
static void use_part(unsigned number, int64_t part)
{
    char id[16];
    struct change change;
    id_of(number, id);
    change_init(&change);
    STEP(&change, CHANGE_PART_VIEWED, I(NOW_US), T(id), I(part));
    STEP(&change, CHANGE_PART_CHALLENGE, B("thirty-two octets of a challenge"), I(NOW_US), T(id),
         I(part));
    commit(&change);
}

static void erase_ceremony(unsigned number)
{
    char id[16];
    struct change change;
    id_of(number, id);
    change_init(&change);
    STEP(&change, CHANGE_PARTS_ERASE, T(id));
    commit(&change);
}

static void add_guardians(void)
{
    struct change change;
    change_init(&change);
    for (int i = 1; i <= 5; i++) {
        char login[16];
        snprintf(login, sizeof login, "u%d", i);
        add_guardian(&change, login, login);
    }
    commit(&change);
}

static void erased_parts_are_in_no_file(void **state)
{
    (void)state;
    struct fault fault = {0};
    add_guardians();
    start_ceremony(1, MARK, sizeof sealed);
    start_ceremony(2, OTHER, sizeof sealed);
    assert_true(count_in_all(MARK) > 500); /* the search finds them where they are */
    erase_ceremony(1);
    assert_true(count_in_all(MARK) > 500); /* in the write-ahead log, still */
    expect_ok(store_truncate(fixture.store, &fault), &fault);
    assert_int_equal(count_in_all(MARK), 0);
    assert_int_equal(count_in("", OTHER), 5 * sizeof sealed / 16);
    assert_int_equal(count_in("-wal", OTHER), 0);
    char id[16];
    id_of(2, id);
    struct part_row kept = part_of(id, "u3");
    assert_true(slice_equal(kept.sealed, filled_with(OTHER, sizeof sealed)));
    id_of(1, id);
    assert_int_equal(part_of(id, "u3").sealed.length, 0);
}

/* Pages split and merge over hundreds of rows, and leave copies behind where rows were: seen with
 * rows of which several have room in a page. */
static void rows_that_moved_leave_no_copies(void **state)
{
    (void)state;
    struct fault fault = {0};
    uint64_t seed = 20261124;
    add_guardians();
    for (unsigned i = 0; i < 100; i++) {
        start_ceremony(i, MARK, 500);
        for (int use = 0; use < 12; use++) {
            use_part((unsigned)(scratch_random(&seed) >> 32) % (i + 1),
                     1 + (int64_t)(scratch_random(&seed) >> 32) % 5);
        }
        if (i % 2 == 0) {
            erase_ceremony((unsigned)(scratch_random(&seed) >> 32) % (i + 1));
        }
    }
    assert_true(count_in_all(MARK) > 0);
    for (unsigned i = 0; i < 100; i++) {
        erase_ceremony(i);
    }
    expect_ok(store_truncate(fixture.store, &fault), &fault);
    assert_int_equal(count_in_all(MARK), 0);
    fixture_reopen();
    assert_int_equal(count_in_all(MARK), 0);
}

static void what_waited_and_was_dropped_leaves_no_copy(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct change change;
    add_guardians();
    change_init(&change);
    add_ceremony(&change, "c1", 1, 1);
    add_part(&change, "c1", 1, "u1", filled_with(MARK, sizeof sealed));
    struct store_act act = next_act(&change);
    prepare(&act);
    assert_true(count_in_all(MARK) > 100);
    expect_ok(store_drop(fixture.store, act.event, &fault), &fault);
    expect_ok(store_truncate(fixture.store, &fault), &fault);
    assert_int_equal(count_in_all(MARK), 0);
    change_done(&change);
}

static void an_answer_that_is_forgotten_leaves_no_copy(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct slice ignored;
    enum store_request_state known;
    struct change change;
    change_init(&change);
    struct store_act act = next_act(&change);
    act.request = (struct store_request){.owner = slice_of("operator/j"), .id = slice_of("r1")};
    act.answer = filled_with(MARK, 1000);
    prepare(&act);
    apply(act.event, emit(act.event));
    expect_ok(store_request_find(fixture.store, &fixture.arena, &act.request,
                                 NOW_US + 2 * STORE_REQUEST_KEPT_US, &known, &ignored, &fault),
              &fault);
    assert_int_equal(known, STORE_REQUEST_NEW);
    expect_ok(store_truncate(fixture.store, &fault), &fault);
    assert_int_equal(count_in_all(MARK), 0);
    change_done(&change);
}

static void an_answer_that_is_withheld_is_never_written(void **state)
{
    (void)state;
    struct change change;
    change_init(&change);
    struct store_act act = next_act(&change);
    act.request = (struct store_request){.owner = slice_of("operator/j"), .id = slice_of("r1")};
    act.answer = filled_with(MARK, 1000);
    act.answer_withheld = true;
    prepare(&act);
    assert_int_equal(count_in_all(MARK), 0);
    apply(act.event, emit(act.event));
    assert_int_equal(count_in_all(MARK), 0);
    change_done(&change);
}

static void truncating_keeps_what_is_there_and_goes_on(void **state)
{
    (void)state;
    struct fault fault = {0};
    add_guardians();
    for (int i = 0; i < 3; i++) {
        expect_ok(store_truncate(fixture.store, &fault), &fault);
        assert_true(has_guardian("u5"));
        erase_ceremony(1);
    }
    fixture_reopen();
    assert_true(has_guardian("u5"));
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, fixture_make, fixture_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STORE(erased_parts_are_in_no_file),
        WITH_STORE(rows_that_moved_leave_no_copies),
        WITH_STORE(what_waited_and_was_dropped_leaves_no_copy),
        WITH_STORE(an_answer_that_is_forgotten_leaves_no_copy),
        WITH_STORE(an_answer_that_is_withheld_is_never_written),
        WITH_STORE(truncating_keeps_what_is_there_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
