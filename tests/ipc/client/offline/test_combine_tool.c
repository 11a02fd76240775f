/* guardian-combine from outside: what it takes, what it prints, how it refuses. The key, its
 * identity, recipient and check value are the published ones (parts.md section 17). */
#include "tests/ipc/client/offline/program.h"

#include <ctype.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#define KEY "e4234461a61678f551d7bdc9b9e96bd1e21afd6e9fc474da66daccb963cc7382"
#define IDENTITY "AGE-SECRET-KEY-1US35GCDXZEU025WHHHYMN6TT683P4LTWNLZ8FKNXMTXTJC7VWWPQJCAU5M"
#define RECIPIENT "age1t5erdfp7s8y9jqrc5eykeekekj2kqqgewx03g35csprjrstvteesw9v0uh"
#define CHECK_RAW "mkcheck1dudrc55dpe9h48ppte8n52cuphtul3yn2xze6d3xt6qujyxjpr7q0h4lyz"
#define OTHER "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
#define PARTS 5
#define COMBINE PROGRAM_COMBINE

/* One 3 of 5 set of the published key, and another of the same id. */
static struct slip39_part parts[PARTS];
static char lines[PARTS][PROGRAM_LINE];
static struct slip39_part others[PARTS];
static char other_lines[PARTS][PROGRAM_LINE];
static char folder[] = "/tmp/guardian_combine_XXXXXX";

static const struct slip39_plan plan = {
    .id = 4711, .group_threshold = 1, .group_count = 1, .groups = {{3, PARTS}}};

static struct secret *published_key(void)
{
    struct secret *key = secret_new(32);
    assert_int_equal(sodium_hex2bin(key->data, 32, KEY, 64, NULL, &key->length, NULL), 0);
    return key;
}

static int make_sets(void **state)
{
    (void)state;
    struct secret *key = published_key();
    program_split(key, &plan, parts, lines);
    program_split(key, &plan, others, other_lines);
    secret_free(key);
    return mkdtemp(folder) == NULL;
}

static int drop_sets(void **state)
{
    (void)state;
    for (size_t i = 0; i < PARTS; i++) {
        slip39_part_done(&parts[i]);
        slip39_part_done(&others[i]);
    }
    return rmdir(folder);
}

static char text[2 * 1024 * 1024];

/* Three parts that open the key, one a line. */
static const char *three(void)
{
    snprintf(text, sizeof text, "%s\n%s\n%s\n", lines[0], lines[3], lines[1]);
    return text;
}

