/* guardianctl as guardians use it for their parts, and as everybody does at one desk when the key
 * is to come back, against a real daemon. */
#include "tests/integration/client_people.h"

#include <fcntl.h>

#include "tests/terminal.h"

#define KEY_OF(login) " --key @d/" login ".age --passphrase-file @d/pw"

/* Each downloads the part to ana.txt …; returns nothing but files. */
static void download_all(struct harness *h)
{
    char arguments[300];
    for (size_t i = 0; i < 3; i++) {
        snprintf(arguments, sizeof arguments,
                 "--as %s part download @c --key @d/%s.age --passphrase-file @d/pw -o @d/%s.txt",
                 logins[i], logins[i], logins[i]);
        ctl_done(h, arguments);
    }
}

static void confirm_all(struct harness *h)
{
    char arguments[300];
    for (size_t i = 0; i < 3; i++) {
        snprintf(arguments, sizeof arguments, "--as %s part confirm @c --words-file @d/%s.txt",
                 logins[i], logins[i]);
        ctl_done(h, arguments);
    }
}

/* The words of a page in order, out is 1024 octets. */
static void words_of_page(struct harness *h, const char *name, char out[1024])
{
    char *page = read_text_file(h, name);
    const char *at = strstr(page, "\n     1 ");
    assert_non_null(at);
    char words[64][16] = {{0}};
    int number = 0;
    int taken = 0;
    char word[16];
    int highest = 0;
    while (sscanf(at, " %d %15[a-z]%n", &number, word, &taken) == 2 && number > 0 && number < 64) {
        memcpy(words[number], word, sizeof word);
        highest = number > highest ? number : highest;
        at += taken;
    }
    out[0] = '\0';
    for (int i = 1; i <= highest; i++) {
        snprintf(out + strlen(out), 1024 - strlen(out), "%s%s", i == 1 ? "" : " ", words[i]);
    }
    free(page);
}

/* Writes the page of a guardian anew with another word in this place. */
static void spoil(struct harness *h, const char *from, const char *to, int number, const char *word)
{
    char words[1024];
    char out[1100] = "";
    words_of_page(h, from, words);
    char *rest = words;
    for (int i = 1; rest != NULL; i++) {
        char *one = strsep(&rest, " ");
        if (i == number && strcmp(one, word) == 0) {
            word = "acid";
        }
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s%s", i == 1 ? "" : " ",
                 i == number ? word : one);
    }
    write_text_file(h, to, out);
}

static bool exists(struct harness *h, const char *name)
{
    char path[400];
    path_in(h, name, path);
    return access(path, F_OK) == 0;
}

/* ---- parts ---- */

