/* Frames: what was put in comes out, and nothing passes for a frame that is not one. */
#include "tests/audit/log/scratch.h"

#include <openssl/evp.h>

#include "audit/log/frame.h"

#define ROOM 4096

static const uint8_t previous[HASH_BYTES] = {1, 2, 3};
static const struct log_request request = {"sixteen octets!!", "eight oc"};

static struct log_entry entry_of(const char *text)
{
    return (struct log_entry){.record = slice_of(text)};
}

/* Two batches of 3 and 1 entries, the first with a request. Returns the frame's length. */
static size_t make_frame(uint8_t *octets)
{
    const struct log_entry first[] = {entry_of("{\"a\":1}"), entry_of("b"), entry_of("third")};
    const struct log_entry second[] = {entry_of("alone")};
    size_t length = FRAME_HEAD_BYTES + frame_batch_bytes(first, 3, true) +
                    frame_batch_bytes(second, 1, false) + HASH_BYTES;
    assert_true(length <= ROOM);
    struct frame frame = {.length = length, .first = 1000, .count = 4, .batches = 2, .term = 0};
    uint8_t *at = frame_begin(octets, &frame, previous);
    at = frame_put_batch(at, first, 3, &request);
    at = frame_put_batch(at, second, 1, NULL);
    assert_int_equal(at + HASH_BYTES - octets, length);
    frame_seal(octets, length);
    return length;
}

static void seal_again(uint8_t *octets, size_t length)
{
    frame_seal(octets, length);
}

static bool is_frame(const uint8_t *octets, size_t room)
{
    struct frame frame;
    return frame_read_head(octets, room, &frame) && frame_proves(&frame);
}