static const char *path_in_folder(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *make_file(const char *name, const char *contents)
{
    const char *path = path_in_folder(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(contents, file);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* ---- what it prints
 * ------------------------------------------------------------------------------ */

static void prints_the_key_in_hexadecimal(void **state)
{
    (void)state;
    struct program program;
    program_run(&program, three(), COMBINE);
    program_assert_prints(&program, KEY);
    assert_string_equal(program.err, "");
    program_run(&program, three(), COMBINE, "--hex");
    program_assert_prints(&program, KEY);
}

static void prints_the_age_identity_or_its_recipient_alone(void **state)
{
    (void)state;
    struct program program;
    program_run(&program, three(), COMBINE, "--age");
    program_assert_prints(&program, IDENTITY);
    program_run(&program, three(), COMBINE, "--recipient");
    program_assert_prints(&program, RECIPIENT);
}

static void guardianctl_does_the_same(void **state)
{
    (void)state;
    struct program program;
    program_run(&program, three(), TEST_CLIENT, "combine", "--age");
    program_assert_prints(&program, IDENTITY);
    program_run(&program, lines[0], TEST_CLIENT, "combine");
    program_assert_refused(&program, 1, "1 of 3 parts given");
}

static void refusals_are_json_when_guardianctl_is_asked_for_it(void **state)
{
    (void)state;
    struct program program;
    program_run(&program, "one \"two\n", TEST_CLIENT, "--json", "combine");
    assert_int_equal(program.code, 1);
    assert_string_equal(program.out, "");
    assert_non_null(strstr(program.err, "{\"error\":{\"code\":-32006,\"reason\":\"unknown_word\","
                                        "\"message\":\"Line 1: Word 1 is not"));
    assert_string_equal(program.err + strlen(program.err) - 4, "\"}}\n");
    program_run(&program, "", TEST_CLIENT, "--json", "combine", "--bogus");
    assert_int_equal(program.code, 2);
    assert_non_null(strstr(program.err, "{\"error\":{\"code\":-32602,\"reason\":\"bad_usage\","));
}

static void a_key_of_16_octets_is_no_age_key(void **state)
{
    (void)state;
    struct program program;
    struct slip39_part small[2];
    char small_lines[2][PROGRAM_LINE];
    const struct slip39_plan two = {.group_threshold = 1, .group_count = 1, .groups = {{2, 2}}};
    struct secret *key = secret_copy("0123456789abcdef", 16);
    program_split(key, &two, small, small_lines);
    snprintf(text, sizeof text, "%s\n%s", small_lines[0], small_lines[1]);
    program_run(&program, text, COMBINE);
    program_assert_prints(&program, "30313233343536373839616263646566");
    program_run(&program, text, COMBINE, "--age");
    program_assert_refused(&program, 1, "bad_secret_length");
    program_run(&program, text, COMBINE, "--recipient");
    program_assert_refused(&program, 1, "bad_secret_length");
    slip39_part_done(&small[0]);
    slip39_part_done(&small[1]);
    secret_free(key);
}

static void a_new_file_is_the_owner_s_alone(void **state)
{
    (void)state;
    struct program program;
    struct stat found;
    char read[200] = "";
    const char *path = path_in_folder("key.txt");
    program_run(&program, three(), COMBINE, "--age", "-o", path);
    assert_int_equal(program.code, 0);
    assert_string_equal(program.out, "");
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    FILE *file = fopen(path, "r");
    assert_non_null(fgets(read, sizeof read, file));
    fclose(file);
    assert_string_equal(read, IDENTITY "\n");
    program_run(&program, three(), COMBINE, "-o", path);
    program_assert_refused(&program, 1, "exists");
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_size, strlen(IDENTITY) + 1);
    assert_int_equal(unlink(path), 0);
}

static void a_failure_leaves_no_file(void **state)
{
    (void)state;
    struct program program;
    const char *path = path_in_folder("none.txt");
    program_run(&program, lines[0], COMBINE, "-o", path);
    program_assert_refused(&program, 1, "too_few");
    program_run(&program, three(), COMBINE, "-o", path, "--expect", OTHER);
    program_assert_refused(&program, 4, "check_mismatch");
    assert_int_not_equal(access(path, F_OK), 0);
    program_run(&program, three(), COMBINE, "-o", "/nowhere/at/all");
    program_assert_refused(&program, 1, "/nowhere/at/all could not be made");
}

static void an_output_that_takes_nothing_is_a_failure(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    int input = program_memory(three(), strlen(text));
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(input, 0);
        dup2(full, 1);
        dup2(full, 2);
        execl(COMBINE, COMBINE, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 1);
    close(full);
    close(input);
}

/* ---- what it takes
 * ------------------------------------------------------------------------------- */

static void lines_may_be_written_in_many_ways(void **state)
{
    (void)state;
    struct program program;
    char shortened[PROGRAM_LINE];
    size_t length = 0;
    size_t in_word = 0;
    for (const char *at = lines[4]; *at != '\0'; at++) {
        in_word = *at == ' ' ? 0 : in_word + 1;
        if (in_word <= 4) {
            shortened[length++] = (char)toupper(*at);
        }
    }
    shortened[length] = '\0';
    snprintf(text, sizeof text, "\xef\xbb\xbf# three of five\r\n\r\n \t \n%s\r\n#%s\n\t%s  \t\n%s",
             lines[2], lines[0], lines[1], shortened);
    program_run(&program, text, COMBINE);
    program_assert_prints(&program, KEY);
}

/* A page of three columns to be read downwards, with text around them. */
static size_t write_page(const char *part, char *out, size_t size)
{
    char words[33][20];
    size_t length = (size_t)snprintf(out, size,
                                     "Part 1 of 5 - any 3 of the 5 parts open the key\n\n"
                                     "Ceremony     Root\n\nThe words, to be read downwards:\n\n");
    for (size_t i = 0; i < 33; i++) {
        assert_int_equal(sscanf(part, " %19s", words[i]), 1);
        part = strchr(part + 1, ' ') == NULL ? part : strchr(part + 1, ' ');
    }
    for (size_t row = 0; row < 11; row++) {
        length += (size_t)snprintf(out + length, size - length,
                                   "    %2zu %-12s %2zu %-12s %2zu %s\n", row + 1, words[row],
                                   row + 12, words[row + 11], row + 23, words[row + 22]);
    }
    return length + (size_t)snprintf(out + length, size - length, "\nDate ______\n");
}

static void pages_of_part_download_are_taken(void **state)
{
    (void)state;
    struct program program;
    size_t length = 0;
    for (size_t i = 0; i < 3; i++) {
        length += write_page(lines[i], text + length, sizeof text - length);
    }
    program_run(&program, text, COMBINE);
    program_assert_prints(&program, KEY);
    char *word = strstr(strstr(text, "\nDate"), " 17 ") + 4;
    memcpy(word, "xx", 2);
    program_run(&program, text, COMBINE);
    program_assert_refused(&program, 1, "Line 26: Word 17 is not on the SLIP-39 word list.");
}

static void more_parts_than_needed_are_checked(void **state)
{
    (void)state;
    struct program program;
    snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n%s\n", lines[4], lines[3], lines[2], lines[1],
             lines[0]);
    program_run(&program, text, COMBINE);
    program_assert_prints(&program, KEY);
    assert_string_equal(program.err, "");
}

static void a_part_given_twice_is_counted_once_and_noted(void **state)
{
    (void)state;
    struct program program;
    snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n", lines[4], lines[4], lines[2], lines[1]);
    program_run(&program, text, COMBINE);
    program_assert_prints(&program, KEY);
    assert_string_equal(program.err,
                        "guardian-combine: note: line 2: given before, counted once\n");
    snprintf(text, sizeof text, "%s\n%s\n%s\n", lines[4], lines[4], lines[2]);
    program_run(&program, text, COMBINE);
    program_assert_refused(&program, 1, "2 of 3 parts given");
}

/* ---- how it refuses
 * ------------------------------------------------------------------------------ */

static void assert_no_word_is_said(const struct program *program)
{
    char copy[PROGRAM_LINE];
    char *rest = NULL;
    memcpy(copy, lines[0], sizeof copy);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char apart[20];
        snprintf(apart, sizeof apart, " %s ", word);
        assert_null(strstr(program->err, apart));
    }
}

