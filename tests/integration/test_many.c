/* What many ceremonies must not break: the lists, and with them every command that names one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/integration/people.h"

/* 600 open ceremonies of 16 guardians, each part with as much sealed as there can be. */
static const char many[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 16) "
    "INSERT INTO guardian (login, active, added_us) SELECT format('u%02d', i), 1, 1 FROM n;"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) "
    "INSERT INTO ceremony (id, name, kind, state, threshold, count, bits, confirm, all_required, "
    "rehearsal, tracked, imported, identifier, check_value, started_by, started_us, expires_us) "
    "SELECT format('6f1a3c52-8d0e-4b7a-9c21-%012d', i), 'Vault', 'raw', 'open', 2, 16, 256, 1, 0, "
    "0, 0, 0, i, 'mkcheck1', 'jsilva', i, 0 FROM n;"
    "INSERT INTO part (ceremony, number, guardian, header, public_part, sealed) "
    "SELECT ceremony.id, cast(substr(login, 2) AS INTEGER), login, zeroblob(5), zeroblob(32), "
    "zeroblob(2096) FROM ceremony, guardian;";

static void insert_many(const struct harness *h)
{
    char path[400];
    sqlite3 *database = NULL;
    snprintf(path, sizeof path, "%s/guardian.db", h->directory);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    if (sqlite3_exec(database, many, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s", sqlite3_errmsg(database));
    }
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void many_ceremonies_are_listed(void **state)
{
    (void)state;
    struct harness h;
    harness_start(&h, NULL);
    harness_terminate(&h);
    insert_many(&h);
    harness_restart(&h);
    const struct json *list =
        json_member(harness_result(&h, "ceremony.list", "{" OPERATOR "}"), "ceremonies");
    assert_int_equal(list->count, 600);
    assert_int_equal(json_member(list->child, "parts")->count, 16);
    assert_true(harness_text_is(list->child, "ceremony", "6f1a3c52-8d0e-4b7a-9c21-000000000001"));
    list = json_member(harness_result(&h, "guardian.list", "{" OPERATOR "}"), "guardians");
    assert_int_equal(list->count, 16);
    assert_true(harness_text_is(list->child, "ceremony", "6f1a3c52-8d0e-4b7a-9c21-000000000600"));
    assert_true(harness_text_is(list->child, "part_status", "pending"));
    harness_stop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many_ceremonies_are_listed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
