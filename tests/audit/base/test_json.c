/* The JSON reader: what it takes and what that means. Doubled names, limits, faults and memory are
 * test_json_limits.c; that it means by a text what jansson means is test_json_judge.c; the string
 * writer is test_json_string.c. */
#include "tests/audit/base/json_reading.h"

#include <locale.h>

static void assert_text(struct slice text, const char *wanted)
{
    assert_int_equal(text.length, strlen(wanted));
    assert_memory_equal(text.data, wanted, text.length);
}

/* ---- what is read -----------------------------------------------------------------------------
 */

static void reads_every_kind(void **state)
{
    (void)state;
    assert_int_equal(parsed("null")->kind, JSON_NULL);
    assert_int_equal(parsed("true")->kind, JSON_BOOLEAN);
    assert_true(parsed("true")->boolean);
    assert_false(parsed("false")->boolean);
    assert_int_equal(parsed("17")->kind, JSON_INTEGER);
    assert_int_equal(parsed("17.0")->kind, JSON_REAL);
    assert_int_equal(parsed("17e0")->kind, JSON_REAL);
    assert_int_equal(parsed("\"17\"")->kind, JSON_STRING);
    assert_int_equal(parsed("[]")->kind, JSON_ARRAY);
    assert_int_equal(parsed("{}")->kind, JSON_OBJECT);
}

static void keeps_elements_and_members_in_order(void **state)
{
    (void)state;
    const struct json *root = parsed(" { \"b\" : [ 1 , 2 , 3 ] ,\r\n\t\"a\" : { } } ");
    assert_int_equal(root->count, 2);
    assert_int_equal(root->name.length, 0);
    const struct json *list = root->child;
    assert_text(list->name, "b");
    assert_int_equal(list->count, 3);
    assert_int_equal(list->child->integer, 1);
    assert_int_equal(list->child->next->integer, 2);
    assert_int_equal(list->child->next->next->integer, 3);
    assert_int_equal(list->child->name.length, 0);
    assert_null(list->child->next->next->next);
    assert_text(list->next->name, "a");
    assert_int_equal(list->next->count, 0);
    assert_null(list->next->child);
    assert_null(list->next->next);
}

static void text_of_a_value_is_what_was_written(void **state)
{
    (void)state;
    const struct json *root = parsed(" {\"a\": [ -0 , 1.50e1, \"x\\ty\" ] } ");
    assert_text(root->text, "{\"a\": [ -0 , 1.50e1, \"x\\ty\" ] }");
    const struct json *list = root->child;
    assert_text(list->text, "[ -0 , 1.50e1, \"x\\ty\" ]");
    assert_text(list->child->text, "-0");
    assert_text(list->child->next->text, "1.50e1");
    assert_text(list->child->next->next->text, "x\ty");
}

static void strings_without_escapes_borrow_from_the_input(void **state)
{
    (void)state;
    static const char text[] = "{\"name\":\"valu\xc3\xa9\",\"n\\u0061me2\":\"a\\\\b\"}";
    struct json *root = NULL;
    assert_int_equal(json_parse(&arena, slice_of(text), &wide, &root, &fault), OK);
    const struct json *first = root->child;
    assert_ptr_equal(first->name.data, text + 2);
    assert_ptr_equal(first->text.data, text + 9);
    const struct json *second = first->next;
    assert_false(second->name.data >= text && second->name.data < text + sizeof text);
    assert_text(second->name, "name2");
    assert_text(second->text, "a\\b");
}

static void finds_members_by_name(void **state)
{
    (void)state;
    const struct json *root = parsed("{\"\":1,\"a\":2,\"ab\":3,\"\\u00e9\":4}");
    assert_int_equal(json_member(root, "")->integer, 1);
    assert_int_equal(json_member(root, "a")->integer, 2);
    assert_int_equal(json_member(root, "ab")->integer, 3);
    assert_int_equal(json_member(root, "\xc3\xa9")->integer, 4);
    assert_null(json_member(root, "b"));
    assert_null(json_member(root, "abc"));
    assert_null(json_member(parsed("{}"), "a"));
}

/* ---- numbers ----------------------------------------------------------------------------------
 */

