/* The JSON reader against jansson, the strict reader of Debian: what jansson refuses is refused,
 * and what both take means the same. Texts: the fuzz corpus and seeded mutations of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Both have kinds of the same names. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_INTEGER JANSSON_INTEGER
#define JSON_REAL JANSSON_REAL
#define JSON_NULL JANSSON_NULL
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_NULL

#include <dirent.h>

#include "audit/base/json.h"

#define FILES_MAX 400
#define MUTATIONS 20000
#define TEXT_MAX 4096

struct text {
    char name[NAME_MAX + 1];
    size_t length;
    char *data;
};

static struct text texts[FILES_MAX];
static size_t text_count;

static void read_text(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/json/%s", TEST_CORPUS, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    struct text *text = &texts[text_count++];
    snprintf(text->name, sizeof text->name, "%s", name);
    text->data = malloc(TEXT_MAX);
    assert_non_null(text->data);
    text->length = fread(text->data, 1, TEXT_MAX, file);
    assert_true(text->length < TEXT_MAX);
    fclose(file);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct text *)a)->name, ((const struct text *)b)->name);
}

static int read_corpus(void **state)
{
    (void)state;
    DIR *folder = opendir(TEST_CORPUS "/json");
    assert_non_null(folder);
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            assert_true(text_count < FILES_MAX);
            read_text(entry->d_name);
        }
    }
    closedir(folder);
    qsort(texts, text_count, sizeof texts[0], compare_names); /* one order everywhere */
    return 0;
}

static int free_corpus(void **state)
{
    (void)state;
    for (size_t i = 0; i < text_count; i++) {
        free(texts[i].data);
    }
    return 0;
}

/* ---- comparing --------------------------------------------------------------------------------
 */

static void assert_same(const struct json *ours, json_t *theirs);

static void assert_same_members(const struct json *ours, json_t *theirs)
{
    assert_int_equal(json_typeof(theirs), JANSSON_OBJECT);
    assert_int_equal(json_object_size(theirs), ours->count);
    uint32_t count = 0;
    for (const struct json *member = ours->child; member != NULL; member = member->next) {
        char *name =
            strndup(member->name.data == NULL ? "" : member->name.data, member->name.length);
        assert_non_null(name);
        json_t *same = json_object_get(theirs, name);
        free(name);
        assert_non_null(same);
        assert_same(member, same);
        count++;
    }
    assert_int_equal(count, ours->count);
}

static void assert_same_elements(const struct json *ours, json_t *theirs)
{
    assert_int_equal(json_typeof(theirs), JANSSON_ARRAY);
    assert_int_equal(json_array_size(theirs), ours->count);
    size_t index = 0;
    for (const struct json *element = ours->child; element != NULL; element = element->next) {
        assert_same(element, json_array_get(theirs, index++));
    }
    assert_int_equal(index, ours->count);
}

static void assert_same(const struct json *ours, json_t *theirs)
{
    double real = json_real_value(theirs);
    switch (ours->kind) {
    case JSON_NULL:
        assert_int_equal(json_typeof(theirs), JANSSON_NULL);
        break;
    case JSON_BOOLEAN:
        assert_int_equal(json_typeof(theirs), ours->boolean ? JSON_TRUE : JSON_FALSE);
        break;
    case JSON_INTEGER:
        assert_int_equal(json_typeof(theirs), JANSSON_INTEGER);
        assert_int_equal(json_integer_value(theirs), ours->integer);
        break;
    case JSON_REAL:
        assert_int_equal(json_typeof(theirs), JANSSON_REAL);
        assert_memory_equal(&real, &ours->real, sizeof real);
        break;
    case JSON_STRING:
        assert_int_equal(json_typeof(theirs), JANSSON_STRING);
        assert_int_equal(json_string_length(theirs), ours->text.length);
        if (ours->text.length != 0) {
            assert_memory_equal(json_string_value(theirs), ours->text.data, ours->text.length);
        }
        break;
    case JSON_ARRAY:
        assert_same_elements(ours, theirs);
        break;
    case JSON_OBJECT:
        assert_same_members(ours, theirs);
        break;
    }
}

struct verdicts {
    unsigned both_take;
    unsigned both_refuse;
    unsigned only_ours_refuses;
};

/* Ours alone may refuse what is deeper than its limit (jansson allows 2048 levels), and a NUL
 * behind a number or word (jansson 2.14 loses it: it takes the octet it put back for an empty
 * buffer). */
static void assert_ours_alone_may_refuse(const char *data, size_t length, const struct fault *fault)
{
    size_t octet = length;
    if (fault->reason != REASON_too_deep) {
        assert_int_equal(fault->reason, REASON_bad_json);
        assert_int_equal(sscanf(fault->sentence, "At octet %zu ", &octet), 1);
        assert_true(octet > 0 && octet < length);
        assert_int_equal(data[octet], '\0');
        assert_non_null(memchr("0123456789els", data[octet - 1], 13)); /* true, false, null */
    }
}

