/* Cursor files: what was saved comes back, and nothing else is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/sinks/cursor.h"

static char folder[64];

static int make(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/guardian-cursor-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int unmake(void **state)
{
    (void)state;
    static const char *const names[] = {"main",     "a", "b.2",       "c-3",
                                        "main.tmp", "x", ".main.swp", "wrong"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unlink(path_of(names[i]));
    }
    return rmdir(folder);
}

static void put(const char *name, const char *text)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void save(const char *name, uint64_t next, const char *place)
{
    struct fault fault;
    struct cursor cursor = {.next = next};
    snprintf(cursor.place, sizeof cursor.place, "%s", place);
    assert_int_equal(cursor_save(folder, name, &cursor, &fault), OK);
}

static struct cursor loaded(const char *name)
{
    struct fault fault;
    struct cursor cursor = {.next = 77};
    assert_int_equal(cursor_load(folder, name, &cursor, &fault), OK);
    return cursor;
}

static void gives_back_what_was_saved(void **state)
{
    (void)state;
    static const uint64_t nexts[] = {0, 1, 4096, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof nexts / sizeof nexts[0]; i++) {
        save("main", nexts[i], "131:4096");
        assert_int_equal(loaded("main").next, nexts[i]);
        assert_string_equal(loaded("main").place, "131:4096");
    }
    save("main", 5, "");
    assert_string_equal(loaded("main").place, "");
    char longest[CURSOR_PLACE_BYTES];
    memset(longest, 'p', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    save("main", 5, longest);
    assert_string_equal(loaded("main").place, longest);
    struct stat status;
    assert_int_equal(stat(path_of("main"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void a_sink_without_a_cursor_begins_at_the_start(void **state)
{
    (void)state;
    assert_int_equal(loaded("main").next, 0);
}

/* The check of the text, computed by sha256sum(1):
 *   printf 'master_key_guardian sink cursor 1\nnext 1234\nplace 131:4096\n' | sha256sum */
static void proves_itself_by_the_sha256_of_its_lines(void **state)
{
    (void)state;
    static const char text[] =
        "master_key_guardian sink cursor 1\nnext 1234\nplace 131:4096\nsha256 "
        "b6da804a61ac00b0a4ce5815714f7a09f01e30629f9968dbf01104a97329b20a\n";
    struct buffer buffer;
    struct cursor cursor = {.next = 1234, .place = "131:4096"};
    buffer_init(&buffer, 1024);
    cursor_write(&buffer, &cursor);
    assert_int_equal(buffer_result(&buffer), OK);
    assert_int_equal(buffer.length, strlen(text));
    assert_memory_equal(buffer.data, text, strlen(text));
    buffer_done(&buffer);
}

static void any_changed_bit_and_any_cut_is_seen(void **state)
{
    (void)state;
    struct buffer buffer;
    struct cursor cursor = {.next = 1234, .place = "131:4096"};
    struct cursor read_back;
    buffer_init(&buffer, 1024);
    cursor_write(&buffer, &cursor);
    assert_true(cursor_parse(buffer_slice(&buffer), &read_back));
    for (size_t i = 0; i < buffer.length; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            buffer.data[i] = (char)(buffer.data[i] ^ (1 << bit));
            assert_false(cursor_parse(buffer_slice(&buffer), &read_back));
            buffer.data[i] = (char)(buffer.data[i] ^ (1 << bit));
        }
        assert_false(cursor_parse((struct slice){buffer.data, i}, &read_back));
    }
    buffer_append_char(&buffer, '\n');
    assert_false(cursor_parse(buffer_slice(&buffer), &read_back));
    buffer_done(&buffer);
}

static void knows_the_highest_of_all_sinks(void **state)
{
    (void)state;
    uint64_t size = 1;
    struct fault fault;
    assert_int_equal(cursor_known_size(folder, &size, &fault), OK);
    assert_int_equal(size, 0);
    save("a", 12, "");
    save("b.2", 500, "1:2");
    save("c-3", 499, "");
    assert_int_equal(cursor_known_size(folder, &size, &fault), OK);
    assert_int_equal(size, 500);
    assert_int_equal(cursor_known_size("/no/such/folder", &size, &fault), OK);
    assert_int_equal(size, 0);
}

static void what_a_crash_leaves_half_written_is_passed_over(void **state)
{
    (void)state;
    uint64_t size;
    struct fault fault;
    save("a", 12, "");
    put("main.tmp", "master_key_gua");
    put(".main.swp", "an editor's");
    assert_int_equal(cursor_known_size(folder, &size, &fault), OK);
    assert_int_equal(size, 12);
    save("main", 13, ""); /* and it is in nobody's way */
    assert_int_equal(cursor_known_size(folder, &size, &fault), OK);
    assert_int_equal(size, 13);
}

static void a_file_that_is_no_cursor_is_named(void **state)
{
    (void)state;
    uint64_t size;
    struct fault fault;
    static const char *const wrong[] = {"", "12", "next 12\n",
                                        "master_key_guardian sink cursor 1\n"};
    save("a", 12, "");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put("wrong", wrong[i]);
        fault_clear(&fault);
        assert_int_equal(cursor_known_size(folder, &size, &fault), ERR_DAMAGED);
        assert_non_null(strstr(fault.sentence, path_of("wrong")));
    }
    struct cursor cursor;
    assert_int_equal(cursor_load(folder, "wrong", &cursor, &fault), ERR_DAMAGED);
}

static void a_name_must_be_a_plain_file_name(void **state)
{
    (void)state;
    assert_true(cursor_name_is_good("main"));
    assert_true(cursor_name_is_good("siem-2.eu_west"));
    assert_false(cursor_name_is_good(NULL));
    assert_false(cursor_name_is_good(""));
    assert_false(cursor_name_is_good("."));
    assert_false(cursor_name_is_good("a/b"));
    assert_false(cursor_name_is_good("main.tmp"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gives_back_what_was_saved),
        TEST(a_sink_without_a_cursor_begins_at_the_start),
        TEST(proves_itself_by_the_sha256_of_its_lines),
        TEST(any_changed_bit_and_any_cut_is_seen),
        TEST(knows_the_highest_of_all_sinks),
        TEST(what_a_crash_leaves_half_written_is_passed_over),
        TEST(a_file_that_is_no_cursor_is_named),
        TEST(a_name_must_be_a_plain_file_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
