/* Judging parts, one by one: what is wrong with each, in the order of parts.md 8.3, whose it claims
 * to be, and what of it is told. */
#include "tests/ceremony/room_people.h"

#include "ceremony/slip39/mnemonic.h"
#include "ceremony/slip39/rs1024.h"

#define TEXT_BYTES (SLIP39_TEXT_BYTES_MAX + 64)

static char text[TEXT_BYTES];
static char other_text[TEXT_BYTES];

static void make_room_with_parts(void)
{
    room.settings.lock_attempts = 100000;
    room_set();
    room_register(4);
    room_start(4, 2);
    for (size_t i = 0; i < 4; i++) {
        room_take(i, false);
    }
}

/* ---- parts that are wrong -------------------------------------------------------------------- */

/* The words with numbers changed, their checksum made anew. */
static void renumber(const char *words, size_t place, uint16_t flip, char *out)
{
    struct mnemonic mnemonic;
    struct secret *made = secret_new(SLIP39_TEXT_BYTES_MAX);
    assert_int_equal(mnemonic_read(slice_of(words), &mnemonic, NULL), OK);
    mnemonic.numbers[place] ^= flip;
    size_t count = mnemonic.count - RS1024_WORDS;
    rs1024_create(mnemonic.numbers, count, true, mnemonic.numbers + count);
    assert_int_equal(mnemonic_write(&mnemonic, made), OK);
    snprintf(out, sizeof text, "%.*s", (int)made->length, (const char *)made->data);
    secret_free(made);
}

/* The four bits in front of the value of 256 bits are the first of word 5. */
static void pad_wrongly(const char *words, char *out)
{
    renumber(words, 4, 1u << 9, out);
}

static void change_form(struct slip39_part *part)
{
    part->header.extendable = false;
}

static void change_exponent(struct slip39_part *part)
{
    part->header.exponent = 0;
}

static void change_length(struct slip39_part *part)
{
    part->value->length = 16;
}

static void change_threshold(struct slip39_part *part)
{
    part->header.member_threshold = 3;
}

static void change_group(struct slip39_part *part)
{
    part->header.group_count = 2;
    part->header.group_index = 1;
}

static void change_to_too_many_groups(struct slip39_part *part)
{
    part->header.group_threshold = 3;
}

static void change_id_and_groups(struct slip39_part *part)
{
    change_id(part);
    change_to_too_many_groups(part);
}

static void change_member_and_value(struct slip39_part *part)
{
    change_member(part);
    change_value(part);
}

static void change_to_another_member(struct slip39_part *part)
{
    part->header.member_index = (uint8_t)((part->header.member_index + 1) % 4);
}

static void mistype(const char *words, int number, char *out)
{
    const char *word = "acid";
    replace_word(words, number, word, out, sizeof text);
    if (strcmp(out, words) == 0) {
        replace_word(words, number, "acne", out, sizeof text);
    }
}

/* ---- each by itself -------------------------------------------------------------------------- */

/* The part of guardian1 as it stands in `text` is refused beside that of guardian2. */
static void expect_first(enum reason reason, const char *bad)
{
    const struct recovery_order order = order_of(PARTS(text, WORDS(1)));
    room_expect_refused(&order, reason);
    assert_string_equal(room.fault.field, "/parts/0");
    char data[512];
    snprintf(data, sizeof data,
             "\"bad\":[{\"position\":0,%s\"submitted_by\":\"operator\",\"reason\":\"%s\"", bad,
             reason_word(reason));
    assert_true(fault_data_has(data));
    assert_true(fault_data_has("\"parts_needed\":2,\"parts_sent\":2"));
    /* the sentence names nothing that stood in the list */
    assert_null(strstr(room.fault.sentence, WORDS(1)));
    const char *claimed = bad[0] == '\0' ? "position 1" : "1 (guardian1)";
    room_expect_text(-1, FIELD_BAD_PARTS, claimed);
}

#define CLAIMS "\"index\":1,\"guardian\":\"guardian1\","

static void an_unknown_word_is_named_by_its_number(void **state)
{
    (void)state;
    make_room_with_parts();
    replace_word(WORDS(0), 17, "acadexyz", text, sizeof text); /* its first four are a word's */
    expect_first(REASON_unknown_word, CLAIMS);
    assert_true(fault_data_has("\"word\":17"));
    replace_word(WORDS(0), 33, "zzzz", text, sizeof text);
    expect_first(REASON_unknown_word, CLAIMS);
    assert_true(fault_data_has("\"word\":33"));
    replace_word(WORDS(0), 2, "zzzz", text, sizeof text); /* nobody knows whose it is */
    expect_first(REASON_unknown_word, "");
    assert_true(fault_data_has("\"word\":2"));
    assert_non_null(strstr(room.fault.sentence, "word 2"));
    /* no word of the part, not even the wrong one, is told */
    assert_null(strstr(room.fault.sentence, "zzzz"));
}

