/* Who is calling: uid to peer, role words, globs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit/base/clock.h"
#include "audit/base/glob.h"
#include "ipc/daemon/access.h"
#include "ipc/daemon/config.h"

static struct access_entry entries[] = {
    {.uid = 1000,
     .roles = ROLE_PRODUCER,
     .login = "app",
     .id = "7",
     .name = "The Application",
     .privilege = "User",
     .types = {"session.*"},
     .type_count = 1},
    {.uid = 0,
     .roles = ROLE_OPERATOR | ROLE_AUDITOR,
     .login = "ops",
     .id = "0",
     .name = "ops",
     .privilege = "Administrator",
     .defaults = ACCESS_NAME_DEFAULT},
    {.by_listener = true, .listener = "tls", .uid = 2000, .roles = ROLE_WORKFLOW, .login = "pam"},
};
static const struct config config = {.access = entries, .access_count = 3};

static void a_listed_uid_is_the_peer_of_its_entry(void **state)
{
    (void)state;
    struct peer peer;
    access_identify(&config, 1000, &peer);
    assert_int_equal(peer.roles, ROLE_PRODUCER);
    assert_int_equal(peer.uid, 1000);
    assert_string_equal(peer.login, "app");
    assert_string_equal(peer.id, "7");
    assert_string_equal(peer.name, "The Application");
    assert_string_equal(peer.privilege, "User");
    assert_string_equal(peer.address, "");
    assert_ptr_equal(peer.entry, &entries[0]);
    access_identify(&config, 0, &peer);
    assert_int_equal(peer.roles, ROLE_OPERATOR | ROLE_AUDITOR);
    assert_string_equal(peer.login, "ops");
    assert_ptr_equal(peer.entry, &entries[1]);
    assert_int_equal(peer.defaults, ACCESS_NAME_DEFAULT);
}

static void an_unlisted_uid_is_nobody_with_its_number_for_the_audit(void **state)
{
    (void)state;
    struct peer peer;
    memset(&peer, 0xff, sizeof peer);
    access_identify(&config, 4294967294, &peer);
    assert_int_equal(peer.roles, 0);
    assert_null(peer.entry);
    assert_int_equal(peer.uid, 4294967294);
    assert_string_equal(peer.login, "uid 4294967294");
    assert_string_equal(peer.id, "4294967294");
    assert_string_equal(peer.address, "");
}

static void a_uid_that_is_not_known_is_nobody(void **state)
{
    (void)state;
    struct access_entry broken = {.uid = UINT32_MAX, .roles = ROLE_OPERATOR, .login = "x"};
    const struct config with_broken = {.access = &broken, .access_count = 1};
    struct peer peer;
    access_identify(&with_broken, UINT32_MAX, &peer);
    assert_int_equal(peer.roles, 0);
    assert_null(peer.entry);
}

static void an_entry_of_a_listener_is_nobodys_uid(void **state)
{
    (void)state;
    struct peer peer;
    access_identify(&config, 2000, &peer);
    assert_int_equal(peer.roles, 0);
}

static void an_empty_table_knows_nobody_not_even_root(void **state)
{
    (void)state;
    const struct config empty = {.access_count = 0};
    struct peer peer;
    access_identify(&empty, 0, &peer);
    assert_int_equal(peer.roles, 0);
}

static void role_words_go_both_ways(void **state)
{
    (void)state;
    static const enum role roles[] = {ROLE_OPERATOR, ROLE_GUARDIAN, ROLE_WORKFLOW, ROLE_PRODUCER,
                                      ROLE_AUDITOR};
    static const char *const words[] = {"operator", "guardian", "workflow", "producer", "auditor"};
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(role_word(roles[i]), words[i]);
        assert_int_equal(role_from_word(words[i]), roles[i]);
    }
    assert_int_equal(role_from_word("Operator"), 0);
    assert_int_equal(role_from_word("operator "), 0);
    assert_int_equal(role_from_word("nobody"), 0);
    assert_int_equal(role_from_word(""), 0);
}

/* The order of ipc/daemon/access.h: workflow, operator, producer, auditor, guardian. */
static void the_foremost_role_is_the_most_telling(void **state)
{
    (void)state;
    assert_string_equal(role_foremost(31), "workflow");
    assert_string_equal(role_foremost(31 & ~ROLE_WORKFLOW), "operator");
    assert_string_equal(role_foremost(ROLE_PRODUCER | ROLE_AUDITOR | ROLE_GUARDIAN), "producer");
    assert_string_equal(role_foremost(ROLE_AUDITOR | ROLE_GUARDIAN), "auditor");
    assert_string_equal(role_foremost(ROLE_GUARDIAN), "guardian");
    assert_string_equal(role_foremost(0), "nobody");
}

static bool matches(const char *glob, const char *text)
{
    return glob_match(slice_of(glob), slice_of(text));
}

static void a_glob_covers_the_whole_text_or_not_at_all(void **state)
{
    (void)state;
    assert_true(matches("session.*", "session.started"));
    assert_false(matches("session.*", "sessions.started"));
    assert_true(matches("*", ""));
    assert_false(matches("", "x"));
    assert_true(matches("master_key.part_?iewed", "master_key.part_viewed"));
    assert_true(
        glob_match(slice_of("abc"),
                   (struct slice){"abcdef", 3})); /* the text ends by its length, not by a NUL */
}

static void a_glob_of_many_stars_does_not_hang(void **state)
{
    (void)state;
    int64_t before = clock_boot_ms();
    assert_false(
        matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ab",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    assert_true(clock_boot_ms() - before < 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listed_uid_is_the_peer_of_its_entry),
        cmocka_unit_test(an_unlisted_uid_is_nobody_with_its_number_for_the_audit),
        cmocka_unit_test(a_uid_that_is_not_known_is_nobody),
        cmocka_unit_test(an_entry_of_a_listener_is_nobodys_uid),
        cmocka_unit_test(an_empty_table_knows_nobody_not_even_root),
        cmocka_unit_test(role_words_go_both_ways),
        cmocka_unit_test(the_foremost_role_is_the_most_telling),
        cmocka_unit_test(a_glob_covers_the_whole_text_or_not_at_all),
        cmocka_unit_test(a_glob_of_many_stars_does_not_hang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