static void names_the_line_and_the_word(void **state)
{
    (void)state;
    struct program program;
    snprintf(text, sizeof text, "# page\n%s\n\nmistaken%s\n%s\n", lines[0], strchr(lines[1], ' '),
             lines[2]);
    program_run(&program, text, COMBINE);
    program_assert_refused(&program, 1, "Line 4: Word 1 is not on the SLIP-39 word list.");
    assert_null(strstr(program.err, "mistaken"));
    snprintf(text, sizeof text, "%s\n%s zero\n", lines[0], lines[1]);
    program_run(&program, text, COMBINE);
    program_assert_refused(&program, 1, "Line 2: 34 words: one is too many.");
    snprintf(text, sizeof text, "%s\nzero%s\n", lines[0], strchr(lines[1], ' '));
    program_run(&program, text, COMBINE);
    program_assert_refused(&program, 1, "Line 2: The checksum is wrong");
    assert_non_null(strstr(program.err, "If only one word is wrong, it is number 1."));
    assert_no_word_is_said(&program);
}

static void names_all_lines_of_another_set(void **state)
{
    (void)state;
    struct program program;
    struct slip39_part strange[2];
    char strange_lines[2][PROGRAM_LINE];
    const struct slip39_plan another = {
        .id = 99, .group_threshold = 1, .group_count = 1, .groups = {{2, 2}}};
    struct secret *key = published_key();
    program_split(key, &another, strange, strange_lines);
    snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n%s\n", strange_lines[0], lines[0], lines[1],
             strange_lines[1], lines[2]);
    program_run(&program, text, COMBINE, "--drop-bad");
    program_assert_refused(&program, 1, "Lines 1 and 4 belong to another set than line 2");
    slip39_part_done(&strange[0]);
    slip39_part_done(&strange[1]);
    secret_free(key);
}