static void integers_are_exact_to_both_ends_of_int64(void **state)
{
    (void)state;
    assert_int_equal(parsed("9223372036854775807")->integer, INT64_MAX);
    assert_int_equal(parsed("-9223372036854775808")->integer, INT64_MIN);
    assert_int_equal(parsed("9007199254740993")->integer, INT64_C(9007199254740993));
    assert_int_equal(parsed("-0")->kind, JSON_INTEGER);
    assert_int_equal(parsed("-0")->integer, 0);
}

static void refuses_integers_beyond_int64(void **state)
{
    (void)state;
    static const char *const bad[] = {"9223372036854775808",  "-9223372036854775809",
                                      "18446744073709551616", "18446744073709551617",
                                      "92233720368547758070", "-100000000000000000000000000000"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(refusal(bad[i]), REASON_bad_json);
    }
}

static void reals_are_the_nearest_double(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {
        /* The right sides are hexadecimal, hence exact; both notations of one double. */
        {"0.1", 0x1.999999999999ap-4},
        {"-23.5505", -0x1.78ced916872bp+4},
        {"0.30000000000000004", 0x1.3333333333334p-2},
        {"9007199254740993.0", 0x1p+53}, /* a tie goes to the even one */
        {"9007199254740995.0", 0x1.0000000000002p+53},
        {"1e23", 0x1.52d02c7e14af6p+76},
        {"1E+2", 100},
        {"25e-2", 0.25},
        {"1.7976931348623157e308", 0x1.fffffffffffffp+1023},
        {"1.7976931348623158e308", 0x1.fffffffffffffp+1023},
        {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
        {"5e-324", 0x0.0000000000001p-1022},
        {"1e-400", 0},
        {"0e999999999999999999999", 0},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_memory_equal(&parsed(good[i].text)->real, &good[i].value, sizeof(double));
    }
}

static void a_negative_zero_that_is_real_keeps_its_sign(void **state)
{
    (void)state;
    const double zero = -0.0;
    assert_memory_equal(&parsed("-0.0")->real, &zero, sizeof zero);
    assert_memory_equal(&parsed("-1e-400")->real, &zero, sizeof zero);
}

static void refuses_reals_beyond_double(void **state)
{
    (void)state;
    static const char *const bad[] = {"1e309", "-1e309", "1.7976931348623159e308", "1E400",
                                      "1e99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(refusal(bad[i]), REASON_bad_json);
    }
}

static void reals_of_any_length_are_read(void **state)
{
    (void)state;
    char text[2000];
    for (int zeros = 1; zeros < 1500; zeros += 7) {
        snprintf(text, sizeof text, "0.%0*d5e%d", zeros, 0, zeros + 1);
        assert_true(parsed(text)->real == 5.0);
    }
}

static void reals_have_a_point_in_every_locale(void **state)
{
    (void)state;
    static const char *const with_comma[] = {"de_DE.UTF-8", "pt_BR.UTF-8", "fr_FR.UTF-8",
                                             "de_DE",       "pt_BR",       "fr_FR"};
    const char *locale = NULL;
    for (size_t i = 0; locale == NULL && i < sizeof with_comma / sizeof with_comma[0]; i++) {
        locale = setlocale(LC_ALL, with_comma[i]);
    }
    if (locale == NULL) {
        skip(); /* the machine has none of them */
    }
    assert_string_equal(localeconv()->decimal_point, ",");
    assert_true(parsed("0.5")->real == 0.5);
    assert_true(parsed("0.12345678901234567890")->real == 0x1.f9add3746f65fp-4);
    assert_int_equal(refusal("0,5"), REASON_bad_json);
    setlocale(LC_ALL, "C");
}

static void refuses_what_only_looks_like_a_number(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "+1",   "-",    "--1",      "01",        "-01",   "00",    "1.",    ".5",  "-.5",
        "1.e1", "1e",   "1e+",      "1e-",       "1e+-1", "0x1",   "1_0",   "1,0", "1 0",
        "NaN",  "-NaN", "Infinity", "-Infinity", "1.2.3", "1e2e3", "1e2.5", "1f"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(refusal(bad[i]), REASON_bad_json);
    }
}

/* ---- strings ----------------------------------------------------------------------------------
 */

static void every_escape_means_its_character(void **state)
{
    (void)state;
    assert_text(parsed("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")->text, "\"\\/\b\f\n\r\t");
    assert_text(parsed("\"\\u0041\\u00e9\\u20AC\\uFFFF\"")->text,
                "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf");
    assert_text(parsed("\"\\ud83d\\ude00\\uDBFF\\uDFFF\\uD800\\uDC00\"")->text,
                "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\xf0\x90\x80\x80");
    assert_text(parsed("\"\\u007f\\u0080\\u07ff\\u0800\"")->text,
                "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80");
}

