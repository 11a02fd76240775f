/* guardianctl as operator and guardians use it for a ceremony, against a real daemon. */
#include "tests/integration/client_people.h"

#include <fcntl.h>

/* ---- for whom ---- */

static void without_as_a_workflow_is_told_to_say_for_whom(void **state)
{
    struct harness *h = *state;
    client(h, "guardian list", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "--as LOGIN[:ID:NAME:PRIVILEGE]");
    client(h, "--json guardian list", "");
    assert_true(harness_text_is(error_object(h), "reason", "missing_parameter"));
    client(h, "--from 192.0.2.1 guardian list", "");
    assert_int_equal(run.status, 2);
    client(h, "--as :7:x guardian list", "");
    assert_int_equal(run.status, 2);
    expect_in(run.err, "--as takes LOGIN");
}

static const struct json *last_entry(struct harness *h, const char *type)
{
    char arguments[200];
    snprintf(arguments, sizeof arguments, "--json audit query --type %s", type);
    ctl_done(h, arguments);
    const struct json *entries = json_member(document(h), "entries");
    const struct json *last = entries->child;
    assert_non_null(last);
    for (; last->next != NULL; last = last->next) {
    }
    return last;
}

static void the_trail_says_who_and_from_where(void **state)
{
    struct harness *h = *state;
    register_three(h);
    const struct json *entry = last_entry(h, "guardian.added");
    assert_true(harness_text_is(entry, "suser", "boss"));
    assert_true(harness_text_is(entry, "suid", "1"));
    assert_true(harness_text_is(entry, "sname", "The Boss"));
    assert_true(harness_text_is(entry, "spriv", "Administrator"));
    assert_true(harness_text_is(entry, "originIP", "200.160.2.3"));
    /* a guardian's own entry fills what is left out; for others the login must do */
    ctl_done(h, "--as ana --json emit --type information.viewed information=x");
    entry = last_entry(h, "information.viewed");
    assert_true(harness_text_is(entry, "suid", "10"));
    assert_true(harness_text_is(entry, "sname", "Name of ana"));
    assert_true(harness_text_is(entry, "spriv", "User"));
    ctl_done(h, "--as nobody::'No Body' --json emit --type information.viewed information=x");
    entry = last_entry(h, "information.viewed");
    assert_true(harness_text_is(entry, "suid", "nobody"));
    assert_true(harness_text_is(entry, "sname", "No Body"));
}

/* ---- guardians ---- */

static void guardians_are_added_shown_changed_and_put_to_rest(void **state)
{
    struct harness *h = *state;
    char key[KEY_PUBLIC_TEXT + 1];
    char text[300];
    register_three(h);
    ctl_done(h, BOSS "guardian list");
    expect_in(run.out, "Name of max");
    make_key_file(h, "new.age", key);
    snprintf(text, sizeof text,
             BOSS "guardian update max --public-key %s --email max@example.org --reason moved",
             key);
    ctl_done(h, text);
    expect_in(run.out, "max@example.org");
    ctl_done(h, BOSS "guardian show max");
    snprintf(text, sizeof text, "fingerprint  %.4s %.4s %.4s %.4s\n", key + 4, key + 8, key + 12,
             key + 16);
    expect_in(run.out, text);
    expect_in(run.out, "by voice");
    ctl_done(h, BOSS "guardian deactivate max --reason 'on leave'");
    expect_in(run.out, "status       inactive");
    ctl_done(h, BOSS "--json guardian show max");
    assert_true(harness_text_is(document(h), "user_status", "inactive"));
    ctl_done(h, BOSS "guardian activate max");
    expect_in(run.out, "status       active");
    client(h, BOSS "guardian show nobody", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "guardianctl guardian list");
    client(h, BOSS "guardian add eve --id 3", "");
    assert_int_equal(run.status, 2);
    expect_in(run.err, "--name is wanted");
}

/* ---- ceremonies ---- */