/* The layout, octet by octet, as frame.h states it. */
static void has_the_layout_that_is_written_down(void **state)
{
    (void)state;
    uint8_t octets[ROOM];
    size_t length = make_frame(octets);
    static const uint8_t head[] = {0xfb, 'M', 'K', 'G',  'F', 'R', 'M', 0xff, 0, 1, 0, 1,
                                   0,    0,   0,   2,    0,   0,   0,   0,    0, 0, 0, 0,
                                   0,    0,   0,   0,    0,   0,   0,   170,  0, 0, 0, 0,
                                   0,    0,   3,   0xe8, 0,   0,   0,   4,    0, 0, 0, 0};
    static const char body[] = "\0\3\1\0"
                               "sixteen octets!!"
                               "eight oc"
                               "\0\7{\"a\":1}"
                               "\0\1b"
                               "\0\5third"
                               "\0\1\0\0"
                               "\0\5alone";
    assert_int_equal(length, 80 + sizeof body - 1 + 32);
    assert_int_equal(length, 170);
    assert_int_equal(sizeof head, 48);
    assert_memory_equal(octets, head, sizeof head);
    assert_memory_equal(octets + 48, previous, 32);
    assert_memory_equal(octets + 80, body, sizeof body - 1);
    uint8_t hash[32];
    assert_int_equal(EVP_Digest(octets, length - 32, hash, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(octets + length - 32, hash, 32);
}

static void gives_back_what_was_put_in(void **state)
{
    (void)state;
    uint8_t octets[ROOM];
    size_t length = make_frame(octets);
    struct frame frame;
    assert_true(frame_read_head(octets, length, &frame));
    assert_true(frame_proves(&frame));
    assert_int_equal(frame.first, 1000);
    assert_int_equal(frame.count, 4);
    assert_int_equal(frame.length, length);
    assert_memory_equal(frame_previous(&frame), previous, 32);
    struct frame_walk walk;
    struct frame_batch batch;
    struct slice record;
    frame_walk_begin(&walk, &frame);
    assert_true(frame_walk_batch(&walk, &batch));
    assert_int_equal(batch.count, 3);
    assert_memory_equal(batch.request, &request, sizeof request);
    static const char *const texts[] = {"{\"a\":1}", "b", "third", "alone"};
    for (int i = 0; i < 4; i++) {
        assert_true(frame_walk_entry(&walk, &record));
        assert_true(slice_is(record, texts[i]));
        if (i == 2) {
            assert_true(frame_walk_batch(&walk, &batch));
            assert_int_equal(batch.count, 1);
            assert_null(batch.request);
        }
    }
    assert_false(frame_walk_entry(&walk, &record));
    assert_false(frame_walk_batch(&walk, &batch));
}

static void finds_every_bit_that_flipped(void **state)
{
    (void)state;
    uint8_t octets[ROOM];
    size_t length = make_frame(octets);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
        /* The memory behind the frame is there: a longer one might be found in it. */
        if (is_frame(octets, length)) {
            fail_msg("bit %zu flipped unnoticed", bit);
        }
        octets[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(is_frame(octets, length));
}

static void refuses_a_frame_that_is_cut(void **state)
{
    (void)state;
    uint8_t octets[ROOM];
    size_t length = make_frame(octets);
    for (size_t room = 0; room < length; room++) {
        uint8_t *exactly = malloc(length); /* the sanitizer sees a step beyond */
        memcpy(exactly, octets, length);
        struct frame frame;
        assert_false(frame_read_head(exactly, room, &frame));
        free(exactly);
    }
    assert_true(is_frame(octets, length));
    assert_true(is_frame(octets, ROOM));
}

struct lie {
    const char *what;
    size_t at;
    size_t width;
    uint64_t value;
};

/* The SHA-256 is right, what the numbers say is not. */
static void refuses_numbers_that_lie_although_the_hash_is_right(void **state)
{
    (void)state;
    static const struct lie lies[] = {
        {"another version", 8, 2, 2},
        {"another kind", 10, 2, 2},
        {"no batch", 12, 4, 0},
        {"one batch too few", 12, 4, 1},
        {"one batch too many", 12, 4, 3},
        {"more batches than entries", 12, 4, UINT32_MAX},
        {"an index that no entry has", 32, 8, UINT64_C(1) << 48},
        {"an index that overflows", 32, 8, UINT64_MAX},
        {"one entry too few", 40, 4, 3},
        {"one entry too many", 40, 4, 5},
        {"no entry", 40, 4, 0},
        {"octets that are not used", 44, 4, 1},
        {"a batch with an entry too few", 80, 2, 2},
        {"a batch with an entry too many", 80, 2, 4},
        {"an empty batch", 80, 2, 0},
        {"a batch larger than any", 80, 2, 65535},
        {"a request that is not there", 129, 1, 1},
        {"a request kind nobody knows", 82, 1, 2},
        {"an octet of a batch that is not used", 83, 1, 1},
        {"an empty entry", 108, 2, 0},
        {"an entry that is shorter", 108, 2, 6},
        {"an entry beyond the end", 131, 2, 6},
        {"an entry far beyond the end", 131, 2, 65535},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        uint8_t octets[ROOM];
        size_t length = make_frame(octets);
        for (size_t k = 0; k < lies[i].width; k++) {
            octets[lies[i].at + k] = (uint8_t)(lies[i].value >> 8 * (lies[i].width - 1 - k));
        }
        seal_again(octets, length);
        uint8_t *exactly = malloc(length);
        memcpy(exactly, octets, length);
        if (is_frame(exactly, length)) {
            fail_msg("took %s", lies[i].what);
        }
        free(exactly);
    }
}

static void refuses_a_length_that_lies(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {0,   1,   79,   111,        118,
                                       169, 171, 4096, UINT64_MAX, UINT64_C(1) << 63};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t octets[ROOM] = {0};
        make_frame(octets);
        for (int k = 0; k < 8; k++) {
            octets[24 + k] = (uint8_t)(lengths[i] >> 8 * (7 - k));
        }
        if (lengths[i] >= HASH_BYTES && lengths[i] <= ROOM) {
            seal_again(octets, (size_t)lengths[i]);
        }
        if (is_frame(octets, ROOM)) {
            fail_msg("took a length of %llu", (unsigned long long)lengths[i]);
        }
    }
}

static void no_record_in_utf8_can_hold_the_magic(void **state)
{
    (void)state;
    /* RFC 3629: the octets C0, C1, F5 to FF never appear. */
    assert_true(frame_magic[0] >= 0xf5);
    assert_true(frame_magic[FRAME_MAGIC_BYTES - 1] >= 0xf5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_layout_that_is_written_down),
        cmocka_unit_test(gives_back_what_was_put_in),
        cmocka_unit_test(finds_every_bit_that_flipped),
        cmocka_unit_test(refuses_a_frame_that_is_cut),
        cmocka_unit_test(refuses_numbers_that_lie_although_the_hash_is_right),
        cmocka_unit_test(refuses_a_length_that_lies),
        cmocka_unit_test(no_record_in_utf8_can_hold_the_magic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