static void refuses_escapes_there_are_not(void **state)
{
    (void)state;
    for (unsigned octet = 0x20; octet < 0x7f; octet++) {
        const char text[] = {'"', '\\', (char)octet, '0', '0', '4', '1', '"', '\0'};
        bool good = strchr("\"\\/bfnrtu", (int)octet) != NULL;
        if (octet == '"') {
            continue; /* the string ends behind it: refused for what follows */
        }
        assert_int_equal(refusal(text), good ? REASON_none : REASON_bad_json);
    }
    static const char *const bad[] = {"\"\\u\"",     "\"\\u1\"",    "\"\\u123\"",
                                      "\"\\u123g\"", "\"\\u 123\"", "\"\\u+123\"",
                                      "\"\\u-123\"", "\"\\u0x1\"",  "\"\\",
                                      "\"\\u12",     "\"\\\"",      "\"\\u12\\u0041\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(refusal(bad[i]), REASON_bad_json);
    }
}

static void refuses_half_a_surrogate_pair(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\"\\ud800\"",          "\"\\udbff\"",         "\"\\udc00\"",
        "\"\\udfff\"",          "\"\\udc00\\udc00\"",  "\"\\udc00\\ud800\"",
        "\"\\ud83d\\ud83d\"",   "\"\\ud83dx\\ude00\"", "\"\\ud83d\\u0041\"",
        "\"\\ud83d\\n\"",       "\"\\ud83d\\u\"",      "\"\\ud83d\\ude0\"",
        "\"\\ud83d\\\\ude00\"", "{\"\\ud800\":1}",     "\"\\ud83d\\ude00\\ude00\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(refusal(bad[i]), REASON_bad_json);
    }
}

static void takes_nul_in_a_value_and_not_in_a_name(void **state)
{
    (void)state;
    const struct json *value = parsed("\"a\\u0000b\"");
    assert_int_equal(value->text.length, 3);
    assert_memory_equal(value->text.data, "a\0b", 3);
    assert_int_equal(refusal("{\"a\\u0000b\":1}"), REASON_bad_json);
    assert_int_equal(refusal("{\"\\u0000\":1}"), REASON_bad_json);
}

static void check_octet(unsigned octet, size_t length, size_t place)
{
    char text[22];
    memset(text, 'a', sizeof text);
    text[0] = '"';
    text[length + 1] = '"';
    text[place + 1] = (char)octet;
    struct json *root = NULL;
    enum err err = parse_slice((struct slice){text, length + 2}, &wide, &root);
    if (octet >= 0x80) {
        assert_int_equal(fault.reason, REASON_bad_utf8);
    } else if (octet < 0x20 || octet == '"' || octet == '\\') {
        assert_int_equal(fault.reason, REASON_bad_json);
    } else {
        assert_int_equal(err, OK);
        assert_int_equal(root->text.length, length);
        assert_memory_equal(root->text.data, text + 1, length);
    }
    arena_reset(&arena);
}

/* Each octet alone at each place of a string, so that the look at eight octets at once and the one
 * at single octets agree. */
static void each_octet_is_judged_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t length = 1; length <= 20; length++) {
        for (size_t place = 0; place < length; place++) {
            for (unsigned octet = 0; octet < 256; octet++) {
                check_octet(octet, length, place);
            }
        }
    }
}

static void refuses_text_that_is_not_utf8(void **state)
{
    (void)state;
    static const char *const bad[] = {"\"\xc0\xaf\"",
                                      "\"\xc1\xbf\"",
                                      "\"\xe0\x80\xaf\"",
                                      "\"\xe0\x9f\xbf\"",
                                      "\"\xf0\x80\x80\xaf\"",
                                      "\"\xf0\x8f\xbf\xbf\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xed\xbf\xbf\"",
                                      "\"\xf4\x90\x80\x80\"",
                                      "\"\xf5\x80\x80\x80\"",
                                      "\"\x80\"",
                                      "\"\xbf\"",
                                      "\"\xc3\"",
                                      "\"\xe2\x82\"",
                                      "\"\xf0\x9f\x98\"",
                                      "\"\xff\"",
                                      "\"\xc3\xc3\xa9\"",
                                      "{\"\xe9\":1}",
                                      "[\xff]",
                                      "{}\xff",
                                      "\"\\\xff\"",
                                      "1\xff",
                                      "{\"a\"\xc3(1}",
                                      "\"a"
                                      "\xc3"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(refusal(bad[i]), REASON_bad_utf8);
    }
}