static void a_start_says_what_everybody_does_next(void **state)
{
    struct harness *h = *state;
    register_three(h);
    ctl(h, BOSS "ceremony start --name Root --threshold 3 --guardians ana,max,taro --kind age", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "--all-required");
    ctl_done(h, BOSS "ceremony start --name Root --threshold 3 --guardians ana,max,taro --kind age "
                     "--all-required --expires 2d");
    expect_in(run.out, "recipient    age1");
    expect_in(run.out, "WARNING      All parts are needed");
    expect_in(run.out, "--as max part download ");
    expect_in(run.out, "--as boss ceremony watch ");
    expect_in(run.out, "age -r age1");
    ctl(h,
        BOSS "ceremony start --name R --threshold 2 --guardians ana,max,taro --kind age "
             "--expires soon",
        "");
    assert_int_equal(run.status, 2);
    ctl(h, BOSS "ceremony start --name R --threshold two --guardians ana,max --kind age", "");
    assert_int_equal(run.status, 2);
    expect_in(run.err, "--threshold takes a number, not 'two'");
}

static void a_ceremony_is_found_by_id_beginning_or_name(void **state)
{
    struct harness *h = *state;
    char arguments[200];
    register_three(h);
    start_ceremony(h, "--threshold 2 --kind raw --bits 128");
    ctl_done(h, BOSS "ceremony status @c");
    expect_in(run.out, "any 2 of 3 open the key");
    expect_in(run.out, "check value  mkcheck1");
    snprintf(arguments, sizeof arguments, BOSS "--json ceremony status %.8s", ceremony);
    ctl_done(h, arguments);
    assert_true(harness_text_is(document(h), "ceremony", ceremony));
    ctl_done(h, BOSS "ceremony status Root");
    ctl(h, BOSS "ceremony status Roo", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "guardianctl ceremony list");
    start_ceremony(h, "--threshold 2 --kind age");
    ctl(h, BOSS "ceremony status Root", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "2 ceremonies are called Root");
    ctl_done(h, BOSS "ceremony list");
    expect_in(run.out, "2 of 3");
}

static void all_live_parts_of_a_guardian_are_shown(void **state)
{
    struct harness *h = *state;
    char line[200];
    register_three(h);
    start_ceremony(h, "--threshold 2 --kind age");
    snprintf(line, sizeof line, "live parts   Root (%.8s, open): part 2, ", ceremony);
    start_ceremony(h, "--threshold 2 --kind age");
    ctl_done(h, BOSS "guardian list");
    expect_in(run.out, " LIVE ");
    const char *max = strstr(run.out, "\nmax ");
    assert_non_null(max);
    assert_non_null(strstr(max, " 2    open "));
    ctl_done(h, BOSS "guardian show max");
    expect_in(run.out, line);
    ctl_done(h, BOSS "ceremony cancel @c --reason test");
    ctl_done(h, BOSS "guardian deactivate max");
    expect_in(run.out, line);
    assert_null(strstr(run.out, "             Root"));
    expect_in(run.out, "An open ceremony waits for this guardian in vain");
}

static void the_trail_of_a_ceremony_is_found_by_its_name(void **state)
{
    struct harness *h = *state;
    register_three(h);
    start_ceremony(h, "--threshold 2 --kind age");
    static const char *const ways[] = {
        "--as boss --json audit query --ceremony Root",
        "--as boss --json audit query --ceremony $(echo @c | cut -c1-4)",
        "--json audit query --ceremony @c"};
    for (size_t i = 0; i < 3; i++) {
        ctl_done(h, ways[i]);
        assert_int_equal(json_member(document(h), "entries")->count, 1);
    }
    static const char *const slips[] = {
        "--as boss audit query --ceremony Rooot", "--as boss --json audit query --ceremony Rooot",
        "--as boss audit query --ceremony 00000000-0000-4000-8000-000000000000",
        "audit query --ceremony Root"};
    for (size_t i = 0; i < 4; i++) {
        ctl(h, slips[i], "");
        assert_int_equal(run.status, 1);
        assert_string_equal(run.out, "");
        expect_in(run.err, "No entry is about a ceremony ");
    }
    expect_in(run.err, "guardianctl --as LOGIN audit query");
    start_ceremony(h, "--threshold 2 --kind age");
    ctl(h, "--as boss audit query --ceremony Root", "");
    expect_in(run.err, "2 ceremonies are called Root: give the id");
    ctl_done(h, "emit --type master_key.ceremony_started suser=eve suid=1 sname=E spriv=A "
                "ceremony=elsewhere");
    ctl_done(h, "--as boss --json audit query --ceremony elsewhere");
    assert_int_equal(json_member(document(h), "entries")->count, 1);
}