static void names_two_parts_with_one_index(void **state)
{
    (void)state;
    struct program program;
    snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n", lines[0], lines[1], other_lines[0], lines[2]);
    program_run(&program, text, COMBINE, "--drop-bad");
    program_assert_refused(&program, 1, "Lines 1 and 3 have one index, yet they differ");
}

static void a_wrong_part_is_named_and_left_out_when_asked(void **state)
{
    (void)state;
    struct program program;
    snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n", lines[0], other_lines[1], lines[2], lines[3]);
    program_run(&program, text, COMBINE);
    program_assert_refused(&program, 1, "Line 2 does not fit the others");
    program_run(&program, text, COMBINE, "--drop-bad");
    program_assert_prints(&program, KEY);
    assert_non_null(strstr(program.err, "line 2: does not fit the others, left out"));
}

static void a_wrong_part_among_just_enough_is_refused(void **state)
{
    (void)state;
    struct program program;
    snprintf(text, sizeof text, "%s\n%s\n%s\n", lines[0], other_lines[1], lines[2]);
    program_run(&program, text, COMBINE, "--drop-bad");
    program_assert_refused(&program, 1, "(digest)");
}

static void two_sound_choices_are_refused(void **state)
{
    (void)state;
    struct program program;
    struct slip39_part both[8];
    char both_lines[8][PROGRAM_LINE];
    const struct slip39_plan two = {.group_threshold = 1, .group_count = 1, .groups = {{2, 4}}};
    struct secret *key = published_key();
    program_split(key, &two, both, both_lines);
    program_split(key, &two, both + 4, both_lines + 4);
    snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n", both_lines[0], both_lines[1], both_lines[6],
             both_lines[7]);
    program_run(&program, text, COMBINE, "--drop-bad");
    program_assert_refused(&program, 1, "more than one choice");
    for (size_t i = 0; i < 8; i++) {
        slip39_part_done(&both[i]);
    }
    secret_free(key);
}

static void no_input_at_all_is_refused(void **state)
{
    (void)state;
    struct program program;
    program_run(&program, "", COMBINE);
    program_assert_refused(&program, 1, "No part given");
    program_run(&program, "# nothing\n\n", COMBINE);
    program_assert_refused(&program, 1, "No part given");
}

static void too_many_parts_or_octets_are_refused(void **state)
{
    (void)state;
    struct program program;
    size_t length = 0;
    for (size_t i = 0; i < 257; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%s\n", lines[i % 5]);
        if (i == 255) {
            program_run(&program, text, COMBINE);
            assert_int_equal(program.code, 0);
        }
    }
    program_run(&program, text, COMBINE);
    program_assert_refused(&program, 1, "Line 257: there are more than 256 parts");
    length = (size_t)snprintf(text, sizeof text, "%s\n%s\n%s\n", lines[0], lines[1], lines[2]);
    memset(text + length, '\n', (1 << 20) - length);
    program_run_on(&program, text, 1 << 20, (const char *const[]){COMBINE, NULL});
    program_assert_prints(&program, KEY);
    text[1 << 20] = '\n';
    program_run_on(&program, text, (1 << 20) + 1, (const char *const[]){COMBINE, NULL});
    program_assert_refused(&program, 1, "longer than 1048576 octets");
}