static void a_wrong_number_of_words_is_told(void **state)
{
    (void)state;
    make_room_with_parts();
    snprintf(text, sizeof text, "%s", WORDS(0));
    *strrchr(text, ' ') = '\0';
    expect_first(REASON_word_count, CLAIMS);
    snprintf(text, sizeof text, "%s acid", WORDS(0));
    expect_first(REASON_word_count, CLAIMS);
    text[0] = '\0';
    expect_first(REASON_word_count, "");
    snprintf(text, sizeof text, " \t ");
    expect_first(REASON_word_count, "");
}

static void a_wrong_checksum_is_told(void **state)
{
    (void)state;
    make_room_with_parts();
    mistype(WORDS(0), 20, text);
    expect_first(REASON_checksum, CLAIMS);
    mistype(WORDS(0), 33, text);
    expect_first(REASON_checksum, CLAIMS);
}

/* Word 4 has the number of the part: a slip there must not name somebody else. */
static void a_slip_among_the_first_words_names_nobody(void **state)
{
    (void)state;
    char fourth[16];
    make_room_with_parts();
    assert_int_equal(sscanf(WORDS(1), "%*s %*s %*s %15s", fourth), 1);
    replace_word(WORDS(0), 4, fourth, text, sizeof text); /* as if it were that of guardian2 */
    expect_first(REASON_checksum, "");
    const struct recovery_order alone = order_of(PARTS(text));
    room_expect_refused(&alone, REASON_checksum);
    assert_false(fault_data_has("\"guardian\""));
    /* two slips, one of them there: the good part that is in the list speaks against it */
    char twice[sizeof text];
    mistype(text, 20, twice);
    memcpy(text, twice, sizeof text);
    expect_first(REASON_checksum, "");
}

static void padding_that_nobody_writes_is_told(void **state)
{
    (void)state;
    make_room_with_parts();
    pad_wrongly(WORDS(0), text);
    expect_first(REASON_padding, CLAIMS);
}

static void foreign_is_whatever_cannot_be_of_this_set(void **state)
{
    (void)state;
    make_room_with_parts();
    void (*const changes[])(struct slip39_part *) = {change_id, change_form, change_exponent,
                                                     change_length};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        rewrite_part(WORDS(0), changes[i], text);
        struct recovery_order order = order_of(PARTS(text, WORDS(1)));
        order.ceremony = slice_of(room.ceremony);
        room_expect_refused(&order, REASON_foreign);
        assert_true(fault_data_has("{\"position\":0,\"submitted_by\":\"operator\","
                                   "\"reason\":\"foreign\""));
        room_expect_text(-1, FIELD_BAD_PARTS, "position 1");
    }
}

static void a_header_that_was_never_dealt_is_told(void **state)
{
    (void)state;
    make_room_with_parts();
    void (*const changes[])(struct slip39_part *) = {change_member, change_threshold, change_group,
                                                     change_to_too_many_groups};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        rewrite_part(WORDS(0), changes[i], text);
        expect_first(REASON_wrong_header, "");
    }
}

static void a_part_with_another_value_was_altered(void **state)
{
    (void)state;
    make_room_with_parts();
    rewrite_part(WORDS(0), change_value, text);
    expect_first(REASON_altered, CLAIMS);
    /* another's value under this header: it claims to be guardian2's */
    rewrite_part(WORDS(0), change_to_another_member, text);
    const struct recovery_order order = order_of(PARTS(text, WORDS(0)));
    room_expect_refused(&order, REASON_altered);
    assert_true(fault_data_has("\"index\":2,\"guardian\":\"guardian2\""));
}

