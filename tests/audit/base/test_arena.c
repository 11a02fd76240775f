/* Arenas: pieces aligned, apart from each other, within the maximum, and all given back. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "audit/base/arena.h"
#include "audit/base/memory.h"

static void pieces_are_aligned_and_do_not_overlap(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    struct arena arena;
    unsigned char *pieces[COUNT];
    arena_init(&arena, (size_t)1 << 30);
    for (size_t i = 0; i < COUNT; i++) {
        pieces[i] = arena_allocate(&arena, i * 7);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)(i & 0xff), i * 7);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t octet = 0; octet < i * 7; octet++) {
            assert_int_equal(pieces[i][octet], i & 0xff);
        }
    }
    arena_done(&arena);
}

static void owns_nothing_until_the_first_piece(void **state)
{
    (void)state;
    struct arena arena;
    memory_fail_from(0);
    arena_init(&arena, 1000);
    arena_reset(&arena);
    arena_done(&arena);
    assert_int_equal(memory_fail_from(0), 0);
}

static void hands_out_its_maximum_and_no_more(void **state)
{
    (void)state;
    const size_t maximum = 20000 / alignof(max_align_t) * alignof(max_align_t);
    struct arena arena;
    arena_init(&arena, maximum);
    while (arena.used + 160 <= maximum) {
        assert_non_null(arena_allocate(&arena, 160));
    }
    assert_null(arena_allocate(&arena, maximum - arena.used + 1));
    assert_non_null(arena_allocate(&arena, maximum - arena.used));
    assert_null(arena_allocate(&arena, 1));
    arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    assert_non_null(arena_allocate(&arena, maximum));
    arena_done(&arena);
}

static void refuses_sizes_that_would_wrap(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    for (size_t less = 0; less < 32; less++) { /* with a chunk's head they would be small again */
        memory_fail_from(1);
        assert_null(arena_allocate(&arena, SIZE_MAX - less));
        assert_int_equal(memory_fail_from(0), 0); /* no memory was even asked for */
    }
    assert_non_null(arena_allocate(&arena, 1));
    arena_done(&arena);
}

static void zeroed_pieces_are_zero_even_when_used_before(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 100000);
    memset(arena_allocate(&arena, 3000), 0xff, 3000);
    arena_reset(&arena);
    const unsigned char *piece = arena_allocate_zeroed(&arena, 3000);
    assert_non_null(piece);
    for (size_t i = 0; i < 3000; i++) {
        assert_int_equal(piece[i], 0);
    }
    arena_done(&arena);
}

static void reset_keeps_a_small_chunk_and_frees_a_large_one(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, (size_t)1 << 30);
    assert_non_null(arena_allocate(&arena, 4000));
    arena_reset(&arena);
    memory_fail_from(0);
    assert_non_null(arena_allocate(&arena, 4000));
    assert_int_equal(memory_fail_from(0), 0); /* no memory was asked for */
    assert_non_null(arena_allocate(&arena, 1000000));
    arena_reset(&arena);
    assert_null(arena.current);
    arena_done(&arena);
}

static void copies_end_in_a_nul_beyond_their_length(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1000);
    struct slice copy = arena_copy(&arena, (struct slice){"ab\0cd", 4});
    assert_int_equal(copy.length, 4);
    assert_memory_equal(copy.data, "ab\0c", 5);
    struct slice empty = arena_copy(&arena, (struct slice){NULL, 0});
    assert_non_null(empty.data);
    assert_int_equal(empty.length, 0);
    assert_int_equal(empty.data[0], '\0');
    arena_done(&arena);
}

static void without_memory_gives_null_and_stays_usable(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 100000);
    memory_fail_from(1);
    assert_null(arena_allocate(&arena, 10));
    assert_null(arena_allocate_zeroed(&arena, 10));
    assert_null(arena_copy(&arena, slice_of("x")).data);
    memory_fail_from(0);
    assert_int_equal(arena.used, 0);
    assert_non_null(arena_allocate(&arena, 10));
    arena_done(&arena);
}

static void over_lent_memory_nothing_else_is_taken_and_nothing_given_back(void **state)
{
    (void)state;
    alignas(max_align_t) unsigned char memory[1024];
    struct arena arena;
    memset(memory, 0xaa, sizeof memory);
    memory_fail_from(0);
    arena_init_over(&arena, memory, 1000); /* not all of it */
    size_t handed_out = 0;
    for (unsigned char *piece; (piece = arena_allocate(&arena, 40)) != NULL; handed_out++) {
        assert_true(piece >= memory && piece + 40 <= memory + 1000);
        memset(piece, (int)handed_out, 40);
    }
    assert_in_range(handed_out, 18, 20); /* 48 octets each, and a head */
    assert_null(arena_copy(&arena, (struct slice){(const char *)memory, 100}).data);
    arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    assert_non_null(arena_allocate(&arena, 900));
    assert_null(arena_allocate(&arena, 900));
    arena_done(&arena);
    assert_null(arena_allocate(&arena, 1));
    assert_int_equal(memory_fail_from(0), 0); /* no memory was asked for */
    for (size_t i = 1000; i < sizeof memory; i++) {
        assert_int_equal(memory[i], 0xaa);
    }
}

static void a_wipe_leaves_nothing_of_what_was_handed_out(void **state)
{
    (void)state;
    char room[4096] __attribute__((aligned(16)));
    struct arena arena;
    arena_init_over(&arena, room, sizeof room);
    for (int i = 0; i < 20; i++) {
        char *piece = arena_allocate(&arena, 30);
        assert_non_null(piece);
        memcpy(piece, "academic acid acne acquire acr", 30);
    }
    arena_wipe(&arena);
    assert_null(memmem(room, sizeof room, "acid", 4));
    assert_int_equal(arena.used, 0);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_do_not_overlap),
        cmocka_unit_test(owns_nothing_until_the_first_piece),
        cmocka_unit_test(hands_out_its_maximum_and_no_more),
        cmocka_unit_test(refuses_sizes_that_would_wrap),
        cmocka_unit_test(zeroed_pieces_are_zero_even_when_used_before),
        cmocka_unit_test(reset_keeps_a_small_chunk_and_frees_a_large_one),
        cmocka_unit_test(copies_end_in_a_nul_beyond_their_length),
        cmocka_unit_test(without_memory_gives_null_and_stays_usable),
        cmocka_unit_test(over_lent_memory_nothing_else_is_taken_and_nothing_given_back),
        cmocka_unit_test(a_wipe_leaves_nothing_of_what_was_handed_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