static void octets_that_are_no_text_are_an_unknown_word(void **state)
{
    (void)state;
    struct program program;
    program_run_on(&program, "\0\xff\x01", 3, (const char *const[]){COMBINE, NULL});
    program_assert_refused(&program, 1, "Line 1: Word 1");
}

/* ---- expectation
 * --------------------------------------------------------------------------------- */

static void the_key_is_printed_only_if_it_is_the_one_expected(void **state)
{
    (void)state;
    struct program program;
    program_run(&program, three(), COMBINE, "--expect", RECIPIENT);
    program_assert_prints(&program, KEY);
    program_run(&program, three(), COMBINE, "--expect", CHECK_RAW, "--age");
    program_assert_prints(&program, IDENTITY);
    program_run(&program, three(), COMBINE, "--expect", OTHER);
    program_assert_refused(&program, 4, "another key");
    program_run(&program, lines[0], COMBINE, "--expect", OTHER);
    program_assert_refused(&program, 1, "too_few");
}

static void a_set_that_one_part_opens_comes_with_a_warning(void **state)
{
    (void)state;
    struct program program;
    char line[PROGRAM_LINE];
    char printed[100];
    struct slip39_part alone = {.header = parts[0].header, .value = parts[0].value};
    alone.header.member_threshold = 1;
    program_line(&alone, line);
    program_run(&program, line, COMBINE, "--recipient");
    assert_int_equal(program.code, 0);
    assert_non_null(strstr(program.err, "note: nothing could be checked"));
    snprintf(printed, sizeof printed, "%.62s", program.out);
    program_run(&program, line, COMBINE, "--recipient", "--expect", printed);
    program_assert_prints(&program, printed);
    assert_string_equal(program.err, "");
}

/* ---- passphrase
 * ---------------------------------------------------------------------------------- */

static void the_passphrase_is_the_file_less_one_line_end(void **state)
{
    (void)state;
    static const char *const same[] = {"TREZOR", "TREZOR\n", "TREZOR\r\n"};
    struct program program;
    struct secret *key = NULL;
    struct slip39_report report;
    char hex[65];
    const struct slip39_way way = {.passphrase = slice_of("TREZOR")};
    assert_int_equal(slip39_combine(parts, PARTS, &way, &key, &report, NULL), OK);
    sodium_bin2hex(hex, sizeof hex, key->data, key->length);
    assert_string_not_equal(hex, KEY);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        const char *path = make_file("passphrase", same[i]);
        program_run(&program, three(), COMBINE, "--passphrase-file", path);
        program_assert_prints(&program, hex);
    }
    program_run(&program, three(), COMBINE, "--passphrase-file", make_file("passphrase", "\n"));
    program_assert_prints(&program, KEY); /* empty is none */
    assert_int_equal(unlink(path_in_folder("passphrase")), 0);
    secret_free(key);
}

static void a_file_that_holds_no_passphrase_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"a\n\n",
                                        "\r\n\r\n",
                                        "pass\tphrase",
                                        "Stra\xc3\x9f"
                                        "e",
                                        "\x7f",
                                        "two\nlines"};
    struct program program;
    char longest[1030];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *path = make_file("passphrase", wrong[i]);
        program_run(&program, three(), COMBINE, "--passphrase-file", path);
        program_assert_refused(&program, 1, "is no passphrase");
    }
    memset(longest, 'x', sizeof longest);
    longest[1024] = '\n';
    longest[1025] = '\0';
    program_run(&program, three(), COMBINE, "--passphrase-file", make_file("passphrase", longest));
    assert_int_equal(program.code, 0);
    longest[1024] = 'x';
    program_run(&program, three(), COMBINE, "--passphrase-file", make_file("passphrase", longest));
    program_assert_refused(&program, 1, "at most 1024");
    assert_int_equal(unlink(path_in_folder("passphrase")), 0);
    program_run(&program, three(), COMBINE, "--passphrase-file", path_in_folder("passphrase"));
    program_assert_refused(&program, 1, "could not be opened");
    program_run(&program, three(), COMBINE, "--passphrase-file", folder);
    program_assert_refused(&program, 1, "could not be read");
}