static void the_same_part_again_is_a_duplicate(void **state)
{
    (void)state;
    make_room_with_parts();
    char capitals[TEXT_BYTES] = "";
    for (size_t i = 0; WORDS(0)[i] != '\0'; i++) {
        char c = WORDS(0)[i];
        capitals[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
    const struct recovery_order order = order_of(PARTS(WORDS(0), capitals, WORDS(1), WORDS(0)));
    room_expect_refused(&order, REASON_duplicate);
    assert_string_equal(room.fault.field, "/parts/1");
    assert_true(fault_data_has(
        "\"bad\":[{\"position\":1,\"index\":1,\"guardian\":\"guardian1\",\"submitted_by\":"
        "\"operator\",\"reason\":\"duplicate\"},{\"position\":3,\"index\":1,\"guardian\":"
        "\"guardian1\",\"submitted_by\":\"operator\",\"reason\":\"duplicate\"}]"));
    room_expect_text(-1, FIELD_BAD_PARTS, "1 (guardian1), 1 (guardian1)");
    room_expect_integer(-1, FIELD_PARTS_SENT, 4);
}

/* ---- the order of the checks ----------------------------------------------------------------- */

static enum reason verdict_of(const char *words)
{
    struct recovery_outcome out;
    struct recovery_order order = order_of(PARTS(words, WORDS(1)));
    order.ceremony = slice_of(room.ceremony);
    room_expect(room_attempt(&order, &out), ERR_PARTS);
    return room.fault.reason;
}

static void expect_order(enum reason first)
{
    assert_string_equal(reason_word(verdict_of(text)), reason_word(first));
}

static void of_two_faults_the_earlier_check_is_told(void **state)
{
    (void)state;
    make_room_with_parts();
    /* unknown_word before word_count */
    snprintf(text, sizeof text, "%s zzzz", WORDS(0));
    expect_order(REASON_unknown_word);
    /* word_count before checksum */
    mistype(WORDS(0), 20, other_text);
    snprintf(text, sizeof text, "acid %.*s", (int)sizeof text - 8, other_text);
    expect_order(REASON_word_count);
    /* checksum before padding, foreign, wrong_header, altered */
    pad_wrongly(WORDS(0), other_text);
    mistype(other_text, 20, text);
    expect_order(REASON_checksum);
    rewrite_part(WORDS(0), change_id, other_text);
    mistype(other_text, 20, text);
    expect_order(REASON_checksum);
    rewrite_part(WORDS(0), change_member_and_value, other_text);
    mistype(other_text, 20, text);
    expect_order(REASON_checksum);
    /* padding before foreign */
    rewrite_part(WORDS(0), change_id, other_text);
    pad_wrongly(other_text, text);
    expect_order(REASON_padding);
    /* foreign before wrong_header, of whatever kind */
    rewrite_part(WORDS(0), change_id_and_groups, text);
    expect_order(REASON_foreign);
    rewrite_part(WORDS(0), change_id, other_text);
    rewrite_part(other_text, change_member, text);
    expect_order(REASON_foreign);
    /* wrong_header before altered */
    rewrite_part(WORDS(0), change_member_and_value, text);
    expect_order(REASON_wrong_header);
    /* altered before duplicate: twice the same wrong part, and beside the right one */
    rewrite_part(WORDS(0), change_value, text);
    struct recovery_outcome out;
    const struct recovery_order order = order_of(PARTS(WORDS(0), text, text));
    room_expect(room_attempt(&order, &out), ERR_PARTS);
    assert_true(fault_data_has("{\"position\":1,\"index\":1,\"guardian\":\"guardian1\","
                               "\"submitted_by\":\"operator\",\"reason\":\"altered\"},"
                               "{\"position\":2,\"index\":1,\"guardian\":\"guardian1\","
                               "\"submitted_by\":\"operator\",\"reason\":\"altered\"}"));
    assert_false(memmem(room.fault.data.data, room.fault.data.length, "duplicate", 9) != NULL);
}

static void every_bad_part_is_told_in_the_order_of_the_list(void **state)
{
    (void)state;
    make_room_with_parts();
    replace_word(WORDS(1), 9, "zzzz", text, sizeof text);
    rewrite_part(WORDS(3), change_value, other_text);
    const struct recovery_order order = order_of(PARTS(WORDS(0), text, WORDS(2), other_text));
    room_expect_refused(&order, REASON_unknown_word);
    assert_string_equal(room.fault.field, "/parts/1");
    assert_non_null(strstr(room.fault.sentence, "guardian2"));
    assert_non_null(strstr(room.fault.sentence, "Others are wrong, too"));
    assert_true(fault_data_has("\"bad\":[{\"position\":1,\"index\":2,\"guardian\":\"guardian2\","
                               "\"submitted_by\":\"operator\",\"reason\":\"unknown_word\","
                               "\"word\":9},{\"position\":3,\"index\":4,\"guardian\":"
                               "\"guardian4\",\"submitted_by\":\"operator\",\"reason\":"
                               "\"altered\"}],\"parts_needed\":2,\"parts_sent\":4"));
    room_expect_text(-1, FIELD_BAD_PARTS, "2 (guardian2), 4 (guardian4)");
}

/* ---- which ceremony -------------------------------------------------------------------------- */

static char former[UUID_TEXT_BYTES + 1];
static char former_words[2][SLIP39_TEXT_BYTES_MAX + 1];

static void make_two_ceremonies(void)
{
    make_room_with_parts();
    memcpy(former, room.ceremony, sizeof former);
    for (size_t i = 0; i < 2; i++) {
        memcpy(former_words[i], WORDS(i), sizeof former_words[i]);
    }
    struct ceremony_plan plan = plan_of(3, 2);
    plan.name = slice_of("The \"new\" one");
    room_expect(room_try_start(&plan), OK);
    for (size_t i = 0; i < 3; i++) {
        room_take(i, false);
    }
}

static void a_foreign_part_names_the_ceremony_here_that_it_belongs_to(void **state)
{
    (void)state;
    make_two_ceremonies();
    const struct recovery_order order = order_of(PARTS(former_words[0], WORDS(1)));
    room_expect_refused(&order, REASON_foreign); /* the first tells which ceremony is meant */
    assert_string_equal(room.fault.field, "/parts/1");
    assert_true(fault_data_has("\"reason\":\"foreign\",\"other\":\"The \\\"new\\\" one\"}"));
    room_expect_text(-1, FIELD_CEREMONY, former);
    struct recovery_order named = order_of(PARTS(former_words[0], WORDS(1)));
    named.ceremony = slice_of(room.ceremony);
    room_expect_refused(&named, REASON_foreign);
    assert_string_equal(room.fault.field, "/parts/0");
    assert_true(fault_data_has("\"other\":\"Root of the vault\"}"));
    room_expect_text(-1, FIELD_CEREMONY, room.ceremony);
}

static void readable_parts_say_which_ceremony_before_others_do(void **state)
{
    (void)state;
    make_two_ceremonies();
    mistype(former_words[0], 20, text);
    const struct recovery_order order = order_of(PARTS(text, WORDS(1)));
    room_expect_refused(&order, REASON_checksum);
    room_expect_text(-1, FIELD_CEREMONY, room.ceremony);
    assert_false(memmem(room.fault.data.data, room.fault.data.length, "index", 5) != NULL);
    /* only one that cannot be read: better than none */
    const struct recovery_order alone = order_of(PARTS(text));
    room_expect_refused(&alone, REASON_checksum);
    room_expect_text(-1, FIELD_CEREMONY, former);
    assert_true(fault_data_has("\"index\":1,\"guardian\":\"guardian1\""));
}

static void parts_of_no_ceremony_here_are_all_foreign(void **state)
{
    (void)state;
    make_room_with_parts();
    rewrite_part(WORDS(0), change_id, text);
    rewrite_part(WORDS(1), change_id, other_text);
    const struct recovery_order order = order_of(PARTS(text, other_text));
    room_expect_refused(&order, REASON_foreign);
    assert_true(fault_data_has("\"bad\":[{\"position\":0,\"submitted_by\":\"operator\","
                               "\"reason\":\"foreign\"},{\"position\":1,\"submitted_by\":"
                               "\"operator\",\"reason\":\"foreign\"}],\"parts_needed\":2"));
    room_expect_text(-1, FIELD_CEREMONY, NULL);
    room_expect_text(-1, FIELD_BAD_PARTS, "position 1, position 2");
    const struct recovery_order nothing = order_of(PARTS("zzzz"));
    room_expect_refused(&nothing, REASON_unknown_word);
    assert_true(fault_data_has("\"parts_needed\":0,\"parts_sent\":1"));
}

static void a_ceremony_that_is_named_must_be_there(void **state)
{
    (void)state;
    struct recovery_outcome out;
    make_room_with_parts();
    struct recovery_order order = order_of(PARTS(WORDS(0), WORDS(1)));
    order.ceremony = slice_of("6f1a3c52-8d0e-4b7a-9c21-5e4f3a2b1c0d");
    uint64_t before = room_events();
    room_expect_fault(room_attempt(&order, &out), ERR_NOT_FOUND, REASON_unknown_ceremony,
                      "/ceremony");
    assert_int_equal(room_events(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(an_unknown_word_is_named_by_its_number),
        IN_ROOM(a_wrong_number_of_words_is_told),
        IN_ROOM(a_wrong_checksum_is_told),
        IN_ROOM(a_slip_among_the_first_words_names_nobody),
        IN_ROOM(padding_that_nobody_writes_is_told),
        IN_ROOM(foreign_is_whatever_cannot_be_of_this_set),
        IN_ROOM(a_header_that_was_never_dealt_is_told),
        IN_ROOM(a_part_with_another_value_was_altered),
        IN_ROOM(the_same_part_again_is_a_duplicate),
        IN_ROOM(of_two_faults_the_earlier_check_is_told),
        IN_ROOM(every_bad_part_is_told_in_the_order_of_the_list),
        IN_ROOM(a_foreign_part_names_the_ceremony_here_that_it_belongs_to),
        IN_ROOM(readable_parts_say_which_ceremony_before_others_do),
        IN_ROOM(parts_of_no_ceremony_here_are_all_foreign),
        IN_ROOM(a_ceremony_that_is_named_must_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