static void judge(const char *data, size_t length, struct verdicts *verdicts)
{
    static const struct json_limits limits = {.depth = JSON_DEPTH_MAX, .members = UINT32_MAX};
    char *exact = malloc(length == 0 ? 1 : length); /* a sanitizer sees an octet too far */
    assert_non_null(exact);
    memcpy(exact, data, length);
    struct arena arena;
    arena_init(&arena, 1 << 24);
    struct json *ours = NULL;
    struct fault fault;
    fault_clear(&fault);
    enum err err = json_parse(&arena, (struct slice){exact, length}, &limits, &ours, &fault);
    json_t *theirs =
        json_loadb(data, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
    if (theirs == NULL) {
        assert_int_not_equal(err, OK);
        verdicts->both_refuse++;
    } else if (err != OK) {
        assert_ours_alone_may_refuse(data, length, &fault);
        verdicts->only_ours_refuses++;
    } else {
        assert_same(ours, theirs);
        verdicts->both_take++;
    }
    assert_int_equal(err != OK, fault.reason != REASON_none);
    json_decref(theirs);
    arena_done(&arena);
    free(exact);
}

static void the_corpus_means_what_it_means_to_jansson(void **state)
{
    (void)state;
    unsigned good = 0;
    unsigned over = 0;
    struct verdicts verdicts = {0};
    for (size_t i = 0; i < text_count; i++) {
        good += strncmp(texts[i].name, "good_", 5) == 0 ? 1 : 0;
        over += strncmp(texts[i].name, "over_", 5) == 0 ? 1 : 0;
        judge(texts[i].data, texts[i].length, &verdicts);
    }
    assert_true(good >= 20 && text_count - good >= 40);
    assert_int_equal(verdicts.both_take, good);
    assert_int_equal(verdicts.only_ours_refuses, over);
    assert_int_equal(verdicts.both_refuse, text_count - good - over);
}

/* ---- mutations --------------------------------------------------------------------------------
 */

static uint64_t random_state = 20261124;

/* xorshift64: numbers below `below`, the same at each run. */
static size_t draw(size_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (size_t)(random_state % below);
}

static char draw_octet(void)
{
    static const char telling[] =
        "\"\\{}[]:,.-+eEu0123456789abdnrtfls/ \t\n\x01\x7f\x80\xbf\xc0\xc3"
        "\xe0\xed\xf0\xf4\xff";
    return draw(8) == 0 ? (char)draw(256) : telling[draw(sizeof telling)];
}

static size_t insert(char *data, size_t length, size_t place, const char *piece,
                     size_t piece_length)
{
    if (length + piece_length > 2 * TEXT_MAX) {
        return length;
    }
    memmove(data + place + piece_length, data + place, length - place);
    memcpy(data + place, piece, piece_length);
    return length + piece_length;
}

static size_t mutate(char *data, size_t length)
{
    size_t place = draw(length + 1);
    size_t run = draw(8) == 0 ? draw(64) : draw(4);
    run = run > length - place ? length - place : run;
    char octet = draw_octet();
    const struct text *other = &texts[draw(text_count)];
    size_t from = draw(other->length + 1);
    switch (draw(6)) {
    case 0:
        if (place < length) {
            data[place] = (char)(data[place] ^ 1 << draw(8));
        }
        return length;
    case 1:
        if (place < length) {
            data[place] = octet;
        }
        return length;
    case 2:
        return insert(data, length, place, &octet, 1);
    case 3:
        memmove(data + place, data + place + run, length - place - run);
        return length - run;
    case 4:
        return insert(data, length, place, other->data + from, draw(other->length - from + 1));
    default:
        return draw(4) == 0 ? place : length;
    }
}

static void mutated_texts_mean_what_they_mean_to_jansson(void **state)
{
    (void)state;
    static char data[2 * TEXT_MAX];
    struct verdicts verdicts = {0};
    for (int i = 0; i < MUTATIONS; i++) {
        const struct text *text = &texts[draw(text_count)];
        if (text->name[0] == 'b') { /* bad: mostly stays so, which proves less */
            text = &texts[draw(text_count)];
        }
        size_t length = text->length;
        memcpy(data, text->data, length);
        for (size_t steps = 1 + draw(3); steps > 0; steps--) {
            length = mutate(data, length);
        }
        judge(data, length, &verdicts);
    }
    print_message("%u taken by both, %u refused by both, %u refused by ours alone\n",
                  verdicts.both_take, verdicts.both_refuse, verdicts.only_ours_refuses);
    assert_true(verdicts.both_take > MUTATIONS / 20); /* else it would prove little */
    assert_true(verdicts.both_refuse > MUTATIONS / 20);
}

/* Numbers are drawn too: mutations seldom make new ones of many digits. */
static void drawn_numbers_mean_what_they_mean_to_jansson(void **state)
{
    (void)state;
    struct verdicts verdicts = {0};
    for (int i = 0; i < MUTATIONS; i++) {
        char text[128];
        size_t length = 0;
        if (draw(2) == 0) {
            text[length++] = '-';
        }
        size_t digits = 1 + draw(draw(4) == 0 ? 40 : 18);
        for (size_t digit = 0; digit < digits; digit++) {
            text[length++] = (char)('0' + draw(10));
        }
        if (draw(3) != 0) {
            text[length++] = '.';
            for (size_t digit = 1 + draw(20); digit > 0; digit--) {
                text[length++] = (char)('0' + draw(10));
            }
        }
        if (draw(3) == 0) {
            length +=
                (size_t)snprintf(text + length, sizeof text - length, "e%d", (int)draw(700) - 350);
        }
        judge(text, length, &verdicts);
    }
    assert_true(verdicts.both_take > MUTATIONS / 2);
    assert_true(verdicts.both_refuse > MUTATIONS / 50);
    assert_int_equal(verdicts.only_ours_refuses, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corpus_means_what_it_means_to_jansson),
        cmocka_unit_test(mutated_texts_mean_what_they_mean_to_jansson),
        cmocka_unit_test(drawn_numbers_mean_what_they_mean_to_jansson),
    };
    return cmocka_run_group_tests(tests, read_corpus, free_corpus);
}