static void blanks_between_guardians_are_passed_over(void **state)
{
    struct harness *h = *state;
    register_three(h);
    ctl_done(h, BOSS "--json ceremony start --name Root --guardians ' ana, max , taro' --threshold "
                     "2 --kind age");
    assert_int_equal(json_member(document(h), "parts")->count, 3);
}

static void a_watch_ends_with_the_ceremony(void **state)
{
    struct harness *h = *state;
    char out[400];
    char arguments[200];
    register_three(h);
    start_ceremony(h, "--threshold 2 --kind age");
    path_in(h, "watched", out);
    snprintf(arguments, sizeof arguments, BOSS "ceremony watch %s", ceremony);
    int nothing = open("/dev/null", O_RDONLY);
    pid_t watch = start_client(h, arguments, nothing, out);
    close(nothing);
    harness_wait_text(out, "taro             pending");
    ctl_done(h, "--as max --json part view @c --key @d/max.age --passphrase-file @d/pw");
    harness_wait_text(out, "max              viewed");
    ctl_done(h, BOSS "ceremony cancel Root --reason 'another plan'");
    assert_int_equal(end_of(watch), 1);
    char *text = harness_read_file(out);
    expect_in(text, "the ceremony is cancelled: another plan\n");
    free(text);
    ctl(h, "--as ana part view @c --key @d/ana.age --passphrase-file @d/pw", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "(ceremony_cancelled");
}

static void a_ceremony_of_another_system_is_tracked(void **state)
{
    struct harness *h = *state;
    register_three(h);
    ctl_done(h, BOSS
             "--json ceremony track --name PAM --threshold 2 --guardians ana,max --all-required");
    copy_member(document(h), "ceremony", ceremony, sizeof ceremony);
    ctl_done(h, "--as ana part view PAM");
    expect_in(run.out, "another system");
    ctl(h, "--as ana part confirm PAM", "words");
    assert_int_equal(run.status, 1);
    ctl_done(h, "--as max part view @c");
    ctl_done(h, BOSS "ceremony watch PAM");
    expect_in(run.out, "the ceremony is completed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_as_a_workflow_is_told_to_say_for_whom, start, stop),
        cmocka_unit_test_setup_teardown(the_trail_says_who_and_from_where, start, stop),
        cmocka_unit_test_setup_teardown(guardians_are_added_shown_changed_and_put_to_rest, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_start_says_what_everybody_does_next, start, stop),
        cmocka_unit_test_setup_teardown(a_ceremony_is_found_by_id_beginning_or_name, start, stop),
        cmocka_unit_test_setup_teardown(the_trail_of_a_ceremony_is_found_by_its_name, start, stop),
        cmocka_unit_test_setup_teardown(blanks_between_guardians_are_passed_over, start, stop),
        cmocka_unit_test_setup_teardown(all_live_parts_of_a_guardian_are_shown, start, stop),
        cmocka_unit_test_setup_teardown(a_watch_ends_with_the_ceremony, start, stop),
        cmocka_unit_test_setup_teardown(a_ceremony_of_another_system_is_tracked, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