static void a_part_is_viewed_downloaded_and_confirmed(void **state)
{
    struct harness *h = *state;
    register_three(h);
    start_ceremony(h, "--threshold 2 --kind age");
    ctl(h, "--as ana part view Root", "");
    assert_int_equal(run.status, 2);
    expect_in(run.err, "--key FILE is wanted");
    ctl_done(h, "--as ana part view Root" KEY_OF("ana"));
    expect_in(run.out, "Part 1 of 3 - any 2 of the 3 parts open the key\n\n     1 ");
    expect_in(run.out, "\n    11 ");
    expect_in(run.out, " 33 ");
    expect_in(run.err, "part confirm");
    download_all(h);
    assert_int_equal(mode_of(h, "ana.txt"), 0600);
    char *page = read_text_file(h, "ana.txt");
    expect_in(page, "\nThe others   max, taro\n");
    free(page);
    ctl(h, "--as ana part download Root -o @d/ana.txt" KEY_OF("ana"), "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "nothing is ever written over");
    ctl(h, "--as ana part confirm Root --words-file @d/max.txt", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "This is part 2; yours is part 1. It is somebody else's paper");
    confirm_all(h);
    expect_in(run.out, "the ceremony is completed");
    ctl(h, "--as ana part confirm Root --words-file @d/ana.txt", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "confirmed already");
    ctl(h, "--as ana part view Root" KEY_OF("ana"), "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "(part_collected");
    ctl_done(h, BOSS "ceremony watch Root");
    expect_in(run.out, "the ceremony is completed");
}

static void refused_with(struct harness *h, const char *arguments, const char *what)
{
    ctl(h, arguments, "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, what);
}

static void a_file_that_is_not_the_own_page_is_told_for_what_it_is(void **state)
{
    struct harness *h = *state;
    char wanted[200];
    register_three(h);
    start_ceremony(h, "--threshold 2 --kind age");
    download_all(h);
    spoil(h, "ana.txt", "ana.bad", 17, "academic");
    refused_with(h, "--as ana part confirm @c --words-file @d/ana.bad", "/ana.bad, line 1: ");
    expect_in(run.err, "it is number 17.");
    refused_with(h, "--as ana part confirm @c --words-file @d/ana.age", "/ana.age is a key file");
    write_text_file(h, "letter", "Dear Ana,\nthe rehearsal is at nine.\n");
    refused_with(h, "--as ana part confirm @c --words-file @d/letter",
                 "/letter, line 1: this is neither a page");
    start_ceremony(h, "--threshold 2 --kind age");
    ctl_done(h, "--as ana part view @c" KEY_OF("ana"));
    refused_with(h, "--as ana part confirm @c --words-file @d/ana.txt",
                 "These are words of another ceremony: of set ");
    snprintf(wanted, sizeof wanted, "Take the page on which stands Root, %s, 20", ceremony);
    expect_in(run.err, wanted);
    ctl_done(h, BOSS "ceremony cancel @c --reason test");
    refused_with(h, "--as ana part confirm @c --words-file @d/ana.txt",
                 "was cancelled: ask the operator for a new one. (ceremony_cancelled");
}

static void a_wrong_passphrase_leaves_no_view_in_the_trail(void **state)
{
    struct harness *h = *state;
    register_three(h);
    start_ceremony(h, "--threshold 2 --kind age");
    write_text_file(h, "wrong", "another passphrase\n");
    ctl(h, "--as ana part view Root --key @d/ana.age --passphrase-file @d/wrong", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "(wrong_passphrase");
    ctl_done(h, "--json audit query --type 'master_key.part_viewed'");
    assert_int_equal(json_member(document(h), "entries")->count, 0);
    /* somebody else's key file: the daemon gives out what only ana can open */
    ctl(h, "--as ana part view Root" KEY_OF("max"), "");
    assert_int_equal(run.status, 1);
    assert_string_equal(run.out, "");
    expect_in(run.err, "(bad_seal)");
    expect_in(run.err, "guardianctl key public --fingerprint");
}

static void words_come_from_a_pipe_or_the_sealed_copy_too(void **state)
{
    struct harness *h = *state;
    char words[1024];
    register_three(h);
    start_ceremony(h, "--threshold 2 --kind raw --bits 128");
    download_all(h);
    words_of_page(h, "ana.txt", words);
    ctl(h, "--as ana part confirm Root", words);
    assert_int_equal(run.status, 0);
    ctl_done(h, "--as max part confirm Root --from-sealed" KEY_OF("max"));
    ctl_done(h, BOSS "ceremony status Root");
    expect_in(run.out, "(file)");
    expect_in(run.out, "(sealed)");
    ctl(h, "--as taro part confirm Root --from-sealed", "");
    assert_int_equal(run.status, 2);
    ctl_done(h, "--as taro --json part view Root" KEY_OF("taro"));
    const struct json *part = document(h);
    assert_true(harness_text_is(part, "guardian", "taro"));
    assert_int_equal(harness_integer(part, "index"), 3);
    words_of_page(h, "taro.txt", words);
    assert_true(harness_text_is(part, "mnemonic", words));
}

/* Starts guardianctl at a terminal of its own. */
static void at_terminal(struct harness *h, struct terminal *terminal, const char *const *words)
{
    const char *argv[15] = {TEST_CLIENT, "--connect", h->url};
    for (size_t i = 0; words[i] != NULL && i < 11; i++) {
        argv[3 + i] = words[i];
    }
    assert_true(terminal_run(terminal, argv));
}

static void type_line(struct terminal *terminal, const char *text)
{
    assert_true(terminal_type(terminal, text));
    assert_true(terminal_type(terminal, "\n"));
}

static void words_typed_at_a_terminal_are_helped_and_never_shown(void **state)
{
    struct harness *h = *state;
    struct terminal terminal;
    char words[1024];
    register_three(h);
    start_ceremony(h, "--threshold 2 --kind age");
    download_all(h);
    words_of_page(h, "max.txt", words);
    at_terminal(h, &terminal,
                (const char *const[]){"--as", "max", "part", "confirm", "Root", NULL});
    assert_true(terminal_expect(&terminal, "Your part, its words"));
    type_line(&terminal, "guitarr");
    assert_true(terminal_expect(&terminal, "Word 1 is not on the list"));
    assert_true(terminal_type(&terminal, "\x04"));
    assert_true(terminal_expect(&terminal, "Nothing was confirmed."));
    assert_int_equal(terminal_end(&terminal), 1);
    at_terminal(h, &terminal,
                (const char *const[]){"--as", "max", "part", "confirm", "Root", NULL});
    assert_true(terminal_expect(&terminal, "Your part, its words"));
    type_line(&terminal, words);
    assert_true(terminal_expect(&terminal, "Part 2 is confirmed."));
    assert_int_equal(terminal_end(&terminal), 0);
    assert_true(terminal.echoes_at_end);
    assert_null(strstr(terminal.seen, words));
    ctl_done(h, BOSS "ceremony status Root");
    expect_in(run.out, "(typed)");
}

/* ---- recovery ---- */

static void completed(struct harness *h, const char *options)
{
    register_three(h);
    start_ceremony(h, options);
    download_all(h);
    confirm_all(h);
}

static void an_age_key_comes_back_and_opens_what_was_encrypted_to_it(void **state)
{
    struct harness *h = *state;
    char command[2000];
    completed(h, "--threshold 2 --kind age");
    ctl_done(h, BOSS "recover --parts-file @d/taro.txt --parts-file @d/ana.txt -o @d/key.txt "
                     "--reason 'a fire'");
    assert_int_equal(mode_of(h, "key.txt"), 0600);
    expect_in(run.err, recipient);
    snprintf(command, sizeof command,
             "cd %s && echo 'the safe' | age -r %s -o safe.age && age -d -i key.txt safe.age >safe "
             "2>age.err",
             h->directory, recipient);
    assert_int_equal(system(command), 0);
    char *safe = read_text_file(h, "safe");
    assert_string_equal(safe, "the safe\n");
    free(safe);
    /* the complete key is known again; nothing is written over */
    ctl_done(h, BOSS "recover --key-file @d/key.txt -o @d/again.txt");
    ctl(h, BOSS "recover --key-file @d/key.txt -o @d/again.txt", "");
    assert_int_equal(run.status, 1);
    /* to standard output, alone */
    ctl_done(h, BOSS "recover --parts-file @d/max.txt --parts-file @d/ana.txt");
    expect_in(run.out, "AGE-SECRET-KEY-1");
    /* and not when the page says another one */
    ctl(h,
        BOSS "recover --parts-file @d/max.txt --parts-file @d/ana.txt --expect "
             "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
        "");
    assert_int_equal(run.status, 4);
    assert_string_equal(run.out, "");
    expect_in(run.err, "STOP");
    /* what is no check value proves nothing: it is found before anything is asked for */
    static const char *const none[] = {"''", "age1nonsense", "mkcheck1nonsense"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        char arguments[200];
        snprintf(arguments, sizeof arguments,
                 BOSS "recover --parts-file @d/max.txt --parts-file @d/ana.txt -o @d/none.txt "
                      "--expect %s",
                 none[i]);
        ctl(h, arguments, "");
        assert_int_equal(run.status, 2);
        expect_in(run.err, "--expect wants a check value");
        assert_false(exists(h, "none.txt"));
    }
}

static void a_raw_key_comes_back_as_digits(void **state)
{
    struct harness *h = *state;
    completed(h, "--threshold 2 --kind raw --bits 128");
    ctl_done(h, BOSS "--json recover --parts-file @d/taro.txt --parts-file @d/max.txt -o @d/key");
    assert_true(harness_text_is(document(h), "kind", "raw"));
    assert_int_equal(harness_integer(document(h), "parts_sent"), 2);
    char *digits = read_text_file(h, "key");
    assert_int_equal(strlen(digits), 33);
    assert_int_equal(strspn(digits, "0123456789abcdef"), 32);
    free(digits);
    /* one part a line, as combine takes them, gives the same */
    char ana[1024], max[1024], lines[2100];
    words_of_page(h, "ana.txt", ana);
    words_of_page(h, "max.txt", max);
    snprintf(lines, sizeof lines, "# ana\n%s\n%s\n", ana, max);
    ctl(h, BOSS "recover Root", lines);
    assert_int_equal(run.status, 0);
    digits = read_text_file(h, "key");
    assert_string_equal(run.out, digits);
    free(digits);
}

static void each_bad_part_is_named_with_what_to_do(void **state)
{
    struct harness *h = *state;
    completed(h, "--threshold 3 --kind age --all-required");
    spoil(h, "max.txt", "unknown.txt", 17, "guitarr");
    spoil(h, "taro.txt", "other.txt", 9, "academic");
    ctl(h,
        BOSS "recover --parts-file @d/ana.txt --parts-file @d/unknown.txt --parts-file "
             "@d/other.txt -o @d/key.txt",
        "");
    assert_int_equal(run.status, 1);
    assert_false(exists(h, "key.txt"));
    expect_in(run.err,
              "/unknown.txt, line 1 - part 2, said to be that of max:\n    word 17 is not");
    expect_in(run.err, "/other.txt, line 1 - part 3, said to be that of taro:\n    the checksum");
    expect_in(run.err, "it is number 9:");
    expect_in(run.err, "3 parts are needed, 1 good one was given");
    assert_null(strstr(run.err, "guitarr"));
    ctl(h, BOSS "recover --parts-file @d/ana.txt --parts-file @d/max.txt -o @d/key.txt", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, "3 parts are needed, 2 good ones were given: bring 1 more.");
    ctl(h, BOSS "--json recover --parts-file @d/ana.txt --parts-file @d/ana.txt -o @d/key.txt", "");
    const struct json *error = error_object(h);
    assert_true(harness_text_is(error, "reason", "duplicate"));
    assert_int_equal(harness_integer(error, "parts_needed"), 3);
    assert_true(harness_text_is(json_member(error, "bad")->child, "guardian", "ana"));
    ctl_done(h, "--json audit query --type master_key.recovery_failed");
    assert_int_equal(json_member(document(h), "entries")->count, 3);
}

static void a_key_for_somebody_else_is_opened_by_its_receiver_alone(void **state)
{
    struct harness *h = *state;
    char key[KEY_PUBLIC_TEXT + 1];
    char arguments[600];
    completed(h, "--threshold 2 --kind age");
    make_key_file(h, "boss.age", key);
    snprintf(arguments, sizeof arguments,
             BOSS "recover --parts-file @d/ana.txt --parts-file @d/max.txt --deliver-to %s "
                  "--out-sealed @d/sealed",
             key);
    ctl_done(h, arguments);
    ctl(h, "key open @d/sealed -o @d/key.txt" KEY_OF("ana"), "");
    assert_int_equal(run.status, 1);
    assert_false(exists(h, "key.txt"));
    ctl(h, "key open @d/sealed -o @d/key.txt --expect ''" KEY_OF("boss"), "");
    assert_int_equal(run.status, 2);
    expect_in(run.err, "--expect wants a check value");
    assert_false(exists(h, "key.txt"));
    snprintf(arguments, sizeof arguments,
             "key open @d/sealed -o @d/key.txt --expect %s" KEY_OF("boss"), recipient);
    ctl_done(h, arguments);
    char *text = read_text_file(h, "key.txt");
    expect_in(text, recipient);
    free(text);
    ctl(h, BOSS "recover --parts-file @d/ana.txt --deliver-to age1x", "");
    assert_int_equal(run.status, 2);
    ctl(h, BOSS "--json recover --parts-file @d/ana.txt", "");
    assert_int_equal(run.status, 2);
}

static void the_page_of_a_part_is_no_sealed_key_and_no_alarm(void **state)
{
    struct harness *h = *state;
    register_three(h);
    start_ceremony(h, "--threshold 2 --kind age");
    download_all(h);
    refused_with(h, "key open @d/ana.txt -o @d/key.txt" KEY_OF("ana"),
                 "/ana.txt is the page of a part, and opens nothing alone");
    assert_null(strstr(run.err, "at once"));
    write_text_file(h, "letter", "Dear Ana\n");
    refused_with(h, "key open @d/letter -o @d/key.txt" KEY_OF("ana"),
                 "/letter holds no sealed key");
    assert_null(strstr(run.err, "at once"));
}

static void a_page_of_another_ceremony_is_refused_at_its_first_words(void **state)
{
    struct harness *h = *state;
    struct terminal terminal;
    char old[1024], ana[1024], first_two[1024], file[400], said[80];
    completed(h, "--threshold 2 --kind age");
    words_of_page(h, "ana.txt", old);
    memcpy(first_two, old, sizeof first_two);
    *strchr(strchr(first_two, ' ') + 1, ' ') = '\0';
    start_ceremony(h, "--threshold 2 --kind age");
    ctl_done(h, "--as ana part download @c -o @d/new.txt" KEY_OF("ana"));
    words_of_page(h, "new.txt", ana);
    path_in(h, "key.txt", file);
    at_terminal(
        h, &terminal,
        (const char *const[]){"--as", "boss:1:B:User", "recover", ceremony, "-o", file, NULL});
    assert_true(terminal_expect(&terminal, "Part 1, its words"));
    type_line(&terminal, first_two);
    snprintf(said, sizeof said, "another set than Root (%.8s, begun 20", ceremony);
    assert_true(terminal_expect(&terminal, said));
    assert_true(terminal_expect(&terminal, "thrown away"));
    assert_true(terminal_expect(&terminal, "Part 1, its words"));
    type_line(&terminal, old);
    assert_true(terminal_expect(&terminal, said));
    type_line(&terminal, ana);
    assert_true(terminal_expect(&terminal, "Part 2 (1 of 2 given)"));
    type_line(&terminal, "academic acid");
    assert_true(terminal_expect(&terminal, "thrown away"));
    assert_true(terminal_type(&terminal, "\x03"));
    assert_true(terminal_expect(&terminal, "Nothing was recovered."));
    assert_int_equal(terminal_end(&terminal), -SIGINT);
}

static void typed_parts_outlive_the_daemon(void **state)
{
    struct harness *h = *state;
    struct terminal terminal;
    char ana[1024], taro[1024], file[400];
    completed(h, "--threshold 2 --kind age");
    words_of_page(h, "ana.txt", ana);
    words_of_page(h, "taro.txt", taro);
    path_in(h, "key.txt", file);
    at_terminal(h, &terminal,
                (const char *const[]){"--as", "boss:1:B:User", "recover", "-o", file, NULL});
    assert_true(terminal_expect(&terminal, "Part 1, its words"));
    type_line(&terminal, ana);
    assert_true(terminal_expect(&terminal, "Part 2 (1 of 2 given)"));
    type_line(&terminal, taro);
    assert_true(terminal_expect(&terminal, "Part 3 (enough are given"));
    harness_kill(h);
    type_line(&terminal, "");
    assert_true(terminal_expect(&terminal, "cannot be reached"));
    assert_true(terminal_expect(&terminal, "The parts you typed are kept."));
    assert_true(terminal_expect(&terminal, "guardian-combine"));
    type_line(&terminal, "");
    assert_true(terminal_expect(&terminal, "The parts you typed are kept."));
    harness_restart(h);
    type_line(&terminal, "");
    assert_true(terminal_expect(&terminal, "It stands in "));
    assert_int_equal(terminal_end(&terminal), 0);
    assert_true(terminal.echoes_at_end);
    assert_true(exists(h, "key.txt"));
}

static void two_ceremonies_of_one_name_are_told_apart(void **state)
{
    struct harness *h = *state;
    char said[100];
    completed(h, "--threshold 2 --kind age");
    snprintf(said, sizeof said, "it belongs to another ceremony: Root (%.8s, begun 20", ceremony);
    start_ceremony(h, "--threshold 2 --kind age");
    ctl(h, BOSS "recover @c --parts-file @d/ana.txt --parts-file @d/max.txt -o @d/key.txt", "");
    assert_int_equal(run.status, 1);
    expect_in(run.err, said);
    snprintf(said, sizeof said, "Bring the page of Root (%.8s, begun 20", ceremony);
    expect_in(run.err, said);
}

static void parts_are_typed_one_after_the_other(void **state)
{
    struct harness *h = *state;
    struct terminal terminal;
    char ana[1024], taro[1024], file[400];
    completed(h, "--threshold 2 --kind age");
    words_of_page(h, "ana.txt", ana);
    words_of_page(h, "taro.txt", taro);
    path_in(h, "key.txt", file);
    at_terminal(h, &terminal,
                (const char *const[]){"--as", "boss:1:B:User", "recover", "-o", file, NULL});
    assert_true(terminal_expect(&terminal, "Part 1, its words"));
    type_line(&terminal, ana);
    assert_true(terminal_expect(&terminal, "Part 2 (1 of 2 given)"));
    type_line(&terminal, taro);
    assert_true(terminal_expect(&terminal, "Part 3 (enough are given"));
    assert_true(terminal_type(&terminal, "\x04"));
    assert_true(terminal_expect(&terminal, "The input ended"));
    assert_true(terminal_expect(&terminal, "Nothing was recovered."));
    assert_int_equal(terminal_end(&terminal), 1);
    assert_false(exists(h, "key.txt"));
    at_terminal(h, &terminal,
                (const char *const[]){"--as", "boss:1:B:User", "recover", "-o", file, NULL});
    assert_true(terminal_expect(&terminal, "Part 1, its words"));
    type_line(&terminal, ana);
    assert_true(terminal_expect(&terminal, "Part 2 (1 of 2 given)"));
    type_line(&terminal, taro);
    assert_true(terminal_expect(&terminal, "Part 3 (enough are given"));
    type_line(&terminal, "");
    assert_true(terminal_expect(&terminal, "It stands in "));
    assert_int_equal(terminal_end(&terminal), 0);
    assert_null(strstr(terminal.seen, ana));
    char *text = read_text_file(h, "key.txt");
    expect_in(text, recipient);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_part_is_viewed_downloaded_and_confirmed, start, stop),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_the_own_page_is_told_for_what_it_is,
                                        start, stop),
        cmocka_unit_test_setup_teardown(a_wrong_passphrase_leaves_no_view_in_the_trail, start,
                                        stop),
        cmocka_unit_test_setup_teardown(words_come_from_a_pipe_or_the_sealed_copy_too, start, stop),
        cmocka_unit_test_setup_teardown(words_typed_at_a_terminal_are_helped_and_never_shown, start,
                                        stop),
        cmocka_unit_test_setup_teardown(an_age_key_comes_back_and_opens_what_was_encrypted_to_it,
                                        start, stop),
        cmocka_unit_test_setup_teardown(a_raw_key_comes_back_as_digits, start, stop),
        cmocka_unit_test_setup_teardown(each_bad_part_is_named_with_what_to_do, start, stop),
        cmocka_unit_test_setup_teardown(a_key_for_somebody_else_is_opened_by_its_receiver_alone,
                                        start, stop),
        cmocka_unit_test_setup_teardown(the_page_of_a_part_is_no_sealed_key_and_no_alarm, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_page_of_another_ceremony_is_refused_at_its_first_words,
                                        start, stop),
        cmocka_unit_test_setup_teardown(typed_parts_outlive_the_daemon, start, stop),
        cmocka_unit_test_setup_teardown(two_ceremonies_of_one_name_are_told_apart, start, stop),
        cmocka_unit_test_setup_teardown(parts_are_typed_one_after_the_other, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