/* ---- the command line
 * ---------------------------------------------------------------------------- */

static void wrong_usage_is_told_without_repeating_it(void **state)
{
    (void)state;
    struct program program;
    program_run(&program, three(), COMBINE, "academic", "acid");
    program_assert_refused(&program, 2, "never from the command line");
    assert_null(strstr(program.err, "academic"));
    program_run(&program, three(), COMBINE, "--secret=academic");
    program_assert_refused(&program, 2, "no such option");
    assert_null(strstr(program.err, "academic"));
    program_run(&program, three(), COMBINE, "-o");
    program_assert_refused(&program, 2, "argument is missing");
    program_run(&program, three(), COMBINE, "--hex", "--age");
    program_assert_refused(&program, 2, "exclude each other");
    program_run(&program, three(), COMBINE, "--expect", "age1nonsense");
    program_assert_refused(&program, 2, "--expect wants a check value");
    program_run(&program, three(), COMBINE, "--expect", "mkcheck1nonsense");
    program_assert_refused(&program, 2, "--expect wants a check value");
}

static void help_and_version_are_printed(void **state)
{
    (void)state;
    struct program program;
    program_run(&program, "", COMBINE, "--help");
    assert_int_equal(program.code, 0);
    assert_non_null(strstr(program.out, "usage: guardian-combine"));
    assert_non_null(strstr(program.out, "exit codes: 0 done, 1 refused, 2 wrong usage, 4"));
    program_run(&program, "", COMBINE, "--version");
    program_assert_prints(&program, "guardian-combine " GUARDIAN_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_the_key_in_hexadecimal),
        cmocka_unit_test(prints_the_age_identity_or_its_recipient_alone),
        cmocka_unit_test(guardianctl_does_the_same),
        cmocka_unit_test(refusals_are_json_when_guardianctl_is_asked_for_it),
        cmocka_unit_test(a_key_of_16_octets_is_no_age_key),
        cmocka_unit_test(a_new_file_is_the_owner_s_alone),
        cmocka_unit_test(a_failure_leaves_no_file),
        cmocka_unit_test(an_output_that_takes_nothing_is_a_failure),
        cmocka_unit_test(lines_may_be_written_in_many_ways),
        cmocka_unit_test(pages_of_part_download_are_taken),
        cmocka_unit_test(more_parts_than_needed_are_checked),
        cmocka_unit_test(a_part_given_twice_is_counted_once_and_noted),
        cmocka_unit_test(names_the_line_and_the_word),
        cmocka_unit_test(names_all_lines_of_another_set),
        cmocka_unit_test(names_two_parts_with_one_index),
        cmocka_unit_test(a_wrong_part_is_named_and_left_out_when_asked),
        cmocka_unit_test(a_wrong_part_among_just_enough_is_refused),
        cmocka_unit_test(two_sound_choices_are_refused),
        cmocka_unit_test(no_input_at_all_is_refused),
        cmocka_unit_test(too_many_parts_or_octets_are_refused),
        cmocka_unit_test(octets_that_are_no_text_are_an_unknown_word),
        cmocka_unit_test(the_key_is_printed_only_if_it_is_the_one_expected),
        cmocka_unit_test(a_set_that_one_part_opens_comes_with_a_warning),
        cmocka_unit_test(the_passphrase_is_the_file_less_one_line_end),
        cmocka_unit_test(a_file_that_holds_no_passphrase_is_refused),
        cmocka_unit_test(wrong_usage_is_told_without_repeating_it),
        cmocka_unit_test(help_and_version_are_printed),
    };
    return cmocka_run_group_tests(tests, make_sets, drop_sets);
}
