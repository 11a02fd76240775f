/* Segments: names, the first page, and where to look for an index. */
#include "tests/audit/log/scratch.h"

#include "audit/base/memory.h"
#include "audit/log/segment.h"

static void names_sort_as_their_indexes(void **state)
{
    (void)state;
    char name[SEGMENT_NAME_BYTES];
    uint64_t first;
    segment_name(0, name);
    assert_string_equal(name, "00000000000000000000.wal");
    segment_name(1234567, name);
    assert_string_equal(name, "00000000000001234567.wal");
    assert_true(segment_name_read(name, &first));
    assert_int_equal(first, 1234567);
}

static void other_names_are_no_segments(void **state)
{
    (void)state;
    static const char *const others[] = {"",
                                         ".",
                                         "..",
                                         "spare",
                                         "spare.tmp",
                                         "0.wal",
                                         "requests",
                                         "00000000000001234567.wal.bak",
                                         "00000000000001234567",
                                         "0000000000000123456x.wal",
                                         "99999999999999999999.wal",
                                         "000000000000001234567.wal",
                                         "-0000000000000000001.wal"};
    uint64_t first = 77;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(segment_name_read(others[i], &first));
    }
    assert_int_equal(first, 77);
}

static void make_page(uint64_t size, uint8_t page[SEGMENT_HEAD_BYTES], struct segment_head *head)
{
    *head = (struct segment_head){.bytes = 65536, .edge = {.size = size}};
    memset(head->previous, 0xab, sizeof head->previous);
    for (size_t i = 0; i < edge_count(size); i++) {
        memset(head->edge.hashes[i], (int)i + 1, HASH_BYTES);
    }
    segment_head_write(head, page);
}

static void the_first_page_gives_back_what_was_put_in(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, 255, 1000000, (UINT64_C(1) << 48) - 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t page[SEGMENT_HEAD_BYTES];
        struct segment_head head;
        struct segment_head read = {0};
        make_page(sizes[i], page, &head);
        assert_true(segment_head_read(page, &read));
        assert_int_equal(read.bytes, head.bytes);
        assert_int_equal(read.edge.size, sizes[i]);
        assert_memory_equal(read.previous, head.previous, HASH_BYTES);
        assert_memory_equal(read.edge.hashes, head.edge.hashes, edge_count(sizes[i]) * HASH_BYTES);
    }
}

static void finds_every_bit_of_the_first_page_that_flipped(void **state)
{
    (void)state;
    uint8_t page[SEGMENT_HEAD_BYTES];
    struct segment_head head;
    make_page(12345, page, &head);
    for (size_t bit = 0; bit < 8 * sizeof page; bit++) {
        page[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(segment_head_read(page, &head));
        page[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(segment_head_read(page, &head));
}

static void seeks_from_the_last_mark_before_the_index(void **state)
{
    (void)state;
    struct segment segment = {.first = 1000, .bytes = 1 << 30};
    uint64_t first;
    uint64_t offset;
    segment_seek(&segment, 5000, &first, &offset);
    assert_int_equal(first, 1000);
    assert_int_equal(offset, SEGMENT_HEAD_BYTES);
    /* A frame of 10 entries every 30,000 octets. */
    for (uint64_t i = 0; i < 2000; i++) {
        segment_mark(&segment, 1000 + 10 * i, SEGMENT_HEAD_BYTES + 30000 * i);
    }
    assert_true(segment.mark_count > 500);
    for (uint64_t index = 1000; index < 21000; index++) {
        segment_seek(&segment, index, &first, &offset);
        assert_true(first <= index && index - first < 100);
        assert_int_equal(offset, SEGMENT_HEAD_BYTES + (first - 1000) / 10 * 30000);
    }
    memory_free(segment.marks);
}

static void without_memory_for_marks_the_search_is_only_longer(void **state)
{
    (void)state;
    struct segment segment = {.first = 0, .bytes = 1 << 30};
    memory_fail_from(1);
    for (uint64_t i = 0; i < 100; i++) {
        segment_mark(&segment, i, SEGMENT_HEAD_BYTES + 100000 * i);
    }
    memory_fail_from(0);
    uint64_t first;
    uint64_t offset;
    segment_seek(&segment, 99, &first, &offset);
    assert_int_equal(first, 0);
    assert_int_equal(offset, SEGMENT_HEAD_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_sort_as_their_indexes),
        cmocka_unit_test(other_names_are_no_segments),
        cmocka_unit_test(the_first_page_gives_back_what_was_put_in),
        cmocka_unit_test(finds_every_bit_of_the_first_page_that_flipped),
        cmocka_unit_test(seeks_from_the_last_mark_before_the_index),
        cmocka_unit_test(without_memory_for_marks_the_search_is_only_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
