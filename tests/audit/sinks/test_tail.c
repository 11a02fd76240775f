/* The end of a file of lines: what a crash leaves is mended, what is not ours is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/sinks/tail.h"

#define LINE0 "CEF:0|a|b|1|2|n|3|externalId=40\n"
#define LINE1 "CEF:0|a|b|1|2|n|3|externalId=41\n"

static int file_of(const char *content, size_t length)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, length), length);
    return fd;
}

static struct tail mended(int fd, uint64_t synced)
{
    struct tail tail;
    struct fault fault;
    fault_clear(&fault);
    if (tail_mend(fd, "the file", synced, NULL, &tail, &fault) != OK) {
        fail_msg("%s", fault.sentence);
    }
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_size, tail.length);
    return tail;
}

static struct tail mended_text(const char *content)
{
    int fd = file_of(content, strlen(content));
    struct tail tail = mended(fd, UINT64_MAX);
    close(fd);
    return tail;
}

static void an_empty_file_has_no_line(void **state)
{
    (void)state;
    struct tail tail = mended_text("");
    assert_false(tail.has_line);
    assert_int_equal(tail.torn_bytes, 0);
}

static void a_file_cut_at_any_octet_ends_with_its_last_whole_line(void **state)
{
    (void)state;
    static const char content[] = LINE0 LINE1;
    size_t first = strlen(LINE0);
    for (size_t length = 0; length <= 2 * first; length++) {
        int fd = file_of(content, length);
        struct tail tail = mended(fd, UINT64_MAX);
        close(fd);
        size_t whole = length / first * first;
        assert_int_equal(tail.length, whole);
        assert_int_equal(tail.torn_bytes, length - whole);
        assert_int_equal(tail.has_index, whole != 0);
        assert_int_equal(tail.has_index ? tail.index : 0, whole == 0 ? 0 : 39 + whole / first);
    }
}

static void a_torn_end_of_any_kind_is_cut_off_a_file_of_ours(void **state)
{
    (void)state;
    struct tail tail = mended_text(LINE0 "garbage");
    assert_int_equal(tail.length, strlen(LINE0));
    assert_int_equal(tail.torn_bytes, 7);
    assert_int_equal(tail.index, 40);
}

static void a_file_named_by_mistake_loses_nothing(void **state)
{
    (void)state;
    static const char content[] = "root:x:0:0\nnobody:x";
    int fd = file_of(content, strlen(content));
    struct tail tail = mended(fd, UINT64_MAX);
    char read_back[64] = "";
    assert_int_equal(pread(fd, read_back, sizeof read_back - 1, 0), strlen(content) + 1);
    close(fd);
    assert_string_equal(read_back, "root:x:0:0\nnobody:x\n");
    assert_true(tail.foreign_ended);
    assert_false(tail.has_index);
    assert_int_equal(tail.torn_bytes, 0);
}

static void a_whole_foreign_last_line_is_kept_and_tells_nothing(void **state)
{
    (void)state;
    struct tail tail = mended_text(LINE0 "-- rotated --\n");
    assert_true(tail.has_line);
    assert_false(tail.has_index);
    assert_int_equal(tail.torn_bytes, 0);
}

static void zeros_behind_what_was_synced_are_the_end(void **state)
{
    (void)state;
    static const char content[] = LINE0 "CEF:0|a|b|1|2|\0\0\0\0\0\0\0\0\n" LINE1;
    int fd = file_of(content, sizeof content - 1);
    struct tail tail = mended(fd, strlen(LINE0));
    close(fd);
    assert_int_equal(tail.length, strlen(LINE0));
    assert_int_equal(tail.torn_bytes, sizeof content - 1 - strlen(LINE0));
    assert_int_equal(tail.index, 40);
}

static void zeros_right_behind_a_line_are_cut_off(void **state)
{
    (void)state;
    static const char content[] = LINE0 "\0\0\0\0";
    int fd = file_of(content, sizeof content - 1);
    struct tail tail = mended(fd, 0);
    close(fd);
    assert_int_equal(tail.length, strlen(LINE0));
    assert_int_equal(tail.index, 40);
}

static void lines_longer_than_a_block_are_read_whole(void **state)
{
    (void)state;
    for (size_t filler = 65536 - 64; filler < 65536 + 64; filler++) {
        char *content = malloc(2 * filler + 200);
        assert_non_null(content);
        char *at = content + snprintf(content, 200, LINE0 "CEF:0|a|b|1|2|n|3|externalId=41 msg=");
        memset(at, 'm', filler);
        memcpy(at + filler, "\nCEF:0|", 7);
        size_t whole = (size_t)(at - content) + filler + 1;
        memset(at + filler + 7, 't', filler);
        int fd = file_of(content, whole + 6 + filler);
        struct tail tail = mended(fd, UINT64_MAX);
        close(fd);
        free(content);
        assert_int_equal(tail.length, whole);
        assert_int_equal(tail.index, 41);
    }
}

static void a_file_without_line_ends_is_refused_untouched(void **state)
{
    (void)state;
    int fd = file_of("CEF:0|", 6);
    uint64_t size = TAIL_LINE_MAX + 200000;
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    struct tail tail;
    struct fault fault;
    fault_clear(&fault);
    assert_int_equal(tail_mend(fd, "/var/log/x", UINT64_MAX, NULL, &tail, &fault),
                     ERR_CONFIGURATION);
    assert_non_null(strstr(fault.sentence, "/var/log/x"));
    struct stat status;
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_size, size);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_has_no_line),
        cmocka_unit_test(a_file_cut_at_any_octet_ends_with_its_last_whole_line),
        cmocka_unit_test(a_torn_end_of_any_kind_is_cut_off_a_file_of_ours),
        cmocka_unit_test(a_file_named_by_mistake_loses_nothing),
        cmocka_unit_test(a_whole_foreign_last_line_is_kept_and_tells_nothing),
        cmocka_unit_test(zeros_behind_what_was_synced_are_the_end),
        cmocka_unit_test(zeros_right_behind_a_line_are_cut_off),
        cmocka_unit_test(lines_longer_than_a_block_are_read_whole),
        cmocka_unit_test(a_file_without_line_ends_is_refused_untouched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