/* ---- grammar ----------------------------------------------------------------------------------
 */

static void refuses_what_is_not_json(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1,,2]",
        "[1 2]",
        "[1}",
        "{]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1",
        "{\"a\":1,}",
        "{\"a\":1,,}",
        "{,\"a\":1}",
        "{\"a\" 1}",
        "{\"a\"::1}",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "{1:2}",
        "{null:1}",
        "{[]:1}",
        "{\"a\":1]",
        "'a'",
        "\"a",
        "\"",
        "tru",
        "True",
        "nul",
        "falsee",
        "nullnull",
        "/**/1",
        "1//",
        "\f1",
        "\v1",
        "\xc2\xa0"
        "1",
        "#",
        "\xef\xbb\xbf{}",
        "{}{}",
        "1 2",
        "{},",
        "[]]",
        ":",
        ",",
        "\\u0031",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (refusal(bad[i]) != REASON_bad_json) {
            fail_msg("%s: %s", bad[i], reason_word(fault.reason));
        }
    }
}

static void refuses_whatever_stands_behind_the_value(void **state)
{
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        const char text[] = {'[', ']', (char)octet};
        struct json *root = NULL;
        bool blank = octet == ' ' || octet == '\t' || octet == '\n' || octet == '\r';
        enum err err = parse_slice((struct slice){text, sizeof text}, &wide, &root);
        assert_int_equal(err, blank ? OK : ERR_PARSE);
    }
}

static void every_beginning_of_a_text_is_refused(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\\n\":[1,-2.5e3,true,null,\"\xc3\xa9\\ud83d\\ude00\",{}],\"b\":{}}";
    for (size_t length = 0; length < sizeof text - 1; length++) {
        struct json *root = NULL;
        assert_int_equal(parse_slice((struct slice){text, length}, &wide, &root), ERR_PARSE);
        assert_null(root);
    }
    assert_int_equal(refusal(text), REASON_none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_every_kind, begin, end),
        cmocka_unit_test_setup_teardown(keeps_elements_and_members_in_order, begin, end),
        cmocka_unit_test_setup_teardown(text_of_a_value_is_what_was_written, begin, end),
        cmocka_unit_test_setup_teardown(strings_without_escapes_borrow_from_the_input, begin, end),
        cmocka_unit_test_setup_teardown(finds_members_by_name, begin, end),
        cmocka_unit_test_setup_teardown(integers_are_exact_to_both_ends_of_int64, begin, end),
        cmocka_unit_test_setup_teardown(refuses_integers_beyond_int64, begin, end),
        cmocka_unit_test_setup_teardown(reals_are_the_nearest_double, begin, end),
        cmocka_unit_test_setup_teardown(a_negative_zero_that_is_real_keeps_its_sign, begin, end),
        cmocka_unit_test_setup_teardown(refuses_reals_beyond_double, begin, end),
        cmocka_unit_test_setup_teardown(reals_of_any_length_are_read, begin, end),
        cmocka_unit_test_setup_teardown(reals_have_a_point_in_every_locale, begin, end),
        cmocka_unit_test_setup_teardown(refuses_what_only_looks_like_a_number, begin, end),
        cmocka_unit_test_setup_teardown(every_escape_means_its_character, begin, end),
        cmocka_unit_test_setup_teardown(refuses_escapes_there_are_not, begin, end),
        cmocka_unit_test_setup_teardown(refuses_half_a_surrogate_pair, begin, end),
        cmocka_unit_test_setup_teardown(takes_nul_in_a_value_and_not_in_a_name, begin, end),
        cmocka_unit_test_setup_teardown(each_octet_is_judged_wherever_it_stands, begin, end),
        cmocka_unit_test_setup_teardown(refuses_text_that_is_not_utf8, begin, end),
        cmocka_unit_test_setup_teardown(refuses_what_is_not_json, begin, end),
        cmocka_unit_test_setup_teardown(refuses_whatever_stands_behind_the_value, begin, end),
        cmocka_unit_test_setup_teardown(every_beginning_of_a_text_is_refused, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
